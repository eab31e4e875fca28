"""`crisiscomms audit`: the trail of everything that was done, and whether anybody changed it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Rehearsal, app, guarded

audits = typer.Typer(help="The trail of everything that was done.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(audits, name="audit")


@audits.command()
@guarded
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", metavar="FILE", help="An anchor kept elsewhere. Default: that of the published site."),
    ] = None,
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Read the whole trail back. Says whether an entry was changed, removed, swapped or cut off. Exit 6 if so.

    Example: crisiscomms audit verify
    """
    from crisiscomms.cli.room import existing_ledger, open_room
    from crisiscomms.cli.words import count, paint, say, show_json
    from crisiscomms.delivery.anchors import published_anchors
    from crisiscomms.errors import UsageError
    from crisiscomms.ledger.trail import Anchor

    room = open_room(folder, rehearsal=rehearsal)
    try:
        anchors = [Anchor.from_json(anchor.read_text(encoding="utf-8"))] if anchor else published_anchors(room)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{anchor} is no anchor that can be read", fix="Take the file from a published site."
        ) from error
    held, flaw = existing_ledger(room).trail.verify(max(anchors, key=lambda one: one.seq, default=None))
    if json:
        show_json("audit", entries=held, flaw=flaw.words if flaw else None, anchored=bool(anchors))
        return 6 if flaw else 0
    if flaw:
        say(paint(flaw.words, "red"))
        say("Whoever relies on this trail should be told. A backup from before can show what stood there.")
        return 6
    say(f"{count(held, 'entry', 'entries')}, none of them changed.")
    if not anchors:
        say("No published site names its end, so entries cut off at the end would go unnoticed.")
    return 0


@audits.command()
@guarded
def export(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to. Default: standard output.")
    ] = None,
    folder: Folder = None,
    rehearsal: Rehearsal = False,
) -> int:
    """Write every entry as one line of JSON. It names the people who were told: keep it as you keep their lists.

    Example: crisiscomms audit export --out audit.jsonl
    """
    import json as json_

    from crisiscomms.cli.room import existing_ledger, open_room
    from crisiscomms.cli.words import count, say
    from crisiscomms.errors import UsageError

    room = open_room(folder, rehearsal=rehearsal)
    lines = (json_.dumps(entry, ensure_ascii=False) + "\n" for entry in existing_ledger(room).trail.entries())
    if out is None:
        sys.stdout.writelines(lines)
        return 0
    number = 0
    try:
        with out.open("w", encoding="utf-8") as file:
            for number, line in enumerate(lines, start=1):  # noqa: B007 -- the last one counts them
                file.write(line)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", fix="Name another file.") from error
    say(f"{count(number, 'entry', 'entries')} written to {out}.")
    return 0
