"""Whether every message says what the record says, has all it must have, and nothing that comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from crisiscomms.errors import Finding, Place
from crisiscomms.fields import Text, When
from crisiscomms.limits import Limit
from crisiscomms.messages.compose import Account
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.prose import one_line, plain_times
from crisiscomms.messages.told import Told
from crisiscomms.record.texts import passages, texts
from crisiscomms.review.context import Case
from crisiscomms.review.figures import figures

_LONG = {"statement", "incident", "faq", "notice", "memo"}


@dataclass(frozen=True)
class Seen:
    """One message as its readers see it. `template` is where its words come from."""

    kind: str
    language: str
    text: str
    audience: str | None
    template: str

    @property
    def name(self) -> str:
        """What the message is called in findings."""
        return f"{self.kind} ({self.language}{', ' + self.audience if self.audience else ''})"


def message_findings(case: Case, accounts: Iterable[Account]) -> Iterator[Finding]:
    """Yield what is wrong with the messages themselves."""
    if case.composed is None:
        return
    facts = case.composed.facts
    allowed = {language: _allowed(facts, facts.voices[language]) for language in facts.languages}
    for message in _messages(case):
        yield from _figures(case, facts, message, allowed[message.language])
        if message.kind in _LONG:
            yield from _material(case, facts, message)
        yield from _elements(case, facts, message)
    yield from _too_long(case, {account.channel: account.limit for account in accounts})


def _messages(case: Case) -> Iterator[Seen]:
    assert case.composed  # noqa: S101 -- the caller asked
    messages = case.composed.messages
    for content in messages.site:
        if content.language == content.words_language:
            for page in content.pages:
                yield Seen(page.kind, content.language, page.text, None, f"{page.kind}.md.j2")
    for notice in messages.notices:
        if notice.language in case.composed.facts.languages:
            yield Seen(notice.kind, notice.language, notice.text, notice.audience, f"{notice.kind}.md.j2")
    for post in messages.posts:
        yield Seen(post.kind, post.language, post.text, None, "words.toml")
    for memo in messages.memos:
        yield Seen("memo", memo.language, memo.text, None, "memo.md.j2")


# -- figures ---------------------------------------------------------------------------------------------------


def _allowed(facts: Facts, voice: Voice) -> set[tuple[str, str]]:
    """Return every figure that a message in one language may state: the record's, the workspace's, and what was published."""
    said = [facts.figure(name, voice) for name in facts.incident.facts]
    said += [plain_times(voice.moment(when, utc=True)) for when in _moments(facts)] + [
        voice.date(when.at) for when in _moments(facts)
    ]
    said += [
        one_line(facts.cite(text, voice.language))
        for _, text in texts(facts.incident)
        if text.get(voice.language) or voice.language
    ]
    said += [one_line(facts.cite(update.text, voice.language, update)) for update in facts.incident.updates]
    incident = facts.incident
    times = incident.times
    if times.started and times.fixed:
        said.append(voice.duration(times.fixed.at - times.started.at))
    settings = facts.workspace.settings
    workspace: list[Text | str | None] = [
        settings.organisation.name,
        settings.organisation.short_name,
        *(c.name for c in settings.site.components),
    ]
    contact = incident.contact or settings.organisation.contact
    workspace += [contact.hours, contact.replies_within, contact.phone]
    said += [
        one_line(facts.cite(item, voice.language)) if isinstance(item, Text) else item for item in workspace if item
    ]
    said += [word for product in incident.affected.products for word in (product.model or "", *product.lots)]
    said += [
        words for correction in facts.corrections for words in (*correction.before.values(), *correction.after.values())
    ]
    said += [
        plain_times(voice.moment(When.read(c.at, facts.workspace.reading), utc=True)) for c in facts.corrections if c.at
    ]
    found = {(figure.kind, figure.value) for text in said for figure in figures(text, voice.language)}
    return found | {(kind, value.rsplit(".", 1)[0] + ".") for kind, value in found if kind == "date"}


def _moments(facts: Facts) -> Iterator[When]:
    incident = facts.incident
    items: list[object] = [
        incident.times,
        *incident.updates,
        *incident.actions,
        *incident.promises,
        *incident.facts.values(),
        *incident.affected.products,
    ]
    items += [*incident.repair, *(incident.unknowns or ()), incident.feedback, incident.cause]
    for item in items:
        for name in getattr(type(item), "model_fields", ()):
            value = getattr(item, name)
            if isinstance(value, When):
                yield value


def _figures(case: Case, facts: Facts, message: Seen, allowed: set[tuple[str, str]]) -> Iterator[Finding]:
    del facts
    for figure in figures(message.text, message.language):
        if (figure.kind, figure.value) not in allowed:
            place = Place(f"templates/{message.language}/{message.template}")
            yield case.error(
                "fact-mismatch",
                place,
                f"the {message.name} says \"{figure.written.strip()}\", which is neither the record's nor the workspace's",
                "Readers are told a figure that nobody stands behind.",
                "Take it out of the template, or make it a fact of the record.",
            )


def _material(case: Case, facts: Facts, message: Seen) -> Iterator[Finding]:
    voice = facts.voices[message.language]
    for name, fact in facts.incident.facts.items():
        if fact.material and facts.figure(name, voice).lower() not in message.text.lower():
            yield case.error(
                "fact-omitted-material",
                ("facts", name),
                f"the {message.name} does not state {name}",
                "Readers of this message miss what matters most.",
                f"Cite ${name} in a text that this message holds, or give the fact a sentence under says.",
            )


# -- elements --------------------------------------------------------------------------------------------------


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
    "reader-action": lambda t: _plain(t.do_now),
    "corrective-action": lambda t: _plain(item.text for item in t.done),
    "commitment": lambda t: _plain(part for item in t.will for part in (item.text, item.due)),
    "repair": lambda t: _plain(item.what for item in t.repair),
    "feedback": lambda t: _plain([t.feedback.question, t.feedback.channel]) if t.feedback else [],
    "contact": lambda t: _plain([t.contact.email or t.contact.phone]),
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


def _elements(case: Case, facts: Facts, message: Seen) -> Iterator[Finding]:
    if message.kind not in _REQUIRED:
        return
    told = Told(facts, message.language, message.audience)
    text = " ".join(message.text.split()).lower()
    for element in _REQUIRED[message.kind]:
        for words in _ELEMENTS[element](told):
            if _squeeze(words) not in text:
                yield _missing(case, message, element, words)
                break
    if told.ours and message.kind in {"statement", "notice"} and not facts.voices[message.language].apologises(text):
        yield _missing(case, message, "apology", "")
    if message.kind == "post":
        yield from _post(case, facts, told, message)


def _squeeze(words: str) -> str:
    return " ".join(words.split()).lower()


def _post(case: Case, facts: Facts, told: Told, message: Seen) -> Iterator[Finding]:
    due = case.update.next_update
    if due:
        voice = facts.voices[message.language]
        forms = [plain_times(say(due, case.update.at.at)) for say in (voice.by_clock, voice.brief)]
        if not any(_squeeze(form) in message.text.lower() for form in forms):
            yield _missing(case, message, "next-update", forms[0])
    if told.ours and facts.resolved and not facts.voices[message.language].apologises(message.text):
        yield _missing(case, message, "apology", "")


def _missing(case: Case, message: Seen, element: str, words: str) -> Finding:
    code = {"apology": "no-explicit-apology"}.get(element, f"missing-{element}")
    quoted = f': "{_short(words)}"' if words else ""
    place = Place(f"templates/{message.language}/{message.template}")
    return case.error(
        code,
        place,
        f"the {message.name} leaves out the {element.replace('-', ' ')}{quoted}",
        "Readers of this message are told less than the record knows.",
        "Put it back into the template.",
    )


def _short(words: str) -> str:
    return words if len(words) <= 60 else words[:57].rsplit(" ", 1)[0] + " ..."


def _too_long(case: Case, limits: dict[str, Limit]) -> Iterator[Finding]:
    assert case.composed  # noqa: S101 -- the caller asked
    for post in case.composed.messages.posts:
        limit = limits[post.channel]
        if not limit.fits(post.text):
            index = case.index(case.incident.update(post.update))
            yield case.error(
                "post-too-long",
                ("updates", index),
                f"the post on {post.channel} weighs {limit.weigh(post.text)}, and {limit.most} is the most",
                "The place refuses it, or cuts it off in the middle.",
                "Say the same in fewer words under short.",
            )


def private_texts(case: Case) -> Iterator[str]:
    """Yield the words of every text that is for one audience only."""
    for passage in passages(case.incident):
        if passage.private:
            yield re.sub(r"\s+", " ", passage.words)
