"""Times as people say them on the command line."""

from __future__ import annotations

import re
from datetime import datetime

from crisiscomms.errors import UsageError
from crisiscomms.fields import Reading, Span, When

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def said_time(words: str, now: datetime, reading: Reading) -> When:
    """Read `in 45 minutes`, `14:30` (the next time it is that o'clock), or a whole time. Raises UsageError."""
    words = words.strip()
    local = now.astimezone(When.read("2000-01-01 00:00", reading).at.tzinfo)
    try:
        if words.lower().startswith("in "):
            return When((local + Span.read(words[3:], reading).length).replace(second=0, microsecond=0))
        if match := _CLOCK.fullmatch(words):
            return When.read(f"{local:%Y-%m-%d} {int(match[1]):02d}:{match[2]}", reading)
        return When.read(words, reading)
    except ValueError as error:
        raise UsageError(
            f'"{words}" is not a time we understand', fix='Write it as "in 45 minutes", 14:30, or 2026-11-18 14:30.'
        ) from error


def written(when: When) -> str:
    """Return a time as records write it."""
    return f"{when.at:%Y-%m-%d %H:%M}"
