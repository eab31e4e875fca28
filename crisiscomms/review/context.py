"""What every rule of the review sees, and how it says what it found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from crisiscomms.errors import Finding, Place, Severity
from crisiscomms.messages.compose import Composed
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.told import Told
from crisiscomms.published import PublishedIncident
from crisiscomms.record import Incident, Record, Update
from crisiscomms.record.tree import Path_
from crisiscomms.workspace import Workspace


def short(words: str, most: int = 90) -> str:
    """Return words as they are quoted in a finding: the first of many."""
    return words if len(words) <= most else words[: most - 3].rsplit(" ", 1)[0] + " ..."


@dataclass(frozen=True)
class Case:
    """One record under review: the record, its messages if any are due, what is out already, and the clock."""

    record: Record
    workspace: Workspace
    published: PublishedIncident
    now: datetime
    composed: Composed | None

    @property
    def incident(self) -> Incident:
        """The incident."""
        return self.record.incident

    @cached_property
    def update(self) -> Update:
        """The newest due update; before the first is due, the first."""
        return self.composed.facts.update if self.composed else self.incident.updates[0]

    @property
    def facts(self) -> Facts | None:
        """The facts behind the messages, if any are due."""
        return self.composed.facts if self.composed else None

    @cached_property
    def owes_statement(self) -> bool:
        """Whether a statement is owed now."""
        return self.composed is not None and self.composed.facts.tells_statement

    @cached_property
    def _told(self) -> dict[tuple[str, str | None], Told]:
        return {}

    def told(self, language: str, audience: str | None) -> Told:
        """Return what the messages in a language to an audience (None: the public) are made from. Raises if none are due."""
        assert self.composed  # noqa: S101 -- the caller asked
        facts, key = self.composed.facts, (language, audience)
        if key not in self._told:
            self._told[key] = Told(facts if audience else facts.for_the_public() or facts, language, audience)
        return self._told[key]

    @cached_property
    def _reasons(self) -> dict[str, str]:
        return {silence.code: silence.reason for silence in self.incident.silence}

    def silenced(self, found: Finding) -> Finding:
        """Return a finding. One that the record silences is information, with the reason that was given."""
        reason = self._reasons.get(found.code)
        if reason is None:
            return found
        return replace(found, severity=Severity.INFO, why=f"Accepted in the record: {reason}", accepted=reason)

    def index(self, update: Update) -> int:
        """Return an update's place in the record."""
        return self.incident.updates.index(update)

    def place(self, path: Path_) -> Place:
        """Return where a path of the record stands."""
        span = self.record.tree.spans.get(path)
        return span.place if span else self.record.tree.place(path)

    def finding(  # noqa: PLR0917 -- the parts of a finding, in the order in which it is printed
        self, code: str, severity: Severity, place: Path_ | Place, message: str, why: str, fix: str
    ) -> Finding:
        """Build a finding at a path of the record, or at a place."""
        return Finding(code, severity, place if isinstance(place, Place) else self.place(place), message, why, fix)

    def error(self, code: str, place: Path_ | Place, message: str, why: str, fix: str) -> Finding:
        """Build a finding that stops `publish`."""
        return self.finding(code, Severity.ERROR, place, message, why, fix)

    def warning(self, code: str, place: Path_ | Place, message: str, why: str, fix: str) -> Finding:
        """Build a finding that does not stop `publish`."""
        return self.finding(code, Severity.WARNING, place, message, why, fix)
