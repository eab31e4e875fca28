"""Which message holds which element of an apology. Never one number: nobody should write to please a sum."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from crisiscomms.errors import Finding, Severity
from crisiscomms.review.context import Case
from crisiscomms.review.letter import Letter
from crisiscomms.review.phrases import fold
from crisiscomms.review.required import elements_in

_APOLOGY = "apology"
_JUDGED = frozenset({Severity.WARNING, Severity.ERROR})


class Level(StrEnum):
    """How an element stands in a message. What is not asked now may still be asked at a later status."""

    PRESENT = "present"
    WEAK = "weak"
    MISSING = "missing"
    NOT_ASKED = "not asked now"


class Element(NamedTuple):
    """One element: how it is called, and the rules that make it weak."""

    name: str
    weak: frozenset[str]


class Score(NamedTuple):
    """One message, with how each element stands in it, in the order of the table."""

    message: str
    kind: str
    language: str
    audience: str | None
    elements: Mapping[str, Level]


@cache
def elements() -> dict[str, Element]:
    """Return the elements in the order of the table."""
    plain = tomllib.loads(files("crisiscomms.review.reports").joinpath("elements.toml").read_text(encoding="utf-8"))
    return {key: Element(part["name"], frozenset(part["weak"])) for key, part in plain.items()}


def scores(case: Case, letters: Iterable[Letter], findings: Iterable[Finding]) -> tuple[Score, ...]:
    """Return how each message of a case scores. Those of which nothing is asked, such as the memo, have no score."""
    if case.facts is None:
        return ()
    judged = [finding for finding in findings if finding.severity in _JUDGED]
    found = []
    for letter in letters:
        held = elements_in(case.facts, letter)
        if len(held) > 1:
            about = [finding for finding in judged if _concerns(finding, letter)]
            levels = {key: _level(key, held, about) for key in elements()}
            found.append(Score(letter.name, letter.kind, letter.language, letter.audience, levels))
    return tuple(found)


def _concerns(finding: Finding, letter: Letter) -> bool:
    """Say whether a finding is about a message: about its words, about the message, or about the whole record."""
    quote = finding.quote
    if quote is None or quote.message == letter.name:
        return True
    return bool(quote.words) and finding.place.line > 0 and fold(quote.words) in letter.folded


def _level(key: str, held: Mapping[str, bool | None], about: Iterable[Finding]) -> Level:
    """Return how an element stands. Where the record has nothing to say, its own findings tell whether it should."""
    if key not in held:
        return Level.NOT_ASKED
    severities = {finding.code: finding.severity for finding in about}
    lacking = "no-explicit-apology" if key == _APOLOGY else f"missing-{key}"
    if held[key] is False or severities.get(lacking) is Severity.ERROR:
        return Level.MISSING
    if lacking in severities or (held[key] and elements()[key].weak & severities.keys()):
        return Level.WEAK
    return Level.PRESENT if held[key] else Level.NOT_ASKED
