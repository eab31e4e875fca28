"""What can be checked of a record that does not fit the schema: the rest of it, without the values that do not.

So that one wrong time does not hide an audience that does not exist: everything is said in one go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from crisiscomms.fields import Reading
from crisiscomms.record.model import Incident
from crisiscomms.record.tree import Path_, Tree

_ROUNDS = 12
#: Stands in for what every record needs. It has no place in the file, and rules pass over what has none.
_STAND_INS: dict[Path_, Any] = {
    ("id",): "stand-in",
    ("title",): "stand-in",
    ("kind",): "other",
    ("severity",): "minor",
    ("harm",): "none",
    ("times",): {},
    ("times", "noticed"): "2000-01-01 00:00",
    ("responsibility",): {},
    ("responsibility", "level"): "unknown",
    ("cause",): {},
    ("cause", "state"): "unknown",
    ("updates",): [],
}


@dataclass(frozen=True)
class Salvaged:
    """What is left of a record, the tree as if nothing else had been in the file, and which entries lost something."""

    incident: Incident
    tree: Tree
    harmed: frozenset[Path_]


def salvage(tree: Tree, reading: Reading, errors: Iterable[Any]) -> Salvaged | None:
    """Return the record without what is wrong with it. None where nothing is left."""
    taken, added = set(tree.unread), set[Path_]()
    rest = _Rest(tree.data, {})
    for _ in range(_ROUNDS):
        for error in errors:
            path = tuple(part for part in error["loc"] if part != "[key]")
            if error["type"] == "missing" and path in _STAND_INS:
                added.add(path)
            else:
                taken.add(rest.origin(path[:-1] if error["type"] == "missing" else path))
        if () in taken:
            return None
        rest = _rest(tree.data, taken, added)
        try:
            incident = Incident.model_validate(rest.data, context=reading)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        else:
            lost = {path[:2] for path in taken}
            harmed = frozenset(new for new, old in rest.moved.items() if len(new) == 2 and old in lost)
            return Salvaged(incident, _as_if(tree, rest), harmed)
    return None


@dataclass(frozen=True)
class _Rest:
    """Data without what was taken, and for each path in it the path in the file."""

    data: Any
    moved: dict[Path_, Path_]

    def origin(self, path: Path_) -> Path_:
        return self.moved.get(path, path)


def _rest(data: Any, taken: set[Path_], added: set[Path_]) -> _Rest:
    rest = _Rest({}, {})
    kept = _kept(data, taken, (), (), rest.moved)
    for path in sorted(added, key=len):
        inside = kept
        for part in path[:-1]:
            inside = inside[part]
        inside.setdefault(path[-1], _copy(_STAND_INS[path]))
    return replace(rest, data=kept)


def _copy(value: Any) -> Any:
    return type(value)(value)


def _kept(data: Any, taken: set[Path_], old: Path_, new: Path_, moved: dict[Path_, Path_]) -> Any:
    moved[new] = old
    if isinstance(data, dict):
        return {
            key: _kept(value, taken, (*old, key), (*new, key), moved)
            for key, value in data.items()
            if (*old, key) not in taken
        }
    if isinstance(data, list):
        kept = [index for index in range(len(data)) if (*old, index) not in taken]
        return [_kept(data[index], taken, (*old, index), (*new, at), moved) for at, index in enumerate(kept)]
    return data


def _as_if(tree: Tree, rest: _Rest) -> Tree:
    spans = {new: tree.spans[old] for new, old in rest.moved.items() if old in tree.spans}
    keys = {new: tree.keys[old] for new, old in rest.moved.items() if old in tree.keys}
    return Tree(tree.file, tree.source, rest.data, spans, keys)
