"""Whether the moments of a record can be true: nothing before it began, after now, or later than readers were told to wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

from crisiscomms.errors import Finding
from crisiscomms.fields import When
from crisiscomms.messages.derive import dotted
from crisiscomms.record import CLOSED, TIMES, Incident
from crisiscomms.record.citations import citations
from crisiscomms.record.tree import Path_
from crisiscomms.review.clocks import length
from crisiscomms.review.context import Case
from crisiscomms.review.rules import rule
from crisiscomms.review.truth import sources

#: So much later than the cadence says nobody minds: some minutes, or a share of it.
_GRACE, _SHARE = timedelta(minutes=15), 0.1
#: While people watch whether it holds there is less to tell: so many times as long.
_CALMER = 4


def record_moments(case: Case) -> Iterator[Finding]:
    """Yield times of the record that contradict each other or the clock, and a next update that comes late by design."""
    yield from _newer_than_update(case)
    yield from _future(case)
    yield from _too_early(case)
    yield from _waits_long(case)


def _newer_than_update(case: Case) -> Iterator[Finding]:
    """Find facts and times from after the update that states them. What was dispatched is frozen and is not judged again."""
    out = case.published.dispatched()
    for passage, place in sources(case):
        update = passage.update
        if update is None or update.id in out:
            continue
        for citation in citations(passage.words, case.incident.facts):
            when = (
                case.incident.facts[citation.name].as_of
                if citation.what == "fact"
                else getattr(case.incident.times, citation.name)
                if citation.what == "time"
                else None
            )
            if when and when.begins > update.at.at:
                yield case.error(
                    "fact-newer-than-update",
                    place(citation.written),
                    f'update "{update.id}" of {update.at} cites {citation.written}, which is from {when}',
                    "Readers would be told something at a time when nobody knew it.",
                    "Say it in a later update, or correct the time.",
                )


def _deeds(incident: Incident) -> Iterator[tuple[Path_, When | None]]:
    """Yield what readers are told was done, with its time."""
    yield from ((("actions", i, "done"), action.done) for i, action in enumerate(incident.actions))
    yield from ((("promises", i, "kept"), promise.kept) for i, promise in enumerate(incident.promises))
    yield from ((("promises", i, "broken"), promise.broken) for i, promise in enumerate(incident.promises))
    yield from ((("repair", i, "done"), item.done) for i, item in enumerate(incident.repair))
    yield ("cause", "confirmed_at"), incident.cause.confirmed_at


def _counted(incident: Incident) -> Iterator[tuple[Path_, When | None]]:
    yield from ((("facts", name, "as_of"), fact.as_of) for name, fact in incident.facts.items())


def _for_the_team(incident: Incident) -> Iterator[tuple[Path_, When | None]]:
    """Yield what only the team and the clocks of the law go by."""
    for i, duty in enumerate(incident.regulation):
        yield ("regulation", i, "clock_start"), duty.clock_start
        yield ("regulation", i, "filed_at"), duty.filed_at
        yield from ((("regulation", i, "starts", name), when) for name, when in duty.starts.items())
        yield from ((("regulation", i, "filed", name), when) for name, when in duty.filed.items())
    yield ("care", "marketing_paused"), incident.care.marketing_paused


def _future(case: Case) -> Iterator[Finding]:
    incident = case.incident
    times = ((("times", name), getattr(incident.times, name)) for name in TIMES)
    told = "Readers would be told that something is done before it is."
    kept = "The team, and the clocks of the law, would go by something that is not done yet."
    deeds = [*times, *_deeds(incident), *_counted(incident)]
    for why, found in ((told, deeds), (kept, _for_the_team(incident))):
        for path, when in found:
            if when is not None and when.begins > case.now:
                yield case.error(
                    "from-the-future",
                    path,
                    f"{dotted(path)} has not happened yet: it is {case.now.astimezone(UTC):%Y-%m-%d %H:%M} UTC now",
                    why,
                    "Correct the time, or use due for what is still to come.",
                )


def _too_early(case: Case) -> Iterator[Finding]:
    """Find deeds from before there was anything to do. A figure may have been counted before, so that is a warning."""
    times, found = case.incident.times, rule("from-before-it-began", "F")
    began = times.started or times.noticed
    for build, deeds in ((case.error, _deeds(case.incident)), (case.warning, _counted(case.incident))):
        for path, when in deeds:
            if when is not None and when.at < began.begins:
                what = "began" if times.started else "was noticed"
                message = f"{dotted(path)} is {when}, and it {what} {began}"
                yield build(found.code, path, message, found.why, found.fix)


def _waits_long(case: Case) -> Iterator[Finding]:
    """Find a next update that is promised for later than this incident is to be spoken of."""
    incident, found = case.incident, rule("next-update-late", "F")
    cadence = incident.cadence or getattr(case.workspace.settings.cadence, incident.severity)
    out = case.published.dispatched()
    for index, update in enumerate(incident.updates):
        due, newest = update.next_update, update is case.update or update.at.at > case.now
        if not newest or not due or update.status in CLOSED or update.id in out:
            continue
        most = cadence.length * (_CALMER if update.status == "monitoring" else 1)
        if due.begins - update.at.at > most + max(_GRACE, most * _SHARE):
            waits = length(due.at - update.at.at)
            message = (
                f"the next update comes {waits} after this one, and readers were to hear every {length(cadence.length)}"
            )
            yield case.warning(found.code, ("updates", index, "next_update"), message, found.why, found.fix)
