"""Files that survive a power cut: whole under their name, or not there."""

from __future__ import annotations

import os
from pathlib import Path


def write_through(path: Path, body: bytes, *, mode: int = 0o666) -> None:
    """Write a file and wait for the disk. Raises OSError."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(opened, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def rename_through(draft: Path, path: Path) -> None:
    """Give a file its name, and wait until the folder knows it. Raises OSError."""
    draft.replace(path)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        sync(path.parent)


def sync(path: Path) -> None:
    """Have the disk remember a file, or the names in a folder. Raises OSError."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def put_durably(path: Path, body: bytes, *, mode: int = 0o666) -> None:
    """Write a file whole or not at all. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write_through(draft, body, mode=mode)
        rename_through(draft, path)
    finally:
        draft.unlink(missing_ok=True)
