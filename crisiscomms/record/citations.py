"""How a text cites the record: `$name`, `$name.value`, `$promises.review.due`, `$recipient.column`, `$$`.

`$50` is fifty dollars: a citation never begins with a digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

TIMES = ("started", "noticed", "contained", "fixed")
DERIVED = (*TIMES, "duration", "status", "next_update", "page")
_CITATION = re.compile(
    r"\$(?:(?P<dollar>\$)"
    r"|promises\.(?P<promise>[a-z0-9]+(?:-[a-z0-9]+)*)\.(?P<field>[a-z_]+)"
    r"|recipient\.(?P<column>[A-Za-z_]\w*)(?P<counted>\.with_unit)?"
    r"|(?P<name>[A-Za-z_]\w*)(?P<value>\.value\b)?)"
)


class Citation(NamedTuple):
    """One place where a text cites the record. `written` is how it stands in the text, at `start`.

    `what` is `fact`, `time`, `derived`, `promise`, `recipient`, or `unknown`; `detail` is `value`, `with_unit`, a
    promise's field, or empty.
    """

    written: str
    start: int
    what: str
    name: str
    detail: str = ""


def split(text: str, facts: Iterable[str] = ()) -> list[str | Citation]:
    """Split a text into literal words and citations, in order. `$$` becomes a literal dollar sign."""
    parts: list[str | Citation] = []
    at = 0
    known = frozenset(facts)
    for match in _CITATION.finditer(text):
        parts.append(text[at : match.start()])
        parts.append("$" if match["dollar"] else _citation(match, known))
        at = match.end()
    parts.append(text[at:])
    return [part for part in parts if part != ""]


def citations(text: str, facts: Iterable[str] = ()) -> list[Citation]:
    """Return what a text cites, in order."""
    return [part for part in split(text, facts) if isinstance(part, Citation)]


def places(text: str, facts: Iterable[str] = ()) -> dict[str, tuple[Citation, list[int]]]:
    """Return what a text cites, each as it is written once, with every place where it begins."""
    known = frozenset(facts)
    found: dict[str, tuple[Citation, list[int]]] = {}
    for match in _CITATION.finditer(text):
        if match[0] in found:
            found[match[0]][1].append(match.start())
        elif not match["dollar"]:
            found[match[0]] = (_citation(match, known), [match.start()])
    return found


def _citation(match: re.Match[str], facts: frozenset[str]) -> Citation:
    written, start = match[0], match.start()
    if match["promise"]:
        return Citation(written, start, "promise", match["promise"], match["field"])
    if match["column"]:
        return Citation(written, start, "recipient", match["column"], "with_unit" if match["counted"] else "")
    name, detail = match["name"], "value" if match["value"] else ""
    if name in facts:
        return Citation(written, start, "fact", name, detail)
    if name in DERIVED and not detail:
        return Citation(written, start, "time" if name in TIMES else "derived", name)
    return Citation(written, start, "unknown", name, detail)
