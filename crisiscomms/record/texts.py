"""Every text of a record, with its place and who may read it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, get_args

from crisiscomms.fields import Model, Text
from crisiscomms.record.model import Incident, Update
from crisiscomms.record.tree import Path_, Tree

#: Texts that are for the team, or for a regulator. They reach no message.
INTERNAL = frozenset({"glossary"})
#: Texts where a figure that is written out is an error and not a warning: readers act on them at once.
STRICT = frozenset({"updates", "impact"})


class Passage(NamedTuple):
    """One text in one language, where it stands, and for whom.

    `audience` is the audience's name where the text belongs to one; `update` the update it belongs to.
    """

    path: tuple[str | int, ...]
    language: str
    words: str
    audience: str | None = None
    private: bool = False
    update: Update | None = None

    @property
    def field(self) -> str:
        """The top-level field that the text stands in."""
        return str(self.path[0])

    def path_in(self, tree: Tree) -> Path_:
        """Return where the text stands in a file: below its language, where the file names that."""
        path = (*self.path, self.language)
        return path if path in tree.spans else self.path


def passages(incident: Incident) -> Iterator[Passage]:
    """Yield every text of a record in every language, in the order of the model."""
    for name in _fields_with_texts(type(incident)):
        if name not in INTERNAL:
            yield from _below(getattr(incident, name), (name,), None)


def texts(incident: Incident) -> Iterator[tuple[tuple[str | int, ...], Text]]:
    """Yield every text field of a record with its path, all languages together."""
    for name in _fields_with_texts(type(incident)):
        if name not in INTERNAL:
            yield from _fields(getattr(incident, name), (name,))


@cache
def _fields_with_texts(kind: type[Model]) -> tuple[str, ...]:
    """Return the fields of a model that can hold a text somewhere below: most hold none, and records are gone through often."""
    return tuple(name for name, field in kind.model_fields.items() if _holds_texts(field.annotation))


def _holds_texts(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return bool(_fields_with_texts(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Text):
        return True
    return annotation in {Any, object} or any(map(_holds_texts, get_args(annotation)))


def _fields(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Text]]:
    if isinstance(value, Text):
        yield path, value
    elif isinstance(value, Model):
        for name in _fields_with_texts(type(value)):
            yield from _fields(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _fields(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _fields(item, (*path, key))


def _below(value: Any, path: tuple[str | int, ...], owner: Any) -> Iterator[Passage]:
    if isinstance(value, Text):
        update = owner if isinstance(owner, Update) else None
        for language, words in value:
            yield Passage(
                path, language, words, getattr(owner, "audience", None), bool(getattr(owner, "private", False)), update
            )
    elif isinstance(value, Model):
        for name in _fields_with_texts(type(value)):
            yield from _below(getattr(value, name), (*path, name), value)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _below(item, (*path, index), owner)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _below(item, (*path, key), owner)
