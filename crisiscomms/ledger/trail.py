"""The audit trail: one entry for each change, each chained to the one before it, in the transaction of the change.

The entries of one transaction stand in one row, with the hash of the last: whoever reads them counts the others again.

The chain alone does not show that its end was cut off. Every published release therefore carries an anchor, the number
and hash of the last entry at that time: a ledger that does not hold it is not the one that was published from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from crisiscomms.ledger.store import Store
from crisiscomms.ledger.tables import audit

_NEWEST = select(func.max(audit.c.seq)).scalar_subquery()
_LAST = select(audit.c.seq, audit.c.hash).where(audit.c.seq == _NEWEST)
_NAMES = ("seq", "at", "who", "entries", "hash")
_ADD = insert(audit).values({name: bindparam(name) for name in _NAMES})
_ALL = select(*(audit.c[name] for name in _NAMES)).order_by(audit.c.seq)
#: Part the fields of an entry, and the entries of a row, so they never stand in either.
_BETWEEN, _AFTER = "\x1f", "\x1e"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_plainly = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode
#: A person said that a ledger goes on although it is older than what was published from it.
ACCEPTED = "accepted"
#: A named person opened an incident that is market-sensitive.
OPENED = "opened"
_FIRST = b"\0" * 32
_NEW = sha256()  # its copies take half the time of new ones


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a trail at one time: the number of its last entry and that entry's hash, in hexadecimal."""

    seq: int
    hash: str

    def to_json(self) -> str:
        """Write the anchor as a release carries it."""
        return json.dumps({"schema": 1, "entries": self.seq, "hash": self.hash}, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Anchor:
        """Read an anchor back. Raises ValueError where it is none."""
        plain: Any = json.loads(text)
        try:
            return Anchor(int(plain["entries"]), str(plain["hash"]))
        except (KeyError, TypeError) as error:
            raise ValueError("this is no anchor") from error


#: What changed, of what, and details as JSON (see `told`), or nothing.
Entry = tuple[str, object, str]


def told(**details: object) -> str:
    """Return the details of an entry."""
    return _plainly(details)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a trail, and at which entry. `words` is a whole sentence."""

    seq: int
    words: str


class Trail:
    """Writes entries, within transactions that others open."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, connection: Connection, at: str, who: str, entries: Sequence[Entry]) -> None:
        """Write entries, in their order."""
        lines = [f"{what}{_BETWEEN}{subject}{_BETWEEN}{detail}" for what, subject, detail in entries]
        if not lines:
            return
        whole = _AFTER.join(lines)
        if whole.count(_BETWEEN) != 2 * len(lines) or whole.count(_AFTER) != len(lines) - 1:
            lines = [_BETWEEN.join(_CONTROL.sub(" ", str(field)) for field in entry) for entry in entries]
            whole = _AFTER.join(lines)
        last = self._store.ask(connection, _LAST)
        seq, previous = (int(last[0][0]), bytes(last[0][1])) if last else (0, _FIRST)
        plainly = _CONTROL.sub(" ", who)
        end = chained(previous, seq + 1, at, plainly, lines)[-1]
        self._store.each(connection, _ADD, _NAMES, [(seq + len(lines), at, plainly, whole, end)])

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield every entry, oldest first, as plain values: `audit export` writes them line by line."""
        previous = _FIRST
        with self._all() as found:
            for last, at, who, whole, written in found:
                lines = whole.split(_AFTER)
                first = last - len(lines) + 1
                hashes = chained(previous, first, at, who, lines)
                for seq, (line, one) in enumerate(zip(lines, hashes, strict=True), first):
                    what, subject, detail = line.split(_BETWEEN)
                    entry = {"seq": seq, "at": at, "who": who, "what": what, "subject": subject}
                    yield {**entry, "detail": json.loads(detail or "{}"), "hash": one.hex()}
                previous = bytes(written)

    @contextmanager
    def _all(self) -> Iterator[Iterable[Any]]:
        with self._store.read() as connection, connection.execution_options(yield_per=10_000).execute(_ALL) as found:
            yield found

    def anchor(self) -> Anchor | None:
        """Return the end of the trail. None where nothing was ever written."""
        with self._store.read() as connection:
            last = connection.execute(_LAST).first()
        return Anchor(int(last[0]), bytes(last[1]).hex()) if last else None

    def holds(self, anchor: Anchor) -> bool:
        """Say whether the trail reaches an anchor, and says the same there."""
        with self._store.read() as connection:
            found = connection.execute(select(audit.c.hash).where(audit.c.seq == anchor.seq)).scalar()
        return found is not None and bytes(found).hex() == anchor.hash

    def accepted(self, anchor: Anchor) -> bool:
        """Say whether a person said that the trail is to go on without what an anchor names."""
        return self.says(ACCEPTED, anchor.hash)

    def says(self, what: str, subject: str) -> bool:
        """Say whether the trail holds an entry of a kind about a subject."""
        words = f"{what}{_BETWEEN}{subject}{_BETWEEN}"
        said = select(audit.c.seq).where(audit.c.entries.contains(words, autoescape=True)).limit(1)
        with self._store.read() as connection:
            return connection.execute(said).first() is not None

    def verify(self, anchor: Anchor | None = None) -> tuple[int, Flaw | None]:
        """Read the whole trail. Returns how many entries hold, and the first thing that is wrong.

        `anchor` is what a published release says: without one, entries cut off at the end go unnoticed.
        """
        held, previous, met = 0, _FIRST, anchor is None
        try:
            with self._all() as found:
                for last, at, who, whole, written in found:
                    lines = whole.split(_AFTER)
                    first, held_before = last - len(lines) + 1, held
                    if first != held + 1:
                        return held, Flaw(held + 1, f"Entry {held + 1} is missing.")
                    previous = chained(previous, first, at, who, lines)[-1]
                    if bytes(written) != previous:
                        return held, _changed(first, last)
                    held = last
                    if anchor and last == anchor.seq:
                        met = previous.hex() == anchor.hash
                        if not met:
                            return held_before, _another(first, anchor)
        except (TypeError, AttributeError, SQLAlchemyError):  # something else stands where text belongs
            return held, Flaw(held + 1, f"Entry {held + 1}, or one soon after it, cannot be read.")
        return held, None if met or anchor is None else _end(held, anchor)


def _end(held: int, anchor: Anchor) -> Flaw:
    """Return what is wrong with a trail that never comes to its anchor."""
    if held >= anchor.seq:
        return _another(held + 1, anchor)
    words = f"The trail ends at entry {held}, and the published site names entry {anchor.seq}."
    return Flaw(held + 1, words)


def _another(first: int, anchor: Anchor) -> Flaw:
    return Flaw(first, f"Entry {anchor.seq} is not the one that the published site names.")


def chained(previous: bytes, seq: int, at: str, who: str, lines: Iterable[str]) -> list[bytes]:
    """Return the hashes of entries: each of the hash before it, its number, and what it says. `seq` numbers the first."""
    head = f"{_BETWEEN}{at}{_BETWEEN}{who}{_BETWEEN}"
    hashes = []
    for number, line in enumerate(lines, seq):
        made = _NEW.copy()
        made.update(previous + f"{number}{head}{line}".encode())
        previous = made.digest()
        hashes.append(previous)
    return hashes


def _changed(first: int, last: int) -> Flaw:
    which = f"Entry {first} is" if first == last else f"One of the entries {first} to {last} is"
    return Flaw(first, f"{which} not what was written, or an entry before it was changed.")
