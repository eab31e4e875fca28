"""The laws and house rules as data: one dated file each under `packs/`, read when a record names it.

What counts as present is a path of the record: `affected.data_types`, `facts[unit=people|customers]`. Two names are
not fields of the record: `this` is its entry about this pack, `regulation` every entry that applies.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from crisiscomms.errors import Severity, UsageError, did_you_mean
from crisiscomms.fields import Model, Unit
from crisiscomms.record import Incident
from crisiscomms.record.model import Regulation

_HOME = Path(str(files("crisiscomms.review"))) / "packs"
#: What all of this is, in one sentence: said wherever duties by law are shown.
WHAT_THIS_IS = (
    "A checklist from public sources of the day it names. It is not legal advice: a lawyer decides what applies."
)
#: How codes of findings about duties begin.
PREFIX = "reg-"
_STEP = re.compile(r"(?P<name>[a-z_0-9-]+)(?:\[(?P<key>\w+)=(?P<values>[^\]]+)\])?")


class Clock(NamedTuple):
    """A limit in time. `origins` are the times of a record that start it, the first that is there counts.

    `report` is the name under which the record says that it was filed. `unit` is minutes, hours, days, months,
    business-days, or no-limit where the law gives no number. A limit in days ends with its last day.
    """

    report: str
    who: str
    verb: str
    begins: str
    origins: tuple[str, ...]
    unless: tuple[str, ...]
    length: int
    unit: str
    zone: str
    article: str
    late: str
    verified: bool

    @property
    def limit(self) -> str:
        """The limit in words."""
        if self.unit == "no-limit":
            return "no number of hours"
        unit = self.unit.replace("-", " ")
        return f"{self.length} {unit if self.length != 1 else unit[:-1]}"


class Part(NamedTuple):
    """One thing that a pack asks for, forbids or lays out. `kind` is element, format or banned."""

    name: str
    kind: str
    article: str
    says: str
    fix: str
    severity: Severity
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    place: str = ""
    phrases: str = ""
    spares: tuple[str, ...] = ()
    from_status: str = ""


class Pack(NamedTuple):
    """One law, or one part of it."""

    id: str
    title: str
    jurisdiction: str
    as_of: date
    source: str
    trigger: str
    audience: str
    unverified: tuple[str, ...]
    conflicts: tuple[str, ...]
    business_days: str
    clocks: tuple[Clock, ...]
    parts: tuple[Part, ...]

    def code(self, name: str) -> str:
        """Return the code of a finding about one of its parts, or about its clocks."""
        return f"{PREFIX}{self.id}-{name}"

    def of_kind(self, kind: str) -> tuple[Part, ...]:
        """Return its parts of a kind."""
        return tuple(part for part in self.parts if part.kind == kind)


@cache
def names() -> tuple[str, ...]:
    """Return the names of all packs. Reads none of them."""
    return tuple(sorted(path.stem for path in _HOME.glob("*.toml")))


@cache
def pack(name: str) -> Pack:
    """Return a pack. Raises UsageError that names the nearest."""
    if name not in names():
        raise UsageError(f'there is no set of rules "{name}".{did_you_mean(name, names())}', fix=_known())
    plain = tomllib.loads((_HOME / f"{name}.toml").read_text(encoding="utf-8"))
    weight = Severity(plain["weight"])
    kinds = (("element", "elements", "missing"), ("format", "format", "missing"), ("banned", "banned", "what"))
    parts = [
        _part(part, given, kind, says, weight)
        for kind, table, says in kinds
        for part, given in plain.get(table, {}).items()
    ]
    return Pack(
        name,
        plain["title"],
        plain["jurisdiction"],
        date.fromisoformat(plain["as_of"]),
        plain["source"],
        plain["trigger"],
        plain["audience"],
        tuple(plain["unverified"]),
        tuple(plain.get("conflicts", ())),
        plain.get("business_days", ""),
        tuple(_clock(given) for given in plain.get("clocks", ())),
        tuple(parts),
    )


def _known() -> str:
    return f"Known: {', '.join(names())}."


def _clock(given: Mapping[str, Any]) -> Clock:
    return Clock(
        given["report"],
        given["who"],
        given["verb"],
        given["begins"],
        tuple(given["from"]),
        tuple(given.get("unless", ())),
        given.get("length", 0),
        given["unit"],
        given.get("zone", ""),
        given["article"],
        given["late"],
        given.get("verified", True),
    )


def _part(name: str, given: Mapping[str, Any], kind: str, says: str, weight: Severity) -> Part:
    return Part(
        name,
        kind,
        given["article"],
        given[says],
        given["fix"],
        Severity(given.get("weight", weight)),
        tuple(given.get("any", ())),
        tuple(given.get("all", ())),
        tuple(given.get("has", ())),
        given.get("in", ""),
        given.get("phrases", ""),
        tuple(given.get("spares", ())),
        given.get("from_status", ""),
    )


def present(part: Part, incident: Incident, this: Regulation) -> bool:
    """Say whether a record holds what an element asks for."""
    if part.all and not all(found(path, incident, this) for path in part.all):
        return False
    return not part.any or any(found(path, incident, this) for path in part.any)


def found(path: str, incident: Incident, this: Regulation) -> list[Any]:
    """Return everything of a record that stands at a path. Of a list: of each of its entries."""
    steps = [match.groupdict() for match in _STEP.finditer(path)]
    first = steps[0]["name"]
    if first == "this":
        here: list[Any] = [this]
    elif first == "regulation":
        here = [rule for rule in incident.regulation if rule.applies]
    else:
        here, steps = [incident], [{}, *steps]
    for step in steps[1:]:
        below = (_below(value, step["name"]) for value in here)
        here = [one for value in below for one in _each(value) if _fits(one, step)]
    return here


def _below(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _each(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):  # figures are kept by name; reports and answers are looked up by theirs
        return value.values() if any(isinstance(one, Model) for one in value.values()) else [value] if value else []
    if isinstance(value, tuple):
        return value
    return [] if value is None or value == "" else [value]


def _fits(value: Any, step: Mapping[str, Any]) -> bool:
    if not step["key"]:
        return True
    given = getattr(value, step["key"], None)
    word = given.word("en", "other") if isinstance(given, Unit) else str(given)
    return word.lower() in step["values"].split("|")
