"""What is sent once: posts, notices and corrections, for the update that is due and for those still to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crisiscomms.channels.base import Channel
from crisiscomms.messages.compose import Composed, reader_values
from crisiscomms.messages.model import Messages, Notice, Post, canonical, digest
from crisiscomms.plan.deliveries import Deliveries
from crisiscomms.plan.model import Action, Item
from crisiscomms.plan.world import Choices, World
from crisiscomms.published import WAITING, iso
from crisiscomms.record import Recipient, Record, Update

_FROZEN = "not out yet; it goes on as it was published"


class Dispatches:
    """Plans the dispatches of one incident."""

    def __init__(self, world: World, record: Record, choices: Choices, composed: Composed, ledger: Deliveries) -> None:
        self.world, self.record, self.choices = world, record, choices
        self.composed, self.ledger = composed, ledger
        self.incident, self.published = record.incident, ledger.published

    def due(self) -> Iterator[Item]:
        """Plan what the newest due update sends, and the corrections."""
        update = self.composed.facts.update
        age = self.world.now - update.at.at
        late = age > self.incident.stale_after.length and not self.choices.late
        reason = f'update "{update.id}" is {_age(age)} old; to send it all the same, add --late'
        for item in self._messages(self.composed.messages, None):
            if item.rows and late and item.kind != "correction":
                yield replace(item, action=Action.BLOCK, rows=(), reason=reason)
            else:
                yield item

    def later(self) -> Iterator[Item]:
        """Plan updates that are still to come: they wait in the ledger with their time."""
        for name, messages in self.composed.later.items():
            update = self.incident.update(name)
            time = iso(update.at.at)
            for item in self._messages(messages, update.at.at):
                if item.rows:
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

    def called_off(self, planned: list[Item]) -> Iterator[Item]:
        """Show what waited for its time and does not go any more."""
        seen: dict[tuple[str, str], int] = {}
        for key, waits in self.ledger.unwanted(planned).items():
            if waits.kind not in {"site", "memo"}:
                seen[key[:2]] = seen.get(key[:2], 0) + 1
        for (update, channel), number in seen.items():
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
        for notice in sorted(messages.notices, key=lambda notice: workspace.rank(notice.audience)):
            for channel in groups[notice.audience].channels:
                found = self.world.channels.get(channel)
                if found is not None and found.caps.shape == "mail":
                    yield from self._notice(notice, found, when)

    # -- posts -------------------------------------------------------------------------------------------------

    def _post(self, post: Post, when: datetime | None) -> Item:
        channel = self.world.channels[post.channel]
        update = self.incident.update(post.update)
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
        )
        rank = self._post_rank(post.channel)
        if post.kind == "correction":
            return self._correction(item, (self.ledger.row(update, post.channel, "correction", "", post, rank=rank),))
        if self.ledger.frozen(post.update, post.channel, ""):
            return replace(item, action=Action.KEEP, reason=_FROZEN)
        mine = (post.update, post.channel, post.kind)
        if any((t.update, t.channel, t.kind) == mine and t.state not in WAITING for t in self.published.told):
            return replace(item, action=Action.KEEP, before=post.text)
        row = self.ledger.row(update, post.channel, "post", "", post, rank=rank, not_before=when)
        self.ledger.take(post.update, post.channel, "")
        return self._unless_waiting(item, (row,), when)

    def _post_rank(self, channel: str) -> int:
        workspace = self.world.workspace
        audiences = workspace.audiences(self.incident.audiences).items()
        ranks = [workspace.rank(name) for name, one in audiences if channel in one.channels and not one.recipients]
        return 10 + min(ranks, default=99)

    # -- mails -------------------------------------------------------------------------------------------------

    def _notice(self, notice: Notice, channel: Channel, when: datetime | None) -> Iterator[Item]:
        facts = self.composed.facts
        reads = facts.workspace.audiences(self.incident.audiences)[notice.audience].languages or tuple(facts.voices)
        people = [p for p in self.record.lists[notice.audience].people if _language(p, reads) == notice.language]
        if not people:
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
        )
        rows, frozen = self._letters(notice, channel.name, people, when)
        if notice.kind == "correction":
            yield self._correction(item, tuple(row for row in rows if self._was_told(row)))
            return
        made = self._unless_waiting(item, tuple(rows), when)
        wait = "1 person still waits" if frozen == 1 else f"{frozen:,} people still wait"
        yield replace(made, reason=f"{wait}: {_FROZEN}") if frozen and not rows else made

    def _letters(
        self, notice: Notice, channel: str, people: list[Recipient], when: datetime | None
    ) -> tuple[list[dict[str, Any]], int]:
        """Return the deliveries of a notice, and how many of its readers have one that waits as it was published."""
        workspace, update = self.world.workspace, self.incident.update(notice.update)
        rank = workspace.rank(notice.audience)
        start = when or self.world.now + workspace.settings.order.head_start.length * rank
        told = {
            t.recipient
            for t in self.published.told
            if (t.update, t.channel, t.kind) == (notice.update, channel, "notice") and t.state not in WAITING
        }
        rows, frozen = [], 0
        for person in people:
            if notice.kind == "notice" and self.ledger.frozen(notice.update, channel, person.key):
                frozen += 1
                continue
            if notice.kind == "notice" and person.key in told:
                continue
            if not self.ledger.take(notice.update, channel, person.key):
                continue
            values = reader_values(self.composed.facts, notice.language, notice.columns, person)
            made = self.ledger.row(
                update,
                channel,
                notice.kind,
                notice.audience,
                notice,
                rank=10 + rank,
                recipient=person,
                values=values,
                not_before=start,
            )
            rows.append(made)
        return rows, frozen

    # -- corrections, and what waits ---------------------------------------------------------------------------

    def _was_told(self, row: Mapping[str, Any]) -> bool:
        mine = (row["recipient"], row["channel"])
        untold = {*WAITING, "failed"}
        return any((t.recipient, t.channel) == mine and t.state not in untold for t in self.published.told)

    def _correction(self, item: Item, rows: tuple[Mapping[str, Any], ...]) -> Item:
        if not rows:
            return replace(item, action=Action.KEEP)
        if self.choices.corrections:
            return replace(item, action=Action.CORRECT, rows=rows)
        reason = "nobody has said yet that it should go out; look at it, then add --corrections"
        return replace(item, action=Action.BLOCK, reason=reason)

    def _unless_waiting(self, item: Item, rows: tuple[Mapping[str, Any], ...], when: datetime | None) -> Item:
        """Leave alone what waits in the ledger as it is; revise what waits and has changed, or goes now."""
        fresh, revised = [], False
        for row in rows:
            found = self.ledger.waiting(row)
            changed = found is not None and found.digest != row["digest"]
            if found is None or changed or when is None:
                fresh.append(row)
                revised |= changed
        if not fresh:
            return replace(item, action=Action.KEEP)
        return replace(item, action=Action.REVISE if revised else Action.CREATE, rows=tuple(fresh))


def _language(person: Recipient, reads: tuple[str, ...]) -> str:
    return person.language if person.language in reads else reads[0]


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
