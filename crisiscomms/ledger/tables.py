"""The tables of the ledger. Times are ISO 8601 in UTC, so that they sort as text."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)

from crisiscomms.errors import CrisiscommsError, relative

METADATA = MetaData()

#: Everything that was approved, by the digest of its bytes.
blobs = Table(
    "blobs", METADATA, Column("digest", String, primary_key=True), Column("body", LargeBinary, nullable=False)
)

#: One plan that was, or is being, carried out.
publications = Table(
    "publications",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("incident", String, nullable=False, index=True),
    Column("fingerprint", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("by", String, nullable=False),
    Column("state", String, nullable=False),  # open | finished
    Column("telling", Text, nullable=False),
)

#: One message to one recipient or account through one channel.
deliveries = Table(
    "deliveries",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("publication", Integer, nullable=False, index=True),
    Column("incident", String, nullable=False),
    Column("update_id", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("account", String, nullable=False),
    Column("recipient", String, nullable=False),  # the address as compared; empty for sites and accounts
    Column("number", Integer, nullable=False),
    Column("kind", String, nullable=False),  # site | memo | notice | correction | post
    Column("audience", String, nullable=False),
    Column("person", Text, nullable=False),  # JSON: address as written, name, what fills the slots
    Column("message", String, nullable=False),  # digest of the message's blob
    Column("digest", String, nullable=False),  # of message, person and channel settings together
    Column("thread", String, nullable=False),  # Message-ID of the first mail, or empty
    Column("at", String, nullable=False),  # the update's time
    Column("rank", Integer, nullable=False),
    Column("not_before", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("token", String),
    Column("worker", String),
    Column("boot", String),
    Column("receipt", String, nullable=False, default=""),
    Column("url", String, nullable=False, default=""),
    Column("message_id", String, nullable=False, default=""),
    Column("evidence", Text, nullable=False, default="{}"),
    Column("changed_at", String, nullable=False),
    UniqueConstraint("incident", "update_id", "channel", "account", "recipient", "number"),
    Index("deliveries_by_stage", "publication", "channel", "state", "rank", "id"),
    Index("deliveries_by_reader", "incident", "channel", "account", "recipient"),
    Index("deliveries_by_kind", "incident", "kind"),
)

#: What stands at an address now: the site's content and the memo, by incident and language.
standing = Table(
    "standing",
    METADATA,
    Column("incident", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("language", String, primary_key=True),
    Column("digest", String, nullable=False),
)

holds = Table(
    "holds",
    METADATA,
    Column("scope", String, primary_key=True),
    Column("since", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
)

#: One entry per change, each chained to the one before it.
audit = Table(
    "audit",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
)

_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ncpfs"})


def open_engine(path: Path, *, durable: bool) -> Engine:
    """Open a ledger file. `durable` syncs every commit to disk; otherwise a commit survives a crash but not a power cut.

    A connection with the option `reads` takes no lock. Raises CrisiscommsError on a network file system: locks there
    do not hold, and two machines could send the same.
    """
    refuse_network(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred BEGIN that turns into a write fails at once instead of waiting for the other writer.
        reads = connection.get_execution_options().get("reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def refuse_network(path: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Raise CrisiscommsError where a path lies on a network file system. `mounts` is where the system lists its own."""
    if not mounts.exists():
        return
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, written, found, *_ = line.split(" ")
        where = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), written)  # a space is written as \040
        if str(path.resolve()).startswith(where.rstrip("/") + "/") and len(where) >= len(best):
            best, kind = where, found
    if kind in _REMOTE:
        raise CrisiscommsError(
            f"the ledger {relative(path)} is on a network drive ({kind})",
            why="File locks do not hold there, so the same mail could go out twice.",
            fix="Move the workspace to a local disk.",
        )
