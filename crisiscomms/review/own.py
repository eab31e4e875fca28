"""Texts of the team's own in place of messages of ours: whether each is used, and in every language that is told."""

from __future__ import annotations

from collections.abc import Iterator

from crisiscomms.errors import Finding
from crisiscomms.messages.prose import to_text
from crisiscomms.record import Handwritten, Update
from crisiscomms.review.context import Case
from crisiscomms.review.texts.written import Written, aligned


def in_message(case: Case, own: Handwritten, update: Update | None, message: str) -> Written:
    """Return a message with the places that its words have in the file somebody wrote. Of the frame around it: none."""
    assert case.composed  # noqa: S101 -- there is no message otherwise
    words = to_text(case.composed.facts.cite_own(own, update)).strip()
    return Written(own.file, words, tuple(aligned(words, own.words))).within(message)


def record_own(case: Case) -> Iterator[Finding]:
    """Yield a text that stands in no message, and a message that is by hand in one language and ours in another."""
    spoken = case.incident.languages or case.workspace.settings.organisation.languages
    seen: set[tuple[str | None, ...]] = set()
    for own in case.record.texts:
        index = case.incident.texts.index(own.entry)
        yield from _unused(case, own, index)
        entry = own.entry
        told = (entry.message, entry.update, entry.audience, entry.channel)
        others = [one.language for one in case.record.texts if _same_but_language(one, own)]
        missing = [language for language in spoken if language not in others]
        if missing and told not in seen and entry.message != "post":  # an account speaks one language
            seen.add(told)
            yield case.warning(
                "missing-translation",
                ("texts", index),
                f"the {entry.message} is your own in {', '.join(others)}, and ours in {', '.join(missing)}",
                "Readers of two languages are told it in two different ways.",
                f"Write one in {missing[0]} as well, and name it under texts with language: {missing[0]}.",
            )


def _same_but_language(one: Handwritten, other: Handwritten) -> bool:
    a, b = one.entry, other.entry
    return (a.message, a.update, a.audience, a.channel) == (b.message, b.update, b.audience, b.channel)


def _unused(case: Case, own: Handwritten, index: int) -> Iterator[Finding]:
    """Yield a text that the workspace's own template leaves out."""
    update = case.incident.update(own.entry.update) if own.entry.update else None
    messages = list(_messages(case, own))
    if messages and in_message(case, own, update, messages[0]).end == 0:
        template = f"templates/{own.language}/{own.entry.message}.md.j2"
        yield case.error(
            "own-text-unused",
            ("texts", index),
            f"{own.file} does not stand in the {own.entry.message}: {template} of this workspace leaves it out",
            "Readers get another text than the one you wrote.",
            "Print it in that template with {{ t.own }}, or remove the template.",
        )


def _messages(case: Case, own: Handwritten) -> Iterator[str]:
    """Yield the messages that a text stands in place of: a page, or the mails to an audience."""
    entry, messages = own.entry, case.composed.messages if case.composed else None
    for content in messages.site if messages else ():
        if content.words_language == own.language:
            yield from (page.text for page in content.pages if page.kind == entry.message)
    for notice in messages.notices if messages else ():
        told = (notice.kind, notice.language, notice.update, notice.audience)
        if told == (entry.message, own.language, entry.update, entry.audience):
            yield notice.text
