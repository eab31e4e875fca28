"""What every page is made from besides the incidents, as one digest: where it changes, everything is rendered again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from crisiscomms.messages.model import canonical
from crisiscomms.website.frame import Ground

#: Our rooms whose code words pages, and the libraries that do.
_ROOMS = ("fields", "messages", "website", "workspace")
_LIBRARIES = ("babel", "feedgenerator", "icalendar", "jinja2", "markupsafe", "resvg_py")


def everything_else(ground: Ground) -> str:
    """Return the digest of the code, of what pages say of the organisation, the words, and the files of the layouts."""
    workspace = ground.workspace
    organisation, site = workspace.settings.organisation, workspace.settings.site
    told = (
        _code(),
        repr((organisation, site)),
        [(language, repr(voice.words)) for language, voice in sorted(ground.voices.items())],
        ground.rehearsal,
    )
    whole = hashlib.sha256(canonical(told))
    for path in _files(folder for folder in (ground.layouts, ground.overrides) if folder):
        whole.update(f"{path.name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    if site.look.logo and (logo := workspace.folder / site.look.logo).is_file():
        whole.update(logo.read_bytes())
    return whole.hexdigest()


@cache
def _code() -> str:
    ours = Path(str(files("crisiscomms")))
    whole = hashlib.sha256(" ".join(version(library) for library in _LIBRARIES).encode())
    for path in _files(ours / room for room in _ROOMS):
        if path.suffix == ".py":
            whole.update(path.read_bytes())
    return whole.hexdigest()


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
