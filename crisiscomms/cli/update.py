"""`crisiscomms update`: add an update to a record, and leave everything else in the file alone."""

from typing import TYPE_CHECKING, Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Now, app, guarded

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from crisiscomms.delivery.world import Room
    from crisiscomms.fields import When
    from crisiscomms.record import Record, Update


@app.command()
@guarded
def update(
    incident: Annotated[str, typer.Argument(metavar="ID", help="The incident.")],
    status: Annotated[
        str, typer.Option("--status", help="investigating, identified, monitoring, resolved or follow-up.")
    ],
    text: Annotated[str, typer.Option("--text", help="What you say, in the first language.")],
    next_: Annotated[
        str | None,
        typer.Option(
            "--next",
            metavar="TIME",
            help='When readers hear from you again: "in 45 minutes", 14:30, or a whole time. Default: the cadence.',
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--id", help="A short name for it. Default: made from the status.")
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="AUDIENCE",
            help="Who gets it by mail, besides the public channels. May be given more than once.",
        ),
    ] = None,
    folder: Folder = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Add an update to a record. Every comment and every other line stays as it is.

    Example: crisiscomms update checkout-outage --status monitoring --text "Payments work again." --next "in 45 minutes"
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import done
    from crisiscomms.errors import UsageError, did_you_mean, relative
    from crisiscomms.record import STATUSES, load_record, parse_record
    from crisiscomms.record.edit import insert_update, write_as_it_was

    if status not in STATUSES:
        raise UsageError(
            f'"{status}" is not a status.{did_you_mean(status, STATUSES)}', fix=f"Choose one of: {', '.join(STATUSES)}."
        )
    room = open_room(folder, now=now)
    record = load_record(room.workspace, incident)
    path = room.workspace.record_path(incident)
    # Updates of a later time may be written already. Where all are, it comes last, and the record refuses it in words.
    due = sum(update.at.at <= room.clock() for update in record.incident.updates) or len(record.incident.updates)
    fields = _fields(room, record, record.incident.updates[due - 1], status, text, next_)
    fields["id"] = name or fields["id"]
    if to:
        fields["audiences"] = f"[{', '.join(to)}]"
    changed = insert_update(record, path, fields, due - 1)
    parse_record(room.workspace, changed, path)  # refuses what would break the record, before it is written
    write_as_it_was(path, changed)
    next_update = fields.get("next_update")
    said = f", next update {next_update}" if next_update else ""
    words = [f'Added update "{fields["id"]}" to {relative(path)}{said}.']
    if left := _left_out(room, record, to or []):
        words.append(
            f"It is mailed to nobody of {left}, who had mails about this before. To tell them, add its audiences."
        )
    words.append(f"Next: crisiscomms publish {incident}")
    done("update", words, as_json=json, incident=incident, update=fields["id"], file=str(path), next_update=next_update)
    return 0


def _left_out(room: "Room", record: "Record", to: list[str]) -> str:
    """Return the audiences with lists that had updates before, and are not told this one."""
    own = room.workspace.audiences(record.incident.audiences)
    before = dict.fromkeys(name for update in record.incident.updates for name in update.audiences)
    return ", ".join(name for name in before if name not in to and name in own and own[name].recipients)


def _fields(
    room: "Room", record: "Record", last: "Update", status: str, text: str, next_: str | None
) -> dict[str, str]:
    """Return the new update's fields in their order, ready as YAML. Its next time is the cadence's where none is given."""
    from datetime import UTC

    from crisiscomms.cli.times import said_time, written
    from crisiscomms.record import CLOSED
    from crisiscomms.record.edit import yaml_text

    clock = room.clock()
    taken = {update.id for update in record.incident.updates}
    free = (name for name in [status, *(f"{status}-{n}" for n in range(2, 1000))] if name not in taken)
    fields = {
        "id": next(free),
        "at": _said_at(clock, last.at, room.workspace.zone),
        "status": status,
        "text": yaml_text(" ".join(text.split())),
    }
    if next_:
        fields["next_update"] = written(said_time(next_, clock, room.workspace.reading).at, room.workspace.zone)
    elif status not in CLOSED:
        span = record.incident.cadence or getattr(room.workspace.settings.cadence, record.incident.severity)
        fields["next_update"] = written(clock.astimezone(UTC) + span.length, room.workspace.zone)
    return fields


def _said_at(now: "datetime", last: "When", zone: "ZoneInfo") -> str:
    """Return now as the record writes it: to the minute, to the second where the last update is from this minute."""
    from crisiscomms.cli.times import written

    to_the_minute = now.replace(second=0, microsecond=0)
    return written(now, zone, seconds=to_the_minute <= last.at <= now)
