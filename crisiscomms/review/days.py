"""Days of the week: whether a date is the one that stands beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache

from crisiscomms.review.conditions import Hit
from crisiscomms.review.figures import Figure, figures
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import Lexicon

#: A word right before a date, and one in brackets after it.
_BEFORE = re.compile(
    r"(?<!\w)(?:(?P<article>the)\s)?(?P<day>[^\W\d_]{2,12})\.?,?\s(?:(?:the|de[nmr])\s)?$", re.IGNORECASE
)
_AFTER = re.compile(r",?\s\((?P<day>[^\W\d_]{2,12})\.?\)")
_REACH = 24


def _weekdays(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield each date that stands beside another day of the week than the calendar has for it.

    A date without a year is of one of the years that the letter names; where it names none, nothing is known.
    """
    dates = [figure for figure in figures(letter.text, letter.language) if figure.kind == "date"]
    years = {int(named) for figure in dates if (named := figure.value.rpartition(".")[2])}
    for figure in dates:
        found = _named(letter, figure)
        if found is None:
            continue
        day, month, year = (int(part or 0) for part in figure.value.split("."))
        real = {at.weekday() for at in _days(day, month, {year} if year else years)}
        written, start, end = found
        if real and written not in real:
            names = _names(letter.language)
            said = ", ".join(next(name for name, one in names.items() if one == other) for other in sorted(real))
            yield Hit("wrong-weekday", "F", letter, words, start, end, said.title())


def _named(letter: Letter, figure: Figure) -> tuple[int, int, int] | None:
    """Return the day of the week that stands beside a date, as a number from Monday, and where both begin and end."""
    known, text, end = _names(letter.language), letter.text, figure.start + len(figure.written)
    before = _BEFORE.search(text, max(0, figure.start - _REACH), figure.start)
    if before and before["day"].lower() in known and before["day"][0].isupper() and not before["article"]:
        return known[before["day"].lower()], before.start(), end
    after = _AFTER.match(text, end)
    if after and after["day"].lower() in known:
        return known[after["day"].lower()], figure.start, after.end()
    return None


def _days(day: int, month: int, years: set[int]) -> Iterator[date]:
    for year in years:
        try:
            yield date(year, month, day)
        except ValueError:  # there is no such day: what it is meant to be, nobody knows
            continue


@lru_cache
def _names(language: str) -> Mapping[str, int]:
    """Return the days of the week in a language, long before short, with their numbers from Monday."""
    from babel import Locale  # noqa: PLC0415

    forms = Locale.parse(language.replace("-", "_")).days["format"]
    named = [(name, number) for width in ("wide", "abbreviated") for number, name in forms[width].items()]
    return {name.lower().rstrip("."): number for name, number in named}


#: Each check by its code. All are given the letter and the words of its language.
DAYS: dict[str, Callable[[Letter, Lexicon], Iterator[Hit]]] = {"wrong-weekday": _weekdays}
