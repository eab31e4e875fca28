"""The course of an incident as a line: what happened stands on it by its time, and what is promised after it in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from crisiscomms.messages.events import event_name
from crisiscomms.messages.model import SiteContent
from crisiscomms.website.outcomes import Outcome

#: The drawing's own measures: its width, its height, the room at each end, and the least room from mark to mark.
WIDTH, HEIGHT = 320, 24
_EDGE, _GAP = 10.0, 17.0
#: How many updates the line holds. All of them stand on the page, one by one.
_MOST = 12


class Event(NamedTuple):
    """One thing that happened, or that is promised. `what` is its kind: `started`, `noticed`, `update`, `missed`, `promise` ...

    `said` names the words for it where this kind of incident has its own.
    """

    what: str
    at: str
    ahead: bool = False
    id: str = ""
    status: str = ""
    text: str = ""
    said: str = ""


class Mark(NamedTuple):
    """An event, and where its mark stands."""

    event: Event
    x: float


class Timeline(NamedTuple):
    """The marks in the order of time. `now` is where the past ends, `lasted` from where to where it went wrong."""

    marks: tuple[Mark, ...]
    now: float
    lasted: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT


def timeline(
    content: SiteContent, promises: list[Outcome[SiteContent]], *, late: bool = False, leftwards: bool = False
) -> Timeline | None:
    """Return the course of an incident. None where there is only one thing to tell.

    `late`: its next update is. `leftwards` is for pages that run from right to left.
    """
    events = sorted(
        _events(content, promises, late=late), key=lambda event: (event.ahead, datetime.fromisoformat(event.at))
    )
    if len(events) < 2:
        return None
    past = [event for event in events if not event.ahead]
    ahead = events[len(past) :]
    gap = min(_GAP, (WIDTH - 2 * _EDGE) / (len(events) - 1))
    now = WIDTH - _EDGE - gap * len(ahead)
    places = _spread([datetime.fromisoformat(event.at).timestamp() for event in past], _EDGE, now, gap)
    places += [now + gap * (n + 1) for n in range(len(ahead))]
    if leftwards:
        places, now = [WIDTH - x for x in places], WIDTH - now
    marks = tuple(Mark(event, round(x, 1)) for event, x in zip(events, places, strict=True))
    return Timeline(marks, round(now, 1), _lasted(marks, now))


def _events(content: SiteContent, promises: list[Outcome[SiteContent]], *, late: bool) -> Iterator[Event]:
    times = dict(content.times)
    for name, at in content.times:
        # Of a past incident no source says when it was noticed: its record has the time at which it began.
        if not (content.past and name == "noticed" and at == times.get("started")):
            yield Event(name, at, said=event_name(name, content.kind))
    for entry in content.entries[:_MOST]:
        yield Event("update", entry.at, id=entry.id, status=entry.status)
        if entry.missed:
            yield Event("missed", entry.missed, id=entry.id)
    for promise in promises:
        done = promise.line.kept or promise.line.broken
        yield Event("promise", done or promise.line.due, not done, promise.line.id, promise.state, promise.line.text)
    if content.next_update:
        yield Event("next", content.next_update, ahead=True, status="late" if late else "")


def _spread(times: list[float], start: float, end: float, gap: float) -> list[float]:
    """Place moments between two ends by their distance in time, each at least `gap` from the one before."""
    if not times:
        return []
    span = times[-1] - times[0] or 1.0
    places: list[float] = []
    for time in times:
        wanted = start + (time - times[0]) / span * (end - start)
        places.append(max(wanted, places[-1] + gap) if places else wanted)
    places[-1] = min(places[-1], end)
    for n in range(len(places) - 2, -1, -1):
        places[n] = min(places[n], places[n + 1] - gap)
    return places


def _lasted(marks: tuple[Mark, ...], now: float) -> tuple[float, float]:
    """Return from where to where it went wrong: until it was put right, or until now."""
    places = {mark.event.what: mark.x for mark in reversed(marks) if not mark.event.ahead}
    first = next(mark.x for mark in marks)
    start, end = places.get("started", first), places.get("fixed", places.get("contained", round(now, 1)))
    return (start, end) if start <= end else (end, start)
