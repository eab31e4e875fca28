"""Findings on the screen: grouped by file or message, each with the line it is about and a mark under the words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crisiscomms.cli.words import visible, wrapped
from crisiscomms.errors import Finding, Severity
from crisiscomms.excerpt import Lines, excerpt, reader

_COLOURS = {Severity.QUESTION: "dim", Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.ERROR: "red"}
_ORDER = list(Severity)
_NARROWEST, _USUAL = 40, 80

#: A line, and its colour or nothing.
Line = tuple[str, str]


def finding_lines(findings: Sequence[Finding], width: int) -> Iterator[Line]:
    """Yield findings as lines: the groups and the findings in them in order of weight, the most serious last.

    `width` is how many columns there are; nought: sentences stay on one line each.
    """
    lines = reader()
    for name, group in _groups(findings):
        yield visible(name), "bold"
        for finding in group:
            yield from _finding(finding, name, width and max(width, _NARROWEST), lines)
            yield "", ""


def _groups(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda found: (_ORDER.index(found.severity), found.place)):
        in_message = finding.quote and not finding.place.line
        name = finding.quote.message if finding.quote and in_message else finding.place.file
        groups.setdefault(name or "in general", []).append(finding)
    return sorted(groups.items(), key=lambda group: _ORDER.index(group[1][-1].severity))


def _finding(finding: Finding, group: str, width: int, lines: Lines) -> Iterator[Line]:
    place = f"{visible(str(finding.place))}  " if str(finding.place) != group else ""
    yield f"{place}{finding.severity}  [{finding.code}]", _COLOURS[finding.severity]
    yield from _excerpt(finding, width or _USUAL, lines)
    fix = f"Fix: {finding.fix}"
    if finding.mendable:
        fix += " Can be mended by --fix."
    for said in (finding.message, finding.why, fix):
        for line in wrapped(f"  {visible(said)}", width):
            yield line, ""


def _excerpt(finding: Finding, width: int, lines: Lines) -> Iterator[Line]:
    gutter = f"  {finding.place.line or '':>4} | "
    found = excerpt(finding, width - len(gutter), lines)
    if found is None:
        return
    blank = f"{'|':>{len(gutter) - 1}} "
    yield gutter + found.line, "dim"
    yield blank + found.marks + (f" here: {found.repeated}" if found.repeated else ""), _COLOURS[finding.severity]
