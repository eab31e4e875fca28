"""Whether all channels say the same: contacts, links, signatures, apologies, promises, corrections, and who hears first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from urllib.parse import urlsplit

from crisiscomms.errors import Finding
from crisiscomms.fields import Model, Text
from crisiscomms.messages.prose import one_line
from crisiscomms.record import CLOSED, EVERYONE
from crisiscomms.record.tree import Path_
from crisiscomms.review.context import Case
from crisiscomms.review.figures import PHONE, emails
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import lexicon
from crisiscomms.review.rules import rule
from crisiscomms.review.style import grade

_LINK = re.compile(r"https?://[^\s)>\]\"']{1,400}")
_LONG = {"statement", "incident", "faq", "notice"}
_SIGNED = {"statement", "notice"}
_DRIFT = 5


def across_channels(case: Case, letters: Iterable[Letter]) -> Iterator[Finding]:
    """Yield where one message says something else than another, or than what was published."""
    messages = list(letters)
    yield from _order(case)
    yield from _unmarked(case, messages)
    yield from _addresses(case, messages)
    yield from _signatures(case, messages)
    yield from _apologies(case, messages)
    yield from _drift(case, messages)


def _finding(case: Case, code: str, place: Path_ | Letter, message: str) -> Finding:
    found = rule(code, "F")
    at = place.place() if isinstance(place, Letter) else place
    return case.finding(code, found.severity, at, message, found.why, found.fix)


def _order(case: Case) -> Iterator[Finding]:
    """Yield those who are hurt and hear it after the public: by the order of the workspace, or by the first update."""
    listed = {
        item.audience
        for item in case.incident.impact
        if (found := case.workspace.audiences(case.incident.audiences).get(item.audience)) and found.recipients
    }
    order = list(case.workspace.settings.order.audiences)
    public = order.index(EVERYONE) if EVERYONE in order else len(order)
    for name in sorted(listed):
        if name in order and order.index(name) > public:
            yield _finding(case, "order-of-notice", ("audiences", name), f"[order] puts {name} behind everyone")
    if "staff" in order and order.index("staff") > public:
        yield _finding(case, "order-of-notice", ("audiences",), "[order] puts staff behind everyone")
    told: set[str] = set()
    for index, update in enumerate(case.incident.updates):
        told |= set(update.audiences)
        missing = sorted(listed - told)
        if index == 0 and missing and not update.private and update.id not in case.published.dispatched():
            message = f'update "{update.id}" goes to the public, and not to {", ".join(missing)} by mail'
            yield _finding(case, "order-of-notice", ("updates", index), message)


def _unmarked(case: Case, messages: list[Letter]) -> Iterator[Finding]:
    facts = case.composed.facts if case.composed else None
    corrections = (facts.for_the_public() or facts).corrections if facts else ()
    for letter in messages:
        if letter.kind != "incident":
            continue
        for correction in corrections:
            before = one_line(correction.before.get(letter.language, ""))
            if correction.figure and before and before.lower() not in letter.text.lower():
                message = f"the {letter.name} does not say that {correction.what} was {before} before"
                yield _finding(case, "correction-unmarked", letter, message)


def _addresses(case: Case, messages: list[Letter]) -> Iterator[Finding]:
    """Yield contacts and links that come from nowhere. One that a text of the record gives was looked at by people."""
    settings = case.workspace.settings
    known = "\n".join(_strings((case.incident, settings.organisation, settings.channels)))
    ours, phones = {email[0] for email in emails(known)}, {_dialled(number) for number in PHONE.findall(known)}
    hosts = {urlsplit(url).hostname or "" for url in (settings.organisation.url, settings.site.url)}
    for letter in messages:
        for found in sorted({email[0] for email in emails(letter.text)} - ours):
            yield _finding(case, "contact-mismatch", letter, f"the {letter.name} gives {found} as an address")
        for found in sorted({*PHONE.findall(letter.text)}):
            if _dialled(found) not in phones:
                yield _finding(case, "contact-mismatch", letter, f"the {letter.name} gives {found} as a number")
        for found in sorted({*_LINK.findall(letter.text)}):
            if urlsplit(found).hostname not in hosts and found.rstrip(".,") not in known:
                yield _finding(case, "link-mismatch", letter, f"the {letter.name} links to {found}")


def _strings(value: object) -> Iterator[str]:
    """Yield every string of a value, however deep: of a record, of settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Text):
        yield from (words for _, words in value)
    elif isinstance(value, Model):
        yield from _strings([getattr(value, name) for name in type(value).model_fields])
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _dialled(number: str) -> str:
    """Return a telephone number as it is dialled. A bracket that opens and does not close belongs to what follows."""
    written = number if number.count("(") == number.count(")") else number[: number.rindex("(")]
    return "+" + re.sub(r"\D", "", written)


def _signatures(case: Case, messages: list[Letter]) -> Iterator[Finding]:
    """Yield messages in which another name stands above the role of the one who signs."""
    signed = case.incident.signed_by
    if signed is None:
        return
    for letter in messages:
        if letter.kind in _SIGNED:
            role = (signed.role.get(letter.language) or next(words for _, words in signed.role)).lower()
            lines = [line.strip() for line in letter.text.split("\n") if line.strip()]
            above = [a for a, b in pairwise(lines) if b.lower().startswith(role)]
            for name in above:
                if name.strip("*_ ,") != signed.name:
                    message = f"the {letter.name} is signed by {name}, and the record by {signed.name}"
                    yield _finding(case, "signatory-mismatch", letter, message)


def _apologies(case: Case, messages: list[Letter]) -> Iterator[Finding]:
    """Yield messages that say no word of sorry where others of the same record do."""
    if case.incident.responsibility.level not in {"ours", "shared"} or not case.composed:
        return
    voices = case.composed.facts.voices
    sorry = {id(m) for m in messages if voices[m.language].apologises(m.text)}
    if not sorry or not (case.update.status in CLOSED or case.owes_statement):
        return
    for letter in messages:
        if letter.kind in {"incident", "faq", "memo"} and id(letter) not in sorry:
            yield _finding(case, "apology-mismatch", letter, f"the {letter.name} does not say sorry, and others do")


def _drift(case: Case, messages: list[Letter]) -> Iterator[Finding]:
    """Yield messages that are far harder to read than another of the same language."""
    grades = {}
    for letter in messages:
        words = lexicon(letter.language)
        prose = [piece for piece in letter.prose if not piece.endswith("!")]
        if words and letter.kind in _LONG and sum(len(piece.split()) for piece in prose) > 150:
            grades[letter.name] = (grade(" ".join(prose), len(prose), letter.language), letter)
    for level, letter in grades.values():
        least = min((other for other, o in grades.values() if o.language == letter.language), default=level)
        if level - least > _DRIFT:
            yield _finding(
                case, "tone-drift", letter, f"the {letter.name} is at grade {level:.0f}, another at {least:.0f}"
            )
