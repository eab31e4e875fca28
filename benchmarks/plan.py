"""Planning for very many readers: seconds, memory, the ledger's size, and how long `status` takes meanwhile.

    python -m benchmarks.plan --people 1000000

`crisiscomms plan` alone comes first; then `crisiscomms publish`, watched by a second process that asks `crisiscomms status`
again and again, while the plan is frozen and for `--sending` seconds while mails go out. Then the publish is killed: it is
not what is measured here (see `benchmarks.mail`). Needs Debian's package postfix for smtp-sink.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.mail import HOME, Office
from benchmarks.postfix import sink

#: What holds for a million readers: seconds and MB of the plan, MB of the ledger, seconds of `status`.
BARS = {"seconds": 60.0, "memory": 300.0, "ledger": 500.0, "status": 1.0}
SESSIONS = 16


def command(office: Office, *words: str) -> tuple[list[str], dict[str, str]]:
    """Return how a command is started."""
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    return [sys.executable, "-m", "crisiscomms", *words, "-C", str(office.folder)], environment


def status(office: Office) -> float:
    """Ask for the status. Returns seconds, the start of the process included."""
    words, environment = command(office, "status")
    began = time.perf_counter()
    subprocess.run(words, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def batches(office: Office) -> int:
    """Return how many batches of a frozen plan were taken in hand so far."""
    ledger = office.folder / "ledger.db"
    if not ledger.exists():
        return 0
    with closing(sqlite3.connect(ledger, timeout=30)) as database:
        try:
            return int(database.execute("select count(*) from claims").fetchone()[0])
        except sqlite3.OperationalError:  # the tables are not there yet
            return 0


def size(office: Office) -> float:
    """Return the size of the ledger in MB, with what is not folded into it yet."""
    return sum(path.stat().st_size for path in office.folder.glob("ledger.db*")) / 1e6


def watch(office: Office, sending: float) -> tuple[float, float, list[float], list[float]]:
    """Publish, and ask for the status meanwhile. Returns seconds until it sends, MB then, and the seconds of each status."""
    words, environment = command(office, "publish", "--yes")
    began, frozen, large = time.perf_counter(), 0.0, 0.0
    before, after = [], []
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while process.poll() is None and (not frozen or time.perf_counter() - began < frozen + sending):
            took = status(office)
            if not frozen and batches(office):
                frozen, large = time.perf_counter() - began, size(office)
            elif frozen:
                after.append(took)
            else:
                before.append(took)
    finally:
        process.kill()
        _, said = process.communicate()
    if not frozen:
        sys.exit(said.decode())
    return frozen, large, before, after


def measure(people: int, sending: float) -> dict[str, float]:
    """Return the figures, by name."""
    with tempfile.TemporaryDirectory() as root, sink() as port:
        office = Office(Path(root), people, SESSIONS, "")
        office.settle(port)
        seconds, busy, memory = office.run("plan")
        idle = statistics.median(status(office) for _ in range(3))
        frozen, large, before, after = watch(office, sending)
        return {
            "plan: seconds": seconds,
            "plan: CPU seconds": busy,
            "plan: MB of memory at its peak": memory,
            "publish: seconds until it sends": frozen,
            "ledger, frozen: MB": large,
            "status: seconds with nothing to do": idle,
            "status while planning: median": statistics.median(before or [0.0]),
            "status while planning: longest": max(before, default=0.0),
            "status while sending: median": statistics.median(after or [0.0]),
            "status while sending: longest": max(after, default=0.0),
        }


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--sending", type=float, default=60.0, help="seconds")
    chosen = options.parse_args()
    print(f"{chosen.people:,} people")
    for name, value in measure(chosen.people, chosen.sending).items():
        print(f"{name:<36} {value:10.2f}")


if __name__ == "__main__":
    main()
