"""The deliveries of one incident's plan, as the ledger will hold them."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from crisiscomms.messages.model import canonical, digest
from crisiscomms.plan.model import Item, Single
from crisiscomms.plan.world import World
from crisiscomms.published import STANDING, Copies, Copy, Draft, NoCopies, PublishedIncident, iso, knowing, row_digest
from crisiscomms.record import Record, Update

_EVERYONE = ""


class Deliveries:
    """Writes deliveries, keeps the bytes of their messages, and knows what waits in the ledger already."""

    def __init__(self, world: World, record: Record) -> None:
        self.world, self.incident = world, record.incident
        published = world.published.of(record.incident.id)
        self.copies: Copies = world.copies if published.telling else NoCopies()
        self.published: PublishedIncident = knowing(published, record.incident.id, self.copies)
        self.bodies: dict[str, bytes] = {}
        self._wanted = bytearray()  # one bit for each row that waits and is in the plan

    def keep(self, value: object) -> str:
        """Keep the bytes of a message, and return their digest."""
        body = canonical(value)
        found = digest(body)
        self.bodies[found] = body
        return found

    def line(
        self,
        update: Update,
        channel: str,
        kind: str,
        message: object,
        *,
        rank: int,
        audience: str = "",
        slots: Sequence[str] = (),
        not_before: datetime | None = None,
    ) -> dict[str, Any]:
        """Return what the deliveries of one line of the plan share, as the ledger holds it."""
        table = self.world.workspace.settings.channels.get(channel, {})
        found = self.world.channels.get(channel)
        return {
            "incident": self.incident.id,
            "update_id": update.id,
            "channel": channel,
            "account": "",
            "kind": kind,
            "audience": audience,
            "message": self.keep(message),
            "settings": digest(canonical(table)),
            "names": getattr(getattr(found, "settings", None), "list_name", "") if audience else "",
            "columns": json.dumps(list(slots)),
            "policy": str(table.get("doubt", "ask")),
            "at": iso(update.at.at),
            "rank": rank,
            "not_before": iso(not_before or self.world.now),
        }

    @staticmethod
    def digest_of(line: Mapping[str, Any], person: str) -> bytes:
        """Return the digest of a delivery."""
        return row_digest(line["message"], line["settings"], person)

    # -- what everyone sees ------------------------------------------------------------------------------------

    @cache  # noqa: B019 -- lives as long as one plan
    def of_everyone(self, channel: str) -> Sequence[Copy]:
        """Return what was or will be sent to no one in particular through a channel."""
        return self.copies.of(self.incident.id, channel, [_EVERYONE]).get(_EVERYONE, ())

    def single(self, line: dict[str, Any]) -> Single:
        """Return the delivery of a site, a memo or a post: under the number of what waits, else under the next free one."""
        same = [copy for copy in self.of_everyone(line["channel"]) if copy.update == line["update_id"]]
        waits = next((copy for copy in same if copy.waits and not copy.frozen), None)
        number = waits.number if waits else max((copy.number for copy in same), default=-1) + 1
        found = self.digest_of(line, "")
        return Single(Draft(_EVERYONE, number, "", found, "", waits.id if waits else None))

    def again(self, line: dict[str, Any]) -> bool:
        """Say whether the very same site or memo waits to be written once more."""
        found = self.digest_of(line, "")
        copies = self.of_everyone(line["channel"])
        return any(copy.waits and copy.frozen and (copy.kind, copy.digest) == (line["kind"], found) for copy in copies)

    # -- what waits already ------------------------------------------------------------------------------------

    def want(self, copy: Copy) -> None:
        """Note that a row that waits has its place in the plan."""
        place, bit = divmod(copy.id, 8)
        if place >= len(self._wanted):
            self._wanted.extend(bytes(place + 1024 - len(self._wanted)))
        self._wanted[place] |= 1 << bit

    def _is_wanted(self, copy: Copy) -> bool:
        place, bit = divmod(copy.id, 8)
        return place < len(self._wanted) and bool(self._wanted[place] & 1 << bit)

    def unwanted(self, items: Iterable[Item]) -> Unwanted:
        """Return what waits and has no place in the plan any more: not what is frozen, unless its page is made anew."""
        anew = {(item.channel, item.kind) for item in items if item.kind in STANDING and item.drafts}
        found = Unwanted()
        for channel, copy in self.copies.waiting(self.incident.id):
            replaced = (channel, copy.kind) in anew
            if replaced or not (copy.frozen or self._is_wanted(copy)):
                found.ids.append(copy.id)
                if copy.kind not in STANDING:
                    found.called_off[copy.update, channel] += 1
        return found


class Unwanted:
    """Rows that wait and go nowhere any more: their ids, and how many of each update and channel."""

    def __init__(self) -> None:
        self.ids = array("q")
        self.called_off: Counter[tuple[str, str]] = Counter()
