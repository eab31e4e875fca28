"""Opening the room that a verb works in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crisiscomms.cli.app import AT_END
from crisiscomms.delivery.world import Room
from crisiscomms.errors import UsageError, relative
from crisiscomms.fields import When
from crisiscomms.workspace import find_workspace

if TYPE_CHECKING:
    from crisiscomms.ledger import Ledger


def open_room(folder: Path | None, *, rehearsal: bool = False, now: str | None = None, sends: bool = False) -> Room:
    """Open the workspace. Raises UsageError where a set clock would reach real readers."""
    workspace = find_workspace(folder)
    rehearsal = rehearsal or workspace.settings.rehearsal
    if now and sends and not rehearsal:
        raise UsageError(
            "--now is for rehearsals",
            why="Readers would get messages at a time that is not theirs.",
            fix="Add --rehearsal, or leave --now out.",
        )
    fixed: datetime | None = None
    if now:
        try:
            fixed = When.read(now, workspace.reading).at
        except ValueError as error:
            raise UsageError(f"--now: {error}", fix='Write it as --now "2026-11-18 10:36".') from error
    room = Room(workspace, rehearsal, fixed)
    AT_END.callback(room.close)
    return room


def existing_ledger(room: Room) -> Ledger:
    """Return the ledger. Raises UsageError where there is none: looking at it must not make it."""
    if not room.has_ledger:
        raise UsageError(
            f"there is no ledger {relative(Path(room.ledger_place))}",
            why="It is made by the first publish.",
            fix="If it was lost, put a backup back: crisiscomms ledger restore FILE",
        )
    return room.ledger
