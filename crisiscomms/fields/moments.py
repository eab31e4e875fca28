"""Moments and lengths of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from crisiscomms.errors import did_you_mean
from crisiscomms.fields.base import Kind, Reading, shown, wrong

_WHEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2})?)\s*(?P<zone>Z|[+-]\d{2}:?\d{2}|[A-Za-z][A-Za-z0-9_+/-]*)?)?",
    re.ASCII,
)
#: A day of the month that comes first is followed by a point. With a stroke, Americans mean the month.
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})(?:,?\s+(?P<hour>\d{1,2})[:.](?P<minute>\d{2}))?",
    re.ASCII,
)
_SHORT_HOUR = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[T ](?P<hour>\d{1,2})[:.](?P<minute>\d{2}))?", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d{2}):?([0-5]\d)", re.ASCII)
_WIDEST_OFFSET = timedelta(hours=14)
_YEARS = range(1900, 2201)
_SPAN = re.compile(r"([0-9]{1,4})\s*(minute|hour|day|week)s?")
_SPAN_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
#: A date alone is kept as the end of its day.
_LAST_SECOND = time(23, 59, 59)
_WRITE_TIME = "Write it as 2026-11-18 10:12, or as 2026-11-18 for the end of that day"


@dataclass(frozen=True, slots=True)
class When(Kind):
    """A moment, aware of its zone. A date alone is the end of that day in the organisation's zone."""

    at: datetime
    date_only: bool = False

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "type": "string",
        "description": "2026-11-18 10:12, with a zone (UTC, Europe/Berlin, +01:00) or in the organisation's own; a date alone means the end of that day.",
        "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?.*)?$",
    }

    @classmethod
    def read(cls, given: Any, reading: Reading) -> Self:
        """Read an ISO 8601 time or date. Refuses a clock time that a zone skips or has twice."""
        if isinstance(given, datetime):
            return cls(given)
        if not isinstance(given, str):
            raise wrong("bad-time", f"should be a time, and is {shown(given)}", _WRITE_TIME)
        match = _WHEN.fullmatch(given.strip())
        if not match:
            raise wrong("bad-time", f'"{shown(given)}" is not a time', _as_meant(given) or _WRITE_TIME)
        zone = zone_of(match["zone"] or reading.zone)
        try:
            day = date.fromisoformat(match["date"])
            clock = time.fromisoformat(match["time"]) if match["time"] else _LAST_SECOND
        except ValueError as error:
            raise wrong("bad-time", f'"{shown(given)}" does not exist', "Check day, hour and minute") from error
        if day.year not in _YEARS:
            raise wrong("bad-time", f'"{shown(given)}" is in the year {day.year}', "Check the year")
        return cls(_exact(datetime.combine(day, clock), zone, whole_day=match["time"] is None), match["time"] is None)

    @property
    def utc(self) -> datetime:
        """The same moment in UTC."""
        return self.at.astimezone(UTC)

    @classmethod
    def stored(cls, iso: str, zone: tzinfo) -> Self:
        """Read a moment as content holds it. A date alone, or the last second of a day in a zone, is the whole of that day."""
        at = datetime.fromisoformat(iso)
        at = datetime.combine(at.date(), _LAST_SECOND, zone) if at.tzinfo is None else at.astimezone(zone)
        return cls(at, date_only=at.time() == _LAST_SECOND)

    @property
    def begins(self) -> datetime:
        """The earliest moment that it can mean: of a day alone its beginning."""
        return self.at.replace(hour=0, minute=0, second=0) if self.date_only else self.at

    def is_after(self, due: When) -> bool:
        """Say whether this was later than a due time. A day alone is later only than another day: nobody noted its hour."""
        if self.date_only:
            return self.at.date() > due.at.astimezone(self.at.tzinfo).date()
        return self.at > due.at

    def __str__(self) -> str:
        """Print the moment as the record writes it, in its own zone."""
        return self.at.strftime("%Y-%m-%d" if self.date_only else "%Y-%m-%d %H:%M")


