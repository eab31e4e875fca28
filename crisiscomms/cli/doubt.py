"""`crisiscomms doubt`: messages that may or may not have arrived, and a person's word about them."""

import json as json_
from typing import Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Rehearsal, app, guarded

doubts = typer.Typer(help="Messages that may or may not have arrived.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(doubts, name="doubt")


@doubts.command("list")
@guarded
def list_(folder: Folder = None, rehearsal: Rehearsal = False, json: Json = False) -> int:
    """List them with their evidence.

    Example: crisiscomms doubt list
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, say, show_json
    from crisiscomms.ledger import State

    room = open_room(folder, rehearsal=rehearsal)
    rows = room.ledger.rows(State.DOUBT) if room.has_ledger else []
    if json:
        show_json(
            "doubt",
            rows=[
                {
                    "id": r.id,
                    "incident": r.incident,
                    "update": r.update_id,
                    "channel": r.channel,
                    "recipient": r.recipient,
                    "evidence": json_.loads(r.evidence or "{}"),
                }
                for r in rows
            ],
        )
        return 0
    for row in rows:
        evidence = "; ".join(f"{key}: {value}" for key, value in json_.loads(row.evidence or "{}").items())
        say(f"{row.id:>7}  {row.incident} {row.update_id}  {row.channel}  {row.recipient or 'the account'}")
        say(f"         {evidence}")
    say(
        f"{count(len(rows), 'message')} in doubt."
        + (
            " Ask the people or the place, then: crisiscomms doubt resolve ID --sent, --resend or --close"
            if rows
            else ""
        )
    )
    return 0


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
) -> int:
    """Settle doubts by your word. It is recorded with your name.

    Example: crisiscomms doubt resolve 41 42 --resend --reason "they called us"
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, say
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
        known = {row.id for row in room.ledger.rows(State.DOUBT)} if room.has_ledger else set()
        chosen = sorted(known) if all_ else rows or []
        unknown = [str(number) for number in chosen if number not in known]
        if unknown or not (all_ or chosen):
            raise UsageError(
                f"not in doubt: {', '.join(unknown)}" if unknown else "say which ones, by their numbers, or --all",
                fix="See: crisiscomms doubt list",
            )
        done = sum(room.ledger.resolve_doubt(number, to, reason) for number in chosen)
    say(f"{count(done, 'doubt')} settled." + (" They go out with the next: crisiscomms publish" if resend else ""))
    return 0
