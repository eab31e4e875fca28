"""Findings as GitHub shows them beside the lines of a pull request: one workflow command each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crisiscomms.errors import Finding, Severity
from crisiscomms.excerpt import Lines, span_of

_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
    Severity.QUESTION: "notice",
}
#: GitHub's own escapes: in the text of a command, and besides those in its properties.
_IN_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def annotate(findings: Iterable[Finding], lines: Lines) -> Iterator[str]:
    """Yield a line for each finding, the most serious first: GitHub shows only the first few."""
    order = {severity: place for place, severity in enumerate(reversed(Severity))}
    for finding in sorted(findings, key=lambda found: (order[found.severity], found.place)):
        text = f"{finding.message}\n{finding.why}\nFix: {finding.fix}"
        if finding.mendable:
            text += "\ncheck --fix can mend it."
        properties = ",".join(f"{name}={value.translate(_IN_PROPERTY)}" for name, value in _where(finding, lines))
        yield f"::{_COMMANDS[finding.severity]} {properties}::{text.translate(_IN_TEXT)}"


def _where(finding: Finding, lines: Lines) -> Iterator[tuple[str, str]]:
    place = finding.place
    if place.file:
        yield "file", place.file
    if place.line:
        yield "line", str(place.line)
        source = lines(place.file)
        if place.column:
            yield "col", str(place.column)
        if place.column and place.line <= len(source):
            start, end = span_of(finding, source[place.line - 1])
            if end > start:
                yield "endColumn", str(end + 1)
    yield "title", finding.code
