"""`crisiscomms check`: what review finds in a record and its messages."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Now, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.record import Record
    from crisiscomms.review.reports.model import Report


Explain = Annotated[
    str | None, typer.Option("--explain", metavar="CODE", help="Say what a rule is about, with examples, and stop.")
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text, json, sarif (for code scanners), github (notes beside the lines of a pull request) or html.",
    ),
]
Fix = Annotated[
    bool,
    typer.Option(
        "--fix",
        help="Mend what can be mended without changing what it says: gaps, dates, zones. Shown first, then asked.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="With --fix: do not ask.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="With --fix: never ask, and only show.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write the report into a file.")]


As = Annotated[
    str | None,
    typer.Option("--as", metavar="KIND", help="Check a text of your own: statement, faq, notice, post, memo or page."),
]
Against = Annotated[
    str | None, typer.Option("--record", metavar="ID", help="With --as: the incident that the text is about.")
]
Language = Annotated[
    str | None,
    typer.Option("--language", metavar="CODE", help="With --as: the text's language. Default: the workspace's first."),
]
IdsOrFile = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]... or FILE", help="Incidents; default: all that are open. With --as: a file, or -."),
]


@app.command()
@guarded
def check(
    ids: IdsOrFile = None,
    as_: As = None,
    against: Against = None,
    language: Language = None,
    folder: Folder = None,
    now: Now = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
    format_: Format = "text",
    output: Output = None,
    fix: Fix = False,
    yes: Yes = False,
    no_input: NoInput = False,
    explain: Explain = None,
) -> int:
    """Read records and their messages as a critic would. Exit 4 if anything must not go out.

    Example: crisiscomms check checkout-outage

    A text of your own: crisiscomms check letter.docx --as statement
    """
    from crisiscomms.cli.check_text import Asked, asks_for_text, check_text
    from crisiscomms.cli.examine import examine
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import say
    from crisiscomms.errors import InvalidInput

    if explain:
        from crisiscomms.review.explain import explain as in_words

        say(in_words(explain))
        return 0
    format_ = "json" if json else format_
    _known(format_)
    asked = Asked(ids or [], as_, against, language, folder, rehearsal, now)
    if asks_for_text(asked):
        report = check_text(asked)
        _hand_over(report, (), format_, output, "")
        return 4 if report.failed else 0
    room = open_room(folder, rehearsal=rehearsal, now=now)
    if fix:
        from crisiscomms.cli.mend import mend

        mend(room, ids or [], yes=yes, no_input=no_input, err=format_ != "text" and output is None)
    records: list[Record] = []
    try:
        records = room.incidents(ids or [])
        report = examine(room, records)
    except InvalidInput as error:
        from crisiscomms.cli.mend import marked_unread
        from crisiscomms.review.reports.model import Report

        unread = marked_unread(room, error.findings)
        if format_ == "text":
            raise InvalidInput(unread) from error
        report = Report(unread=unread)
    _hand_over(report, records, format_, output, room.workspace.settings.organisation.name)
    return InvalidInput.exit_code if report.unread else 4 if report.failed else 0


def _known(format_: str) -> None:
    from crisiscomms.cli.examine import FORMATS
    from crisiscomms.errors import UsageError, did_you_mean

    if format_ not in FORMATS:
        raise UsageError(
            f'"{format_}" is not a format.{did_you_mean(format_, FORMATS)}', fix=f"Choose one of: {', '.join(FORMATS)}."
        )


def _hand_over(
    report: "Report", records: "Iterable[Record]", format_: str, output: Path | None, organisation: str
) -> None:
    """Give the report to whoever asked. Words for people go to stderr where stdout is for a program."""
    from crisiscomms.cli.examine import keep, written
    from crisiscomms.cli.words import say

    if format_ == "text" and output:
        from contextlib import redirect_stdout
        from io import StringIO

        with redirect_stdout(StringIO()) as heard:
            _tell(report, records, err=False)
        keep(heard.getvalue(), output)
    elif format_ != "text":
        text = written(report, format_, organisation)
        if output:
            keep(text, output)
        else:
            sys.stdout.write(text)
    _tell(report, records, err=format_ != "text" and output is None)
    if output:
        say(f"Written: {output}")


def _tell(report: "Report", records: "Iterable[Record]", *, err: bool) -> None:
    """Say on the screen what was found: clocks, which message holds what, the findings, and how many there are."""
    from crisiscomms.cli.duties import show_clocks
    from crisiscomms.cli.scores import score_lines
    from crisiscomms.cli.words import count, paint, say, show_findings, summary

    show_clocks(report.clocks, err=err)
    for record in records:
        _echo_times(record, err=err)
    for one in report.records:
        if one.scores:
            say(paint(f"{one.incident}: what its messages hold", "bold"), err=err)
        for line in score_lines(one.scores):
            say(line, err=err)
        say(err=err)
    show_findings(report.findings, sys.stderr if err else sys.stdout)
    many = len(report.records)
    checked = report.about or (f"{count(many, 'record')} checked" if not report.unread else "A record cannot be read")
    say(f"{checked}: {summary(report.findings)}.{_then(report)}", err=err)


def _then(report: "Report") -> str:
    """Return what follows from the findings, in a sentence or two."""
    mendable = sum(finding.mendable for finding in report.findings)
    said = " Errors stop publish." if report.failed else ""
    return said + (f" check --fix can mend {mendable} of them." if mendable else "")


def _echo_times(record: "Record", *, err: bool) -> None:
    """Print the record's times as we read them: in their own zone and in UTC."""
    from crisiscomms.cli.words import say

    times = record.incident.times
    said = [
        (name, getattr(times, name)) for name in ("started", "noticed", "contained", "fixed") if getattr(times, name)
    ]
    newest = record.incident.updates[-1]
    said += [(f"update {newest.id}", newest.at), *([("next update", newest.next_update)] if newest.next_update else [])]
    say(f"{record.incident.id}: times as we read them", err=err)
    for name, when in said:
        say(f"  {name:<22} {when} {when.at.tzname()}  =  {when.utc:%Y-%m-%d %H:%M} UTC", err=err)
