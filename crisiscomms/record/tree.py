"""Strict YAML with positions: every scalar a string, every value with its place.

Built from the parser's events and without recursion, so that nesting 40,000 deep is an error message and not a crash.
Anchors, aliases, tags, merge keys, duplicate keys and second documents are refused: each makes a record mean
something else than it seems to say.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from crisiscomms.errors import Finding, Place, Severity

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
_LOADER = getattr(yaml, "CLoader", yaml.Loader)
_READERS_STAY = "Nothing of this record goes out until it can be read."

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands in the text: character offsets, and the place it begins."""

    start: int
    end: int
    place: Place


@dataclass
class Tree:
    """What the file holds: plain data (strings, lists, dicts), and where each value and key stands."""

    file: str
    source: str
    data: Any = None
    spans: dict[Path_, Span] = field(default_factory=dict)
    keys: dict[Path_, Span] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)

    def place(self, path: Path_) -> Place:
        """Return where a path stands, or the nearest thing above it that is there."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.keys and end == len(path):
                return self.keys[path[:end]].place
            if path[:end] in self.spans:
                return self.spans[path[:end]].place
        return Place(self.file, 1)

    def place_of(self, path: Path_, words: str, nth: int = 0) -> Place:
        """Return where the nth occurrence of some words stands inside the value at a path."""
        span = self.spans.get(path)
        if span is None:
            return self.place(path)
        at = span.start - 1
        for _ in range(nth + 1):
            at = self.source.find(words, at + 1, span.end)
            if at < 0:
                return span.place
        return self.place_at(at)

    def place_at(self, offset: int) -> Place:
        """Return the line and column of a character offset."""
        line = self.source.count("\n", 0, offset)
        return Place(self.file, line + 1, offset - (self.source.rfind("\n", 0, offset) + 1) + 1)

    def problem(self, place: Place, message: str, fix: str, code: str = "unreadable") -> None:
        """Note something that makes the file unreadable."""
        self.problems.append(Finding(code, Severity.ERROR, place, message, _READERS_STAY, fix))


def read_tree(path: Path, name: str) -> Tree:
    """Read a YAML file. Whatever is wrong with it is in `problems`; `data` is what could be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        tree = Tree(name, "")
        tree.problem(
            Place(name),
            f"cannot be opened: {error.strerror}",
            "Check the name of the file and that you may read it.",
            "unreadable",
        )
        return tree
    return parse_tree(raw, name)


def parse_tree(raw: bytes, name: str) -> Tree:
    """Read YAML from bytes. Never raises for what the bytes hold."""
    tree = Tree(name, "")
    if len(raw) > MOST_BYTES:
        tree.problem(
            Place(name),
            f"is {len(raw):,} bytes long; a record has at most {MOST_BYTES:,}",
            "Move lists of people to a CSV file and name it under recipients.",
        )
        return tree
    try:
        tree.source = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        tree.problem(
            Place(name, line), "is not UTF-8 text", "Save the file as UTF-8. In most editors: Save as, Encoding, UTF-8."
        )
        return tree
    _refuse_unprintable(tree)
    if not tree.problems:
        _Builder(tree).build()
    return tree


def _refuse_unprintable(tree: Tree) -> None:
    for offset, character in enumerate(tree.source):
        if (
            character < " "
            and character not in "\n\t"
            or "\x7f" <= character <= "\x9f"
            or character in "\ufffe\uffff"
            or "\ue000" <= character <= "\uf8ff"
        ):
            tree.problem(
                tree.place_at(offset),
                f"holds a character that cannot be printed (U+{ord(character):04X})",
                "Remove it. It often comes with text pasted from another program.",
            )
            if len(tree.problems) >= 20:  # noqa: PLR2004 -- a binary file needs no more than this
                return


