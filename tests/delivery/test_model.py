"""The delivery protocol holds in every state it can reach, and the search notices each rule that is broken."""

from __future__ import annotations

import pytest
from delivery import model

from crisiscomms.ledger.states import MOVES

#: Which invariant each mutant breaks first.
BREAKS = {
    "begin does not compare the token": "I6",
    "begin does not ask for approval again": "I4",
    "a hold counts only at the claim": "I11",
    "an unsubscribed reader is skipped only at the claim": "I11",
    "a row that is sending is planned again after a crash": "I3",
    "silence after the dot is tried again": "I3",
    "a claim from before a power loss is planned again": "I3",
    "claims are not synced": "I3",
    "the lease is not looked at before the dot": "I1",
    "a person may resend while the worker may live": "I1",
    "a resend keeps its number": "I3",
    "sent is written before the reply": "I2",
    "a stale token settles a row that another worker holds": "I7",
    "a late refusal moves a row in doubt": "I7",
    "a late yes overrules a person's word": "I6",
    "what a read-back does not find is planned again": "I3",
    "the order per reader is not asked": "I8",
    "a row that is sending can be cancelled": "I3",
    "a claim from before a power loss can be cancelled": "I3",
    "a settled row leaves no audit entry": "I10",
    "nobody takes back what a dead worker held": "I12",
}


@pytest.fixture(scope="module")
def searched():
    return {scene: model.search(model.Rules(), scene) for scene in model.SCENES}


def test_the_protocol_holds_in_every_state(searched):
    assert {scene: (found.breach, *found.trace) for scene, found in searched.items()} == dict.fromkeys(searched, ("",))


def test_the_search_reaches_far(searched):
    assert sum(found.states for found in searched.values()) > 30_000


def test_the_model_moves_rows_as_the_ledger_does(searched):
    moves = set().union(*(found.moves for found in searched.values()))
    table = {(old, new) for old, nexts in MOVES.items() for new in nexts if old != new}
    assert moves == table


def test_every_mutant_is_known():
    assert list(BREAKS) == list(model.MUTANTS)


@pytest.mark.parametrize("name", model.MUTANTS)
def test_a_broken_rule_is_noticed(name):
    found = model.caught(model.MUTANTS[name])
    assert found is not None
    assert found.trace
    assert found.breach.split()[0] == BREAKS[name], "\n".join(found.trace)
