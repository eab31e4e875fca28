"""Messages as their readers see them, with where their words come from and what the record says beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from crisiscomms.messages.model import Messages
from crisiscomms.record import CLOSED
from crisiscomms.review.context import Case
from crisiscomms.review.letter import Known, Letter
from crisiscomms.review.own import in_message

#: What a letter is called that is an update before the newest.
EARLIER = "update"
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]+")


def seen(case: Case) -> Iterator[Letter]:
    """Yield every message of a case, each in the languages that the record is in."""
    assert case.composed  # noqa: S101 -- the caller asked
    yield from _letters(case, case.composed.messages, known(case))


def later(case: Case) -> Iterator[Letter]:
    """Yield the dispatches of updates whose time is still to come, each with the status it will have then."""
    now = known(case)
    for update, messages in case.composed.later.items() if case.composed else ():
        yield from _letters(case, messages, now._replace(status=case.incident.update(update).status))


def unread(case: Case) -> Iterator[Letter]:
    """Yield the updates before the newest that are not out yet, each with the status it has: all go out with it."""
    assert case.composed  # noqa: S101 -- the caller asked
    out, now = case.published.telling.updates if case.published.telling else (), known(case)
    for content in case.composed.messages.site:
        for entry in content.entries if content.language == content.words_language else ():
            if entry.id not in out and entry.id != case.update.id:
                status = case.incident.update(entry.id).status
                yield Letter(EARLIER, content.language, entry.text, None, "entry.md.j2", now._replace(status=status))


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
        # What an earlier update has still to tell is written for its own time: the rules ask for what holds now.
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
