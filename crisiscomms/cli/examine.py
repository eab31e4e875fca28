"""Reading records and their messages as a critic would, and the reports of what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crisiscomms.errors import InvalidInput

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room
    from crisiscomms.record import Record
    from crisiscomms.review.reports.model import Checked, Report

#: How a report can be written.
FORMATS = ("text", "json", "sarif", "github", "html")


def examine(room: Room, records: Sequence[Record]) -> Report:
    """Review records with their messages."""
    from crisiscomms.cli.duties import pressing
    from crisiscomms.review.clocks import clocks
    from crisiscomms.review.reports.model import Report

    published = room.published()
    checked = tuple(_one(room, record, published) for record in records)
    ticking = pressing(one for record in records for one in clocks(record.incident, room.clock()))
    return Report(checked, tuple(ticking))


def _one(room: Room, record: Record, published: Any) -> Checked:
    from crisiscomms.channels.accounts import accounts
    from crisiscomms.messages.compose import compose
    from crisiscomms.review import Case, review
    from crisiscomms.review.fixes import CODES, marked
    from crisiscomms.review.reports.model import Checked
    from crisiscomms.review.reports.score import scores
    from crisiscomms.review.seen import later, seen, unread

    told = published.of(record.incident.id)
    posting = accounts(room.channels, room.workspace, record.incident.audiences)
    composed = compose(record.incident, room.workspace, room.voices, told, room.clock(), posting, record.texts)
    case = Case(record, room.workspace, told, room.clock(), composed)
    findings = review(case, posting)
    if any(finding.code in CODES for finding in findings):
        from crisiscomms.cli.mend import mends_of

        findings = marked(findings, mends_of(room, record))
    letters = tuple(seen(case)) if composed else ()
    scored = scores(case, letters, findings)
    shown = (*letters, *later(case), *unread(case)) if composed else ()
    return Checked(record.incident.id, record.tree.file, shown, scored, findings)


def written(report: Report, format_: str, organisation: str) -> str:
    """Return a report in one of the formats that are for programs and browsers."""
    from crisiscomms.excerpt import reader

    if format_ == "json":
        return _json(report)
    lines = reader()
    if format_ == "github":
        from crisiscomms.review.reports.annotations import annotate

        return "".join(f"{line}\n" for line in annotate(report.findings, lines))
    if format_ == "html":
        from crisiscomms.review.reports.page import report_page

        return report_page(report, organisation, lines)
    from importlib.metadata import version

    from crisiscomms.review.reports.sarif import sarif

    return json.dumps(sarif(report.findings, lines, version("crisiscomms")), ensure_ascii=False, indent=2) + "\n"


def _json(report: Report) -> str:
    from crisiscomms.review.reports.plain import plain

    if report.unread:
        error = InvalidInput(report.unread)
        found = {"format": "crisiscomms/error/1", "exit": error.exit_code, "problem": str(error)}
        plainly = {**found, "findings": [finding.to_json() for finding in error.findings]}
    else:
        plainly = plain(report)
    return json.dumps(plainly, ensure_ascii=False, indent=2, default=str) + "\n"


def keep(text: str, output: Path) -> None:
    """Write a report to a file. Raises UsageError where that cannot be."""
    from crisiscomms.errors import UsageError

    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written: {error.strerror}", fix="Name a file in a folder that is there."
        ) from error
