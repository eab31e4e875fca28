"""Figures that say something only together: a clock with its day, two clocks of one moment, a number with its unit, a name."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from crisiscomms.review.figures import Figure, figures
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import lexicon

#: What may stand between a clock and its day: a zone and small words, and no end of a sentence. A word in capitals after
#: a point begins another one: until 31 Dec. Next update by 10:00.
_BETWEEN = re.compile(r",?(?: [^\W\d]{1,6}){0,3},? ")
_TO = re.compile(r"\s?[-\u2013\u2014]\s?")
_DIGITS = re.compile(r"\d+")
#: What a name does not reach over, and how far it reaches at all.
_EDGE = re.compile(r"[\s()\[\]<>\"'*|\u00ab\u00bb\u201c-\u201e\u2066-\u2069]")
_LONGEST = 200
_UNIT = re.compile(r"[\s\u00a0]([^\W\d_]{1,12})(?!\w)")
_LETTERS = re.compile(r"[^\W\d_]+")
_AND = re.compile(r"(?:,? (?:and|und))? |, ")


def joined(letter: Letter) -> Iterator[Figure]:
    """Yield what the figures of a text say together. Kinds: `moment`, `both`, `span`, `length`, `name`."""
    found = sorted(figures(letter.text, letter.language), key=lambda figure: figure.start)
    yield from _pairs(letter.text, found)
    yield from _lengths(letter.text, found, letter.language)
    yield from _names(letter.text, found)


def _names(text: str, found: list[Figure]) -> Iterator[Figure]:
    """Yield what stands around digits that are no figure: model K2-1700, an address, a telephone number."""
    starts, done = [figure.start for figure in found], 0
    for digits in _DIGITS.finditer(text):
        at, last = digits.start(), bisect_right(starts, digits.start()) - 1
        if at < done or (last >= 0 and at < found[last].start + len(found[last].written)):
            continue
        before = _EDGE.split(text[max(0, at - _LONGEST) : at])[-1]
        after = _EDGE.split(text[at : at + _LONGEST], maxsplit=1)[0]
        name, done = (before + after).rstrip(".,;:!?\u2026-+/"), at + len(after)
        yield Figure("name", name.lower(), name, at - len(before))


def _pairs(text: str, found: list[Figure]) -> Iterator[Figure]:
    clock: Figure | None = None
    for one, two, three in zip((None, *found), found, (*found[1:], None), strict=False):
        gap = _gap(text, one, two)
        # A clock between two days belongs to the second: from 2 May until 20:00 on 8 May. So it is said in every language.
        nearer = two.kind == "clock" and _is_moment(text, two, three)
        if one and _is_moment(text, one, two) and not nearer:
            at, day = (one, two) if one.kind == "clock" else (two, one)
            yield _over(text, "moment", f"{at.value} {_without_year(day.value)}", one, two)
        if one and one.kind == two.kind == "clock" and _TO.fullmatch(gap):
            yield _over(text, "span", f"{one.value}-{two.value}", one, two)
        if two.kind == "clock":
            after = text[two.start + len(two.written) :][:4]
            if clock and text[two.start - 1] == "(" and after == " UTC" and two.start - clock.start < 60:
                yield _over(text, "both", f"{clock.value} {two.value}", clock, two)
            clock = two


def _gap(text: str, one: Figure | None, two: Figure | None) -> str:
    """Return what stands between two figures."""
    return text[one.start + len(one.written) : two.start] if one and two else ""


def _is_moment(text: str, one: Figure | None, two: Figure | None) -> bool:
    """Say whether two figures are a clock and its day, in any order."""
    if one is None or two is None or {one.kind, two.kind} != {"clock", "date"}:
        return False
    gap = _gap(text, one, two)
    ended = one.written.endswith(".") and gap.lstrip()[:1].isupper()
    return not ended and _BETWEEN.fullmatch(gap) is not None


def _over(text: str, kind: str, value: str, one: Figure, two: Figure) -> Figure:
    return Figure(kind, value, text[one.start : two.start + len(two.written)], one.start)


def _without_year(day: str) -> str:
    return day.rsplit(".", 1)[0]


def _lengths(text: str, found: list[Figure], language: str) -> Iterator[Figure]:
    """Yield lengths of time, in minutes: `2 hours and 35 minutes` is one."""
    words = lexicon(language)
    units: Mapping[str, int] = words.numbers.get("minutes", {}) if words else {}
    open_: Figure | None = None
    for figure in found:
        unit = _UNIT.match(text, figure.start + len(figure.written)) if figure.kind == "number" else None
        if unit is None or unit[1].lower() not in units:
            continue
        minutes = float(figure.value) * units[unit[1].lower()]
        start, before = figure.start, 0.0
        if open_ and _AND.fullmatch(text[open_.start + len(open_.written) : figure.start]):
            start, before = open_.start, float(open_.value)
        elif open_:
            yield open_
        open_ = Figure("length", f"{before + minutes:g}", text[start : unit.end()], start)
    if open_:
        yield open_


def spelled(letter: Letter, nouns: frozenset[str]) -> Iterator[Figure]:
    """Yield numbers in words before a unit of time, or before one of some nouns: two and a half hours, forty merchants."""
    known = lexicon(letter.language)
    if known is None or not known.numbers:
        return
    numbers, units, half = known.numbers["words"], known.numbers["minutes"], known.numbers["half"].split()
    text, low = letter.text, letter.folded
    for match in _LETTERS.finditer(low) if not letter.vocabulary.isdisjoint(numbers) else ():
        if match[0] not in numbers:
            continue
        rest, value, nth = low[match.end() : match.end() + 40].split(), float(numbers[match[0]]), 0
        if rest[: len(half)] == half:
            value, nth = value + 0.5, len(half)
        noun = rest[nth].strip(".,;:!?") if nth < len(rest) else ""
        written = " ".join(text[match.start() : match.end() + 40].split()[: nth + 2]).rstrip(".,;:!?")
        if noun in units:
            yield Figure("length", f"{value * units[noun]:g}", written, match.start())
        elif noun in nouns:
            yield Figure("number", f"{value:g}", written, match.start())
