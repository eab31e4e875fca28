"""A whole ledger to another place: a backup, a restored backup, or a database that many machines share."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.exc import DatabaseError

from crisiscomms.errors import CrisiscommsError, UsageError, relative
from crisiscomms.ledger.engines import MOVED
from crisiscomms.ledger.ledger import Ledger
from crisiscomms.ledger.store import Store, open_store
from crisiscomms.ledger.tables import METADATA, audit
from crisiscomms.ledger.trail import Trail

_PORTION = 5_000


def back_up(ledger: Ledger, path: Path) -> int:
    """Write everything of a ledger, as it is at one moment, into a new file. Returns the number of audit entries.

    Others may go on publishing. Raises UsageError where the file is there already.
    """
    if path.exists():
        raise UsageError(
            f"{relative(path)} is there already", why="A backup never replaces another.", fix="Name another."
        )
    draft = path.with_name(f".{path.name}.part")
    for left in path.parent.glob(f"{draft.name}*"):
        left.unlink()
    copy = open_store(draft)
    try:
        entries = copy_all(ledger.store, copy)
    finally:
        copy.close()
    with closing(sqlite3.connect(draft)) as file:  # everything into the one file, so that it can be carried away
        file.execute("PRAGMA journal_mode=DELETE")
    draft.replace(path)
    return entries


def put_back(path: Path, ledger: Ledger) -> int:
    """Copy a backup into an empty ledger. Returns the number of audit entries. The backup's file stays as it is.

    Raises UsageError where the file is no backup or the ledger is not empty.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {relative(path)}", fix="Name a file that crisiscomms ledger backup wrote.")
    with TemporaryDirectory() as folder:  # opening a ledger writes to it
        copy = Path(shutil.copyfile(path, Path(folder) / "backup.db"))
        no_ledger = UsageError(
            f"{relative(path)} is no ledger", fix="Name a file that crisiscomms ledger backup wrote."
        )
        try:
            source = open_store(copy)
        except CrisiscommsError as error:
            raise no_ledger from error
        try:
            if Trail(source).anchor() is None:
                raise no_ledger
            return copy_all(source, ledger.store)
        except DatabaseError as error:
            raise no_ledger from error
        finally:
            source.close()


def copy_all(source: Store, target: Store) -> int:
    """Copy every row of a ledger into an empty one, in one transaction, and read the copy's audit trail back.

    Returns the number of audit entries. Raises UsageError where the target holds anything, and CrisiscommsError where
    the trail does not hold: nothing is copied then.
    """
    _prove(source)
    with source.read(one_moment=True) as reading, target.write() as writing:
        if any(writing.execute(select(func.count()).select_from(table)).scalar() for table in METADATA.sorted_tables):
            raise UsageError(
                f"{target.name} is not empty",
                why="Two ledgers cannot be made one: some people would hear it twice.",
                fix="Name an empty database, or one that is not there yet.",
            )
        for table in METADATA.sorted_tables:
            _copy(table, reading, writing)
        if target.shared:
            _count_on(writing)
        entries = int(writing.execute(select(func.max(audit.c.seq))).scalar() or 0)
    _prove(target)
    return entries


def move_all(source: Store, target: Store) -> int:
    """Copy a ledger into an empty database, or find it there: a move may have ended before anybody was told of it.

    Returns the number of audit entries. Raises as `copy_all` does.
    """
    there, here = Trail(target).anchor(), Trail(source).anchor()
    if there is not None and there == here:
        _prove(target)
        return there.seq
    return copy_all(source, target)


@contextmanager
def leaving(store: Store) -> Iterator[None]:
    """Keep everybody from writing to a file whose rows are being copied, and let nobody write there once they are."""
    with store.write() as connection:
        yield
        for change in ("INSERT", "UPDATE", "DELETE"):
            for table in METADATA.sorted_tables:
                name = f"moved_{table.name}_{change.lower()}"
                said = f"SELECT RAISE(ABORT, '{MOVED}')"
                connection.exec_driver_sql(
                    f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {change} ON {table.name} BEGIN {said}; END"
                )


def _prove(store: Store) -> None:
    """Read a ledger's trail. Raises CrisiscommsError where it does not hold."""
    _, flaw = Trail(store).verify()
    if flaw:
        raise CrisiscommsError(
            f"the audit trail of {store.name} does not hold: {flaw.words.rstrip('.')}",
            why="Nobody could prove any more what was sent.",
            fix="Take a ledger whose trail holds. Look at this one with: crisiscomms audit verify",
        )


def _copy(table: Table, reading: Connection, writing: Connection) -> None:
    with reading.execution_options(yield_per=_PORTION).execute(select(table)) as found:
        for portion in found.mappings().partitions(_PORTION):
            writing.execute(insert(table), [dict(row) for row in portion])


def _count_on(connection: Connection) -> None:
    """Let PostgreSQL number new rows after those that were copied with their numbers."""
    for table in METADATA.sorted_tables:
        if "id" in table.c:
            sequence = func.pg_get_serial_sequence(table.name, "id")
            following = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
            connection.execute(select(func.setval(sequence, following, False)))  # noqa: FBT003 -- SQL's own argument
