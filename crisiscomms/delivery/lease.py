"""How long a worker may act on what it holds. Whoever slept past its lease sends no last byte any more."""

from __future__ import annotations

import time
from collections.abc import Iterable

from crisiscomms.ledger import Ledger, Row
from crisiscomms.ledger.working import RENEW_AFTER

#: How many seconds before the end of its lease a worker stops sending.
_MARGIN = 5.0


class Lease:
    """The lease of what one worker holds. The earliest of its claims counts."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._renew_at = self._ends = 0.0

    def begin(self, began: float) -> None:
        """Note that everything in hand was claimed, or renewed, no earlier than at a time (see `moment`)."""
        length = self._ledger.lease
        self._ends = began + length - min(_MARGIN, length / 4)
        self._renew_at = began + min(RENEW_AFTER, length / 4)

    def keep(self, rows: Iterable[Row]) -> None:
        """Say in time that we are still there, for all rows in hand."""
        now = moment()
        if now >= self._renew_at:
            self._ledger.renew({row.claim for row in rows if row.claim is not None})
            self.begin(now)

    @property
    def is_over(self) -> bool:
        """Whether what we hold may be someone else's by now."""
        return moment() >= self._ends


def moment() -> float:
    """Return a time in seconds that goes on while the machine sleeps, where the system has such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
