"""What a worker holds is its own, for as long as it says that it is there; and two at once begin nothing twice."""

from __future__ import annotations

import json
import os

import pytest
from delivery.ledgers import (
    ANA,
    BEA,
    DEAD,
    ELSEWHERE,
    ME,
    begin,
    claim,
    claims_are,
    end_leases,
    freeze,
    line,
    put,
    start,
    states,
    trail,
)

from crisiscomms.ledger import State
from crisiscomms.ledger.rows import Begin, Ending, Worker

PEOPLE = [f"reader{number:03}@shop.example" for number in range(150)]

# -- who holds a row -----------------------------------------------------------------------------------------------


def test_a_row_is_claimed_once(ledger):
    publication = freeze(ledger, line(ANA, BEA))
    assert len(claim(ledger, publication)) == 2
    assert claim(ledger, publication, ELSEWHERE) == []


def test_a_row_is_begun_once(ledger):
    rows = claim(ledger, freeze(ledger, line(ANA, BEA)))
    assert begin(ledger, rows[0]) == {1}
    assert begin(ledger, *rows) == {2}
    assert begin(ledger, *rows) == set()
    assert states(ledger) == ["sending"] * 2


def test_who_does_not_hold_a_row_changes_nothing(ledger):
    (row,) = claim(ledger, freeze(ledger, line(ANA)))
    stranger = row._replace(claim=row.claim + 1)
    before = (ledger.rows(), trail(ledger))

    assert not begin(ledger, stranger)
    assert not ledger.settle(Ending(stranger, State.SENT, "r", stands={("site", "en"): "x"}))
    assert not ledger.settle(Ending(stranger, State.PLANNED))
    assert not ledger.settle(Ending(row._replace(claim=None), State.PLANNED))
    assert (ledger.rows(), trail(ledger)) == before
    assert ledger.standing("site") == {}
    assert begin(ledger, row)
    assert ledger.settle(Ending(row, State.SENT, "r", stands={("site", "en"): "x"}))
    assert ledger.standing("site") == {("checkout", "en"): "x"}


def test_one_turn_ends_some_begins_others_and_leaves_what_is_lost(ledger):
    rows = claim(ledger, freeze(ledger, line(*PEOPLE[:6])))
    begin(ledger, *rows[:3])
    put(ledger, rows[1].id, state=State.DOUBT, claim=None)  # settled by somebody else meanwhile
    put(ledger, rows[4].id, state=State.PLANNED, claim=None)
    endings = [
        Ending(rows[0], State.SENT, "ok"),
        Ending(rows[1], State.SENT, "ok"),
        Ending(rows[2], State.FAILED, evidence={"reason": "550"}),
    ]
    begun = ledger.turn([Begin(row) for row in rows[3:]], endings)
    assert (begun.go, begun.ended) == ({rows[3].id, rows[5].id}, {rows[0].id, rows[2].id})
    assert states(ledger) == ["sent", "in_doubt", "failed", "sending", "planned", "sending"]


# -- leases --------------------------------------------------------------------------------------------------------


def test_while_a_worker_may_live_nobody_takes_its_rows(ledger):
    claim(ledger, freeze(ledger, line(ANA)), ELSEWHERE)
    assert ledger.recover() == []
    assert states(ledger) == ["claimed"]


@pytest.mark.parametrize("begun", [False, True])
def test_after_its_lease_a_worker_elsewhere_has_lost_its_rows(ledger, begun):
    ledger.lease = -1.0
    (row,) = claim(ledger, freeze(ledger, line(ANA)), ELSEWHERE)
    if begun:
        put(ledger, row.id, state=State.SENDING)
    doubted = ledger.recover()
    assert states(ledger) == ["in_doubt" if begun else "planned"]
    assert [(d.id, d.worker) for d in doubted] == [(row.id, ELSEWHERE.name)] * begun


def test_who_renews_keeps_its_rows(ledger):
    (row,) = claim(ledger, freeze(ledger, line(ANA)), ELSEWHERE)
    end_leases(ledger)
    ledger.renew([row.claim])
    assert ledger.recover() == []
    assert begin(ledger, row)


def test_a_worker_whose_lease_is_over_begins_nothing_and_gives_back(ledger):
    publication = freeze(ledger, line(ANA))
    (row,) = claim(ledger, publication, ELSEWHERE)
    end_leases(ledger)
    begun = ledger.turn([Begin(row)], ())
    assert (begun.go, begun.held) == (frozenset(), {row.id})
    assert ledger.settle(Ending(row, State.PLANNED))
    assert len(claim(ledger, publication)) == 1


@pytest.mark.parametrize("to", [State.SENT, State.FAILED, State.RETRY, State.PLANNED, State.DOUBT, State.CANCELLED])
def test_who_came_back_too_late_changes_nothing_except_by_a_yes_to_a_doubt(ledger, to):
    publication = freeze(ledger, line(ANA, BEA))
    first, second = claim(ledger, publication, ELSEWHERE)
    begin(ledger, first)
    end_leases(ledger)
    ledger.recover()
    assert states(ledger) == ["in_doubt", "planned"]
    again = claim(ledger, publication, ME)
    before = states(ledger)

    begun = ledger.turn([Begin(first), Begin(second)], [Ending(second, to, "ok"), Ending(first, to, "ok")])
    assert begun.go == frozenset()
    assert begun.ended == ({first.id} if to is State.SENT else frozenset())
    assert states(ledger) == (["sent", "claimed"] if to is State.SENT else before)
    assert begin(ledger, *again) == {second.id}


