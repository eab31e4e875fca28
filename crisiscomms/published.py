"""What is out already, as plain values: read from the ledger once, at the start, and passed to everything that needs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

#: States of a delivery that has not begun.
WAITING = frozenset({"planned", "retry_wait"})

#: Words by language, or a figure as it was shown in each language.
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Correction:
    """Something we said that is no longer so. `what` is a fact's name, or `updates.ID` where words changed.

    `at` is when the correction was published, in ISO 8601; None: with the publication that is being planned.
    `figure` tells a changed figure or time from changed words. `dispatched`: those who were told the old one have
    been told the new one.
    """

    what: str
    before: Words
    after: Words
    at: str | None
    figure: bool
    dispatched: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """What one publication said: figures as shown, the source of every text, the updates it put on the page.

    Kept so that the next one can tell what changed since, and say so.
    """

    facts: Mapping[str, Words]
    texts: Mapping[str, Words]
    updates: tuple[str, ...]
    corrections: tuple[Correction, ...]

    def dated(self, at: str, *, dispatched: bool) -> Telling:
        """Return the same telling with a time for every correction that was waiting for one.

        `dispatched`: the corrections go out with this publication to everyone who was told the old figure.
        """
        return replace(
            self,
            corrections=tuple(
                replace(c, at=c.at or at, dispatched=c.dispatched or dispatched) for c in self.corrections
            ),
        )

    def to_json(self) -> str:
        """Write the telling as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Telling:
        """Read a telling back."""
        plain: dict[str, Any] = json.loads(text)
        corrections = tuple(Correction(**correction) for correction in plain["corrections"])
        return Telling(plain["facts"], plain["texts"], tuple(plain["updates"]), corrections)


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery that is out, or may be: who was told which update, and the place's own id for it."""

    update: str
    channel: str
    account: str
    recipient: str
    number: int
    audience: str
    state: str
    kind: str
    receipt: str
    message_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class PublishedIncident:
    """Everything that is out about one incident.

    `site` maps a language to the digest of the content that stands on the site; `memos` the same for memos.
    """

    telling: Telling | None = None
    told: tuple[Told, ...] = ()
    site: Mapping[str, str] = field(default_factory=dict)
    memos: Mapping[str, str] = field(default_factory=dict)

    def dispatched(self) -> frozenset[str]:
        """Return the updates that were sent to anyone, or may have been."""
        return frozenset(
            told.update for told in self.told if told.state not in WAITING and told.kind not in {"site", "memo"}
        )


@dataclass(frozen=True, slots=True)
class Published:
    """What is out, by incident, and what is on hold (incident ids, `channel:NAME`, or `everything`)."""

    incidents: Mapping[str, PublishedIncident] = field(default_factory=dict)
    holds: Mapping[str, str] = field(default_factory=dict)

    def of(self, incident: str) -> PublishedIncident:
        """Return what is out about an incident."""
        return self.incidents.get(incident, PublishedIncident())


#: What makes a delivery the same delivery: update, channel, account, recipient, number.
Key = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One delivery that has not begun. `frozen`: it was due when it was published, so it goes as it is, or not at all."""

    id: int
    digest: str
    kind: str
    frozen: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits of one incident, and how often a delivery was called off (by its key without the number)."""

    waiting: Mapping[Key, Waiting] = field(default_factory=dict)
    called_off: Mapping[tuple[str, str, str, str], int] = field(default_factory=dict)


def iso(at: datetime) -> str:
    """Return a time as the ledger writes it: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
