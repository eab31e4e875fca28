"""A report as one HTML page: each message with its words marked, beside what was found in it. No script, no request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from markupsafe import Markup

from crisiscomms.errors import Finding, Severity
from crisiscomms.excerpt import Lines, excerpt, words_at
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.messages.templates import packaged, page_template
from crisiscomms.review.letter import Letter
from crisiscomms.review.reports.model import Checked, Report
from crisiscomms.review.reports.score import elements
from crisiscomms.workspace import Look

_WIDE = 120


class _Piece(NamedTuple):
    """Some words of a message. `numbers` are the findings about them, `severity` that of the gravest."""

    text: str
    numbers: tuple[int, ...] = ()
    severity: str = ""


def report_page(report: Report, organisation: str, lines: Lines) -> str:
    """Return a self-contained HTML page."""
    theme = Look().style + packaged("site").joinpath("style.css").read_text(encoding="utf-8")
    numbers = {id(finding): number for number, finding in enumerate(report.findings, 1)}
    return page_template("check.html.j2").render(
        organisation=organisation,
        theme=Markup(theme),  # noqa: S704 -- our own file
        unread=[_told(finding, numbers, lines) for finding in report.unread],
        clocks=[clock.words for clock in report.clocks],
        records=[_record(one, numbers, lines) for one in report.records],
        counts={str(severity): _count(report.findings, severity) for severity in reversed(Severity)},
    )


def _count(findings: Iterable[Finding], severity: Severity) -> int:
    return sum(finding.severity is severity for finding in findings)


def _record(one: Checked, numbers: Mapping[int, int], lines: Lines) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    placed: set[int] = set()
    for letter in one.letters:
        mine = [finding for finding in one.findings if _concerns(finding, letter, lines)]
        messages.append(
            {
                "name": letter.name,
                "language": letter.language,
                "pieces": [_now(piece) for piece in _pieces(letter, mine, numbers, lines)],
                "findings": [_told(finding, numbers, lines) for finding in mine if id(finding) not in placed],
                "again": [numbers[id(finding)] for finding in mine if id(finding) in placed],
            }
        )
        placed |= {id(finding) for finding in mine}
    rest = [finding for finding in one.findings if id(finding) not in placed]
    return {
        "id": one.incident,
        "file": one.file,
        "findings": [_told(finding, numbers, lines) for finding in rest],
        "messages": messages,
        "scored": [score.message for score in one.scores],
        "elements": [
            {"name": element.name, "levels": [str(score.elements[key]) for score in one.scores]}
            for key, element in elements().items()
            if one.scores
        ],
    }


def _told(finding: Finding, numbers: Mapping[int, int], lines: Lines) -> dict[str, Any]:
    return {
        "number": numbers[id(finding)],
        "code": finding.code,
        "severity": str(finding.severity),
        "place": str(finding.place),
        "message": finding.message,
        "why": finding.why,
        "fix": finding.fix,
        "mendable": finding.mendable,
        "excerpt": _lines_of(finding, lines),
    }


def _lines_of(finding: Finding, lines: Lines) -> tuple[str, str] | None:
    """Return the line of the record that a finding is about and the marks below it, without what both are indented by."""
    found = excerpt(finding, _WIDE, lines) if finding.place.line else None
    if found is None:
        return None
    indent = min(len(found.line) - len(found.line.lstrip()), len(found.marks) - len(found.marks.lstrip()))
    return found.line[indent:], found.marks[indent:]


def _concerns(finding: Finding, letter: Letter, lines: Lines) -> bool:
    by_name = finding.quote is not None and finding.quote.message == letter.name
    return by_name or _span(finding, letter, lines) is not None


def _span(finding: Finding, letter: Letter, lines: Lines) -> tuple[int, int] | None:
    """Return where the words of a finding stand in a message, or None."""
    quote, place = finding.quote, finding.place
    if quote and quote.words and quote.message == letter.name and letter.text[quote.start : quote.end] == quote.words:
        return quote.start, quote.end
    source = lines(place.file)
    words = quote.words if quote else ""
    if not quote and 0 < place.line <= len(source):
        words = words_at(finding, source[place.line - 1])
    at = letter.text.find(words) if words and place.line else -1
    return (at, at + len(words)) if at >= 0 else None


def _pieces(letter: Letter, findings: Iterable[Finding], numbers: Mapping[int, int], lines: Lines) -> Iterator[_Piece]:
    """Yield a message in pieces, those that something was found about with the numbers of what was found."""
    spans = [(span, finding) for finding in findings if (span := _span(finding, letter, lines))]
    edges = sorted({0, len(letter.text), *(edge for span, _ in spans for edge in span)})
    order = list(Severity)
    for start, end in pairwise(edges):
        here = [finding for span, finding in spans if span[0] <= start and end <= span[1]]
        ending = tuple(numbers[id(finding)] for span, finding in spans if span[1] == end and finding in here)
        worst = max((finding.severity for finding in here), key=order.index, default="")
        yield _Piece(letter.text[start:end], ending, str(worst))


def _now(piece: _Piece) -> _Piece:
    return piece._replace(text=piece.text.replace(PUBLISHED_AT, "the time of publication"))
