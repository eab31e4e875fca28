"""From a file to its text: which reader reads what, and how long a file may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from crisiscomms.errors import InvalidInput, UsageError, relative
from crisiscomms.messages.prose import to_text
from crisiscomms.record.characters import replace_unprintable
from crisiscomms.record.handwritten import parse_text
from crisiscomms.review.texts.docx import read_docx
from crisiscomms.review.texts.eml import read_eml
from crisiscomms.review.texts.page import read_html
from crisiscomms.review.texts.problems import bounded, unreadable
from crisiscomms.review.texts.written import Written, aligned, by_line

#: The longest text that is read, in characters.
MOST = 200_000


class _Kind(NamedTuple):
    """How files of one kind are read, and how many bytes they may have."""

    read: Callable[[str, bytes], Written]
    most_bytes: int


def _markdown(name: str, raw: bytes) -> Written:
    source = _source(name, raw)
    try:
        text = to_text(source)
    except RecursionError as error:
        raise unreadable(name, "is nested deeper than any letter", "Save the text itself, as .txt.") from error
    return Written(name, text, tuple(aligned(text, source)))


def _plain(name: str, raw: bytes) -> Written:
    text = _source(name, raw)
    return Written(name, text, tuple(by_line(text)))


def _source(name: str, raw: bytes) -> str:
    tree = parse_text(raw, name)
    if tree.problems:
        raise InvalidInput(tree.problems)
    return tree.source


_KINDS = {
    ".md": _Kind(_markdown, MOST),
    ".txt": _Kind(_plain, MOST),
    ".html": _Kind(read_html, 1_000_000),
    ".htm": _Kind(read_html, 1_000_000),
    ".docx": _Kind(read_docx, 20_000_000),
    ".eml": _Kind(read_eml, 10_000_000),
}
#: The endings of files that can be read.
SUFFIXES = tuple(_KINDS)


def read_text(name: str, stdin: BinaryIO) -> tuple[Written, str]:
    """Return the text of a file, or of standard input for "-", and its Markdown where it is Markdown.

    Raises UsageError for a kind of file that we cannot read, and InvalidInput for one that is broken.
    """
    path = Path(name)
    kind = _KINDS.get(".md" if name == "-" else path.suffix.lower())
    if kind is None:
        known = f"Save it as one of {', '.join(SUFFIXES)}, or pass the text through: crisiscomms check - --as statement"
        raise UsageError(f"{name} is no kind of file that we read", why="Nothing was looked at.", fix=known)
    raw = _bytes(name, path, kind.most_bytes, stdin)
    shown = name if name == "-" else relative(path)
    written = kind.read(shown, raw)
    bounded(shown, written.text, MOST)
    clean = replace_unprintable(written.text, " ")
    source = raw.decode("utf-8-sig") if kind.read is _markdown else ""
    return replace(written, text=clean), source


def _bytes(name: str, path: Path, most: int, stdin: BinaryIO) -> bytes:
    try:
        if name == "-":
            raw = stdin.read(most + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(most + 1)
    except OSError as error:
        reason = error.strerror or "it is no file"
        raise unreadable(name, f"cannot be opened: {reason}", "Check its name, and that you may read it.") from error
    if len(raw) > most:
        fix = "Save the letter alone in a file, without pictures and attachments."
        raise unreadable(name, f"is too large for a letter (more than {most:,} bytes)", fix)
    if not raw.strip():
        raise unreadable(name, "is empty", "Name the file that the text is in.")
    return raw
