"""Incidents and maintenance from Statuspage, as its v2 JSON tells them. What the older v1 adds is read where it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from crisiscomms.imports.given import items, read_json, text
from crisiscomms.imports.past import Draft, Gathered, LeftOut, Sorting, Step, Weight, Words, worst
from crisiscomms.imports.times import read_time
from crisiscomms.imports.words import from_html, from_markdown
from crisiscomms.record.model import COMPONENT_STATES, ComponentState

_WEIGHTS: dict[str, Weight] = {"critical": "critical", "major": "major"}
_OVER = frozenset({"resolved", "postmortem", "completed"})
_KEYS = ("incidents", "scheduled_maintenances")
_AGAIN = "curl ADDRESS/api/v2/incidents.json"
_NOT_ONE = LeftOut("it is no incident", "Look at it there, then import again.", unreadable=True)


def gather(files: Mapping[str, bytes], source: str, words: Words, zone: tzinfo, now: datetime) -> Gathered:
    """Return the incidents of some JSON files. A file that cannot be read, or an entry, is left out and named."""
    sorting = Sorting(source, words, now)
    for name, plain in read_json(files, _AGAIN, sorting):
        here = _zone(plain, zone)
        for given in _listed(plain):
            if isinstance(given, dict):
                sorting.take(_draft(given, words, here))
            else:
                sorting.leave(name, _NOT_ONE)
    return sorting.result()


def _listed(plain: Any) -> Iterator[Any]:
    if isinstance(plain, list):
        yield from plain
    elif isinstance(plain, dict):
        for key in _KEYS:
            yield from items(plain.get(key))


def _zone(plain: Any, zone: tzinfo) -> tzinfo:
    """Return the page's own zone, for times that have none."""
    page = plain.get("page") if isinstance(plain, dict) else None
    try:
        return ZoneInfo(text(page.get("time_zone"))) if isinstance(page, dict) else zone
    except (ValueError, OSError, KeyError):  # there is no such zone
        return zone


def _draft(given: dict[str, Any], words: Words, zone: tzinfo) -> Draft:
    def time(*names: str) -> datetime | None:
        return next((found for name in names if (found := read_time(given.get(name), zone))), None)

    name, status = text(given.get("name")), text(given.get("status")).strip().lower()
    # A maintenance calls the time at which it was announced its start.
    started = time("scheduled_for", "started_at", "created_at", "monitoring_at", "resolved_at", "updated_at")
    ended = time("resolved_at")
    steps = [step for step in items(given.get("incident_updates")) if isinstance(step, dict)]
    told = [*reversed([_step(step, words, zone) for step in steps]), *_postmortem(given, words, zone)]
    impact = text(given.get("impact_override")) or text(given.get("impact"))
    return Draft(
        _reference(given, name),
        name,
        _WEIGHTS.get(impact.strip().lower(), "minor"),
        status in _OVER or ended is not None,
        started,
        ended or (time("scheduled_until") if status == "completed" else None),
        tuple(told),
        worst(_components(given, steps)),
        planned=time("scheduled_for") is not None,
    )


def _reference(given: dict[str, Any], name: str) -> str:
    """Return the incident's id. Without one: the code in its short link, or what else tells it from others."""
    own = given.get("id")
    if isinstance(own, int | str) and not isinstance(own, bool) and str(own).strip():
        return str(own).strip()
    link = text(given.get("shortlink")).rstrip("/").rpartition("/")[2]
    return link or json.dumps([name, given.get("created_at"), given.get("started_at")], default=str)


def _step(given: dict[str, Any], words: Words, zone: tzinfo) -> Step:
    times = (read_time(given.get(name), zone) for name in ("display_at", "created_at", "updated_at"))
    told = from_html(text(given.get("body")), words.cut)
    return Step(next((at for at in times if at), None), text(given.get("status")), told)


def _postmortem(given: dict[str, Any], words: Words, zone: tzinfo) -> Iterator[Step]:
    told = from_markdown(text(given.get("postmortem_body")), words.cut)
    if told:
        yield Step(read_time(given.get("postmortem_published_at"), zone), "postmortem", told)


def _components(given: dict[str, Any], steps: list[dict[str, Any]]) -> Iterator[tuple[str, ComponentState]]:
    """Yield every component that was touched, with each state it was in. `Group - Name` is the name."""
    for one in items(given.get("components")):
        if isinstance(one, dict) and text(one.get("name")).strip():
            yield text(one.get("name")).strip(), "operational"
    for step in steps:
        for one in items(step.get("affected_components")):
            if isinstance(one, dict) and (name := text(one.get("name")).rpartition(" - ")[2].strip()):
                for state in (one.get("old_status"), one.get("new_status")):
                    if state in COMPONENT_STATES:
                        yield name, state
