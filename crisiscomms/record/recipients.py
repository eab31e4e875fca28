"""Lists of people: CSV files with the columns email, name, language, and any column that a text cites.

A list may hold a million people. It is checked in one pass that keeps nobody, and read again when they are needed.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple

from crisiscomms.errors import CrisiscommsError, Finding, InvalidInput, Place, relative
from crisiscomms.fields import figure_in, is_email
from crisiscomms.record.cells import harmless, header_flaws, problem, row_flaws
from crisiscomms.record.rows import BrokenRow, CsvFile, NotText, flat, not_text
from crisiscomms.record.slips import SLIPS

_MOST_PROBLEMS = 50
_PARTS = 64
#: More are no languages any more.
_MOST_LANGUAGES = 50
_is_whole = re.compile("[0-9]{1,15}").fullmatch


class ListChanged(CrisiscommsError):
    """A list is no longer what was checked."""

    exit_code = 5


class Recipient(NamedTuple):
    """One person on a list. `cells` holds what the list says under each of `columns`, `line` where the row begins."""

    email: str
    name: str
    language: str
    line: int
    columns: tuple[str, ...]
    cells: tuple[str, ...]

    @property
    def key(self) -> str:
        """The address as we compare it: nobody has two mailboxes that differ in case."""
        return self.email.lower()

    def value(self, column: str) -> str:
        """Return what the list says in a column, or an empty string."""
        return self.cells[self.columns.index(column)] if column in self.columns else ""


@dataclass(frozen=True, slots=True)
class Recipients:
    """What is known about a list after one pass: its columns, how many people it has, and what is wrong with it.

    `digest` is the SHA-256 of the file in hex. `blank` has the first line with nothing under a column, `uncountable`
    the first line and cell that is no figure; columns that have none are left out. `fractions` are columns with decimals.
    `slips` are columns in which something stands that is meant for nobody (see `slip_in`).
    `languages` has what stands under "language", each with its first line: the first so many, if there are very many.
    """

    file: str
    path: Path
    columns: tuple[str, ...] = ()
    count: int = 0
    digest: str = ""
    problems: tuple[Finding, ...] = ()
    blank: Mapping[str, int] = field(default_factory=dict)
    uncountable: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    fractions: frozenset[str] = frozenset()
    slips: frozenset[str] = frozenset()

    def people(self) -> Iterator[Recipient]:
        """Read the file again, one person at a time. Act on nobody before the last has come.

        Raises InvalidInput where the list has problems, and ListChanged, at the latest after the last person, where it
        is not what was checked.
        """
        if self.problems:
            raise InvalidInput(self.problems)
        return self._people()

    def _people(self) -> Iterator[Recipient]:
        try:
            with CsvFile(self.path) as file:
                batches = file.batches()
                next(batches, None)
                for lines, rows in batches:
                    yield from self._recipients(lines, rows)
                if file.digest() == self.digest:
                    return
        except (OSError, ValueError, NotText, BrokenRow) as error:
            raise _changed(self.file) from error
        raise _changed(self.file)

    def _recipients(self, lines: list[int], rows: list[list[str]]) -> Iterator[Recipient]:
        width = len(self.columns)
        if (cells := flat(rows, width)) is None:
            raise _changed(self.file)
        own = (
            cells[self.columns.index(name) :: width] if name in self.columns else repeat("")
            for name in ("email", "name", "language")
        )
        fields = zip(*own, lines, repeat(self.columns), zip(*[iter(cells)] * width, strict=True), strict=False)
        # What `Recipient._make` does, without a call in Python for each of a million people.
        return map(partial(tuple.__new__, Recipient), fields)


def _changed(file: str) -> ListChanged:
    return ListChanged(
        "the list changed after it was checked",
        place=Place(file),
        why="Nothing was sent.",
        fix="Run the command again, when nobody is writing to the list.",
    )


def read_recipients(path: Path) -> Recipients:
    """Check a list. Problems are returned, all of them, and never raised."""
    name = relative(path)
    try:
        return _checked(name, path)
    except OSError as error:
        reason = error.strerror
    except ValueError:
        reason = "no disk can hold that name"
    fix = "Check the name under recipients, counted from the folder of the record."
    return Recipients(name, path, problems=(problem(Place(name), f"cannot be opened: {reason}", fix),))


def _checked(name: str, path: Path) -> Recipients:
    try:
        check = _Check(name, path)
        found = check.run()
        if again := check.repeated():
            first, found = found, _Check(name, path, again).run()
            if first.digest != found.digest and not found.problems:
                changed = problem(Place(name), "changed while it was read", "Run the command again.")
                return Recipients(name, path, problems=(changed,))
    except (NotText, UnicodeDecodeError):
        line, what = not_text(path)
        return Recipients(
            name,
            path,
            problems=(
                problem(Place(name, line), what, "Save the list as CSV in UTF-8. A spreadsheet calls that CSV UTF-8."),
            ),
        )
    return found


class _Check:
    """One pass over a list. `again` has the hashes of the addresses that may stand there twice."""

    def __init__(self, name: str, path: Path, again: frozenset[int] = frozenset()) -> None:
        self.name, self.path = name, path
        self.columns: tuple[str, ...] = ()
        self.count = 0
        self.problems: list[Finding] = []
        self.blank: dict[str, int] = {}
        self.uncountable: dict[str, tuple[int, str]] = {}
        self.languages: dict[str, int] = {}
        self.fractions: set[str] = set()
        self.slips: set[str] = set()
        self._email = 0
        self._again = again
        self._first: dict[str, int] = {}
        # A set of a million addresses takes over 100 MB, their hashes 8. In parts, they are compared a few at a time.
        self._hashes = [array("q") for _ in range(_PARTS)]

    def run(self) -> Recipients:
        """Read the whole file. Raises NotText, UnicodeDecodeError, OSError."""
        with CsvFile(self.path) as file:
            batches = file.batches()
            try:
                (line,), (header,) = next(batches, ([1], [[]]))
                self.columns = tuple(cell.strip() for cell in header)
                self.problems += header_flaws(Place(self.name, line), self.columns)
                if not self.problems:
                    self._email = self.columns.index("email")
                    self._rows(batches)
            except BrokenRow as error:
                place = Place(self.name, error.line)
                self.problems.append(problem(place, f"cannot be read as CSV: {error}", error.fix))
            digest, found = file.digest(), tuple(self.problems)
        known = self.blank, self.uncountable, self.languages, frozenset(self.fractions), frozenset(self.slips)
        return Recipients(self.name, self.path, self.columns, self.count, digest, found, *known)

    def repeated(self) -> frozenset[int]:
        """Return hashes that came twice: at least those of the first rows that can be told as problems."""
        found: set[int] = set()
        for part in self._hashes:
            if len(set(part)) < len(part):
                # Twice as many as are told: some repeat only a row that was refused, and such rows are fewer than those.
                found.update(islice(_again(part), 2 * _MOST_PROBLEMS))
        return frozenset(found)

    def _rows(self, batches: Iterator[tuple[list[int], list[list[str]]]]) -> None:
        for lines, rows in batches:
            cells = flat(rows, len(self.columns))
            if cells and self._clean(cells):
                self._take(lines, cells)
                continue
            for line, row in zip(lines, rows, strict=True):
                self._row(line, row)
                if len(self.problems) >= _MOST_PROBLEMS:
                    place = Place(self.name, line)
                    self.problems.append(problem(place, "has more problems further down", "Correct these first."))
                    return

    def _clean(self, cells: list[str]) -> bool:
        """Say whether there is plainly nothing wrong with some rows."""
        emails = cells[self._email :: len(self.columns)]
        return harmless(cells) and all(map(is_email, emails)) and self._again.isdisjoint(map(_hashed, emails))

    def _row(self, line: int, row: list[str]) -> None:
        """Look at one row with care."""
        cells = flat([row], len(self.columns)) or [cell.strip() for cell in row]
        email = cells[self._email]
        found = [*row_flaws(Place(self.name, line), self.columns, cells, self._first.get(email.lower(), 0))]
        if found:
            self.problems += found
            self._remember([email])
            return
        self._take([line], cells)
        if _hashed(email) in self._again:
            self._first[email.lower()] = line

    def _take(self, lines: list[int], cells: list[str]) -> None:
        """Count rows in. Note the first blank cell of each column, and the first that cannot be counted."""
        width = len(self.columns)
        self.count += len(lines)
        self._remember(cells[self._email :: width])
        for at, column in enumerate(self.columns):
            values = cells[at::width]
            if column not in self.uncountable and not all(map(_is_whole, values)):
                self._look(column, lines, values)
            if column in self.uncountable and at != self._email and not SLIPS.isdisjoint(values):
                self.slips.add(column)
            if column not in self.blank and "" in values:
                self.blank[column] = lines[values.index("")]

        if "language" in self.columns:
            said = cells[self.columns.index("language") :: width]
            for new in set(said).difference(self.languages) if len(self.languages) < _MOST_LANGUAGES else ():
                self.languages[new] = lines[said.index(new)]

    def _look(self, column: str, lines: list[int], values: list[str]) -> None:
        """Note the first cell of a column that is no figure, or that some have decimals."""
        figures = list(map(figure_in, values))
        if None in figures:
            nth = figures.index(None)
            self.uncountable[column] = lines[nth], values[nth]
        elif any(isinstance(figure, float) for figure in figures):
            self.fractions.add(column)

    def _remember(self, emails: list[str]) -> None:
        for number in map(_hashed, emails):
            self._hashes[number % _PARTS].append(number)


def _hashed(email: str) -> int:
    return hash(email.lower())


def _again(numbers: Iterable[int]) -> Iterator[int]:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            yield number
        seen.add(number)
