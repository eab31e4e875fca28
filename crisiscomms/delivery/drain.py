"""The drain: the one function that sends. Safe to kill, and to run again.

For each row: claim it, prepare it, note `sending` right before the byte that may reach someone, write how it ended.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crisiscomms.channels.base import Channel, Letter, NotSent, OutcomeUnknown, Posting, Prepared, Receipt, Rejected, Sender
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, Row, State
from crisiscomms.ledger.ledger import iso
from crisiscomms.ledger.states import OUT
from crisiscomms.messages.model import Notice, Post

BATCH = 50
MOST_ATTEMPTS = 3
#: After so many certain failures in a row a channel is left alone until the next run.
MOST_FAILURES_IN_A_ROW = 3


@dataclass
class Tally:
    """What one run of the drain did."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0
    doubt: int = 0
    problems: list[str] = field(default_factory=list)


class LostRow(Exception):
    """The row is no longer ours: on hold, cancelled, or taken back."""


@dataclass
class Drain:
    """Sends what the ledger holds. `standing` carries out the deliveries that are no messages: the site and the memo."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    secret: Callable[[str, str], str]
    standing: Callable[[Row], tuple[Receipt, dict[tuple[str, str], str]]]
    progress: Callable[[Row, State], None] = lambda _row, _state: None
    sleep: Callable[[float], None] = time.sleep
    tally: Tally = field(default_factory=Tally)
    _blobs: dict[str, Notice | Post] = field(default_factory=dict)

    def run(self, publications: list[int]) -> Tally:
        """Send everything of these publications that may go now, in its order. Returns what happened."""
        with ExitStack() as stack:
            senders: dict[str, Sender] = {}
            stopped: set[str] = set()
            while stages := [stage for stage in self.ledger.stages(publications) if stage[1] not in stopped]:
                stage = stages[0]
                if stage[0] > 0 and any(rank == 0 for rank, _ in self.ledger.stages(publications)):
                    self.tally.problems.append("the site is not out, so nothing that links to it was sent")
                    break
                if not self._stage(publications, stage, senders, stack):
                    stopped.add(stage[1])
        self.tally.waiting = sum(1 for row in self.ledger.rows(State.PLANNED, State.RETRY) if row.publication in publications and row.not_before <= self.ledger.now())
        return self.tally

    def _stage(self, publications: list[int], stage: tuple[int, str], senders: dict[str, Sender], stack: ExitStack) -> bool:
        """Send the rows of one rank and channel. False: the channel cannot be used now."""
        failures = 0
        while True:
            token = secrets.token_hex(8)
            rows = self.ledger.claim(publications, stage, worker(), boot_id(), token, BATCH)
            if not rows:
                return True
            for index, row in enumerate(rows):
                if self.ledger.held(row):
                    self._give_back(rows[index:], token)
                    self.tally.problems.append(f"{row.incident} or {row.channel} is on hold")
                    return False
                failures = 0 if self._row(row, token, senders, stack) else failures + 1
                if failures >= MOST_FAILURES_IN_A_ROW or (failures and row.kind in {"site", "memo"}):
                    self._give_back(rows[index + 1 :], token)
                    return False

    def _give_back(self, rows: list[Row], token: str) -> None:
        for row in rows:
            self.ledger.settle(row, token, State.PLANNED)

    def _row(self, row: Row, token: str, senders: dict[str, Sender], stack: ExitStack) -> bool:
        """Send one row. False: certain failure that may be the channel's."""
        try:
            receipt, stands = self._attempt(row, token, senders, stack)
        except LostRow:
            return True
        except NotSent as failure:
            return self._retry(row, token, failure)
        except Rejected as failure:
            self._end(row, token, State.FAILED, failure.reason, failure.evidence)
            return True
        except OutcomeUnknown as failure:
            return self._doubt(row, token, failure, senders)
        if self.ledger.settle(row, token, State.SENT, receipt=receipt.id, url=receipt.url, evidence=receipt.evidence, stands=stands):
            self.tally.sent += 1
            self.progress(row, State.SENT)
        return True

    def _attempt(self, row: Row, token: str, senders: dict[str, Sender], stack: ExitStack) -> tuple[Receipt, dict[tuple[str, str], str]]:
        if row.kind in {"site", "memo"}:
            self._edge(row, token, "")
            try:
                return self.standing(row)
            except CrisiscommsError as error:
                raise NotSent(f"{error.problem}. {error.fix}") from error
            except OSError as error:
                raise NotSent(f"{error.strerror}: {error.filename}") from error
        sender = self._sender(row.channel, senders, stack)
        channel = self.channels[row.channel]
        item = self._item(row)
        prepared = channel.prepare(item)
        parent = self._parent(row)
        return sender.send(prepared, parent=parent, edge=lambda: self._edge(row, token, channel.message_id(item))), {}

    def _sender(self, name: str, senders: dict[str, Sender], stack: ExitStack) -> Sender:
        if name not in self.channels:
            raise NotSent(f'the channel "{name}" is no longer in the workspace')
        if name not in senders:
            senders[name] = stack.enter_context(self.channels[name].open(lambda secret: self.secret(name, secret)))
        return senders[name]

    def _edge(self, row: Row, token: str, message_id: str) -> None:
        if self.ledger.held(row) or not self.ledger.sending(row, token, message_id):
            self.ledger.settle(row, token, State.PLANNED)
            raise LostRow

    def _item(self, row: Row) -> Letter | Posting:
        """Return the frozen message of a row. Its bytes come from the ledger, not from the record."""
        if row.message not in self._blobs:
            plain: dict[str, Any] = json.loads(self.ledger.blob(row.message))
            is_mail = bool(row.recipient)
            self._blobs[row.message] = Notice(**{**plain, "columns": tuple(plain["columns"])}) if is_mail else Post(**plain)
        message = self._blobs[row.message]
        at = datetime.fromisoformat(row.at)
        if isinstance(message, Post):
            return Posting(message, at, row.number)
        person = json.loads(row.person)
        return Letter(message, person["email"], person["name"], person["values"], at, row.number, row.thread or None)

    def _parent(self, row: Row) -> Receipt | None:
        """Return the receipt of the post that this one answers to. Raises NotSent while that one is in doubt."""
        if row.recipient:
            return None
        first = self.ledger.first_out(row)
        if first is None:
            return None
        if first.state not in OUT:
            raise NotSent(f"the first post of {row.incident} on {row.channel} is in doubt, so this one has nothing to answer to")
        return Receipt(first.receipt, first.url) if first.receipt else None

    def _retry(self, row: Row, token: str, failure: NotSent) -> bool:
        """Let a row wait, and try it again later; soon if the place did not ask for more patience."""
        pause = failure.retry_after if failure.retry_after is not None else min(60, 2**row.attempts)
        later = iso(self.ledger.clock() + timedelta(seconds=pause)) if row.attempts + 1 >= MOST_ATTEMPTS or failure.retry_after else row.not_before
        self.ledger.settle(row, token, State.RETRY, evidence={"reason": failure.reason, **failure.evidence}, not_before=later)
        problem = f"{row.channel}: {failure.reason}"
        if problem not in self.tally.problems:
            self.tally.problems.append(problem)
        self.progress(row, State.RETRY)
        return False

    def _end(self, row: Row, token: str, to: State, reason: str, evidence: Mapping[str, str]) -> None:
        self.ledger.settle(row, token, to, evidence={"reason": reason, **evidence})
        who = row.recipient or row.channel
        self.tally.problems.append(f"{who}: {reason}")
        self.tally.failed += to is State.FAILED
        self.tally.doubt += to is State.DOUBT
        self.progress(row, to)

    def _doubt(self, row: Row, token: str, failure: OutcomeUnknown, senders: dict[str, Sender]) -> bool:
        """Ask the place, if it can be asked; else leave the row in doubt."""
        found = self._find(row, senders.get(row.channel))
        if found is not None:
            if self.ledger.settle(row, token, State.SENT, receipt=found.id, url=found.url, evidence={"found": "by reading back", **found.evidence}):
                self.tally.sent += 1
                self.progress(row, State.SENT)
            return True
        self._end(row, token, State.DOUBT, failure.reason, failure.evidence)
        return False

    def _find(self, row: Row, sender: Sender | None) -> Receipt | None:
        channel = self.channels.get(row.channel)
        if channel is None or sender is None or not channel.caps.can_find:
            return None
        prepared: Prepared = channel.prepare(self._item(row))
        try:
            return sender.find_existing(prepared, since=datetime.fromisoformat(row.at))
        except NotSent:
            return None

    def read_back(self, rows: list[Row]) -> int:
        """Ask the places about rows in doubt. Returns how many were found to be out. What is not found stays in doubt."""
        settled = 0
        for row in rows:
            if row.kind in {"site", "memo"}:  # doing these again changes nothing
                receipt, stands = self.standing(row)
                settled += self.ledger.settle(row, row.token or "", State.SENT, receipt=receipt.id, url=receipt.url, stands=stands)
                continue
            channel = self.channels.get(row.channel)
            if channel is None or not channel.caps.can_find:
                continue
            with _opened(channel, lambda name, row=row: self.secret(row.channel, name)) as sender:
                found = self._find(row, sender)
            if found is not None:
                settled += self.ledger.settle(row, row.token or "", State.SENT, receipt=found.id, url=found.url, evidence={"found": "by reading back"})
        return settled


@contextmanager
def _opened(channel: Channel, secret: Callable[[str], str]) -> Iterator[Sender]:
    with channel.open(secret) as sender:
        yield sender


def worker() -> str:
    """Return who is sending: this machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def boot_id() -> str:
    """Return what changes when this machine starts anew."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text(encoding="ascii").strip() if path.exists() else f"{socket.gethostname()}:{int(time.time() - time.monotonic()) // 60}"
