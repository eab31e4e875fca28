"""`crisiscomms import`: past incidents from another status page, as records that nobody is told of."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crisiscomms.cli.app import Folder, Json, Now, app, guarded

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room
    from crisiscomms.errors import Finding
    from crisiscomms.imports.sources import Source
    from crisiscomms.imports.writing import Entry

_WIDTH = 80


@app.command("import")
@guarded
def bring(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="An address (https://status.example.com), a file (incidents.json, history.atom), or a folder (a cState site).",
        ),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="KIND", help="statuspage, atom, cstate or upptime. Default: what it looks like."
        ),
    ] = None,
    zone: Annotated[
        str,
        typer.Option("--zone", metavar="ZONE", help="The zone of times that do not name one, such as Europe/Berlin."),
    ] = "UTC",
    changed: Annotated[
        bool, typer.Option("--changed", help="Write incidents again that have changed at their source.")
    ] = False,
    folder: Folder = None,
    now: Now = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> int:
    """Bring past incidents in from another status page. Shows them first. Run it again, and it writes only what is new.

    They are marked as history: they come onto the site with the next publish, and nobody is told of them.

    Example: crisiscomms import https://status.example.com
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import show_findings, tell
    from crisiscomms.errors import Severity
    from crisiscomms.imports.sources import KINDS, read_source
    from crisiscomms.imports.writing import entries, to_write, write

    room = open_room(folder, now=now)
    _known("--from", kind, KINDS)
    read = read_source(source, kind)
    gathered = KINDS[read.kind](read.files, source, _words(room), _zone(zone), room.clock())
    found, problems = entries(gathered.incidents, read.kind, room.workspace, room.clock())
    findings = [*gathered.findings, *problems]
    _preview(read, found, zone, err=json)
    show_findings(findings)
    chosen = list(to_write(found, changed=changed))
    agreed = bool(chosen) and (yes or (not json and _agrees(len(chosen))))
    for entry in chosen if agreed else ():
        write(entry, room.workspace)
    names = [entry.id for entry in chosen] if agreed else []
    if json:
        _show_json(read, found, findings, names)
    tell(_ending(found, chosen, written=agreed, changed=changed), err=json)
    return 3 if any(finding.severity is Severity.ERROR for finding in findings) else 0


def _known(option: str, given: str | None, known: Any) -> None:
    """Make sure that a word is one that we know. Raises UsageError."""
    from crisiscomms.errors import UsageError, did_you_mean

    if given is not None and given not in known:
        near = did_you_mean(given, known)
        raise UsageError(f'{option}: "{given}" is no kind of source.{near}', fix=f"Choose one of: {', '.join(known)}.")


def _zone(name: str) -> Any:
    from crisiscomms.errors import UsageError
    from crisiscomms.fields import zone_of

    try:
        return zone_of(name)
    except ValueError as error:
        raise UsageError(f"--zone: {error}", why="Nothing was written.", fix="For example: Europe/Berlin") from error


def _words(room: "Room") -> Any:
    """Return what stands where a source says nothing, in the language of the records."""
    from crisiscomms.imports.past import Words

    voice = room.voices[room.workspace.language]
    return Words(*(voice.word(f"past.{name}") for name in Words._fields))


_SIGNS = {"new": "+", "changed": "~", "edited": "!", "same": "=", "elsewhere": "="}
_LEGEND = {
    "new": "+ new",
    "changed": "~ changed at its source",
    "edited": "! changed at its source, and here by a person: stays",
    "same": "= as it is",
    "elsewhere": "= here already, from another source",
}


def _preview(read: "Source", found: "list[Entry]", zone: str, *, err: bool) -> None:
    """Show what would be written, one line for each incident."""
    from crisiscomms.cli.words import count, say, tell, visible

    for address in read.asked:
        size = f"{len(read.files[address]):,} bytes" if address in read.files else "nothing there"
        tell(f"Fetched {visible(address)}: {size}", err=err)
    say(f"{read.kind}: {count(len(found), 'past incident')}. Times without a zone are read as {zone}.", err=err)
    for entry in found:
        if entry.action == "same":
            continue
        updates = count(len(entry.past.updates), "update")
        tail = f"  {entry.past.severity}, {updates}"
        title = visible(_plain(entry.past.title))
        room = _WIDTH - len(tail) - 15
        title = title if len(title) <= room else f"{title[: room - 3]}..."
        say(f"  {_SIGNS[entry.action]} {entry.past.started:%Y-%m-%d} {title:<{room}}{tail}", err=err)
    used = dict.fromkeys(str(entry.action) for entry in found)
    for action in used:
        number = sum(entry.action == action for entry in found)
        say(f"  {_LEGEND[action]}: {number:,}", err=err)


def _plain(markdown: str) -> str:
    from crisiscomms.messages.prose import one_line

    return one_line(markdown).replace("$$", "$")


def _agrees(number: int) -> bool:
    """Ask a person at a terminal. Nobody is asked in a script, and nothing is written there without --yes."""
    from crisiscomms.cli.words import answer, count, say

    if not sys.stdin.isatty():
        return False
    say(f"Nobody is told of them. To write {count(number, 'record')} into incidents/, type: yes")
    return answer().lower() in {"y", "yes"}


def _ending(found: "list[Entry]", chosen: "list[Entry]", *, written: bool, changed: bool) -> str:
    from crisiscomms.cli.words import count

    waiting = sum(entry.action == "changed" for entry in found)
    if not chosen:
        more = f" To write again what has changed: add --changed ({waiting:,})." if waiting and not changed else ""
        return f"Nothing new.{more}"
    if not written:
        return f"Nothing was written. To write {count(len(chosen), 'record')}: add --yes"
    again = [entry.id for entry in chosen if entry.action == "changed"]
    return f"Written: {count(len(chosen), 'record')}. Next: crisiscomms publish{''.join(f' {name}' for name in again)}"


def _show_json(read: "Source", found: "list[Entry]", findings: "list[Finding]", names: list[str]) -> None:
    from crisiscomms.cli.words import show_json

    incidents = [
        {
            "action": str(entry.action),
            "id": entry.id,
            "reference": entry.past.reference,
            "title": _plain(entry.past.title),
            "severity": entry.past.severity,
            "started": entry.past.started.isoformat(),
            "updates": len(entry.past.updates),
        }
        for entry in found
    ]
    told = [finding.to_json() for finding in findings]
    show_json("import", source=read.kind, asked=list(read.asked), incidents=incidents, findings=told, written=names)
