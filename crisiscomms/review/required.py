"""Whether every message has all it must have: each element that the record knows, in the record's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from crisiscomms.errors import Finding, Place, Quote
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.prose import one_line, plain_times, sentences
from crisiscomms.messages.told import Told
from crisiscomms.review.context import Case, short
from crisiscomms.review.letter import Letter


def _plain(items: Iterable[object]) -> list[str]:
    return [one_line(str(item)) for item in items if item]


#: What each element is in words: all of these must stand in the message.
_ELEMENTS: dict[str, Callable[[Told], list[str]]] = {
    "status": lambda t: [t.status_word],
    "time": lambda t: _plain([t.at]),
    "impact": lambda t: _plain([t.opening]) or _plain(t.effects),
    "responsibility": lambda t: _plain([t.opening]) or _plain([t.responsibility]) if t.ours else _plain([t.duty]),
    "cause": lambda t: _plain([t.cause]),
    "unknowns": lambda t: _plain(item.question for item in t.unknowns),
    "reader-action": lambda t: _plain([*t.do_now, *t.do_everyone]),
    "corrective-action": lambda t: _plain(item.text for item in t.done),
    "commitment": lambda t: _plain(part for item in t.will for part in (item.text, item.due)),
    "repair": lambda t: _plain(item.what for item in t.repair),
    "feedback": lambda t: _plain([t.feedback.question, t.feedback.channel]) if t.feedback else [],
    "contact": lambda t: _plain([t.contact.email or t.contact.phone]),
    "kept": lambda t: _plain(item.text for item in t.kept),
    "broken": lambda t: _plain(part for item in t.broken for part in (item.text, item.due)),
    "signatory": lambda t: [t.signed.name] if t.signed else [],
    "next-update": lambda t: _plain([t.next_update]),
    "link": lambda t: [t.links.page],
}
_ALL = (
    "impact",
    "responsibility",
    "cause",
    "unknowns",
    "reader-action",
    "corrective-action",
    "kept",
    "broken",
    "commitment",
    "repair",
    "feedback",
    "contact",
    "next-update",
)
_REQUIRED = {
    "statement": ("status", "time", *_ALL, "signatory", "link"),
    "incident": ("status", "time", *_ALL),
    "faq": ("status", "time", *_ALL, "link"),
    "notice": ("status", "time", *_ALL, "signatory", "link"),
    "post": ("status", "link"),
}


def required_elements(case: Case, facts: Facts, message: Letter) -> Iterator[Finding]:
    """Yield each element that the record knows and a message leaves out."""
    if message.kind not in _REQUIRED:
        return
    told = case.told(message.language, message.audience)
    text = " ".join(message.text.split()).lower()
    for element in _REQUIRED[message.kind]:
        left_out = _left_out(element, told, text)
        if left_out:
            yield _missing(case, message, element, left_out)
    if told.ours and message.kind in {"statement", "notice"} and not facts.voices[message.language].apologises(text):
        yield _missing(case, message, "apology", "")
    if (
        told.ours
        and message.kind == "statement"
        and not facts.voices[message.language].apologises(_first_words(message))
    ):
        yield case.warning(
            "apology-buried",
            Place(f"templates/{message.language}/{message.template}"),
            f"the {message.name} says sorry only after its second sentence",
            "Readers who look for the apology stop before they find it.",
            "Begin with it.",
        )
    if message.kind == "post":
        yield from _post(case, facts, told, message)


def _left_out(element: str, told: Told, text: str) -> str:
    """Return the words of an element that a text leaves out, or nothing."""
    return next((words for words in _ELEMENTS[element](told) if _squeeze(words) not in text), "")


def elements_in(facts: Facts, message: Letter) -> dict[str, bool | None]:
    """Return each element that a message of its kind holds, and whether it does. None: the record has nothing to say there."""
    facts = facts if message.audience else facts.for_the_public() or facts
    told = Told(facts, message.language, message.audience)
    text = _squeeze(message.text)
    sorry = facts.voices[message.language].apologises(text)
    owed = told.ours and (message.kind in {"statement", "notice"} or (message.kind == "post" and facts.resolved))
    found: dict[str, bool | None] = {"apology": sorry if owed or sorry else None}
    for element in _REQUIRED.get(message.kind, ()):
        said = any(_ELEMENTS[element](told))
        found[element] = not _left_out(element, told, text) if said else None
    return found


def _first_words(message: Letter) -> str:
    """Return the first two sentences below a statement's title."""
    _, _, below = message.text.partition("\n")
    return " ".join(sentences(" ".join(below.split()))[:2])


def _squeeze(words: str) -> str:
    return " ".join(words.split()).lower()


def _post(case: Case, facts: Facts, told: Told, message: Letter) -> Iterator[Finding]:
    if told.coming:
        voice = facts.voices[message.language]
        forms = [plain_times(say(told.coming, case.update.at.at)) for say in (voice.by_clock, voice.brief)]
        if not any(_squeeze(form) in message.text.lower() for form in forms):
            yield _missing(case, message, "next-update", forms[0])
    if told.ours and told.resolved and not facts.voices[message.language].apologises(message.text):
        yield _missing(case, message, "apology", "")


def _missing(case: Case, message: Letter, element: str, words: str) -> Finding:
    code = {"apology": "no-explicit-apology"}.get(element, f"missing-{element}")
    quoted = f': "{short(words, 60)}"' if words else ""
    place = Place(f"templates/{message.language}/{message.template}")
    found = case.error(
        code,
        place,
        f"the {message.name} leaves out the {element.replace('-', ' ')}{quoted}",
        "Readers of this message are told less than the record knows.",
        "Put it back into the template.",
    )
    return replace(found, quote=Quote(message.name))
