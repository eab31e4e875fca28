"""From a file to a record: YAML, schema, and the rules that tie its parts together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crisiscomms.errors import Finding, InvalidInput, Place, Severity, UsageError, did_you_mean, relative
from crisiscomms.fields import SLUG, Reading
from crisiscomms.record.coherence import incoherences, unsafe_scalars
from crisiscomms.record.model import Incident
from crisiscomms.record.recipients import Recipients, read_recipients
from crisiscomms.record.tree import Tree, parse_tree, read_tree
from crisiscomms.workspace import Workspace, fields_at

_STAYS = "Nothing of this record goes out until it can be read."
_REWORD = {
    "missing": "is missing",
    "string_type": "should be plain words",
    "int_parsing": "should be a whole number",
    "bool_parsing": "should be yes or no",
    "tuple_type": "should be a list, each item on a line that begins with a dash",
    "dict_type": "should hold named fields",
    "model_type": "should hold named fields",
    "model_attributes_type": "should hold named fields",
    "finite_number": "should be a number",
}


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read: the incident, where everything stands in its file, and the lists it names."""

    incident: Incident
    tree: Tree
    lists: Mapping[str, Recipients]

    @property
    def source(self) -> str:
        """The text of the file."""
        return self.tree.source


def load_record(workspace: Workspace, incident: str) -> Record:
    """Read a record of the workspace. Raises UsageError where there is none, InvalidInput with all its problems."""
    path = workspace.record_path(incident)
    if not re.fullmatch(SLUG, incident) or not path.is_file():
        raise UsageError(
            f'there is no record "{incident}" in {relative(path.parent)}.{did_you_mean(incident, workspace.incidents())}',
            fix=f"Write one with: crisiscomms new {incident if re.fullmatch(SLUG, incident) else 'ID'} --call",
        )
    return _load(workspace, read_tree(path, relative(path)), path)


def parse_record(workspace: Workspace, source: str, path: Path) -> Record:
    """Read a record from text that stood, or will stand, in `path`. Raises InvalidInput."""
    return _load(workspace, parse_tree(source.encode(), relative(path)), path)


def _load(workspace: Workspace, tree: Tree, path: Path) -> Record:
    findings = list(tree.problems)
    incident = _validate(tree, workspace.reading, findings)
    if incident is None:
        raise InvalidInput([*findings, *unsafe_scalars(tree)])
    lists = _lists(workspace, incident, path)
    findings += [problem for people in lists.values() for problem in people.problems]
    findings += incoherences(incident, tree, workspace, lists, path)
    if findings:
        raise InvalidInput(findings)
    return Record(incident, tree, lists)


def _validate(tree: Tree, reading: Reading, findings: list[Finding]) -> Incident | None:
    if tree.data is None:
        return None
    if not isinstance(tree.data, dict):
        tree.problem(
            Place(tree.file, 1),
            "is not a record: it holds no named fields",
            "Start from a new one: crisiscomms new ID --call",
        )
        findings += tree.problems[-1:]
        return None
    try:
        return Incident.model_validate(tree.data, context=reading)
    except ValidationError as error:
        findings += [_finding(tree, entry) for entry in error.errors()]
        return None


def _lists(workspace: Workspace, incident: Incident, path: Path) -> dict[str, Recipients]:
    """Read the list of every audience this record speaks to. Own lists count from the record, lasting ones from the workspace."""
    found: dict[str, Recipients] = {}
    for name, audience in workspace.audiences(incident.audiences).items():
        if audience.recipients:
            base = path.parent if name in incident.audiences else workspace.folder
            found[name] = read_recipients(base / audience.recipients)
    return found


def _finding(tree: Tree, error: Any) -> Finding:  # noqa: ANN401 -- pydantic's dict of an error
    path = tuple(part for part in error["loc"] if part != "[key]")
    kind = error["type"]
    message, fix = _words(kind, path, error)
    code = {"extra_forbidden": "unknown-key", "missing": "missing-field"}.get(kind, "wrong-type")
    place = tree.place(path[:-1]) if kind == "missing" else tree.place(path)
    if kind != "extra_forbidden" and path in tree.spans:
        place = tree.spans[path].place
    return Finding(code, Severity.ERROR, place, message, _STAYS, fix)


def _words(kind: str, path: tuple[str | int, ...], error: Any) -> tuple[str, str]:  # noqa: ANN401
    field = dotted(path)
    if kind == "extra_forbidden":
        known = fields_at(Incident, path[:-1])
        shown = ", ".join(known) if len(known) < 20 else "see crisiscomms schema"  # noqa: PLR2004
        return (
            f'"{path[-1]}" is not a field we know.{did_you_mean(str(path[-1]), known)}',
            f"Fields known here: {shown}.",
        )
    if kind == "missing":
        return f"{field} is missing", f"Add {path[-1]}. It is needed to say anything at all."
    if kind == "literal_error":
        expected = str(error["ctx"]["expected"])
        choices = re.findall(r"'([^']+)'", expected)
        return (
            f'{field} cannot be "{_short(error["input"])}".{did_you_mean(str(error["input"]), choices)}',
            f"Choose one of: {', '.join(choices)}.",
        )
    if kind == "string_pattern_mismatch":
        return (
            f'{field} cannot be "{_short(error["input"])}"',
            "Use small letters, digits and single hyphens (facts: underscores).",
        )
    return f"{field} {_REWORD.get(kind, error['msg'])}", "See the examples, or: crisiscomms new ID --kind outage"


def _short(given: Any) -> str:  # noqa: ANN401
    text = str(given)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004


def dotted(path: tuple[str | int, ...]) -> str:
    """Print a path as people say it: `updates[2].next_update`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
