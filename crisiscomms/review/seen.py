"""Messages as their readers see them, with where their words come from and what the record says beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from crisiscomms.messages.model import Messages
from crisiscomms.messages.prose import to_text
from crisiscomms.record import CLOSED, Update
from crisiscomms.review.context import Case
from crisiscomms.review.letter import Known, Letter
from crisiscomms.review.own import in_message

#: What a letter is called that holds the words of one update, which is not the newest.
OWN_WORDS = "update"
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]+")


def seen(case: Case) -> Iterator[Letter]:
    """Yield every message of a case, each in the languages that the record is in."""
    assert case.composed  # noqa: S101 -- the caller asked
    yield from _letters(case, case.composed.messages, known(case))


def later(case: Case) -> Iterator[Letter]:
    """Yield what is planned for updates whose time is still to come: nobody may read it again before it goes out."""
    for update, messages in case.composed.later.items() if case.composed else ():
        yield from _of_update(case, case.incident.update(update), messages)


def unread(case: Case) -> Iterator[Letter]:
    """Yield what goes out of updates before the newest: of those that nobody was told yet, and in a page's new words."""
    assert case.composed  # noqa: S101 -- the caller asked
    for update in _untold(case):
        yield from _of_update(case, update, case.composed.messages)


def going_out(case: Case) -> tuple[Update, ...]:
    """Return the updates whose words go out with a publication now, or are planned by it."""
    if case.composed is None:
        return (case.update,)
    return (case.update, *_untold(case), *(case.incident.update(name) for name in case.composed.later))


def _untold(case: Case) -> Iterator[Update]:
    assert case.composed  # noqa: S101 -- the caller asked
    telling, messages = case.published.telling, case.composed.messages
    mailed = {notice.update for notice in messages.notices if notice.kind != "correction"}
    for update in case.composed.facts.updates:
        told = telling.texts.get(f"updates.{update.id}") if telling and update.id in telling.updates else None
        goes_out = update.id in mailed if update.private else told != dict(update.text)
        if update is not case.update and goes_out:
            yield update


def _of_update(case: Case, update: Update, messages: Messages) -> Iterator[Letter]:
    """Yield an update's own words with the status that it has, and the rest of its messages as it holds now.

    What only its status asks for of the record is no matter of words: see `ahead`.
    """
    assert case.composed  # noqa: S101 -- the caller asked
    facts, now = case.composed.facts, known(case)
    then = now._replace(status=update.status)
    for language in facts.languages:
        if update.text.get(language) is not None:
            words = to_text(facts.cite(update.text, language, update))
            yield Letter(OWN_WORDS, language, words, None, "entry.md.j2", then, of=update.id)
    for notice in messages.notices:
        if notice.update == update.id and notice.kind != "correction" and notice.language in facts.languages:
            letter = Letter(
                notice.kind, notice.language, notice.text, notice.audience, "notice.md.j2", now, of=update.id
            )
            own = _by_hand(case, letter, notice.update, notice.audience)
            yield replace(own, known=then) if own.by_hand else own
    for post in messages.posts:
        if post.update == update.id and post.kind == "post":
            letter = Letter(post.kind, post.language, post.text, None, "words.toml", then, of=update.id)
            yield _by_hand(case, letter, post.update, post.channel)


def known(case: Case) -> Known:
    """Return what the record says, for the rules that weigh words by it."""
    incident, update = case.incident, case.update
    people = any(fact.unit.word("en", "other") in _PEOPLE for fact in incident.facts.values())
    return Known(
        status=update.status,
        severity=incident.severity,
        kind=incident.kind,
        harm=incident.harm,
        level=incident.responsibility.level,
        cause=incident.cause.state,
        prevention=any(a.kind == "prevent" and (a.due or a.done) for a in incident.actions),
        lessons=bool(incident.lessons) if update.status in CLOSED else None,
        unknowns=bool(incident.unknowns),
        counted=people or None,
        glossary=frozenset(word for term in incident.glossary for word in term.split()),
        names=frozenset(_CAPITALS.findall(_named(case))),
        people=frozenset(word for name in _speaking(case) for word in name.split()),
    )


def _speaking(case: Case) -> Iterator[str]:
    """Yield the people who speak for us: they chose to be named."""
    incident, settings = case.incident, case.workspace.settings
    if incident.signed_by:
        yield incident.signed_by.name
    if incident.feedback:
        yield incident.feedback.read_by
    if settings.organisation.press:
        yield settings.organisation.press.name
    yield from (rule.data_protection_officer.name for rule in incident.regulation if rule.data_protection_officer)
    owners = [*(promise.owner for promise in incident.promises), *(action.owner for action in incident.actions)]
    yield from (words for owner in owners if owner for _, words in owner)


_PEOPLE = frozenset(
    ("people", "customers", "users", "merchants", "accounts", "members", "passengers", "patients", "households")
)


def _named(case: Case) -> str:
    """Return the names that the record and the workspace know: capitals in them explain themselves."""
    settings, incident = case.workspace.settings, case.incident
    said = [settings.organisation.name, settings.organisation.short_name or ""]
    said += [words for component in settings.site.components for _, words in component.name]
    said += [p.model or "" for p in incident.affected.products]
    said += [words for p in incident.affected.products for _, words in p.name]
    return " ".join(said)


def _letters(case: Case, messages: Messages, known: Known) -> Iterator[Letter]:
    assert case.composed  # noqa: S101 -- the caller asked
    for content in messages.site:
        if content.language == content.words_language:
            for page in content.pages:
                letter = Letter(page.kind, content.language, page.text, None, f"{page.kind}.md.j2", known)
                yield _by_hand(case, letter)
    for notice in messages.notices:
        # What another update has to tell is written for its own time, and these are held to what holds now: see `unread`.
        if notice.language in case.composed.facts.languages and (
            notice.update == case.update.id or notice.kind == "correction"
        ):
            template = f"{notice.kind}.md.j2"
            letter = Letter(notice.kind, notice.language, notice.text, notice.audience, template, known)
            yield _by_hand(case, letter, notice.update, notice.audience)
    for post in messages.posts:
        if post.update != case.update.id and post.kind == "post":
            continue
        letter = Letter(post.kind, post.language, post.text, None, "words.toml", known)
        yield _by_hand(case, letter, post.update, post.channel)
    for memo in messages.memos:
        yield Letter("memo", memo.language, memo.text, None, "memo.md.j2", known)


def _by_hand(case: Case, letter: Letter, *of: str) -> Letter:
    """Return a letter as one that somebody wrote by hand, where the record names such a text in its place."""
    assert case.composed  # noqa: S101 -- the caller asked
    own = case.composed.facts.own(letter.kind, letter.language, *of)
    if own is None:
        return letter
    update = case.incident.update(of[0]) if of else None
    return replace(letter, template="", written=in_message(case, own, update, letter.text))
