"""What the rules find in every message of a case, each with the place where its words are to be changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from crisiscomms.errors import Finding, Place, Quote, Severity
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.record.texts import Passage, passages
from crisiscomms.review.context import Case, short
from crisiscomms.review.letter import Letter
from crisiscomms.review.phrases import fold
from crisiscomms.review.scan import Verdict, scan
from crisiscomms.review.seen import EARLIER
from crisiscomms.review.stated import stated_elements


def wording(case: Case, letters: Iterable[Letter], named: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what the words of some messages get wrong. Words that stand in several messages are named once."""
    told: set[tuple[str, Place, str]] = set()
    known = {language: _texts(case, language) for language in case.workspace.settings.organisation.languages}
    for letter in letters:
        stated = frozenset(f.code for f in stated_elements(case, case.facts, letter)) if case.facts else frozenset()
        for verdict in scan(letter, named):
            if letter.written and letter.written.holds(verdict.hit.start):
                if not _told_better(verdict, stated):
                    yield finding(verdict, letter.place(verdict.hit.start if verdict.hit.end else None))
                continue
            passage, at = _source(verdict, known.get(letter.language, []))
            earlier = passage and passage.update and passage.update.at.at < case.update.at.at
            if earlier and letter.kind != EARLIER:
                continue  # what was said then was judged then
            if "TODO" in (passage.words if passage else verdict.hit.words):
                continue  # what is still to be written is judged when it is written
            place = _place(case, verdict, passage, at)
            key = (verdict.rule.code, place, verdict.hit.words.lower())
            if key not in told:
                told.add(key)
                yield finding(verdict, place)


def _told_better(verdict: Verdict, stated: Collection[str]) -> bool:
    """Say whether an element that is missing was named already, with what the record says of it."""
    return verdict.hit.end == 0 and verdict.rule.code in stated


def _texts(case: Case, language: str) -> list[tuple[Passage, str]]:
    """Return the texts of the record in a language. Of two alike, the newest update's is the one that is judged."""
    found = [(p, fold(p.words)) for p in passages(case.incident) if p.language == language]
    return sorted(found, key=lambda pair: -pair[0].update.at.at.timestamp() if pair[0].update else 0.0)


def finding(verdict: Verdict, place: Place) -> Finding:
    """Return a finding: where, what, why it matters to the reader, what to write instead."""
    rule, hit = verdict.rule, verdict.hit
    asks = "a question: " if verdict.severity is Severity.QUESTION else ""
    detail = f" ({hit.said})" if hit.said else ""
    if hit.end > hit.start:
        message = f'the {hit.letter.name} says "{short(hit.words)}": {asks}{rule.what}{detail}'
    else:
        message = f"the {hit.letter.name}: {asks}{rule.what}{detail}"
    return Finding(
        rule.code, verdict.severity, place, message, rule.why, rule.fix, quote(hit.letter, hit.start, hit.end)
    )


def quote(letter: Letter, start: int, end: int) -> Quote:
    """Return some words of a letter with the sentence they stand in. Words that do not end before they begin are none."""
    if end <= start:
        return Quote(letter.name)
    here = letter.sentence_at(start)
    # The time of publication is not known yet. One sign stands for it, so that what follows stays where it is.
    text = letter.text.replace(PUBLISHED_AT, "\u2026")
    return Quote(letter.name, start, end, text[here.start : max(here.end, end)], text[start:end])


def _source(verdict: Verdict, known: list[tuple[Passage, str]]) -> tuple[Passage | None, int]:
    """Return the text of the record that the words come from, and where in it."""
    hit = verdict.hit
    said = fold(hit.letter.text[hit.start : hit.end])
    for passage, words in known if said else ():
        at = words.find(said)
        if at >= 0:
            return passage, at
    return None, 0


def _place(case: Case, verdict: Verdict, passage: Passage | None, at: int) -> Place:
    """Return where the words stand in the record; else the template they come from."""
    hit = verdict.hit
    if passage is None:
        return hit.letter.place()
    tree = case.record.tree
    return tree.place_of(passage.path_in(tree), passage.words[at : at + hit.end - hit.start])
