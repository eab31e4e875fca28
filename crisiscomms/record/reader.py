"""Strict YAML with positions: every scalar a string, every value with its place.

Built from the parser's events and without recursion, so that nesting 40,000 deep is an error message and not a crash.
Anchors, aliases, tags, merge keys, duplicate keys and second documents are refused: each makes a record mean
something else than it seems to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from crisiscomms.errors import Place
from crisiscomms.fields import shown
from crisiscomms.record.characters import find_unprintable, replace_unprintable
from crisiscomms.record.decoding import decode, unprintable
from crisiscomms.record.syntax import explain
from crisiscomms.record.tree import Path_, Span, Tree

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_VALUES = 10_000
_MOST_UNPRINTABLE = 20
_LOADER = getattr(yaml, "CLoader", yaml.Loader)
#: Stands for a name that could not be read. No name holds a NUL.
_LOST = "\0"
_TAG = re.compile(r"!\S*")
_NOT_A_REMARK = re.compile(r"[ \t]+(#[^\s#].*)")


def read_tree(path: Path, name: str) -> Tree:
    """Read a YAML file. Whatever is wrong with it is in `problems`; `data` is what could be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        tree = Tree(name, "")
        tree.problem(
            Place(name),
            f"cannot be opened: {error.strerror}",
            "Check the name of the file and that you may read it.",
        )
        return tree
    return parse_tree(raw, name)


def parse_tree(raw: bytes, name: str) -> Tree:
    """Read YAML from bytes. Never raises for what the bytes hold."""
    tree = Tree(name, "")
    if len(raw) > MOST_BYTES:
        tree.problem(
            Place(name),
            f"is longer than a record may be ({MOST_BYTES:,} bytes)",
            "Move lists of people to a CSV file and name it under recipients.",
        )
        return tree
    readable = decode(tree, raw)
    if readable is None:
        return tree
    _Builder(tree).build(readable)
    return tree


@dataclass
class _Frame:
    """A list or a map that is being read. `key` is the name that waits for its value, `lines` where each name stands."""

    value: dict[str, Any] | list[Any]
    path: Path_
    first: yaml.Event
    key: str | None = None
    is_name: bool = False
    lines: dict[str, int] = field(default_factory=dict)


