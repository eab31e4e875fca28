"""What was rendered before, beside the releases: a piece of the site is kept under the digest of what it was made from.

It is a help and never the truth: without it, or where it is damaged, everything is rendered again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from crisiscomms.messages.model import digest
from crisiscomms.website.briefs import Brief

#: How many pages of the database may wait for the disk. A first build writes them all, and need not wait often.
_WAITING = 10_000
_TABLES = """
create table if not exists brief (key text primary key, told text not null) without rowid;
create table if not exists piece (name text primary key, key text not null, files text not null, body blob not null);
"""


class Held(NamedTuple):
    """A piece that is kept: the digest of what it was made from, and the digest and length of each file, in their order."""

    key: str
    files: Mapping[str, tuple[str, int]]


class Kept:
    """Rendered pieces in one file, or in memory. Of two processes the later one's pieces stay."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._last: tuple[str, dict[str, bytes]] = ("", {})
        try:
            self._open()
        except sqlite3.DatabaseError:  # not a database, or half of one
            if file is None:
                raise
            self._base.close()
            for suffix in ("", "-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            self._open()

    def _open(self) -> None:
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        # Whoever puts a release there reads its files in several threads.
        self._base = sqlite3.connect(
            self._file or ":memory:", timeout=60, isolation_level=None, check_same_thread=False
        )
        for line in ("journal_mode = wal", "synchronous = normal", f"wal_autocheckpoint = {_WAITING}"):
            self._base.execute(f"pragma {line}")
        self._base.executescript(_TABLES)
        self.pieces = {
            name: Held(key, {path: (found, size) for path, found, size in json.loads(files)})
            for name, key, files in self._base.execute("select name, key, files from piece")
        }

    # -- briefs ------------------------------------------------------------------------------------------------

    def briefs(self) -> dict[str, Brief]:
        """Return every brief by its key."""
        rows = list(self._base.execute("select key, told from brief"))
        plain = json.loads(f"[{','.join(told for _, told in rows)}]")
        return {key: Brief.of_list(told) for (key, _), told in zip(rows, plain, strict=True)}

    def keep_briefs(self, briefs: Mapping[str, Brief]) -> None:
        """Keep briefs by their keys."""
        rows = [(key, brief.to_json()) for key, brief in briefs.items()]
        self._base.executemany("insert or replace into brief values (?, ?)", rows)

    # -- pieces ------------------------------------------------------------------------------------------------

    def keep(self, name: str, key: str, files: Mapping[str, bytes]) -> None:
        """Keep a piece."""
        held = {path: (digest(body), len(body)) for path, body in files.items()}
        listed = json.dumps([(path, *found) for path, found in held.items()], ensure_ascii=False)
        self._base.execute(
            "insert or replace into piece values (?, ?, ?, ?)", (name, key, listed, b"".join(files.values()))
        )
        self.pieces[name] = Held(key, held)

    def body(self, name: str, path: str) -> bytes | None:
        """Return a file of a piece. None where it is not what it was when it was kept."""
        with self._lock:
            if self._last[0] != name:
                self._last = (name, dict(self._bodies(name)))
            body = self._last[1].get(path)
        held = self.pieces[name].files[path]
        return body if body is not None and digest(body) == held[0] else None

    def _bodies(self, name: str) -> Iterator[tuple[str, bytes]]:
        with suppress(sqlite3.DatabaseError):
            row = self._base.execute("select body from piece where name = ?", (name,)).fetchone()
            start = 0
            for path, (_, size) in self.pieces[name].files.items() if row else ():
                yield path, row[0][start : start + size]
                start += size

    def tidy(self, pieces: Iterable[str], briefs: Iterable[str]) -> None:
        """Throw away everything but these pieces and briefs."""
        for table, column, wanted in (("piece", "name", pieces), ("brief", "key", briefs)):
            known = {row[0] for row in self._base.execute(f"select {column} from {table}")}  # noqa: S608 -- our own names
            gone = [(name,) for name in known - set(wanted)]
            self._base.executemany(f"delete from {table} where {column} = ?", gone)  # noqa: S608
        self.pieces = {name: self.pieces[name] for name in pieces}
