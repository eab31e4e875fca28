"""What was rendered before, beside the releases: a piece of the site is kept under the digest of what it was made from.

It is a help and never the truth: without it, or where it is damaged, everything is rendered again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from crisiscomms.messages.model import digest
from crisiscomms.website.briefs import Brief

#: How many pages of the database may wait for the disk. A first build writes them all, and need not wait often.
_WAITING = 10_000
_TABLES = """
create table if not exists brief (key text primary key, told text not null) without rowid;
create table if not exists piece (name text primary key, key text not null, body blob not null);
create table if not exists file (
  path text, piece text, digest text not null, start integer not null, size integer not null, primary key (path, piece)
) without rowid;
create index if not exists files_of on file (piece);
create table if not exists whole (key text primary key, since text not null, until text not null) without rowid;
"""


class Kept:
    """Rendered pieces in one file, or in memory. Raises sqlite3.DatabaseError where the file is damaged."""

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.Lock()
        self._last: tuple[str, bytes] = ("", b"")
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
        # Whoever puts a release there reads its files in several threads.
        self._base = sqlite3.connect(file or ":memory:", timeout=60, isolation_level=None, check_same_thread=False)
        for line in ("journal_mode = wal", "synchronous = normal", f"wal_autocheckpoint = {_WAITING}"):
            self._base.execute(f"pragma {line}")
        self._base.executescript(_TABLES)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        self._base.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._base.execute("rollback")
            raise
        self._base.execute("commit")

    # -- the whole ---------------------------------------------------------------------------------------------

    def stands(self, key: str, now: str) -> bool:
        """Say whether the whole site is kept as it was made from what `key` is the digest of, and would be so now."""
        found = self._base.execute("select 1 from whole where key = ? and since <= ? and ? < until", (key, now, now))
        return found.fetchone() is not None

    def finish(self, key: str, since: str, until: str, pieces: Collection[str], briefs: Collection[str]) -> None:
        """Note that the whole site is kept, and until when it would be the same. Everything else is thrown away."""
        with self._at_once():
            for table, column, wanted in (("piece", "name", pieces), ("brief", "key", briefs)):
                known = {row[0] for row in self._base.execute(f"select {column} from {table}")}  # noqa: S608 -- our names
                gone = [(name,) for name in known.difference(wanted)]
                self._base.executemany(f"delete from {table} where {column} = ?", gone)  # noqa: S608
                if table == "piece":
                    self._base.executemany("delete from file where piece = ?", gone)
            self._base.execute("delete from whole")
            self._base.execute("insert into whole values (?, ?, ?)", (key, since, until))

    # -- briefs ------------------------------------------------------------------------------------------------

    def briefs(self) -> dict[str, Brief]:
        """Return every brief by its key."""
        rows = list(self._base.execute("select key, told from brief"))
        plain = json.loads(f"[{','.join(told for _, told in rows)}]")
        return {key: Brief(*told) for (key, _), told in zip(rows, plain, strict=True)}

    def keep_briefs(self, briefs: Mapping[str, Brief]) -> None:
        """Keep briefs by their keys."""
        with self._at_once():
            rows = ((key, brief.to_json()) for key, brief in briefs.items())
            self._base.executemany("insert or replace into brief values (?, ?)", rows)

    # -- pieces ------------------------------------------------------------------------------------------------

    def keys(self) -> dict[str, str]:
        """Return the key of every piece by its name."""
        return dict(self._base.execute("select name, key from piece"))

    def keep(self, made: Iterable[tuple[str, str, Mapping[str, bytes]]]) -> None:
        """Keep pieces, each with its name, its key and its files, in one go."""
        with self._at_once():
            for name, key, files in made:
                self._keep(name, key, files)

    def _keep(self, name: str, key: str, files: Mapping[str, bytes]) -> None:
        rows, start = [], 0
        for path, body in files.items():
            rows.append((path, name, digest(body), start, len(body)))
            start += len(body)
        self._base.execute("delete from file where piece = ?", (name,))
        self._base.execute("insert or replace into piece values (?, ?, ?)", (name, key, b"".join(files.values())))
        self._base.executemany("insert into file values (?, ?, ?, ?, ?)", rows)

    # -- files -------------------------------------------------------------------------------------------------

    def files(self) -> list[tuple[str, str, str]]:
        """Return the path, the digest and the piece of every file, by their paths."""
        return list(self._base.execute("select path, digest, piece from file order by path"))

    def body(self, path: str, piece: str) -> bytes | None:
        """Return a file of a piece. None where it is not what it was when it was kept."""
        with self._lock, suppress(sqlite3.DatabaseError):
            found, start, size = self._base.execute(
                "select digest, start, size from file where path = ? and piece = ?", (path, piece)
            ).fetchone()
            if self._last[0] != piece:
                row = self._base.execute("select body from piece where name = ?", (piece,)).fetchone()
                self._last = (piece, row[0] if row else b"")
            body = self._last[1][start : start + size]
            return body if digest(body) == found else None
        return None


def forget(file: Path) -> None:
    """Throw everything away."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
