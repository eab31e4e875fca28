"""A contact in a message is known as a whole: not when its digits only happen to follow each other in the record."""

import pytest
from example_room import FINAL, data_of

from crisiscomms.review.channels import across_channels
from crisiscomms.review.letter import Letter

KNOWN = "+49 30 5550100"


@pytest.fixture(scope="module")
def case(bench):
    data = data_of("checkout-outage")
    data["contact"] = {"email": "help@northwind.example", "phone": KNOWN, "hours": "8 to 18"}
    return bench.read_data(data, FINAL["checkout-outage"]).case


def flagged(case, words):
    letter = Letter("notice", "en", words, "merchants", "notice.md.j2")
    return [finding.message.split(" gives ")[1] for finding in across_channels(case, [letter])]


@pytest.mark.parametrize(
    "words",
    [KNOWN, "+49 (30) 555-0100", "+49 30 5550100 (8 to 18)", "+49 30 5550100 (24/7)", "help@northwind.example."],
)
def test_what_the_record_gives_may_be_written_as_one_likes(case, words):
    assert flagged(case, f"Call or write: {words}") == []


@pytest.mark.parametrize("words", ["+49 30 55501008", "+49 30 555010", "+30 5550100 818", "elp@northwind.example"])
def test_a_part_of_it_or_more_than_it_is_another(case, words):
    assert len(flagged(case, f"Call or write: {words}")) == 1


def test_every_address_of_a_text_is_seen_also_behind_signs_that_are_none(case):
    words = f"Write to {'a' * 63}b@c.example, or as @northwind said at 10 @ noon: {'d' * 65}@e.example, f@g.example,h@i.example."
    assert flagged(case, words) == [
        f"{at} as an address" for at in (f"{'a' * 63}b@c.example", "f@g.example", "h@i.example")
    ]
