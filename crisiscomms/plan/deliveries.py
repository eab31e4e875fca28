"""The deliveries of one incident's plan, as the ledger will hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from crisiscomms.messages.model import canonical, digest
from crisiscomms.plan.model import Item
from crisiscomms.plan.world import World
from crisiscomms.published import Key, PublishedIncident, Queue, Waiting, iso
from crisiscomms.record import Recipient, Record, Update

Row = Mapping[str, Any]


class Deliveries:
    """Writes deliveries, keeps the bytes of their messages, and knows what waits in the ledger already."""

    def __init__(self, world: World, record: Record) -> None:
        self.world, self.incident = world, record.incident
        self.published: PublishedIncident = world.published.of(record.incident.id)
        self.queue = world.queues.get(record.incident.id, Queue())
        self.bodies: dict[str, bytes] = {}
        self._known: set[tuple[str, str, str]] = set()
        waiting = self.queue.waiting.items()
        self._frozen = {(k[0], k[1], k[3]) for k, w in waiting if w.frozen and w.kind not in {"site", "memo"}}

    def keep(self, value: object) -> str:
        """Keep the bytes of a message, and return their digest."""
        body = canonical(value)
        found = digest(body)
        self.bodies[found] = body
        return found

    def row(
        self,
        update: Update,
        channel: str,
        kind: str,
        audience: str,
        message: object,
        *,
        rank: int,
        recipient: Recipient | None = None,
        values: Mapping[str, str] | None = None,
        not_before: datetime | None = None,
    ) -> dict[str, Any]:
        """Return one delivery as the ledger holds it."""
        body = self.keep(message)
        person = {"email": recipient.email, "name": recipient.name, "values": dict(values or {})} if recipient else {}
        key = recipient.key if recipient else ""
        settings = self.world.workspace.settings.channels.get(channel, {})
        return {
            "incident": self.incident.id,
            "update_id": update.id,
            "channel": channel,
            "account": "",
            "recipient": key,
            "number": self._number(update.id, channel, key, kind),
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

    def _number(self, update: str, channel: str, recipient: str, kind: str) -> int:
        """Return the next free number of a delivery. What was called off keeps its own."""
        called_off = self.queue.called_off.get((update, channel, "", recipient), 0)
        if kind not in {"site", "memo", "correction"}:
            return called_off
        key = (update, channel, recipient)
        return called_off + sum(1 for t in self.published.told if (t.update, t.channel, t.recipient) == key)

    def _thread(self, channel: str, recipient: str) -> str:
        """Return the Message-ID of the first mail that this reader got about the incident."""
        told = self.published.told
        mine = (t.message_id for t in told if recipient and t.channel == channel and t.recipient == recipient)
        return next(filter(None, mine), "")

    # -- what waits already ------------------------------------------------------------------------------------

    def take(self, update: str, channel: str, recipient: str) -> bool:
        """Note that the plan has a delivery for a reader. False: it had one before."""
        key = (update, channel, recipient)
        new = key not in self._known
        self._known.add(key)
        return new

    def waiting(self, row: Row) -> Waiting | None:
        """Return what waits under the key of a row."""
        return self.queue.waiting.get(_key(row))

    def frozen(self, update: str, channel: str, recipient: str) -> bool:
        """Say whether a message to a reader waits as it was published: it goes with those words, and only once."""
        return (update, channel, recipient) in self._frozen

    def again(self, row: Row) -> bool:
        """Say whether the very same site or memo waits to be written once more."""
        where = (row["channel"], row["kind"], row["digest"])
        waiting = self.queue.waiting.items()
        return any(waits.frozen and (key[1], waits.kind, waits.digest) == where for key, waits in waiting)

    def unwanted(self, items: Iterable[Item]) -> dict[Key, Waiting]:
        """Return what waits and has no place in the plan any more: not what is frozen, unless its page is made anew."""
        rows = [row for item in items for row in item.rows]
        wanted, anew = {_key(row) for row in rows}, {(row["channel"], row["kind"]) for row in rows}
        found = {}
        for key, waits in self.queue.waiting.items():
            replaced = waits.kind in {"site", "memo"} and (key[1], waits.kind) in anew
            planned = waits.frozen or (key[0], key[1], key[3]) in self._known
            if key not in wanted and (replaced or not planned):
                found[key] = waits
        return found


def _key(row: Row) -> Key:
    return (row["update_id"], row["channel"], row["account"], row["recipient"], row["number"])
