"""What the ledger has to know about the machine it is on: when it began, and whether a disk is really its own."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

from crisiscomms.errors import CrisiscommsError, relative

_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ncpfs"})


def boot_id() -> str:
    """Return what changes when this machine starts anew."""
    path = Path("/proc/sys/kernel/random/boot_id")
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    return f"{socket.gethostname()}:{int(time.time() - time.monotonic()) // 60}"


def refuse_network(path: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Raise CrisiscommsError where a path lies on a network file system. `mounts` is where the system lists its own."""
    if not mounts.exists():
        return
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, written, found, *_ = line.split(" ")
        where = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), written)  # a space is written as \040
        if str(path.resolve()).startswith(where.rstrip("/") + "/") and len(where) >= len(best):
            best, kind = where, found
    if kind in _REMOTE:
        raise CrisiscommsError(
            f"the ledger {relative(path)} is on a network drive ({kind})",
            why="File locks do not hold there, so the same mail could go out twice.",
            fix="Move the workspace to a local disk.",
        )
