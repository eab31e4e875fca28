"""What is planned for later, judged as it will be at its own time: nobody may be awake then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crisiscomms.errors import Finding, Severity
from crisiscomms.messages.derive import derive_facts
from crisiscomms.review.context import Case, short
from crisiscomms.review.elements import record_elements
from crisiscomms.review.rules import rule


def refused_later(case: Case) -> Iterator[Finding]:
    """Yield updates that are still to come, and that the record as it is would keep from going out at their time."""
    assert case.composed  # noqa: S101 -- the caller asked
    if not case.composed.later:
        return
    facts, found = case.composed.facts, rule("refused-later", "F")
    now = {finding.code for finding in record_elements(case)}
    for name in case.composed.later:
        update = case.incident.update(name)
        at = update.at.at
        then = derive_facts(facts.incident, facts.workspace, facts.voices, facts.published, at, facts.texts)
        if then is None or then.update is not update:
            continue
        ahead = replace(case, now=at, composed=case.composed._replace(facts=then))
        lacks = [one for one in record_elements(ahead) if one.severity is Severity.ERROR and one.code not in now]
        if lacks:
            message = f'"{name}" would be refused at its time, {update.at}: {short(lacks[0].message)}'
            place = ("updates", case.index(update))
            yield case.finding("refused-later", found.severity, place, message, found.why, found.fix)
