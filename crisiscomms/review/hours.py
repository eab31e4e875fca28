"""Times of day in a record's texts that do not say in which zone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from crisiscomms.errors import Finding
from crisiscomms.messages.derive import dotted
from crisiscomms.record.texts import Passage, passages
from crisiscomms.review.context import Case
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import lexicon
from crisiscomms.review.rules import rule
from crisiscomms.review.shape import SHAPES

#: Of very many, the first show what is meant.
_MOST = 50


def record_hours(case: Case) -> Iterator[Finding]:
    """Yield the times of day that a text writes out without their zone. What was said in older updates stays."""
    yield from islice(_hours(case), _MOST)


def _hours(case: Case) -> Iterator[Finding]:
    for passage in passages(case.incident):
        if passage.update and passage.update.at.at < case.update.at.at:
            continue
        for start, end in bare_clocks(passage):
            found, written = rule("missing-timezone", "A"), passage.words[start:end]
            path, nth = passage.path_in(case.record.tree), passage.words.count(written, 0, start)
            place = case.record.tree.place_of(path, written, nth)
            message = f'{dotted(passage.path)} says "{written}": {found.what}'
            yield case.finding(found.code, found.severity, place, message, found.why, found.fix)


def bare_clocks(passage: Passage) -> Iterator[tuple[int, int]]:
    """Yield where a time of day stands in a text without its zone."""
    words = lexicon(passage.language)
    by_hand = Letter("notice", passage.language, passage.words)
    for hit in SHAPES["missing-timezone"](by_hand, words) if words else ():
        yield hit.start, hit.end
