"""`crisiscomms ledger`: keep it safe, put it back, and move it to where many machines can share it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room

ledgers = typer.Typer(help="What was sent: backups, and where it lives.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(ledgers, name="ledger")


@ledgers.command()
@guarded
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file.")],
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Write the whole ledger into a new file. Others may go on publishing meanwhile.

    Example: crisiscomms ledger backup ../ledger-2026-11-18.db
    """
    from crisiscomms.cli.room import existing_ledger, open_room
    from crisiscomms.cli.words import count, done
    from crisiscomms.ledger.copying import back_up

    room = open_room(folder, rehearsal=rehearsal)
    entries = back_up(existing_ledger(room), file)
    words = [
        f"{file} holds the ledger with {count(entries, 'audit entry', 'audit entries')}, and its trail holds.",
        "It names the people who were told: keep it as you keep their lists.",
    ]
    done("ledger-backup", words, as_json=json, file=str(file), entries=entries)
    return 0


@ledgers.command()
@guarded
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Put a backup back where there is no ledger. What waited in it is in doubt then: it may have gone out since.

    One that is older than the published site cannot publish before you say so: see accept.

    Example: crisiscomms ledger restore ../ledger-2026-11-18.db
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, done
    from crisiscomms.delivery.anchors import refuse_older
    from crisiscomms.delivery.world import publishing
    from crisiscomms.errors import CrisiscommsError
    from crisiscomms.ledger.copying import put_back

    room = open_room(folder, rehearsal=rehearsal)
    older: CrisiscommsError | None = None
    doubted = 0
    with publishing(room):
        entries = put_back(file, room.ledger)
        words = [f"The ledger is back, with {count(entries, 'audit entry', 'audit entries')}."]
        try:
            refuse_older(room)
            doubted = room.ledger.accept(())
        except CrisiscommsError as error:
            older = error
            words += [f"But {error.problem}.", f"  {error.why}", f"  Fix: {error.fix}"]
    if doubted:
        words.append(f"In doubt now: {count(doubted, 'message')} that waited in it. Nobody knows which went out since.")
        words.append(f"Look at them, then settle them: crisiscomms doubt list{room.where}")
    done("ledger-restore", words, as_json=json, entries=entries, doubt=doubted, older=older is not None)
    return 6 if doubted or older else 0


@ledgers.command()
@guarded
def accept(folder: Folder = None, rehearsal: Rehearsal = False, json: Json = False) -> int:
    """Go on with a ledger that is older than the published site. What waits in it is in doubt then, and all is on hold.

    Example: crisiscomms ledger accept
    """
    from crisiscomms.cli.room import existing_ledger, open_room
    from crisiscomms.cli.words import count, done
    from crisiscomms.delivery.anchors import published_anchors
    from crisiscomms.delivery.world import publishing
    from crisiscomms.published import EVERYTHING

    room = open_room(folder, rehearsal=rehearsal)
    with publishing(room):
        trail = existing_ledger(room).trail
        missing = [one for one in published_anchors(room) if not trail.holds(one) and not trail.accepted(one)]
        if not missing:
            words = ["The ledger reaches as far as the published site. There is nothing to accept."]
            done("ledger-accept", words, as_json=json, doubt=0, held=False)
            return 0
        doubted = room.ledger.accept(missing)
        room.ledger.hold(EVERYTHING, "the ledger is older than what was published, and may tell people again")
    words = []
    if doubted:
        listed = f"crisiscomms doubt list{room.where}"
        words.append(f"In doubt now: {count(doubted, 'message')}. Nobody knows which of them went out: {listed}")
    words += [
        "Accepted, by your word. Everything is on hold: whoever was told after this ledger was kept is not in it as told, and the next publish would tell them again.",
        f"Look at the plan and at the site. Where an update stands on the site and its mails went out, take its audiences out of the record. Then: crisiscomms release {EVERYTHING}{room.where}",
    ]
    done("ledger-accept", words, as_json=json, doubt=doubted, held=True)
    return 0


@ledgers.command()
@guarded
def move(
    to: Annotated[str, typer.Argument(metavar="URL", help="postgresql://USER@HOST/NAME, an empty database.")],
    folder: Folder = None,
    json: Json = False,
) -> int:
    """Move the ledger into PostgreSQL, which many machines can share. Everything that was sent goes with it.

    The password comes from secrets/ledger.password, the keyring or CRISISCOMMS_LEDGER_PASSWORD, never from the address.

    Example: crisiscomms ledger move postgresql://crisiscomms@db.internal/crisiscomms
    """
    from crisiscomms.cli.room import existing_ledger, open_room
    from crisiscomms.cli.words import count, done
    from crisiscomms.delivery.world import publishing
    from crisiscomms.ledger.copying import leaving, move_all
    from crisiscomms.ledger.store import open_store
    from crisiscomms.workspace import find_secret, set_ledger

    room = open_room(folder)
    _refuse_elsewhere(room, to)
    place = Path(room.ledger_place)
    with publishing(room):
        source = existing_ledger(room)
        source.recover()  # what a killed publish left, while this machine can still tell that it is gone
        target = open_store(to, find_secret(room.workspace, "ledger", "password"))
        try:
            with leaving(source.store):  # whoever holds or suppresses meanwhile waits, and is told that it moved
                entries = move_all(source.store, target)
                set_ledger(room.workspace, to)
        finally:
            target.close()
        source.close()
        for more in ("", "-wal", "-shm"):
            if (path := place.with_name(f"{place.name}{more}")).exists():
                path.rename(place.with_name(f"{place.name}.moved{more}"))
    words = [
        f"Moved, with {count(entries, 'audit entry', 'audit entries')}. crisiscomms.toml names the database now.",
        f"The old file is {place.name}.moved: keep it until the first publish from the database is done.",
        "To send from several machines: copy this folder with its secrets to each, and start there: crisiscomms worker",
    ]
    done("ledger-move", words, as_json=json, entries=entries)
    return 0


def _refuse_elsewhere(room: "Room", to: str) -> None:
    """Raise UsageError where a ledger cannot move from here, or not to there."""
    from crisiscomms.errors import UsageError
    from crisiscomms.workspace import has_password, is_url

    if not is_url(to) or isinstance(room.ledger_place, str) or room.rehearsal:
        raise UsageError(
            "a ledger moves from a file of this workspace to a PostgreSQL database",
            fix="Name it as postgresql://USER@HOST/NAME.",
        )
    if has_password(to):
        raise UsageError(
            "the address holds a password",
            why="Whoever reads the settings, or this machine's list of commands, would have it. Nothing was moved.",
            fix="Write the password into secrets/ledger.password, and leave it out of the address.",
        )
