"""crisiscomms as a process that meets a misfortune: it ends at a call, its power fails, or its leases are short.

python -m proof.launch crash FOLDER       publishes FOLDER, then reads "CALL SNAPSHOT BOOT FOLDER" lines, and publishes
                                          each in a process of its own
python -m proof.launch power publish ...  keeps a copy of what would outlive a power cut
python -m proof.launch lease publish ...  leases of CRISISCOMMS_LEASE seconds
python -m proof.launch help FOLDER        for each line that it reads, forks a worker of FOLDER, and says its number
"""

from __future__ import annotations

import gc
import io
import os
import pickle
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Connection

#: How a process ends that met its crash, and the environment that says which boot this is and where its copy goes.
CRASHED, BOOT, SNAPSHOT = 86, "PROOF_BOOT", "PROOF_SNAPSHOT"
#: What of the operating system changes something that others can see.
_CALLS = frozenset(
    [
        "open",
        "write",
        "fsync",
        "rename",
        "replace",
        "link",
        "symlink",
        "unlink",
        "remove",
        "rmdir",
        "mkdir",
        "utime",
        "chmod",
        "ftruncate",
        "close",
        "flock",
    ]
)
_THINGS = (sqlite3.Connection, sqlite3.Cursor, socket.socket, io.FileIO, io.BufferedWriter, io.TextIOWrapper)


@cache
def _is_thing(kind: type) -> bool:
    return issubclass(kind, _THINGS)


def reaches_out(called: Any) -> bool:
    """Say whether a C function talks to the database, to the network or to the disk."""
    if _is_thing(type(getattr(called, "__self__", None))):
        return True
    return called.__name__ in _CALLS and called.__module__ in {"posix", "fcntl", "_io"}


def end_at(call: int) -> None:
    """End this process right before the so-manieth call that reaches out, as if it had been killed there."""
    left = call

    def watch(_frame: FrameType, event: str, called: Any) -> None:
        nonlocal left
        if event == "c_call" and reaches_out(called):
            left -= 1
            if not left:
                os._exit(CRASHED)

    sys.setprofile(watch)


def keep_what_lasts(copy: Path) -> None:
    """After each durable commit, write what a power cut would leave of the ledger into `copy`. Be of another boot."""
    from crisiscomms.ledger import store

    def kept(transaction: Any) -> Any:
        @contextmanager
        def lasting(self: store.Store) -> Iterator[Connection]:
            with transaction(self) as connection:
                yield connection
            assert isinstance(self.where, Path)
            wal = self.where.with_name(self.where.name + "-wal")
            part = copy.with_suffix(".part")
            part.write_bytes(pickle.dumps((self.where.read_bytes(), wal.read_bytes() if wal.exists() else b"")))
            part.replace(copy)

        return lasting

    store.Store.write = kept(store.Store.write)  # type: ignore[method-assign]
    store.Store.between_marks = kept(store.Store.between_marks)  # type: ignore[method-assign]
    store.boot_id = lambda: os.environ[BOOT]


def lose_power(ledger: Path, copy: Path) -> None:
    """Put back what a power cut leaves of a ledger."""
    for path in ledger.parent.glob(f"{ledger.name}*"):
        path.unlink()
    if copy.exists():
        whole, wal = pickle.loads(copy.read_bytes())
        ledger.write_bytes(whole)
        ledger.with_name(ledger.name + "-wal").write_bytes(wal)


def command(*words: str) -> int:
    """Run the command line here. Returns its exit code."""
    from crisiscomms.__main__ import main

    sys.argv = ["crisiscomms", *words]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def serve() -> None:
    """Publish again and again, each time in a fork, so that nothing has to be imported twice."""
    from crisiscomms.ledger.rows import Worker

    gc.collect()
    gc.freeze()  # what is warm is shared by all forks, and stays so
    for line in sys.stdin:
        call, copy, boot, folder = line.rstrip("\n").split("\t")
        child = os.fork()
        if not child:
            Worker.this.cache_clear()  # it knows itself by its process
            os.environ[BOOT] = boot
            if copy:
                keep_what_lasts(Path(copy))
            with Path(os.devnull).open("w") as nowhere:
                sys.stdout = sys.stderr = nowhere
                if int(call):
                    end_at(int(call))
                code = command("publish", "--yes", "-C", folder)
            sys.setprofile(None)
            os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def help_for_ever(folder: Path) -> None:
    """Do what a worker does when a job says so, again and again: what workers promise does not rest on their jobs."""
    from crisiscomms.delivery.publish import Publishing
    from crisiscomms.delivery.world import Room
    from crisiscomms.workspace import find_workspace

    work = Publishing(Room(find_workspace(folder), rehearsal=False))
    while True:
        work.help_out("email")
        time.sleep(0.2)


def hire(folder: Path) -> None:
    """Fork workers from a process that has imported everything, and holds no connection."""
    from crisiscomms.channels import smtp_fan  # noqa: F401
    from crisiscomms.ledger.rows import Worker

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever dies is gone at once
    gc.collect()
    gc.freeze()
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            Worker.this.cache_clear()
            try:
                with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
                    help_for_ever(folder)
            finally:
                os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


def main() -> int:
    how, *words = sys.argv[1:]
    if how == "crash":
        shown, sys.stdout = sys.stdout, io.StringIO()
        command("publish", "--yes", "-C", words[0])  # so that everything is imported
        sys.stdout = shown
        serve()
        return 0
    if how == "power":
        keep_what_lasts(Path(os.environ[SNAPSHOT]))
    elif how in {"lease", "help"}:
        from crisiscomms.ledger.working import Working

        Working.lease = float(os.environ["CRISISCOMMS_LEASE"])
        if how == "help":
            shown, sys.stdout = sys.stdout, io.StringIO()
            command("publish", "--rehearsal", "--yes", "-C", words[0])  # so that everything is imported
            sys.stdout = shown
            hire(Path(words[0]))
            return 0
    return command(*words)


if __name__ == "__main__":
    sys.exit(main())
