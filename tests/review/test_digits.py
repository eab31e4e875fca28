"""One digit is changed in a message by hand: the review finds it, by the figure, its place or its label.

Every digit of every message of the three examples is tried. What is still missed is another true value of the same
record in a place where nothing tells the two apart; those are counted.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from example_room import FINAL, Bench, bench_in, data_of

from crisiscomms.review import Case
from crisiscomms.review.channels import across_channels
from crisiscomms.review.consistency import may_be_said, one_message
from crisiscomms.review.letter import Letter
from crisiscomms.review.seen import seen

MOST = 0.03


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return bench_in(tmp_path_factory.mktemp("digits") / "northwind")


def findings(case: Case, letter: Letter, allowed: set[tuple[str, str]]) -> Iterator[object]:
    """Yield what the review says about one message: what is cheap to find comes first."""
    yield from one_message(case, letter, allowed)
    yield from across_channels(case, [letter])


def changed(text: str) -> Iterator[tuple[int, str]]:
    """Yield every digit's place, and the text with another digit there: each of the nine others takes its turn."""
    places = [at for at, sign in enumerate(text) if sign.isdigit()]
    for nth, at in enumerate(places):
        other = (int(text[at]) + 1 + nth % 9) % 10
        yield at, f"{text[:at]}{other}{text[at + 1 :]}"


@pytest.mark.parametrize("incident", FINAL)
def test_one_changed_digit_in_any_message_is_found(bench, incident):
    case = bench.compose_data(data_of(incident), FINAL[incident]).case
    allowed = cache(lambda language: may_be_said(case.facts, case.facts.voices[language]))
    tried, missed = 0, []
    for letter in seen(case):
        before = set(findings(case, letter, allowed(letter.language)))
        assert not [finding for finding in before if finding.code == "fact-mismatch"]
        for at, text in changed(letter.text):
            tried += 1
            edited = replace(letter, text=text)
            if all(finding in before for finding in findings(case, edited, allowed(letter.language))):
                missed.append(f"{letter.name}: ...{text[max(0, at - 30) : at]}[{text[at]}]{text[at + 1 : at + 20]}...")
    assert tried > 300
    assert len(missed) < MOST * tried, "\n".join((f"{len(missed)} of {tried} were missed:", *missed))


def said(bench: Bench, language: str, words: str) -> list[str]:
    """Return which figures the review questions where some words are added to the page of the outage."""
    case = bench.compose_data(data_of("checkout-outage"), FINAL["checkout-outage"]).case
    letter = next(m for m in seen(case) if m.kind == "incident" and m.language == language)
    edited = replace(letter, text=f"{letter.text}\n\n{words}\n")
    allowed = may_be_said(case.facts, case.facts.voices[language])
    return [f.message.split('"')[1] for f in one_message(case, edited, allowed) if f.code == "fact-mismatch"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "About 1,700 payments failed."),
        ("en", "It took over two and a half hours."),
        ("en", "That was 2 hours and 35 minutes."),
        ("en", "Forty merchants were affected."),
        ("en", "It lasted from 10:12-12:47 CET."),
        ("en", "At 09:12 UTC on 18 November it began."),
        ("en", "Write to us until 25 November. Next update by 12:10 CET."),
        ("en", "Write to us until 25 Nov. Next update by 12:10 CET."),
        ("de", "Schreiben Sie uns bis zum 25. November. Nächste Meldung bis 12:10 Uhr."),
        ("en", "It was on sale from 25 November 2026 until 10:12 CET on 18 November 2026."),
        ("de", "Rund 1.700 Zahlungen schlugen fehl."),
        ("de", "Es dauerte rund zweieinhalb Stunden."),
        ("de", "Vierzig Händler waren betroffen."),
    ],
)
def test_a_true_figure_may_be_rounded_spelled_and_counted_in_other_units(bench, language, words):
    assert said(bench, language, words) == []


@pytest.mark.parametrize(
    ("language", "words", "found"),
    [
        ("en", "About 1,900 payments failed.", "1,900"),
        ("en", "It was 1,700 payments.", "1,700"),
        ("en", "It took about three and a half hours.", "three and a half hours"),
        ("en", "Fifty merchants were affected.", "Fifty merchants"),
        ("en", "It was model K2-1700.", "K2-1700"),
        ("en", "It began at 10:12 CET on 25 November 2026.", "10:12 CET on 25 November 2026"),
        ("en", "It began on 25 Nov. at 10:12 CET.", "25 Nov. at 10:12"),
        ("en", "It began on 25 Nov. 2026, 10:12 CET.", "25 Nov. 2026, 10:12"),
        ("en", "From 18 November until 10:12 CET on 25 November.", "10:12 CET on 25 November"),
        ("en", "It was at 10:12 CET (11:47 UTC).", "10:12 CET (11:47"),
        ("de", "Es dauerte dreieinhalb Stunden.", "dreieinhalb Stunden"),
        ("de", "1,5 Millionen Zahlungen schlugen fehl.", "1,5 Millionen"),
        ("de", "Fünfzig Händler waren betroffen.", "Fünfzig Händler"),
    ],
)
def test_a_figure_that_nobody_stands_behind_is_named(bench, language, words, found):
    assert said(bench, language, words) == [found]
