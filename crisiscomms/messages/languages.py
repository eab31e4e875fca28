"""How figures, times and short words are said in each language.

Words come from `templates/<language>/*.toml`, plurals, dates and numbers from CLDR by way of Babel.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from crisiscomms.errors import Finding, InvalidInput, Place, Severity, relative
from crisiscomms.fields import Unit, When
from crisiscomms.messages import cldr
from crisiscomms.messages.prose import clock_of, timed

#: CLDR's plain "en" is American. Readers of "en" here get days before months, and a clock of 24 hours.
_LOCALES = {"en": "en_GB"}


class Voice(NamedTuple):
    """One language: its words, and how it says numbers and times in the organisation's zone."""

    language: str
    zone: ZoneInfo
    words: dict[str, Any]

    @property
    def locale(self) -> str:
        """The CLDR locale."""
        return _LOCALES.get(self.language, self.language.replace("-", "_"))

    @property
    def direction(self) -> str:
        """Which way the language is written: `ltr` or `rtl`."""
        return cldr.direction(self.locale)

    def word(self, name: str) -> str:
        """Return a short word or phrase, by its dotted name in the language's files. Raises InvalidInput."""
        found: Any = self.words
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found is None:
            raise InvalidInput(
                [
                    Finding(
                        "template",
                        Severity.ERROR,
                        Place(f"templates/{self.language}/words.toml"),
                        f"has no word for {name}",
                        "Messages cannot be written in this language.",
                        f"Add {name.rsplit('.', maxsplit=1)[-1]} under [{name.rsplit('.', 1)[0]}].",
                    )
                ]
            )
        return str(found)

    def name_of(self, language: str) -> str:
        """Return what a language is called in this one."""
        from babel import Locale  # noqa: PLC0415

        return str(Locale.parse(self.locale).languages.get(language.split("-", maxsplit=1)[0], language))

    def apologises(self, text: str) -> bool:
        """Say whether a text says sorry, by the language's own list of words."""
        return any(form in text.lower() for form in self.words["apology"]["words"])

    def number(self, value: float, unit: Unit) -> str:
        """Return how many of a unit, with the language's separators: of money, 84.20 has two decimals, and 84 none."""
        return cldr.number(value, self.locale, unit.currency)

    def counted(self, value: float, unit: Unit, certainty: str = "confirmed") -> str:
        """Return a number with its unit in the right plural, and "about" or "at least" where that is due."""
        number, category = self.number(value, unit), self.plural(value)
        word = unit.word(self.language, category)
        if unit.currency:
            bare = cldr.money(number, unit.currency, self.locale)
        elif category in self.words["plural"]["alone"] and word != unit.word(self.language, "other"):
            bare = word  # it says how many by itself
        else:
            bare = f"{number} {word}"
        return bare if certainty == "confirmed" else self.word(f"certainty.{certainty}").format(figure=bare)

    def plural(self, value: float) -> str:
        """Return the plural category of a number."""
        return cldr.plural(value, self.locale)

    def date(self, at: datetime, *, year: bool = True) -> str:
        """Return a day in words, in the organisation's zone."""
        return cldr.day(at.astimezone(self.zone).date(), self.locale, year=year)

    def clock(self, at: datetime, zone: Any = None) -> str:
        """Return a time of day on a clock of 24 hours."""
        return at.astimezone(zone or self.zone).strftime("%H:%M")

    def zone_name(self, at: datetime) -> str:
        """Return the short name of the organisation's zone at a moment, in the language's own letters where it has one."""
        local = at.astimezone(self.zone)
        return cldr.zone_name(self.zone, local.tzname() or "", self.locale, summer=bool(local.dst()))

    def moment(self, when: When, *, year: bool = True, utc: bool = False) -> str:
        """Return a moment as `10:12 CET on 18 November 2026`, with UTC in brackets on request. A date alone is a day."""
        if when.date_only:
            words = self.date(when.at, year=year)
        else:
            words = self.word("time.full").format(
                time=self.clock(when.at), zone=self.zone_name(when.at), date=self.date(when.at, year=year)
            )
            if utc and when.at.astimezone(self.zone).utcoffset():
                words = self.word("time.with_utc").format(time=words, utc=self._utc(when.at))
        return timed(self.iso(when), words)

    def _utc(self, at: datetime) -> str:
        clock = self.clock(at, UTC)
        if at.astimezone(UTC).date() == at.astimezone(self.zone).date():
            return f"{clock} UTC"
        day = cldr.day(at.astimezone(UTC).date(), self.locale, year=False)
        return self.word("time.full").format(time=clock, zone="UTC", date=day)

    def by_clock(self, when: When, reference: datetime) -> str:
        """Return a time for a post: without its date where that is the day of `reference`, always with zone and UTC."""
        if when.date_only or when.at.astimezone(self.zone).date() != reference.astimezone(self.zone).date():
            return self.moment(when, year=False)
        clock = self.word("time.clock").format(time=self.clock(when.at), zone=self.zone_name(when.at))
        return timed(self.iso(when), clock)

    def brief(self, when: When, reference: datetime) -> str:
        """Return a time in the fewest words: the clock on the day of `reference`, the date on any other."""
        if not when.date_only and when.at.astimezone(self.zone).date() == reference.astimezone(self.zone).date():
            return self.by_clock(when, reference)
        year = when.at.astimezone(self.zone).year != reference.astimezone(self.zone).year
        if not when.date_only and self.words["time"]["full_in_posts"]:
            return self.moment(when, year=year)
        return timed(self.iso(When(when.at, date_only=True)), self.date(when.at, year=year))

    def in_sentence(self, said: str, *, due: bool = False) -> str:
        """Return a moment, as `moment` says it, as it stands in a sentence. `due`: as the time until which something comes."""
        return placed(self.words["time"], said, "by" if due else "at")

    def iso(self, when: When) -> str:
        """Return the machine's form of a moment, for `datetime` attributes."""
        local = when.at.astimezone(self.zone)
        return local.date().isoformat() if when.date_only else local.isoformat(timespec="minutes")

    def lasted(self, started: When, fixed: When) -> str:
        """Return how long something lasted. In days where one of the times is a day: no hour is made up."""
        if not (started.date_only or fixed.date_only):
            return self.duration(fixed.utc - started.utc)  # two times of one zone subtract as clocks on a wall
        days = fixed.at.astimezone(self.zone).date() - started.at.astimezone(self.zone).date()
        return self.duration(max(days, timedelta(days=1)))

    def duration(self, length: timedelta) -> str:
        """Return a length of time in days, hours and minutes, leaving out what is nought."""
        minutes = int(length.total_seconds() // 60)
        days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
        named = [(days, "day"), (hours, "hour"), (0 if days else minutes, "minute")]
        parts = [cldr.length(n, unit, self.locale) for n, unit in named if n]
        return self.listed(parts) if parts else cldr.length(0, "minute", self.locale)

    def listed(self, items: Iterable[str]) -> str:
        """Return items as a list in a sentence: `a, b and c`."""
        return cldr.listed(list(items), self.locale)

    def either(self, items: Iterable[str]) -> str:
        """Return items of which one or the other is meant: `a, b or c`."""
        return cldr.listed(list(items), self.locale, style="or")


#: How a sentence speaks of a time, and what the words for it are called: with a clock, and of a day.
_FORMS = {
    "at": ("at", "on"),
    "by": ("by_time", "by_day"),
    "since": ("since_time", "since_day"),
    "until": ("until_time", "until_day"),
}


def placed(words: Mapping[str, str], said: str, form: str) -> str:
    """Return a moment, as `Voice.moment` says it, as it stands in a sentence: at 10:12, on 18 November.

    `words` are a language's own for times. `form` is `at`, `by` (it comes by 10:12), `since` (from 10:12 on) or `until`.
    """
    timely, daily = _FORMS[form]
    clock = clock_of(said)
    if not clock:
        return words[daily].format(time=said)
    return words[f"{timely}_one" if clock.startswith("01") else timely].format(time=said)


def folders(language: str, base: Path, overrides: Path | None = None) -> list[Path]:
    """Return where the words of a language are looked for: the workspace's own first."""
    return [folder / language for folder in ((overrides, base) if overrides else (base,))]


def load_words(language: str, base: Path, overrides: Path | None = None) -> dict[str, Any]:
    """Return a language's short words: every `.toml` in its folder, the workspace's own laid over ours.

    Raises InvalidInput where a file cannot be read.
    """
    merged: dict[str, Any] = {}
    for folder in reversed(folders(language, base, overrides)):
        for path in sorted(folder.glob("*.toml")):
            merged = _lay_over(merged, _read(path))
    return merged


@cache
def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = Finding(
            "template",
            Severity.ERROR,
            Place(relative(path)),
            f"cannot be read as TOML: {error}",
            "Messages cannot be written in this language.",
            "Check quotes and brackets there.",
        )
        raise InvalidInput([problem]) from error


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _lay_over(below[key], above[key])
        if isinstance(below.get(key), dict) and isinstance(above.get(key), dict)
        else above.get(key, below.get(key))
        for key in {**below, **above}
    }
