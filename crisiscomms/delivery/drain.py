"""The drain: the one function that sends. Safe to kill, and to run again.

For each row: claim it, prepare it, note `sending` right before the byte that may reach someone, write how it ended.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crisiscomms.channels.base import Channel, NotSent, OutcomeUnknown, Receipt, Rejected
from crisiscomms.delivery.outside import Outside, boot_id, worker
from crisiscomms.delivery.tally import Tally
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, Row, Stage, State
from crisiscomms.ledger.states import OUT
from crisiscomms.published import iso

BATCH = 50
#: How often one run tries what certainly did not arrive, and how many seconds it waits for that at most.
ROUNDS, PATIENCE = 3, 6.0
#: After so many certain failures in a row a channel is left alone until the next run: where they are about the place,
#: and where each is about one reader.
MOST_IN_A_ROW, MOST_READERS_IN_A_ROW = 3, 20

Stands = dict[tuple[str, str], str]


class LostRow(Exception):
    """The row is no longer ours, or was put on hold a moment ago."""


@dataclass
class Drain:
    """Sends what the ledger holds. `standing` carries out the deliveries that are no messages: the site and the memo."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    secret: Callable[[str, str], str]
    standing: Callable[[Row], tuple[Receipt, Stands]]
    progress: Callable[[Row, State], None] = lambda _row, _state: None
    sleep: Callable[[float], None] = time.sleep
    tally: Tally = field(default_factory=Tally)

    def run(self, publications: list[int]) -> Tally:
        """Send everything of these publications that may go now, in its order. Returns what happened."""
        self.tally = Tally()
        stopped: set[str] = set()
        with ExitStack() as stack:
            outside = Outside(self.ledger, self.channels, self.secret, stack)
            for number in range(ROUNDS):
                for stage in self.ledger.stages(publications):
                    if stage.channel not in stopped and not self._stage(stage, outside):
                        stopped.add(stage.channel)
                again = [stage for stage in self.ledger.stages(publications) if stage.channel not in stopped]
                pause = self._pause(again, publications, 2.0**number)
                if pause is None or number + 1 == ROUNDS:
                    break
                self.sleep(pause)
        self._look_back(publications)
        return self.tally

    def _pause(self, stages: list[Stage], publications: list[int], usual: float) -> float | None:
        """Return how long to wait before trying again what can be tried again soon. None: there is no such thing."""
        if any(self.ledger.retries(stage) for stage in stages):
            return usual
        coming = self.ledger.next_time(publications) if stages else ""
        seconds = (datetime.fromisoformat(coming) - self.ledger.clock()).total_seconds() if coming else PATIENCE + 1
        return max(seconds, 0.1) if seconds <= PATIENCE else None

    def _look_back(self, publications: list[int]) -> None:
        ledger, stages = self.ledger, self.ledger.stages(publications)
        no_site = any(stage.rank == 0 for stage in stages) or any(r.kind == "site" for r in ledger.rows(State.DOUBT))
        free = ledger.left(publications) - ledger.held_back(publications)
        if no_site and free and any(stage.rank > 0 for stage in stages):
            self.tally.problem("the site is not out, so nothing that links to it was sent")

    def _stage(self, stage: Stage, outside: Outside) -> bool:
        """Send the rows of one stage: those that are new, then those that failed before. False: leave the channel."""
        token = secrets.token_hex(8)
        failed_before = self.ledger.retries(stage)
        failures = _Failures()
        while rows := self.ledger.claim(stage, worker(), boot_id(), token, most=BATCH):
            if not self._batch(rows, token, outside, failures):
                return False
        for start in range(0, len(failed_before), BATCH):
            again = failed_before[start : start + BATCH]
            rows = self.ledger.claim(stage, worker(), boot_id(), token, most=BATCH, only=again)
            if not self._batch(rows, token, outside, failures):
                return False
        return True

    def _batch(self, rows: list[Row], token: str, outside: Outside, failures: _Failures) -> bool:
        for index, row in enumerate(rows):
            try:
                failures.count(self._row(row, token, outside))
            except LostRow:
                if self.ledger.held(row):
                    self._give_back(rows[index:], token)
                    return True
            if failures.too_many or (failures.place and row.kind in {"site", "memo"}):
                self._give_back(rows[index + 1 :], token)
                return False
        return True

    def _give_back(self, rows: list[Row], token: str) -> None:
        for row in rows:
            self.ledger.settle(row, token, State.PLANNED)

    def _row(self, row: Row, token: str, outside: Outside) -> NotSent | None:
        """Send one row. Returns why it certainly did not arrive, where it may be tried again. Raises LostRow."""
        try:
            receipt, stands = self._attempt(row, token, outside)
        except NotSent as failure:
            self._retry(row, token, failure)
            return failure
        except Rejected as failure:
            self._end(row, token, State.FAILED, failure.reason, failure.evidence)
            return None
        except OutcomeUnknown as failure:
            return self._doubt(row, token, failure, outside)
        self._sent(row, token, receipt, receipt.evidence, stands)
        return None

    def _sent(self, row: Row, token: str, receipt: Receipt, evidence: Mapping[str, str], stands: Stands) -> None:
        if self._settled(row, token, receipt, evidence, stands):
            self.tally.sent += 1
            self.tally.over(row.id)
            self.progress(row, State.SENT)

    def _settled(self, row: Row, token: str, receipt: Receipt, evidence: Mapping[str, str], stands: Stands) -> bool:
        said = dict(evidence)
        return self.ledger.settle(
            row, token, State.SENT, receipt=receipt.id, url=receipt.url, evidence=said, stands=stands
        )

    def _attempt(self, row: Row, token: str, outside: Outside) -> tuple[Receipt, Stands]:
        if row.kind in {"site", "memo"}:
            self._edge(row, token, "")
            return self._stand(row)
        sender = outside.sender(row.channel)
        channel = self.channels[row.channel]
        item = outside.item(row)
        prepared = channel.prepare(item)
        parent = self._parent(row)
        message_id = channel.message_id(item)
        return sender.send(prepared, parent=parent, edge=lambda: self._edge(row, token, message_id)), {}

    def _stand(self, row: Row) -> tuple[Receipt, Stands]:
        """Do what can be done again without harm. Raises NotSent."""
        try:
            return self.standing(row)
        except CrisiscommsError as error:
            raise NotSent(". ".join(filter(None, (error.problem, error.fix))).rstrip(".")) from error
        except OSError as error:
            raise NotSent(f"{error.strerror}: {error.filename}") from error

    def _edge(self, row: Row, token: str, message_id: str) -> None:
        if not self.ledger.sending(row, token, message_id):
            self.ledger.settle(row, token, State.PLANNED)
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

    def _retry(self, row: Row, token: str, failure: NotSent) -> None:
        """Let a row wait. If the place asked for patience it gets it, else the next round or run tries again."""
        later = None
        if failure.retry_after:
            later = iso(self.ledger.clock() + timedelta(seconds=failure.retry_after + 1))
        evidence = {"reason": failure.reason, **failure.evidence}
        self.ledger.settle(row, token, State.RETRY, evidence=evidence, not_before=later)
        who = f"{row.channel}, {row.recipient}" if failure.only_this else row.channel
        self.tally.problem(f"{who}: {failure.reason}", row.id)
        self.progress(row, State.RETRY)

    def _end(self, row: Row, token: str, to: State, reason: str, evidence: Mapping[str, str]) -> None:
        self.ledger.settle(row, token, to, evidence={"reason": reason, **evidence})
        self.tally.problem(f"{row.recipient or row.channel}: {reason}", row.id)
        self.tally.failed += to is State.FAILED
        self.tally.doubt += to is State.DOUBT
        self.progress(row, to)

    def _doubt(self, row: Row, token: str, failure: OutcomeUnknown, outside: Outside) -> NotSent | None:
        """Ask the place, if it can be asked; else leave the row in doubt."""
        found = outside.find(row)
        if found is not None:
            self._sent(row, token, found, {"found": "by reading back", **found.evidence}, {})
            return None
        self._end(row, token, State.DOUBT, failure.reason, failure.evidence)
        return NotSent(failure.reason)

    def read_back(self, rows: list[Row]) -> int:
        """Settle rows in doubt without a person: by doing again what may be done again, or by asking the place.

        Returns how many were settled. What the place does not have stays in doubt: it may be slow to show it.
        """
        settled = 0
        with ExitStack() as stack:
            outside = Outside(self.ledger, self.channels, self.secret, stack)
            for row in rows:
                try:
                    receipt, stands = self._again(row, outside)
                except (NotSent, Rejected, OutcomeUnknown):
                    continue
                if receipt is not None:
                    evidence = {"found": "by reading back", **receipt.evidence}
                    settled += self._settled(row, row.token or "", receipt, evidence, stands)
        return settled

    def _again(self, row: Row, outside: Outside) -> tuple[Receipt | None, Stands]:
        if row.kind in {"site", "memo"}:
            return self._stand(row)
        channel = self.channels.get(row.channel)
        if channel is not None and channel.caps.repeats:
            prepared = channel.prepare(outside.item(row))
            sender = outside.sender(row.channel)
            return sender.send(prepared, parent=self._parent(row), edge=lambda: None), {}
        return outside.find(row), {}


@dataclass
class _Failures:
    """How many certain failures came in a row: about the place, and about single readers."""

    place: int = 0
    readers: int = 0

    def count(self, failure: NotSent | None) -> None:
        """Count the end of one attempt."""
        if failure is None:
            self.place = self.readers = 0
        elif failure.only_this:
            self.readers += 1
        else:
            self.place += 1

    @property
    def too_many(self) -> bool:
        """Whether the place had better be left alone."""
        return self.place >= MOST_IN_A_ROW or self.readers >= MOST_READERS_IN_A_ROW
