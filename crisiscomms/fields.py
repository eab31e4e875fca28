"""The kinds of value that the workspace and the record share: texts, times, spans of time, addresses.

YAML and TOML hand us strings; each type here reads one, and explains itself when it cannot.
What a string means may depend on the organisation (its zone, its first language): see `Reading`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic_core import PydanticCustomError, core_schema

SLUG = r"^[a-z0-9](-?[a-z0-9]){0,79}$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
PLURALS = frozenset({"zero", "one", "two", "few", "many", "other"})
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
_WHEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2})?)\s*(?P<zone>Z|[+-]\d{2}:?\d{2}|[A-Za-z][A-Za-z0-9_+/-]*)?)?"
)
_SPAN = re.compile(r"(\d{1,4})\s*(minute|hour|day|week)s?")
_SPAN_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a bare string takes from the organisation: its zone, and the language it writes in."""

    zone: str = "UTC"
    language: str = "en"


class Model(BaseModel):
    """The base of everything read from a file: frozen, and no key that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True)


def wrong(code: str, message: str) -> PydanticCustomError:
    """Build the error a field raises. `message` is what a person reads."""
    return PydanticCustomError(code, "{message}", {"message": message})


def _reading(info: core_schema.ValidationInfo) -> Reading:
    return info.context if isinstance(info.context, Reading) else Reading()


class _Field:
    """A value read from plain data by `read`, with a JSON Schema of its own."""

    SCHEMA: Mapping[str, Any] = {"type": "string"}

    @classmethod
    def read(cls, given: Any, reading: Reading) -> Self:  # noqa: ANN401 -- it is whatever the file holds
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:  # noqa: ANN401
        def validate(given: Any, info: core_schema.ValidationInfo) -> _Field:  # noqa: ANN401
            return given if isinstance(given, cls) else cls.read(given, _reading(info))

        return core_schema.with_info_plain_validator_function(validate)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(cls.SCHEMA)


@dataclass(frozen=True, slots=True)
class Text(_Field):
    """Words in one or more languages: Markdown without raw HTML. A bare string is in the first language."""

    words: tuple[tuple[str, str], ...]

    SCHEMA = {
        "oneOf": [
            {"type": "string"},
            {
                "type": "object",
                "patternProperties": {LANGUAGE: {"type": "string"}},
                "additionalProperties": False,
                "minProperties": 1,
            },
        ]
    }

    @classmethod
    def read(cls, given: Any, reading: Reading) -> Self:  # noqa: ANN401
        """Read a string, or a map of languages to strings."""
        if isinstance(given, str):
            if not given.strip():
                raise wrong("empty_text", "is empty")
            return cls(((reading.language, given.strip()),))
        if not isinstance(given, dict) or not given:
            raise wrong("text_type", "should be a text, or a map of languages to texts")
        for language, words in given.items():
            if not re.fullmatch(LANGUAGE, str(language)):
                raise wrong("text_language", f'"{language}" is not a language code such as "en" or "de"')
            if not isinstance(words, str) or not words.strip():
                raise wrong("empty_text", f'the text in "{language}" is empty or not a text')
        return cls(tuple((str(language), words.strip()) for language, words in given.items()))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages this text is in, in the order of the file."""
        return tuple(language for language, _ in self.words)

    def get(self, language: str) -> str | None:
        """Return the words in a language, or None."""
        return dict(self.words).get(language)

    def told(self, language: str) -> tuple[str, str]:
        """Return the words for a reader of `language`, and the language they turned out to be in."""
        words = dict(self.words)
        return (words[language], language) if language in words else (self.words[0][1], self.words[0][0])

    def __iter__(self) -> Iterator[tuple[str, str]]:  # pairs of language and words
        return iter(self.words)


