"""Lists of people: CSV files with the columns email, name, language, and any column that a text cites."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crisiscomms.errors import Finding, Place, Severity, did_you_mean, relative
from crisiscomms.fields import is_email, shown
from crisiscomms.record.characters import UNPRINTABLE, code_point, invisible

_WHY = "People on this list might not be told, or the wrong people might be."
_MOST_PROBLEMS = 50
_LONGEST_CELL = 2_000
_IN_UTF8 = "Save the list as CSV in UTF-8."


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person on a list. `values` holds every column as written."""

    email: str
    name: str
    language: str
    values: tuple[tuple[str, str], ...]
    line: int

    @property
    def key(self) -> str:
        """The address as we compare it: nobody has two mailboxes that differ in case."""
        return self.email.lower()

    def value(self, column: str) -> str:
        """Return what the list says in a column, or an empty string."""
        return dict(self.values).get(column, "")


@dataclass(frozen=True, slots=True)
class Recipients:
    """A list as read: its file, its columns, its people, and what is wrong with it."""

    file: str
    columns: tuple[str, ...]
    people: tuple[Recipient, ...]
    problems: tuple[Finding, ...] = ()


def read_recipients(path: Path) -> Recipients:
    """Read a list. Problems are returned, all of them, and never raised."""
    name = relative(path)
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        return _unreadable(name, error, raw if isinstance(error, UnicodeDecodeError) else b"")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return Recipients(name, (), (), (_problem(Place(name, line), "is not a text file", _IN_UTF8),))
    rows = _rows(text)
    problems: list[Finding] = []
    people: list[Recipient] = []
    columns: tuple[str, ...] = ()
    try:
        first = next(rows, (1, []))
        columns = tuple(cell.strip() for cell in first[1])
        problems += _header(Place(name, first[0]), columns)
        if not problems:
            people += _people(name, columns, rows, problems)
    except _BrokenRow as error:
        problems.append(_problem(Place(name, error.line), f"cannot be read as CSV: {error}", error.fix))
    return Recipients(name, columns, tuple(people), tuple(problems))


def _unreadable(name: str, error: Exception, raw: bytes) -> Recipients:
    if isinstance(error, UnicodeDecodeError):
        line = raw.count(b"\n", 0, error.start) + 1
        problem = _problem(Place(name, line), "is not UTF-8 text", _IN_UTF8)
    else:
        reason = error.strerror if isinstance(error, OSError) else "no disk can hold that name"
        fix = "Check the name under recipients, counted from the folder of the record."
        problem = _problem(Place(name), f"cannot be opened: {reason}", fix)
    return Recipients(name, (), (), (problem,))


class _BrokenRow(Exception):
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


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line it begins on. Raises _BrokenRow."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise _BrokenRow(line, error) from error
        if row is None:
            return
        if row:
            yield line, row


def _header(place: Place, columns: tuple[str, ...]) -> Iterator[Finding]:
    if "email" not in columns:
        fix = "Write the names of the columns in the first line: email,name,language"
        if len(columns) == 1 and any(sign in columns[0] for sign in ";\t"):
            fix = "Its cells are parted by another sign. Save it with commas between the cells."
        near = next((c for c in columns if len(c) <= 80 and did_you_mean("email", [c.lower()])), "")
        yield _problem(place, 'has no column "email"' + (f', only one "{shown(near)}"' if near else ""), fix)
    for column in sorted({c for c in columns if columns.count(c) > 1 and c}):
        yield _problem(place, f'has the column "{shown(column)}" twice', "Remove one of them.")
    if "" in columns:
        fix = "Name it, or remove it: a comma too many at the end of the line makes one."
        yield _problem(place, f"has no name for column {columns.index('') + 1}", fix)
    for column in columns if "email" in columns else ():
        yield from _hidden(place, "the name of a column", column)


def _people(
    name: str, columns: tuple[str, ...], rows: Iterator[tuple[int, list[str]]], problems: list[Finding]
) -> Iterator[Recipient]:
    seen: dict[str, int] = {}
    for line, row in rows:
        cells = [cell.strip() for cell in row]
        values = {column: cells[at] if at < len(cells) else "" for at, column in enumerate(columns)}
        found = list(_flaws(Place(name, line), columns, row, values, seen))
        problems += found
        if len(problems) >= _MOST_PROBLEMS:
            problems.append(_problem(Place(name, line), "has more problems further down", "Correct these first."))
            return
        if not found:
            seen[values["email"].lower()] = line
            yield Recipient(
                values["email"], values.get("name", ""), values.get("language", ""), tuple(values.items()), line
            )


def _flaws(
    place: Place, columns: tuple[str, ...], row: list[str], values: dict[str, str], seen: dict[str, int]
) -> Iterator[Finding]:
    email = values["email"]
    if len(row) > len(columns):
        fix = "Put cells that hold a comma in quotes."
        yield _problem(place, "has more cells than the first line has columns", fix)
    elif not is_email(email):
        yield _problem(
            place,
            f'"{shown(email)}" is not a plain e-mail address' if email else "has no e-mail address",
            "Correct the address, or take the person off the list and write to them another way.",
            "bad-address",
        )
    elif email.lower() in seen:
        yield _problem(
            place,
            f"{shown(email)} stands here a second time; the first is on line {seen[email.lower()]}",
            "Keep one line for each person.",
            "duplicate-address",
        )
    for column, value in values.items():
        yield from _hidden(place, column, value)
        if len(value) > _LONGEST_CELL:
            yield _problem(place, f"{shown(column)} is longer than {_LONGEST_CELL:,} characters", "Shorten it.")


def _hidden(place: Place, column: str, value: str) -> Iterator[Finding]:
    """Yield what hides in a cell, or would begin a line of its own in the head of a mail."""
    if any(sign in value for sign in "\n\r"):
        message = f"{shown(column)} holds a line break, which could add lines to a mail"
        yield _problem(place, message, "Write the cell on one line.", "hidden-characters")
    hidden = [*invisible(value), *(c for c in UNPRINTABLE.findall(value) if c not in "\n\r")]
    if "\t" in value:
        hidden.append("\t")
    if hidden:
        names = ", ".join(code_point(c) for c in dict.fromkeys(hidden[:3]))
        yield _problem(
            place, f"{shown(column)} holds hidden characters ({names})", "Type the cell again.", "hidden-characters"
        )
    if "=?" in value:
        message = f"{shown(column)} holds the beginning of a coded mail header (=?)"
        yield _problem(place, message, "Write the words plainly.", "header-injection")


def _problem(place: Place, message: str, fix: str, code: str = "bad-list") -> Finding:
    return Finding(code, Severity.ERROR, place, message, _WHY, fix)
