"""The workspace: who speaks, where to, and to whom. Read from `crisiscomms.toml`.

Tables of channels stay raw here: only the channel itself knows what belongs in its table.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from crisiscomms.errors import (
    CrisiscommsError,
    Finding,
    InvalidInput,
    Place,
    Severity,
    UsageError,
    did_you_mean,
    relative,
)
from crisiscomms.fields import Audience, Contact, Email, Language, Model, Reading, Slug, Span, Text, Url, zone_of

FILE = "crisiscomms.toml"
SeverityName = Literal["minor", "major", "critical"]


class Press(Model):
    """Who answers journalists."""

    name: str
    """The person's name."""
    email: Email
    """Their address."""
    phone: str | None = None
    """Their number."""


class Organisation(Model):
    """Who speaks."""

    name: str
    """The full name."""
    short_name: str | None = None
    """A shorter one, for posts."""
    url: Url
    """The website."""
    timezone: str = "UTC"
    """The zone of all times without one of their own."""
    languages: tuple[Language, ...] = Field(default=("en",), min_length=1)
    """The first is the one records are written in."""
    contact: Contact = Contact()
    """How people reach someone."""
    press: Press | None = None
    """Who answers journalists."""


class Component(Model):
    """A part of the service that people know by name."""

    id: Slug
    """The name that records use."""
    name: Text
    """The name that readers see."""


class Site(Model):
    """The status site."""

    url: Url
    """Its public address."""
    folder: str = "public"
    """Where the built site lands."""
    components: tuple[Component, ...] = ()
    """The parts of the service."""


class Cadence(Model):
    """How often readers hear from us until it is resolved."""

    critical: Span = Span(timedelta(minutes=30))
    """For a critical incident."""
    major: Span = Span(timedelta(hours=1))
    """For a major one."""
    minor: Span = Span(timedelta(hours=4))
    """For a minor one."""


class Approval(Model):
    """How many other people must approve a plan that leaves this machine."""

    critical: int = Field(default=2, ge=0)
    """For a critical incident."""
    major: int = Field(default=1, ge=0)
    """For a major one."""
    minor: int = Field(default=0, ge=0)
    """For a minor one."""


class Order(Model):
    """After the site: who hears first."""

    audiences: tuple[str, ...] = ()
    """The audiences, first to last. Those left out come last."""
    head_start: Span = Span(timedelta(0))
    """How long each waits after the one before."""


class Settings(Model):
    """The whole of `crisiscomms.toml`."""

    organisation: Organisation
    """Who speaks."""
    site: Site
    """The status site."""
    cadence: Cadence = Cadence()
    """How often readers hear from us."""
    approval: Approval = Approval()
    """How many others must approve."""
    order: Order = Order()
    """Who hears first."""
    channels: dict[Slug, dict[str, Any]] = Field(default_factory=dict)
    """Where messages go, each with its type."""
    audiences: dict[Slug, Audience] = Field(default_factory=dict)
    """The lasting groups of people."""
    memos: str = "memos"
    """The folder where memos to staff are written."""
    ledger: str = "ledger.db"
    """The file of the ledger."""
    rehearsal: bool = False
    """true: everything is played into files."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with its settings."""

    folder: Path
    settings: Settings

    @property
    def reading(self) -> Reading:
        """What bare strings in records mean here."""
        return Reading(self.settings.organisation.timezone, self.language)

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's zone."""
        return ZoneInfo(self.settings.organisation.timezone)

    @property
    def language(self) -> str:
        """The first language: the one records are written in."""
        return self.settings.organisation.languages[0]

    def record_path(self, incident: str) -> Path:
        """Return where the record of an incident stands."""
        return self.folder / "incidents" / f"{incident}.yaml"

    def incidents(self) -> tuple[str, ...]:
        """Return the ids of all records, in order."""
        return tuple(sorted(path.stem for path in (self.folder / "incidents").glob("*.yaml")))

    def audiences(self, own: Mapping[str, Audience]) -> dict[str, Audience]:
        """Return the lasting audiences and an incident's own, by name."""
        return {**self.settings.audiences, **own}

    def rank(self, audience: str) -> int:
        """Return an audience's place in the order of notice, from 0."""
        order = self.settings.order.audiences
        return order.index(audience) if audience in order else len(order)


def find_workspace(start: Path | None) -> Workspace:
    """Return the workspace in a folder or the nearest one above. Raises UsageError or InvalidInput."""
    here = (start or Path.cwd()).resolve()
    folders = [here] if start else [here, *here.parents]
    for folder in folders:
        if (folder / FILE).is_file():
            return read_workspace(folder)
    raise UsageError(
        f"there is no {FILE} in {relative(here)}" + ("" if start else " or above it"),
        why="Without it we do not know who speaks and where to.",
        fix="Go to your workspace, name it with -C FOLDER, or make one: crisiscomms init",
    )