class _Builder:
    """Turns parser events into plain data."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.stack: list[_Frame] = []
        self.documents = 0
        self.values = 0

    def build(self, source: str) -> None:
        try:
            for event in yaml.parse(source, Loader=_LOADER):
                if not self._take(event):
                    break
        except yaml.YAMLError as error:
            explain(self.tree, error)
        self.tree.partial |= {frame.path for frame in self.stack}
        self.tree.broken_off = bool(self.stack)
        if self.tree.data is None and not self.tree.problems:
            self.tree.problem(Place(self.tree.file, 1), "is empty", "Write a record with: crisiscomms new ID --call")

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
        self.values += 1
        if self.values > MOST_VALUES:
            message = f"holds more than {MOST_VALUES:,} names and values"
            self.tree.problem(self._place(event), message, "Move long lists to a file of their own and link to it.")
            return False
        frame = self.stack[-1] if self.stack else None
        names = frame is not None and isinstance(frame.value, dict) and frame.key is None
        if isinstance(event, yaml.CollectionStartEvent):
            return self._begin(event, frame if names else None)
        if frame and names:
            self._name(frame, event)
        else:
            self._scalar(event)
        return True

    def _begin(self, event: yaml.CollectionStartEvent, named_by: _Frame | None) -> bool:
        if len(self.stack) >= MOST_DEPTH:
            message = f"is nested more than {MOST_DEPTH} levels deep"
            self.tree.problem(self._place(event), message, "Check the indentation and the brackets.")
            return False
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        if named_by:
            self._odd_name(named_by, event)
            path: Path_ = (*named_by.path, _LOST)
        else:
            path = self._put(value, event)
        self.stack.append(_Frame(value, path, event, is_name=named_by is not None))
        return True

    def _scalar(self, event: yaml.NodeEvent) -> None:
        value = self._text(event) if isinstance(event, yaml.ScalarEvent) else None
        if isinstance(event, yaml.ScalarEvent):
            self._lost_words(event)
        if value == "" and cast("yaml.ScalarEvent", event).implicit[0]:
            value = None  # nothing was written after the colon
        self._put(value, event)

    def _lost_words(self, event: yaml.ScalarEvent) -> None:
        """Refuse a remark that may be meant as words: `Order #1719 failed` would be published as `Order`."""
        mark = cast("yaml.Mark", event.end_mark)
        if match := _NOT_A_REMARK.match(self.tree.source, mark.index):
            self.tree.problem(
                Place(self.tree.file, mark.line + 1, mark.column + 1),
                f'leaves out "{shown(match[1])}": what follows a space and # is a remark that nobody reads',
                "Put the whole text in double quotes. Where it is a remark, write a space after the #.",
                "lost-words",
            )

    def _text(self, event: yaml.ScalarEvent) -> str:
        """Return what a scalar says. Its escapes (a backslash and a code) may hold what the file itself must not."""
        value = str(event.value)
        if event.style == '"' and (match := next(find_unprintable(value), None)):
            if len(self.tree.problems) < _MOST_UNPRINTABLE:
                unprintable(self.tree, self._place(event), match[0])
            return replace_unprintable(value, "\ufffd")
        return value

    def _name(self, frame: _Frame, event: yaml.NodeEvent) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self._odd_name(frame, event)
            frame.key = _LOST
            return
        key = self._text(event)
        if key == "<<":
            self.tree.problem(self._place(event), "uses a YAML merge key (<<)", "Write the fields out.", "yaml-feature")
            self.tree.partial.add(frame.path)
            frame.key = _LOST
            return
        if key in frame.lines:
            self.tree.problem(
                self._place(event),
                f'"{shown(key)}" stands here a second time; the first is on line {frame.lines[key]}',
                "Keep one of the two.",
                "duplicate-key",
            )
        frame.key = f"{key}\0again" if key in frame.lines else key  # read on, so that what stands below is checked too
        frame.lines.setdefault(key, self._place(event).line)
        self.tree.keys.setdefault((*frame.path, key), self._span(event, event))

    def _odd_name(self, frame: _Frame, event: yaml.NodeEvent) -> None:
        self.tree.partial.add(frame.path)
        self.tree.problem(
            self._place(event),
            "uses something else than a word as a name",
            "A name is a plain word, followed by a colon. A text that begins with [ or { needs quotes.",
            "yaml-feature",
        )

    def _put(self, value: Any, event: yaml.Event) -> Path_:
        if not self.stack:
            self.tree.data = value
            self.tree.spans[()] = self._span(event, event)
            return ()
        frame = self.stack[-1]
        if isinstance(frame.value, list):
            where: Path_ = (*frame.path, len(frame.value))
            frame.value.append(value)
        else:
            key = frame.key or ""
            where, frame.key = (*frame.path, key), None
            if key == _LOST:
                return where
            if key.endswith("\0again"):
                self.tree.repeats[where] = value
            elif value is None and not isinstance(event, yaml.AliasEvent):
                self.tree.blanks.append(where)
                return where
            else:
                frame.value[key] = value
        self.tree.spans[where] = self._span(event, event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            self.tree.unread.add(where)
        return where

    def _end(self, event: yaml.Event) -> None:
        frame = self.stack.pop()
        if frame.is_name:
            self.stack[-1].key = _LOST
        self.tree.spans[frame.path] = self._span(frame.first, event, plain=False)

    def _refuse(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if not tag and not event.anchor:
            return
        quoted = "Or, where it is a text that begins so: put it in quotes."
        if isinstance(event, yaml.AliasEvent):
            self._feature(event, f"alias (*{event.anchor})", f"Write the value out. {quoted}")
        elif event.anchor:
            self._feature(event, f"anchor (&{event.anchor})", f"Remove it, and write values out. {quoted}")
        if tag:
            written = _TAG.search(self.tree.source, cast("yaml.Mark", event.start_mark).index)
            self._feature(
                event,
                f"tag ({shown(written[0] if written else tag)})",
                f"Remove it: every value is plain text. {quoted}",
            )

    def _feature(self, event: yaml.NodeEvent, what: str, fix: str) -> None:
        self.tree.problem(self._place(event), f"uses a YAML {what}", fix, "yaml-feature")

    def _place(self, event: yaml.Event) -> Place:
        mark = cast("yaml.Mark", event.start_mark)
        return Place(self.tree.file, mark.line + 1, mark.column + 1)

    def _span(self, first: yaml.Event, last: yaml.Event, *, plain: bool = True) -> Span:
        start, end = cast("yaml.Mark", first.start_mark), cast("yaml.Mark", last.end_mark)
        return Span(start.index, end.index, self._place(first), plain)
