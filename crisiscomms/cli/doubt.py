"""`crisiscomms doubt`: messages that may or may not have arrived, and a person's word about them."""

import json as json_
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crisiscomms.cli.app import Folder, Json, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.ledger import Row

#: How many messages are shown with all that is known about them.
_MOST_SHOWN = 20

doubts = typer.Typer(help="Messages that may or may not have arrived.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(doubts, name="doubt")


@doubts.command("list")
@guarded
def list_(folder: Folder = None, rehearsal: Rehearsal = False, json: Json = False) -> int:
    """List them, with all that is known about each, and say what to do.

    Example: crisiscomms doubt list
    """
    from crisiscomms.cli.evidence import Evidence
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.settling import show_what_to_do
    from crisiscomms.cli.words import count, say, show_json, tell
    from crisiscomms.ledger import State

    room = open_room(folder, rehearsal=rehearsal)
    rows = room.ledger.rows(State.DOUBT) if room.has_ledger else []
    evidence = Evidence(room)
    if json:
        show_json("doubt", rows=[{**_plain(row), "known": evidence.about(row)} for row in rows])
        return 0
    if not rows:
        say("Nothing is in doubt.")
        return 0
    tell(f"{count(len(rows), 'message')} may or may not have arrived. Nothing of this is sent again before you say so.")
    for row in rows[:_MOST_SHOWN]:
        _show(row.id, evidence.about(row))
    if len(rows) > _MOST_SHOWN:
        say()
        tell(f"And {len(rows) - _MOST_SHOWN:,} more, all of them in: crisiscomms doubt list --json")
    first = (
        "Ask the people, or look for the Message-ID in the log of the server. Then say what you found, for some or all:"
    )
    how = '--reason "how you know"'
    answers = [
        ("It arrived:", f"--sent {how}"),
        ("It did not, or twice is better than never:", f"--resend {how}"),
        ("Nobody will ever know, and never is better than twice:", f"--close {how}"),
    ]
    show_what_to_do("doubt", [row.id for row in rows], first, answers, room.where)
    return 0


def _plain(row: "Row") -> dict[str, Any]:
    return {
        "id": row.id,
        "incident": row.incident,
        "update": row.update_id,
        "channel": row.channel,
        "recipient": row.recipient,
        "evidence": json_.loads(row.evidence or "{}"),
    }


def _show(number: int, known: dict[str, str]) -> None:
    """Print one message in doubt."""
    from crisiscomms.cli.words import paint, say, tell, visible

    lines = {
        "message": known["message"],
        "": known["of"],
        "it stood": known["stood"],
        "since": known["since"],
        "server": known["server"],
        "last word": known["last_word"],
        "worker": known["worker"],
        "Message-ID": known["message_id"],
    }
    say()
    say(paint(f"{number:>7}  {visible(known['to'])}", "bold"))
    for name, words in lines.items():
        if words:
            tell(f"         {name:<11} {visible(words)}")


@doubts.command()
@guarded
def resolve(
    rows: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers from doubt list.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    sent: Annotated[bool, typer.Option("--sent", help="It arrived.")] = False,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend", help="It did not arrive, or twice is better than never: send it again with the next publish."
        ),
    ] = False,
    close: Annotated[bool, typer.Option("--close", help="Nobody will ever know. Leave it.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="How you know.")] = "",
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Settle doubts by your word. It is recorded with your name.

    Example: crisiscomms doubt resolve 41 42 --resend --reason "they called us"
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.settling import chosen
    from crisiscomms.cli.words import count, done
    from crisiscomms.delivery.world import publishing
    from crisiscomms.errors import UsageError
    from crisiscomms.ledger import State

    if sent + resend + close != 1:
        raise UsageError(
            "say one of --sent, --resend or --close",
            why="Nobody but you can know.",
            fix="Ask the person or look at the place, then choose.",
        )
    room = open_room(folder, rehearsal=rehearsal)
    to = State.SENT_BY_WORD if sent else State.PLANNED if resend else State.CLOSED
    with publishing(room):
        known = [row.id for row in room.ledger.rows(State.DOUBT)] if room.has_ledger else []
        found = chosen("doubt", known, rows or [], all_=all_, unless="not in doubt", where=room.where)
        settled = sum(room.ledger.resolve_doubt(number, to, reason) for number in found)
    again = f" They go out with the next: crisiscomms publish{room.where}" if resend else ""
    done("doubt-resolve", [f"{count(settled, 'doubt')} settled.{again}"], as_json=json, settled=settled)
    return 0
