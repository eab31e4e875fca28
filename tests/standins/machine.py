"""What the machine must have for some tests, and what happens where it has not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

#: Programs by name, and the Debian package that brings each. `./run test` installs them where it may.
PACKAGES = {
    "postgres": "postgresql",
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
    "chromium": "chromium",
    "java": "default-jre-headless",
    "node": "npm",
}
#: Where `./run test` puts programs that are not ours and need an environment of their own.
READERS = Path(__file__).resolve().parents[2] / ".readers"


def find(program: str) -> Path | None:
    """Return where a program is, on the path or where Debian keeps it. Of several versions, the newest."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders = sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    places = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders), "/usr/sbin"])
    found = shutil.which(program, path=places)
    return Path(found) if found else None


def needs(program: str) -> Path:
    """Return where a program is. Without it the test is skipped, and fails where CI is set: there nothing goes unseen."""
    return find(program) or _without(f"{program} is not installed here: apt-get install {PACKAGES[program]}")


def needs_reader(path: str) -> Path:
    """Return where something is that `./run test` puts among the readers. Without it, the same."""
    found = READERS / path
    return found if found.exists() else _without(f"{path} is not installed here: ./run test does that")


def _without(words: str) -> NoReturn:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    raise AssertionError(words)
