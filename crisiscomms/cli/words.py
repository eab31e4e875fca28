"""How the command line speaks: errors, findings, colours, and the order of things on the screen."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import textwrap
import traceback
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from crisiscomms.errors import CrisiscommsError, Finding, InvalidInput, ReviewFailed, Severity, UsageError, relative

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


def wrapped(text: str, width: int, deeper: str = "") -> list[str]:
    """Return a text in lines that break between words, each as far in as the first, and deeper. Nought: no width."""
    start = text[: len(text) - len(text.lstrip())]
    lines = [f"{start if number else ''}{line}" for number, line in enumerate(text.split("\n"))]
    if not width:
        return lines
    breaker = textwrap.TextWrapper(
        width, subsequent_indent=start + deeper, break_long_words=False, break_on_hyphens=False
    )
    return [piece for line in lines for piece in breaker.wrap(line) or [""]]


def tell(text: str, colour: str = "", *, deeper: str = "  ", err: bool = False) -> None:
    """Print a sentence. At a terminal no word is cut in two: what is longer than a line goes on below it, deeper."""
    stream = sys.stderr if err else sys.stdout
    for line in wrapped(text, _width(stream), deeper):
        say(paint(line, colour, stream) if colour else line, err=err)


def show_json(kind: str, **parts: Any) -> None:
    """Print a versioned JSON object on stdout."""
    say(json.dumps({"format": f"crisiscomms/{kind}/1", **parts}, ensure_ascii=False, indent=2, default=str))


def done(kind: str, words: list[str], *, as_json: bool, **parts: Any) -> None:
    """Say what was done: words for people, or one JSON object for programs with the words on stderr."""
    for line in words:
        tell(line, err=as_json)
    if as_json:
        show_json(kind, **parts)


def show_findings(findings: Iterable[Finding], stream: TextIO | None = None) -> None:
    """Print findings, each with the words it is about. The most serious come last."""
    from crisiscomms.cli.findings import finding_lines

    out = stream or sys.stderr
    for text, colour in finding_lines(list(findings), _width(out)):
        out.write(f"{paint(text, colour, out) if colour else text}\n")


def _width(stream: TextIO) -> int:
    """Return how wide lines may be: nought where they go to a file, which has no width."""
    return min(shutil.get_terminal_size().columns, 100) if stream.isatty() else 0


def visible(text: str) -> str:
    """Return text with control and direction characters spelled out, so that a hostile record cannot paint the screen."""
    text = text.replace("\u00a0", " ").replace("\u202f", " ")  # the spaces of figures: 1 719 €
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def unwritable(error: OSError) -> UsageError | None:
    """Return in words what the system refused about a file. None where it was about something else."""
    if not isinstance(error.filename, str | Path) or not error.strerror:
        return None
    return UsageError(
        f"{relative(Path(error.filename))} cannot be read or written: {error.strerror}",
        why="The command stopped there. What was sent is in the ledger.",
        fix="Check that the disk has room, and who may write there. Then run the command again.",
    )


def answer() -> str:
    """Return what a person types after a question. Nothing where they close the input instead."""
    try:
        return input("> ").strip()
    except EOFError:
        return ""


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def summary(findings: Iterable[Finding]) -> str:
    """Return how many findings of each weight there are. What there is none of is left out, save errors and warnings."""
    found = list(findings)
    weights = Counter(finding.severity for finding in found)
    accepted = sum(bool(finding.accepted) for finding in found)
    said = [count(weights[Severity.ERROR], "error"), count(weights[Severity.WARNING], "warning")]
    said += [count(weights[Severity.QUESTION], "question")] if weights[Severity.QUESTION] else []
    noted = weights[Severity.INFO] - accepted
    said += [count(noted, "note")] if noted else []
    said += [f"{accepted} accepted in the record"] if accepted else []
    return ", ".join(said)


def show_error(error: CrisiscommsError, *, as_json: bool = False) -> None:
    """Print an error: the problem first, the fix last."""
    findings = error.findings if isinstance(error, InvalidInput | ReviewFailed) else ()
    if as_json:
        show_json(
            "error",
            exit=error.exit_code,
            problem=str(error),
            findings=[f.to_json() for f in findings],
            **({"sent": error.sent} if error.sent else {}),
        )
    if findings:
        show_findings(findings)
        say(f"{summary(findings)}. {'Nothing else' if error.sent else 'Nothing'} was sent.", err=True)
        return
    place = f"{error.place}: " if error.place else ""
    tell(f"{place}{visible(error.problem)}", "red", deeper="", err=True)
    for line in (error.why, f"Fix: {error.fix}" if error.fix else ""):
        if line:
            tell(f"  {visible(line)}", deeper="", err=True)


def show_any(error: Exception) -> int:
    """Say that the ledger's database failed, or that crisiscomms itself did. Returns the exit code."""
    if os.environ.get("CRISISCOMMS_DEBUG"):
        sys.stderr.write(traceback.format_exc())
        return 1
    if "sqlalchemy" in sys.modules:
        from crisiscomms.ledger.engines import failure

        if known := failure(error):
            show_error(known)
            return known.exit_code
    _show_fault()
    return 1


def _show_fault() -> None:
    """Say that crisiscomms itself failed, and keep the traceback in a file. Its values are not in it."""
    handle, name = tempfile.mkstemp(prefix="crisiscomms-", suffix=".log")
    os.close(handle)
    Path(name).write_text(traceback.format_exc(), encoding="utf-8")
    say(paint("Something went wrong inside crisiscomms.", "red", sys.stderr), err=True)
    say("  What was sent is in the ledger: crisiscomms status", err=True)
    say(f"  The details are in {name}. Please report them.", err=True)
