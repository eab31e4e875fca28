"""The table of a check: in which messages an element is weak or missing. What all messages hold takes a line or two."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crisiscomms.review.reports.score import Score

#: How each level is shown: a sign and a word.
_SHOWN = {"present": "+ yes", "weak": "~ weak", "missing": "x no", "not asked now": "-"}
_SHORT = frozenset({"weak", "missing"})
_ACROSS, _CELL, _WIDE = 7, 7, 80


def score_lines(scores: Sequence[Score]) -> Iterator[str]:
    """Yield the table of one record, at most 80 columns wide."""
    from crisiscomms.review.reports.score import elements

    names = {key: element.name for key, element in elements().items()}
    short = [one for one in scores if _SHORT & set(one.elements.values())]
    rows = [key for key in names if any(one.elements[key] in _SHORT for one in short)]
    for start in range(0, len(short), _ACROSS):
        yield from _table(short[start : start + _ACROSS], {key: names[key] for key in rows}, start)
    asked = [key for key in names if any(one.elements[key] != "not asked now" for one in scores)]
    whole = [one.message for one in scores if one not in short]
    yield from _said("Hold all that is asked of them", whole)
    yield from _said("Held wherever it is asked", [names[key] for key in asked if key not in rows])
    yield from _said("Not asked now", [names[key] for key in names if key not in asked and scores])


def _table(scores: Sequence[Score], rows: dict[str, str], start: int) -> Iterator[str]:
    for number, score in enumerate(scores, start + 1):
        yield f"  {number:>2}  {score.message}"
    width = max(map(len, rows.values()))
    heads = "".join(f"{number:<{_CELL}}" for number in range(start + 1, start + len(scores) + 1))
    yield f"  {'':<{width}}  {heads}".rstrip()
    for key, name in rows.items():
        cells = "".join(f"{_SHOWN[score.elements[key]]:<{_CELL}}" for score in scores)
        yield f"  {name:<{width}}  {cells}".rstrip()


def _said(title: str, names: Iterable[str]) -> Iterator[str]:
    words = "; ".join(names)
    if words:
        yield from textwrap.wrap(f"{title}: {words}.", _WIDE, initial_indent="  ", subsequent_indent="    ")
