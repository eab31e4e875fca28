"""Taking turns to write on PostgreSQL: whoever writes holds one advisory lock, and whoever froze with it loses it.

A server can end a session by itself that is idle in a transaction, but not after rows were sent to it in a pipeline: what
the library sends last there stops its clock. So those who wait look after it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

#: The key of the lock that makes writers take turns: "crisis" in ASCII.
TURN = 0x637269736973
#: The key of the lock of whoever plans.
PLANNING = TURN + 1
#: After how many seconds without a word from it a session loses its turn: it keeps everybody waiting.
PATIENCE = 10.0
#: How many seconds a session that is ended takes to let go of its locks.
_LETTING_GO = 0.5

_TRY = f"SELECT pg_try_advisory_xact_lock({TURN})"
_WAIT = f"SELECT pg_advisory_xact_lock({TURN})"
#: Ends the sessions that hold a lock, and whose program has neither said nor taken anything for so long.
_FREE = """
SELECT pg_terminate_backend(session.pid)
FROM pg_locks AS held JOIN pg_stat_activity AS session USING (pid)
WHERE held.locktype = 'advisory' AND held.granted
  AND (held.classid::bigint << 32) + held.objid::bigint = {key}
  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND session.wait_event IN ('ClientRead', 'ClientWrite')
  AND session.state_change < clock_timestamp() - interval '{seconds} seconds'
"""


def take_turn(driver: Any) -> None:
    """Wait for the turn to write, in a transaction of `driver`, a connection of psycopg. Raises its errors."""
    if driver.execute(_TRY).fetchone()[0]:
        return
    from psycopg.errors import LockNotAvailable  # noqa: PLC0415 -- only who shares a ledger has it

    while True:
        driver.execute("SAVEPOINT turn")
        driver.execute(f"SET LOCAL lock_timeout = '{PATIENCE}s'")
        try:
            driver.execute(_WAIT)
        except LockNotAvailable:
            driver.execute("ROLLBACK TO SAVEPOINT turn")
            driver.execute(_FREE.format(key=TURN, seconds=PATIENCE))
        else:
            driver.execute("SET LOCAL lock_timeout = DEFAULT")
            return


@contextmanager
def hold_planning(driver: Any, lease: float) -> Iterator[bool]:
    """Hold the right to plan, and show signs of life meanwhile. Yields whether we have it.

    Whoever has shown none for as long as a lease loses it. `driver` commits by itself, and serves nothing else.
    """
    held = _try_planning(driver)
    if not held and driver.execute(_FREE.format(key=PLANNING, seconds=lease)).fetchall():
        time.sleep(_LETTING_GO)
        held = _try_planning(driver)
    over = threading.Event()
    beat = threading.Thread(target=_show_life, args=(driver, over, lease / 4), daemon=True)
    if held:
        beat.start()
    try:
        yield held
    finally:
        over.set()
        if held:
            beat.join()
            from psycopg import OperationalError  # noqa: PLC0415

            with suppress(OperationalError):
                driver.execute(f"SELECT pg_advisory_unlock({PLANNING})")


def _try_planning(driver: Any) -> bool:
    return bool(driver.execute(f"SELECT pg_try_advisory_lock({PLANNING})").fetchone()[0])


def _show_life(driver: Any, over: threading.Event, every: float) -> None:
    from psycopg import OperationalError  # noqa: PLC0415

    while not over.wait(every):
        try:
            driver.execute("SELECT 1")
        except OperationalError:
            return
