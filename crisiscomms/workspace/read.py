"""Reading `crisiscomms.toml`, with the place of everything that is wrong."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crisiscomms.errors import Finding, InvalidInput, Place, Severity, UsageError, did_you_mean, relative
from crisiscomms.fields import Model, Reading, zone_of
from crisiscomms.workspace.folder import Workspace
from crisiscomms.workspace.settings import Settings

FILE = "crisiscomms.toml"
#: What is wrong with a value, in words for people who do not program.
_PLAIN = {
    "string_type": "should be text in quotes",
    "string_too_short": "is empty",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "greater_than_equal": "should not be below 0",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "dict_type": "should be a table",
    "model_type": "should be a table",
    "model_attributes_type": "should be a table",
    "tuple_type": "should be a list in square brackets",
    "too_short": "needs at least one entry",
}


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


def _words(error: Any) -> tuple[str, str]:
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = fields_at(Settings, error["loc"][:-1])
        return (
            f'"{field}" is not a setting we know.{did_you_mean(str(error["loc"][-1]), known)}',
            f"Known here: {', '.join(known)}.",
        )
    if error["type"] == "missing":
        return f"{field} is missing", f"Add {error['loc'][-1]} there."
    if error["type"] == "string_pattern_mismatch":
        return (
            f'{field} cannot be "{error["input"]}"',
            "Correct the value. Addresses begin with https://, names are small letters and digits.",
        )
    return f"{field} {_PLAIN.get(error['type'], error['msg'])}", "Correct the value."


def fields_at(model: type[Model], path: tuple[str | int, ...]) -> list[str]:
    """Return the names of the fields a model has at a path. Empty where the path leads nowhere."""
    found: Any = model
    for part in path:
        if isinstance(part, int):
            continue
        info = getattr(found, "model_fields", {}).get(part)
        found = _model_in(info.annotation) if info else found
    return list(getattr(found, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
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


def place_of(workspace: Workspace, path: tuple[str | int, ...]) -> Place:
    """Return where a setting of a workspace stands in its file."""
    name = relative(workspace.folder / FILE)
    try:
        source = (workspace.folder / FILE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return Place(name)
    return toml_place(source, name, path)


def set_ledger(workspace: Workspace, ledger: str) -> None:
    """Write into the workspace's settings where its ledger is now. Everything else in the file stays as it is."""
    path = workspace.folder / FILE
    text = path.read_bytes().decode("utf-8")
    line = f'ledger = "{ledger}"'
    first_table = re.search(r"(?m)^\s*\[", text)
    head, tables = (text[: first_table.start()], text[first_table.start() :]) if first_table else (text, "")
    changed, found = re.subn(r"(?m)^ledger\s*=[^\r\n]*", lambda _: line, head, count=1)
    if not found:
        mark = "\ufeff" if head.startswith("\ufeff") else ""
        changed = f"{mark}{line}\n{head.removeprefix(mark)}"
    draft = path.with_name(f".{FILE}.part")
    draft.write_bytes((changed + tables).encode())
    draft.replace(path)
