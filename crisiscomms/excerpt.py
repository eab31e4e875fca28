"""A line of a file or a sentence of a message, with a mark under the words that matter, counted as a terminal counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from crisiscomms.errors import Finding

#: Only records and texts are quoted: lists hold people's addresses, and settings may hold what somebody should not have put
#: there.
_QUOTED = frozenset({".yaml", ".yml", ".md", ".txt", ".htm", ".html"})
_TAB = 4
_NAMED = re.compile(r'"([^"\n]+)"|(?<!\w)(\$[\w.-]+)')
#: What stands at a place when nobody says which words are meant: a key, a text in quotes, or a word.
_TOKEN = re.compile(r"[\w-]{1,80}(?=:(?:\s|$))|\"(?:[^\"\\]|\\.){0,200}\"|'[^']{0,200}'|[^\s,\]}]{1,200}")
_CUT = "\u2026"
#: So many characters before and after a place are looked at: more fit no terminal, and a line may be a whole file.
_NEAR = 600


class Excerpt(NamedTuple):
    """One line as a terminal shows it, with a line of marks below. `number` is its line in the file, 0 in a message.

    `repeated` are the words themselves, where the line holds letters that run from right to left: some terminals turn
    those around, and the marks then stand elsewhere.
    """

    number: int
    line: str
    marks: str
    repeated: str = ""


Lines = Callable[[str], tuple[str, ...]]


def reader() -> Lines:
    """Return what reads the lines of a file, each file once for as long as it is kept."""
    return cache(_lines)


def _lines(file: str) -> tuple[str, ...]:
    """Return the lines of a record or a text; of any other file, none."""
    if Path(file).suffix.lower() not in _QUOTED:
        return ()
    try:
        text = Path(file).read_text(encoding="utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return ()
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def span_of(finding: Finding, line: str) -> tuple[int, int]:
    """Return which characters of its line a finding is about: where they begin and end, counted from 0."""
    start = min(max(finding.place.column - 1, 0), len(line))
    words = words_at(finding, line)
    if words:
        return start, start + len(words)
    if finding.quote and finding.quote.words and (begun := _begun(finding.quote.words, line[start:])):
        return start, start + begun
    token = _TOKEN.match(line, start) if finding.place.column else None
    return (start, token.end()) if token else (start, start)


def words_at(finding: Finding, line: str) -> str:
    """Return the words that a finding names, where they stand at its place in the line; else nothing."""
    known = [finding.quote.words] if finding.quote else []
    known += [quoted or cited for quoted, cited in _NAMED.findall(finding.message)]
    firsts = (words.split("\n", 1)[0] for words in known)
    return next((first for first in firsts if first and line.startswith(first, max(finding.place.column - 1, 0))), "")


def _begun(words: str, rest: str) -> int:
    """Return how much of some words stands at the end of a line, where the file goes on in the next."""
    rest = rest.rstrip()
    return len(rest) if rest and " ".join(words.split()).startswith(" ".join(rest.split())) else 0


def excerpt(finding: Finding, width: int, lines: Lines) -> Excerpt | None:
    """Return the line of the file, or else the sentence of the message, that a finding is about. None: there is neither."""
    if finding.place.line:
        source = lines(finding.place.file)
        if not 0 < finding.place.line <= len(source):
            return None
        line = source[finding.place.line - 1]
        return _shown(line, *span_of(finding, line), width, finding.place.line)
    quote = finding.quote
    if quote is None or not quote.sentence:
        return None
    at = quote.sentence.find(quote.words)
    flat = " ".join(quote.sentence[:at].split())
    said = " ".join(quote.words.split())
    start = len(flat) + (1 if flat and quote.sentence[at - 1 : at].isspace() else 0)
    rest = " ".join(quote.sentence[at + len(quote.words) :].split())
    gap = " " if quote.sentence[at + len(quote.words) :][:1].isspace() else ""
    return _shown(flat.ljust(start) + said + gap + rest, start, start + len(said), width, 0)


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _shown(line: str, start: int, end: int, width: int, number: int) -> Excerpt:
    """Return a line with marks. Of a long one, what stands around the words."""
    skipped, cut = max(0, start - _NEAR), len(line) > start + 2 * _NEAR
    line, start, end = line[skipped : start + 2 * _NEAR], start - skipped, min(end, start + 2 * _NEAR) - skipped
    pieces = _pieces(line)
    first, last = _window([cells(piece) for piece in pieces], start, max(end, start + 1), width)
    before = "".join(pieces[first:start])
    head = _CUT if first or skipped else ""
    body = "".join(pieces[first:last]).rstrip()
    tail = _CUT if last < len(pieces) or cut else ""
    marked = cells("".join(pieces[start : min(end, last)]).rstrip())
    turned = any(unicodedata.bidirectional(c) in {"R", "AL", "AN"} for c in line)
    marks = " " * (cells(head) + cells(before)) + "^" * max(1, marked)
    return Excerpt(number, head + body + tail, marks, "".join(pieces[start:end]) if turned else "")


def _pieces(line: str) -> list[str]:
    """Return each character as a terminal may safely be given it: a tab as spaces, what cannot be seen by its number."""
    pieces: list[str] = []
    column = 0
    for character in line:
        if character == "\t":
            piece = " " * (_TAB - column % _TAB)
        else:
            piece = character if character.isprintable() else f"\\u{ord(character):04x}"
        pieces.append(piece)
        column += cells(piece)
    return pieces


def _window(widths: list[int], start: int, end: int, width: int) -> tuple[int, int]:
    """Return which characters of a line fit: all, or those around the words, more of what stands before them."""
    if sum(widths) <= width:
        return 0, len(widths)
    room = width - 2
    first, last, used = start, start, 0
    while last < min(end, len(widths)) and used + widths[last] <= room:
        used += widths[last]
        last += 1
    while first > 0 and used + widths[first - 1] <= room * 2 // 3:
        first -= 1
        used += widths[first]
    while last < len(widths) and used + widths[last] <= room:
        used += widths[last]
        last += 1
    while first > 0 and used + widths[first - 1] <= room:
        first -= 1
        used += widths[first]
    return first, last