def zone_of(name: str) -> Any:  # a tzinfo of either kind
    """Return the zone of a name or an offset, or raise the error a field shows."""
    found = _zone(name)
    if found is None:
        short_forms = "" if "/" in name else ". A short form such as CEST means different things in different places"
        raise wrong(
            "unknown-zone",
            f'"{shown(name)}" is not a zone we know',
            f"{_near_zone(name)}Use a name such as Europe/Berlin, UTC, or an offset such as +01:00{short_forms}",
        )
    return found


@lru_cache(maxsize=4096)
def _zone(name: str) -> Any:
    if name == "Z":
        return UTC
    if offset := _OFFSET.fullmatch(name):
        length = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo if length <= _WIDEST_OFFSET else None
    return ZoneInfo(name) if name in _zones().get(name.rpartition("/")[2][:1].lower(), ()) else None


def _near_zone(name: str) -> str:
    """Return `Did you mean "Europe/Lisbon"? ` for a city alone, or a name with a slip in it."""
    city = name.lower().rpartition("/")[2]
    same = next((zone for zone in _zones().get(city[:1], ()) if zone.lower().endswith(f"/{city}")), "")
    if same:
        return f'Did you mean "{same}"? '
    near = [zone for zone in _zones().get(city[:1], ()) if zone.partition("/")[0] == name.partition("/")[0]]
    return f"{did_you_mean(name, near)} ".lstrip() if "/" in name and len(name) <= 40 else ""


@cache
def _zones() -> dict[str, list[str]]:
    """Return the names of all zones by the first letter of their city. The same on every machine."""
    found: dict[str, list[str]] = {}
    for name in files("tzdata").joinpath("zones").read_text(encoding="ascii").split():
        if name != "Factory":
            found.setdefault(name.rpartition("/")[2][0].lower(), []).append(name)
    return found


def _as_meant(given: str) -> str:
    """Return how a time that is written another way is written here, where that is certain."""
    match = _DAY_FIRST.fullmatch(given.strip()) or _SHORT_HOUR.fullmatch(given.strip())
    if not match:
        return ""
    clock = f" {int(match['hour']):02}:{match['minute']}" if match["hour"] else ""
    return f"Write it as {match['year']}-{int(match['month']):02}-{int(match['day']):02}{clock}"


def _exact(local: datetime, zone: Any, *, whole_day: bool) -> datetime:
    """Return a clock time as a moment. The end of a day that ends twice is the later one."""
    early, late = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early
    if early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise wrong(
            "impossible-time",
            f'"{local:%Y-%m-%d %H:%M}" does not exist there: the clocks went forward over it',
            "Write the time that the clock on the wall showed",
        )
    if whole_day:
        return late
    first, second = (f"{moment:%z}"[:3] + ":" + f"{moment:%z}"[3:5] for moment in (early, late))
    raise wrong(
        "ambiguous-time",
        f'"{local:%Y-%m-%d %H:%M}" happened twice there, as the clocks went back',
        f"Add the offset: {local:%Y-%m-%d %H:%M} {first} for the first time, {second} for the second",
    )


@dataclass(frozen=True, slots=True)
class Span(Kind):
    """A length of time, such as `30 minutes`."""

    length: timedelta

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "type": "string",
        "description": "A length of time: 30 minutes, 2 hours, 14 days.",
        "pattern": r"^\d+ *(minute|hour|day|week)s?$",
    }

    @classmethod
    def read(cls, given: Any, _reading: Reading) -> Self:
        """Read a number and a unit."""
        match = _SPAN.fullmatch(given.strip()) if isinstance(given, str) else None
        if not match:
            said = f'"{shown(given)}" is not' if isinstance(given, str) else f"is {shown(given)}, not"
            raise wrong("bad-span", f"{said} a length of time", "Write it as 30 minutes, 2 hours or 14 days")
        return cls(int(match[1]) * _SPAN_UNITS[match[2]])
