"""What is out already, as plain values: read from the ledger once, at the start, and passed to everything that needs it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple, Protocol

from crisiscomms.telling import Correction, Telling

#: Kinds of delivery that stand at an address and are written anew; all others are sent once.
STANDING = frozenset({"site", "memo"})
#: The rank from which on messages go to people: below are the site and the memo, which whoever publishes writes.
FIRST_TO_PEOPLE = 10

#: The scope of a hold that stops all incidents.
EVERYTHING = "everything"

#: States of a delivery that has not begun.
WAITING = frozenset({"planned", "retry_wait"})
#: States of a delivery that readers have, or may have.
MAYBE_OUT = frozenset({"sent", "sent_by_operator", "sending", "in_doubt", "closed_unknown"})


class Heard(NamedTuple):
    """When something was said: in one of `updates`, by a publication from `since` on, and before `until` (None: till now)."""

    since: int
    until: int | None
    updates: Sequence[str]

    @property
    def span(self) -> tuple[int, int | None]:
        """The publications."""
        return self.since, self.until

    def by(self, copies: Sequence[Copy]) -> bool:
        """Say whether a reader with these copies heard it, and no correction since."""
        end = math.inf if self.until is None else self.until
        # What was sent once more after a correction says again what that put right.
        last = max((copy.id for copy in copies if copy.kind == "correction" and copy.publication >= end), default=0)
        return any(
            copy.state in MAYBE_OUT
            and copy.id > last
            and self.since <= copy.publication < end
            and (not self.updates or copy.update in self.updates)
            for copy in copies
        )


def when_said(corrections: Iterable[Correction]) -> Iterator[tuple[Correction, Heard]]:
    """Yield each correction with when what it corrects was said: since the one before it of the same thing.

    One that refined a figure put nothing right: who heard what stood before it hears of the next.
    """
    last: dict[str, int] = {}
    for one in corrections:
        yield one, Heard(last.get(one.what, 0), one.publication, tuple(one.heard))
        if one.publication is not None and not one.refined:
            last[one.what] = one.publication


@dataclass(frozen=True, slots=True)
class Told:
    """Deliveries of one kind that stand alike: which update, through which channel, to which audience, how many.

    `audience` is empty for what everyone sees: the site, the memo, posts.
    """

    update: str
    channel: str
    account: str
    audience: str
    kind: str
    state: str
    count: int = 1


class PublishedIncident(NamedTuple):
    """Everything that is out about one incident.

    `site` maps a language to the digest of the content that stands on the site; `memos` the same for memos. `misled` maps
    publications between two corrections (`Heard.span`) to audiences with readers who heard what was said then, and no
    correction since; who reads posts is PUBLIC. None where nobody asked: see `knowing`.
    """

    telling: Telling | None = None
    told: tuple[Told, ...] = ()
    site: Mapping[str, str] = MappingProxyType({})
    memos: Mapping[str, str] = MappingProxyType({})
    misled: Mapping[tuple[int, int | None], frozenset[str]] | None = None

    def dispatched(self) -> frozenset[str]:
        """Return the updates that were sent to anyone, or may have been."""
        return frozenset(told.update for told in self.told if told.state not in WAITING and told.kind not in STANDING)


class Published(NamedTuple):
    """What is out, by incident, and what is on hold (incident ids, `channel:NAME`, or `everything`)."""

    incidents: Mapping[str, PublishedIncident] = MappingProxyType({})
    holds: Mapping[str, str] = MappingProxyType({})

    def of(self, incident: str) -> PublishedIncident:
        """Return what is out about an incident."""
        return self.incidents.get(incident, PublishedIncident())


class Copy(NamedTuple):
    """One delivery to one reader, or to everyone, as it stands in the ledger.

    `frozen`: it was due when it was published, so it goes as it is, or not at all. `names` is the domain in the
    Message-IDs of its mails, empty where it is no mail. `person` is what is its reader's own, as JSON: address, name, and what
    fills each of `columns`, a list in JSON. `publication` is the number of the one that has its words.
    """

    id: int
    update: str
    recipient: str
    number: int
    kind: str
    state: str
    digest: bytes
    frozen: bool
    names: str = ""
    person: str = ""
    columns: str = "[]"
    publication: int = 0

    @property
    def waits(self) -> bool:
        """Whether it has not begun."""
        return self.state in WAITING


class Copies(Protocol):
    """What the ledger knows about single readers. Asked in portions: an audience may be a million people."""

    def of(self, incident: str, channel: str, recipients: Sequence[str]) -> Mapping[str, Sequence[Copy]]:
        """Return every delivery of an incident through a channel to some readers, oldest first. Who has none is left out."""
        ...

    def waiting(self, incident: str) -> Iterator[tuple[str, Copy]]:
        """Yield every delivery of an incident that has not begun, with its channel, oldest first."""
        ...

    def misled(self, incident: str, heard: Heard) -> frozenset[str]:
        """Return the audiences (PUBLIC: of posts) with readers who heard something, and no correction since."""
        ...

    def scheduled(self, incident: str) -> frozenset[str]:
        """Return the updates that were planned for later, and went to nobody since."""
        ...

    def still_misled(self, incident: str, channel: str, heard: Mapping[str, Iterable[Heard]]) -> int:
        """Return how many readers heard any of what their audience did through a channel, and no correction since.

        Who wants no more mail is left out.
        """
        ...


class NoCopies:
    """Knows of nothing, as before the first publication."""

    def of(self, incident: str, channel: str, recipients: Sequence[str]) -> Mapping[str, Sequence[Copy]]:
        """Return nothing."""
        del incident, channel, recipients
        return {}

    def waiting(self, incident: str) -> Iterator[tuple[str, Copy]]:
        """Yield nothing."""
        del incident
        return iter(())

    def misled(self, incident: str, heard: Heard) -> frozenset[str]:
        """Return none."""
        del incident, heard
        return frozenset()

    def scheduled(self, incident: str) -> frozenset[str]:
        """Return none."""
        del incident
        return frozenset()

    def still_misled(self, incident: str, channel: str, heard: Mapping[str, Iterable[Heard]]) -> int:
        """Return none."""
        del incident, channel, heard
        return 0


def knowing(published: PublishedIncident, incident: str, copies: Copies) -> PublishedIncident:
    """Return what is out about an incident, with who heard what is no longer so. It takes a look at every reader's row."""
    telling = published.telling
    figures = [one for one in telling.corrections if one.figure] if telling else []
    if telling is None or not figures:
        return published
    spans = {heard.span: heard for _, heard in when_said(figures)}
    for since in {0, *(one.publication or 0 for one in figures)}:
        spans[since, None] = Heard(since, None, telling.updates)
    return published._replace(misled={span: copies.misled(incident, heard) for span, heard in spans.items()})


class Draft(NamedTuple):
    """One delivery as a plan holds it, and as the ledger will.

    `person` is a JSON list: the address as written, the name, then what fills the message's slots; empty for what
    everyone sees. `revises` is the id of the row that waits under the same key, and gets these words instead.
    """

    recipient: str
    number: int
    person: str
    digest: bytes
    thread: str = ""
    revises: int | None = None


def row_digest(message: str, settings: str, person: str) -> bytes:
    """Return what ties a delivery to what was approved: its message, its channel's settings, and what is its reader's own."""
    made = _tie(message, settings).copy()
    made.update(person.encode())
    return made.digest()


@lru_cache(maxsize=256)
def _tie(message: str, settings: str) -> blake2b:
    """Return the digest as far as all readers share it."""
    return blake2b(f"{message}\0{settings}\0".encode(), digest_size=16)


def iso(at: datetime) -> str:
    """Return a time as the ledger writes it: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
