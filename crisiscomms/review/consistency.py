"""Whether every message says what the record says, and nothing that comes from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations

from crisiscomms.errors import Finding, Place
from crisiscomms.fields import Text, When, shown
from crisiscomms.limits import Limit
from crisiscomms.messages.compose import Account
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.prose import one_line, plain_times, sentences
from crisiscomms.record.texts import texts
from crisiscomms.review.context import Case
from crisiscomms.review.figures import Figure, figures
from crisiscomms.review.joined import joined, spelled
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import lexicon
from crisiscomms.review.required import required_elements
from crisiscomms.review.stated import stated_elements
from crisiscomms.review.wording import quote

_LONG = {"statement", "incident", "faq", "notice", "memo"}


def message_findings(case: Case, accounts: Iterable[Account], letters: Iterable[Letter]) -> Iterator[Finding]:
    """Yield where the messages of a case say something else than its record, or less."""
    assert case.composed  # noqa: S101 -- the caller asked
    facts = case.composed.facts
    allowed = {language: may_be_said(facts, facts.voices[language]) for language in facts.languages}
    for message in letters:
        yield from one_message(case, message, allowed[message.language])
    yield from _left_out(case)
    yield from _too_long(case, {account.channel: account.limit for account in accounts})


def one_message(case: Case, message: Letter, allowed: set[tuple[str, str]]) -> Iterator[Finding]:
    """Yield where one message says something else than the record, or less. `allowed` is every figure it may state."""
    assert case.composed  # noqa: S101 -- the caller asked
    facts = case.composed.facts
    yield from _figures(case, message, allowed)
    if message.by_hand:
        yield from stated_elements(case, facts, message)
        return
    if message.kind in _LONG:
        yield from _material(case, facts, message)
    yield from required_elements(case, facts, message)


def handwritten_figures(case: Case, letters: Iterable[Letter]) -> Iterator[Finding]:
    """Yield figures that may not be said, in texts by hand of updates that are not the newest."""
    assert case.composed  # noqa: S101 -- the caller asked
    facts = case.composed.facts
    for letter in letters:
        if letter.by_hand:
            yield from _figures(case, letter, may_be_said(facts, facts.voices[letter.language]))


#: Stands between texts that are read in one go, so that no figure reaches from one into the next.
_APART = " \u00a6 "

# -- figures ---------------------------------------------------------------------------------------------------


def may_be_said(facts: Facts, voice: Voice) -> set[tuple[str, str]]:
    """Return every figure that a message in one language may state: the record's, the workspace's, and what was published."""
    said = Letter("", voice.language, _APART.join((*_said(facts, voice), *_addresses(facts, voice.language))))
    found = {(figure.kind, figure.value) for figure in _read(said, _nouns(facts, voice))}
    found |= {("length", f"{(b - a).total_seconds() // 60:g}") for a in _passed(facts) for b in _passed(facts) if a < b}
    moments = [when.at for when in _moments(facts) if not when.date_only]
    found |= {("moment", f"{at:%H:%M} {at.day}.{at.month}") for at in (time.astimezone(UTC) for time in moments)}
    clocks = sorted({voice.clock(at) for at in moments})
    found |= {("span", f"{a}-{b}") for a, b in combinations(clocks, 2)}
    return found | {(kind, value.rsplit(".", 1)[0] + ".") for kind, value in found if kind == "date"}


def _read(letter: Letter, nouns: frozenset[str]) -> tuple[Figure, ...]:
    """Return every figure of a text: alone, with what it stands beside, and in words."""
    return (*figures(letter.text, letter.language), *joined(letter), *spelled(letter, nouns))


def _said(facts: Facts, voice: Voice) -> list[str]:
    """Return all that the record, the workspace and what was published say, in words."""
    said = [facts.figure(name, voice) for name in facts.incident.facts]
    said += [plain_times(voice.moment(when, utc=True)) for when in _moments(facts)] + [
        voice.date(when.at) for when in _moments(facts)
    ]
    said += [one_line(facts.cite(text, voice.language)) for _, text in texts(facts.incident)]
    said += [one_line(facts.cite(update.text, voice.language, update)) for update in facts.incident.updates]
    incident = facts.incident
    times = incident.times
    if times.started and times.fixed:
        said.append(voice.lasted(times.started, times.fixed))
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
    return said


def _passed(facts: Facts) -> list[datetime]:
    times = facts.incident.times
    return [when.at for when in (times.started, times.noticed, times.contained, times.fixed) if when]


def _nouns(facts: Facts, voice: Voice) -> frozenset[str]:
    """Return what the facts count: payments, merchants."""
    units = [fact.unit for fact in facts.incident.facts.values()]
    return frozenset(unit.word(voice.language, form).lower() for unit in units for form in ("one", "other"))


def _addresses(facts: Facts, language: str) -> list[str]:
    addresses, organisation = facts.addresses, facts.workspace.settings.organisation
    own = [getattr(addresses, name)(language) for name in ("page", "statement", "faq", "feed")]
    own += [addresses.update(language, update.id) for update in facts.incident.updates]
    contact = facts.incident.contact or organisation.contact
    return [*own, *(str(item) for item in (organisation.url, contact.email, organisation.press) if item)]


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


def _figures(case: Case, message: Letter, allowed: set[tuple[str, str]]) -> Iterator[Finding]:
    """Yield every figure, alone and with what it stands beside, that may not be said. One place is named once."""
    assert case.composed  # noqa: S101 -- the caller asked
    facts = case.composed.facts
    nouns = _nouns(facts, facts.voices[message.language])
    ends: list[tuple[int, int]] = []
    for figure in _read(message, nouns):
        end = figure.start + len(figure.written)
        if _may_stand(figure, message, allowed) or any(a < end and figure.start < b for a, b in ends):
            continue
        ends.append((figure.start, end))
        found = case.error(
            "fact-mismatch",
            message.place(figure.start),
            f"the {message.name} says \"{figure.written.strip()}\", which is neither the record's nor the workspace's",
            "Readers are told a figure that nobody stands behind.",
            f"Take it out of the {'text' if message.by_hand else 'template'}, or make it a fact of the record.",
        )
        yield replace(found, quote=quote(message, figure.start, end))


def _may_stand(figure: Figure, message: Letter, allowed: set[tuple[str, str]]) -> bool:
    if (figure.kind, figure.value) in allowed:
        return True
    return figure.kind in {"number", "length"} and _rounded(figure, message, allowed)


def _rounded(figure: Figure, message: Letter, allowed: set[tuple[str, str]]) -> bool:
    """Say whether a number is a true one in round figures, and says so: about 4,200, over two and a half hours."""
    known = lexicon(message.language)
    before = message.folded[max(0, figure.start - 20) : figure.start].split()[-1:]
    if known is None or not before or before[0] not in known.numbers.get("about", ()):
        return False
    value = float(figure.value)
    step = 30.0 if figure.kind == "length" else 1.0
    while figure.kind == "number" and value and value % (step * 10) == 0:
        step *= 10
    return any(
        kind == figure.kind and abs(float(other) - value) <= step / 2 and abs(float(other) - value) < value / 5
        for kind, other in allowed
    )


def _material(case: Case, facts: Facts, message: Letter) -> Iterator[Finding]:
    voice = facts.voices[message.language]
    for name, fact in facts.incident.facts.items():
        if fact.material and _plain(facts.figure(name, voice)) not in _plain(message.text):
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
            own = case.composed.facts.own("post", post.language, post.update, post.channel)
            yield case.error(
                "post-too-long",
                Place(own.file) if own else ("updates", index),
                f"the post on {post.channel} weighs {limit.weigh(post.text)}, and {limit.most} is the most",
                "The place refuses it, or cuts it off in the middle.",
                "Say the same in fewer words." if own else "Say the same in fewer words under short.",
            )


def _left_out(case: Case) -> Iterator[Finding]:
    """Yield the sentences of an update for which a post had no room. Only an apology may stand there in other words."""
    assert case.composed  # noqa: S101 -- the caller asked
    facts = case.composed.facts
    for post in case.composed.messages.posts:
        update = facts.incident.update(post.update)
        if post.kind != "post" or facts.own("post", post.language, post.update, post.channel):
            continue
        forms = [
            sentences(one_line(facts.cite(update.short or update.text, post.language, update, brief=brief)))
            for brief in (False, True)
        ]
        for full, brief in zip(*forms, strict=False):
            if full not in post.text and brief not in post.text and not facts.voices[post.language].apologises(full):
                yield case.warning(
                    "post-leaves-out",
                    ("updates", case.index(update), "text"),
                    f'the post on {post.channel} has no room for "{shown(full)}"',
                    "What it still says may mean something else without it.",
                    "Say what matters in fewer words under short.",
                )
                break


def _plain(words: str) -> str:
    """Return words in small letters with plain spaces: a French figure holds spaces that are not to break."""
    return " ".join(words.lower().split())
