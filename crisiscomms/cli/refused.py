"""`crisiscomms refused`: messages that a place refused for good, and a person's word about them."""

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.ledger import Row

refusals = typer.Typer(help="Messages that were refused for good.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(refusals, name="refused")


@refusals.command("list")
@guarded
def list_(folder: Folder = None, rehearsal: Rehearsal = False, json: Json = False) -> int:
    """List them by their reasons, and say what to do.

    Example: crisiscomms refused list
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.settling import MOST_NAMED, show_what_to_do
    from crisiscomms.cli.words import count, paint, say, show_json, tell, visible

    room = open_room(folder, rehearsal=rehearsal)
    rows = room.ledger.refused() if room.has_ledger else []
    if json:
        show_json("refused", rows=[_plain(row) for row in rows])
        return 0
    if not rows:
        say("Nothing is refused.")
        return 0
    tell(
        f"{count(len(rows), 'message was', 'messages were')} refused, and nobody has said yet what is to become of it."
    )
    reasons: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        reasons[_reason(row)].append(row)
    for reason, found in sorted(reasons.items(), key=lambda pair: -len(pair[1])):
        say()
        tell(paint(f"{visible(reason)}", "bold"))
        for row in found[:MOST_NAMED]:
            say(f"{row.id:>7}  {visible(row.recipient or row.channel)}, update {row.update_id}, by {row.channel}")
        if len(found) > MOST_NAMED:
            say(f"         and {len(found) - MOST_NAMED:,} more: crisiscomms refused list --json")
    first = "Put right what the reason names: the channel's settings, or the addresses in the list. Then:"
    why = '--reason "what was wrong"'
    answers = [
        ("To send them again:", f"--resend {why}"),
        ("To leave them, as nobody reads there:", f"--close {why}"),
    ]
    show_what_to_do("refused", [row.id for row in rows], first, answers, room.where)
    return 0


def _reason(row: "Row") -> str:
    import json

    known: dict[str, str] = json.loads(row.evidence or "{}")
    return known.get("reason") or "no reason given"


def _plain(row: "Row") -> dict[str, object]:
    names = ("id", "incident", "channel", "recipient")
    return {**{name: getattr(row, name) for name in names}, "update": row.update_id, "reason": _reason(row)}


@refusals.command()
@guarded
def resolve(
    rows: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers from refused list.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="Send them again with the next publish.")] = False,
    close: Annotated[bool, typer.Option("--close", help="Leave them: they are not listed any more.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="What was wrong.")] = "",
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Say what is to become of refused messages. It is recorded with your name.

    Example: crisiscomms refused resolve --all --resend --reason "the relay did not know us"
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.settling import chosen
    from crisiscomms.cli.words import count, done
    from crisiscomms.delivery.world import publishing
    from crisiscomms.errors import UsageError

    if resend + close != 1:
        raise UsageError(
            "say one of --resend or --close",
            why="A place may refuse a message because of its reader, or because of us.",
            fix="Look at the reasons, then choose: crisiscomms refused list",
        )
    room = open_room(folder, rehearsal=rehearsal)
    with publishing(room):
        known = [row.id for row in room.ledger.refused()] if room.has_ledger else []
        found = chosen("refused", known, rows or [], all_=all_, unless="not refused", where=room.where)
        settled = sum(room.ledger.resolve_refused(number, reason, again=resend) for number in found)
    again = f" They go out with the next: crisiscomms publish{room.where}" if resend else ""
    done("refused-resolve", [f"{count(settled, 'refusal')} settled.{again}"], as_json=json, settled=settled)
    return 0