def test_a_dead_workers_rows_come_back_at_once(ledger, place):
    """A real process that claims two rows, begins one, and is gone in the middle."""
    publication = freeze(ledger, line(ANA, BEA))
    code = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from delivery.ledgers import begin, claim
from crisiscomms.ledger import Ledger
from crisiscomms.ledger.rows import Worker
where = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
ledger = Ledger(where, lambda: datetime(2026, 11, 18, 12, tzinfo=UTC), "dies")
rows = claim(ledger, int(sys.argv[2]), Worker.this())
begin(ledger, rows[0])
print(Worker.this().name, flush=True)
sys.stdin.read()
"""
    process = start(code, place, publication)
    try:
        name = process.stdout.readline().strip()
        assert ledger.recover() == [], "it still lives"
        assert states(ledger) == ["sending", "claimed"]
    finally:
        process.kill()
        process.communicate(timeout=20)
    assert name.endswith(f":{process.pid}")

    assert [row.worker for row in ledger.recover()] == [name]
    assert states(ledger) == ["in_doubt", "planned"]
    assert ledger.resolve_doubt(1, State.PLANNED, "it is dead")
    assert len(claim(ledger, publication)) == 2


def test_a_process_with_the_number_of_a_dead_one_is_another(ledger):
    claim(ledger, freeze(ledger, line(ANA)), DEAD)
    assert DEAD.name == ME.name
    ledger.recover()
    assert states(ledger) == ["planned"]
    assert (ME.is_gone(), DEAD.is_gone(), ELSEWHERE.is_gone()) == (False, True, False)
    assert Worker(ME.name.replace(str(os.getpid()), "4194305"), "1").is_gone()  # no process has so high a number


@pytest.mark.parametrize(
    ("state", "boot", "becomes"),
    [
        (State.CLAIMED, "same", State.PLANNED),
        (State.CLAIMED, "another", State.DOUBT),
        (State.SENDING, "same", State.DOUBT),
        (State.SENDING, "another", State.DOUBT),
        (State.PLANNED, "another", State.PLANNED),
        (State.RETRY, "another", State.RETRY),
        (State.SENT, "another", State.SENT),
        (State.FAILED, "another", State.FAILED),
    ],
)
def test_what_a_dead_worker_left_is_taken_back_or_doubted(ledger, state, boot, becomes):
    """Where marks may have been lost with the power, a row that seems not to have begun may be out."""
    (row,) = claim(ledger, freeze(ledger, line(ANA)), DEAD)
    put(ledger, row.id, state=state)
    if boot == "another":
        claims_are(ledger, boot="an earlier boot")
    before = len(trail(ledger))
    doubted = ledger.recover()

    (now,) = ledger.rows()
    assert now.state == becomes
    assert trail(ledger)[before:] == [(becomes, str(row.id))] * (becomes != state)
    assert [d.id for d in doubted] == ([1] if becomes is State.DOUBT else [])
    if becomes is State.DOUBT:
        told = json.loads(now.evidence)
        assert (told["worker"], told["phase"]) == (DEAD.name, state)
    if state is State.CLAIMED and becomes is State.PLANNED:
        assert now.claim is None
        assert not begin(ledger, row)
    assert ledger.recover() == []


# -- many at once --------------------------------------------------------------------------------------------------

HAMMER = """
import random, sys, time
from datetime import UTC, datetime
from pathlib import Path
from delivery.ledgers import claim
from crisiscomms.ledger import Ledger, State
from crisiscomms.ledger.rows import Begin, Ending, Worker
where = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
chance = random.Random(int(sys.argv[3]))
ledger = Ledger(where, lambda: datetime(2026, 11, 18, 12, tzinfo=UTC), "worker " + sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(2000):
    rows = claim(ledger, int(sys.argv[2]), Worker.this(), most=chance.randint(1, 9))
    if not rows:
        break
    back = [row for row in rows if chance.random() < 0.2]
    go = ledger.turn([Begin(row) for row in rows if row not in back], [Ending(row, State.PLANNED) for row in back]).go
    for number in go:
        print(number)
    ends = [State.SENT, State.SENT, State.SENT, State.FAILED, State.DOUBT]
    ended = ledger.turn((), [Ending(row, chance.choice(ends), "ok") for row in rows if row.id in go]).ended
    assert ended == go
    time.sleep(0.005)  # or one of them has it all before the other gets its turn
"""


def test_two_processes_at_once_begin_each_row_once(ledger, place):
    publication = freeze(ledger, line(*PEOPLE))
    workers = [start(HAMMER, place, publication, seed) for seed in (1, 2)]
    try:
        for worker in workers:
            assert worker.stdout.readline() == "ready\n", worker.stderr.read()
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        told = [worker.communicate(timeout=120) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait(10)
    assert [(worker.returncode, err) for worker, (_, err) in zip(workers, told, strict=True)] == [(0, "")] * 2

    begun = [[int(number) for number in out.split()] for out, _ in told]
    left = claim(ledger, publication)  # given back after the other one had stopped
    assert sorted([*begun[0], *begun[1]]) == sorted(set(range(1, 151)) - {row.id for row in left})
    assert all(begun), "both took part"
    begun = [subject for what, subject in trail(ledger) if what == "sending"]
    assert len(begun) == len(set(begun)) == 150 - len(left)
    assert set(states(ledger)) <= {"sent", "failed", "in_doubt", "claimed"}
    assert ledger.trail.verify()[1] is None
