"""A sentence of a record that promises something without a day: found wherever it stands, an error once it is over."""

from copy import deepcopy

import pytest
from example_room import FINAL, STAGES, data_of

from crisiscomms.published import PublishedIncident

OUTAGE = "checkout-outage"
SAID = "We will review our process."


def set_in(data, words, *path):
    changed = deepcopy(data) | {"languages": ["en"]}
    found = changed
    for step in path[:-1]:
        found = found[step]
    found[path[-1]] = words
    return changed


def undated(read):
    lines = read.record.source.split("\n")
    found = [one for one in read.findings if one.code == "undated-commitment"]
    return [(str(one.severity), lines[one.place.line - 1][one.place.column - 1 :]) for one in found]


PLACES = [
    ("updates", 4, "text"),
    ("impact", 0, "effect"),
    ("cause", "plain"),
    ("questions", 0, "answer"),
    ("responsibility", "statement"),
]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path[0])
def test_a_promise_without_a_day_is_an_error_once_it_is_over(bench, path):
    data = data_of(OUTAGE)
    data["questions"] = [{"ask": "What now?", "answer": "It is over."}]
    (found,) = undated(bench.read_data(set_in(data, f"We are sorry. {SAID}", *path), FINAL[OUTAGE]))
    assert found == ("error", SAID)


def test_before_that_it_is_a_warning(bench):
    (_, stage, now) = STAGES[3]
    data = set_in(data_of(OUTAGE, stage), SAID, "updates", 1, "text")
    assert [weight for weight, _ in undated(bench.read_data(data, now))] == ["warning"]


@pytest.mark.parametrize(
    "words",
    [
        "By 25 November 2026 we will review our process.",
        "We will publish the review by $promises.review.due.",
        "We will never ask for your password.",
        "We reviewed our process.",
        "We will review our process by Friday.",
    ],
)
def test_a_promise_with_a_day_and_what_is_none_are_left_alone(bench, words):
    data = set_in(data_of(OUTAGE), f"We are sorry. {words}", "updates", 4, "text")
    assert undated(bench.read_data(data, FINAL[OUTAGE])) == []


def test_what_a_promise_of_the_record_says_has_its_day_there(bench):
    data = set_in(data_of(OUTAGE), f"We are sorry. {SAID}", "updates", 4, "text")
    data["promises"][0]["text"] = "We will review our process and publish what we find."
    assert undated(bench.read_data(data, FINAL[OUTAGE])) == []


def test_an_update_that_was_said_long_ago_is_not_asked_again(bench):
    data = set_in(data_of(OUTAGE), SAID, "updates", 0, "text")
    before = bench.compose_data(data, FINAL[OUTAGE]).composed.telling
    assert undated(bench.read_data(data, FINAL[OUTAGE], PublishedIncident(telling=before))) == []
    assert undated(bench.read_data(data, FINAL[OUTAGE])), "nobody has read it yet"
