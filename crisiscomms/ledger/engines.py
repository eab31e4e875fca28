"""How connections to the ledger's database begin: a SQLite file, or PostgreSQL. One writer at a time on both."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from crisiscomms.errors import CrisiscommsError, Unreachable
from crisiscomms.ledger.machine import refuse_network
from crisiscomms.ledger.turns import take_turn

#: What a file says to whoever writes to it after its rows were moved elsewhere.
MOVED = "this ledger was moved"


def driver_of(connection: Connection) -> Any:
    """Return the driver's own connection: what SQLAlchemy lays around it costs as much as a small statement."""
    return connection.connection.dbapi_connection


def failure(error: BaseException) -> Unreachable | None:
    """Say in words that a database failed in the middle, or its disk. None where an error is about something else.

    Only the database's own words are repeated: what was to be written is not.
    """
    behind = error.orig if isinstance(error, DBAPIError) else error
    if MOVED in str(behind):
        return Unreachable(
            "the ledger was moved into a database a moment ago",
            why="Nothing was written into the file that is left.",
            fix="Run the command again: it goes to the new place.",
        )
    names = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(behind).__mro__}
    if not names & {"sqlite3.OperationalError", "psycopg.OperationalError"}:
        return None
    return Unreachable(
        f"the ledger failed in the middle: {str(behind).partition(chr(10))[0]}",
        why="Without it nothing goes out. What was sent until then is in it.",
        fix="Check that its disk has room and can be written, or that its database runs. Then run the command again: nobody is told twice.",
    )


def engine_of_database(url: URL) -> Engine:
    """Return what connects to a PostgreSQL database. Raises CrisiscommsError."""
    try:
        engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ImportError as error:
        raise CrisiscommsError(
            "the ledger is in PostgreSQL, and the package for that is not installed",
            why="Nothing can be read or sent.",
            fix='Install it: pip install "crisiscomms[postgres]"',
        ) from error

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("reads") and not options.get("begun"):
            take_turn(driver_of(connection))

    return engine


def engine_of_file(path: Path, *, durable: bool) -> Engine:
    """Return what opens a SQLite file. `durable`: the end of each transaction survives a power cut."""
    refuse_network(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        URL.create("sqlite", database=str(path)), connect_args={"timeout": 30, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        # The same pages change again and again while mails go out: they are written back to the file less often. What does
        # not fit into a small cache the system keeps, so that a large list takes no more memory than a small one.
        connection.execute("PRAGMA wal_autocheckpoint=8000")
        connection.execute("PRAGMA cache_size=-8000")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred BEGIN that turns into a write fails at once instead of waiting for the other writer.
        options = connection.get_execution_options()
        if not options.get("begun"):
            connection.exec_driver_sql("BEGIN" if options.get("reads") else "BEGIN IMMEDIATE")

    return engine
