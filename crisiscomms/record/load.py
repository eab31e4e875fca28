"""From a file to a record: YAML, schema, and the rules that tie its parts together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from crisiscomms.errors import Finding, InvalidInput, Place, Severity, UsageError, did_you_mean, relative
from crisiscomms.fields import SLUG, Reading, plain, shown
from crisiscomms.record.cited import bad_citations
from crisiscomms.record.coherence import incoherences
from crisiscomms.record.files import read_lists
from crisiscomms.record.handwritten import OwnTexts
from crisiscomms.record.model import Incident
from crisiscomms.record.names import names_in
from crisiscomms.record.own import Handwritten
from crisiscomms.record.reader import parse_tree, read_tree
from crisiscomms.record.recipients import Recipients
from crisiscomms.record.safety import unsafe
from crisiscomms.record.salvage import Salvaged, errors_of, salvage
from crisiscomms.record.tree import Tree
from crisiscomms.record.wording import findings_of
from crisiscomms.workspace import Workspace

_MOST_FINDINGS = 200


class Record(NamedTuple):
    """A record as read: the incident, where everything stands in its file, and the lists and the texts it names."""

    incident: Incident
    tree: Tree
    lists: Mapping[str, Recipients]
    texts: tuple[Handwritten, ...] = ()

    @property
    def source(self) -> str:
        """The text of the file."""
        return self.tree.source


def load_record(workspace: Workspace, incident: str, *, people: bool = True) -> Record:
    """Read a record of the workspace. Raises UsageError where there is none, InvalidInput with all its problems.

    `people`: with its lists, which may be long. Without, it has none, and what is wrong with them goes unnoticed.
    """
    is_name = re.fullmatch(SLUG, incident) is not None
    path = workspace.record_path(incident)
    if not is_name or not path.is_file():
        known = did_you_mean(incident, workspace.incidents()) if len(incident) <= 200 else ""
        raise UsageError(
            f'there is no record "{shown(incident)}" in {relative(workspace.folder / "incidents")}.{known}',
            why="Nothing was read, and nothing goes out.",
            fix=f"Write one with: crisiscomms new {incident if is_name else 'ID'} --call",
        )
    return _load(workspace, read_tree(path, relative(path)), path, people=people)


def parse_record(workspace: Workspace, source: str, path: Path) -> Record:
    """Read a record from text that stood, or will stand, in `path`. Raises InvalidInput."""
    return _load(workspace, parse_tree(source.encode(errors="surrogatepass"), relative(path)), path)


def _load(workspace: Workspace, tree: Tree, path: Path, *, people: bool = True) -> Record:
    if tree.data is not None and not isinstance(tree.data, dict):
        tree.problem(
            Place(tree.file, 1),
            "is not a record: it holds no named fields",
            "Start from a new one: crisiscomms new ID --call",
        )
    findings = list(tree.problems)
    if isinstance(tree.data, dict):
        found, flaws = _validate(tree, workspace.reading)
        lists: dict[str, Recipients] = {}
        own: list[Handwritten] = []
        if found and not tree.broken_off:
            lists = read_lists(workspace, found.incident.audiences, found.tree, path) if people else {}
            findings += [problem for one in lists.values() for problem in one.problems]
            texts = OwnTexts(found.incident, found.tree, names_in(tree, workspace), workspace, path)
            findings += texts.problems
            findings += islice(texts.unfit(lists), _MOST_FINDINGS + 1)
            own = texts.found
        findings += islice(flaws, _MOST_FINDINGS + 1)
        findings += islice(unsafe(tree), _MOST_FINDINGS + 1)
        findings += islice(_disagreements(found, tree, lists, workspace, path), _MOST_FINDINGS + 1)
        if found and not findings:
            return Record(found.incident, tree, lists, tuple(own))
    raise InvalidInput(_first(findings))


def _validate(tree: Tree, reading: Reading) -> tuple[Salvaged | None, Iterator[Finding]]:
    """Return the record, or what is left of it, and what the schema says about it."""
    try:
        found = Salvaged(Incident.model_validate(tree.data, context=reading), tree)
    except ValidationError as error:
        errors = errors_of(error)
        return salvage(tree, reading, errors), findings_of(tree, errors)
    return found, findings_of(tree, ())


def _disagreements(
    found: Salvaged | None, tree: Tree, lists: Mapping[str, Recipients], workspace: Workspace, path: Path
) -> Iterator[Finding]:
    """Yield where the parts of a record do not agree. Of a file that breaks off, the other part may be missing."""
    if found and not tree.broken_off:
        names = names_in(tree, workspace)
        yield from incoherences(found.incident, found.tree, names, workspace, path)
        yield from bad_citations(found.incident, found.tree, names, lists, found.harmed)


def _first(findings: list[Finding]) -> list[Finding]:
    """Return the findings in the order of the file, each once; of very many the first. A file's words are made plain."""
    plainly = (replace(finding, message=plain(finding.message), fix=plain(finding.fix)) for finding in findings)
    ordered = sorted(dict.fromkeys(plainly), key=lambda finding: finding.place)
    more = len(ordered) - _MOST_FINDINGS
    if more > 0:
        last = ordered[_MOST_FINDINGS - 1]
        message = f"there are {more} or more further problems below"
        rest = Finding("unreadable", Severity.ERROR, last.place, message, last.why, "Correct these first.")
        ordered = [*ordered[:_MOST_FINDINGS], rest]
    return ordered
