"""`crisiscomms new`: a record, from a phone call or as a form to fill in."""

import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crisiscomms.cli.app import Folder, Json, Now, app, guarded

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room

KINDS = ("outage", "data-breach", "recall", "delay", "billing", "conduct", "safety", "misinformation", "other")


@app.command()
@guarded
def new(
    incident: Annotated[
        str,
        typer.Argument(metavar="ID", help="A short name, such as checkout-outage. It becomes part of every address."),
    ],
    call: Annotated[
        bool, typer.Option("--call", help="Ask eight short questions and write a holding statement from the answers.")
    ] = False,
    kind: Annotated[str, typer.Option("--kind", help=f"What sort of incident: {', '.join(KINDS)}.")] = "other",
    severity: Annotated[
        str | None, typer.Option("--severity", help="minor, major or critical. Default: from the answers, or the kind.")
    ] = None,
    folder: Folder = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Write a new record.

    Example: crisiscomms new checkout-outage --call
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import done
    from crisiscomms.errors import UsageError, did_you_mean, relative
    from crisiscomms.fields import SLUG

    if kind not in KINDS:
        raise UsageError(
            f'"{kind}" is not a kind of incident.{did_you_mean(kind, KINDS)}', fix=f"Choose one of: {', '.join(KINDS)}."
        )
    if severity not in {None, "minor", "major", "critical"}:
        raise UsageError(f'"{severity}" is not a severity', fix="Choose one of: minor, major, critical.")
    if not re.fullmatch(SLUG, incident):
        raise UsageError(
            f'"{incident}" cannot be an id', fix="Use small letters, digits and single hyphens: checkout-outage"
        )
    room = open_room(folder, now=now)
    path = room.workspace.record_path(incident)
    if path.exists():
        raise UsageError(
            f"{relative(path)} is there already",
            why="Nothing was changed.",
            fix="Choose another id, or add to it with: crisiscomms update",
        )
    text = _from_call(room, incident, kind, severity) if call else _form(room, incident, kind, severity)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    next_ = f"crisiscomms publish {incident}" if call else f"crisiscomms check {incident}"
    words = [f"Written: {relative(path)}", f"Next: {next_}" if call else f"Replace each TODO, then: {next_}"]
    done("new", words, as_json=json, incident=incident, file=str(path), next=next_)
    return 0


def _common(room: "Room", incident: str, kind: str) -> dict[str, Any]:
    from crisiscomms.cli.times import written
    from crisiscomms.record import EVERYONE

    public = [name for name, audience in room.workspace.settings.audiences.items() if not audience.recipients]
    return {
        "id": incident,
        "kind": kind,
        "language": room.workspace.language,
        "audience": public[0] if public else EVERYONE,
        "now": written(room.clock(), room.workspace.zone),
    }


def _next_time(room: "Room", severity: str) -> str:
    """Return when the cadence asks for the next word."""
    from datetime import UTC

    from crisiscomms.cli.times import written

    span = getattr(room.workspace.settings.cadence, severity)
    return written(room.clock().astimezone(UTC) + span.length, room.workspace.zone)


def _form(room: "Room", incident: str, kind: str, severity: str | None) -> str:
    import tomllib

    from crisiscomms.messages.templates import packaged, render_record

    hints: dict[str, Any] = tomllib.loads(
        (packaged("templates") / "records" / "hints.toml").read_text(encoding="utf-8")
    )
    hint = {"statement": False, "data_types": False, "products": False, "pack": "", **hints[kind]}
    if severity:
        hint["severity"] = severity
    contact = (
        room.workspace.settings.organisation.contact.email
        or f"TODO@{room.workspace.settings.organisation.url.split('//')[-1]}"
    )
    return render_record(
        "new.yaml.j2",
        hint=hint,
        email=contact,
        next_update=_next_time(room, str(hint["severity"])),
        **_common(room, incident, kind),
    )


# -- the call --------------------------------------------------------------------------------------------------


def _from_call(room: "Room", incident: str, kind: str, severity: str | None) -> str:
    """Ask the eight questions, in their order, and fill everything else with its honest unknown."""
    from crisiscomms.messages.templates import render_record

    harm = _ask("Is anyone hurt or in danger? no, possibly or yes", _harm)
    effect = _ask("What do people see? One sentence, as they would say it", _plain)
    who = _ask("Who is affected, and where?", _plain)
    started = _ask(
        "Since when? A time, or unknown",
        lambda words: "" if words.lower() in {"unknown", "?"} else _began(room, words),
    )
    do_now = _ask("What should they do now? Enter if nothing", _plain, default="")
    told_by = _ask("Who told you? Only the team sees this", str)
    name, role = _ask("Who signs? Name, role", _signature)
    severity = severity or ("critical" if harm == "confirmed" else "major")
    usual = _next_time(room, severity)
    next_update = _ask(
        f"When do you speak next? A time, or Enter for {usual}", lambda words: _later(room, words), default=usual
    )
    voice = room.voices[room.workspace.language]
    effect = _sentence(effect)
    unknown = ["unknown_cause", *([] if started else ["unknown_since"]), "unknown_count"]
    return render_record(
        "call.yaml.j2",
        title=effect.rstrip("."),
        severity=severity,
        harm=harm,
        effect=effect,
        who=_sentence(who),
        started=started,
        do_now=_sentence(do_now) if do_now else voice.word("call.nothing_to_do"),
        notes=f"Reported by: {told_by}",
        name=name,
        role=role,
        next_update=next_update,
        unknowns=[voice.word(f"call.{question}") for question in unknown],
        text=voice.word("call.text").format(effect=effect),
        **_common(room, incident, kind),
    )


def _ask(question: str, read: Callable[[str], Any], default: str | None = None) -> Any:
    """Ask until the answer can be used; in a script the first answer must do. Raises UsageError."""
    from crisiscomms.errors import UsageError

    while True:
        sys.stderr.write(f"{question}: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise UsageError(
                f"no answer to: {question}", why="Nothing was written.", fix="Give eight lines, one for each question."
            )
        words = " ".join(line.split())
        if not sys.stdin.isatty():
            sys.stderr.write("\n")
        try:
            return _answer(words, read, default)
        except UsageError as error:
            if not sys.stdin.isatty():
                raise UsageError(f"{question}: {error.problem}", why="Nothing was written.", fix=error.fix) from error
            sys.stderr.write(f"  {error.problem} {error.fix}\n")


def _answer(words: str, read: Callable[[str], Any], default: str | None) -> Any:
    from crisiscomms.errors import UsageError

    if words:
        return read(words)
    if default is None:
        raise UsageError("please say something, even if it is that you do not know")
    return default


def _harm(words: str) -> str:
    from crisiscomms.errors import UsageError

    found = {"n": "none", "p": "possible", "m": "possible", "u": "possible", "y": "confirmed"}.get(words.lower()[:1])
    if found is None:
        raise UsageError("please answer no, possibly or yes", fix="If nobody knows: possibly.")
    return found


def _plain(words: str) -> str:
    """Accept a sentence that states no figure: nobody has counted yet."""
    from crisiscomms.errors import UsageError
    from crisiscomms.review.figures import figures

    counted = [figure.written.strip() for figure in figures(words, "en") if figure.kind == "number"]
    if counted:
        raise UsageError(
            f'nobody has counted yet: please say it without "{counted[0]}".',
            fix="Add figures later, under facts. A number in a name goes with it: LH-202.",
        )
    if "$" in words or "<" in words:
        raise UsageError("please use plain words, without $ or <", fix="Say it again.")
    return words


def _signature(words: str) -> tuple[str, str]:
    from crisiscomms.errors import UsageError

    name, _, role = words.partition(",")
    if not name.strip() or not role.strip():
        raise UsageError("please give a name and a role", fix="For example: Maren Vogt, Chief Operating Officer")
    return name.strip(), role.strip()


def _began(room: "Room", words: str) -> str:
    from crisiscomms.cli.times import said_time, written
    from crisiscomms.errors import UsageError

    when = said_time(words, room.clock(), room.workspace.reading, past=True)
    if when.begins > room.clock():
        raise UsageError(f"{when} is still to come", fix="Give an earlier time, or: unknown")
    return str(when) if when.date_only else written(when.at, room.workspace.zone)


def _later(room: "Room", words: str) -> str:
    from crisiscomms.cli.times import said_time, written
    from crisiscomms.errors import UsageError

    when = said_time(words, room.clock(), room.workspace.reading)
    if when.at <= room.clock():
        raise UsageError(f"{when} is over already", fix="Give a later time, or: in 30 minutes")
    return written(when.at, room.workspace.zone)


def _sentence(words: str) -> str:
    words = words[:1].upper() + words[1:]
    return words if words.endswith((".", "!", "?")) else f"{words}."
