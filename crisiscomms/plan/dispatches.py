"""What is sent once: posts, notices and corrections, for the update that is due and for those still to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from crisiscomms.channels.base import Channel
from crisiscomms.messages.compose import Composed, reader_filler, reader_slots
from crisiscomms.messages.corrections import heard_wrong
from crisiscomms.messages.model import Messages, Notice, Post, canonical, digest
from crisiscomms.plan.deliveries import Deliveries, Unwanted
from crisiscomms.plan.letters import Letters
from crisiscomms.plan.model import NONE, Action, Drafts, Item
from crisiscomms.plan.world import Choices, World
from crisiscomms.published import iso
from crisiscomms.record import Recipient, Record, Update

_NOBODY: frozenset[int] = frozenset()
_NOTHING: frozenset[str] = frozenset()
_FROZEN = "not out yet; it goes on as it was published"
_OTHERWISE = "{who} told other figures of their own than the list has now. Say so in an update, or put the list right"
_LEFT = "{who} told the wrong figure and left the lists that it goes to. Put them back on one, or write to them"


class Dispatches:
    """Plans the dispatches of one incident."""

    def __init__(self, world: World, record: Record, choices: Choices, composed: Composed, ledger: Deliveries) -> None:
        self.world, self.record, self.choices = world, record, choices
        self.composed, self.ledger = composed, ledger
        self.incident, self.published = record.incident, ledger.published
        self._told: dict[tuple[str, str], frozenset[int]] = {}
        self._corrected: Counter[str] = Counter()

    def due(self) -> Iterator[Item]:
        """Plan what the updates send that are due and to be told, and the corrections."""
        for item in self._messages(self.composed.messages, None):
            age = self.world.now - self.incident.update(item.update).at.at
            late = age > self.incident.stale_after.length and not self.choices.late
            if item.drafts and late and item.kind != "correction":
                reason = f'update "{item.update}" is {_age(age)} old; to send it all the same, add --late'
                yield replace(item, action=Action.BLOCK, drafts=NONE, reason=reason)
            else:
                yield item
        yield from self._never_corrected()

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
        if update.at.at < newest.at.at:
            return f'update "{newest.id}" came in the meantime'
        return "the record no longer names these readers"

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
            others = [one for one in lines if one[1] is channel and one[0].update == notice.update]
            several = len({(one.audience, one.kind) for one, _ in others}) > 1
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
            return self._correction(item, self.ledger.single(line))
        if any(copy.waits and copy.frozen for copy in copies):
            return replace(item, action=Action.KEEP, reason=_FROZEN)
        if any(not copy.waits and copy.kind == post.kind and copy.state != "cancelled" for copy in copies):
            return replace(item, action=Action.KEEP, before=post.text)
        single = self.ledger.single(line)
        waits = next((copy for copy in copies if copy.waits), None)
        if waits is None:
            return replace(item, drafts=single)
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
        letters = self._letters(notice, channel.name, when, several=several)
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
            message=notice,
            line=letters.line,
        )
        if notice.kind == "correction":
            self._corrected[channel.name] += letters.count
            yield self._correction(item, letters)
        elif letters.count:
            action = Action.REVISE if letters.revised else Action.CREATE
            reasons = [_OTHERWISE.format(who=_people(letters.otherwise))] if letters.otherwise else []
            reasons += [_elsewhere(letters.elsewhere)] if letters.elsewhere else []
            yield replace(item, action=action, drafts=letters, reason=". ".join(reasons))
        elif letters.otherwise:
            yield replace(item, action=Action.BLOCK, reason=_OTHERWISE.format(who=_people(letters.otherwise)))
        else:
            wait = "1 person still waits" if letters.frozen == 1 else f"{letters.frozen:,} people still wait"
            reason = f"{wait}: {_FROZEN}" if letters.frozen else ""
            if not reason and letters.elsewhere:
                reason = _elsewhere(letters.elsewhere)
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
        told = (notice.update, channel)
        letters = Letters(
            self.ledger,
            notice,
            line,
            readers,
            values,
            when is not None,
            heard_wrong(facts, notice.audience) if notice.kind == "correction" else _NOTHING,
            self._told.get(told, _NOBODY),
        )
        letters.look(remember=several)
        if several:
            self._told[told] = letters.seen
        return letters if letters.readers else None

    # -- corrections -------------------------------------------------------------------------------------------

    def _correction(self, item: Item, drafts: Drafts) -> Item:
        if not drafts:
            return replace(item, action=Action.KEEP)
        if self.choices.corrections:
            return replace(item, action=Action.CORRECT, drafts=drafts)
        reason = "nobody has said yet that it should go out; look at it, then add --corrections"
        return replace(item, action=Action.BLOCK, reason=reason)

    def _never_corrected(self) -> Iterator[Item]:
        """Name those who were told a figure that has changed, and are on no list any more that its correction goes to."""
        facts, update = self.composed.facts, self.composed.facts.update.id
        heard = {name: heard_wrong(facts, name) for name in self.world.workspace.audiences(self.incident.audiences)}
        told = [name for name in heard if heard[name]]
        updates = _NOTHING.union(*heard.values())
        for channel, count in self._corrected.items():
            left = self.ledger.copies.heard(self.incident.id, channel, updates, told) - count
            if left > 0:
                reason = _LEFT.format(who=_people(left))
                yield Item(Action.BLOCK, channel, "correction", self.incident.id, update, "correction", reason=reason)


@lru_cache
def _language(language: str, reads: tuple[str, ...]) -> str:
    """Return the language in which a reader is written to: the one that the list says, however it writes it, or the first."""
    said = language.lower().replace("_", "-")
    known = {one.lower(): one for one in reads}
    return known.get(said) or known.get(said.partition("-")[0]) or reads[0]


def _people(count: int) -> str:
    return "1 reader was" if count == 1 else f"{count:,} readers were"


def _elsewhere(count: int) -> str:
    if count == 1:
        return "1 person of it stands on a list that comes first, and gets only that mail"
    return f"{count:,} people of it stand on a list that comes first, and get only that mail"


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
