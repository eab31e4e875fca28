"""What a file holds, and where: plain data (strings, lists, maps), every value with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crisiscomms.errors import Finding, Place, Severity
from crisiscomms.record.characters import invisible

__all__ = ["Path_", "Span", "Tree", "invisible", "scalars"]

_READERS_STAY = "Nothing of this record goes out until it can be read."

Path_ = tuple[str | int, ...]


class Span(NamedTuple):
    """Where a value stands in the text: character offsets, and the place it begins. Lists and maps are not `plain`."""

    start: int
    end: int
    place: Place
    plain: bool = True


@dataclass
class Tree:
    """What the file holds: plain data (strings, lists, dicts), and where each value and key stands.

    `blanks` are the keys without a value; `unread` the paths of values that are there and cannot be known, such as
    an alias. `partial` are the paths of lists and maps to which more belongs than could be read, and `broken_off` says
    that reading stopped before the end of the file. `repeats` holds the values of keys that stand a second time.
    """

    file: str
    source: str
    data: Any = None
    spans: dict[Path_, Span] = field(default_factory=dict)
    keys: dict[Path_, Span] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    blanks: list[Path_] = field(default_factory=list)
    unread: set[Path_] = field(default_factory=set)
    partial: set[Path_] = field(default_factory=set)
    broken_off: bool = False
    repeats: dict[Path_, Any] = field(default_factory=dict)

    def place(self, path: Path_) -> Place:
        """Return where a path stands, or the nearest thing above it that is there."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.keys and end == len(path):
                return self.keys[path[:end]].place
            if path[:end] in self.spans:
                return self.spans[path[:end]].place
        return Place(self.file, 1)

    def place_of_value(self, path: Path_) -> Place:
        """Return where a plain value stands; where it is a list or a map, where its name stands."""
        span = self.spans.get(path)
        return span.place if span and span.plain else self.place(path)

    def place_of(self, path: Path_, words: str, nth: int = 0) -> Place:
        """Return where the nth occurrence of some words stands inside the value at a path."""
        span = self.spans.get(path)
        if span is None:
            return self.place(path)
        at = span.start - 1
        for _ in range(nth + 1):
            at = self.source.find(words, at + 1, span.end)
            if at < 0:
                return self._place_over_lines(span, words)
        return self.place_at(at)

    def _place_over_lines(self, span: Span, words: str) -> Place:
        """Return where words stand that the file breaks over lines; where they do not stand, where the value begins."""
        pattern = r"\s+".join(map(re.escape, words.split()))
        found = re.compile(pattern).search(self.source, span.start, span.end) if pattern else None
        return self.place_at(found.start()) if found else span.place

    def place_at(self, offset: int) -> Place:
        """Return the line and column of a character offset."""
        line = self.source.count("\n", 0, offset)
        return Place(self.file, line + 1, offset - (self.source.rfind("\n", 0, offset) + 1) + 1)

    def problem(self, place: Place, message: str, fix: str, code: str = "unreadable") -> None:
        """Note something that makes the file unreadable."""
        self.problems.append(Finding(code, Severity.ERROR, place, message, _READERS_STAY, fix))


def scalars(data: Any, path: Path_ = ()) -> Iterator[tuple[Path_, str]]:
    """Yield every string of plain data with its path. Depth is bounded where the data is read."""
    if isinstance(data, str) and path:
        yield path, data
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from scalars(value, (*path, key))
