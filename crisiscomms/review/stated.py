"""Whether a text that somebody wrote by hand states what the record knows, in whatever words.

A message of ours is held to the record's own words (`required`). Here a figure, a day, an address or a name counts
however the sentence around it is put; what can only be said in words is looked for by how it sounds (`shape`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from crisiscomms.errors import Finding
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.prose import one_line, plain_times
from crisiscomms.messages.told import Told
from crisiscomms.review.context import Case, short
from crisiscomms.review.figures import figures
from crisiscomms.review.joined import spelled
from crisiscomms.review.letter import Letter

_WORD = re.compile(r"[^\W\d_]{5,}")
#: The cause is told where at least one in so many of its longer words stands.
_SHARE = 2
_LONG = {"statement", "incident", "faq", "notice"}
_HELD = {
    "statement": ("contact", "feedback", "signatory", "next-update", "commitment", "cause", "link"),
    "incident": ("contact", "feedback", "next-update", "commitment", "cause"),
    "faq": ("contact", "feedback", "next-update", "commitment", "cause", "link"),
    "notice": ("contact", "feedback", "signatory", "next-update", "commitment", "cause", "link"),
    "post": ("next-update", "link"),
}
_PUT_IT = "Say it in the text, in your own words."


class _Text:
    """A text by hand, and what it states."""

    def __init__(self, facts: Facts, letter: Letter) -> None:
        self.letter, self.facts = letter, facts
        self.voice = facts.voices[letter.language]
        self.told = Told(facts, letter.language, letter.audience)
        self.words = " ".join(letter.text.split()).lower()
        units = [fact.unit for fact in facts.incident.facts.values()]
        nouns = frozenset(unit.word(letter.language, form).lower() for unit in units for form in ("one", "other"))
        read = (*figures(letter.text, letter.language), *spelled(letter, nouns))
        self.figures = {(figure.kind, figure.value) for figure in read}

    def holds(self, words: object) -> bool:
        """Say whether words stand in the text."""
        return " ".join(str(words).split()).lower() in self.words

    def states(self, said: str) -> bool:
        """Say whether every figure of some words stands in the text, a day with or without its year."""
        wanted = figures(plain_times(said), self.letter.language)
        return all(self._has(figure.kind, figure.value) for figure in wanted) and bool(wanted)

    def _has(self, kind: str, value: str) -> bool:
        if (kind, value) in self.figures:
            return True
        return kind == "date" and (kind, value.rsplit(".", 1)[0] + ".") in self.figures


def stated_elements(case: Case, facts: Facts, letter: Letter) -> Iterator[Finding]:
    """Yield each thing that the record knows and a text by hand does not state. Nothing for messages of ours."""
    if not letter.by_hand or letter.kind not in {*_HELD, "memo"}:
        return
    public = facts if letter.audience else facts.for_the_public() or facts
    text = _Text(public, letter)
    if letter.kind in {*_LONG, "memo"}:
        yield from _material(case, text)
    for element in _HELD.get(letter.kind, ()):
        for words in _LACKING[element](text):
            yield _missing(case, text, element, words)


def _material(case: Case, text: _Text) -> Iterator[Finding]:
    for name, fact in text.facts.incident.facts.items():
        said = text.facts.figure(name, text.voice)
        if fact.material and not text.holds(said) and not text.states(said):
            yield case.error(
                "fact-omitted-material",
                text.letter.place(),
                f"the {text.letter.name} does not state {name}: {said}",
                "Readers of this message miss what matters most.",
                _PUT_IT,
            )


def _no_contact(text: _Text) -> Iterator[str]:
    contact = text.told.contact
    ways = [way for way in (contact.email, contact.phone) if way]
    if ways and not any(text.holds(way) for way in ways):
        yield " or ".join(ways)


def _no_feedback(text: _Text) -> Iterator[str]:
    feedback = text.told.feedback
    if feedback and not text.holds(feedback.channel):
        yield f"where answers go, {feedback.channel}"


def _no_signatory(text: _Text) -> Iterator[str]:
    if text.told.signed and not text.holds(text.told.signed.name):
        yield text.told.signed.name


def _no_next_update(text: _Text) -> Iterator[str]:
    due = text.facts.update.next_update
    if due is None or text.facts.resolved or (text.letter.kind == "post" and not text.told.coming):
        return
    said = text.voice.date(due.at) if due.date_only else text.voice.clock(due.at)
    if not text.states(said):
        yield plain_times(text.voice.moment(due))


def _no_commitment(text: _Text) -> Iterator[str]:
    for item in text.told.will:
        if item.due and not text.states(item.due):
            yield f"{one_line(item.text)} ({one_line(item.due)})"


def _no_cause(text: _Text) -> Iterator[str]:
    """Yield the cause where hardly a word of it stands in the text."""
    if text.told.cause is None:
        return
    said = one_line(text.told.cause)
    wanted = {word[:6] for word in _WORD.findall(said.lower())}
    found = {word[:6] for word in _WORD.findall(text.words)}
    if len(wanted & found) * _SHARE < len(wanted):
        yield said


def _no_link(text: _Text) -> Iterator[str]:
    if not text.holds(text.told.links.page):
        yield text.told.links.page


_LACKING: dict[str, Callable[[_Text], Iterator[str]]] = {
    "contact": _no_contact,
    "feedback": _no_feedback,
    "signatory": _no_signatory,
    "next-update": _no_next_update,
    "commitment": _no_commitment,
    "cause": _no_cause,
    "link": _no_link,
}


def _missing(case: Case, text: _Text, element: str, words: str) -> Finding:
    build = case.warning if element == "cause" else case.error  # words of one's own may say it in another way
    return build(
        f"missing-{element}",
        text.letter.place(),
        f'the {text.letter.name} leaves out the {element.replace("-", " ")}: "{short(words)}"',
        "Readers of this message are told less than the record knows.",
        _PUT_IT,
    )
