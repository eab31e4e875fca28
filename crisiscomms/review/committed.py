"""What the texts of a record say we will do: each with a day, as its actions and promises have one."""

from __future__ import annotations

from collections.abc import Iterator

from crisiscomms.errors import Finding
from crisiscomms.fields import Text
from crisiscomms.messages.derive import dotted
from crisiscomms.messages.prose import to_text
from crisiscomms.record.texts import Passage, passages
from crisiscomms.review.conditions import Hit
from crisiscomms.review.context import Case, short
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import Lexicon, lexicon
from crisiscomms.review.phrases import fold
from crisiscomms.review.scan import scan
from crisiscomms.review.seen import going_out
from crisiscomms.review.shape import SHAPES

_CODE = "undated-commitment"
#: Texts that have no field for their day. Actions, promises and repair have one, and are asked for it.
_PLACES = frozenset({"updates", "impact", "cause", "questions", "rumours", "responsibility"})


def record_committed(case: Case) -> Iterator[Finding]:
    """Yield sentences that promise something and name no day. Where a promise of the record says the same, it names it."""
    spoken, dated = going_out(case), frozenset(_dated(case))
    for passage in passages(case.incident):
        words = lexicon(passage.language)
        said = passage.field in _PLACES and (passage.update is None or passage.update in spoken)
        if words and said and "TODO" not in passage.words:
            yield from _undated(case, passage, words, dated)


def _undated(case: Case, passage: Passage, words: Lexicon, dated: frozenset[str]) -> Iterator[Finding]:
    letter = Letter("statement", passage.language, _as_said(case, passage))
    build = case.error if case.owes_statement else case.warning
    for hit in SHAPES[_CODE](letter, words):
        sentence = letter.words_of(hit.sentence)
        # An update's own time for the next one stands right below it.
        told_when = passage.update and passage.update.next_update and hit.beside("next")
        if (
            not told_when
            and not _dated_loosely(letter, hit)
            and not any(_same(fold(sentence), other) for other in dated)
        ):
            tree = case.record.tree
            yield build(
                _CODE,
                tree.place_of(passage.path_in(tree), hit.words),
                f'{dotted(passage.path)} promises something without a day: "{short(sentence)}"',
                "A promise without a date is a hope.",
                "Add the day to the sentence, or make it a promise with due and owner, and cite that day.",
            )


def _dated_loosely(letter: Letter, hit: Hit) -> bool:
    """Say whether a sentence names its day as "by Friday": the rule about such days asks for the date."""
    return any(one.rule.code == "relative-date" and one.hit.sentence == hit.sentence for one in scan(letter))


def _as_said(case: Case, passage: Passage) -> str:
    """Return a text as readers get it, with the days that it cites."""
    if case.facts is None or passage.language not in case.facts.voices:
        return passage.words
    text = Text(((passage.language, passage.words),))
    return to_text(case.facts.cite(text, passage.language, passage.update))


def _same(sentence: str, other: str) -> bool:
    sentence = sentence.strip(" .!")
    return sentence in other or other in sentence


def _dated(case: Case) -> Iterator[str]:
    """Yield what is promised elsewhere in the record with a day."""
    incident = case.incident
    for text in (
        *(promise.text for promise in incident.promises),
        *(action.text for action in incident.actions if action.due or action.done),
        *(item.what for item in incident.repair if item.by),
    ):
        yield from (fold(words).strip(" .!\n") for _, words in text)
