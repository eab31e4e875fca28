"""Statuspage's public JSON, version 2, as static files: programs that people already have can read our site.

The shapes are those of the payloads in the wild; a client that is strict about types finds every key that it knows. What
we have no value for is null where the shape allows that: an empty text is no time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from crisiscomms.fields import When
from crisiscomms.messages.model import Entry, SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.record.model import COMPONENT_STATES
from crisiscomms.website.briefs import Brief
from crisiscomms.website.gravity import SEVERITIES
from crisiscomms.workspace import Component

#: How many incidents a list holds, as Statuspage's own does, and how many updates an incident: the newest.
MOST = 50
ROOT = "api/v2/"
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NEVER = "1970-01-01T00:00:00.000Z"
#: Our severities are its impacts. What it calls the status of each where something is down, in the words that its
#: clients know, and what we call it where nothing is: late parcels are no outage. Clients show it as it is.
_DESCRIPTIONS = {
    "none": "All Systems Operational",
    "minor": "Minor Service Outage",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
}
_NO_OUTAGE = {"minor": "Minor Incident", "major": "Major Incident", "critical": "Critical Incident"}
_DOWN = frozenset({"partial_outage", "major_outage"})


class Site(NamedTuple):
    """Whose status it is. `home` is the site's address, ending in a slash, `zone` the organisation's time zone by name."""

    name: str
    home: str
    zone: str
    language: str
    components: Sequence[Component]


def build_status_files(site: Site, briefs: Sequence[Brief], read: Callable[[Brief], SiteContent]) -> dict[str, bytes]:
    """Return the files by their paths. `briefs` are all incidents in the site's first language, newest first.

    `read` reads one of them whole.
    """
    made = _Made(site, briefs)
    open_ = [brief for brief in briefs if brief.status not in CLOSED][:MOST]
    unresolved = [made.incident(brief, read(brief)) for brief in open_]
    recent = [made.incident(brief, read(brief)) for brief in briefs[:MOST]]
    status = made.status()
    files: dict[str, dict[str, Any]] = {
        "summary.json": {
            "components": made.components,
            "incidents": unresolved,
            "scheduled_maintenances": [],
            "status": status,
        },
        "status.json": {"status": status},
        "components.json": {"components": made.components},
        "incidents.json": {"incidents": recent},
        "incidents/unresolved.json": {"incidents": unresolved},
    }
    for name in ("", "/upcoming", "/active"):
        files[f"scheduled-maintenances{name}.json"] = {"scheduled_maintenances": []}
    return {ROOT + path: _written({"page": made.page, **body}) for path, body in files.items()}


class _Made:
    """What the files share."""

    def __init__(self, site: Site, briefs: Sequence[Brief]) -> None:
        self._site = site
        self._open = [brief for brief in briefs if brief.status not in CLOSED]
        self._first = _time(briefs[-1].first_at) if briefs else _NEVER
        self._touching = [brief for brief in briefs if brief.components]
        self.page = {
            "id": _id(site.home),
            "name": site.name,
            "url": site.home.rstrip("/"),
            "time_zone": site.zone,
            "updated_at": _last((brief.changed_at for brief in briefs), _NEVER),
        }
        # The parts of the service with their worst state.
        self.components = [self._component(component, place) for place, component in enumerate(site.components, 1)]

    def status(self) -> dict[str, str]:
        """Return the one word for everything: that of the worst incident that is open."""
        found = {brief.severity for brief in self._open}
        indicator = next((impact for impact in SEVERITIES if impact in found), "none")
        worst = [brief for brief in self._open if brief.severity == indicator]
        words = _DESCRIPTIONS if not worst or any(map(_is_outage, worst)) else _NO_OUTAGE
        return {"indicator": indicator, "description": words[indicator]}

    def _component(self, component: Component, place: int) -> dict[str, Any]:
        names = {words for _, words in component.name}
        states = [state for brief in self._open for name, state in brief.components if name in names]
        return {
            "id": _id(f"{self._site.home}{component.id}"),
            "name": component.name.told(self._site.language)[0],
            "status": max(states, default="operational", key=COMPONENT_STATES.index),
            "created_at": self._first,
            "updated_at": _last((brief.changed_at for brief in self._touching if _touches(brief, names)), self._first),
            "position": place,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self.page["id"],
            "group": False,
            "only_show_if_degraded": False,
        }

    def incident(self, brief: Brief, content: SiteContent) -> dict[str, Any]:
        """Return one incident with all its updates, newest first."""
        own = _id(f"{self._site.home}{content.incident}")
        link = f"{self._site.home}incidents/{content.incident}/"
        return {
            "id": own,
            "name": content.title[:255],
            "status": _status(content.status),
            "created_at": _time(content.first_at),
            "updated_at": _time(brief.changed_at),
            "monitoring_at": _since(content.entries, "monitoring"),
            "resolved_at": _since(content.entries, *CLOSED) if content.status in CLOSED else None,
            "impact": content.severity,
            "shortlink": link,
            "started_at": _began(dict(content.times).get("started", content.first_at), ZoneInfo(self._site.zone)),
            "page_id": self.page["id"],
            "incident_updates": [_update(own, link, entry) for entry in content.entries[:MOST]],
            "components": [
                told
                for told, one in zip(self.components, self._site.components, strict=True)
                if _touches(brief, {words for _, words in one.name})
            ],
            "reminder_intervals": None,
        }


def _update(incident: str, link: str, entry: Entry) -> dict[str, Any]:
    at = _time(entry.at)
    return {
        "id": _id(f"{link}{entry.id}"),
        "status": _status(entry.status),
        "body": entry.html,
        "incident_id": incident,
        "created_at": at,
        "updated_at": _time(entry.corrected_at) if entry.corrected_at else at,
        "display_at": at,
        "affected_components": None,
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _touches(brief: Brief, names: Collection[str]) -> bool:
    return any(name in names for name, _ in brief.components)


def _is_outage(brief: Brief) -> bool:
    return brief.kind == "outage" or any(state in _DOWN for _, state in brief.components)


def _began(iso: str, zone: ZoneInfo) -> str:
    """Return when something began. Of a day alone, which content holds as its last second, that is its beginning there."""
    return _time(When.stored(iso, zone).begins.isoformat())


def _last(times: Iterable[str], otherwise: str) -> str:
    """Return the latest of some times, all of one form and in UTC."""
    latest = max(times, default="")
    return _time(latest) if latest else otherwise


def _status(ours: str) -> str:
    """Return its word for a status: what follows after an incident is resolved it calls a post-mortem."""
    return "postmortem" if ours == "follow-up" else ours


def _since(entries: Iterable[Entry], *statuses: str) -> str | None:
    """Return when a status was first said."""
    return min((_time(entry.at) for entry in entries if entry.status in statuses), default=None)


def _time(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _id(name: str) -> str:
    """Return twelve letters and digits that stand for a name for ever."""
    number, letters = int.from_bytes(sha256(name.encode()).digest()[:10]), ""
    while len(letters) < 12:
        number, rest = divmod(number, len(_LETTERS))
        letters += _LETTERS[rest]
    return letters


def _written(body: Mapping[str, Any]) -> bytes:
    return (json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