class _Builder:
    """Turns parser events into plain data."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.stack: list[tuple[dict[str, Any] | list[Any], Path_]] = []
        self.starts: list[yaml.Event] = []
        self.waiting: list[str | None] = []
        self.documents = 0

    def build(self) -> None:
        try:
            for event in yaml.parse(self.tree.source, Loader=_LOADER):
                if not self._take(event):
                    return
        except yaml.YAMLError as error:
            self._syntax(error)
        if self.tree.data is None and not self.tree.problems:
            self.tree.problem(Place(self.tree.file, 1), "is empty", "Write a record with: crisiscomms new ID --call")

    def _syntax(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        place = Place(self.tree.file, mark.line + 1, mark.column + 1) if mark else Place(self.tree.file)
        problem = str(getattr(error, "problem", None) or error)
        line = (
            self.tree.source.splitlines()[mark.line] if mark and mark.line < len(self.tree.source.splitlines()) else ""
        )
        fix = "Check the indentation, and put texts that hold a colon or begin with a sign in quotes."
        if "\t" in line[: len(line) - len(line.lstrip())] or "\\t" in problem:
            problem, fix = "a tab stands where spaces must", "Indent with spaces, two for each level."
        self.tree.problem(place, f"cannot be read as YAML: {problem}", fix, "yaml")

    def _take(self, event: yaml.Event) -> bool:
        """Take one event. Returns False where reading on makes no sense."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.tree.problem(
                    self._place(event), "holds a second document after ---", "Keep one incident in one file."
                )
                return False
        elif isinstance(event, yaml.NodeEvent):
            self._refuse(event)
            return self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        return True

    def _node(self, event: yaml.NodeEvent) -> bool:
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self.stack) >= MOST_DEPTH:
                self.tree.problem(
                    self._place(event),
                    f"is nested more than {MOST_DEPTH} levels deep",
                    "Check the indentation and the brackets.",
                )
                return False
            value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            path = self._put(value, event)
            self.stack.append((value, path))
            self.starts.append(event)
            self.waiting.append(None)
            return True
        value = event.value if isinstance(event, yaml.ScalarEvent) else None
        container = self.stack[-1][0] if self.stack else None
        if isinstance(container, dict) and self.waiting[-1] is None:
            return self._key(str(value), event)
        if isinstance(event, yaml.ScalarEvent) and value == "" and event.implicit[0]:
            value = None  # nothing was written after the colon
        self._put(value, event)
        return True

    def _key(self, key: str, event: yaml.NodeEvent) -> bool:
        container, path = self.stack[-1]
        where = (*path, key)
        if key in container:
            first = self.tree.keys[where].place
            self.tree.problem(
                self._place(event),
                f'"{key}" stands here a second time; the first is on line {first.line}',
                "Keep one of the two.",
                "duplicate-key",
            )
            key = f"{key}\0again"  # read on, so that what stands below is checked too
        if key == "<<":
            self.tree.problem(self._place(event), "uses a YAML merge key (<<)", "Write the fields out.", "yaml-feature")
        self.waiting[-1] = key
        self.tree.keys.setdefault(where, self._span(event, event))
        return True

    def _put(self, value: Any, event: yaml.Event) -> Path_:  # noqa: ANN401
        if not self.stack:
            self.tree.data = value
            self.tree.spans[()] = self._span(event, event)
            return ()
        container, path = self.stack[-1]
        if isinstance(container, list):
            where: Path_ = (*path, len(container))
            container.append(value)
        else:
            key = self.waiting[-1]
            if key is None:
                self.tree.problem(
                    self._place(event),
                    "uses a list or a map as a name",
                    "A name is a plain word, followed by a colon.",
                    "yaml-feature",
                )
                key = "?"
                self.waiting[-1] = key
            where = (*path, key)
            if not key.endswith("\0again") and value is not None:
                container[key] = value
            self.waiting[-1] = None
        self.tree.spans[where] = self._span(event, event)
        return where

    def _end(self, event: yaml.Event) -> None:
        _, path = self.stack.pop()
        self.waiting.pop()
        self.tree.spans[path] = self._span(self.starts.pop(), event)

    def _refuse(self, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.tree.problem(
                self._place(event), f"uses a YAML alias (*{event.anchor})", "Write the value out.", "yaml-feature"
            )
        elif event.anchor:
            self.tree.problem(
                self._place(event),
                f"uses a YAML anchor (&{event.anchor})",
                "Remove it, and write values out where they belong.",
                "yaml-feature",
            )
        tag = getattr(event, "tag", None)
        if tag:
            self.tree.problem(
                self._place(event),
                f"uses a YAML tag ({tag})",
                "Remove it. Every value is plain text.",
                "yaml-feature",
            )

    def _place(self, event: yaml.Event) -> Place:
        mark = cast("yaml.Mark", event.start_mark)
        return Place(self.tree.file, mark.line + 1, mark.column + 1)

    def _span(self, first: yaml.Event, last: yaml.Event) -> Span:
        start, end = cast("yaml.Mark", first.start_mark), cast("yaml.Mark", last.end_mark)
        return Span(start.index, end.index, self._place(first))


def scalars(data: Any, path: Path_ = ()) -> Iterator[tuple[Path_, str]]:  # noqa: ANN401
    """Yield every string of plain data with its path. Depth is bounded by `MOST_DEPTH`."""
    if isinstance(data, str) and path:
        yield path, data
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from scalars(value, (*path, key))


def invisible(text: str) -> list[str]:
    """Return the characters of a text that steer or hide others: bidirectional overrides and isolates, tags, joiners of no use.

    Marks that Hebrew, Arabic and Indic texts need (LRM, RLM, ZWJ, ZWNJ) are let through.
    """
    allowed = "\u200c\u200d\u200e\u200f\u061c\u00ad"
    return [c for c in text if unicodedata.category(c) == "Cf" and c not in allowed]