@dataclass(frozen=True, slots=True)
class Unit(_Field):
    """What a figure counts, in the plural forms of each language."""

    forms: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    SCHEMA = {
        "description": "A word, plural forms ({ one: payment, other: payments }), or a map of languages to either.",
        "type": ["string", "object"],
    }

    @classmethod
    def read(cls, given: Any, reading: Reading) -> Self:  # noqa: ANN401
        """Read `people`, `{one: ..., other: ...}`, or a map of languages to either."""
        by_language = (
            given if isinstance(given, dict) and given and not set(given) <= PLURALS else {reading.language: given}
        )
        return cls(tuple((language, cls._plurals(forms)) for language, forms in by_language.items()))

    @staticmethod
    def _plurals(forms: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401
        if isinstance(forms, str) and forms.strip():
            return (("other", forms.strip()),)
        if (
            isinstance(forms, dict)
            and "other" in forms
            and set(forms) <= PLURALS
            and all(isinstance(w, str) and w.strip() for w in forms.values())
        ):
            return tuple((category, word.strip()) for category, word in forms.items())
        raise wrong(
            "unit", 'should be a word, or plural forms with at least "other": { one: payment, other: payments }'
        )

    def word(self, language: str, category: str) -> str:
        """Return the unit's word in a language (else the first), in a plural category (else `other`)."""
        forms = dict(dict(self.forms).get(language, self.forms[0][1]))
        return forms.get(category, forms["other"])


@dataclass(frozen=True, slots=True)
class When(_Field):
    """A moment, aware of its zone. A date alone is the end of that day in the organisation's zone."""

    at: datetime
    date_only: bool = False

    SCHEMA = {
        "type": "string",
        "description": "2026-11-18 10:12, with a zone (UTC, Europe/Berlin, +01:00) or in the organisation's own; a date alone means the end of that day.",
        "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?.*)?$",
    }

    @classmethod
    def read(cls, given: Any, reading: Reading) -> Self:  # noqa: ANN401
        """Read an ISO 8601 time or date. Refuses a clock time that a zone skips or has twice."""
        if isinstance(given, datetime):
            return cls(given)
        match = _WHEN.fullmatch(given.strip()) if isinstance(given, str) else None
        if not match:
            raise wrong("time", f'"{given}" is not a time. Write it as 2026-11-18 10:12')
        zone = zone_of(match["zone"] or reading.zone)
        try:
            day = date.fromisoformat(match["date"])
            clock = time.fromisoformat(match["time"]) if match["time"] else time(23, 59, 59)
        except ValueError as error:
            raise wrong("time", f'"{given}" is not a time that exists: {error}') from error
        return cls(_exact(datetime.combine(day, clock), zone), date_only=match["time"] is None)

    @property
    def utc(self) -> datetime:
        """The same moment in UTC."""
        return self.at.astimezone(UTC)

    def __str__(self) -> str:
        """Print the moment as the record writes it, in its own zone."""
        return self.at.strftime("%Y-%m-%d" if self.date_only else "%Y-%m-%d %H:%M")


def zone_of(name: str) -> Any:  # noqa: ANN401 -- a tzinfo of either kind
    """Return the zone of a name or an offset, or raise the error a field shows."""
    if name == "Z":
        return UTC
    if re.fullmatch(r"[+-]\d{2}:?\d{2}", name):
        return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise wrong(
            "zone",
            f'"{name}" is not a zone we know. Use a name such as Europe/Berlin, UTC, or an offset such as +01:00',
        ) from error


def _exact(local: datetime, zone: Any) -> datetime:  # noqa: ANN401
    early, late = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early
    if early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise wrong("time", f"{local:%Y-%m-%d %H:%M} does not exist there: the clocks went forward over it")
    raise wrong(
        "time",
        f"{local:%Y-%m-%d %H:%M} happened twice there, as the clocks went back. Add the offset, for example {early:%z}",
    )


@dataclass(frozen=True, slots=True)
class Span(_Field):
    """A length of time, such as `30 minutes`."""

    length: timedelta

    SCHEMA = {
        "type": "string",
        "description": "A length of time: 30 minutes, 2 hours, 14 days.",
        "pattern": r"^\d+ *(minute|hour|day|week)s?$",
    }

    @classmethod
    def read(cls, given: Any, _reading: Reading) -> Self:  # noqa: ANN401
        """Read a number and a unit."""
        match = _SPAN.fullmatch(given.strip()) if isinstance(given, str) else None
        if not match:
            raise wrong("span", f'"{given}" is not a length of time. Write it as 30 minutes, 2 hours or 14 days')
        return cls(int(match[1]) * _SPAN_UNITS[match[2]])


def is_email(address: str) -> bool:
    """Say whether an address has the plain shape that every mail server reads alike."""
    return (
        len(address) <= 254
        and _EMAIL.fullmatch(address) is not None
        and ".." not in address
        and not address.startswith(".")
        and ".@" not in address
    )


def _email(given: Any) -> Any:  # noqa: ANN401
    if not isinstance(given, str) or not is_email(given.strip()):
        raise wrong("email", f'"{given}" is not a plain e-mail address')
    return given


Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE)]
Email = Annotated[str, BeforeValidator(_email)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@<>\"]+$")]


class Contact(Model):
    """How readers reach a person."""

    email: Email | None = None
    """The address that a person reads."""
    phone: str | None = None
    """The number, written as people dial it."""
    hours: Text | None = None
    """When someone answers."""
    replies_within: Text | None = None
    """How long an answer takes at most."""


class Audience(Model):
    """A named group of people, how they are reached, and in which languages."""

    name: Text
    """What the group is called, in words that its members would accept."""
    channels: tuple[str, ...] = ()
    """The channels that reach this group, by their names in the workspace."""
    languages: tuple[Language, ...] = ()
    """The languages this group reads. Empty: those of the workspace."""
    recipients: str | None = None
    """A CSV file with the columns email, name, language, and any column that a text cites. None: the public."""
    counted_by: str | None = None
    """The fact that says how many they are. The list must be as long."""
    required: bool = False
    """A notice that the law asks for: unsubscribing from news does not stop it."""
