"""The plan: what publishing would do now, channel by channel, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

from crisiscomms.errors import Finding, Severity
from crisiscomms.messages.compose import Composed
from crisiscomms.messages.model import Notice, Post, canonical, digest
from crisiscomms.published import Draft
from crisiscomms.record import Record


class Action(StrEnum):
    """What happens to one message."""

    CREATE = "create"
    REVISE = "revise"
    CORRECT = "correct"
    KEEP = "keep"
    SCHEDULE = "schedule"
    BLOCK = "block"


class Drafts(Protocol):
    """The deliveries of one line of a plan. They may be a million: they are gone through, and not kept.

    `digest` is over all of them in their order: the same readers with the same words give the same.
    """

    @property
    def digest(self) -> str:
        """The digest of them all."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Draft]: ...


@dataclass(frozen=True)
class Single:
    """A single delivery to everyone, or none."""

    draft: Draft | None = None

    @property
    def digest(self) -> str:
        """The digest of the delivery."""
        return self.draft.digest.hex() if self.draft else ""

    def __len__(self) -> int:
        return 1 if self.draft else 0

    def __iter__(self) -> Iterator[Draft]:
        return iter((self.draft,) if self.draft else ())


NONE = Single()


@dataclass(frozen=True)
class Item:
    """One line of a plan: one message to one place, or to all people of one audience and language.

    `before` and `after` are what readers see there now and would see then. `drafts` are the deliveries it makes, and
    `line` what they share, as the ledger will hold it. `held`: somebody put it on hold. `head_start` is how long others hear
    it before.
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
    head_start: timedelta = timedelta()
    message: Notice | Post | None = None
    line: Mapping[str, Any] = field(default_factory=dict)
    drafts: Drafts = NONE

    def identity(self) -> dict[str, Any]:
        """Return what the fingerprint covers: what goes where, to whom, and when."""
        return {
            "action": self.action,
            "channel": self.channel,
            "kind": self.kind,
            "update": self.update,
            "audience": self.audience,
            "language": self.language,
            "title": self.title if self.kind == "called-off" else "",
            "digest": self.digest,
            "people": self.drafts.digest,
            "policy": self.line.get("policy", ""),
            "settings": self.line.get("settings", ""),
            "rank": self.line.get("rank", 0),
            "head_start": self.head_start.total_seconds(),
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
    drop: Sequence[int] = ()

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

    @property
    def ended(self) -> tuple[Item, ...]:
        """The items that call something off."""
        return tuple(item for item in self.items if item.kind == "called-off")


@dataclass(frozen=True)
class Plan:
    """What publishing would do at a time for some incidents."""

    incidents: tuple[IncidentPlan, ...]
    now: datetime

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

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of everything that would happen: the same world gives the same."""
        covered = {
            plan.id: sorted((item.identity() for item in (*plan.changes, *plan.ended)), key=canonical)
            for plan in self.incidents
            if plan.changes or plan.ended
        }
        return digest(canonical(covered))[:16]
