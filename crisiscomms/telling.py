"""What a publication said, kept so that the next one can tell what is no longer so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

#: To whom a correction goes, besides audiences by their names: who reads posts and pages, and who reads the pages.
PUBLIC, PAGES = "", "*"

#: Words by language, or a figure as it was shown in each language.
Words = Mapping[str, str]


class Correction(NamedTuple):
    """Something we said that is no longer so. `what` is a fact's or a time's name, `updates.ID` or `page.GROUP` for words.

    `at` is when the correction was published, in ISO 8601; None: with the publication that is being planned.
    `figure` tells a changed figure or time from changed words. `heard` are the updates that were out by then: who got none
    of them was told nothing wrong. `to` are the audiences whose messages said it, PUBLIC, or PAGES alone; None where nobody
    noted that. `publication` is the number of the one that marked it; None as for `at`. `refined` tells a figure that was no
    error: it was said to be about so many, or at least. Pages say what it was, and nobody is told that they heard it wrong.
    """

    what: str
    before: Words
    after: Words
    at: str | None
    figure: bool
    heard: Sequence[str] = ()
    to: Sequence[str] | None = None
    publication: int | None = None
    refined: bool = False

    def is_for(self, group: str) -> bool:
        """Say whether an audience, PUBLIC or PAGES was told it."""
        return self.to is None or group in self.to


class Telling(NamedTuple):
    """What one publication said: figures as shown, the source of every text, the updates it put on the page.

    `known` maps each audience, PUBLIC and PAGES to the facts and times that their messages stated. Kept so that the next one
    can tell what changed since, and say so to them.
    """

    facts: Mapping[str, Words]
    texts: Mapping[str, Words]
    updates: tuple[str, ...]
    corrections: tuple[Correction, ...]
    known: Mapping[str, Sequence[str]] = MappingProxyType({})

    def told_to(self, name: str) -> tuple[str, ...] | None:
        """Return who was told a fact or a time. None where nobody noted that."""
        return tuple(group for group, names in self.known.items() if name in names) if self.known else None

    def dated(self, at: str, publication: int) -> Telling:
        """Return the same telling with the time and the number of the publication for every correction that waits for them."""
        corrections = (c if c.at else c._replace(at=at, publication=publication) for c in self.corrections)
        return self._replace(corrections=tuple(corrections))

    def to_json(self) -> str:
        """Write the telling as canonical JSON."""
        plain = {**self._asdict(), "known": dict(self.known)}
        plain["corrections"] = [correction._asdict() for correction in self.corrections]
        return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Telling:
        """Read a telling back."""
        plain: dict[str, Any] = json.loads(text)
        corrections = tuple(map(_read, plain["corrections"]))
        known = plain.get("known", {})
        return Telling(plain["facts"], plain["texts"], tuple(plain["updates"]), corrections, known)


def _read(plain: dict[str, Any]) -> Correction:
    """Read a correction. Ledgers once noted of each whether all had heard of it, and not since when."""
    dispatched = plain.pop("dispatched", False)
    return Correction(**plain)._replace(publication=0) if dispatched else Correction(**plain)
