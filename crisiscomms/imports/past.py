"""A past incident as a plain value, whatever it comes from, and the rules that all sources share."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from crisiscomms.errors import Finding, Place, Severity
from crisiscomms.fields import shown
from crisiscomms.imports.words import from_plain, one_line
from crisiscomms.record import CLOSED, Status
from crisiscomms.record.model import COMPONENT_STATES, ComponentState

Weight = Literal["minor", "major", "critical"]

#: What other status pages call a step, and what we call it. What is missing here keeps its own word in front of its text.
_STATUSES: dict[str, Status] = {
    "investigating": "investigating",
    "identified": "identified",
    "monitoring": "monitoring",
    "watching": "monitoring",
    "resolved": "resolved",
    "fixed": "resolved",
    "completed": "resolved",
    "postmortem": "follow-up",
    "post mortem": "follow-up",
}
#: Steps of planned work: nothing is being looked for.
_PLANNED = frozenset({"scheduled", "in progress", "verifying"})
#: Steps that go on as before.
_SAME = frozenset({"", "update", "null", "none"})
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/,-]{0,119}")


class Words(NamedTuple):
    """What a past incident says where its source says nothing, in the language of the workspace."""

    untitled: str
    no_words: str
    cut: str


class Step(NamedTuple):
    """One update as its source tells it: `said` is the source's word for the status, `text` is Markdown fit for a record."""

    at: datetime | None
    said: str
    text: str


@dataclass(frozen=True)
class Draft:
    """An incident as its source tells it. `steps` are oldest first. `over`: the source says that it is.

    `planned`: it is a maintenance, which was told before it began.
    """

    reference: str
    name: str
    severity: Weight
    over: bool
    started: datetime | None
    ended: datetime | None = None
    steps: tuple[Step, ...] = ()
    components: tuple[tuple[str, ComponentState], ...] = ()
    planned: bool = False


class PastUpdate(NamedTuple):
    """One update of a past incident."""

    at: datetime
    status: Status
    text: str


class Past(NamedTuple):
    """A past incident, ready to be written: its title and texts are Markdown fit for a record, its updates oldest first."""

    reference: str
    title: str
    severity: Weight
    started: datetime
    ended: datetime | None
    updates: tuple[PastUpdate, ...]
    components: tuple[tuple[str, ComponentState], ...]


class Gathered(NamedTuple):
    """What a source holds: the incidents, and what was left out or mended, each with its reason."""

    incidents: tuple[Past, ...]
    findings: tuple[Finding, ...] = ()


class LeftOut(Exception):
    """An incident cannot be brought in, or had better not be. `unreadable`: something is wrong with it."""

    def __init__(self, problem: str, fix: str, *, unreadable: bool = False) -> None:
        super().__init__(problem)
        self.problem, self.fix, self.unreadable = problem, fix, unreadable


_OPEN = LeftOut("it is still open there", "Close it there and import again, or tell of it here: crisiscomms new ID")
_NO_TIME = LeftOut("it has no time that can be read", "Give it a time there, then import again.", unreadable=True)


class Sorting:
    """Takes what a source holds one by one, and keeps what can be brought in apart from what cannot."""

    def __init__(self, source: str, words: Words, now: datetime) -> None:
        self._source, self._words, self._now = source, words, now
        self._found: dict[str, Past] = {}
        self._findings: list[Finding] = []

    def take(self, draft: Draft) -> None:
        """Take an incident. The second of the same name is left out."""
        try:
            past = past_of(draft, self._words, self._now)
        except LeftOut as reason:
            self.leave(draft.name or draft.reference, reason)
            return
        if past.reference in self._found:
            self.leave(draft.name, LeftOut("it stands there twice", "The first one is taken."))
            return
        self._found[past.reference] = past

    def leave(self, name: str, reason: LeftOut) -> None:
        """Note what was left out, and why."""
        weight = Severity.ERROR if reason.unreadable else Severity.WARNING
        message = f'"{shown(name)}" is left out: {reason.problem}' if name else f"one is left out: {reason.problem}"
        why = "It will not stand in the history."
        self._findings.append(Finding("left-out", weight, Place(self._source), message, why, reason.fix))

    def result(self) -> Gathered:
        """Return everything, the newest incident first."""
        ordered = sorted(self._found.values(), key=lambda past: (past.started, past.reference), reverse=True)
        return Gathered(tuple(ordered), tuple(self._findings))


def past_of(draft: Draft, words: Words, now: datetime) -> Past:
    """Return an incident in our own terms. Raises LeftOut."""
    if not draft.over:
        raise _OPEN
    steps = sorted(_timed(draft), key=lambda pair: pair[0])
    if not steps:
        raise _NO_TIME
    first = steps[0][0]
    started = draft.started if draft.planned and draft.started else min(draft.started or first, first)
    updates = [*_updates(steps, words)]
    ended = draft.ended if draft.ended and draft.ended >= started else None
    if updates[-1].status not in CLOSED:
        updates.append(PastUpdate(max(ended or started, updates[-1].at), "resolved", words.no_words))
    if updates[-1].at > now:
        raise LeftOut("a part of it lies in the future", "Import it once it is over.")
    ended = ended or next((update.at for update in updates if update.status in CLOSED), None)
    title = one_line(draft.name, words.cut) or words.untitled
    return Past(reference_of(draft.reference), title, draft.severity, started, ended, tuple(updates), draft.components)


def _timed(draft: Draft) -> Iterator[tuple[datetime, Step]]:
    """Yield the steps with their times. One without a time is as old as the one before it, or as the incident."""
    steps = draft.steps or (Step(draft.started or draft.ended, "", ""),)
    before = draft.started or next((step.at for step in steps if step.at), None) or draft.ended
    for step in steps:
        before = step.at or before
        if before is not None:
            yield before, step


def _updates(steps: Iterable[tuple[datetime, Step]], words: Words) -> Iterator[PastUpdate]:
    status: Status = "investigating"
    for at, step in steps:
        said = re.sub(r"[\s_-]+", " ", step.said).strip().lower()
        known = _STATUSES.get(said)
        if known is None and said in _PLANNED:
            known = "monitoring"
        text = step.text
        if said not in _STATUSES and said not in _SAME:
            own = " ".join(step.said.replace("_", " ").split())[:60]
            text = f"**{from_plain(own[:1].upper() + own[1:], words.cut)}.** {text}".strip()
        status = known or status
        yield PastUpdate(at, status, text or words.no_words)


def reference_of(given: str) -> str:
    """Return what an incident is called at its source, in plain characters: anything else becomes a digest."""
    if _REFERENCE.fullmatch(given):
        return given
    return f"sha256:{hashlib.sha256(given.encode(errors='replace')).hexdigest()[:24]}"


def worst(components: Iterable[tuple[str, ComponentState]]) -> tuple[tuple[str, ComponentState], ...]:
    """Return every component once, with the worst state it was in."""
    found: dict[str, ComponentState] = {}
    for name, state in components:
        found[name] = max(found.get(name, state), state, key=COMPONENT_STATES.index)
    return tuple(found.items())
