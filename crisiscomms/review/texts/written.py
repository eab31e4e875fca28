"""A text as its readers see it, and where each of its words stands in the file that it was read from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import NamedTuple

from crisiscomms.errors import Place

_WORD = re.compile(r"(?:\w|&#?\w{1,10};)+")
#: How many words of a file are passed over, at most, to find the next one of the text.
_AHEAD = 60
#: Passing over so few is common; over more, only where so many of the words that come next agree.
_CLOSE, _FAR_AGREE = 5, 3
#: A word whose own place is not known stands where the last known one before it does, if that is no further back.
_NEAR = 300


class Mark(NamedTuple):
    """A place of the text whose place in the file is known. Line and column count from 1 (0: not known)."""

    at: int
    line: int
    column: int = 0


@dataclass(frozen=True)
class Written:
    """A text that somebody wrote by hand.

    `text` is what its readers see. `start` and `end` say which part of it the file holds: of a message with a frame
    around it, the rest is ours. Marks come in the order of the text. `counts` says what their lines are: lines, or
    paragraphs.
    """

    file: str
    text: str
    marks: tuple[Mark, ...] = ()
    start: int = 0
    end: int = -1
    counts: str = "line"

    @cached_property
    def _offsets(self) -> list[int]:
        return [mark.at for mark in self.marks]

    def holds(self, offset: int) -> bool:
        """Say whether a place of the text is in the file."""
        return self.start <= offset < (len(self.text) if self.end < 0 else self.end)

    def place(self, offset: int | None = None) -> Place:
        """Return where a place of the text stands in the file, as near as it is known. None: the text as a whole."""
        if offset is None or not self.holds(offset):
            return Place(self.file)
        found = bisect_right(self._offsets, offset) - 1
        if found < 0 or offset - self.marks[found].at > _NEAR:
            return Place(self.file)
        mark = self.marks[found]
        between = self.text[mark.at : offset]
        if "\n" in between or not mark.column:
            return Place(self.file, mark.line, mark.column)
        return Place(self.file, mark.line, mark.column + len(between))

    def within(self, message: str) -> Written:
        """Return the same text as a part of a message that stands around it."""
        start = message.find(self.text.strip())
        if start < 0:
            return Written(self.file, message, (), 0, 0)
        start -= len(self.text) - len(self.text.lstrip())
        moved = tuple(mark._replace(at=mark.at + start) for mark in self.marks)
        return Written(self.file, message, moved, start, start + len(self.text.rstrip()))


def aligned(text: str, source: str, first_line: int = 1) -> Iterator[Mark]:
    """Yield where the words of a text stand in its source, which holds the same words in the same order among others.

    A word is taken to be the next alike in the source; one further on only if the words after it follow there too.
    """
    known = [(match.start(), _folded(match[0])) for match in _WORD.finditer(source)]
    wanted = [(match.start(), match[0]) for match in _WORD.finditer(text)]
    lines = _Lines(source, first_line)
    at = 0
    for index, (offset, word) in enumerate(wanted):
        following = [word for _, word in wanted[index + 1 : index + 1 + _FAR_AGREE]]
        for there in range(at, min(at + _AHEAD, len(known))):
            if known[there][1] == word and _follows(known, there, following, there - at):
                yield Mark(offset, *lines.of(known[there][0]))
                at = there + 1
                break


def _follows(known: list[tuple[int, str]], there: int, following: list[str], passed: int) -> bool:
    """Say whether the next words of the text follow in the source: more of them the more words are passed over."""
    needed = 0 if passed == 0 else 1 if passed <= _CLOSE else _FAR_AGREE
    return [word for _, word in known[there + 1 : there + 1 + needed]] == following[:needed]


def _folded(word: str) -> str:
    return unescape(word) if "&" in word else word


def by_line(text: str) -> Iterator[Mark]:
    """Yield the marks of a text that is its own source."""
    at = 0
    for number, line in enumerate(text.split("\n"), 1):
        yield Mark(at, number, 1)
        at += len(line) + 1


class _Lines:
    """The lines of a source, to find the line and column of an offset."""

    def __init__(self, source: str, first: int) -> None:
        self.starts = [0, *(match.end() for match in re.finditer("\n", source))]
        self.first = first

    def of(self, offset: int) -> tuple[int, int]:
        """Return the line and the column."""
        line = bisect_right(self.starts, offset) - 1
        return line + self.first, offset - self.starts[line] + 1
