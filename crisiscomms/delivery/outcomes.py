"""What the outcome of an attempt means for its row, and for the rows after it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crisiscomms.channels.base import NotSent, OutcomeUnknown, Receipt, Rejected
from crisiscomms.ledger import Row, State
from crisiscomms.ledger.rows import Ending, Worker
from crisiscomms.published import iso

Outcome = Receipt | NotSent | Rejected | OutcomeUnknown
#: A message that certainly did not arrive is given up after so many attempts, and not before so long after its time.
MOST_ATTEMPTS, LONGEST = 25, timedelta(hours=72)
#: How many seconds lie between the first attempts at most, and between the last.
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 1800.0
#: After so many certain failures in a row a channel is left alone until the next run: where they are about the place,
#: and where each is about one reader.
MOST_IN_A_ROW, MOST_READERS_IN_A_ROW = 3, 20
#: After so many refusals in a row it is left alone too: a place that takes nobody at all is set up wrongly, and each
#: refusal is for good. Where it took some, the others may just be addresses that are gone.
MOST_REFUSED_AT_FIRST, MOST_REFUSED_IN_A_ROW = 20, 500
#: For how many seconds workers leave such a place alone: they would come back every few, and lose a whole list.
AFTER_REFUSALS = 600.0


def ending(row: Row, outcome: Outcome, clock: Callable[[], datetime]) -> Ending:
    """Return how an attempt ended, as the ledger writes it."""
    if isinstance(outcome, Receipt):
        return Ending(row, State.SENT, outcome.id, outcome.url)
    now = clock()
    evidence = {"reason": outcome.reason, **outcome.evidence}
    if isinstance(outcome, Rejected):
        return Ending(row, State.FAILED, evidence=evidence)
    if isinstance(outcome, OutcomeUnknown):
        said = {"phase": "after its last byte", "since": iso(now), "worker": Worker.this().name}
        return Ending(row, State.DOUBT, evidence={**said, **evidence})
    if row.attempts + 1 >= MOST_ATTEMPTS and now - datetime.fromisoformat(row.at) > LONGEST:
        return Ending(row, State.FAILED, evidence={**evidence, "attempts": str(row.attempts + 1)})
    if outcome.retry_after:
        evidence["asked"] = f"{outcome.retry_after:.0f} seconds of patience"
    later = now + timedelta(
        seconds=math.ceil(wait(row.attempts, outcome.retry_after))
    )  # the ledger knows whole seconds
    return Ending(row, State.RETRY, evidence=evidence, not_before=iso(later))


def wait(attempts: int, asked: float | None) -> float:
    """Return after how many seconds to try again: longer each time, and not all at once. What a place asks for it gets."""
    doubled = min(_FIRST_WAIT * 2.0 ** min(attempts, 20), _LONGEST_WAIT)
    usual = doubled * random.uniform(0.5, 1.0)  # noqa: S311 -- only spreads attempts
    return max(usual, asked + 1 if asked else 0.0)


@dataclass
class Failures:
    """How many certain failures came in a row: about the place, and about single readers.

    `unfit` are messages that could not even be made: no place has refused those.
    """

    place: int = 0
    readers: int = 0
    asked: float = field(default=0.0)
    refused: int = 0
    took: bool = False
    unfit: int = 0

    def count(self, outcome: Outcome) -> None:
        """Count the end of one attempt. What a place does in passing with everyone says nothing."""
        if isinstance(outcome, Receipt):
            self.place = self.readers = self.refused = 0
            self.took = True
        elif isinstance(outcome, Rejected):
            self.place = self.readers = 0
            self.refused += 1
        elif not getattr(outcome, "in_passing", False):
            if getattr(outcome, "only_this", False):
                self.readers += 1
            else:
                self.place += 1
                self.asked = max(self.asked, getattr(outcome, "retry_after", None) or 0.0)

    @property
    def too_many(self) -> bool:
        """Whether the place had better be left alone."""
        return bool(self.for_good) or self.place >= MOST_IN_A_ROW or self.readers >= MOST_READERS_IN_A_ROW

    @property
    def for_good(self) -> str:
        """Why something must be set up wrongly, as so many failed for good. Empty where they did not."""
        if self.refused >= (MOST_REFUSED_IN_A_ROW if self.took else MOST_REFUSED_AT_FIRST):
            return f"it refused {self.refused} messages one after the other"
        if self.unfit >= MOST_REFUSED_AT_FIRST:
            return f"{self.unfit} messages one after the other could not be made"
        return ""
