"""What can go wrong, and how we say it.

Every error answers four questions: where, what, what it means for readers, how to fix it.

    CrisiscommsError             1   something we did not foresee
    ├── UsageError               2   the command was given something it cannot use
    ├── InvalidInput             3   a record, list, template or workspace cannot be read; carries findings
    ├── ReviewFailed             4   the messages are readable, and must not go out
    ├── NotApproved              5   the plan needs a word from someone else first
    ├── PlanChanged              5   the world moved since the plan was shown
    ├── PublishedInPart          6   some of it is out, some is not, or is in doubt
    └── Busy                     7   someone else is publishing

The command line is the only place that turns these into an exit code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple


class Severity(StrEnum):
    """How much a finding weighs. Errors stop `publish`; a question is for a person, and nothing depends on it."""

    QUESTION = "question"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Place(NamedTuple):
    """Where something stands: a file, with a line and a column that count from 1 (0: not known)."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Print `file:line:column`, leaving out what is not known."""
        parts = [self.file] + [str(n) for n in (self.line, self.column) if n]
        return ":".join(part for part in parts if part)


class Quote(NamedTuple):
    """Where a finding stands in a message: the message's name, and the words, by where they begin and end in its text."""

    message: str
    start: int = 0
    end: int = 0
    sentence: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or may be.

    `code` is a stable word such as `fact-mismatch`. `why` says what it means for the reader of the message,
    `fix` what to write instead. `quote` is where it stands in a message, `accepted` the reason for which the record
    silences it, and `mendable` says that `check --fix` can put it right.
    """

    code: str
    severity: Severity
    place: Place
    message: str
    why: str
    fix: str
    quote: Quote | None = None
    accepted: str = ""
    mendable: bool = False

    def at(self, place: Place) -> Finding:
        """Return the same finding at another place."""
        return replace(self, place=place)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain data. `check.schema.json` among the reports of the review is its shape."""
        quote = self.quote
        return {
            "code": self.code,
            "severity": str(self.severity),
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message,
            "why": self.why,
            "fix": self.fix,
            "mendable": self.mendable,
            "accepted": self.accepted or None,
            "quote": {"message": quote.message, "sentence": quote.sentence, "words": quote.words} if quote else None,
        }


class CrisiscommsError(Exception):
    """The root: anything this package raises on purpose. `sent` is how many messages the same command had sent before."""

    exit_code = 1
    sent = 0

    def __init__(self, problem: str, *, place: Place | None = None, why: str = "", fix: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.why = why
        self.fix = fix


class UsageError(CrisiscommsError):
    """The command was given something it cannot use."""

    exit_code = 2


class InvalidInput(CrisiscommsError):
    """A record, list, template or workspace cannot be read. Carries every problem that could be reached."""

    exit_code = 3

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings, key=lambda finding: finding.place))
        super().__init__("; ".join(f"{finding.place}: {finding.message}" for finding in self.findings))


class ReviewFailed(CrisiscommsError):
    """Review found errors. Nothing of the plan was sent."""

    exit_code = 4

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(f"review found {sum(f.severity is Severity.ERROR for f in self.findings)} errors")


class NotApproved(CrisiscommsError):
    """The plan leaves this machine and needs other people's word first."""

    exit_code = 5


class PlanChanged(CrisiscommsError):
    """What would be published now is not what was shown."""

    exit_code = 5


class PublishedInPart(CrisiscommsError):
    """Some messages are out, and some are not or are in doubt."""

    exit_code = 6


class Unreachable(CrisiscommsError):
    """The ledger cannot be opened now."""


class Busy(CrisiscommsError):
    """Someone else is publishing from this workspace."""

    exit_code = 7


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "x"?` for the nearest known word, or an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


def relative(path: Path) -> str:
    """Return a path as people type it: relative to the current folder where that is shorter."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
