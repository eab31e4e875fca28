"""What the rules find in one letter: one walk for all phrases, then the checks that look at its shape."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import NamedTuple

from crisiscomms.errors import Severity
from crisiscomms.review.conditions import Hit, weigh
from crisiscomms.review.days import DAYS
from crisiscomms.review.letter import Letter, Sentence
from crisiscomms.review.lexicon import Lexicon, lexicon
from crisiscomms.review.rules import Rule, rule
from crisiscomms.review.shape import SHAPES
from crisiscomms.review.style import STYLE

Check = Callable[[Letter, Lexicon], Iterator[Hit]]

#: How often one rule speaks about one letter: who has read it three times looks for the rest.
MOST = 3


class Verdict(NamedTuple):
    """One hit with its rule and how much it weighs here."""

    rule: Rule
    severity: Severity
    hit: Hit


#: How often a phrase is tried in one sentence. A word that stands there more often is not said to anyone.
TRIES = 6

#: The checks that look at the shape of a letter, by code.
CHECKS: dict[str, Check] = {**SHAPES, **STYLE, **DAYS}


def scan(letter: Letter, named: Collection[str] = ()) -> list[Verdict]:
    """Return what the rules say about a letter by itself, in the order of its text.

    `named` are the codes of what was found already: rules that would only repeat it stay silent.
    """
    words = lexicon(letter.language)
    if words is None:
        return []
    hits = [*_phrases(letter, words), *_checks(letter, words)]
    found: list[Verdict] = []
    counts: Counter[str] = Counter()
    for hit in sorted(hits, key=lambda hit: hit.start):
        known = rule(hit.code, hit.family)
        if counts[hit.code] >= MOST or any(code in named for code in known.yields_to):
            continue
        severity = weigh(hit, known)
        if severity is not None:
            counts[hit.code] += 1
            found.append(Verdict(known, severity, hit))
    return found


def _phrases(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Walk through a letter once, and yield each rule at most once a sentence."""
    seen: set[tuple[str, int]] = set()
    counts: defaultdict[str, int] = defaultdict(int)
    tried: defaultdict[int, int] = defaultdict(int)
    folded, here, piece, inside = letter.folded, Sentence(0, 0, 0, 0), "", frozenset[str]()
    for at, phrases in words.index.places(folded, letter.vocabulary):
        if at >= here.end:
            here = letter.sentence_at(at)
            piece = folded[here.start : here.end]
            inside = letter.words_between(here.start, here.end)
            tried.clear()
        tried[id(phrases)] += 1
        if tried[id(phrases)] > TRIES:
            continue
        for phrase in phrases:
            code = phrase.code
            if counts[code] > 4 * MOST or (code, here.number) in seen or not phrase.possible(piece, inside):
                continue
            match = phrase.near(folded, at, here.start, here.end)
            if match is None:
                continue
            seen.add((code, here.number))
            if not _quoted(letter, match, here) and not words.excepted(code, letter, here.start, here.end):
                counts[code] += 1
                yield Hit(code, words.family_of[code], letter, words, *match.span())


def _quoted(letter: Letter, match: re.Match[str], here: Sentence) -> bool:
    """Say whether words stand in quotation marks: somebody else's, or an example of what not to say."""
    before = letter.folded.count('"', here.start, match.start())
    return before % 2 == 1 and letter.folded.find('"', match.end(), here.end) >= 0


def _checks(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    for check in CHECKS.values():
        yield from islice(check(letter, words), 4 * MOST)
