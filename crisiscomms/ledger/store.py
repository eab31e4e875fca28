"""Where the ledger lives: a SQLite file beside the workspace, or a PostgreSQL database that many machines share.

One rule on both: one writer at a time. SQLite has it by nature; on PostgreSQL every writing transaction first takes the
same advisory lock, so that the audit trail has one end, and what one worker claims no other does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, Executable, inspect, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from crisiscomms.errors import Busy, CrisiscommsError, Unreachable, relative
from crisiscomms.ledger.engines import driver_of, engine_of_database, engine_of_file
from crisiscomms.ledger.machine import boot_id
from crisiscomms.ledger.tables import METADATA
from crisiscomms.ledger.turns import hold_planning, take_turn

NOTHING: Mapping[str, Any] = {}
#: The line of history that a server writes: its successor has another. Where marks may be lost, the time of its start.
_SERVER = """
SELECT CASE WHEN current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'
            THEN 'history ' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
            ELSE 'start ' || pg_postmaster_start_time()::text END
"""


class _Compiled(NamedTuple):
    """A statement as text, the names of its values in their order, and the values that it brings along itself.

    The statement is kept, so that its id stays its own.
    """

    text: str
    names: tuple[str, ...]
    own: Mapping[str, Any]
    statement: Any


class Store:
    """One ledger's database. `where` is a file, or the URL of a PostgreSQL database."""

    def __init__(self, where: Path | URL) -> None:
        self.where = where
        self.shared = isinstance(where, URL)
        self._durable = self._open(durable=True)
        self._quick = self._durable if self.shared else self._open(durable=False)
        self._quick_connection: Connection | None = None
        self._planner: Any = None
        try:
            self._ensure_tables()
        except OperationalError as error:
            raise _unreachable(self.name) from error
        except DatabaseError as error:
            raise CrisiscommsError(
                f"the ledger {self.name} is damaged: it is not a database",
                why="Without it nobody knows what was sent, so nothing goes out.",
                fix="Move it away, then put a backup in its place: crisiscomms ledger restore FILE",
            ) from error

    def _ensure_tables(self) -> None:
        """Make what tables are missing. Where none is, take no lock: whoever only looks waits for no plan being written."""
        with self.read() as connection:
            missing = METADATA.tables.keys() - set(inspect(connection).get_table_names())
        if missing:
            with self._durable.begin() as connection:
                METADATA.create_all(connection)

    @property
    def name(self) -> str:
        """The ledger as people may see it: no password."""
        return self.where.render_as_string() if isinstance(self.where, URL) else relative(self.where)

    @property
    def address(self) -> str:
        """The database's address with its password, for a library that connects by itself. Never to be shown."""
        if not isinstance(self.where, URL):
            raise TypeError("a file has no address")
        return self.where.set(drivername="postgresql").render_as_string(hide_password=False)

    def close(self) -> None:
        """Close every connection."""
        marking, self._quick_connection = self._quick_connection, None
        if marking is not None:
            if not marking.invalidated and getattr(driver_of(marking), "closed", False):
                marking.invalidate()  # the database ended it
            marking.close()
        self._durable.dispose()
        self._quick.dispose()

    @contextmanager
    def read(self, *, one_moment: bool = False) -> Iterator[Connection]:
        """Open a connection that takes no lock. `one_moment`: it sees no change that comes while it is open."""
        # Readers of a file see one moment anyway.
        level = {"isolation_level": "REPEATABLE READ"} if one_moment and self.shared else {}
        with self._quick.connect().execution_options(reads=True, **level) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction whose end survives a power cut."""
        with self._durable.begin() as connection:
            yield connection

    @contextmanager
    def mark(self) -> Iterator[Connection]:
        """Open a transaction whose end survives the end of this process at any instant, but on SQLite no power cut.

        For one thread.
        """
        connection = self._marking()
        driver = driver_of(connection)
        driver.execute("BEGIN" if self.shared else "BEGIN IMMEDIATE")
        if self.shared:
            take_turn(driver)
        try:
            yield connection
        except BaseException:
            driver.execute("ROLLBACK")
            raise
        driver.execute("COMMIT")

    @contextmanager
    def between_marks(self) -> Iterator[Connection]:
        """Open a transaction as lasting as that of `write`, among many marks.

        On SQLite it goes over their connection: another one would have to read again what they changed, and they what it
        changed. For one thread.
        """
        if self.shared:
            with self.write() as connection:
                yield connection
            return
        try:
            self._marks_last(full=True)
            with self.mark() as connection:
                yield connection
        finally:
            self._marks_last(full=False)

    def _marks_last(self, *, full: bool) -> None:
        """Say whether the end of a mark is to survive a power cut."""
        driver_of(self._marking()).execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")

    def _marking(self) -> Connection:
        """Return the connection of marks, which is kept: there are thousands of them a second."""
        if self._quick_connection is None:
            self._quick_connection = self._quick.connect().execution_options(isolation_level="AUTOCOMMIT", begun=True)
        return self._quick_connection

    @contextmanager
    def planning(self, lease: float) -> Iterator[bool]:
        """Hold the right to plan on a shared database for as long as this is open. Yields whether we have it.

        Who is silent for longer than a lease (in seconds) loses it: see `refuse_if_overtaken`.
        """
        options = {"reads": True, "begun": True, "isolation_level": "AUTOCOMMIT"}
        with self._quick.connect() as connection:
            self._planner = driver_of(connection.execution_options(**options))
            try:
                with hold_planning(self._planner, lease) as held:
                    yield held
            finally:
                if self._planner.closed:
                    connection.invalidate()  # we were silent for too long, and others ended it
                self._planner = None

    def refuse_if_overtaken(self) -> None:
        """Make sure that the right to plan is still ours. Raises Busy where we were silent for too long, and lost it."""
        from psycopg import OperationalError  # noqa: PLC0415 -- only who shares a ledger has it

        try:
            if self._planner is not None:
                self._planner.execute("SELECT 1")
        except OperationalError as error:
            raise Busy(
                "this machine was silent for so long that others may publish by now",
                why="Two at once could say different things.",
                fix="Look at what is out, then publish again: crisiscomms status",
            ) from error

    def upsert(self, table: Any) -> Any:
        """Return an insert statement that can say what happens to a row that is there."""
        if self.shared:
            from sqlalchemy.dialects import postgresql  # noqa: PLC0415 -- a file does not need it, and it takes long to load

            return postgresql.insert(table)
        return sqlite.insert(table)

    def fold(self) -> None:
        """Fold what was written last into the file, so that a large plan does not stand on the disk twice."""
        if not self.shared:
            with self._durable.execution_options(reads=True).connect() as connection:
                connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @cached_property
    def boot(self) -> str:
        """What changes when marks that were made may be gone: this machine's start, or which server is the database.

        A database forgets nothing when it restarts, unless it is told not to wait for its disk: then its start counts.
        """
        if not self.shared:
            return boot_id()
        with self.read() as connection:
            return str(connection.exec_driver_sql(_SERVER).scalar())

    def seconds(self, connection: Connection) -> float:
        """Return the time that leases and pace are counted in: on PostgreSQL the database's, which all machines share."""
        if not self.shared:
            return time.time()
        return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar() or 0)

    def many(self, connection: Connection, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> int:
        """Run one statement for many rows of named values. Returns how many rows of the table changed."""
        names = self._compiled(statement).names
        return self.each(connection, statement, names, [tuple(row[name] for name in names) for row in rows])

    def each(
        self, connection: Connection, statement: Executable, names: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> int:
        """Run one statement for many rows, past everything that would cost more than the statement.

        `names` says which of the statement's values stands where in a row. Returns how many rows of the table changed.
        """
        if not rows:
            return 0
        made = self._compiled(statement)
        given = rows if made.names == names else list(map(_in_order(made.names, tuple(names)), rows))
        cursor = driver_of(connection).cursor()
        cursor.executemany(made.text, given)
        return int(cursor.rowcount)

    def ask(self, connection: Connection, statement: Executable, values: Mapping[str, Any] = NOTHING) -> list[Any]:
        """Run a small statement that runs thousands of times, past what would cost more than it does. Returns its rows."""
        made = self._compiled(statement)
        given = {**made.own, **values}
        found = driver_of(connection).execute(made.text, [given[name] for name in made.names])
        return list(found.fetchall())

    @contextmanager
    def attempt(self, connection: Connection) -> Iterator[Callable[[], None]]:
        """Open a part of a transaction that can be taken back alone, by calling what it yields."""
        driver = driver_of(connection)
        driver.execute("SAVEPOINT attempt")
        yield lambda: driver.execute("ROLLBACK TO SAVEPOINT attempt") and None
        driver.execute("RELEASE SAVEPOINT attempt")

    def _compiled(self, statement: Any) -> _Compiled:
        found = self._texts.get(id(statement))
        if found is None:
            dialect: Any = type(self._durable.dialect)
            made = statement.compile(dialect=dialect(paramstyle="format" if self.shared else "qmark"))
            own = {name: value for name, value in made.params.items() if value is not None}
            found = _Compiled(str(made), tuple(made.positiontup), own, statement)
            self._texts[id(statement)] = found
        return found

    @cached_property
    def _texts(self) -> dict[int, _Compiled]:
        return {}

    def _open(self, *, durable: bool) -> Engine:
        if isinstance(self.where, URL):
            return engine_of_database(self.where)
        return engine_of_file(self.where, durable=durable)


@lru_cache
def _in_order(wanted: tuple[str, ...], given: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    """Return what puts values that stand in one order into another."""
    return itemgetter(*(given.index(name) for name in wanted))


def open_store(where: Path | str, password: str | None = None) -> Store:
    """Open a ledger: a file's path, or a PostgreSQL URL. Raises CrisiscommsError, which never repeats a password."""
    if isinstance(where, Path):
        return Store(where)
    try:
        url = make_url(where)
        return Store(url.set(password=password) if password else url)
    except SQLAlchemyError:
        raise _unreachable("the ledger's database") from None  # the library's words repeat the URL


def _unreachable(name: str) -> Unreachable:
    return Unreachable(
        f"cannot open the ledger {name}",
        why="Without it nobody knows what was sent, so nothing goes out.",
        fix="Check that the database runs, its name and the password, or that the disk can be written.",
    )
