"""Taking turns to write on PostgreSQL: whoever writes holds one advisory lock, and whoever froze with it loses it.

A server can end a session by itself that is idle in a transaction, but not after rows were sent to it in a pipeline: what
the library sends last there stops its clock. So those who wait look after it.
"""

from __future__ import annotations

from typing import Any

#: The key of the lock that makes writers take turns: "crisis" in ASCII.
TURN = 0x637269736973
#: After how many seconds without a word from it a session loses its turn: it keeps everybody waiting.
PATIENCE = 10.0

_TRY = f"SELECT pg_try_advisory_xact_lock({TURN})"
_WAIT = f"SELECT pg_advisory_xact_lock({TURN})"
#: Ends the sessions that hold the turn, and whose program has neither said nor taken anything for so long.
_FREE = f"""
SELECT pg_terminate_backend(session.pid)
FROM pg_locks AS held JOIN pg_stat_activity AS session USING (pid)
WHERE held.locktype = 'advisory' AND held.granted
  AND (held.classid::bigint << 32) + held.objid::bigint = {TURN}
  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND session.wait_event IN ('ClientRead', 'ClientWrite')
  AND session.state_change < clock_timestamp() - interval '{{}} seconds'
"""  # noqa: S608 -- nobody's words stand in it


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
            driver.execute(_FREE.format(PATIENCE))
        else:
            driver.execute("SET LOCAL lock_timeout = DEFAULT")
            return
