"""What every page shows besides its words: the style with the organisation's colours, its logo, and our icon."""

from __future__ import annotations

import hashlib
from pathlib import Path

from crisiscomms.errors import Finding, InvalidInput, Place, Severity, relative
from crisiscomms.website.layouts import Layouts
from crisiscomms.workspace import Workspace

#: A logo is fetched with every first view, which must be light on a bad line.
HEAVIEST_LOGO = 4096


class Assets:
    """What all pages share. `style`, `icon` and `logo` are paths below the root; `logo` may be None."""

    def __init__(self, workspace: Workspace, layouts: Layouts) -> None:
        look = workspace.settings.site.look
        self.files: dict[str, bytes] = {}
        self.style = self._add("style.css", look.style.encode() + layouts.asset("style.css"))
        self.icon = self._add("icon.svg", layouts.asset("icon.svg"))
        self.logo = self._add(f"logo{Path(look.logo).suffix}", _logo(workspace, look.logo)) if look.logo else None

    def _add(self, name: str, body: bytes) -> str:
        """Keep a file with its digest in its name, so that browsers may keep it for ever."""
        stem, _, suffix = name.partition(".")
        path = f"assets/{stem}.{hashlib.sha256(body).hexdigest()[:8]}.{suffix}"
        self.files[path] = body
        return path


def _logo(workspace: Workspace, name: str) -> bytes:
    path = workspace.folder / name
    if not path.is_file():
        raise InvalidInput([_refused(path, "there is no such file", "Put the logo there, or name another file.")])
    body = path.read_bytes()
    if len(body) > HEAVIEST_LOGO:
        heavy = f"weighs {len(body):,} bytes, and {HEAVIEST_LOGO:,} are the most"
        raise InvalidInput([_refused(path, heavy, "Make it smaller: a simple SVG, or a picture of 160 by 160 points.")])
    if b"<script" in body.lower():
        raise InvalidInput([_refused(path, "holds a script", "Save it as a plain SVG.")])
    return body


def _refused(path: Path, problem: str, fix: str) -> Finding:
    why = "Every page shows the logo, on a bad line too."
    return Finding("logo", Severity.ERROR, Place(relative(path)), problem, why, fix)
