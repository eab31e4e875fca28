"""Who speaks and what is given: whether they fit what happened. The second is a question for a person."""

from __future__ import annotations

from collections.abc import Iterator

from crisiscomms.errors import Finding
from crisiscomms.review.context import Case
from crisiscomms.review.lexicon import lexicon
from crisiscomms.review.rules import rule


def record_standing(case: Case) -> Iterator[Finding]:
    """Yield a signature that is nobody's or too light for what happened, and a gesture where people were harmed."""
    incident = case.incident
    if incident.signed_by and _is_crowd(case, incident.signed_by.name):
        yield _nobody(case, incident.signed_by.name)
    grave = incident.severity == "critical" or incident.harm == "confirmed"
    if grave and incident.signed_by and not _leads(case):
        found = rule("signatory-too-junior", "A")
        role = next(words for _, words in incident.signed_by.role)
        message = f'{incident.signed_by.name} signs as "{role}", and this is grave'
        yield case.finding(found.code, found.severity, ("signed_by", "role"), message, found.why, found.fix)
    harmed = grave or incident.harm != "none"
    if harmed and incident.repair and all(item.kind == "gesture" for item in incident.repair):
        found = rule("repair-disproportionate", "A")
        message = "a question: is a gesture enough for what people lost?"
        yield case.finding(found.code, found.severity, ("repair",), message, found.why, found.fix)


def _nobody(case: Case, name: str) -> Finding:
    by_mail = bool(case.update.audiences) and case.incident.severity != "minor"
    build = case.error if case.owes_statement or by_mail else case.warning
    return build(
        "missing-signatory",
        ("signed_by", "name"),
        f'"{name}" signs, and that is no person',
        "A letter that nobody signs is nobody's word.",
        "Write the name of the person who answers for this, and their role.",
    )


def _is_crowd(case: Case, name: str) -> bool:
    """Say whether a name is the organisation's own, or a word for many in any language that we know."""
    organisation = case.workspace.settings.organisation
    own = {organisation.name.casefold(), (organisation.short_name or organisation.name).casefold()}
    words = {word.strip(".,").casefold() for word in name.split()}
    known = [found for language in ("en", "de") if (found := lexicon(language))]
    return name.strip().casefold() in own or any(words & set(one.lists["collectives"]) for one in known)


def _leads(case: Case) -> bool:
    """Say whether the role is that of somebody who can change things. A language without a list, or a role still to be written, is not judged."""
    assert case.incident.signed_by  # noqa: S101 -- the caller asked
    for language, words in case.incident.signed_by.role:
        known = lexicon(language)
        if known is None or "TODO" in words or any(leader in words.lower() for leader in known.lists["leaders"]):
            return True
    return False
