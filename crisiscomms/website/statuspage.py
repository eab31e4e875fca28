"""Statuspage's public JSON, version 2, as static files: programs that people already have can read our site.

The shapes are those of the payloads in the wild; a client that is strict about types finds every key that it knows. What
we have no value for is null where the shape allows that: an empty text is no time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from crisiscomms.messages.model import Entry, SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.record.model import COMPONENT_STATES
from crisiscomms.website.content import changed
from crisiscomms.website.trees import SEVERITIES
from crisiscomms.workspace import Component

#: How many incidents a list holds, as Statuspage's own does, and how many updates an incident: the newest.
MOST = 50
ROOT = "api/v2/"
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NEVER = "1970-01-01T00:00:00.000Z"
#: Our severities are its impacts. What it calls the status of each, in the words that its clients know.
_DESCRIPTIONS = {
    "none": "All Systems Operational",
    "minor": "Minor Service Outage",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
}


class Site(NamedTuple):
    """Whose status it is. `home` is the site's address, ending in a slash, `zone` the organisation's time zone by name."""

    name: str
    home: str
    zone: str
    language: str
    components: Sequence[Component]


def build_status_files(site: Site, contents: Sequence[SiteContent]) -> dict[str, bytes]:
    """Return the files by their paths. `contents` are all incidents in the site's first language, newest first."""
    made = _Made(site, contents)
    unresolved = [made.incident(content) for content in contents if content.status not in CLOSED][:MOST]
    recent = [made.incident(content) for content in contents[:MOST]]
    components, status = made.components(), made.status()
    files: dict[str, dict[str, Any]] = {
        "summary.json": {
            "components": components,
            "incidents": unresolved,
            "scheduled_maintenances": [],
            "status": status,
        },
        "status.json": {"status": status},
        "components.json": {"components": components},
        "incidents.json": {"incidents": recent},
        "incidents/unresolved.json": {"incidents": unresolved},
    }
    for name in ("", "/upcoming", "/active"):
        files[f"scheduled-maintenances{name}.json"] = {"scheduled_maintenances": []}
    return {ROOT + path: _written({"page": made.page, **body}) for path, body in files.items()}


class _Made:
    """What the files share."""

    def __init__(self, site: Site, contents: Sequence[SiteContent]) -> None:
        self._site, self._contents = site, contents
        self._first = min((_time(content.first_at) for content in contents), default=_NEVER)
        self._last = max((_moment(changed(content)) for content in contents), default=_NEVER)
        self.page = {
            "id": _id(site.home),
            "name": site.name,
            "url": site.home.rstrip("/"),
            "time_zone": site.zone,
            "updated_at": self._last,
        }

    def status(self) -> dict[str, str]:
        """Return the one word for everything: that of the worst incident that is open."""
        found = {content.severity for content in self._contents if content.status not in CLOSED}
        indicator = next((impact for impact in SEVERITIES if impact in found), "none")
        return {"indicator": indicator, "description": _DESCRIPTIONS[indicator]}

    def components(self) -> list[dict[str, Any]]:
        """Return the parts of the service with their worst state."""
        return [self._component(component, place) for place, component in enumerate(self._site.components, 1)]

    def _component(self, component: Component, place: int) -> dict[str, Any]:
        names = {words for _, words in component.name}
        hit = [content for content in self._contents if content.status not in CLOSED]
        states = [state for content in hit for name, state in content.components if name in names]
        touched = [_moment(changed(content)) for content in self._contents if _touches(content, names)]
        return {
            "id": _id(f"{self._site.home}{component.id}"),
            "name": component.name.told(self._site.language)[0],
            "status": max(states, default="operational", key=COMPONENT_STATES.index),
            "created_at": self._first,
            "updated_at": max(touched, default=self._first),
            "position": place,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self.page["id"],
            "group": False,
            "only_show_if_degraded": False,
        }

    def incident(self, content: SiteContent) -> dict[str, Any]:
        """Return one incident with all its updates, newest first."""
        own = _id(f"{self._site.home}{content.incident}")
        link = f"{self._site.home}incidents/{content.incident}/"
        known = enumerate(self._site.components, 1)
        return {
            "id": own,
            "name": content.title[:255],
            "status": _status(content.status),
            "created_at": _time(content.first_at),
            "updated_at": _moment(changed(content)),
            "monitoring_at": _since(content.entries, "monitoring"),
            "resolved_at": _since(content.entries, *CLOSED) if content.status in CLOSED else None,
            "impact": content.severity,
            "shortlink": link,
            "started_at": _time(dict(content.times).get("started", content.first_at)),
            "page_id": self.page["id"],
            "incident_updates": [_update(own, link, entry) for entry in content.entries[:MOST]],
            "components": [
                self._component(one, place)
                for place, one in known
                if _touches(content, {words for _, words in one.name})
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


def _touches(content: SiteContent, names: Iterable[str]) -> bool:
    return any(name in names for name, _ in content.components)


def _status(ours: str) -> str:
    """Return its word for a status: what follows after an incident is resolved it calls a post-mortem."""
    return "postmortem" if ours == "follow-up" else ours


def _since(entries: Iterable[Entry], *statuses: str) -> str | None:
    """Return when a status was first said."""
    return min((_time(entry.at) for entry in entries if entry.status in statuses), default=None)


def _time(iso: str) -> str:
    return _moment(datetime.fromisoformat(iso))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _id(name: str) -> str:
    """Return twelve letters and digits that stand for a name for ever."""
    number, letters = int.from_bytes(sha256(name.encode()).digest()[:10]), ""
    while len(letters) < 12:
        number, rest = divmod(number, len(_LETTERS))
        letters += _LETTERS[rest]
    return letters


def _written(body: Mapping[str, Any]) -> bytes:
    return (json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
