"""What stops a message that was claimed: a hold, a reader who wants no more, a first few, the pace of a channel."""

from __future__ import annotations

import json

import pytest
from delivery.ledgers import (
    ANA,
    BEA,
    CEM,
    ELSEWHERE,
    begin,
    claim,
    freeze,
    line,
    states,
    trail,
)

from crisiscomms.ledger import Stage, State
from crisiscomms.ledger.rows import Begin, Ending

PEOPLE = [f"reader{number:03}@shop.example" for number in range(150)]

# -- what people decide --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["everything", "checkout", "channel:email"])
def test_a_hold_that_comes_after_the_claim_still_stops_the_message(ledger, scope):
    publication = freeze(ledger, line(ANA, BEA))
    (row,) = claim(ledger, publication, most=1)
    ledger.hold(scope, "wait")
    begun = ledger.turn([Begin(row, (ANA,))], ())
    assert (begun.go, begun.held) == (frozenset(), {row.id})
    assert ledger.held(row)
    assert claim(ledger, publication) == []
    assert ledger.holds() == {scope: "wait"}
    assert ledger.settle(Ending(row, State.PLANNED))

    assert ledger.release(scope)
    assert not ledger.release(scope)
    assert begin(ledger, *claim(ledger, publication)) == {1, 2}


def test_what_is_known_of_an_attempt_stays_when_a_row_is_given_back(ledger):
    publication = freeze(ledger, line(ANA))
    (row,) = claim(ledger, publication)
    ledger.settle(Ending(row, State.RETRY, evidence={"reason": "451 not now"}))
    ledger.hurry([publication])
    (row,) = claim(ledger, publication)
    ledger.give_back([row])
    (row,) = claim(ledger, publication)
    assert ledger.settle(Ending(row, State.RETRY))  # such as one whose lease was over
    assert json.loads(ledger.rows()[0].evidence) == {"reason": "451 not now"}
    assert ledger.rows()[0].attempts == 2


@pytest.mark.parametrize("scope", ["another", "channel:x", "email"])
def test_a_hold_of_something_else_stops_nothing(ledger, scope):
    publication = freeze(ledger, line(ANA))
    ledger.hold(scope, "wait")
    assert begin(ledger, *claim(ledger, publication)) == {1}


@pytest.mark.parametrize("name", [ANA, "token:ana"])
def test_who_unsubscribes_after_the_claim_gets_no_mail(ledger, name):
    publication = freeze(ledger, line(ANA, BEA), line(ANA, update_id="second"))
    rows = claim(ledger, publication)
    assert ledger.suppress([name, "nobody@shop.example"], "they asked") == 2
    assert ledger.suppress([name], "they asked again") == 0

    begun = ledger.turn([Begin(row, (row.recipient, f"token:{row.recipient[:3]}")) for row in rows], ())
    assert (begun.go, begun.unsubscribed) == ({2}, {1})
    assert states(ledger)[:2] == ["cancelled", "sending"]
    assert trail(ledger).count(("cancelled", "1")) == 1
    assert trail(ledger).count(("unsubscribed", name)) == 1
    assert json.loads(ledger.rows()[0].evidence) == {"reason": "unsubscribed"}


def test_two_mails_of_one_turn_to_who_unsubscribed_both_stay(ledger):
    rows = claim(ledger, freeze(ledger, line(ANA, BEA)))
    ledger.suppress(["token:shared"], "they asked")
    begun = ledger.turn([Begin(row, (row.recipient, "token:shared")) for row in rows], ())
    assert (begun.go, begun.unsubscribed) == (frozenset(), {1, 2})
    assert states(ledger) == ["cancelled"] * 2


def test_what_the_law_requires_goes_to_everyone(ledger):
    (row,) = claim(ledger, freeze(ledger, line(ANA)))
    ledger.suppress([ANA], "they asked")
    assert ledger.turn([Begin(row, ())], ()).go == {row.id}


def test_the_first_few_go_and_the_rest_when_people_say_so(ledger):
    publication = freeze(ledger, line(ANA, BEA, CEM), line(audience="", channel="x", rank=30))
    ledger.let_go(publication, 2)
    first = claim(ledger, publication, most=1)
    second = claim(ledger, publication, ELSEWHERE)
    assert [row.recipient for row in first + second] == [ANA, BEA]
    assert claim(ledger, publication) == []
    assert not ledger.ready(Stage(10, "email", publication))
    assert len(claim(ledger, publication, channel="x", rank=30)) == 1
    ledger.settle(Ending(first[0], State.PLANNED))
    assert [row.recipient for row in claim(ledger, publication)] == [ANA]
    assert ledger.kept_for_later([publication]) == 1

    ledger.let_go(publication, None)
    assert [row.recipient for row in claim(ledger, publication)] == [CEM]
    assert trail(ledger).count(("let go", str(publication))) == 2


# -- pace ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def paced(open_ledger):
    """Two ledgers on one place, with the time in one's own hand."""
    both = [open_ledger(), open_ledger()]
    time = {"now": 1_000_000.0}
    for ledger in both:
        ledger.store.seconds = lambda _connection: time["now"]
    return (*both, time)


def test_all_workers_share_the_pace_of_a_channel(paced):
    one, two, time = paced
    publication = freeze(one, line(*PEOPLE))
    assert len(claim(one, publication, per_second=4)) == 4
    assert claim(two, publication, per_second=4) == []
    assert two.wait("email", 4) == 0.25
    got = []
    for number in range(40):
        time["now"] += 0.25
        got += claim((one, two)[number % 2], publication, per_second=4)
    assert len(got) == 40
    time["now"] += 3600  # a pause earns no flood
    assert len(claim(two, publication, per_second=4)) == 4
    assert len({row.id for row in got}) == 40


def test_a_slow_channel_sends_one_at_a_time(paced):
    one, two, time = paced
    publication = freeze(one, line(*PEOPLE))
    assert len(claim(one, publication, per_second=0.1)) == 1
    time["now"] += 9
    assert claim(two, publication, per_second=0.1) == []
    time["now"] += 1
    assert len(claim(two, publication, per_second=0.1)) == 1


@pytest.mark.parametrize("per_second", [None, 10.0])
def test_a_place_that_asks_for_patience_is_left_alone_by_all(paced, per_second):
    one, two, time = paced
    publication = freeze(one, line(*PEOPLE))
    one.ask_patience("email", 30)
    two.ask_patience("email", 10)  # the longest wish counts
    time["now"] += 29
    for ledger in (one, two):
        assert claim(ledger, publication, per_second=per_second) == []
        assert ledger.wait("email", per_second) == 1
    assert two.wait("x", per_second) == 0
    time["now"] += 2
    assert claim(two, publication, per_second=per_second)
