"""`crisiscomms check FILE --as KIND`: one text that somebody wrote by hand, alone or against a record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crisiscomms.errors import Finding, UsageError, did_you_mean

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room
    from crisiscomms.review import Case
    from crisiscomms.review.reports.model import Report
    from crisiscomms.review.texts.written import Written

KINDS = ("statement", "faq", "notice", "post", "memo", "page")
_HOW = "For example: crisiscomms check letter.docx --as statement --record checkout-outage"


class Asked(NamedTuple):
    """What was asked for: the file, what it is looked at as, the record it belongs to, its language, and the room."""

    files: list[str]
    kind: str | None
    record: str | None
    language: str | None
    folder: Path | None
    rehearsal: bool
    now: str | None


def is_file(name: str) -> bool:
    """Say whether a word names a text. The id of a record has no full stop and no slash; its file is asked for by the id."""
    if name.endswith((".yaml", ".yml")):
        return False
    return name == "-" or "." in name or "/" in name or "\\" in name


def asks_for_text(asked: Asked) -> bool:
    """Say whether a text is to be checked, and not records. Raises UsageError where that is not clear."""
    files = [name for name in asked.files if is_file(name)]
    if asked.kind is None:
        if files:
            kinds = ", ".join(KINDS)
            raise UsageError(f"say what {files[0]} is", fix=f"Add --as with one of: {kinds}. {_HOW}")
        if asked.record or asked.language:
            option = "--record" if asked.record else "--language"
            raise UsageError(f"{option} is for a text of your own", fix=_HOW)
        return False
    if asked.kind not in KINDS:
        near = did_you_mean(asked.kind, KINDS)
        raise UsageError(f'--as cannot be "{asked.kind}".{near}', fix=f"Choose one of: {', '.join(KINDS)}.")
    if len(asked.files) != 1 or not files:
        raise UsageError("--as is for one file at a time, or - for standard input", fix=_HOW)
    return True


def check_text(asked: Asked) -> Report:
    """Check a text, and return what was found."""
    from crisiscomms.cli.words import say
    from crisiscomms.review.alone import in_record, review_against, review_text
    from crisiscomms.review.reports.model import Checked, Report
    from crisiscomms.review.texts.read import read_text

    assert asked.kind  # noqa: S101 -- the caller asked for a text
    written, source = read_text(asked.files[0], sys.stdin.buffer)
    if asked.record is None:
        letter, found = review_text(asked.kind, asked.language or _language_here(asked.folder), written)
    else:
        room, case = _case(asked, asked.record)
        language = asked.language or room.workspace.language
        if source:
            written = in_record(case, language, written, source)
        letter, found = review_against(case, asked.kind, language, written)
        if room.is_locked(asked.record):
            say(f"{asked.record} is market-sensitive, and nobody has opened it: this text must not go out.", err=True)
    found = tuple(_with_paragraph(one, written) for one in found)
    checked = Checked(asked.record or "", written.file, (letter,), (), found)
    against = f" against {asked.record}" if asked.record else ""
    return Report((checked,), about=f"{written.file} checked as a {asked.kind}{against}")


def _language_here(folder: Path | None) -> str:
    """Return the first language of the workspace we are in; English where there is none."""
    from crisiscomms.workspace import find_workspace

    try:
        return find_workspace(folder).language
    except UsageError:
        if folder is not None:
            raise
        return "en"


def _case(asked: Asked, incident: str) -> tuple[Room, Case]:
    """Return the record with its messages. Before its first update is due: as they will be then."""
    from crisiscomms.channels.accounts import accounts
    from crisiscomms.cli.room import open_room
    from crisiscomms.messages.compose import compose
    from crisiscomms.review import Case

    room = open_room(asked.folder, rehearsal=asked.rehearsal, now=asked.now)
    (record,) = room.incidents([incident])
    told, now = room.published().of(incident), max(room.clock(), record.incident.updates[0].at.at)
    posting = accounts(room.channels, room.workspace, record.incident.audiences)
    composed = compose(record.incident, room.workspace, room.voices, told, now, posting, record.texts)
    if composed is None:
        raise UsageError(
            f"no update of {incident} is due: all of them wait for promises to be kept",
            why="There is nothing yet that this text could stand for.",
            fix="Check it without --record.",
        )
    return room, Case(record, room.workspace, told, now, composed)


def _with_paragraph(one: Finding, written: Written) -> Finding:
    """Return a finding that says which paragraph it is about, where the file has no lines."""
    from dataclasses import replace

    if written.counts == "line" or not one.place.line:
        return one
    return replace(one, message=f"{one.message} ({written.counts} {one.place.line})")
