"""What can be checked of a record that does not fit the schema: the rest of it, with stand-ins for what is wrong.

So that one wrong time does not hide an audience that does not exist: everything is said in one go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_origin

from pydantic import ValidationError

from crisiscomms.fields import Model, Reading, Span, When
from crisiscomms.record.model import Incident
from crisiscomms.record.shape import choices_at, options, type_at
from crisiscomms.record.tree import Path_, Tree

_ROUNDS = 12
_ADDRESSES = frozenset({"channel", "email"})


class Salvaged(NamedTuple):
    """What is left of a record, the tree as if nothing else had been in the file, and which entries lost something.

    Stand-ins have no place in the tree, and rules pass over what has none.
    """

    incident: Incident
    tree: Tree
    harmed: frozenset[Path_] = frozenset()


def errors_of(error: ValidationError) -> list[Any]:
    """Return pydantic's errors. A list whose entries are all wrong is not called empty on top of that."""
    return [e for e in error.errors(include_url=False) if not (e["type"] == "too_short" and e["input"])]


def salvage(tree: Tree, reading: Reading, errors: Iterable[Any]) -> Salvaged | None:
    """Return the record without what is wrong with it. None where that cannot be told apart."""
    rest = _Rest(set(tree.unread), defaultdict(set))
    for _ in range(_ROUNDS):
        for error in errors:
            path = tuple(part for part in error["loc"] if part != "[key]")
            if error["type"] == "missing":
                rest.added[rest.moved.get(path[:-1], path[:-1])].add(str(path[-1]))
            else:
                rest.taken.add(rest.moved.get(path, path))
        if () in rest.taken:
            return None
        rest.moved.clear()
        rest.invented.clear()
        data = rest.of(tree.data, (), ())
        try:
            incident = Incident.model_validate(data, context=reading)
        except ValidationError as error:
            errors = errors_of(error)
        else:
            return Salvaged(incident, rest.tree(tree, data), rest.harmed())
    return None


@dataclass
class _Rest:
    """Which paths of the file were taken away and which added, and where each path of the rest comes from."""

    taken: set[Path_]
    added: defaultdict[Path_, set[str]]
    moved: dict[Path_, Path_] = field(default_factory=dict)
    invented: set[Path_] = field(default_factory=set)

    def of(self, data: Any, old: Path_, new: Path_) -> Any:
        """Return data without what was taken, and with what was added."""
        self.moved[new] = old
        if isinstance(data, list):
            kept = [index for index in range(len(data)) if (*old, index) not in self.taken]
            return [self.of(data[index], (*old, index), (*new, at)) for at, index in enumerate(kept)]
        if not isinstance(data, dict):
            return data
        rest = {k: self.of(v, (*old, k), (*new, k)) for k, v in data.items() if (*old, k) not in self.taken}
        for name in self.added.get(old, ()):
            self.invented.add((*new, name))
            rest[name] = self.of(_stand_in((*old, name)), (*old, name), (*new, name))
        return rest

    def tree(self, tree: Tree, data: Any) -> Tree:
        """Return the tree as if the file held the rest alone."""
        there = {new: old for new, old in self.moved.items() if not self._is_invented(new)}
        spans = {new: tree.spans[old] for new, old in there.items() if old in tree.spans}
        keys = {new: tree.keys[old] for new, old in there.items() if old in tree.keys}
        return Tree(tree.file, tree.source, data, spans, keys)

    def _is_invented(self, new: Path_) -> bool:
        return any(new[:end] in self.invented for end in range(1, len(new) + 1))

    def harmed(self) -> frozenset[Path_]:
        """Return the entries of the rest that lost something, or got something that the file does not say."""
        lost = {
            path[:2] for path in (*self.taken, *((*at, name) for at, names in self.added.items() for name in names))
        }
        return frozenset(new for new, old in self.moved.items() if len(new) == 2 and old in lost)


def _stand_in(path: Path_) -> Any:
    """Return a value that the schema takes at a path."""
    found = options(type_at(path))[0]
    if choices := choices_at(path):
        return choices[0]
    if get_origin(found) is tuple:
        return [{}]
    if isinstance(found, type) and issubclass(found, Model):
        return {}
    values = {When: "2000-01-01 00:00", Span: "1 hour", bool: "no", int: "0"}
    return values.get(found, "stand-in@example.org" if path[-1] in _ADDRESSES else "stand-in")
