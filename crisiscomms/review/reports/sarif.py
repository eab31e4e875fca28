"""Findings as SARIF 2.1.0, the exchange format of code scanners: rules with help, results with regions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import quote as quoted

from crisiscomms.errors import Finding, Severity
from crisiscomms.excerpt import Lines, span_of
from crisiscomms.review.rules import FAMILIES, Rule, rules

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note", Severity.QUESTION: "note"}


def sarif(findings: Iterable[Finding], lines: Lines, version: str) -> dict[str, Any]:
    """Return a SARIF log of one run. Columns count UTF-16 code units, as the log declares."""
    found = list(findings)
    known = rules()
    named = {finding.code: finding for finding in found}
    indexes = {code: number for number, code in enumerate(sorted(named))}
    driver = {
        "name": "crisiscomms",
        "version": version,
        "semanticVersion": version,
        "rules": [_rule(code, known.get(code), named[code]) for code in sorted(named)],
    }
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [_result(finding, indexes, lines, seen) for finding in found],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, rule: Rule | None, example: Finding) -> dict[str, Any]:
    """Return what a rule is about. What makes a record unreadable stands in no catalogue, and its finding explains it."""
    if rule is None:
        return {
            "id": code,
            "shortDescription": {"text": code.replace("-", " ")},
            "fullDescription": {"text": example.why},
            "help": {"text": f"{example.why}\n\nFix: {example.fix}"},
            "defaultConfiguration": {"level": _LEVELS[example.severity]},
        }
    help_ = [rule.why, f"Bad: {rule.bad}", f"Good: {rule.good}", f"Fix: {rule.fix}", f"Source: {rule.source}."]
    return {
        "id": code,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "help": {"text": "\n\n".join(help_)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [FAMILIES[rule.family]]},
    }


def _result(finding: Finding, indexes: dict[str, int], lines: Lines, seen: Counter[str]) -> dict[str, Any]:
    print_ = _fingerprint(finding, lines)
    seen[print_] += 1
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": indexes[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.why} Fix: {finding.fix}"},
        "partialFingerprints": {"crisiscomms/v1": f"{print_}:{seen[print_]}"},
    }
    if finding.place.file:
        result["locations"] = [_location(finding, lines)]
    if finding.accepted:
        result["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": finding.accepted}]
    return result


def _location(finding: Finding, lines: Lines) -> dict[str, Any]:
    uri = quoted(finding.place.file.replace("\\", "/"))
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": f"file://{uri}" if uri.startswith("/") else uri}}
    }
    if finding.place.line:
        location["physicalLocation"]["region"] = dict(_region(finding, lines))
    if finding.quote:
        location["logicalLocations"] = [{"name": finding.quote.message, "kind": "message"}]
    return location


def _region(finding: Finding, lines: Lines) -> Iterator[tuple[str, Any]]:
    place, source = finding.place, lines(finding.place.file)
    yield "startLine", place.line
    if not place.column or not 0 < place.line <= len(source):
        return
    line = source[place.line - 1]
    start, end = span_of(finding, line)
    yield "startColumn", _units(line[:start]) + 1
    if end > start:
        yield "endLine", place.line
        yield "endColumn", _units(line[:end]) + 1
        yield "snippet", {"text": line[start:end]}


def _units(text: str) -> int:
    """Return how many UTF-16 code units a text has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _fingerprint(finding: Finding, lines: Lines) -> str:
    """Return what stays the same when lines move: the rule, the file, what is said, and the line's own words."""
    source = lines(finding.place.file) if finding.place.line else ()
    line = source[finding.place.line - 1].strip() if 0 < finding.place.line <= len(source) else ""
    parts = (finding.code, finding.place.file, finding.message, line)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
