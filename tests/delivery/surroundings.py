"""What surrounds the ledger in `test_machine.py`, and what must hold there after every step, by its number in `model.py`."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from delivery.ledgers import NOW, claim
from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import select

from crisiscomms.ledger import Ledger, State
from crisiscomms.ledger.rows import Begin, Ending, Worker, _birth
from crisiscomms.ledger.states import MOVES, TERMINAL, UNSETTLED
from crisiscomms.ledger.tables import claims
from crisiscomms.published import iso

#: Where a row that the place took may stand.
MAY_BE_OUT = frozenset({State.SENDING, State.SENT, State.DOUBT, State.SENT_BY_WORD, State.CLOSED})


class Hands:
    """A worker: a real process that can be killed, what it has claimed, and how far it is with each row."""

    def __init__(self):
        self.process = subprocess.Popen(["sleep", "600"])
        self.worker = Worker(f"{os.uname().nodename}:{self.process.pid}", _birth(self.process.pid))
        self.holds, self.edge = {}, {}  # rows by id: claimed; begun, and nothing sent yet
        self.asked = {}  # rows by id, with the answer: the last byte is sent
        self.late = False

    def die(self):
        self.process.kill()
        self.process.wait(10)


class Surroundings(RuleBasedStateMachine):
    """One file, two workers, and a place. Keeps what the place took, and how every row stood after the last step."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="crisiscomms-machine-"))
        self.now, self.boots = NOW, 0
        self.hands = [Hands(), Hands()]
        self.publications, self.optional = [], {}  # update -> whether readers may do without it
        self.taken = Counter()  # what the place accepted, by row
        self.flying = {}  # last bytes that the place has yet to decide about: row id -> who sent it, or nobody
        self.again = Counter()  # how often a person asked for it again that may be out, by reader and update
        self.approved, self.planned, self.off = {}, 0, set()
        self.unsynced, self.rows, self.entries = [], {}, 0  # the file at each moment since it was last synced
        #: How often each misfortune may still come.
        self.left = Counter({"hold": 1, "goodbye": 1, "dies": 4, "sleeps": 4, "loses power": 2})
        self.open()

    def open(self):
        self.ledger = Ledger(self.folder / "ledger.db", lambda: self.now, "tester")
        self.ledger.store.boot = f"boot {self.boots}"

    @staticmethod
    def at(update):
        return iso(NOW - timedelta(hours=1) + timedelta(minutes=int(update[1:])))

    def lives(self, row):
        """Say whether a row's last owner lives, and its lease runs."""
        with self.ledger.store.read() as connection:
            until = connection.execute(select(claims.c.until).where(claims.c.id == row.claim)).scalar()
        return bool(until) and any(hand.worker.name == row.worker for hand in self.hands)

    def names(self, row):
        return (row.recipient, f"token:{row.recipient[:3]}") if self.optional[row.update_id] else ()

    def expected(self, hand, begins, endings):
        """Return what a turn may begin and end: I7, a claim that holds a row no more changes nothing but a doubt to a yes."""
        now = {row.id: row for row in self.ledger.rows()}
        ours = {one.row.id for one in (*begins, *endings) if now[one.row.id].claim == one.row.claim}
        go = {
            one.row.id
            for one in begins
            if one.row.id in ours
            and now[one.row.id].state == State.CLAIMED
            and not hand.late
            and not self.ledger.holds()
            and not (one.readers and one.row.recipient in self.off)
        }
        ended = {one.row.id for one in endings if one.row.id in ours and one.to in MOVES[State(now[one.row.id].state)]}
        return go, ended

    def check_begin(self, row):
        now = {one.id: one for one in self.ledger.rows()}
        assert now[row.id].digest == self.approved[row.id], "I4 nothing begins but what was approved"
        earlier = [
            one
            for one in now.values()
            if one.recipient == row.recipient and one.at < row.at and one.number == 0 and one.state in UNSETTLED
        ]
        assert not earlier, "I8 nothing overtakes what is earlier to the same reader"
        assert not self.ledger.holds(), "I11 a hold counts before the next message begins"

    def of(self, *states):
        return self.ledger.rows(*states)

    def spend(self, what):
        """Say whether a misfortune may still come, and count it."""
        self.left[what] -= 1
        return self.left[what] >= 0

    def start_again(self, back):
        """Start the machine with a file as it was at some moment."""
        self.ledger.close()
        for end in ("", "-wal", "-shm"):
            (self.folder / f"ledger.db{end}").unlink(missing_ok=True)
        (self.folder / "ledger.db").write_bytes(back)
        self.boots += 1
        self.open()
        self.unsynced = []
        self.rows = {row.id: row for row in self.ledger.rows()}
        self.entries = self.ledger.trail.anchor().seq

    def copy(self):
        with closing(sqlite3.connect(self.folder / "ledger.db")) as database:
            return database.serialize()

    def boot_of(self, row):
        with self.ledger.store.read() as connection:
            return connection.execute(select(claims.c.boot).where(claims.c.id == row.claim)).scalar()

    def synced(self, revised=frozenset()):
        self.check(synced=True, revised=revised)

    def check(self, *, synced, revised=frozenset()):
        """Compare with how it was before the step: each change of a row is one entry, and no settled row changes."""
        if synced:
            self.unsynced = []
        now = {row.id: row for row in self.ledger.rows()}
        moved = Counter()
        for number, old in self.rows.items():
            new = now[number]
            assert old.state not in TERMINAL or old == new, "I6 what is settled never changes"
            if old.state != new.state or number in revised:
                assert State(new.state) in MOVES[State(old.state)]
                moved["revised" if number in revised else new.state, str(number)] += 1
        entries = list(self.ledger.trail.entries())
        told = Counter((entry["what"], entry["subject"]) for entry in entries[self.entries :])
        told = Counter({entry: n for entry, n in told.items() if entry[0] in {*State, "revised"}})
        assert told == moved, "I10 each change has exactly one audit entry"
        self.rows, self.entries = now, len(entries)

    @invariant()
    def nobody_hears_it_twice(self):
        heard = Counter()
        for number, row in self.rows.items():
            assert self.taken[number] <= 1
            heard[row.recipient, row.update_id] += self.taken[number]
        for who, count in heard.items():
            assert count <= 1 + self.again[who], "I1 a reader hears it once, unless a person asked for it again"

    @invariant()
    def what_was_taken_is_known(self):
        for row in self.ledger.rows():
            lost = row.state == State.CLAIMED and self.boot_of(row) != self.ledger.store.boot
            if row.state == State.SENT:
                assert self.taken[row.id], "I2 what is sent was taken by the place"
                assert row.receipt
            if self.taken[row.id]:
                assert row.state in MAY_BE_OUT or lost, "I3 what the place took is sent, in doubt, or about to be"

    @invariant()
    def the_plan_is_whole_and_the_trail_verifies(self):
        assert len(self.ledger.rows()) == self.planned, "I5 nothing is lost from a plan, and nothing is added"
        assert self.ledger.trail.verify(self.ledger.trail.anchor())[1] is None

    def end(self, who):
        hand = self.hands[who]
        hand.die()
        self.flying = {number: None if sender is hand else sender for number, sender in self.flying.items()}
        self.hands[who] = Hands()

    def teardown(self):
        try:
            self.settle()
        finally:
            self.ledger.close()
            for hand in self.hands:
                hand.die()
            shutil.rmtree(self.folder)

    def settle(self):
        """I12: without further misfortune every row is settled, or shown as a doubt."""
        for who in (0, 1):
            self.end(who)
        for scope in self.ledger.holds():
            self.ledger.release(scope)
        self.now += timedelta(hours=1)
        self.ledger.recover()
        for _ in self.publications:
            for publication in self.publications:
                rows = claim(self.ledger, publication, self.hands[0].worker)
                go = self.ledger.turn([Begin(row, self.names(row)) for row in rows], ()).go
                self.ledger.turn((), [Ending(row, State.SENT, "ok") for row in rows if row.id in go])
        left = [row for row in self.ledger.rows() if row.state in UNSETTLED]
        assert left == [], "I12 nothing waits for ever"
        assert all(self.ledger.finish(publication) for publication in self.publications)
        assert not self.ledger.open_publications()
        assert self.ledger.left(self.publications) == 0
