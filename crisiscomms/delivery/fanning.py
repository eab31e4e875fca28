"""Mails at speed: many connections, driven in turns, each turn one transaction of the ledger.

A turn writes how the last mails ended and which ones begin, all at once, and only then the last bytes go out. So the
ledger keeps up with the wire, and still every mail has its mark before the byte that may reach someone.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from crisiscomms.channels.base import Caps, Fan, NotSent, Rejected
from crisiscomms.delivery.lease import Lease, moment
from crisiscomms.delivery.outcomes import Failures, Outcome, ending
from crisiscomms.delivery.outside import Outside
from crisiscomms.ledger import Ledger, Row, Stage, State
from crisiscomms.ledger.rows import Begin, Ending, Worker

#: How many rows one worker has in hand at most: after a power cut so many are in doubt.
BATCH = 200

#: How many rows are claimed at once at least, where that many wait: each time the disk is waited for.
_LEAST = 25

#: After how many new objects Python looks for cycles among them while mails go out, of which hardly any is in one.
_NEW_OBJECTS = 20_000

Ended = Callable[[Row, Outcome, State], None]


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let the garbage collector rest: it would go through all that lives a thousand times, at a tenth of a mail's cost."""
    before = gc.get_threshold()
    if before[0] == _NEW_OBJECTS:  # another drain of this process lets it rest already
        yield
        return
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@dataclass
class Fanning:
    """Sends one stage through a fan. `ended` is told how each attempt ended. Once `stopping` says so, no more begins."""

    ledger: Ledger
    stage: Stage
    fan: Fan
    caps: Caps
    outside: Outside
    ended: Ended
    failures: Failures = field(default_factory=Failures)
    stopping: Callable[[], bool] = lambda: False
    _flying: dict[int, Begin] = field(default_factory=dict)
    _gone: set[int] = field(default_factory=set)
    _dry: bool = False
    _endings: list[tuple[Ending, Outcome]] = field(default_factory=list)
    _lease: Lease = field(init=False)
    _few: int = field(init=False)

    def __post_init__(self) -> None:
        self._lease = Lease(self.ledger)
        # One after its last byte, one before it, and one that is next, on each connection, as far as there is room for.
        self._few = min(3 * self.caps.connections, BATCH - _LEAST)

    async def run(self) -> bool:
        """Send what may go now. False: too much failed in a row, or we are to stop, and the rest was given back."""
        with _seldom_collected():
            return await self._run()

    async def _run(self) -> bool:
        while True:
            going = not self.failures.too_many and not self.stopping()
            if going and not self._dry and len(self._flying) < self._few:
                self._claim(BATCH - len(self._flying))
            if self._endings:
                await self._turn([])
            if not self._flying:
                return going
            found = await self.fan.turn()
            for tag, outcome in found.ended:
                self._note(self._flying.pop(tag).row, outcome)
                self._gone.discard(tag)
            await self._turn([self._flying[tag] for tag in found.edge if tag in self._flying])
            if self.failures.too_many or self.stopping():
                self._give_back()

    def _note(self, row: Row, outcome: Outcome) -> None:
        self.failures.count(outcome)
        self._endings.append((ending(row, outcome, self.ledger.clock), outcome))

    # -- rows in hand ------------------------------------------------------------------------------------------

    def _claim(self, most: int) -> None:
        began = moment()
        rows = self.ledger.claim(self.stage, Worker.this(), most=most, per_second=self.caps.per_second)
        self._dry = len(rows) < most
        if rows and not self._flying:
            self._lease.begin(began)
        # A row that others took back from us and left again may still be on its way out: it is not given twice.
        if twice := [row for row in rows if row.id in self._flying]:
            self.ledger.give_back(twice)
        self._give([row for row in rows if row.id not in self._flying])

    def _give(self, rows: Sequence[Row]) -> None:
        """Give rows to the fan, all at once: between other work each would take half as long again, as caches are small."""
        for number, row in enumerate(rows, 1):
            try:
                prepared, readers = self.outside.prepare(row)
            except NotSent as failure:
                self._note(row, failure)
            except Rejected as failure:
                self.failures.unfit += 1
                self._endings.append((ending(row, failure, self.ledger.clock), failure))
            else:
                self.failures.unfit = 0
                self._flying[row.id] = Begin(row, readers)
                self.fan.give(row.id, prepared)
                continue
            if self.failures.too_many:
                self.ledger.give_back(rows[number:])
                return

    def _give_back(self) -> None:
        """Let go of everything of which nobody can have got the last byte."""
        tags = [tag for tag in self._flying if tag not in self._gone]
        self.fan.stop(tags)
        self.ledger.give_back([self._flying.pop(tag).row for tag in tags])

    # -- the turn ----------------------------------------------------------------------------------------------

    async def _turn(self, begins: list[Begin]) -> None:
        """Write what ended and what begins, then let the last bytes go."""
        self._lease.keep(one.row for one in self._flying.values())
        endings, self._endings = self._endings, []
        begun = self.ledger.turn(begins, [one for one, _ in endings])
        for one, outcome in endings:
            if one.row.id in begun.ended:
                self.ended(one.row, outcome, one.to)
        go = [one.row.id for one in begins if one.row.id in begun.go]
        kept_back = [one.row for one in begins if one.row.id not in begun.go]
        if self._lease.is_over:  # we slept in between: nobody may get a last byte from us any more
            self._stopped([self._flying[tag].row for tag in go], State.RETRY)
            go = []
        self._gone.update(go)
        self._stopped([row for row in kept_back if row.id in begun.held], State.PLANNED)
        self._stopped([row for row in kept_back if row.id not in begun.held], None)
        await self.fan.go(go)

    def _stopped(self, rows: list[Row], to: State | None) -> None:
        """Break mails off before their last byte."""
        if not rows:
            return
        self.fan.stop([row.id for row in rows])
        for row in rows:
            del self._flying[row.id]
        if to is not None:
            self.ledger.give_back(rows, to)
