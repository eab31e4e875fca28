"""How long lists take: a million people, checked once and then read one by one. Rows per second, and peak memory.

The time is CPU time of this process. Memory is the most it ever held beyond what it held before.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from crisiscomms.record.recipients import read_recipients

ROWS = 1_000_000
RUNS = 3


def write(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write("email,name,language,records\n")
        for n in range(ROWS):
            out.write(f"person.number{n}@mail{n % 500}.example,Zoë Family{n},{'de' if n % 3 else 'en'},{n % 997}\n")


def peak() -> float:
    """Return the most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, work: Callable[[], int]) -> None:
    """Print the least of several runs: what is above it is noise of the machine."""
    took, before = [], peak()
    for _ in range(RUNS):
        began = time.process_time()
        rows = work()
        took.append(time.process_time() - began)
        assert rows == ROWS
    least = min(took)
    print(f"{name:<24} {ROWS / least:12,.0f} {least / ROWS * 1e6:12.2f} {peak() - before:14.1f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        write(path)
        size = path.stat().st_size / ROWS
        print(f"{f'{ROWS:,} rows, {size:.0f} bytes each':<24} {'rows/s':>12} {'us per row':>12} {'MB above start':>14}")
        measure("check", lambda: read_recipients(path).count)
        found = read_recipients(path)
        measure("people, one by one", lambda: sum(1 for _ in found.people()))


if __name__ == "__main__":
    main()
