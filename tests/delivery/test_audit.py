"""The audit trail: one entry for each change, in its transaction, and no change to the trail goes unnoticed."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from hashlib import sha256

import pytest
from delivery.ledgers import (
    ANA,
    DEAD,
    ELSEWHERE,
    ME,
    ask,
    busy,
    claim,
    end_leases,
    freeze,
    line,
    trail,
)

from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import State
from crisiscomms.ledger.rows import Begin, Ending
from crisiscomms.ledger.states import MOVES
from crisiscomms.ledger.trail import Anchor

TRIES = 200
PEOPLE = [f"reader{number}@shop.example" for number in range(12)]


def test_every_change_is_in_the_trail_and_the_hashes_verify(ledger):
    busy(ledger)
    assert [what for what, _ in trail(ledger)] == [
        "published",
        *["claimed"] * 3,
        "sending",
        "sent",
        "retry_wait",
        "sending",
        "in_doubt",
        "hold",
        "release",
        "closed_unknown",
        "resend",
    ]
    entries = list(ledger.trail.entries())
    assert {entry["who"] for entry in entries} == {"tester"}
    assert {entry["at"] for entry in entries} == {"2026-11-18T12:00:00+00:00"}
    assert [entry["seq"] for entry in entries] == list(range(1, 14))
    assert entries[9]["detail"] == {"reason": "counsel\nasked"}
    assert ledger.trail.verify() == (13, None)


def test_anyone_can_check_the_hashes_by_themselves(ledger):
    busy(ledger)
    previous, seq = b"\0" * 32, 0
    for last, at, who, entries, found in ask(ledger, "SELECT seq, at, who, entries, hash FROM audit ORDER BY seq"):
        for entry in entries.split("\x1e"):
            seq += 1
            previous = sha256(previous + f"{seq}\x1f{at}\x1f{who}\x1f{entry}".encode()).digest()
        assert (bytes(found), last) == (previous, seq)
    assert [bytes.fromhex(entry["hash"]) for entry in ledger.trail.entries()][-1] == previous


def test_what_people_type_cannot_shift_words_from_one_entry_to_the_next(ledger):
    ledger.hold("checkout\x1e\x1fsent\x1f7\x1f", "wait\x1e")
    (entry,) = ledger.trail.entries()
    assert (entry["what"], entry["subject"], entry["detail"]) == ("hold", "checkout  sent 7 ", {"reason": "wait\x1e"})
    assert ledger.trail.verify() == (1, None)


def test_what_fails_leaves_no_entry(ledger):
    freeze(ledger, line(ANA))
    before = trail(ledger)
    with pytest.raises(Exception, match=r"(?i)unique"):
        freeze(ledger, line(ANA))
    assert trail(ledger) == before


def test_who_has_a_strange_name_cannot_shift_words_from_one_field_to_the_next(open_ledger):
    ledger = open_ledger("eve\x1fpublished\n")
    freeze(ledger, line(ANA))
    assert {entry["who"] for entry in ledger.trail.entries()} == {"eve published "}
    assert ledger.trail.verify() == (1, None)


def test_an_anchor_tells_whether_the_trail_is_the_one_that_was_published_from(ledger):
    assert ledger.trail.anchor() is None
    busy(ledger)
    anchor = ledger.trail.anchor()
    assert Anchor.from_json(anchor.to_json()) == anchor
    freeze(ledger, line("dora@shop.example"))
    assert ledger.trail.holds(anchor)
    assert ledger.trail.verify(anchor) == (14, None)
    assert not ledger.trail.holds(Anchor(anchor.seq + 2, anchor.hash))
    assert not ledger.trail.holds(Anchor(anchor.seq - 1, anchor.hash))
    _, flaw = ledger.trail.verify(Anchor(anchor.seq, "0" * 64))
    assert flaw.words == "Entry 13 is not the one that the published site names."


@pytest.mark.parametrize("text", ["{}", "[]", "1", '{"entries": 1}', "no JSON", '{"entries": [], "hash": ""}'])
def test_what_is_no_anchor_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 -- its words are not ours where the text is no JSON
        Anchor.from_json(text)


# -- one entry for each change -------------------------------------------------------------------------------------


class Chance:
    """Does anything that can be done to a ledger, at random, and notes how every row's state changed."""

    def __init__(self, ledger, clock, seed):
        self.ledger, self.clock, self.random = ledger, clock, random.Random(seed)
        self.publications, self.hands, self.moves = [], [], Counter()
        self.before = {}

    def step(self):
        seldom = (self.publish, self.recover, self.person)
        often = (self.claim, self.turn, self.turn)
        self.random.choice(seldom if self.random.random() < 0.2 else often)()
        self.clock.now += timedelta(seconds=1)
        self.compare()

    def compare(self):
        after = {row.id: (row.state, row.item) for row in self.ledger.rows()}
        for number, (state, item) in after.items():
            was, before = self.before.get(number, (None, None))
            if was is None:
                continue  # a new row: its publication, or what a person said, is the entry
            if state != was:
                assert state in MOVES[was]
                self.moves["revised" if item != before else state, str(number)] += 1
            elif item != before:
                self.moves["revised", str(number)] += 1
        assert set(self.before) <= set(after)
        self.before = after

    def publish(self):
        waiting = [copy for _, copy in self.ledger.waiting("checkout")]
        drop = [copy.id for copy in waiting if self.random.random() < 0.05]
        revise = [copy for copy in waiting if copy.id not in drop and self.random.random() < 0.1]
        update = f"u{len(self.publications)}"
        new = line(*PEOPLE, update_id=update)
        again = [
            line(copy.recipient, number=copy.number, words=update, revises=copy.id, update_id=copy.update)
            for copy in revise
        ]
        self.publications.append(freeze(self.ledger, new, *again, drop=drop))

    def claim(self):
        worker = self.random.choice([ME, DEAD, ELSEWHERE])
        for publication in self.publications:
            self.hands += claim(self.ledger, publication, worker, most=2)

    def turn(self):
        ends = [State.SENT, State.SENT, State.RETRY, State.FAILED, State.DOUBT, State.PLANNED]
        begins, endings = [], []
        some = self.random.sample(self.hands, min(4, len(self.hands)))
        for row in {row.id: row for row in some}.values():  # a worker's turn names each row once
            if self.random.random() < 0.5:
                begins.append(Begin(row, (row.recipient,)))
            else:
                endings.append(Ending(row, self.random.choice(ends), "ok"))
        self.ledger.turn(begins, endings)

    def recover(self):
        if self.random.random() < 0.3:
            end_leases(self.ledger)
        self.ledger.recover()

    def person(self):
        if self.random.random() < 0.1:
            self.ledger.suppress([self.random.choice(PEOPLE)], "they asked")
        if self.random.random() < 0.3:
            self.ledger.hold("everything", "wait")
        else:
            self.ledger.release("everything")
        for row in self.ledger.rows(State.DOUBT)[:2]:
            try:
                self.ledger.resolve_doubt(row.id, self.random.choice([State.PLANNED, State.CLOSED]), "so be it")
            except CrisiscommsError:
                continue


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_change_of_every_row_has_exactly_one_entry(file_ledger, clock, seed):
    chance = Chance(file_ledger, clock, seed)
    for _ in range(200):
        chance.step()
    about_rows = {*State, "revised"}
    told = Counter(entry for entry in trail(file_ledger) if entry[0] in about_rows)
    assert told == chance.moves
    assert {what for what, _ in told} == about_rows - {State.SENT_BY_WORD}, "it did something of everything"
    anchor = file_ledger.trail.anchor()
    assert file_ledger.trail.verify(anchor) == (anchor.seq, None)
