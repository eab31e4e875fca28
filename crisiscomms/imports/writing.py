"""From a past incident to its record, and what became of the records that were written before."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from crisiscomms.errors import Finding, InvalidInput, Place, Severity
from crisiscomms.imports.past import Past
from crisiscomms.imports.times import written
from crisiscomms.imports.words import one_line
from crisiscomms.messages.templates import render_record
from crisiscomms.record import parse_record
from crisiscomms.record.edit import yaml_text
from crisiscomms.record.model import ComponentState
from crisiscomms.record.reader import read_tree
from crisiscomms.workspace import Workspace

#: The lines of a record that say when it was written, and what was written. They are left out of its digest.
_OWN_LINES = re.compile(r"^  (?:imported|digest):[^\n]*\n", re.MULTILINE)


class Action(StrEnum):
    """What an import would do with an incident."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    EDITED = "edited"
    ELSEWHERE = "elsewhere"


class Entry(NamedTuple):
    """One incident of an import: what would be done with it, and the record that would be written."""

    action: Action
    id: str
    past: Past
    text: str


class _Here(NamedTuple):
    """A record in the workspace that an import wrote. `untouched`: nobody has changed it since."""

    id: str
    source: str
    digest: str
    untouched: bool


def entries(
    incidents: Iterable[Past], source: str, workspace: Workspace, now: datetime
) -> tuple[list[Entry], list[Finding]]:
    """Return what an import would do with each incident, and what cannot become a record."""
    here = _here(workspace)
    taken = {*workspace.incidents()}
    found, findings = [], []
    for past in incidents:
        known = here.get(past.reference)
        name = known.id if known else _free_id(past, taken)
        taken.add(name)
        if known and known.source != source:
            found.append(Entry(Action.ELSEWHERE, name, past, ""))
            continue
        text = _record(name, past, source, workspace, written(now))
        action = _action(known, text)
        if known is None and (problem := _problem(workspace, name, text, past)):
            findings.append(problem)
        else:
            found.append(Entry(action, name, past, text))
    return found, findings


def _action(known: _Here | None, text: str) -> Action:
    if known is None:
        return Action.NEW
    if known.digest == digest_of(text):
        return Action.SAME
    return Action.CHANGED if known.untouched else Action.EDITED


def write(entry: Entry, workspace: Workspace) -> Path:
    """Write a record, whole or not at all."""
    path = workspace.record_path(entry.id)
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(entry.text, encoding="utf-8", newline="\n")
        if entry.action is not Action.NEW:
            draft.replace(path)
            return path
        try:
            path.hardlink_to(draft)  # refuses a file that came in the meantime
        except FileExistsError:
            if digest_of(path.read_text(encoding="utf-8")) != digest_of(entry.text):
                raise  # somebody else wrote another record by that name
        except OSError:  # some disks know no links
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(entry.text)
        return path
    finally:
        draft.unlink(missing_ok=True)


def digest_of(text: str) -> str:
    """Return what tells whether a record is still what was written."""
    return hashlib.sha256(_OWN_LINES.sub("", text).encode()).hexdigest()[:16]


def _here(workspace: Workspace) -> dict[str, _Here]:
    """Return the records that imports wrote, by what they are called at their source. One that is broken counts too."""
    found: dict[str, _Here] = {}
    for name in workspace.incidents():
        path = workspace.record_path(name)
        tree = read_tree(path, path.name)
        history = tree.data.get("history") if isinstance(tree.data, dict) else None
        if isinstance(history, dict):
            said: dict[str, str] = {key: str(value) for key, value in history.items()}
            digest = said.get("digest", "")
            untouched = digest == digest_of(tree.source)
            found[said.get("reference", "")] = _Here(name, said.get("source", ""), digest, untouched)
    return found


def _free_id(past: Past, taken: set[str]) -> str:
    """Return a name from the day and the title that no other record has. The same each time."""
    plain = unicodedata.normalize("NFKD", past.title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", re.sub(r"&\w*;", " ", plain)).strip("-")[:50].strip("-")
    name = f"{past.started:%Y-%m-%d}-{words or 'incident'}"
    return name if name not in taken else f"{name}-{hashlib.sha256(past.reference.encode()).hexdigest()[:8]}"


def _record(name: str, past: Past, source: str, workspace: Workspace, imported: str) -> str:
    components, who = _components(past.components, workspace)
    given: dict[str, Any] = {
        "id": name,
        "past": past,
        "source": source,
        "components": sorted(components.items()),
        "who": who,
        "time": written,
        "block": _block,
    }
    text = render_record("past.yaml.j2", imported=imported, digest="", **given)
    return render_record("past.yaml.j2", imported=imported, digest=yaml_text(digest_of(text)), **given)


def _block(text: str) -> str:
    """Return a text as YAML: on one line, or as a block below its name."""
    if "\n" not in text:
        return yaml_text(text)
    return "|-\n" + "\n".join(f"      {line}" if line else "" for line in text.split("\n"))


def _components(
    touched: Iterable[tuple[str, ComponentState]], workspace: Workspace
) -> tuple[Mapping[str, ComponentState], str]:
    """Return the workspace's own components and their state, and the names of others as words."""
    known = {
        name.casefold(): component.id
        for component in workspace.settings.site.components
        for name in (component.id, *(words for _, words in component.name))
    }
    own: dict[str, ComponentState] = {}
    others: list[str] = []
    for name, state in touched:
        if name.casefold() in known:
            own.setdefault(known[name.casefold()], state)
        elif words := one_line(name, ""):
            others.append(words)
    return own, ", ".join(dict.fromkeys(others))


def _problem(workspace: Workspace, name: str, text: str, past: Past) -> Finding | None:
    """Return why a record could not be read back. It is not written then."""
    try:
        parse_record(workspace, text, workspace.record_path(name))
    except InvalidInput as error:
        first = error.findings[0]
        message = f'"{past.title}" is left out: as a record it {first.message}'
        return Finding("left-out", Severity.ERROR, Place(past.reference), message, first.why, first.fix)
    return None


def to_write(found: Iterable[Entry], *, changed: bool) -> Iterator[Entry]:
    """Yield what an import writes: what is new, and what changed at its source where that was asked for."""
    for entry in found:
        if entry.action is Action.NEW or (changed and entry.action is Action.CHANGED):
            yield entry
