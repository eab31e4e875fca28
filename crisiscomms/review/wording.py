"""What the rules find in every message of a case, each with the place where its words are to be changed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from crisiscomms.errors import Finding, Place, Quote, Severity
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.record.texts import Passage, passages
from crisiscomms.review.context import Case, short
from crisiscomms.review.letter import Letter
from crisiscomms.review.phrases import fold
from crisiscomms.review.scan import Verdict, scan
from crisiscomms.review.seen import OWN_WORDS
from crisiscomms.review.stated import stated_elements

#: Weights of findings, the lightest first.
_WEIGHTS = (Severity.QUESTION, Severity.INFO, Severity.WARNING, Severity.ERROR)
#: Where a sentence of a record's text ends, or goes on in other signs than in a message: citations and Markdown.
_ELSEWISE = re.compile(r"\$[\w.]+|[.!?\n*_`\[\]()]")


def wording(case: Case, letters: Iterable[Letter], named: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what the words of some messages get wrong. Words that stand in several are named once, as where they weigh most."""
    told: dict[tuple[str, Place, str], Finding] = {}
    known = {language: _texts(case, language) for language in case.workspace.settings.organisation.languages}
    for letter in letters:
        held = letter.of is None and case.facts  # what an update of another time lacks is looked for by how it sounds
        stated = frozenset(f.code for f in stated_elements(case, held, letter)) if held else frozenset()
        for verdict in scan(letter, named):
            if letter.written and letter.written.holds(verdict.hit.start):
                if not _told_better(verdict, stated):
                    yield finding(verdict, letter.place(verdict.hit.start if verdict.hit.end else None))
                continue
            found = _sources(verdict, _words_in(letter, known.get(letter.language, [])))
            passage, at = next((one for one in found if _is_judged(case, letter, one[0])), (None, 0))
            if found and passage is None:
                continue  # the words of another update: they are judged with its own status, or were when they were said
            if "TODO" in (passage.words if passage else verdict.hit.words):
                continue  # what is still to be written is judged when it is written
            place = _place(case, verdict, passage, at)
            key = (verdict.rule.code, place, verdict.hit.words.lower())
            if key not in told or _WEIGHTS.index(verdict.severity) > _WEIGHTS.index(told[key].severity):
                told[key] = finding(verdict, place)
    yield from told.values()


def _words_in(letter: Letter, known: list[tuple[Passage, str]]) -> list[tuple[Passage, str]]:
    """Return the texts of the record that may stand in a letter. One that holds an update's own words holds no others."""
    if letter.kind != OWN_WORDS:
        return known
    return [one for one in known if one[0].update and one[0].update.id == letter.of]


def _is_judged(case: Case, letter: Letter, passage: Passage) -> bool:
    """Say whether a text of the record is judged in a letter: an update's own words only with the status that it has."""
    if passage.update is None:
        return True
    if letter.of is None:
        return passage.update is case.update
    return passage.update.id == letter.of and letter.kind != "notice"


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


def _sources(verdict: Verdict, known: list[tuple[Passage, str]]) -> list[tuple[Passage, int]]:
    """Return the texts of the record that the words may come from, and where in each.

    Of several that hold them, those whose words beside them stand in the letter too.
    """
    hit = verdict.hit
    said = fold(hit.letter.text[hit.start : hit.end])
    if not said:
        return []
    word = re.compile(rf"(?<!\w(?=\w)){re.escape(said)}(?!(?<=\w)\w)")
    found = [(passage, words, match.start()) for passage, words in known for match in word.finditer(words)]
    here = fold(hit.letter.text[hit.sentence.start : hit.sentence.end])
    close = [one for one in found if _around(one[1], one[2], len(said)) in here]
    return [(passage, at) for passage, _, at in close or found]


def _around(words: str, at: int, length: int) -> str:
    """Return what stands around a place of a text as it is written, up to what a message says in other words."""
    start = max((end.end() for end in _ELSEWISE.finditer(words, 0, at)), default=0)
    end = _ELSEWISE.search(words, at + length)
    return words[start : end.start() if end else len(words)].strip()


def _place(case: Case, verdict: Verdict, passage: Passage | None, at: int) -> Place:
    """Return where the words stand in the record; else the template they come from."""
    hit = verdict.hit
    if passage is None:
        return hit.letter.place()
    tree = case.record.tree
    return tree.place_of(passage.path_in(tree), passage.words[at : at + hit.end - hit.start])
