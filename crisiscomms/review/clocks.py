"""The clocks of the laws that a record names: which run, how much is left, and which have run out."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from crisiscomms.fields import When
from crisiscomms.record import Incident
from crisiscomms.record.model import Regulation
from crisiscomms.review.packs import Clock, Pack, found, names, pack

#: A clock that has less than this part of its time left is near its end.
NEAR = 0.25
_SATURDAY = 5
_LAST = time(23, 59, 59)


class Ticking(NamedTuple):
    """One clock of one record. `state` is out, near, running, open (no number of hours), waiting, filed or filed-late.

    `entry` is the place of its pack in the record.
    """

    incident: str
    entry: int
    pack: Pack
    clock: Clock
    state: str
    start: When | None = None
    due: datetime | None = None
    filed: When | None = None
    now: datetime | None = None

    @property
    def words(self) -> str:
        """What to say about it: a sentence or three, for the team."""
        clock = self.clock
        sure = "" if clock.verified else " This duty was not verified: ask counsel."
        if self.due is None or self.now is None:
            said = f"{clock.who} must {clock.verb}" if self.state == "waiting" else f"{clock.who}: {clock.verb}"
            if self.state == "waiting":
                return f"{said} within {clock.limit}. The clock begins {clock.begins}, and the record has no such time yet.{sure}"
            return f"{said}, {clock.article}.{self._since()}{sure}"
        due = said_at(self.due, self.now, whole_day=clock.unit not in {"hours", "minutes"})
        if self.filed:
            late = f", {length(self.filed.at - self.due)} late" if self.state == "filed-late" else ""
            return f"{clock.who}: filed{late}. It was due by {due}.{sure}"
        if self.state == "out":
            return f"{clock.who} had to {clock.verb} by {due}. That was {length(self.now - self.due)} ago.{sure}"
        return f"{clock.who} must {clock.verb} by {due}. {length(self.due - self.now).capitalize()} left.{sure}"

    def _since(self) -> str:
        if self.filed:
            return " It is done."
        return f" {length(self.now - self.start.at).capitalize()} have passed." if self.start and self.now else ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        left = (self.due - self.now).total_seconds() if self.due and self.now and not self.filed else None
        return {
            "incident": self.incident,
            "pack": self.pack.id,
            "report": self.clock.report,
            "article": self.clock.article,
            "state": self.state,
            "start": self.start.utc.isoformat() if self.start else None,
            "due": self.due.astimezone(UTC).isoformat() if self.due else None,
            "filed": self.filed.utc.isoformat() if self.filed else None,
            "seconds_left": int(left) if left is not None else None,
            "verified": self.clock.verified,
            "words": self.words,
            "do": self.clock.late if self.state in {"out", "near"} else "",
        }


_ORDER = ("out", "near", "running", "open", "waiting", "filed-late", "filed")


def clocks(incident: Incident, now: datetime) -> list[Ticking]:
    """Return the clocks of a record, the most pressing first. Names that are no packs have none."""
    ticking = [
        one
        for index, rule in enumerate(incident.regulation)
        if rule.applies and rule.pack in names()
        for one in _of(incident, index, rule, now)
    ]
    return sorted(ticking, key=by_pressure)


def by_pressure(one: Ticking) -> tuple[int, datetime]:
    """Return where a clock stands among others: what ran out first, what is done last."""
    return _ORDER.index(one.state), one.due or datetime.max.replace(tzinfo=UTC)


def _of(incident: Incident, index: int, rule: Regulation, now: datetime) -> Iterator[Ticking]:
    known = pack(rule.pack)
    first = known.clocks[0].report if known.clocks else ""
    for clock in known.clocks:
        if any(found(path, incident, rule) for path in clock.unless):
            continue
        starts = (value for path in clock.origins for value in found(path, incident, rule))
        start: When | None = next(starts, None)
        filed = rule.filed.get(clock.report) or (rule.filed_at if clock.report == first else None)
        due = end_of(clock, start) if start else None
        state = _state(clock, start, due, filed, now)
        due = None if state == "waiting" else due
        yield Ticking(incident.id, index, known, clock, state, start, due, filed, now)


def _state(clock: Clock, start: When | None, due: datetime | None, filed: When | None, now: datetime) -> str:
    if filed and filed.at <= now:
        return "filed-late" if due and filed.at > due else "filed"
    if start is None or start.at > now:
        return "waiting"
    if due is None:
        return "open"
    if now > due:
        return "out"
    whole = due - _begin(clock, start)
    return "near" if due - now < whole * NEAR else "running"


def _begin(clock: Clock, start: When) -> datetime:
    """Return when a clock begins, in the zone in which its days are counted. A date alone is the day's beginning."""
    at = start.begins
    return at.astimezone(ZoneInfo(clock.zone)) if clock.zone else at


def end_of(clock: Clock, start: When) -> datetime | None:
    """Return when a clock runs out. Hours are hours wherever you are; days, months and business days end with the day."""
    begin = _begin(clock, start)
    if clock.unit in {"hours", "minutes"}:
        return begin.astimezone(UTC) + timedelta(**{clock.unit: clock.length})
    if clock.unit == "no-limit":
        return None
    counted = {"days": _days, "months": _months, "business-days": _business_days}[clock.unit]
    return datetime.combine(counted(begin.date(), clock.length), _LAST, begin.tzinfo)


def _days(day: date, count: int) -> date:
    return day + timedelta(days=count)


def _months(day: date, count: int) -> date:
    """Return the same day some months later, or the last day of a month that is too short."""
    years, month = divmod(day.month - 1 + count, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _business_days(day: date, count: int) -> date:
    """Count Mondays to Fridays after a day."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day


def length(span: timedelta) -> str:
    """Return a length of time in words, no finer than anyone needs."""
    minutes = int(abs(span).total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "day"), (hours, "hour")] if days else [(hours, "hour"), (minutes % 60, "minute")]
    said = [f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number]
    return " and ".join(said) or "less than a minute"


def said_at(when: datetime, now: datetime, *, whole_day: bool) -> str:
    """Return a moment as people say it, in UTC; the end of a day in its own zone."""
    at = when if whole_day else when.astimezone(UTC)
    year = f" {at.year}" if at.year != now.year else ""
    day = f"{at.day} {at:%B}{year}"
    return f"the end of {day} ({at.tzname()})" if whole_day else f"{day}, {at:%H:%M} UTC"
