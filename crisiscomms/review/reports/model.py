"""What was checked and what was found: one plain value that every report is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crisiscomms.errors import Finding, Severity

if TYPE_CHECKING:
    from crisiscomms.review.clocks import Ticking
    from crisiscomms.review.letter import Letter
    from crisiscomms.review.reports.score import Score


class Checked(NamedTuple):
    """One record: its file, its messages as readers see them, how each of them scores, and what was found.

    Or one text that somebody wrote by hand, as the only message; `incident` is empty where it was checked alone.
    """

    incident: str
    file: str
    letters: tuple[Letter, ...]
    scores: tuple[Score, ...]
    findings: tuple[Finding, ...]


class Report(NamedTuple):
    """Everything that one check found.

    `unread` is what keeps records from being read at all; where there is any, nothing else was looked at. `about` says
    what was checked, where that was a text.
    """

    records: tuple[Checked, ...] = ()
    clocks: tuple[Ticking, ...] = ()
    unread: tuple[Finding, ...] = ()
    about: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding."""
        return (*self.unread, *(finding for one in self.records for finding in one.findings))

    @property
    def failed(self) -> bool:
        """Whether something must not go out."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)
