"""A power cut at random moments: what was not synced is gone, and still nobody is lost and nobody hears it twice."""

from __future__ import annotations

import random
import signal
import threading
import time
from itertools import count

from proof.ground import Figures, check_end, check_once, doubted, ground, launched
from proof.launch import BOOT, SNAPSHOT, lose_power
from standins.office import Office
from standins.sink import Sink

from crisiscomms.delivery.fanning import BATCH

CONNECTIONS = 16


class Machine:
    """A machine whose power fails. Each start is another boot."""

    def __init__(self, office: Office, sink: Sink) -> None:
        self._office, self._sink, self._boots = office, sink, count()
        self._copy = office.root / "lasting"

    def publish(self, *, mails: int = 0, seconds: float = 0.0, early: bool = False) -> int:
        """Publish, and lose power so many mails after the start, and so many seconds after that. Without mails: to the end.

        `early`: so many seconds after the start, but no later than after so many mails.
        """
        reached, before = threading.Event(), len(self._sink.taken)
        env = {BOOT: f"boot {next(self._boots)}", SNAPSHOT: str(self._copy)}
        process = launched(self._office, "power", "publish", "--yes", "-C", str(self._office.folder), env=env)

        def rule(_address: str, taken: int) -> None:
            if taken - before >= mails:
                reached.set()

        self._sink.rule = rule
        try:
            deadline = time.monotonic() + 600
            if early:
                reached.wait(seconds)
            else:
                while process.poll() is None and not (mails and reached.wait(0.005)):
                    assert time.monotonic() < deadline, "it does not end"
                    time.sleep(0.005)
                time.sleep(seconds)
            process.kill()
            code = process.wait(10)
        finally:
            self._sink.rule = lambda _address, _count: None
            process.kill()
            process.wait(10)
        if code == -signal.SIGKILL:
            lose_power(self._office.folder / "ledger.db", self._copy)
        return code


def prove(*, people: int = 20_000, losses: int = 50, seed: int = 7) -> Figures:
    """A publish on a machine that loses its power at random moments: the ledger is put back to its last sync, and the
    machine boots anew. Each loss leaves at most the 200 mails that were in hand in doubt.
    """
    chance = random.Random(seed)
    with ground(people, connections=CONNECTIONS) as (office, sink, them):
        machine, lost, most, before = Machine(office, sink), 0, 0, 0
        for _ in range(losses):
            early = chance.random() < 0.2
            mails = chance.randint(1, max(2, int(0.6 * people / losses)))
            seconds = chance.uniform(0.1, 2.0) if early else chance.uniform(0, 0.05)
            code = machine.publish(mails=mails, seconds=seconds, early=early)
            lost += code == -signal.SIGKILL
            assert code in {0, 6, -signal.SIGKILL}, f"it ended with {code}"
            if (office.folder / "ledger.db").exists():
                in_hand = sum(office.states()[state] for state in ("claimed", "sending"))
                most, before = max(most, in_hand), office.states()["in_doubt"]
        assert machine.publish() in {0, 6}
        doubts = doubted(office)
        check_once(sink.counts, them, doubts)
        assert before <= len(doubts) <= BATCH * lost
        assert most <= BATCH
        figures = check_end(office, sink, them, doubts)
    return {"power lost": lost, "in doubt after one loss at most": most, **figures}
