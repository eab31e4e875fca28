"""Times as other status pages write them: with an offset, without one, or as nothing at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARLESS = re.compile(r"([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})\s*,?\s*(\d{1,2}):(\d{2})", re.ASCII)
_YEARS = range(1990, 2201)
#: Short names of zones that mean one offset only, in hours: where a page says PDT, it was summer, whatever it is now.
_ZONES: dict[str, float] = {
    "UTC": 0,
    "GMT": 0,
    "WET": 0,
    "WEST": 1,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "AST": -4,
    "ADT": -3,
    "EST": -5,
    "EDT": -4,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "AKST": -9,
    "AKDT": -8,
    "HST": -10,
    "JST": 9,
    "KST": 9,
    "SGT": 8,
    "HKT": 8,
    "AWST": 8,
    "ACST": 9.5,
    "ACDT": 10.5,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
    "SAST": 2,
    "BRT": -3,
}
_ZONE = re.compile(r"\d{1,2}:\d{2}\s*(?:[AaPp][Mm]\s*)?([A-Z]{3,4})\b")
_WIDEST = timedelta(hours=14)


def read_time(given: object, zone: tzinfo) -> datetime | None:
    """Return a moment to the second, in its own offset, or in `zone` where it has none. None where it cannot be read."""
    if not isinstance(given, str) or len(given) > 40:
        return None
    try:
        found = datetime.fromisoformat(
            re.sub(r"\s+(?=(?:Z|UTC|[+-]\d{2}:?\d{2})$)", "", given.strip()).replace("UTC", "Z")
        )
    except ValueError:
        return None
    return placed(found, zone)


def placed(found: datetime, zone: tzinfo) -> datetime | None:
    """Return a moment in an offset that a record can hold. None where its year is no year of a status page."""
    if found.year not in _YEARS:
        return None
    found = (found if found.tzinfo else found.replace(tzinfo=zone)).replace(microsecond=0)
    offset = found.utcoffset() or timedelta(0)
    return found.astimezone(UTC) if offset % timedelta(minutes=1) or abs(offset) > _WIDEST else found


def named_zone(words: str) -> tzinfo | None:
    """Return the zone that stands behind a time: `09:00 PDT`. None where there is none, or it could be several."""
    match = _ZONE.search(words)
    hours = _ZONES.get(match[1]) if match else None
    return None if hours is None else timezone(timedelta(hours=hours))


def yearless(words: str, no_later_than: datetime) -> datetime | None:
    """Read `Jun 18, 18:09`: the last time that it was that, up to a moment. `18:09` is in the moment's zone."""
    match = _YEARLESS.search(words)
    if not match or match[1].lower() not in _MONTHS:
        return None
    month = _MONTHS.index(match[1].lower()) + 1
    for year in range(no_later_than.year + 1, no_later_than.year - 9, -1):  # 29 February is not in every year
        try:
            found = datetime(year, month, int(match[2]), int(match[3]), int(match[4]), tzinfo=no_later_than.tzinfo)
        except ValueError:
            continue
        if found <= no_later_than + timedelta(minutes=1):
            return placed(found, UTC)
    return None


def written(at: datetime) -> str:
    """Return a moment as a record holds it, in its own offset."""
    clock = f"{at:%Y-%m-%d %H:%M:%S}" if at.second else f"{at:%Y-%m-%d %H:%M}"
    offset = f"{at:%z}"
    return f"{clock} UTC" if offset in {"+0000", ""} else f"{clock} {offset[:3]}:{offset[3:5]}"
