"""`crisiscomms suppress`: people who want no more mail. It takes effect before the next message, even while one publishes."""

import re
from pathlib import Path
from typing import Annotated

import typer

from crisiscomms.cli.app import Folder, Rehearsal, app, guarded

#: What stands for a reader in an unsubscribe address: a digest of 32 bytes.
_TOKEN = re.compile(r"token:[A-Za-z0-9_-]{43}")


@app.command()
@guarded
def suppress(
    readers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ADDRESS]...", help="Addresses, or token:T with the T of an unsubscribe address."),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="More of them, one on each line.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why. It is recorded.")] = "asked for no more mail",
    folder: Folder = None,
    rehearsal: Rehearsal = False,
) -> int:
    """Send no more mail to somebody. Legal notices (audiences with required: true) still reach them.

    Example: crisiscomms suppress ana@shop.example --reason "wrote to us"
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, say
    from crisiscomms.errors import UsageError
    from crisiscomms.fields import is_email

    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines() if file else []
    except (OSError, UnicodeDecodeError) as error:
        there = "Save it as UTF-8 text." if file and file.exists() else "Check its name: there is no such file."
        raise UsageError(f"{file} cannot be read", why="Nothing was recorded.", fix=there) from error
    named = [line.strip() for line in [*(readers or []), *lines] if line.strip()]
    wrong = [one for one in named if not (_TOKEN.fullmatch(one) or is_email(one))]
    if wrong or not named:
        raise UsageError(
            f'"{wrong[0]}" is neither a plain e-mail address nor token:T' if wrong else "say who wants no more mail",
            why="Nothing was recorded.",
            fix="Write addresses one by one, as in: crisiscomms suppress ana@shop.example",
        )
    room = open_room(folder, rehearsal=rehearsal)
    known = [one if one.startswith("token:") else one.lower() for one in named]
    new = room.ledger.suppress(known, reason)
    say(f"{count(new, 'reader', 'readers')} more will get no mail, except legal notices.")
    return 0
