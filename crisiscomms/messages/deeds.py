"""What is done, what will be, what is owed, and what people ask."""

from __future__ import annotations

from functools import cached_property

from crisiscomms.messages.events import Events
from crisiscomms.messages.prose import Md, one_line
from crisiscomms.messages.teller import Said
from crisiscomms.record import EVERYONE, is_open
from crisiscomms.record.model import Action, Promise, Repair


class Deeds(Events):
    """What follows from what happened, as one audience is told it."""

    @cached_property
    def done(self) -> list[Said]:
        """Actions that are done."""
        return [self._action(action) for action in self._incident.actions if action.done]

    @cached_property
    def will(self) -> list[Said]:
        """Actions that are not done and promises that are open: everything that is still to come, by its time."""
        open_: list[Action | Promise] = [action for action in self._incident.actions if not action.done]
        open_ += [promise for promise in self._incident.promises if is_open(promise)]
        now = self._facts.update.at.utc
        return [self._action(item) for item in sorted(open_, key=lambda item: item.due.utc if item.due else now)]

    @cached_property
    def prevention(self) -> list[Said]:
        """Actions that keep it from coming back, done or not."""
        return [self._action(action) for action in self._incident.actions if action.kind == "prevent"]

    @cached_property
    def kept(self) -> list[Said]:
        """Promises that were kept."""
        return [self._action(promise) for promise in self._incident.promises if promise.kept]

    @cached_property
    def broken(self) -> list[Said]:
        """Promises of which we said that we will not keep them."""
        return [self._action(promise) for promise in self._incident.promises if promise.broken]

    def _action(self, item: Action | Promise) -> Said:
        done = item.done if isinstance(item, Action) else item.kept
        first = None if isinstance(item, Action) else self._facts.first_due(item)
        parts = {"text": self._md(item.text), "due": self._when(item.due), "owner": self._md(item.owner)}
        parts["first"] = self._when(first)
        return Said({**parts, **self._became(done, item.due)})

    @cached_property
    def do_now(self) -> list[Md]:
        """What this audience should do now."""
        return [found for item in self._mine(self._incident.do_now) if (found := self._md(item.text))]

    @cached_property
    def do_everyone(self) -> list[Md]:
        """What everyone should do, for an audience that has steps of its own, where people may be hurt.

        It stands apart: what is for those who are not affected is none of this audience's steps.
        """
        if self._incident.harm == "none":
            return []
        own = self._mine(self._incident.do_now)
        public = [item for item in self._incident.do_now if self._facts.public(item.audience) and not item.private]
        return [found for item in public if item not in own and (found := self._md(item.text))]

    @cached_property
    def repair(self) -> list[Said]:
        """What we owe this audience: `what`, `how`, `by`, `kind`, and what became of it.

        Its own first, then what everyone gets besides; what is done comes last.
        """
        items = self._incident.repair
        own = [item for item in items if item.audience == self._audience]
        besides = [item for item in items if item.audience == EVERYONE != self._audience and not item.private]
        mine = own + besides if own else self._mine(items)
        return [self._repair(item) for item in sorted(mine, key=lambda item: item.done is not None)]

    @cached_property
    def repaired(self) -> bool:
        """Whether everybody has what we owed, as far as this audience may know."""
        return all(item.done for item in self._shown_repair)

    @property
    def _shown_repair(self) -> list[Repair]:
        return [item for item in self._incident.repair if not item.private or item.audience == self._audience]

    @cached_property
    def lessons(self) -> list[Md]:
        """What we learned."""
        return [self._facts.cite(lesson, self.language) for lesson in self._incident.lessons]

    @cached_property
    def questions(self) -> list[Said]:
        """The team's own questions: `ask` and `answer`."""
        items = self._incident.questions
        return [Said({"ask": one_line(str(self._md(item.ask))), "answer": self._md(item.answer)}) for item in items]

    @cached_property
    def rumours(self) -> list[Said]:
        """False claims: `claim`, and the `answer` to it."""
        items = self._incident.rumours
        return [Said({"claim": one_line(str(self._md(item.claim))), "answer": self._md(item.answer)}) for item in items]
