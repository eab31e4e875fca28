"""Times as people say them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from crisiscomms.errors import UsageError
from crisiscomms.fields import Reading, Span, When

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
#: A clock time without a day is of today, unless the same time of the day before or after is nearer than this.
_NEAR = timedelta(hours=12)


def said_time(words: str, now: datetime, reading: Reading, *, past: bool = False) -> When:
    """Read `in 45 minutes`, `14:30`, or a whole time. Raises UsageError.

    A clock time is today's. Around midnight it is tomorrow's where today's is over, or with `past` yesterday's where
    today's is still to come: whoever says 00:30 at 23:50 means in forty minutes.
    """
    words = words.strip()
    local = now.astimezone(When.read("2000-01-01 00:00", reading).at.tzinfo)
    try:
        if words.lower().startswith("in "):
            later = now.astimezone(UTC) + Span.read(words[3:], reading).length
            return When(later.astimezone(local.tzinfo).replace(second=0, microsecond=0))
        if match := _CLOCK.fullmatch(words):
            clock, day = f"{int(match[1]):02d}:{match[2]}", timedelta(days=-1 if past else 1)
            today = When.read(f"{local:%Y-%m-%d} {clock}", reading)
            if today.at <= now if not past else today.at > now:
                near = When.read(f"{local + day:%Y-%m-%d} {clock}", reading)
                return near if abs(near.at - now) < _NEAR else today
            return today
        return When.read(words, reading)
    except ValueError as error:
        if isinstance(error, PydanticCustomError) and error.type in {"ambiguous-time", "impossible-time"}:
            said = error.context or {}
            raise UsageError(str(said["message"]), fix=str(said["fix"])) from error
        raise UsageError(
            f'"{words}" is not a time we understand', fix='Write it as "in 45 minutes", 14:30, or 2026-11-18 14:30.'
        ) from error


def written(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Return a time as records write it: on the clock of their zone, with its offset where that shows the time twice."""
    local = at.astimezone(zone)
    clock = f"{local:%Y-%m-%d %H:%M:%S}" if seconds else f"{local:%Y-%m-%d %H:%M}"
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return clock
    offset = f"{local:%z}"
    return f"{clock} {offset[:3]}:{offset[3:5]}"
