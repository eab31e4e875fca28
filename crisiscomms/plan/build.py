"""Making a plan: composed messages against what is out already."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crisiscomms.channels.accounts import accounts
from crisiscomms.channels.base import Channel
from crisiscomms.fields import When
from crisiscomms.ledger.ledger import iso
from crisiscomms.messages.compose import Composed, compose, reader_values
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import Memo, Messages, Notice, Post, SiteContent, canonical, digest, site_content
from crisiscomms.messages.prose import PUBLISHED_AT, plain_times
from crisiscomms.plan.model import Action, IncidentPlan, Item, Plan
from crisiscomms.published import WAITING, Published, PublishedIncident, Told
from crisiscomms.record import Recipient, Record, Update
from crisiscomms.review import Case, review
from crisiscomms.workspace import Workspace

MEMO = "memo"


@dataclass(frozen=True)
class World:
    """Everything a plan is made from. `read` returns the bytes of a digest that was published."""

    workspace: Workspace
    voices: Mapping[str, Voice]
    channels: Mapping[str, Channel]
    published: Published
    now: datetime
    read: Callable[[str], bytes]
    waiting: Mapping[str, Mapping[tuple[str, str, str, str, int], tuple[int, str]]]


@dataclass(frozen=True)
class Choices:
    """What the person at the keyboard decided: to mail corrections, to send an update that is old."""

    corrections: bool = False
    late: bool = False


def build_plan(world: World, records: list[Record], choices: Choices = Choices()) -> Plan:
    """Plan the publication of some incidents. Pure: the same world gives the same plan."""
    return Plan(tuple(_Planner(world, record, choices).plan() for record in records))


class _Planner:
    """Plans one incident."""

    def __init__(self, world: World, record: Record, choices: Choices) -> None:
        self.world, self.record, self.choices = world, record, choices
        self.incident = record.incident
        self.published: PublishedIncident = world.published.of(record.incident.id)
        self.waiting = world.waiting.get(record.incident.id, {})
        self.bodies: dict[str, bytes] = {}
        self.taken: set[tuple[str, str, str]] = set()

    def plan(self) -> IncidentPlan:
        world = self.world
        posting = accounts(world.channels, world.workspace, self.incident.audiences)
        composed = compose(self.incident, world.workspace, world.voices, self.published, world.now, posting)
        findings = review(Case(self.record, world.workspace, self.published, world.now, composed), posting)
        if composed is None:
            return IncidentPlan(self.record, None, findings)
        items = [*self._site(composed), *self._memos(composed), *self._dispatches(composed), *self._later(composed)]
        items = [self._held(item) for item in items]
        wanted = {(r["update_id"], r["channel"], r["account"], r["recipient"], r["number"]) for item in items for r in item.rows}
        drop = tuple(row for key, (row, _) in self.waiting.items() if key not in wanted and not self._still_planned(key))
        corrects = self.choices.corrections or not any(item.action is Action.CORRECT or (item.kind == "correction") for item in items)
        return IncidentPlan(self.record, composed, findings, tuple(items), self.bodies, drop, corrects)

    def _still_planned(self, key: tuple[str, str, str, str, int]) -> bool:
        """Say whether a waiting row belongs to an item that is kept as it is."""
        return (key[0], key[1], key[3]) in self.taken

    def _held(self, item: Item) -> Item:
        holds = self.world.published.holds
        scope = next((s for s in (item.incident, f"channel:{item.channel}", "everything") if s in holds), None)
        if scope is None or item.action in {Action.KEEP, Action.BLOCK}:
            return item
        return replace(item, action=Action.BLOCK, reason=f"{scope} is on hold: {holds[scope]}", rows=())

    def _keep_body(self, value: object) -> str:
        body = canonical(value)
        found = digest(body)
        self.bodies[found] = body
        return found

    # -- what stands -------------------------------------------------------------------------------------------

    def _site(self, composed: Composed) -> Iterator[Item]:
        """Plan the site: all languages are one delivery, since the site is switched as a whole."""
        channels = [c for c in self.world.channels.values() if c.caps.shape == "site"]
        digests = {content.language: self._keep_body(content) for content in composed.messages.site}
        same = digests == dict(self.published.site)
        for channel in channels:
            before, after = self._seen(composed), "\n\n".join(page.text for content in composed.messages.site for page in content.pages)
            action = Action.KEEP if same else Action.REVISE if self.published.site else Action.CREATE
            item = Item(action, channel.name, "site", self.incident.id, composed.facts.update.id, "pages: " + ", ".join(dict.fromkeys(p.kind for c in composed.messages.site for p in c.pages)), before=before, after=plain_times(after).replace(PUBLISHED_AT, "now"), digest=digest(canonical(digests)), leaves=channel.caps.leaves_machine)
            yield item if same else replace(item, rows=(self._row(composed.facts.update, channel.name, "site", "", digests, rank=0),))

    def _seen(self, composed: Composed) -> str:
        """Return what stands on the site now, in the order of what would stand there."""
        languages = [content.language for content in composed.messages.site if content.language in self.published.site]
        contents = [site_content(self.world.read(self.published.site[language])) for language in languages]
        return "\n\n".join(page.text for content in contents for page in content.pages)

    def _memos(self, composed: Composed) -> Iterator[Item]:
        digests = {memo.language: self._keep_body(memo) for memo in composed.messages.memos}
        same = digests == dict(self.published.memos)
        before = "\n\n".join(json.loads(self.world.read(found))["text"] for found in (self.published.memos[m.language] for m in composed.messages.memos if m.language in self.published.memos))
        action = Action.KEEP if same else Action.REVISE if self.published.memos else Action.CREATE
        item = Item(action, MEMO, "memo", self.incident.id, composed.facts.update.id, "memo to staff", before=before, after="\n\n".join(m.text for m in composed.messages.memos).replace(PUBLISHED_AT, "now"), digest=digest(canonical(digests)))
        yield item if same else replace(item, rows=(self._row(composed.facts.update, MEMO, "memo", "", digests, rank=1),))

    def _row(self, update: Update, channel: str, kind: str, audience: str, message: object, *, rank: int, recipient: Recipient | None = None, values: Mapping[str, str] | None = None, not_before: datetime | None = None) -> dict[str, Any]:
        """Return one delivery as the ledger holds it."""
        body = self._keep_body(message)
        person = {"email": recipient.email, "name": recipient.name, "values": dict(values or {})} if recipient else {}
        key = recipient.key if recipient else ""
        earlier = sum(1 for t in self.published.told if (t.update, t.channel, t.recipient) == (update.id, channel, key))
        settings = self.world.workspace.settings.channels.get(channel, {})
        return {
            "incident": self.incident.id,
            "update_id": update.id,
            "channel": channel,
            "account": "",
            "recipient": key,
            "number": earlier if kind in {"site", "memo", "correction"} else 0,
            "kind": kind,
            "audience": audience,
            "person": json.dumps(person, sort_keys=True, ensure_ascii=False),
            "message": body,
            "digest": digest(canonical([body, person, settings])),
            "thread": self._thread(channel, key),
            "at": iso(update.at.at),
            "rank": rank,
            "not_before": iso(not_before or self.world.now),
        }

    def _thread(self, channel: str, recipient: str) -> str:
        """Return the Message-ID of the first mail that this reader got about the incident."""
        return next((t.message_id for t in self.published.told if recipient and t.channel == channel and t.recipient == recipient and t.message_id), "")

    # -- what is sent once -------------------------------------------------------------------------------------

    def _dispatches(self, composed: Composed) -> Iterator[Item]:
        update = composed.facts.update
        age = self.world.now - update.at.at
        late = age > self.incident.stale_after.length and not self.choices.late
        for item in self._messages(composed, composed.messages, update, None):
            if not item.rows:
                yield item
            elif late and item.kind != "correction":
                yield replace(item, action=Action.BLOCK, rows=(), reason=f'update "{update.id}" is {_age(age)} old; to send it all the same, add --late')
            else:
                yield item

    def _later(self, composed: Composed) -> Iterator[Item]:
        """Plan updates that are still to come: they wait in the ledger with their time."""
        for name, messages in composed.later.items():
            update = self.incident.update(name)
            for item in self._messages(composed, messages, update, update.at.at):
                yield replace(item, action=Action.KEEP if not item.rows else Action.SCHEDULE, not_before=iso(update.at.at))
        kept = {promise.id for promise in self.incident.promises if promise.kept}
        for update in self.incident.updates:
            missing = [name for name in update.needs if name not in kept]
            if missing and update.id not in self.published.dispatched():
                yield Item(Action.BLOCK, "all", "update", self.incident.id, update.id, f'update "{update.id}"', reason=f'it waits until a person marks the promise "{missing[0]}" as kept')

    def _messages(self, composed: Composed, messages: Messages, update: Update, when: datetime | None) -> Iterator[Item]:
        for post in messages.posts:
            yield self._post(composed, post, when)
        ordered = sorted(messages.notices, key=lambda notice: self.world.workspace.rank(notice.audience))
        for notice in ordered:
            for channel in self.world.workspace.audiences(self.incident.audiences)[notice.audience].channels:
                found = self.world.channels.get(channel)
                if found is not None and found.caps.shape == "mail":
                    yield from self._notice(composed, notice, found, update, when)

    def _post(self, composed: Composed, post: Post, when: datetime | None) -> Item:
        channel = self.world.channels[post.channel]
        update = self.incident.update(post.update)
        told = [t for t in self.published.told if t.update == post.update and t.channel == post.channel and t.kind == post.kind]
        item = Item(Action.CREATE, post.channel, post.kind, self.incident.id, post.update, f'{post.kind} of "{post.update}"', language=post.language, after=post.text, digest=digest(canonical(post)), leaves=channel.caps.leaves_machine, message=post)
        if post.kind == "correction":
            return self._correction(item, (self._row(update, post.channel, "correction", "", post, rank=self._post_rank(post.channel)),))
        if any(t.state not in WAITING for t in told):
            return replace(item, action=Action.KEEP, before=post.text)
        row = self._row(update, post.channel, "post", "", post, rank=self._post_rank(post.channel), not_before=when)
        return self._unless_waiting(item, (row,), when)

    def _post_rank(self, channel: str) -> int:
        audiences = self.world.workspace.audiences(self.incident.audiences)
        ranks = [self.world.workspace.rank(name) for name, audience in audiences.items() if channel in audience.channels and not audience.recipients]
        return 10 + min(ranks, default=99)

    def _notice(self, composed: Composed, notice: Notice, channel: Channel, update: Update, when: datetime | None) -> Iterator[Item]:
        facts = composed.facts
        reads = facts.workspace.audiences(self.incident.audiences)[notice.audience].languages or tuple(facts.voices)
        people = [p for p in self.record.lists[notice.audience].people if _language(p, reads) == notice.language]
        told = {t.recipient: t for t in self.published.told if t.update == notice.update and t.channel == channel.name and t.kind == notice.kind}
        rank = 10 + self.world.workspace.rank(notice.audience)
        start = when or self.world.now + self.world.workspace.settings.order.head_start.length * self.world.workspace.rank(notice.audience)
        rows = []
        for person in people:
            if (notice.update, channel.name, person.key) in self.taken or self._has(told.get(person.key), notice):
                continue
            self.taken.add((notice.update, channel.name, person.key))
            values = reader_values(facts, notice.language, notice.columns, person)
            rows.append(self._row(self.incident.update(notice.update), channel.name, notice.kind, notice.audience, notice, rank=rank, recipient=person, values=values, not_before=start))
        if people:
            item = Item(Action.CREATE, channel.name, notice.kind, self.incident.id, notice.update, f'{"correction" if notice.kind == "correction" else "mail"} of "{notice.update}"', notice.audience, notice.language, after=f"{notice.subject}\n\n{notice.text}", digest=digest(canonical(notice)), leaves=channel.caps.leaves_machine, message=notice)
            if notice.kind == "correction":
                yield self._correction(item, tuple(row for row in rows if self._was_told(row)))
            else:
                yield self._unless_waiting(item, tuple(rows), when)

    def _has(self, told: Told | None, notice: Notice) -> bool:
        return told is not None and notice.kind == "notice" and told.state not in WAITING

    def _was_told(self, row: Mapping[str, Any]) -> bool:
        return any(t.recipient == row["recipient"] and t.channel == row["channel"] and t.state not in {*WAITING, "failed"} for t in self.published.told)

    def _correction(self, item: Item, rows: tuple[Mapping[str, Any], ...]) -> Item:
        if not rows:
            return replace(item, action=Action.KEEP)
        if self.choices.corrections:
            return replace(item, action=Action.CORRECT, rows=rows)
        return replace(item, action=Action.BLOCK, reason="nobody has said yet that it should go out; look at it, then add --corrections")

    def _unless_waiting(self, item: Item, rows: tuple[Mapping[str, Any], ...], when: datetime | None) -> Item:
        """Leave alone what waits in the ledger as it is; revise what waits and has changed."""
        waiting = self.waiting
        fresh, revised = [], False
        for row in rows:
            key = (row["update_id"], row["channel"], row["account"], row["recipient"], row["number"])
            found = waiting.get(key)
            self.taken.add((row["update_id"], row["channel"], row["recipient"]))
            if found is None or found[1] != row["digest"] or when is None:
                fresh.append(row)
                revised |= found is not None and found[1] != row["digest"]
        if not fresh:
            return replace(item, action=Action.KEEP)
        return replace(item, action=Action.REVISE if revised else Action.CREATE, rows=tuple(fresh))


def _language(person: Recipient, reads: tuple[str, ...]) -> str:
    return person.language if person.language in reads else reads[0]


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"


