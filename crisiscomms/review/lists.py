"""The lists of people that an incident is told to: as long as a fact says, with a cell for each figure, in languages we know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from crisiscomms.errors import Finding, Place
from crisiscomms.fields import is_language, shown
from crisiscomms.record import Recipient
from crisiscomms.record.slips import slip_in
from crisiscomms.review.context import Case

_MOST_CELLS = 50
#: What lists call the column `language`.
_CALLED = frozenset({"language", "lang", "locale", "sprache", "langue", "idioma"})


def record_lists(case: Case) -> Iterator[Finding]:
    """Yield what a list of people lacks for what is to be written to them."""
    audiences = case.workspace.audiences(case.incident.audiences)
    named = set(case.update.audiences) if case.composed else set()
    for name, people in case.record.lists.items():
        if name in named and not people.count and not people.problems:
            yield case.warning(
                "empty-list",
                Place(people.file),
                f'"{case.update.id}" goes to {name}, and there is nobody on that list',
                "Nobody gets it by mail, and nothing says so to you later.",
                "Put the people back on the list, or take the audience out of the update.",
            )
        fact = case.incident.facts.get(audiences[name].counted_by or "")
        if fact and fact.value != people.count:
            yield case.error(
                "list-mismatch",
                ("audiences", name, "counted_by"),
                f"{people.file} has {people.count} people, and {audiences[name].counted_by} says {fact.value}",
                "Someone who should hear it does not, or someone hears it whom it does not concern.",
                "Correct the list or the fact. If both are right, remove counted_by.",
            )
        yield from _languages(case, name)
        for notice in case.composed.messages.notices if case.composed else ():
            if notice.audience == name and notice.language == case.workspace.language:
                yield from _empty_cells(case, name, notice.columns)


def _languages(case: Case, name: str) -> Iterator[Finding]:
    """Find people who would be written to in the first language because we cannot read which one is theirs."""
    people, first = case.record.lists[name], case.workspace.language
    audience = case.workspace.audiences(case.incident.audiences)[name]
    if len(audience.languages or case.workspace.settings.organisation.languages) < 2:
        return
    means = f"They are written to in the first language, {first}, which they may not read."
    called = next((column for column in people.columns if column.strip().lower() in _CALLED), "language")
    if called != "language" and "language" not in people.columns:
        yield case.warning(
            "unread-language",
            Place(people.file, 1),
            f'the list has no column "language", and one that is called "{shown(called)}"',
            means,
            "Call the column language.",
        )
    for said, line in people.languages.items():
        if said and not is_language(said.replace("_", "-").partition("-")[0].lower()):
            yield case.warning(
                "unread-language",
                Place(people.file, line),
                f'"{shown(said)}" under "language" is not the code of a language',
                means,
                "Write a code such as en, de or pt-BR.",
            )


def _empty_cells(case: Case, name: str, columns: tuple[str, ...]) -> Iterator[Finding]:
    """Find cells that leave a hole in a letter. The list is read again only where it is known to have some."""
    people, facts = case.record.lists[name], case.incident.facts
    if "name" not in people.slips and all(
        column in people.columns
        and column not in people.blank
        and column not in people.slips
        and not (column in facts and column in people.uncountable.keys() | people.fractions)
        for column in columns
    ):
        return
    found = (finding for person in people.people() for finding in _holes(case, people.file, person, columns))
    yield from islice(found, _MOST_CELLS)
    for more in islice(found, 1):
        yield replace(more, message="more such cells stand further down", fix="Correct these first.")


def _holes(case: Case, file: str, person: Recipient, columns: tuple[str, ...]) -> Iterator[Finding]:
    for column in dict.fromkeys(("name", *columns)):  # every letter greets by name, where the list has one
        written = person.value(column)
        if not written and column in columns:
            yield case.error(
                "empty-cell",
                Place(file, person.line),
                f'{person.email} has nothing under "{column}"',
                "Their letter would have a hole where their figure belongs.",
                "Fill the cell, or take the person off this list.",
            )
        elif slip := slip_in(written):
            yield case.error(
                "bad-cell",
                Place(file, person.line),
                f'"{written}" under "{column}" {slip}',
                "Their letter would show it where their own words or figure belong.",
                "Put the cell right and save the list again. A name may be left empty.",
            )
        elif written and (fact := case.incident.facts.get(column)) and fact.of_reader(written) is None:
            yield case.error(
                "bad-cell",
                Place(file, person.line),
                f'"{written}" under "{column}" is not a number of its kind',
                "Their letter would state a figure that is none.",
                "Write digits alone, without separators: 1719. Money may have a point and decimals: 84.20",
            )
