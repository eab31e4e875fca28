"""`crisiscomms hold` and `release`: stop before the next message, and go on."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Now, Rehearsal, app, guarded

What = Annotated[str, typer.Argument(metavar="WHAT", help="An incident, channel:NAME, or everything.")]


@app.command()
@guarded
def hold(
    what: What,
    reason: Annotated[str, typer.Option("--reason", help="Why. Whoever comes next reads it.")] = "",
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Stop an incident, a channel or everything before the next message, even while someone publishes.

    Where it is on hold already, a new reason replaces the old one.

    Example: crisiscomms hold everything --reason "counsel is reading it"
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import done
    from crisiscomms.errors import UsageError, did_you_mean
    from crisiscomms.published import EVERYTHING

    room = open_room(folder, rehearsal=rehearsal)
    known = [
        *room.workspace.incidents(),
        *(f"channel:{name}" for name in room.workspace.settings.channels),
        EVERYTHING,
    ]
    if what not in known:
        raise UsageError(
            f'"{what}" is neither an incident nor a channel here.{did_you_mean(what, known)}',
            fix=f"Known: {', '.join(known)}.",
        )
    before = room.ledger.hold(what, reason)
    if before is None:
        words = [
            f"On hold: {what}. Nothing of it goes out from now on. To go on: crisiscomms release {what}{room.where}"
        ]
    else:
        since = f"{datetime.fromisoformat(before.since).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        words = [f"{what} is on hold already, since {since} by {before.by}: {before.reason}."]
        again = f"To go on: crisiscomms release {what}{room.where}"
        if reason in {"", before.reason}:
            words.append(f'To change the reason: crisiscomms hold {what} --reason "why"{room.where}. {again}')
        else:
            words.append(f"The reason is now: {reason}. {again}")
    done("hold", words, as_json=json, scope=what, new=before is None, reason=room.ledger.holds()[what])
    return 0


@app.command()
@guarded
def release(
    what: What, folder: Folder = None, rehearsal: Rehearsal = False, now: Now = None, json: Json = False
) -> int:
    """Lift a hold, and show what would go now. Sends nothing itself: workers go on with what had begun, else publish does.

    Example: crisiscomms release everything
    """
    from crisiscomms.cli.plan import show_next, show_plan
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import done
    from crisiscomms.errors import UsageError
    from crisiscomms.plan.build import build_plan

    room = open_room(folder, rehearsal=rehearsal, now=now, sends=True)
    if not room.has_ledger or not room.ledger.release(what):
        held = ", ".join(room.published().holds)
        raise UsageError(f'"{what}" is not on hold', fix=f"On hold now: {held}." if held else "Nothing is on hold.")
    words = [f"No longer on hold: {what}."]
    if room.ledger.store.shared:
        words.append("Where a worker runs, what had begun goes on within seconds.")
    done("release", words, as_json=json, scope=what)
    if json:
        return 0
    ids = [what] if what in room.workspace.incidents() else []
    records = room.incidents(ids)
    made = build_plan(room.world(), records)
    show_plan(made)
    show_next(room, made, ids, corrections=False, late=False)
    return 0
