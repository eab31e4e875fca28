"""The plan: what publishing would do now, channel by channel, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crisiscomms.errors import Finding, Severity
from crisiscomms.messages.compose import Composed
from crisiscomms.messages.model import Notice, Post, canonical, digest
from crisiscomms.record import Record


class Action(StrEnum):
    """What happens to one message."""

    CREATE = "create"
    REVISE = "revise"
    CORRECT = "correct"
    KEEP = "keep"
    SCHEDULE = "schedule"
    BLOCK = "block"


@dataclass(frozen=True)
class Item:
    """One line of a plan: one message to one place, or to all people of one audience and language.

    `before` and `after` are what readers see there now and would see then. `rows` are the deliveries it makes.
    `held`: somebody put it on hold.
    """

    action: Action
    channel: str
    kind: str
    incident: str
    update: str
    title: str
    audience: str = ""
    language: str = ""
    reason: str = ""
    not_before: str = ""
    before: str = ""
    after: str = ""
    digest: str = ""
    leaves: bool = False
    held: bool = False
    message: Notice | Post | None = None
    rows: tuple[Mapping[str, Any], ...] = ()

    def identity(self) -> dict[str, Any]:
        """Return what the fingerprint covers: what goes where, to whom, and when."""
        people = digest(canonical(sorted((row["recipient"], row["digest"]) for row in self.rows)))
        return {
            "action": self.action,
            "channel": self.channel,
            "kind": self.kind,
            "update": self.update,
            "audience": self.audience,
            "language": self.language,
            "digest": self.digest,
            "people": people,
            "not_before": self.not_before if self.action is Action.SCHEDULE else "",
        }


@dataclass(frozen=True)
class IncidentPlan:
    """What would happen for one incident. `bodies` holds every message by its digest, `drop` rows that no longer wait."""

    record: Record
    composed: Composed | None
    findings: tuple[Finding, ...]
    items: tuple[Item, ...] = ()
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    drop: tuple[int, ...] = ()
    corrects: bool = False

    @property
    def id(self) -> str:
        """The incident's id."""
        return self.record.incident.id

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop it."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def changes(self) -> tuple[Item, ...]:
        """The items that do something."""
        return tuple(item for item in self.items if item.action not in {Action.KEEP, Action.BLOCK})


@dataclass(frozen=True)
class Plan:
    """What publishing would do now for some incidents."""

    incidents: tuple[IncidentPlan, ...]

    @property
    def changes(self) -> tuple[Item, ...]:
        """The items that do something."""
        return tuple(item for plan in self.incidents for item in plan.changes)

    @property
    def called_off(self) -> int:
        """How many deliveries wait in the ledger and go nowhere any more."""
        return sum(len(plan.drop) for plan in self.incidents)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop it."""
        return tuple(finding for plan in self.incidents for finding in plan.errors)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of everything that would happen: the same world gives the same."""
        covered = {
            plan.id: sorted((item.identity() for item in plan.changes), key=canonical)
            for plan in self.incidents
            if plan.changes
        }
        return digest(canonical(covered))[:16]
