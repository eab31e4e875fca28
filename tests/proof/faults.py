"""Whatever a mail server does at whatever step, the ledger ends in the state that says so, and doubt stays doubt."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest import mock

from channels.test_fault_matrix import ABOUT_ONE, ABOUT_THE_PLACE, ANA, PEOPLE
from proof.ground import Figures
from standins.office import MAIL, Office
from standins.scripted_server import ScriptedServer

from crisiscomms.channels.base import NotSent, OutcomeUnknown, Receipt, Rejected
from crisiscomms.delivery.publish import Publishing
from crisiscomms.delivery.world import Room
from crisiscomms.ledger import State
from crisiscomms.plan.build import Choices
from crisiscomms.record import load_record
from crisiscomms.workspace import find_workspace

STATES = {Receipt: State.SENT, NotSent: State.RETRY, Rejected: State.FAILED, OutcomeUnknown: State.DOUBT}


class Cell(NamedTuple):
    """What a server does at a step to whom, whether it takes commands in groups, and how the first reader's row ends."""

    who: str
    step: str
    action: Any
    pipelining: bool
    ends: State


def cells() -> list[Cell]:
    """Return every cell: about one reader again and again, and about the place once."""
    found = []
    for pipelining in (True, False):
        found += [Cell(ANA, step, action, pipelining, STATES[kind]) for step, action, kind in ABOUT_ONE]
        found += [Cell("*", step, [action], pipelining, State.SENT) for step, action in ABOUT_THE_PLACE]
    return found


class Drained:
    """A room that publishes to a scripted server. Its clock moves only while the drain waits."""

    def __init__(self, root: Path, port: int) -> None:
        self.office = Office(root)
        table = MAIL.format(port=port).replace("connections = 1", "connections = 2")
        self.office.settle(table.replace("timeout = 10", "timeout = 0.8"))
        self.office.people("merchants", *PEOPLE)
        self.office.record()
        self.room = Room(find_workspace(self.office.folder), rehearsal=False, fixed_now=self.office.now)
        self.work = Publishing(self.room)
        self.work.drain.sleep = self.sleep

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds)
        await asyncio.sleep(0.01)

    def pass_by(self, seconds: float) -> None:
        assert self.room.fixed_now
        self.room.fixed_now += timedelta(seconds=seconds)

    def publish(self) -> None:
        record = load_record(self.room.workspace, "checkout")
        self.work.carry_out(self.work.plan([record], Choices()))

    def states(self) -> dict[str, str]:
        """Return where each reader's row stands."""
        return {row.recipient: row.state for row in self.room.ledger.rows() if row.kind == "notice"}


def play(cell: Cell, root: Path) -> None:
    """Publish against a server that does this, then once more an hour later."""
    script = {(cell.who, cell.step): list(cell.action) if isinstance(cell.action, list) else cell.action}
    with ScriptedServer(script, pipelining=cell.pipelining) as server:
        drained = Drained(root, server.port)
        drained.publish()
        wanted = dict.fromkeys(PEOPLE, State.SENT) | {ANA: cell.ends}
        states, accepted = drained.states(), Counter(who for who, _ in server.accepted)
        assert states == wanted, f"{states} instead of {wanted}"
        for who, state in states.items():
            assert accepted[who] <= 1, f"{who} got it twice"
            assert state == State.DOUBT or accepted[who] == (state == State.SENT), (
                f"{who}: {state}, {accepted[who]} mails"
            )
        named = [line for _, line in server.heard].count(f"RCPT TO:<{ANA}>")
        drained.pass_by(3600)
        drained.work.finish_unfinished()
        assert drained.states() == wanted, "the next publish changed it"
        if cell.ends is not State.RETRY:
            assert [line for _, line in server.heard].count(f"RCPT TO:<{ANA}>") == named, "it was sent again"
        assert Counter(who for who, _ in server.accepted) == accepted
        assert drained.room.ledger.trail.verify()[1] is None
        drained.room.ledger.close()


def prove(*, every: int = 1, seed: int = 7) -> Figures:
    """A whole drain against a mail server that fails in every way at every step: the row of whom it is about ends in the
    state that says so, all others are sent, and the next publish sends nothing after a dot again.
    """
    chosen, ends = cells()[seed % every :: every], Counter[str]()
    random.Random(seed).shuffle(chosen)
    environment = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with TemporaryDirectory(prefix="crisiscomms-proof-") as folder, mock.patch.dict(os.environ, environment):
        for number, cell in enumerate(chosen):
            try:
                play(cell, Path(folder, str(number)))
            except AssertionError as error:
                raise AssertionError(f"{cell}: {error}") from error
            ends[cell.ends] += 1
    return {"cells": len(chosen), **{f"of them end as {state}": count for state, count in sorted(ends.items())}}
