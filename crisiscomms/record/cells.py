"""What may stand in the cells of a list, and what is said about the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crisiscomms.errors import Finding, Place, Severity, did_you_mean
from crisiscomms.fields import is_email, shown
from crisiscomms.record.characters import BLANK, code_point, find_unprintable, invisible

_WHY = "People on this list might not be told, or the wrong people might be."
_LONGEST_CELL = 2_000
#: A longer name fits no line of a mail's head, and is nobody's.
_LONGEST_NAME = 200
_BLANK = re.compile(f"[{''.join(sorted(BLANK))}]")


def problem(place: Place, message: str, fix: str, code: str = "bad-list") -> Finding:
    """Build a finding about a list."""
    return Finding(code, Severity.ERROR, place, message, _WHY, fix)


def header_flaws(place: Place, columns: tuple[str, ...]) -> Iterator[Finding]:
    """Yield what is wrong with the names of the columns."""
    if "email" not in columns:
        fix = "Write the names of the columns in the first line: email,name,language"
        if len(columns) == 1 and "\t" in columns[0]:
            fix = "Its cells are parted by tabs. Save it as CSV, with commas or semicolons between the cells."
        near = next((c for c in columns if len(c) <= 80 and did_you_mean("email", [c.lower()])), "")
        yield problem(place, 'has no column "email"' + (f', only one "{shown(near)}"' if near else ""), fix)
    for column in sorted({c for c in columns if columns.count(c) > 1 and c}):
        yield problem(place, f'has the column "{shown(column)}" twice', "Remove one of them.")
    if "" in columns:
        fix = "Name it, or remove it: a comma too many at the end of the line makes one."
        yield problem(place, f"has no name for column {columns.index('') + 1}", fix)
    for column in columns if "email" in columns else ():
        yield from _hidden(place, "the name of a column", column)


def harmless(cells: Sequence[str]) -> bool:
    """Say at small cost, for many cells at once, whether `cell_flaws` has nothing to say. False: it may have."""
    text = ",".join(cells)
    return (
        text.isprintable()
        and "=?" not in text
        and (len(text) <= _LONGEST_NAME or max(map(len, cells)) <= _LONGEST_NAME)
        and (text.isascii() or not _BLANK.search(text))
    )


def row_flaws(place: Place, columns: tuple[str, ...], cells: Sequence[str], first: int) -> Iterator[Finding]:
    """Yield what is wrong with a row. `first` is the line on which its address stood before, or 0."""
    email = cells[columns.index("email")]
    if len(cells) > len(columns):
        fix = "Put cells that hold a comma in quotes."
        yield problem(place, "has more cells than the first line has columns", fix)
    elif not is_email(email):
        yield problem(
            place,
            f'"{shown(email)}" is not a plain e-mail address' if email else "has no e-mail address",
            "Correct the address, or take the person off the list and write to them another way.",
            "bad-address",
        )
    elif first:
        yield problem(
            place,
            f"{shown(email)} stands here a second time; the first is on line {first}",
            "Keep one line for each person, with all that is theirs in it: both lots, both amounts.",
            "duplicate-address",
        )
    yield from cell_flaws(place, columns, cells)


def cell_flaws(place: Place, columns: tuple[str, ...], cells: Sequence[str]) -> Iterator[Finding]:
    """Yield what no cell may hold, whatever its column."""
    for column, cell in zip(columns, cells, strict=False):
        yield from _hidden(place, column, cell)
        most = _LONGEST_NAME if column == "name" else _LONGEST_CELL
        if len(cell) > most:
            yield problem(place, f"{shown(column)} is longer than {most:,} characters", "Shorten it.")


def _hidden(place: Place, column: str, value: str) -> Iterator[Finding]:
    """Yield what hides in a cell, or would begin a line of its own in the head of a mail."""
    if any(sign in value for sign in "\n\r"):
        message = f"{shown(column)} holds a line break, which could add lines to a mail"
        yield problem(place, message, "Write the cell on one line.", "hidden-characters")
    hidden = [*invisible(value), *(match[0] for match in find_unprintable(value) if match[0] != "\r")]
    if "\t" in value:
        hidden.append("\t")
    if hidden:
        names = ", ".join(code_point(c) for c in dict.fromkeys(hidden[:3]))
        yield problem(
            place, f"{shown(column)} holds hidden characters ({names})", "Type the cell again.", "hidden-characters"
        )
    if "=?" in value:
        message = f"{shown(column)} holds the beginning of a coded mail header (=?)"
        yield problem(place, message, "Write the words plainly.", "header-injection")
