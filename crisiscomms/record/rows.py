"""A CSV file as it comes in: its rows, the lines they begin on, and the digest of its bytes. None of it is kept."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Self

_BLOCK = 65_536
_BATCH = 128


class NotText(Exception):
    """A file holds a null byte, which no text does."""


class BrokenRow(Exception):
    """A row breaks the rules of CSV: `line` is where it begins, `fix` what to do."""

    def __init__(self, line: int, error: csv.Error) -> None:
        said = str(error)
        self.line, self.fix = line, "Check the quotes on that line."
        if "end of data" in said:
            said = "a quote is opened on this line and never closed"
        elif "field limit" in said:
            said = f"a cell is longer than {csv.field_size_limit():,} characters"
            self.fix = "A quote may be missing at its end."
        else:
            said = "a quote stands in the middle of a cell"
            self.fix = 'Put the whole cell in quotes, and write "" for a quote inside it.'
        super().__init__(said)


class CsvFile:
    """A CSV file in UTF-8, open for one reading from its first byte to its last. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._bytes = _Hashed(path)
        self._text = io.TextIOWrapper(io.BufferedReader(self._bytes), encoding="utf-8-sig", newline="")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    def batches(self) -> Iterator[tuple[list[int], list[list[str]]]]:
        """Yield the rows that are not blank with the lines they begin on: first one alone, then many at a time.

        Raises BrokenRow after the rows before it, NotText, UnicodeDecodeError, OSError.
        """
        begins: list[str] = []
        while not "".join(begins).strip() and (read := self._text.readline()):
            begins.append(read)
        # Where a comma parts decimals, Excel parts the cells with semicolons, and can do nothing else.
        signs = re.sub(r'"[^"]*"', "", "".join(begins))
        sign = ";" if ";" in signs and "," not in signs else ","
        reader = csv.reader(chain(begins, self._text), strict=True, delimiter=sign)
        lines: list[int] = []
        rows: list[list[str]] = []
        line, most, broken = 1, 1, None
        try:
            for row in reader:
                if row:
                    lines.append(line)
                    rows.append(row)
                    if len(rows) == most:
                        yield lines, rows
                        lines, rows, most = [], [], _BATCH
                line = reader.line_num + 1
        except csv.Error as error:
            broken = BrokenRow(line, error)
        if rows:
            yield lines, rows
        if broken:
            raise broken

    def digest(self) -> str:
        """Read what is left, and return the SHA-256 of all bytes in hex. Raises NotText, UnicodeDecodeError, OSError."""
        while self._text.read(_BLOCK):
            pass
        return self._bytes.sha256.hexdigest()


def flat(rows: list[list[str]], width: int) -> list[str] | None:
    """Return the cells of rows, stripped, one row after the other, `width` to each. None: a row has more."""
    lengths = {*map(len, rows)}
    if max(lengths) > width:
        return None
    if lengths != {width}:
        rows = [row + [""] * (width - len(row)) for row in rows]
    return [*map(str.strip, chain.from_iterable(rows))]


class _Hashed(io.FileIO):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sha256 = hashlib.sha256()

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        taken = bytes(memoryview(buffer)[:count])
        if b"\0" in taken:
            raise NotText
        self.sha256.update(taken)
        return count


def not_text(path: Path) -> tuple[int, str]:
    """Return the line on which a file stops being text, and what it is instead. Raises OSError."""
    decoder, line, null = codecs.getincrementaldecoder("utf-8")(), 1, 0
    with path.open("rb") as handle:
        while True:
            block = handle.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return line + error.object.count(b"\n", 0, error.start), "is not UTF-8 text"
            if not block:
                return null, "is not a text file"
            if not null and b"\0" in block:
                null = line + block.count(b"\n", 0, block.index(b"\0"))
            line += block.count(b"\n")
