"""The calendar that readers subscribe to: when they hear more, and by when each promise is due (RFC 5545).

An event keeps its UID for ever. When its time or its words change, its SEQUENCE grows, so that the reader's calendar
moves it instead of showing it twice. A calendar that is subscribed to is replaced as a whole, so what is over just goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crisiscomms.messages.prose import single_spaced
from crisiscomms.website.briefs import Brief
from crisiscomms.website.content import carried
from crisiscomms.website.outcomes import State, outcomes, overdue
from crisiscomms.website.speech import Speech

if TYPE_CHECKING:
    from icalendar import Event

#: How often a calendar program is asked to look again.
_REFRESH = timedelta(minutes=15)
#: How many promises it holds, those due last, and how many next updates.
MOST = 50
#: What is said of a promise, by where it stands.
_SUMMARIES: dict[State, str] = {
    "waiting": "calendar_promise",
    "late": "calendar_late",
    "broken": "calendar_broken",
    "kept": "calendar_kept",
    "kept_late": "calendar_kept",
}


def build_calendar(briefs: Iterable[Brief], speech: Speech, now: datetime, *, name: str, home: str) -> bytes:
    """Return the next updates and the promises of some incidents. `home` is the address of the language's first page.

    `now` says what is late.
    """
    from icalendar import Calendar  # noqa: PLC0415 -- only a build needs it

    calendar = Calendar()
    calendar.add("PRODID", "-//crisiscomms//status site//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    for label in ("NAME", "X-WR-CALNAME"):  # RFC 7986, and what programs read that are older than it
        calendar.add(label, _line(name))
    calendar.add("URL", home)
    calendar.add("REFRESH-INTERVAL", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", f"PT{int(_REFRESH.total_seconds() // 60)}M")
    made = _Events(speech, home, now)
    known = list(briefs)
    for event in (*islice(made.next_updates(known), MOST), *made.promises(known)):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


class _Events:
    """Makes events in one language."""

    def __init__(self, speech: Speech, home: str, now: datetime) -> None:
        self._speech, self._home, self._now = speech, home, now

    def next_updates(self, briefs: Iterable[Brief]) -> Iterator[Event]:
        """Yield when readers hear more."""
        for brief in briefs:
            if due := brief.next_update:
                late = bool(overdue([brief], self._speech.when, self._now))
                words = self._speech.plain("calendar_next_late" if late else "calendar_next", title=brief.title)
                yield self._event(brief, "next-update", words, due, due if late else None)

    def promises(self, briefs: Iterable[Brief]) -> Iterator[Event]:
        """Yield by when each promise is due."""
        speech = self._speech
        lines = [(speech.when(one.line.due).at, one) for one in outcomes(briefs, speech.when, self._now)]
        lines.sort(key=lambda found: (found[0], found[1].content.incident, found[1].line.id), reverse=True)
        for _, (line, brief, state) in lines[:MOST]:
            words = speech.plain(_SUMMARIES[state], text=line.text)
            since = line.kept or line.broken or (line.due if state == "late" else None)
            event = self._event(brief, f"promise-{line.id}", words, line.due, since)
            event.add("DESCRIPTION", f"{_line(brief.title)}\n{_line(speech.plain('promise_owner', owner=line.owner))}")
            yield event

    def _event(self, brief: Brief, name: str, words: str, due: str, since: str | None = None) -> Event:
        """Return an event. `since` is when its words came to be what they are, where that is after its incident changed."""
        from icalendar import Event  # noqa: PLC0415 -- only a build needs it

        when, at = self._speech.when(due), datetime.fromisoformat(brief.changed_at)
        if since:
            at = max(at, self._speech.when(since).at)
        event = Event()
        event.add("UID", f"{name}.{brief.incident}@{urlsplit(self._home).hostname}")
        # Seconds from the incident's first update to its last change: it grows by itself, and nobody has to count.
        event.add("SEQUENCE", int((at - datetime.fromisoformat(brief.first_at)).total_seconds()))
        event.add("DTSTAMP", at.astimezone(UTC))
        event.add("LAST-MODIFIED", at.astimezone(UTC))
        zone = self._speech.voice.zone
        event.add("DTSTART", when.at.astimezone(zone).date() if when.date_only else when.at.astimezone(UTC))
        event.add("SUMMARY", _line(words))
        event.add("URL", f"{self._home}incidents/{brief.incident}/")
        event.add("STATUS", "CONFIRMED")
        event.add("TRANSP", "TRANSPARENT")  # nobody is busy because we have something to say
        return event


def _line(words: str) -> str:
    """Return words as one line that can end no line of the calendar."""
    return carried(single_spaced(words))
