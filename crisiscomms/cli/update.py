"""`crisiscomms update`: add an update to a record, and leave everything else in the file alone."""

from typing import Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Now, app, guarded


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
    from crisiscomms.cli.times import said_time, written
    from crisiscomms.cli.words import done
    from crisiscomms.errors import UsageError, did_you_mean, relative
    from crisiscomms.fields import When
    from crisiscomms.record import CLOSED, STATUSES, load_record, parse_record
    from crisiscomms.record.edit import append_update, write_as_it_was, yaml_text

    if status not in STATUSES:
        raise UsageError(
            f'"{status}" is not a status.{did_you_mean(status, STATUSES)}', fix=f"Choose one of: {', '.join(STATUSES)}."
        )
    room = open_room(folder, now=now)
    record = load_record(room.workspace, incident)
    path = room.workspace.record_path(incident)
    clock = room.clock()
    taken = {u.id for u in record.incident.updates}
    chosen = name or next(
        f"{status}{suffix}" for suffix in ["", *(f"-{n}" for n in range(2, 1000))] if f"{status}{suffix}" not in taken
    )
    fields = {
        "id": chosen,
        "at": written(When(clock.astimezone(room.workspace.zone))),
        "status": status,
        "text": yaml_text(" ".join(text.split())),
    }
    if next_:
        fields["next_update"] = written(said_time(next_, clock, room.workspace.reading))
    elif status not in CLOSED:
        span = record.incident.cadence or getattr(room.workspace.settings.cadence, record.incident.severity)
        fields["next_update"] = written(When((clock + span.length).astimezone(room.workspace.zone)))
    if to:
        fields["audiences"] = f"[{', '.join(to)}]"
    changed = append_update(record, path, fields)
    parse_record(room.workspace, changed, path)  # refuses what would break the record, before it is written
    write_as_it_was(path, changed)
    said = f", next update {fields['next_update']}" if "next_update" in fields else ""
    words = [f'Added update "{chosen}" to {relative(path)}{said}.', f"Next: crisiscomms publish {incident}"]
    done(
        "update",
        words,
        as_json=json,
        incident=incident,
        update=chosen,
        file=str(path),
        next_update=fields.get("next_update"),
    )
    return 0
