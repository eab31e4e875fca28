"""Care for people who were hurt or are in danger, and for what was meant for the team only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crisiscomms.errors import Finding, Place
from crisiscomms.record.tree import Path_
from crisiscomms.review.context import Case
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import lexicon
from crisiscomms.review.phrases import fold, words_in
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
#: So many words in a row that also stand in the notes were copied from there.
_RUN = 6


def record_care(case: Case) -> Iterator[Finding]:
    """Yield what a record that speaks of harm leaves open."""
    incident = case.incident
    if incident.harm == "none":
        return
    yield from _nothing_to_do(case)
    if not incident.care.told_first:
        yield _finding(case, "told-first", ("harm",), "a question: who was told before the public, and by whom?")
    if not incident.care.marketing_paused:
        yield _finding(case, "pause-marketing", ("harm",), "a question: are advertising and planned posts stopped?")
    for name, fact in incident.facts.items():
        words = {word.lower() for _, forms in fact.unit.forms for _, word in forms}
        if fact.certainty == "estimated" and (words & _HURT or set(name.split("_")) & _HURT):
            message = f"{name} counts people who were hurt, and is an estimate"
            yield _finding(case, "estimate-of-hurt", ("facts", name, "certainty"), message)


def _nothing_to_do(case: Case) -> Iterator[Finding]:
    """Find a public that is told to do nothing, though people are or may be hurt."""
    audiences = case.workspace.audiences(case.incident.audiences)
    public = [
        (index, item)
        for index, item in enumerate(case.incident.do_now)
        if not item.private and (item.audience not in audiences or audiences[item.audience].recipients is None)
    ]
    if public and all(_says_nothing(case, language, words) for _, item in public for language, words in item.text):
        found = rule("hurt-and-nothing-to-do", "G")
        build = case.error if case.incident.harm == "confirmed" else case.warning
        state = "hurt or in danger" if case.incident.harm == "confirmed" else "perhaps hurt or in danger"
        message = f"people are {state}, and everyone is told that there is nothing to do"
        yield build(found.code, ("do_now", public[0][0], "text"), message, found.why, found.fix)


def _says_nothing(case: Case, language: str, words: str) -> bool:
    """Say whether every sentence of a text says that there is nothing to do. Of a language without rules: our own words."""
    known, voice = lexicon(language), case.facts.voices.get(language) if case.facts else None
    if known is None:
        return voice is not None and words.strip() == voice.word("call.nothing_to_do")
    letter = Letter("", language, words)
    return all(known.has("nothing-to-do", letter, one.start, one.end) for one in letter.sentences)


def message_care(case: Case, letters: Iterable[Letter]) -> Iterator[Finding]:
    """Yield words of the notes that stand in a message."""
    runs = set(_runs(words_in(fold(case.incident.notes or ""))))
    told: set[str] = set()
    for letter in letters if runs else ():
        if letter.name in told or runs.isdisjoint(_runs(letter.words)):
            continue
        told.add(letter.name)
        copied = " ".join(next(run for run in _runs(letter.words) if run in runs))
        said = f'the {letter.name} says "{copied}", as the notes do'
        yield _finding(case, "notes-in-message", letter.place(), said)


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield every run of words of a text, in the order in which they stand."""
    return zip(*(words[at:] for at in range(_RUN)), strict=False)


def _finding(case: Case, code: str, place: Path_ | Place, message: str) -> Finding:
    found = rule(code, "G")
    return case.finding(code, found.severity, place, message, found.why, found.fix)
