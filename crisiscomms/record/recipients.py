"""Lists of people: CSV files with the columns email, name, language, and any column that a text cites."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crisiscomms.errors import Finding, Place, Severity, relative
from crisiscomms.fields import is_email
from crisiscomms.record.tree import invisible

_WHY = "People on this list might not be told, or the wrong person might be."


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
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return Recipients(
            name,
            (),
            (),
            (
                _problem(
                    Place(name),
                    f"cannot be opened: {error.strerror}",
                    "Check the name under recipients, counted from the folder of the record.",
                ),
            ),
        )
    except UnicodeDecodeError:
        return Recipients(name, (), (), (_problem(Place(name), "is not UTF-8 text", "Save the list as CSV in UTF-8."),))
    if "\0" in text:
        return Recipients(
            name, (), (), (_problem(Place(name), "is not a text file", "Save the list as CSV in UTF-8."),)
        )
    rows = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    try:
        columns = tuple(column.strip() for column in rows.fieldnames or ())
        problems = list(_header(name, columns))
        rows.fieldnames = list(columns)
        people = [] if problems else list(_people(name, rows, problems))
    except csv.Error as error:
        return Recipients(
            name,
            (),
            (),
            (
                _problem(
                    Place(name, rows.line_num), f"cannot be read as CSV: {error}", "Check the quotes on that line."
                ),
            ),
        )
    return Recipients(name, columns, tuple(people), tuple(problems))


def _header(name: str, columns: tuple[str, ...]) -> Iterator[Finding]:
    if "email" not in columns:
        yield _problem(
            Place(name, 1),
            'has no column "email"',
            "Write the names of the columns in the first line: email,name,language",
        )
    for column in {c for c in columns if columns.count(c) > 1}:
        yield _problem(Place(name, 1), f'has the column "{column}" twice', "Remove one of them.")


def _people(name: str, rows: csv.DictReader[str], problems: list[Finding]) -> Iterator[Recipient]:
    seen: dict[str, int] = {}
    for row in rows:
        line = rows.line_num
        values = {column: (value or "").strip() for column, value in row.items() if column}
        email = values.get("email", "")
        place = Place(name, line)
        if "" in row:
            problems.append(
                _problem(
                    place, "has more cells than the first line has columns", "Put cells that hold a comma in quotes."
                )
            )
        elif not is_email(email):
            problems.append(
                _problem(
                    place,
                    f'"{_printable(email)}" is not a plain e-mail address',
                    "Correct the address, or take the person off the list and write to them another way.",
                    "bad-address",
                )
            )
        elif email.lower() in seen:
            problems.append(
                _problem(
                    place,
                    f"{email} stands here a second time; the first is on line {seen[email.lower()]}",
                    "Keep one line for each person.",
                    "duplicate-address",
                )
            )
        elif bad := [
            c
            for value in values.values()
            for c in [*invisible(value), *(x for x in value if x < " " or "\ue000" <= x <= "\uf8ff")]
        ] or ["=?" for value in values.values() if "=?" in value]:
            problems.append(
                _problem(
                    place,
                    f"holds hidden characters ({', '.join(f'U+{ord(c[0]):04X}' for c in bad[:3])})",
                    "Type the cell again.",
                    "hidden-characters",
                )
            )
        else:
            seen[email.lower()] = line
            yield Recipient(email, values.get("name", ""), values.get("language", ""), tuple(values.items()), line)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:80])


def _problem(place: Place, message: str, fix: str, code: str = "bad-list") -> Finding:
    return Finding(code, Severity.ERROR, place, message, _WHY, fix)
