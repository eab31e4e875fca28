"""What became of what was promised, as readers see it. A person says that it is kept or broken; only "late" is the clock's word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Generic, Literal, NamedTuple, TypeVar

from crisiscomms.fields import When
from crisiscomms.messages.model import PromiseLine, SiteContent
from crisiscomms.website.briefs import Brief

State = Literal["waiting", "late", "broken", "kept", "kept_late"]
Group = Literal["open", "broken", "kept"]
_GROUPS: dict[State, Group] = {
    "waiting": "open",
    "late": "open",
    "broken": "broken",
    "kept": "kept",
    "kept_late": "kept",
}
_ORDER = ("open", "broken", "kept")


_Incident = TypeVar("_Incident", SiteContent, Brief)


class Outcome(NamedTuple, Generic[_Incident]):
    """One promise of one incident, and where it stands."""

    line: PromiseLine
    content: _Incident
    state: State

    @property
    def group(self) -> Group:
        """Under which heading it is listed."""
        return _GROUPS[self.state]


def outcomes(contents: Iterable[_Incident], when: Callable[[str], When], now: datetime) -> list[Outcome[_Incident]]:
    """Return every promise: the open ones, the next due first; then the broken and the kept, the latest first."""
    found = [Outcome(line, content, _state(line, when, now)) for content in contents for line in content.promises]

    def place(one: Outcome[_Incident]) -> tuple[int, float, str, str]:
        line = one.line
        if one.group == "open":
            return 0, when(line.due).at.timestamp(), one.content.incident, line.id
        done = when(line.broken or line.kept or line.due).at.timestamp()
        return _ORDER.index(one.group), -done, one.content.incident, line.id

    return sorted(found, key=place)


def overdue(contents: Iterable[SiteContent | Brief], when: Callable[[str], When], now: datetime) -> frozenset[str]:
    """Return the incidents whose next update is late: also where it is over, as long as one was promised after that."""
    return frozenset(one.incident for one in contents if one.next_update and when(one.next_update).at < now)


def _state(line: PromiseLine, when: Callable[[str], When], now: datetime) -> State:
    due = when(line.due)
    if line.broken:
        return "broken"
    if line.kept:
        return "kept_late" if when(line.kept).is_after(due) else "kept"
    return "late" if due.at < now else "waiting"
