"""`crisiscomms plan`: what would go where, before anything goes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crisiscomms.cli.app import Folder, Ids, Json, Now, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room
    from crisiscomms.plan.model import Item, Plan

Corrections = Annotated[
    bool, typer.Option("--corrections", help="Send corrections to everyone who was told a figure that has changed.")
]
Late = Annotated[bool, typer.Option("--late", help="Send an update although it is old by now.")]


@app.command()
@guarded
def plan(
    ids: Ids = None,
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    now: Now = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one page with every message as its readers would see it."),
    ] = None,
    corrections: Corrections = False,
    late: Late = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 10 if there is anything to publish.")] = False,
    json: Json = False,
) -> int:
    """Show what publishing would do now. Sends nothing.

    Example: crisiscomms plan checkout-outage --html plan.html
    """
    from crisiscomms.cli.outcome import say_astray
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import say, show_findings
    from crisiscomms.plan.build import Choices, build_plan
    from crisiscomms.plan.page import plan_page

    room = open_room(folder, rehearsal=rehearsal, now=now)
    records = room.incidents(ids or [])
    made = build_plan(room.world(), records, Choices(corrections, late))
    show_findings(finding for one in made.incidents for finding in one.findings)
    if html:
        html.write_text(plan_page(made, room.workspace.settings.organisation.name), encoding="utf-8")
    if json:
        show_plan_json(made)
    else:
        show_plan(made)
        show_next(room, made, ids or [], corrections=corrections, late=late)
        say_astray(room)
    if html:
        say(f"Every message as its readers would see it: {html}", err=json)
    if made.errors:
        return 4
    return 10 if exit_code and (made.changes or left_over(room)) else 0


_SIGNS = {"create": "+", "revise": "~", "correct": "±", "keep": "=", "schedule": "…", "block": "!"}
_LEGEND = {
    "create": "+ new",
    "revise": "~ revised",
    "correct": "± correction",
    "keep": "= as it is",
    "schedule": "… waits for its time",
    "block": "! does not go",
}


def show_plan(plan: "Plan") -> None:
    """Print a plan for people."""
    from crisiscomms.cli.words import paint, say

    past = [one for one in plan.incidents if one.record.incident.history]
    if past:
        say(paint("Past incidents, onto the pages only", "bold"))
    for one in past:
        for item in one.items:
            say(f"  {_SIGNS[item.action]} {item.channel:<9} {one.id}" + (f": {item.reason}" if item.reason else ""))
            _show_diff(item)
    for one in plan.incidents:
        if one in past:
            continue
        say(paint(one.id, "bold"))
        if not one.items:
            say("  Nothing is due yet.")
        for item in one.items:
            say(f"  {_SIGNS[item.action]} {item.channel:<9} {_about(item)}")
            _show_diff(item)
        say()
    used = dict.fromkeys(str(item.action) for one in plan.incidents for item in one.items)
    if used:
        say("  " + "   ".join(_LEGEND[action] for action in used))


def _about(item: "Item") -> str:
    from crisiscomms.cli.words import count

    to = f" to {item.audience} ({item.language})" if item.audience else ""
    people = f": {count(len(item.drafts), 'person', 'people')}" if item.audience and item.drafts else ""
    when = f", not before {item.not_before}" if item.action == "schedule" else ""
    return f"{item.title}{to}{people}{when}" + (f": {item.reason}" if item.reason else "")


def _show_diff(item: "Item") -> None:
    from crisiscomms.cli.words import paint, say, visible
    from crisiscomms.plan.diff import word_diff

    if item.action not in {"revise", "correct"} or not item.before:
        return
    lines = word_diff(item.before, item.after)
    for line in lines[:12]:
        shown = "".join(
            visible(part.words)
            if part.kind == "kept"
            else paint(f"[-{visible(part.words.strip())}-] ", "red")
            if part.kind == "gone"
            else paint(f"{{+{visible(part.words.strip())}+}} ", "green")
            for part in line
        )
        say(f"      {shown}")
    if len(lines) > 12:
        say(f"      and {len(lines) - 12} more lines: see plan --html FILE")


def show_next(room: "Room", plan: "Plan", ids: list[str], *, corrections: bool, late: bool) -> None:
    """Print the summary, the fingerprint and the exact next command."""
    from crisiscomms.cli.words import count, say, summary

    changes = plan.changes
    if left := left_over(room):
        say(
            f"Not out yet of what was published before: {left:,}. It goes first, as it was published: crisiscomms publish{room.where}"
        )
    blocked = sum(item.action == "block" for one in plan.incidents for item in one.items)
    if not changes and blocked:
        say(f"Nothing goes: {count(blocked, 'message does', 'messages do')} not, for the reasons above.")
        return
    if not changes:
        whose = "the records say" if ids else "the open records say. One that is over is looked at by its name"
        say("Nothing to publish." if left else f"Nothing to publish. What is out says what {whose}.")
        return
    counts = {
        action: sum(1 for one in plan.incidents for item in one.items if item.action == action) for action in _SIGNS
    }
    mails = sum(len(item.drafts) for item in changes if item.audience)
    say(
        f"Plan: {counts['create']} new, {counts['revise']} revised, {counts['correct']} corrected, {counts['keep']} as they are, {counts['schedule']} waiting, {counts['block']} not going. Mails: {mails:,}."
    )
    if mails and room.has_ledger and (off := room.ledger.suppressed()):
        who = count(off, "reader has", "readers have")
        say(f"{who} asked for no more mail: none of these goes to them, unless it is a legal notice.")
    say(f"Fingerprint: {plan.fingerprint}")
    if plan.errors:
        say(f"It cannot be published as it is: {summary(plan.errors)}.")
        return
    words = ["crisiscomms publish", *ids, f"--plan {plan.fingerprint}"]
    words += ["--rehearsal"] if room.rehearsal else []
    words += [f'--now "{room.fixed_now:%Y-%m-%d %H:%M%z}"'] if room.fixed_now and room.rehearsal else []
    words += ["--corrections"] if corrections else []
    words += ["--late"] if late else []
    say(f"To carry out exactly this:  {' '.join(words)}")


def left_over(room: "Room") -> int:
    """Return how many messages an earlier publication has left."""
    if not room.has_ledger:
        return 0
    return room.ledger.left(publication.id for publication in room.ledger.open_publications())


def show_plan_json(plan: "Plan") -> None:
    """Print a plan for programs."""
    from crisiscomms.cli.words import show_json

    def line(item: "Item") -> dict[str, Any]:
        return {
            "action": str(item.action),
            "channel": item.channel,
            "kind": item.kind,
            "update": item.update,
            "audience": item.audience,
            "language": item.language,
            "people": len(item.drafts),
            "reason": item.reason,
            "not_before": item.not_before,
            "digest": item.digest,
        }

    incidents = [
        {"id": one.id, "items": [line(item) for item in one.items], "findings": [f.to_json() for f in one.findings]}
        for one in plan.incidents
    ]
    show_json("plan", fingerprint=plan.fingerprint, changes=len(plan.changes), incidents=incidents)
