"""What every kind of value rests on: the base of all models, how a value is read, and the errors it raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema


class Reading(NamedTuple):
    """What a bare string takes from the organisation: its zone, and the language it writes in."""

    zone: str = "UTC"
    language: str = "en"


class Model(BaseModel):
    """The base of everything read from a file: frozen, no key that we do not know, no string that is empty."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, str_min_length=1, defer_build=True
    )


class Flaw(NamedTuple):
    """One thing that is wrong with a value: `message` says what, `fix` what to write, `at` where inside the value."""

    code: str
    message: str
    fix: str = ""
    at: tuple[str | int, ...] = ()


def wrong(code: str, message: str, fix: str = "") -> PydanticCustomError:
    """Build the error a field raises. `message` is what a person reads, and `fix` how they put it right."""
    return all_wrong([Flaw(code, message, fix)])


def all_wrong(flaws: list[Flaw]) -> PydanticCustomError:
    """Build the error of a field with several flaws. Its own words are those of the first; `flaws` has them all."""
    first = flaws[0]
    context = {"message": first.message, "fix": first.fix, "flaws": [flaw._asdict() for flaw in flaws]}
    return PydanticCustomError(first.code, "{message}. {fix}" if first.fix else "{message}", context)


def shown(given: object, most: int = 60) -> str:
    """Print what a file holds for people to read: short, on one line, nothing in it that hides or turns words around."""
    if given is None:
        return "nothing"
    if isinstance(given, dict | list | tuple):
        return "a list" if not isinstance(given, dict) else "a group of named fields"
    text = str(given)
    return plain(text if len(text) <= most else text[: most - 3] + "...")


def plain(text: str) -> str:
    """Return a text with its code in place of every character that cannot be seen, or that steers a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _reading(info: core_schema.ValidationInfo) -> Reading:
    return info.context if isinstance(info.context, Reading) else Reading()


class Kind:
    """A kind of value that `read` makes from plain data, with a JSON Schema of its own."""

    SCHEMA: ClassVar[Mapping[str, Any]] = {"type": "string"}

    @classmethod
    def read(cls, given: Any, reading: Reading) -> Self:
        """Read plain data, or raise the error that `wrong` builds."""
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def validate(given: Any, info: core_schema.ValidationInfo) -> Kind:
            return given if isinstance(given, cls) else cls.read(given, _reading(info))

        return core_schema.with_info_plain_validator_function(validate)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(cls.SCHEMA)
