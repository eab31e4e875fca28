"""How the command line speaks: errors, findings, colours, and the order of things on the screen."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from crisiscomms.errors import CrisiscommsError, Finding, InvalidInput, ReviewFailed, Severity

_COLOURS = {"red": "31", "yellow": "33", "green": "32", "bold": "1", "dim": "2"}


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Return text in a colour, where the stream is a terminal and nobody asked for none."""
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def say(text: str = "", *, err: bool = False) -> None:
    """Print a line."""
    stream = sys.stderr if err else sys.stdout
    stream.write(f"{text}\n")


def show_json(kind: str, **parts: Any) -> None:
    """Print a versioned JSON object on stdout."""
    say(json.dumps({"format": f"crisiscomms/{kind}/1", **parts}, ensure_ascii=False, indent=2, default=str))


def done(kind: str, words: list[str], *, as_json: bool, **parts: Any) -> None:
    """Say what was done: words for people, or one JSON object for programs with the words on stderr."""
    for line in words:
        say(line, err=as_json)
    if as_json:
        show_json(kind, **parts)


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data."""
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "why": finding.why,
        "fix": finding.fix,
    }


def show_findings(findings: Iterable[Finding], stream: TextIO | None = None) -> None:
    """Print findings: where, what, what it means for readers, and the fix. The most serious come last."""
    out = stream or sys.stderr
    order = {severity: place for place, severity in enumerate(Severity)}
    colours = {Severity.QUESTION: "dim", Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.ERROR: "red"}
    for finding in sorted(findings, key=lambda f: (order[f.severity], f.place)):
        head = f"{finding.place}  {finding.severity}  [{finding.code}]"
        out.write(
            f"{paint(head, colours[finding.severity], out)}\n  {visible(finding.message)}\n  {visible(finding.why)}\n  Fix: {visible(finding.fix)}\n\n"
        )


def visible(text: str) -> str:
    """Return text with control and direction characters spelled out, so that a hostile record cannot paint the screen."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def summary(findings: Iterable[Finding]) -> str:
    """Return how many findings of each weight there are."""
    found = list(findings)
    errors = sum(f.severity is Severity.ERROR for f in found)
    warnings = sum(f.severity is Severity.WARNING for f in found)
    return f"{count(errors, 'error')}, {count(warnings, 'warning')}"


def show_error(error: CrisiscommsError, *, as_json: bool = False) -> None:
    """Print an error: the problem first, the fix last."""
    findings = error.findings if isinstance(error, InvalidInput | ReviewFailed) else ()
    if as_json:
        show_json("error", exit=error.exit_code, problem=str(error), findings=[finding_json(f) for f in findings])
    if findings:
        show_findings(findings)
        say(f"{summary(findings)}. Nothing was sent.", err=True)
        return
    place = f"{error.place}: " if error.place else ""
    say(paint(f"{place}{visible(error.problem)}", "red", sys.stderr), err=True)
    for line in (error.why, f"Fix: {error.fix}" if error.fix else ""):
        if line:
            say(f"  {visible(line)}", err=True)


def show_fault() -> None:
    """Say that crisiscomms itself failed, and keep the traceback in a file. Its values are not in it."""
    trace = "".join(traceback.format_exc())
    if os.environ.get("CRISISCOMMS_DEBUG"):
        sys.stderr.write(trace)
        return
    handle, name = tempfile.mkstemp(prefix="crisiscomms-", suffix=".log")
    os.close(handle)
    Path(name).write_text(trace, encoding="utf-8")
    say(paint("Something went wrong inside crisiscomms.", "red", sys.stderr), err=True)
    say("  What was sent is in the ledger: crisiscomms status", err=True)
    say(f"  The details are in {name}. Please report them.", err=True)
