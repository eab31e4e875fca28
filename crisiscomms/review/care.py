"""Care for people who were hurt or are in danger, and for what was meant for the team only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crisiscomms.errors import Finding, Place
from crisiscomms.record.tree import Path_
from crisiscomms.review.context import Case
from crisiscomms.review.letter import Letter
from crisiscomms.review.phrases import fold
from crisiscomms.review.rules import rule

#: What is counted when people are hurt, in the words of the languages that the review knows.
_HURT = frozenset(
    (
        *(
            "injuries",
            "deaths",
            "burns",
            "casualties",
            "victims",
            "fatalities",
            "wounded",
            "injured",
            "dead",
            "illnesses",
        ),
        *("verletzte", "tote", "opfer", "verletzungen", "todesf\u00e4lle", "verbrennungen", "erkrankungen"),
    )
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
#: So many words in a row that also stand in the notes were copied from there.
_RUN = 6


def record_care(case: Case) -> Iterator[Finding]:
    """Yield what a record that speaks of harm leaves open."""
    incident = case.incident
    if incident.harm == "none":
        return
    if not incident.care.told_first:
        yield _finding(case, "told-first", ("harm",), "a question: who was told before the public, and by whom?")
    if not incident.care.marketing_paused:
        yield _finding(case, "pause-marketing", ("harm",), "a question: are advertising and planned posts stopped?")
    for name, fact in incident.facts.items():
        words = {word.lower() for _, forms in fact.unit.forms for _, word in forms}
        if fact.certainty == "estimated" and (words & _HURT or set(name.split("_")) & _HURT):
            message = f"{name} counts people who were hurt, and is an estimate"
            yield _finding(case, "estimate-of-hurt", ("facts", name, "certainty"), message)


def message_care(case: Case, letters: Iterable[Letter]) -> Iterator[Finding]:
    """Yield words of the notes that stand in a message."""
    runs = set(_runs(case.incident.notes or ""))
    told: set[str] = set()
    for letter in letters if runs else ():
        copied = next((run for run in _runs(letter.text) if run in runs), None)
        if copied and letter.name not in told:
            told.add(letter.name)
            yield _finding(
                case, "notes-in-message", letter.place(), f'the {letter.name} says "{copied}", as the notes do'
            )


def _runs(text: str) -> Iterator[str]:
    """Yield every run of words of a text, in the order in which they stand."""
    words = _WORD.findall(fold(text))
    return (" ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))


def _finding(case: Case, code: str, place: Path_ | Place, message: str) -> Finding:
    found = rule(code, "G")
    return case.finding(code, found.severity, place, message, found.why, found.fix)
