"""One text that somebody wrote by hand, outside any workspace or against a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crisiscomms.errors import Finding, InvalidInput, Severity, UsageError
from crisiscomms.messages.prose import to_text
from crisiscomms.record import Handwritten
from crisiscomms.record.characters import code_point, invisible
from crisiscomms.record.cited import unciteable
from crisiscomms.record.handwritten import passage_of
from crisiscomms.record.names import names_in
from crisiscomms.record.own import WORDS, OwnText, as_tree
from crisiscomms.review.care import message_care
from crisiscomms.review.channels import across_channels
from crisiscomms.review.conditions import Hit
from crisiscomms.review.consistency import may_be_said, one_message
from crisiscomms.review.context import Case
from crisiscomms.review.duties import message_duties
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import lexicon
from crisiscomms.review.scan import scan
from crisiscomms.review.seen import known, seen
from crisiscomms.review.texts.written import Written, aligned
from crisiscomms.review.wording import finding, wording

#: What a text may be looked at as, and what that is among the messages.
KINDS = {
    "statement": "statement",
    "faq": "faq",
    "notice": "notice",
    "post": "post",
    "memo": "memo",
    "page": "incident",
}


def review_text(kind: str, language: str, written: Written) -> tuple[Letter, tuple[Finding, ...]]:
    """Return a text as a message, and what the rules that need no record find in it.

    Raises UsageError for a language without rules.
    """
    if lexicon(language) is None:
        raise UsageError(
            f'there are no rules for texts in "{language}"',
            why="Nothing was looked at, so nothing is known about this text.",
            fix="Rules are there for English and German: --language en or --language de",
        )
    letter = Letter(KINDS[kind], language, written.text, written=written)
    found = [finding(verdict, letter.place(_at(verdict.hit))) for verdict in scan(letter)]
    return letter, _ordered([*_hidden(written), *found])


def in_record(case: Case, language: str, written: Written, source: str) -> Written:
    """Return a Markdown text with the record's facts in place of what cites them. Raises InvalidInput."""
    assert case.composed  # noqa: S101 -- the caller asked
    own = Handwritten(OwnText(message="statement", file=written.file), language, as_tree(written.file, source))
    if language not in case.composed.facts.voices:
        return written
    names = names_in(case.record.tree, case.workspace)
    passage = passage_of(own, case.incident)
    if wrong := tuple(unciteable(passage, own.tree, WORDS, names, case.record.lists)):
        raise InvalidInput(wrong)
    text = to_text(case.composed.facts.cite_own(own))
    return replace(written, text=text, marks=tuple(aligned(text, source)))


def review_against(case: Case, kind: str, language: str, written: Written) -> tuple[Letter, tuple[Finding, ...]]:
    """Return a text as a message, and what is found in it as if it stood in place of the message of a record."""
    assert case.composed  # noqa: S101 -- the caller asked
    facts = case.composed.facts
    if language not in facts.languages:
        told = ", ".join(facts.languages)
        fix = f"Name the language of the text: --language {facts.languages[0]}"
        raise UsageError(f'the record {case.incident.id} is not in "{language}", it is in {told}', fix=fix)
    letter = Letter(KINDS[kind], language, written.text, known=known(case), written=written)
    others = [one for one in seen(case) if (one.kind, one.language) != (letter.kind, language)]
    found = [*_hidden(written), *one_message(case, letter, _sayable(case, language))]
    found += [one for one in across_channels(case, [*others, letter]) if one.place.file == written.file]
    found += [*wording(case, [letter]), *message_care(case, [letter]), *message_duties(case, [letter])]
    return letter, _ordered([case.silenced(one) for one in found])


def _sayable(case: Case, language: str) -> set[tuple[str, str]]:
    """Return every figure that a letter may state: those of the record, and the day it is written on."""
    assert case.composed  # noqa: S101 -- the caller asked
    facts = case.composed.facts
    today = case.now.astimezone(case.workspace.zone)
    day = f"{today.day}.{today.month}."
    return may_be_said(facts, facts.voices[language]) | {("date", day), ("date", f"{day}{today.year}")}


def _at(hit: Hit) -> int | None:
    return hit.start if hit.end > hit.start else None


def _hidden(written: Written) -> Iterator[Finding]:
    for character in dict.fromkeys(invisible(written.text)):
        yield Finding(
            "hidden-characters",
            Severity.ERROR,
            written.place(written.text.find(character)),
            f"the text holds a hidden character ({code_point(character)}) that can hide words or turn them around",
            "Readers would see something else than the one who approved it.",
            "Delete the word and type it again.",
        )


def _ordered(found: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.place))
