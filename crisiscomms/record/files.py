"""The files that a record names: lists and pictures. None of them may lie outside the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crisiscomms.errors import Finding, Severity
from crisiscomms.fields import Audience, Flaw, shown
from crisiscomms.record.recipients import Recipients, read_recipients
from crisiscomms.record.tree import Path_, Tree
from crisiscomms.workspace import Workspace, place_of

_WHY = "People on this list might not be told, or the wrong people might be."


def find_file(workspace: Path, folder: Path, written: str) -> tuple[Path, Flaw | None]:
    """Return the file that a path means, counted from a folder, and what is wrong with it. Links are followed first."""
    fix = f"Put the file into the workspace, and write its path from {folder.name}, with forward slashes."
    name = shown(written)
    try:
        root, found = workspace.resolve(), (folder / written).resolve()
        if "://" in written:
            message = f'"{name}" is an address on the web, and only files of the workspace are used'
            return found, Flaw("missing-file", message, fix)
        if not found.is_relative_to(root):
            return found, Flaw("outside-workspace", f'"{name}" leads out of the workspace', fix)
        if not found.is_file():
            return found, Flaw("missing-file", f'"{name}" is not there', fix)
    except (OSError, ValueError, RuntimeError):  # a name no disk can hold, a link that leads to itself
        return folder, Flaw("missing-file", f'"{name}" cannot be the path of a file', fix)
    return found, None


def read_lists(workspace: Workspace, own: Mapping[str, Audience], tree: Tree, path: Path) -> dict[str, Recipients]:
    """Read the list of every audience. Own lists count from the record, lasting ones from the workspace."""
    lists: dict[str, Recipients] = {}
    for name, audience in workspace.audiences(own).items():
        if audience.recipients:
            base = path.parent if name in own else workspace.folder
            file, flaw = find_file(workspace.folder, base, audience.recipients)
            if flaw is None:
                lists[name] = read_recipients(file)
                continue
            where: Path_ = ("audiences", name, "recipients")
            place = tree.place_of_value(where) if name in own else place_of(workspace, where)
            problem = Finding(flaw.code, Severity.ERROR, place, f"recipients: {flaw.message}", _WHY, flaw.fix)
            lists[name] = Recipients(shown(audience.recipients), file, problems=(problem,))
    return lists
