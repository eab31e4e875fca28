"""What goes first: the site, then who is first in line, and nothing overtakes what is earlier to the same reader."""

from __future__ import annotations

from datetime import timedelta

import pytest
from delivery.ledgers import (
    ANA,
    BEA,
    CEM,
    LATER,
    NOW,
    begin,
    claim,
    freeze,
    line,
    put,
    sent,
)

from crisiscomms.ledger import Stage, State
from crisiscomms.ledger.rows import Ending

SITE = {"kind": "site", "channel": "website", "rank": 0, "audience": ""}


def test_what_failed_before_goes_after_what_is_new_and_in_its_time(ledger, clock):
    clock.now = NOW + timedelta(seconds=1)
    publication = freeze(ledger, line(ANA, BEA, CEM))
    first, second, third = claim(ledger, publication)
    ledger.settle(Ending(first, State.RETRY, not_before=LATER))
    ledger.settle(Ending(second, State.RETRY))
    ledger.settle(Ending(third, State.PLANNED))
    assert [row.recipient for row in claim(ledger, publication)] == [CEM, BEA]
    assert ledger.next_time([publication]) == LATER
    clock.now = NOW + timedelta(minutes=30)
    assert [(row.recipient, row.attempts) for row in claim(ledger, publication)] == [(ANA, 1)]


def test_what_failed_before_has_its_share_while_there_is_something_new(ledger, clock):
    publication = freeze(ledger, line(*(f"reader{number}@shop.example" for number in range(40))))
    for row in claim(ledger, publication, most=20):
        ledger.settle(Ending(row, State.RETRY))
    again = 0
    for second in range(20):  # one message a second, as slow channels have it
        clock.now = NOW + timedelta(seconds=second)
        (row,) = claim(ledger, publication, most=1)
        again += row.attempts
    assert again == 5


@pytest.mark.parametrize("state", [State.PLANNED, State.RETRY, State.CLAIMED, State.SENDING, State.DOUBT])
def test_nothing_is_claimed_before_its_site_is_out(ledger, state):
    publication = freeze(ledger, line(**SITE), line(ANA))
    put(ledger, 1, state=state)
    assert claim(ledger, publication) == []
    assert not ledger.ready(Stage(10, "email", publication))
    put(ledger, 1, state=State.SENT)
    assert ledger.ready(Stage(10, "email", publication))
    assert len(claim(ledger, publication)) == 1


@pytest.mark.parametrize("state", [State.PLANNED, State.RETRY, State.CLAIMED, State.SENDING])
def test_an_earlier_update_is_settled_before_the_next_to_the_same_reader(ledger, state):
    freeze(ledger, line(ANA, BEA))
    second = freeze(ledger, line(ANA, CEM, update_id="second"))
    put(ledger, 1, state=state)
    assert [row.recipient for row in claim(ledger, second)] == [CEM]
    put(ledger, 1, state=State.DOUBT)  # a doubt about a mail holds nobody back
    assert [row.recipient for row in claim(ledger, second)] == [ANA]


def test_two_updates_of_one_plan_go_one_after_the_other(ledger):
    publication = freeze(ledger, line(ANA, BEA), line(ANA, update_id="second"))
    first = claim(ledger, publication, most=1)
    assert [(row.update_id, row.recipient) for row in first] == [("first", ANA)]
    assert [(row.update_id, row.recipient) for row in claim(ledger, publication)] == [("first", BEA)]
    begin(ledger, *first)
    assert claim(ledger, publication) == []
    sent(ledger, first[0])
    assert [(row.update_id, row.recipient) for row in claim(ledger, publication)] == [("second", ANA)]


def test_stages_come_in_their_order(ledger):
    later = freeze(ledger, line(channel="x", rank=30, audience=""), line(ANA), line(**SITE))
    assert ledger.stages([later]) == [Stage(0, "website", later), Stage(10, "email", later), Stage(30, "x", later)]
    put(ledger, 3, state=State.SENT)
    assert ledger.stages([later])[0] == Stage(10, "email", later)
