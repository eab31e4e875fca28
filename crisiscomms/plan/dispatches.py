"""What is sent once: posts, notices and corrections, for the update that is due and for those still to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from crisiscomms.channels.base import Channel
from crisiscomms.messages.compose import Composed, moved_on, reader_filler, reader_slots
from crisiscomms.messages.corrections import misheard, uncorrected
from crisiscomms.messages.model import Messages, Notice, Post, canonical, digest
from crisiscomms.plan import reasons, unsent
from crisiscomms.plan.deliveries import Deliveries, Unwanted
from crisiscomms.plan.letters import Letters
from crisiscomms.plan.model import NONE, Action, Drafts, Item
from crisiscomms.plan.world import Choices, World
from crisiscomms.published import iso
from crisiscomms.record import Recipient, Record, Update

_NOBODY: frozenset[int] = frozenset()


class Dispatches:
    """Plans the dispatches of one incident."""

    def __init__(self, world: World, record: Record, choices: Choices, composed: Composed, ledger: Deliveries) -> None:
        self.world, self.record, self.choices = world, record, choices
        self.composed, self.ledger = composed, ledger
        self.incident, self.published = record.incident, ledger.published
        # Who gets something about an update, or a correction, by which audience: whoever is on two lists gets one mail.
        self._told: dict[str, dict[str, frozenset[int]]] = {}
        self._corrected: Counter[str] = Counter()

    def due(self) -> Iterator[Item]:
        """Plan what the updates send that are due and to be told, and the corrections."""
        for item in self._messages(self.composed.messages, None):
            if (
                item.kind != "correction"
                and item.drafts
                and (reason := self._out_of_date(self.incident.update(item.update)))
            ):
                yield replace(item, action=Action.BLOCK, drafts=NONE, reason=reason)
                continue
            age = self.world.now - self.incident.update(item.update).at.at
            late = age > self.incident.stale_after.length and not self.choices.late
            if item.drafts and late and item.kind != "correction":
                reason = f'update "{item.update}" is {reasons.age(age)} old; to send it all the same, add --late'
                yield replace(item, action=Action.BLOCK, drafts=NONE, reason=reason)
            else:
                yield item
        yield from unsent.never_corrected(self.composed.facts, self.ledger.copies, self._corrected)
        yield from unsent.passed_over(self.composed.facts)

    def later(self) -> Iterator[Item]:
        """Plan updates that are still to come: they wait in the ledger with their time."""
        for name, messages in self.composed.later.items():
            update = self.incident.update(name)
            time = iso(update.at.at)
            for item in self._messages(messages, update.at.at):
                if item.drafts:
                    yield replace(item, action=Action.SCHEDULE, not_before=time)
                else:
                    yield replace(item, action=Action.KEEP, not_before=time, reason=f"waits until {time}")
        for update in self.incident.updates:
            missing = self._unkept(update)
            if missing and update.id not in self.published.dispatched():
                reason = f'it waits until a person marks the promise "{missing}" as kept'
                yield Item(
                    Action.BLOCK,
                    "all",
                    "update",
                    self.incident.id,
                    update.id,
                    f'update "{update.id}"',
                    reason=reason,
                )

    def called_off(self, unwanted: Unwanted) -> Iterator[Item]:
        """Show what waited for its time and does not go any more."""
        for (update, channel), number in unwanted.called_off.items():
            words = f'{number:,} scheduled {"message" if number == 1 else "messages"} of "{update}"'
            yield Item(
                Action.BLOCK,
                channel,
                "called-off",
                self.incident.id,
                update,
                words,
                reason=f"called off: {self._why(update)}",
            )

    def _why(self, name: str) -> str:
        update = next((update for update in self.incident.updates if update.id == name), None)
        newest = self.composed.facts.update
        if update is None:
            return "the update is no longer in the record"
        if missing := self._unkept(update):
            return f'the promise "{missing}" is not marked as kept'
        if over := moved_on(self.composed.facts, update):
            return f'it is over since "{over}"'
        if update.at.at < newest.at.at:
            return f'update "{newest.id}" came in the meantime'
        return "the record no longer names these readers"

    def out_of_date(self) -> str:
        """Return why the newest update goes nowhere, the pages included: it was planned before it was over. Else nothing."""
        return self._out_of_date(self.composed.facts.update)

    def _out_of_date(self, update: Update) -> str:
        over = moved_on(self.composed.facts, update)
        if not over or update.id not in self._scheduled:
            return ""
        return reasons.OUT_OF_DATE.format(update=update.id, over=over)

    @cached_property
    def _scheduled(self) -> frozenset[str]:
        return self.ledger.copies.scheduled(self.incident.id)

    def _unkept(self, update: Update) -> str:
        kept = {promise.id for promise in self.incident.promises if promise.kept}
        return next((name for name in update.needs if name not in kept), "")

    def _messages(self, messages: Messages, when: datetime | None) -> Iterator[Item]:
        for post in messages.posts:
            yield self._post(post, when)
        workspace = self.world.workspace
        groups = workspace.audiences(self.incident.audiences)
        # Who is on two lists gets one mail. The one that has to arrive comes first: it reaches who wants no other.
        notices = sorted(messages.notices, key=lambda notice: (not notice.required, workspace.rank(notice.audience)))
        lines = [
            (notice, found)
            for notice in notices
            for channel in groups[notice.audience].channels
            if (found := self.world.channels.get(channel)) is not None and found.caps.shape == "mail"
        ]
        for notice, channel in lines:
            several = len({one.audience for one, _ in lines if _about(one) == _about(notice)}) > 1
            yield from self._notice(notice, channel, when, several=several)

    # -- posts -------------------------------------------------------------------------------------------------

    def _post(self, post: Post, when: datetime | None) -> Item:
        channel = self.world.channels[post.channel]
        update = self.incident.update(post.update)
        rank = self._post_rank(post.channel)
        line = self.ledger.line(update, post.channel, post.kind, post, rank=rank, not_before=when)
        item = Item(
            Action.CREATE,
            post.channel,
            post.kind,
            self.incident.id,
            post.update,
            f'{post.kind} of "{post.update}"',
            language=post.language,
            after=post.text,
            digest=digest(canonical(post)),
            leaves=channel.caps.leaves_machine,
            message=post,
            line=line,
        )
        copies = [copy for copy in self.ledger.of_everyone(post.channel) if copy.update == post.update]
        if post.kind == "correction":
            heard = misheard(self.composed.facts, None)
            needed = any(one.by(self.ledger.of_everyone(post.channel)) for one in heard)
            return self._correction(item, self.ledger.single(line) if needed else NONE)
        if any(copy.waits and copy.frozen for copy in copies):
            return replace(item, action=Action.KEEP, reason=reasons.FROZEN)
        single = self.ledger.single(line)
        waits = next((copy for copy in copies if copy.waits), None)
        if waits is None:
            sent = any(copy.kind == post.kind and copy.state != "cancelled" for copy in copies)
            return replace(item, action=Action.KEEP, before=post.text) if sent else replace(item, drafts=single)
        self.ledger.want(waits)
        changed = waits.digest != self.ledger.digest_of(line, "")
        if not changed and when is not None:
            return replace(item, action=Action.KEEP)
        return replace(item, action=Action.REVISE if changed else Action.CREATE, drafts=single)

    def _post_rank(self, channel: str) -> int:
        workspace = self.world.workspace
        audiences = workspace.audiences(self.incident.audiences).items()
        ranks = [workspace.rank(name) for name, one in audiences if channel in one.channels and not one.recipients]
        return 10 + min(ranks, default=99)

    # -- mails -------------------------------------------------------------------------------------------------

    def _notice(self, notice: Notice, channel: Channel, when: datetime | None, *, several: bool) -> Iterator[Item]:
        workspace, letters = self.world.workspace, self._letters(notice, channel.name, when, several=several)
        if letters is None:
            return
        item = Item(
            Action.CREATE,
            channel.name,
            notice.kind,
            self.incident.id,
            notice.update,
            f'{"correction" if notice.kind == "correction" else "mail"} of "{notice.update}"',
            notice.audience,
            notice.language,
            after=f"{notice.subject}\n\n{notice.text}",
            digest=digest(canonical(notice)),
            leaves=channel.caps.leaves_machine,
            head_start=timedelta()
            if when
            else workspace.settings.order.head_start.length * workspace.rank(notice.audience),
            message=notice,
            line=letters.line,
        )
        if notice.kind == "correction":
            self._corrected[channel.name] += letters.count
            yield self._correction(item, letters)
        elif letters.count:
            action = Action.REVISE if letters.revised else Action.CREATE
            why = [reasons.OTHERWISE.format(who=reasons.people(letters.otherwise))] if letters.otherwise else []
            why += [reasons.elsewhere(letters.elsewhere)] if letters.elsewhere else []
            yield replace(item, action=action, drafts=letters, reason=". ".join(why))
        elif letters.otherwise:
            yield replace(
                item, action=Action.BLOCK, reason=reasons.OTHERWISE.format(who=reasons.people(letters.otherwise))
            )
        else:
            wait = "1 person still waits" if letters.frozen == 1 else f"{letters.frozen:,} people still wait"
            reason = f"{wait}: {reasons.FROZEN}" if letters.frozen else ""
            if not reason and letters.elsewhere:
                reason = reasons.elsewhere(letters.elsewhere)
            yield replace(item, action=Action.KEEP, reason=reason)

    def _letters(self, notice: Notice, channel: str, when: datetime | None, *, several: bool) -> Letters | None:
        """Return the mails of a notice. None where nobody on the list reads its language."""
        facts, workspace = self.composed.facts, self.world.workspace
        audience = workspace.audiences(self.incident.audiences)[notice.audience]
        reads = audience.languages or tuple(facts.voices)
        people = self.record.lists[notice.audience]
        rank = workspace.rank(notice.audience)
        slots = reader_slots(facts, notice.columns)
        line = self.ledger.line(
            self.incident.update(notice.update),
            channel,
            notice.kind,
            notice,
            rank=10 + rank,
            audience=notice.audience,
            slots=slots,
            not_before=when or self.world.now + workspace.settings.order.head_start.length * rank,
        )

        def readers() -> Iterator[Recipient]:
            return (one for one in people.people() if _language(one.language, reads) == notice.language)

        values = reader_filler(facts, notice.language, notice.columns)
        told = self._told.setdefault(_about(notice), {})
        letters = Letters(
            self.ledger,
            notice,
            line,
            readers,
            values,
            when is not None,
            misheard(facts, notice.audience) if notice.kind == "correction" else (),
            _NOBODY.union(*(seen for name, seen in told.items() if self._says_all(name, notice))),
        )
        letters.look(remember=several)
        if several:
            told[notice.audience] = told.get(notice.audience, _NOBODY) | letters.seen
        return letters if letters.readers else None

    def _says_all(self, other: str, notice: Notice) -> bool:
        """Say whether who gets the mail of another audience needs this one no more: it corrects all that this one does."""
        if other == notice.audience:
            return False
        if notice.kind != "correction":
            return True
        said, here = ({one.what for one in uncorrected(self.composed.facts, name)} for name in (other, notice.audience))
        return said >= here

    # -- corrections -------------------------------------------------------------------------------------------

    def _correction(self, item: Item, drafts: Drafts) -> Item:
        if not drafts:
            return replace(item, action=Action.KEEP)
        if self.choices.corrections:
            return replace(item, action=Action.CORRECT, drafts=drafts)
        reason = "nobody has said yet that it should go out; look at it, then add --corrections"
        return replace(item, action=Action.BLOCK, reason=reason)


def _about(notice: Notice) -> str:
    """Return what a reader gets one mail about: an update, or all that is corrected."""
    return "" if notice.kind == "correction" else notice.update


@lru_cache
def _language(language: str, reads: tuple[str, ...]) -> str:
    """Return the language in which a reader is written to: the one that the list says, however it writes it, or the first."""
    said = language.lower().replace("_", "-")
    known = {one.lower(): one for one in reads}
    return known.get(said) or known.get(said.partition("-")[0]) or reads[0]
