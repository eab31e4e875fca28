"""Whether every message says what the record says, and nothing that comes from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crisiscomms.errors import Finding, Place
from crisiscomms.fields import Text, When
from crisiscomms.limits import Limit
from crisiscomms.messages.compose import Account
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.prose import one_line, plain_times
from crisiscomms.record.texts import texts
from crisiscomms.review.context import Case
from crisiscomms.review.figures import figures
from crisiscomms.review.letter import Letter
from crisiscomms.review.required import required_elements

_LONG = {"statement", "incident", "faq", "notice", "memo"}


def message_findings(case: Case, accounts: Iterable[Account], letters: Iterable[Letter]) -> Iterator[Finding]:
    """Yield where the messages of a case say something else than its record, or less."""
    assert case.composed  # noqa: S101 -- the caller asked
    facts = case.composed.facts
    allowed = {language: _allowed(facts, facts.voices[language]) for language in facts.languages}
    for message in letters:
        yield from _figures(case, facts, message, allowed[message.language])
        if message.kind in _LONG:
            yield from _material(case, facts, message)
        yield from required_elements(case, facts, message)
    yield from _too_long(case, {account.channel: account.limit for account in accounts})


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


def _figures(case: Case, facts: Facts, message: Letter, allowed: set[tuple[str, str]]) -> Iterator[Finding]:
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


def _material(case: Case, facts: Facts, message: Letter) -> Iterator[Finding]:
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
