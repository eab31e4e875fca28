"""What texts cite must be there: facts, times, promises, and the columns of a list where everyone who reads has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crisiscomms.errors import Finding, Place, Severity
from crisiscomms.fields import shown
from crisiscomms.record.citations import Citation, places
from crisiscomms.record.model import Incident
from crisiscomms.record.names import Names
from crisiscomms.record.recipients import Recipients
from crisiscomms.record.texts import Passage, passages
from crisiscomms.record.tree import Path_, Tree
from crisiscomms.record.wording import hint, listed

_BROKEN = "Readers would see a name with a dollar sign instead of the figure."


def bad_citations(
    incident: Incident, tree: Tree, names: Names, lists: Mapping[str, Recipients], harmed: frozenset[Path_]
) -> Iterator[Finding]:
    """Yield every citation that cannot be said. In entries that lost something, who reads them is not known."""
    check = _Cited(names, lists)
    for passage in passages(incident):
        where = (*passage.path, passage.language)
        path = where if where in tree.spans else passage.path
        if path in tree.spans:
            yield from check.of(passage, tree, path, unsure=passage.path[:2] in harmed)
    yield from check.uncountable.values()


def unciteable(
    passage: Passage, tree: Tree, path: Path_, names: Names, lists: Mapping[str, Recipients]
) -> Iterator[Finding]:
    """Yield every citation of one text that cannot be said. The text stands at a path of a tree."""
    check = _Cited(names, lists)
    yield from check.of(passage, tree, path)
    yield from check.uncountable.values()


class _Cited:
    """`uncountable` are the cells of lists that should hold a number and do not, by list and column."""

    def __init__(self, names: Names, lists: Mapping[str, Recipients]) -> None:
        self.names, self.lists = names, lists
        self.known = names.citable()
        self.uncountable: dict[tuple[str, str], Finding] = {}

    def of(self, passage: Passage, tree: Tree, path: Path_, *, unsure: bool = False) -> Iterator[Finding]:
        """Yield what one text cites that cannot be said. `unsure`: who reads it is not known."""
        for citation, starts in places(passage.words, self.names.facts).values():
            if citation.what == "recipient" and unsure:
                continue
            if (said := self.problem(passage, citation)) is None:
                continue
            for start in starts:
                nth = passage.words.count(citation.written, 0, start)
                place = tree.place_of(path, citation.written, nth)
                yield Finding("bad-citation", Severity.ERROR, place, said[0], _BROKEN, said[1])

    def problem(self, passage: Passage, citation: Citation) -> tuple[str, str] | None:
        """Return what is wrong with a citation and how to fix it, or None."""
        written, name = citation.written, citation.name
        if citation.what == "recipient":
            return self._column(passage, citation)
        if citation.what == "unknown" or (
            citation.what == "promise" and (citation.detail != "due" or name not in self.names.promises)
        ):
            fix = f"Known: {listed(self.known)}. For a dollar sign write $$."
            return f"cites {shown(written)}, which the record does not have.{hint(written, self.known)}", fix
        if citation.what == "time" and name not in self.names.times:
            return (
                f"cites {written}, and times.{name} is not known yet",
                f"Add times.{name}, or say it without the time.",
            )
        if name == "duration" and citation.what == "derived" and not self.names.times >= {"started", "fixed"}:
            return (
                "cites $duration, and times.started or times.fixed is not known yet",
                "Add both times, or say it without the duration.",
            )
        return None

    def _column(self, passage: Passage, citation: Citation) -> tuple[str, str] | None:
        written, column = shown(citation.written), citation.name
        owners = _owners(passage)
        if not owners or any(owner in self.names.audiences and owner not in self.names.listed for owner in owners):
            return (
                f"cites {written} in a text that everyone may read",
                "Only the texts of an audience with a list may cite its columns.",
            )
        for owner in owners:
            people = self.lists.get(owner)
            if people and not people.problems and column not in people.columns:
                return (
                    f'cites {written}, and the list of {owner} has no column "{column}".{hint(column, people.columns)}',
                    f"Columns of {people.file}: {listed(people.columns)}.",
                )
            if people and citation.detail and column in people.columns:
                self._count(people, column)
        if citation.detail and column not in self.names.facts:
            return (
                f"cites {written}, and there is no fact {column} to take the unit from",
                "Name the column like the fact it counts.",
            )
        return None

    def _count(self, people: Recipients, column: str) -> None:
        """Note the first cell of a column that cannot be counted."""
        if found := people.uncountable.get(column):
            line, written = found
            self.uncountable[people.file, column] = Finding(
                "bad-list",
                Severity.ERROR,
                Place(people.file, line),
                f'{column} is "{shown(written)}", and a text counts with it',
                "This reader would not be told how many.",
                "Write digits without separators in every line: 1719. Money may have a point and decimals: 84.20",
            )


def _owners(passage: Passage) -> list[str]:
    """Return the audiences that a text is for alone. None: everyone may read it."""
    if passage.audience:
        return [passage.audience]
    return list(passage.update.audiences) if passage.update and passage.private else []
