"""What tests of imports share: sources on disk, the workspace they go into, and its site without a publication."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from imports import fifty

from crisiscomms.messages.compose import compose
from crisiscomms.messages.templates import packaged, voices
from crisiscomms.published import PublishedIncident
from crisiscomms.record import load_record
from crisiscomms.website import Sources, build_site
from crisiscomms.workspace import read_workspace

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KINDS = ("statuspage", "atom", "cstate", "upptime")


def source(kind: str, folder: Path) -> Path:
    """Write the fifty incidents of a kind as a person would have saved them."""
    place = folder / "site" / "content" / "issues" if kind == "cstate" else folder / "saved"
    place.mkdir(parents=True)
    files: dict[str, bytes] = {
        "statuspage": fifty.statuspage,
        "atom": lambda: {"history.atom": fifty.atom()},
        "cstate": lambda: {name: text.encode() for name, text in fifty.cstate().items()},
        "upptime": lambda: {"issues.json": fifty.upptime()},
    }[kind]()
    for name, body in files.items():
        (place / name).write_bytes(body)
    return folder / "site" if kind == "cstate" else place if len(files) > 1 else place / next(iter(files))


def bring(office, what, *more: str, expect: int | None = 0):
    """Import without asking. Returns everything that was said."""
    done = office.run("import", str(what), "--yes", *more, expect=expect)
    return done.stdout + done.stderr


def records(office) -> dict[str, str]:
    """Return the records by id."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((office.folder / "incidents").iterdir())}


def loaded(office, reference: str):
    """Return the incident that is called so at its source."""
    workspace = read_workspace(office.folder)
    every = (load_record(workspace, name).incident for name in workspace.incidents())
    return next(one for one in every if one.history and one.history.reference == reference)


def site(office) -> dict[str, bytes]:
    """Return the site that a publication of everything would build."""
    workspace = read_workspace(office.folder)
    spoken = voices(workspace)
    contents = []
    for name in workspace.incidents():
        record = load_record(workspace, name)
        contents += compose(record.incident, workspace, spoken, PublishedIncident(), NOW, ()).messages.site
    return build_site(workspace, Sources.of(contents), spoken, layouts=packaged("site"), now=NOW)
