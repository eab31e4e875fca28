"""Changing a record in place: new lines are put where they belong, and every other byte stays as it is.

A YAML library that reads a file and writes it again reflows lines and quotes. Whoever keeps records in git
would see changes that nobody made, so we splice text instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from crisiscomms.errors import UsageError, relative
from crisiscomms.record.load import Record

_PLAIN = re.compile(r"[^\W\d_][^:#\n\[\]{}&*!|>'\"%@`,]*(?<![\s:])")
_WORDS_WITH_MEANING = frozenset({"yes", "no", "true", "false", "on", "off", "null", "y", "n"})


def yaml_text(words: str) -> str:
    """Return a text as a YAML scalar on one line: plain where that is safe, else in double quotes."""
    if _PLAIN.fullmatch(words) and words.lower() not in _WORDS_WITH_MEANING:
        return words
    return json.dumps(words, ensure_ascii=False)


def insert_update(record: Record, path: Path, fields: Mapping[str, str], after: int) -> str:
    """Return the text of the file with one more update after the one at index `after`: what is scheduled stays below it.

    `fields` are the update's fields in order, ready as YAML. Raises UsageError where `updates` is written in brackets.
    """
    source = record.source
    span = record.tree.spans["updates", after]
    if source[span.start] == "{":
        raise UsageError(
            f"updates in {relative(path)} are written in brackets",
            why="We cannot add to them without changing the rest of the file.",
            fix="Write each update on lines of its own, beginning with a dash.",
        )
    first_line = source.rfind("\n", 0, span.start) + 1
    dash = source[first_line : span.start]
    indent, inside = dash[: len(dash) - len(dash.lstrip())], " " * len(dash)
    end = _end_of_block(source, span.start, span.end, len(indent))
    lines = [f"{inside}{name}: {value}" for name, value in fields.items()]
    lines[0] = f"{indent}- {lines[0].strip()}"
    head = source[:end]
    return head + ("" if head.endswith("\n") else "\n") + "\n".join(lines) + "\n" + source[end:]


def _end_of_block(source: str, start: int, end: int, indent: int) -> int:
    """Return the offset right after a block's last line, before blank lines and comments that belong to what follows."""
    lines = source[start:end].splitlines(keepends=True)
    while lines and (
        not lines[-1].strip()
        or (lines[-1].lstrip().startswith("#") and len(lines[-1]) - len(lines[-1].lstrip()) <= indent)
    ):
        end -= len(lines.pop())
    if end < len(source) and not source[:end].endswith("\n"):
        end = source.find("\n", end - 1) + 1 or len(source)
    return end


def write_as_it_was(path: Path, text: str) -> None:
    """Write a record, with the line ends and the byte order mark that the file has."""
    raw = path.read_bytes()
    if b"\r\n" in raw:
        text = text.replace("\n", "\r\n")
    put(path, (b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b"") + text.encode())


def put(path: Path, body: bytes) -> None:
    """Write a file in one go: whoever reads it meanwhile sees the old one or the new one, never half of either."""
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(body)
    if path.exists():
        draft.chmod(path.stat().st_mode & 0o7777)
    draft.replace(path)