def read_workspace(folder: Path) -> Workspace:
    """Read a workspace. Raises InvalidInput with every problem found."""
    path = folder / FILE
    name = relative(path)
    try:
        source = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(source)
    except UnicodeDecodeError as error:
        raise InvalidInput([_finding(Place(name), "is not UTF-8 text", "Save the file as UTF-8.")]) from error
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+), column (\d+)", str(error))
        place = Place(name, int(at[1]), int(at[2])) if at else Place(name)
        raise InvalidInput(
            [
                _finding(
                    place,
                    f"cannot be read as TOML: {str(error).split(' (at')[0]}",
                    "Check quotes and brackets on that line.",
                )
            ]
        ) from error
    organisation = data.get("organisation")
    reading = _first_reading(organisation if isinstance(organisation, dict) else {})
    try:
        settings = Settings.model_validate(data, context=reading)
        zone_of(settings.organisation.timezone)
    except ValidationError as error:
        raise InvalidInput(_finding(toml_place(source, name, e["loc"]), *_words(e)) for e in error.errors()) from error
    except ValueError as error:
        raise InvalidInput(
            [
                _finding(
                    toml_place(source, name, ("organisation", "timezone")),
                    str(error),
                    "Use a name such as Europe/Berlin.",
                )
            ]
        ) from error
    return Workspace(folder.resolve(), settings)


def _first_reading(organisation: dict[str, Any]) -> Reading:
    languages = organisation.get("languages")
    language = languages[0] if isinstance(languages, list) and languages and isinstance(languages[0], str) else "en"
    return Reading(str(organisation.get("timezone", "UTC")), language)


def _finding(place: Place, message: str, fix: str) -> Finding:
    return Finding(
        "workspace",
        Severity.ERROR,
        place,
        message,
        "Nothing can be published from this workspace until it can be read.",
        fix,
    )


def _words(error: Any) -> tuple[str, str]:  # noqa: ANN401 -- pydantic's dict of an error
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = fields_at(Settings, error["loc"][:-1])
        return (
            f'"{field}" is not a setting we know.{did_you_mean(str(error["loc"][-1]), known)}',
            f"Known here: {', '.join(known)}.",
        )
    if error["type"] == "missing":
        return f"{field} is missing", f"Add {error['loc'][-1]} there."
    return f"{field} {error['msg']}" if error["type"] not in {
        "string_pattern_mismatch"
    } else f'{field} cannot be "{error["input"]}"', "Correct the value."


def fields_at(model: type[Model], path: tuple[str | int, ...]) -> list[str]:
    """Return the names of the fields a model has at a path. Empty where the path leads nowhere."""
    found: Any = model
    for part in path:
        if isinstance(part, int):
            continue
        info = getattr(found, "model_fields", {}).get(part)
        found = _model_in(info.annotation) if info else found
    return list(getattr(found, "model_fields", {}))


def _model_in(annotation: Any) -> Any:  # noqa: ANN401
    if hasattr(annotation, "model_fields"):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def toml_place(source: str, name: str, path: tuple[str | int, ...]) -> Place:
    """Return where a setting stands in a TOML file, as near as its tables and keys tell."""
    lines = source.splitlines()
    table, line_of_table = "", 1
    words = [str(part) for part in path]
    best = Place(name, 1)
    for number, line in enumerate(lines, 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            table, line_of_table = header[1], number
            if words[: table.count(".") + 1] == table.split("."):
                best = Place(name, line_of_table)
        elif (key := re.match(r"\s*([\w.\"-]+)\s*=", line)) and [
            *filter(None, table.split(".")),
            key[1].strip('"'),
        ] == words[: table.count(".") + (2 if table else 1)]:
            return Place(name, number, len(line) - len(line.lstrip()) + 1)
    return best


def secret(workspace: Workspace, channel: str, name: str) -> str:
    """Return a secret of a channel. Raises CrisiscommsError that names where it was looked for, never its value.

    Looked for in this order: the keyring (service `crisiscomms`, user `CHANNEL.NAME`), the file
    `secrets/CHANNEL.NAME` in the workspace, the environment variable `CRISISCOMMS_CHANNEL_NAME`, which is meant
    for CI only.
    """
    path = workspace.folder / "secrets" / f"{channel}.{name}"
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    variable = re.sub(r"\W", "_", f"CRISISCOMMS_{channel}_{name}").upper()
    if variable in os.environ:
        return os.environ[variable]
    found = _from_keyring(f"{channel}.{name}")
    if found is not None:
        return found
    raise CrisiscommsError(
        f'the {name} of channel "{channel}" is nowhere to be found',
        why="We cannot sign in there, so nothing goes out through it.",
        fix=f"Write it into {relative(path)}, or into the keyring: keyring set crisiscomms {channel}.{name}",
    )


def _from_keyring(user: str) -> str | None:
    import keyring  # noqa: PLC0415 -- a tenth of a second that only real channels need
    import keyring.errors  # noqa: PLC0415

    try:
        return keyring.get_password("crisiscomms", user)
    except keyring.errors.KeyringError:
        return None
