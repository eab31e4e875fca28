"""The audit trail: one entry for each change, each chained to the one before it, in the transaction of the change.

The chain alone does not show that its end was cut off. Every published release therefore carries an anchor, the number
and hash of the last entry at that time: a ledger that does not hold it is not the one that was published from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
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
_NAMES = ("seq", "at", "who", "what", "subject", "detail", "hash")
_ADD = insert(audit).values({name: bindparam(name) for name in _NAMES})
_ALL = select(*(audit.c[name] for name in _NAMES)).order_by(audit.c.seq)
#: Parts the fields of an entry when it is hashed, so it never stands in one.
_BETWEEN = "\x1f"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_plainly = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode
#: A person said that a ledger goes on although it is older than what was published from it.
ACCEPTED = "accepted"
_FIRST = b"\0" * 32


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

    def note(self, connection: Connection, at: str, who: str, entries: Iterable[Entry]) -> None:
        """Write entries, in their order."""
        last = self._store.ask(connection, _LAST)
        seq, previous = (int(last[0][0]), bytes(last[0][1])) if last else (0, _FIRST)
        plainly = _CONTROL.sub(" ", who)
        head = f"{_BETWEEN}{at}{_BETWEEN}{plainly}{_BETWEEN}"
        rows = []
        for change, subject, detail in entries:
            seq += 1
            whose = str(subject)
            body = f"{seq}{head}{change}{_BETWEEN}{whose}{_BETWEEN}{detail}"
            previous = sha256(previous + body.encode()).digest()
            rows.append((seq, at, plainly, change, whose, detail, previous))
        self._store.each(connection, _ADD, _NAMES, rows)

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield every entry, oldest first, as plain values: `audit export` writes them line by line."""
        with self._all() as found:
            for row in found:
                entry = dict(zip(_NAMES, row, strict=True))
                yield {**entry, "detail": json.loads(row[5] or "{}"), "hash": bytes(row[6]).hex()}

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
        said = select(audit.c.seq).where(audit.c.what == ACCEPTED, audit.c.subject == anchor.hash).limit(1)
        with self._store.read() as connection:
            return connection.execute(said).first() is not None

    def verify(self, anchor: Anchor | None = None) -> tuple[int, Flaw | None]:
        """Read the whole trail. Returns how many entries hold, and the first thing that is wrong.

        `anchor` is what a published release says: without one, entries cut off at the end go unnoticed.
        """
        held, previous = 0, _FIRST
        try:
            with self._all() as found:
                for seq, at, who, what, subject, detail, written in found:
                    if seq != held + 1:
                        return held, Flaw(held + 1, f"Entry {held + 1} is missing.")
                    body = _BETWEEN.join((str(seq), at, who, what, subject, detail))
                    previous = sha256(previous + body.encode()).digest()
                    if bytes(written) != previous:
                        words = f"Entry {seq} is not what was written, or an entry before it was changed."
                        return held, Flaw(seq, words)
                    if anchor and seq == anchor.seq and previous.hex() != anchor.hash:
                        return held, Flaw(seq, f"Entry {seq} is not the one that the published site names.")
                    held = seq
        except (TypeError, SQLAlchemyError):  # something else stands where text belongs
            return held, Flaw(held + 1, f"Entry {held + 1}, or one soon after it, cannot be read.")
        if anchor and held < anchor.seq:
            words = f"The trail ends at entry {held}, and the published site names entry {anchor.seq}."
            return held, Flaw(held + 1, words)
        return held, None
