"""`crisiscomms check`: what review finds in a record and its messages."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Now, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.record import Record


Explain = Annotated[
    str | None, typer.Option("--explain", metavar="CODE", help="Say what a rule is about, with examples, and stop.")
]


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
    explain: Explain = None,
) -> int:
    """Read records and their messages as a critic would. Exit 4 if anything must not go out.

    Example: crisiscomms check checkout-outage

    A text of your own: crisiscomms check letter.docx --as statement
    """
    from crisiscomms.channels.accounts import accounts
    from crisiscomms.cli.check_text import Asked, asks_for_text, check_text
    from crisiscomms.cli.duties import pressing, show_clocks
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, finding_json, say, show_findings, show_json, summary
    from crisiscomms.errors import Finding, Severity
    from crisiscomms.messages.compose import compose
    from crisiscomms.review import Case, review
    from crisiscomms.review.clocks import clocks

    if explain:
        from crisiscomms.review.explain import explain as in_words

        say(in_words(explain))
        return 0
    asked = Asked(ids or [], as_, against, language, folder, rehearsal, now)
    if asks_for_text(asked):
        return check_text(asked, json=json)
    room = open_room(folder, rehearsal=rehearsal, now=now)
    records = room.incidents(ids or [])
    published = room.published()
    findings: list[Finding] = []
    for record in records:
        told = published.of(record.incident.id)
        posting = accounts(room.channels, room.workspace, record.incident.audiences)
        composed = compose(record.incident, room.workspace, room.voices, told, room.clock(), posting, record.texts)
        findings += review(Case(record, room.workspace, told, room.clock(), composed), posting)
    ticking = pressing(one for record in records for one in clocks(record.incident, room.clock()))
    if json:
        ids = [record.incident.id for record in records]
        running = [one.to_json() for one in ticking]
        show_json("check", incidents=ids, clocks=running, findings=[finding_json(f) for f in findings])
    show_clocks(ticking, err=json)
    sys.stdout.flush()
    show_findings(findings)
    for record in records:
        _echo_times(record, err=json)
    say(f"{count(len(records), 'record')} checked: {summary(findings)}.", err=json)
    return 4 if any(finding.severity is Severity.ERROR for finding in findings) else 0


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
