"""The ledger by itself: rows move by compare-and-set along the allowed ways, in their order, and nothing is lost."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest
from delivery.ledgers import (
    ANA,
    BEA,
    CEM,
    DEAD,
    LATER,
    ME,
    NOW,
    ask,
    begin,
    claim,
    claims_are,
    end_leases,
    freeze,
    line,
    put,
    sent,
    states,
    trail,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, State
from crisiscomms.ledger.rows import Ending
from crisiscomms.ledger.states import MOVES, TERMINAL

SITE = {"kind": "site", "channel": "website", "rank": 0, "audience": ""}

# -- moves ---------------------------------------------------------------------------------------------------------


def test_a_worker_moves_a_row_only_where_the_states_allow(ledger):
    (row,) = claim(ledger, freeze(ledger, line(ANA)))
    for old, new in itertools.product(State, State):
        put(ledger, row.id, state=old, claim=row.claim)
        before = len(trail(ledger))
        may = new in MOVES[old]
        assert ledger.settle(Ending(row, new)) == may, (old, new)
        assert states(ledger) == [new if may else old], (old, new)
        assert len(trail(ledger)) - before == may, (old, new)


def test_what_is_settled_never_changes_and_what_began_is_never_planned_again():
    assert all(not MOVES[state] for state in TERMINAL)
    assert State.PLANNED not in MOVES[State.SENDING] | MOVES[State.DOUBT]
    assert [state for state in State if State.SENDING in MOVES[state]] == [State.CLAIMED]


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(list(State)), st.booleans()), max_size=12))
def test_however_one_tries_each_change_is_one_entry_and_needs_the_claim(tmp_path_factory, steps):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.db", lambda: NOW, "tester")
    (row,) = claim(ledger, freeze(ledger, line(ANA)))
    entries, state, held = len(trail(ledger)), State.CLAIMED, True
    for to, mine in steps:
        may = to in MOVES[state] and mine and held
        assert ledger.settle(Ending(row if mine else row._replace(claim=77), to)) == may
        entries, state = entries + may, to if may else state
        held &= not (may and to in {State.PLANNED, State.RETRY, State.DOUBT})  # whoever says so has let go
        assert states(ledger) == [state]
        assert len(trail(ledger)) == entries
        if may:
            assert trail(ledger)[-1] == (to, str(row.id))
    ledger.close()


# -- freezing, revising, dropping ----------------------------------------------------------------------------------


def test_a_plan_is_frozen_whole_or_not_at_all(ledger):
    freeze(ledger, line(ANA), bodies={"m": b"Sorry."})
    before = (ledger.rows(), trail(ledger))

    def fails(_connection):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        ledger.freeze("checkout", "f", ledger.clock(), lambda _: "{}", {"n": b"So sorry."}, [line(BEA)], [1], fails)
    with pytest.raises(Exception, match=r"(?i)unique"):
        freeze(ledger, line(BEA), line(ANA))
    assert (ledger.rows(), trail(ledger)) == before
    assert ledger.blob("m") == b"Sorry."
    with pytest.raises(KeyError):
        ledger.blob("n")
    assert len(ledger.open_publications()) == 1


def test_a_row_that_waits_is_revised_and_one_that_is_out_is_not(ledger, clock):
    first = freeze(ledger, line(ANA, at=LATER, not_before=LATER))
    second = freeze(ledger, line(ANA, words='["new"]', message="words", revises=1))
    (row,) = ledger.rows()
    assert (row.publication, row.person, row.message, row.state) == (second, '["new"]', "words", "planned")
    assert trail(ledger)[-2] == ("revised", "1")
    assert ledger.finish(first)

    (row,) = claim(ledger, second)
    freeze(ledger, line(ANA, words='["newer"]', revises=row.id))
    assert begin(ledger, row)
    sent(ledger, row)
    freeze(ledger, line(ANA, words='["newest"]', revises=row.id))
    assert [(r.person, r.state) for r in ledger.rows()] == [('["new"]', "sent")]
    assert [what for what, _ in trail(ledger)].count("revised") == 1


def test_what_is_dropped_goes_no_more_even_from_a_workers_hand(ledger):
    publication = freeze(ledger, line(ANA, BEA, CEM))
    first, second = claim(ledger, publication, most=2)
    begin(ledger, first)
    freeze(ledger, drop=[1, 2, 3])

    assert states(ledger) == ["sending", "cancelled", "cancelled"]
    assert [entry for entry in trail(ledger) if entry[0] == "cancelled"] == [("cancelled", "2"), ("cancelled", "3")]
    assert not begin(ledger, second)
    assert sent(ledger, first)


def test_what_a_plan_asks_about_readers_is_told(ledger):
    freeze(ledger, line(ANA, BEA))
    freeze(ledger, line(ANA, update_id="second", at=LATER, not_before=LATER), line(**SITE))
    put(ledger, 1, state=State.SENT)

    found = ledger.of("checkout", "email", [ANA, CEM])
    assert list(found) == [ANA]
    assert [(copy.update, copy.state, copy.frozen) for copy in found[ANA]] == [
        ("first", "sent", True),
        ("second", "planned", False),
    ]
    assert [(channel, copy.recipient) for channel, copy in ledger.waiting("checkout")] == [
        ("email", BEA),
        ("email", ANA),
        ("website", ""),
    ]
    assert ledger.of("another", "email", [ANA]) == {}


def test_what_was_called_off_is_not_out_and_can_be_planned_again(ledger):
    freeze(ledger, line(ANA))
    freeze(ledger, drop=[1])
    assert list(ledger.waiting("checkout")) == []
    assert ledger.published().of("checkout").told == ()
    assert [copy.state for copy in ledger.of("checkout", "email", [ANA])[ANA]] == ["cancelled"]
    freeze(ledger, line(ANA, number=1))
    assert states(ledger) == ["cancelled", "planned"]


# -- finishing -----------------------------------------------------------------------------------------------------


def test_a_publication_is_finished_when_it_has_nothing_left_even_later(ledger):
    publication = freeze(ledger, line(ANA), line(BEA, not_before=LATER))
    (row,) = claim(ledger, publication)
    begin(ledger, row)
    sent(ledger, row)
    assert not ledger.finish(publication)  # Bea has yet to hear
    assert ledger.next_time([publication]) == LATER

    coming = freeze(ledger, line(CEM, at=LATER, not_before=LATER))
    assert ledger.finish(coming)  # what comes later has a plan of its own
    assert [open_one.id for open_one in ledger.open_publications()] == [publication]
    assert trail(ledger)[-1] == ("finished", str(coming))


def test_what_comes_later_waits_for_a_plan_of_its_own_time(ledger, clock):
    publication = freeze(ledger, line(ANA, at=LATER, not_before=LATER))
    clock.now = NOW + timedelta(hours=1)
    assert claim(ledger, publication) == []
    assert [copy.frozen for _, copy in ledger.waiting("checkout")] == [False]
    assert len(claim(ledger, freeze(ledger, line(ANA, at=LATER, revises=1)))) == 1


# -- a person's word -----------------------------------------------------------------------------------------------


def test_a_resend_gets_the_next_number_and_opens_its_publication_again(ledger):
    publication = freeze(ledger, line(ANA))
    for number in range(3):
        (row,) = claim(ledger, publication)
        assert row.number == number
        begin(ledger, row)
        ledger.settle(Ending(row, State.DOUBT))
        assert ledger.finish(publication)
        assert ledger.open_publications() == []
        assert ledger.resolve_doubt(row.id, State.PLANNED, "again")
        assert not ledger.resolve_doubt(row.id, State.PLANNED, "again")
        assert [one.id for one in ledger.open_publications()] == [publication]
    assert states(ledger) == ["closed_unknown"] * 3 + ["planned"]
    assert [json.loads(row.evidence).get("because") for row in ledger.rows()] == ["again"] * 3 + [None]
    assert trail(ledger)[-2:] == [("closed_unknown", "3"), ("resend", "3")]


@pytest.mark.parametrize("to", [State.FAILED, State.CANCELLED, State.RETRY, State.DOUBT])
def test_a_person_cannot_settle_a_doubt_as_what_nobody_can_know(ledger, to):
    freeze(ledger, line(ANA))
    put(ledger, 1, state=State.DOUBT)
    before = (ledger.rows(), trail(ledger))
    assert not ledger.resolve_doubt(1, to, "perhaps")
    assert (ledger.rows(), trail(ledger)) == before


@pytest.mark.parametrize("to", [State.SENT_BY_WORD, State.CLOSED])
def test_a_doubt_that_a_person_settled_stays_settled(ledger, to):
    (row,) = claim(ledger, freeze(ledger, line(ANA)))
    begin(ledger, row)
    assert not ledger.resolve_doubt(row.id, to, "nothing is in doubt yet")
    end_leases(ledger)
    ledger.recover()
    assert ledger.resolve_doubt(row.id, to, "they called")
    assert not sent(ledger, row)
    assert not ledger.found(Ending(row, State.SENT, "late"))
    (settled,) = ledger.rows()
    assert settled.state == to
    assert json.loads(settled.evidence)["resolved_by"] == "tester"


def test_a_doubt_is_settled_by_what_the_place_shows_once(ledger):
    freeze(ledger, line(**SITE))
    put(ledger, 1, state=State.DOUBT)
    (row,) = ledger.rows(State.DOUBT)
    found = Ending(row, State.SENT, "r", "https://x.example/1", {"found": "it"}, stands={("site", "en"): "digest"})
    assert ledger.found(found)
    assert not ledger.found(found)
    assert (ledger.rows()[0].receipt, ledger.rows()[0].url) == ("r", "https://x.example/1")
    assert ledger.standing("site") == {("checkout", "en"): "digest"}


def test_nothing_is_sent_again_while_its_sender_may_still_hear_of_it(ledger):
    (row,) = claim(ledger, freeze(ledger, line(ANA)), ME)
    begin(ledger, row)
    end_leases(ledger)
    (doubted,) = ledger.recover()
    ledger.renew([row.claim])  # it only slept
    with pytest.raises(CrisiscommsError) as refusal:
        ledger.resolve_doubt(doubted.id, State.PLANNED, "now")
    assert (ME.name in refusal.value.problem, refusal.value.fix) == (True, "Wait a minute, then say it again.")
    assert states(ledger) == ["in_doubt"]
    assert trail(ledger)[-1] == ("in_doubt", "1")

    claims_are(ledger, process=DEAD.process)
    assert ledger.resolve_doubt(doubted.id, State.PLANNED, "now")
    assert [(r.number, r.state) for r in ledger.rows()] == [(0, "closed_unknown"), (1, "planned")]


def test_what_is_counted_adds_up(ledger):
    publication = freeze(ledger, line(ANA, BEA, CEM), line(**SITE))
    put(ledger, 4, state=State.SENT)
    put(ledger, 1, state=State.SENT)
    assert sorted(ledger.counts()) == [
        ("checkout", "first", "email", "planned", 2),
        ("checkout", "first", "email", "sent", 1),
        ("checkout", "first", "website", "sent", 1),
    ]
    assert ledger.left([publication]) == 2
    ledger.hold("channel:email", "wait")
    assert ledger.held_back([publication]) == 2
    assert ask(ledger, "SELECT count(*) FROM items WHERE publication = 1") == [(2,)]
