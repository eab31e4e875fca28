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
create table if not exists brief (digest text primary key, base text not null, told text not null) without rowid;
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
            for table, column, wanted in (("piece", "name", pieces), ("brief", "digest", briefs)):
                if self._base.execute(f"select count(*) from {table}").fetchone()[0] == len(wanted):  # noqa: S608 -- our names
                    continue
                known = {row[0] for row in self._base.execute(f"select {column} from {table}")}  # noqa: S608
                gone = [(name,) for name in known.difference(wanted)]
                self._base.executemany(f"delete from {table} where {column} = ?", gone)  # noqa: S608
                if table == "piece":
                    self._base.executemany("delete from file where piece = ?", gone)
            self._base.execute("delete from whole")
            self._base.execute("insert into whole values (?, ?, ?)", (key, since, until))

    # -- briefs ------------------------------------------------------------------------------------------------

    def briefs(self, base: str) -> dict[str, Brief]:
        """Return every brief by the digest of its content. `base` is that of everything else it is made from."""
        rows = self._base.execute("select told from brief where base = ?", (base,))
        plain = json.loads(f"[{','.join(told for (told,) in rows)}]")
        return {told[0]: Brief(*told) for told in plain}

    def keep_briefs(self, base: str, briefs: Iterable[Brief]) -> None:
        """Keep briefs."""
        with self._at_once():
            rows = ((brief.digest, base, brief.to_json()) for brief in briefs)
            self._base.executemany("insert or replace into brief values (?, ?, ?)", rows)

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

    def digests(self) -> dict[str, str]:
        """Return the digest of every file, by their paths."""
        return dict(self._base.execute("select path, digest from file order by path"))

    def torn(self, folder: str) -> str | None:
        """Return a path in a folder where two pieces want different files."""
        twice = "select path from file where path glob ? group by path having count(distinct digest) > 1"
        row = self._base.execute(twice, (f"{folder}*",)).fetchone()
        return row[0] if row else None

    def body(self, path: str) -> tuple[str, bytes | None]:
        """Return the piece of a file, and the file: None where it is not what it was when it was kept."""
        with self._lock:
            piece, found, start, size = self._base.execute(
                "select piece, digest, start, size from file where path = ?", (path,)
            ).fetchone()
            with suppress(sqlite3.DatabaseError):
                if self._last[0] != piece:
                    row = self._base.execute("select body from piece where name = ?", (piece,)).fetchone()
                    self._last = (piece, row[0])
            body = self._last[1][start : start + size]
        return piece, body if digest(body) == found else None


def forget(file: Path) -> None:
    """Throw everything away."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
