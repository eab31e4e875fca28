"""A publish that is killed again and again, over many connections: everybody hears it once, or is shown as doubtful."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

from proof.ground import Figures, check_end, doubted, ground
from standins.office import Office
from standins.sink import SWALLOW, Sink

CONNECTIONS = 16


@dataclass
class Moment:
    """When a publish is killed: so many mails after its start, and so many seconds after that.

    `silent`: the answers from that mail on are swallowed, so that each connection is in the middle of a dot. `early`: so
    many seconds after its start, but no later than after so many mails, so that a fast machine does not use them all up.
    """

    mails: int
    seconds: float = 0.0
    silent: bool = False
    early: bool = False


def moments(count: int, people: int, chance: random.Random) -> list[Moment]:
    """Return moments of every sort, so that readers last for all of them."""
    most = max(2, int(1.2 * people / count))
    found = []
    for _ in range(count):
        sort = chance.random()
        if sort < 0.1:
            found.append(Moment(most, chance.uniform(0, 2.5), early=True))
        elif sort < 0.3:
            found.append(Moment(chance.randint(1, most), chance.uniform(0, 0.02), silent=True))
        else:
            found.append(Moment(chance.randint(1, most), chance.choice([0.0, chance.uniform(0, 0.03)])))
    return found


def publish_and_kill(office: Office, sink: Sink, moment: Moment) -> bool:
    """Publish, and kill it. False: it ended before."""
    reached, before = threading.Event(), len(sink.taken)
    process = office.start("publish", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def rule(_address: str, count: int) -> float | None:
        if count - before < moment.mails:
            return None
        if count - before == moment.mails:
            if not moment.seconds:
                os.kill(process.pid, signal.SIGKILL)  # it is ours until we wait for it
            reached.set()
        return SWALLOW if moment.silent else None

    sink.rule = rule
    try:
        deadline = time.monotonic() + 300
        if moment.early:
            reached.wait(moment.seconds)
        else:
            while not reached.wait(0.02) and process.poll() is None:
                assert time.monotonic() < deadline, "no mails come"
            time.sleep(moment.seconds)
        process.kill()
        return process.wait(10) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait(10)
        sink.rule = lambda _address, _count: None


def prove(*, people: int = 100_000, kills: int = 300, seed: int = 7) -> Figures:
    """`crisiscomms publish` over 16 connections, killed with SIGKILL at random moments, on SQLite."""
    chance = random.Random(seed)
    with ground(people, connections=CONNECTIONS) as (office, sink, them):
        killed = ended = most = 0
        for moment in moments(kills, people, chance):
            ended += not publish_and_kill(office, sink, moment)
            killed += 1
            if (office.folder / "ledger.db").exists():
                most = max(most, office.states()["sending"])
        done = office.end(office.start("publish", "--yes"), 600)
        assert done.returncode in {0, 6}, done.stderr
        doubts = doubted(office)
        assert most <= CONNECTIONS
        assert len(doubts) <= CONNECTIONS * killed
        figures = check_end(office, sink, them, doubts)
    return {
        "kills": f"{killed - ended:,}, and {ended:,} that came after the end",
        "doubts of one kill at most": most,
        **figures,
    }
