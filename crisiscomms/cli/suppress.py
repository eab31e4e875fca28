"""`crisiscomms suppress`: people who want no more mail. It takes effect before the next message, even while one publishes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crisiscomms.cli.app import Folder, Json, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.ledger.rows import Suppression

#: What stands for a reader in an unsubscribe address: a digest of 32 bytes.
_TOKEN = r"token:[A-Za-z0-9_-]{43}"  # noqa: S105 -- a pattern


@app.command()
@guarded
def suppress(
    readers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ADDRESS]...", help="Addresses, or token:T with the T of an unsubscribe address."),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="More of them, one on each line.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why. It is recorded.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let them get mail again.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List who gets no more mail, and why.")] = False,
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    json: Json = False,
) -> int:
    """Send no more mail to somebody. Legal notices (audiences with required: true) still reach them.

    Example: crisiscomms suppress ana@shop.example --reason "wrote to us"
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, done, tell
    from crisiscomms.errors import UsageError

    if list_ and (readers or file or lift or reason):
        raise UsageError("--list goes with nobody's address", fix="Write: crisiscomms suppress --list")
    room = open_room(folder, rehearsal=rehearsal)
    if list_:
        _show(room.ledger.suppressions() if room.has_ledger else [], as_json=json)
        return 0
    known = _named(readers or [], file)
    if not lift:
        new = room.ledger.suppress(known, reason or "asked for no more mail")
        words = f"{count(new, 'more reader', 'more readers')} will get no mail, except legal notices."
        done("suppressed", [words], as_json=json, new=new)
        return 0
    unknown = room.ledger.lift(known, reason or "asked for mail again") if room.has_ledger else known
    lifted = len(known) - len(unknown)
    words = f"{count(lifted, 'reader', 'readers')} will get mail again. What went out meanwhile is not sent to them."
    done("suppressed", [words], as_json=json, lifted=lifted, unknown=unknown)
    if unknown:
        few = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5:,} more" if len(unknown) > 5 else "")
        tell(f"Not on the list: {few}. To see who is: crisiscomms suppress --list", err=True)
    return 0


def _named(readers: list[str], file: Path | None) -> list[str]:
    """Return who was named, as compared, each once. Raises UsageError."""
    import re

    from crisiscomms.errors import UsageError
    from crisiscomms.fields import is_email

    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines() if file else []
    except (OSError, UnicodeDecodeError) as error:
        there = "Save it as UTF-8 text." if file and file.exists() else "Check its name: there is no such file."
        raise UsageError(f"{file} cannot be read", why="Nothing was recorded.", fix=there) from error
    named = [line.strip() for line in [*readers, *lines] if line.strip()]
    wrong = [one for one in named if not (re.fullmatch(_TOKEN, one) or is_email(one))]
    if wrong or not named:
        raise UsageError(
            f'"{wrong[0]}" is neither a plain e-mail address nor token:T' if wrong else "say who wants no more mail",
            why="Nothing was recorded.",
            fix="Write addresses one by one, as in: crisiscomms suppress ana@shop.example",
        )
    return list(dict.fromkeys(one if one.startswith("token:") else one.lower() for one in named))


def _show(found: "list[Suppression]", *, as_json: bool) -> None:
    from crisiscomms.cli.words import count, say, show_json, tell, visible

    if as_json:
        show_json("suppressions", readers=[one._asdict() for one in found])
        return
    if not found:
        say("Everybody gets mail: nobody asked for no more.")
        return
    tell(f"{count(len(found), 'reader gets', 'readers get')} no more mail, except legal notices.")
    for one in found:
        say(f"{one.since[:10]}  {visible(one.reader)}, noted by {visible(one.by)}: {visible(one.reason)}")
    say()
    tell("To let one of them get mail again: crisiscomms suppress ADDRESS --lift")
