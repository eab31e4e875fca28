"""The drain: the one function that sends. Safe to kill, to run twice, and to run on many machines.

For each row: claim it, prepare it, note `sending` right before the byte that may reach someone, write how it ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from crisiscomms.channels.base import Caps, Channel, NotSent, OutcomeUnknown, Receipt, Rejected
from crisiscomms.delivery.fanning import BATCH, Fanning
from crisiscomms.delivery.lease import Lease, moment
from crisiscomms.delivery.outcomes import AFTER_REFUSALS, Failures, Outcome, ending
from crisiscomms.delivery.outside import Outside, not_sent
from crisiscomms.delivery.sites import Stands, Together, shared, switch, switched_again
from crisiscomms.delivery.tally import Tally
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, Row, Stage, State
from crisiscomms.ledger.rows import Begin, Ending, Worker
from crisiscomms.ledger.states import OUT
from crisiscomms.published import STANDING

#: How often one run tries what certainly did not arrive, and how many seconds it waits for that at most.
ROUNDS, PATIENCE = 3, 6.0
#: How often a message whose channel would rather send twice is sent again unasked.
MOST_RESENDS = 2

_T = TypeVar("_T")


class LostRow(Exception):
    """The row is no longer ours, was put on hold, or its reader asked for no more mail, a moment ago."""


@dataclass
class Drain:
    """Sends what the ledger holds. `standing` carries out the deliveries that are no messages: the site and the memo.

    `together` carries out several of one site in one go. Once `stopping` says so, nothing more is begun.
    """

    ledger: Ledger
    channels: Mapping[str, Channel]
    secret: Callable[[str, str], str]
    standing: Callable[[Row], tuple[Receipt, Stands]]
    progress: Callable[[Row, State], None] = lambda _row, _state: None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    tally: Tally = field(default_factory=Tally)
    together: Together | None = None
    stopping: Callable[[], bool] = lambda: False

    def run(self, publications: list[int], channels: frozenset[str] | None = None) -> Tally:
        """Send everything of these publications that may go now, in its order. Returns what happened.

        `channels`: only through these.
        """
        self.tally = Tally()
        asyncio.run(self._run(publications, channels))
        return self.tally

    async def _run(self, publications: list[int], channels: frozenset[str] | None) -> None:
        stopped: set[str] = set()
        async with AsyncExitStack() as stack:
            outside = Outside(self.ledger, self.channels, self.secret, stack)
            for number in range(ROUNDS):
                self._sites(publications, stopped, channels)
                for stage in self.ledger.stages(publications):
                    if channels is not None and stage.channel not in channels:
                        continue
                    if stage.channel not in stopped and not await self._stage(stage, outside):
                        stopped.add(stage.channel)
                self._by_policy(outside)
                if number + 1 == ROUNDS or not await self._wait(publications, stopped):
                    break
        if channels is None:
            self._look_back(publications)

    def _sites(self, publications: list[int], stopped: set[str], channels: frozenset[str] | None) -> None:
        """Switch each site once where several incidents change it. One by one is for what is left."""
        waiting = (stage for stage in self.ledger.stages(publications) if stage.channel not in stopped)
        mine = [stage for stage in waiting if channels is None or stage.channel in channels]
        for stages in shared(mine, self.channels):
            if self.together and not switch(self.ledger, stages, self._together, self._ended):
                stopped.add(stages[0].channel)

    async def _wait(self, publications: list[int], stopped: set[str]) -> bool:
        """Wait for what can be tried again soon. False: there is no such thing."""
        stages = [stage for stage in self.ledger.stages(publications) if stage.channel not in stopped]
        if any(self.ledger.ready(stage) for stage in stages):
            await self.sleep(0.5)
            return True
        coming = self.ledger.next_time(publications) if stages else ""
        seconds = (datetime.fromisoformat(coming) - self.ledger.clock()).total_seconds() if coming else PATIENCE + 1
        if seconds > PATIENCE:
            return False
        await self.sleep(max(seconds, 0.1))
        return True

    def _look_back(self, publications: list[int]) -> None:
        ledger, stages = self.ledger, self.ledger.stages(publications)
        no_site = any(stage.rank == 0 for stage in stages) or any(r.kind == "site" for r in ledger.rows(State.DOUBT))
        held = ledger.held_back(publications) + ledger.kept_for_later(publications)
        free = ledger.left(publications) - held
        if no_site and free and any(stage.rank > 0 for stage in stages):
            self.tally.problem("the site is not out, so nothing that links to it was sent")

    async def _stage(self, stage: Stage, outside: Outside) -> bool:
        """Send the rows of one stage, at the pace of its channel. False: leave the channel alone for now."""
        channel = self.channels.get(stage.channel)
        per_second = channel.caps.per_second if channel else None
        failures = Failures()
        while True:
            if channel is not None and channel.caps.fans:
                going = await self._fan(stage, outside, failures, channel.caps)
            else:
                going = self._one_by_one(stage, outside, failures)
            if failures.asked:
                self.ledger.ask_patience(stage.channel, failures.asked)
                failures.asked = 0.0  # what it asked for once it gets once
            if failures.for_good:
                self._leave_alone(stage.channel, failures.for_good)
            if not going:
                return False
            pause = self.ledger.wait(stage.channel, per_second)
            if pause > PATIENCE:
                self.tally.problem(f"{stage.channel}: the place asked for {pause:,.0f} seconds of patience")
                return False
            if not self.ledger.ready(stage):
                return True
            # Without a pause the pace allows more by now than it did when the last of them were claimed.
            await self.sleep(pause)

    def _leave_alone(self, channel: str, why: str) -> None:
        """Say why nothing goes through a channel, and keep workers from it for a while."""
        self.tally.problem(f"{channel}: {why}, so it is left alone")
        if self.ledger.store.shared:
            self.ledger.ask_patience(channel, AFTER_REFUSALS)

    async def _fan(self, stage: Stage, outside: Outside, failures: Failures, caps: Caps) -> bool:
        try:
            fan = await outside.fan(stage.channel)
        except NotSent as failure:
            self.tally.problem(f"{stage.channel}: {failure.reason}")
            return False
        ended, stopping = self._ended, self.stopping
        return await Fanning(self.ledger, stage, fan, caps, outside, ended, failures, stopping).run()

    def _one_by_one(self, stage: Stage, outside: Outside, failures: Failures) -> bool:
        """Send one row after the other. For what comes in small numbers: sites, memos, posts, files."""
        lease, began = Lease(self.ledger), moment()
        while rows := self.ledger.claim(stage, Worker.this(), most=BATCH):
            lease.begin(began)
            for index, row in enumerate(rows):
                lease.keep([row])
                try:
                    self._row(row, outside, failures, lease)
                except LostRow:
                    if self.ledger.held(row):
                        self.ledger.give_back(rows[index + 1 :])
                        break
                if failures.too_many or self.stopping() or (failures.place and row.kind in STANDING):
                    self.ledger.give_back(rows[index + 1 :])
                    return False
            began = moment()
        return True

    def _row(self, row: Row, outside: Outside, failures: Failures, lease: Lease) -> None:
        """Send one row, and write how it ended. Raises LostRow."""
        stands: Stands = {}
        try:
            outcome: Outcome
            outcome, stands = self._attempt(row, outside, lease)
        except (NotSent, Rejected) as failure:
            outcome = failure
        except OutcomeUnknown as failure:
            outcome = outside.find(row) or failure
        failures.count(outcome)
        end = ending(row, outcome, self.ledger.clock)
        if self.ledger.settle(end._replace(stands=stands)):
            self._ended(row, outcome, end.to)

    def _ended(self, row: Row, outcome: Outcome, to: State) -> None:
        """Count how an attempt ended, and say so."""
        self.progress(row, to)
        if isinstance(outcome, Receipt):
            self.tally.sent += 1
            self.tally.over(row.id)
            return
        about = row.recipient if isinstance(outcome, Rejected | OutcomeUnknown) else ""
        if isinstance(outcome, NotSent):
            about = f"{row.channel}, {row.recipient}" if outcome.only_this else row.channel
        self.tally.problem(f"{about or row.channel}: {outcome.reason}", row.id)
        self.tally.failed += to is State.FAILED
        self.tally.doubt += to is State.DOUBT

    def _attempt(self, row: Row, outside: Outside, lease: Lease) -> tuple[Receipt, Stands]:
        if row.kind in STANDING:
            self._edge(row, (), lease)
            return self._stand(row)
        prepared, readers = outside.prepare(row)
        parent = self._parent(row)
        sender = outside.sender(row.channel)
        return sender.send(prepared, parent=parent, edge=lambda: self._edge(row, readers, lease)), {}

    def _stand(self, row: Row) -> tuple[Receipt, Stands]:
        """Do what can be done again without harm. Raises NotSent."""
        return self._written(lambda: self.standing(row))

    def _together(self, rows: Sequence[Row]) -> tuple[Receipt, Sequence[Stands]]:
        together = self.together
        assert together  # noqa: S101 -- the callers asked
        return self._written(lambda: together(rows))

    @staticmethod
    def _written(write: Callable[[], _T]) -> _T:
        try:
            return write()
        except CrisiscommsError as error:
            raise not_sent(error) from error
        except OSError as error:
            raise NotSent.by_disk(error) from error

    def _edge(self, row: Row, readers: tuple[str, ...], lease: Lease) -> None:
        begun = self.ledger.turn([Begin(row, readers)], ())
        if row.id not in begun.go:
            if row.id in begun.held:
                self.ledger.give_back([row])
            raise LostRow
        if lease.is_over:  # we slept since: the row may be in other hands
            self.ledger.settle(Ending(row, State.RETRY))
            raise LostRow

    def _parent(self, row: Row) -> Receipt | None:
        """Return the receipt of the post that this one answers to. Raises NotSent while that one is in doubt."""
        if row.recipient:
            return None
        first = self.ledger.first_out(row)
        if first is None:
            return None
        if first.state not in OUT:
            raise NotSent(
                f"the first post of {row.incident} is in doubt, so this one has nothing to answer to yet: crisiscomms doubt list"
            )
        return Receipt(first.receipt, first.url) if first.receipt else None

    # -- doubt -------------------------------------------------------------------------------------------------

    def read_back(self, rows: list[Row]) -> int:
        """Settle rows in doubt without a person: by doing again what may be done again, or by asking the place.

        Returns how many were settled. What the place does not have stays in doubt: it may be slow to show it.
        """
        return asyncio.run(self._read_back(rows)) if rows else 0

    async def _read_back(self, rows: list[Row]) -> int:
        sites = [row for row in rows if row.kind == "site"]
        one_site = len(sites) > 1 and len({row.channel for row in sites}) == 1
        settled = switched_again(self.ledger, sites, self._together) if self.together and one_site else 0
        rows = [row for row in rows if row not in sites] if settled else rows
        async with AsyncExitStack() as stack:
            outside = Outside(self.ledger, self.channels, self.secret, stack)
            for row in rows:
                try:
                    receipt, stands = self._again(row, outside)
                except (NotSent, Rejected, OutcomeUnknown):
                    continue
                if receipt is not None:
                    evidence = {"found": "by reading back", **receipt.evidence}
                    end = Ending(row, State.SENT, receipt.id, receipt.url, evidence, stands=stands)
                    settled += self.ledger.found(end)
        return settled

    def _again(self, row: Row, outside: Outside) -> tuple[Receipt | None, Stands]:
        if row.kind in STANDING:
            return self._stand(row)
        channel = self.channels.get(row.channel)
        if channel is not None and channel.caps.repeats and not self.ledger.may_not_go(row):
            prepared, _ = outside.prepare(row)
            sender = outside.sender(row.channel)
            return sender.send(prepared, parent=self._parent(row), edge=lambda: None), {}
        return outside.find(row), {}

    def _by_policy(self, outside: Outside) -> None:
        """Settle doubts as the plan said beforehand: rather silence, or rather twice. `ask` leaves them to a person."""
        words = {"silence": (State.CLOSED, "rather silence"), "duplicate": (State.PLANNED, "rather twice than never")}
        for row in self.ledger.rows(State.DOUBT):
            if row.policy in words and outside.find(row) is None:
                to, reason = words[row.policy]
                resent = self.ledger.resends(row) if to is State.PLANNED else 0
                if resent < MOST_RESENDS and self.ledger.resolve_doubt(row.id, to, reason, by="the plan"):
                    self.tally.by_policy(row.id, again=to is State.PLANNED)
