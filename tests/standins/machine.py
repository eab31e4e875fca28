"""What the machine must have for some tests, and what happens where it has not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

#: Programs by name, and the Debian package that brings each. `./run test` installs them where it may.
PACKAGES = {
    "postgres": "postgresql",
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
    "chromium": "chromium",
    "java": "default-jre-headless",
}


def find(program: str) -> Path | None:
    """Return where a program is, on the path or where Debian keeps it. Of several versions, the newest."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders = sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    places = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders), "/usr/sbin"])
    found = shutil.which(program, path=places)
    return Path(found) if found else None


def needs(program: str) -> Path:
    """Return where a program is. Without it the test is skipped, and fails where CI is set: there nothing goes unseen."""
    found = find(program)
    if found is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"{program} is not installed here: apt-get install {PACKAGES[program]}")
    return found
