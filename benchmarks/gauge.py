"""How fast this machine is just now: what importing typer takes, beside what it takes where the bars in seconds were set."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
#: CPU seconds of `python -c "import typer"` on the machine that the bars were set on.
TYPER = 0.059
IMPORT_TYPER = ["-c", "import typer"]


def cpu_seconds(words: list[str]) -> float:
    """Return the user and system time of one run of Python."""
    settings = {**os.environ, "NO_COLOR": "1"}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)  # some machines set it; whoever installs a program has its bytecode
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=HOME, env=settings)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def slowness() -> float:
    """Return how many times longer than there things take here just now: the least of seven runs."""
    return min(cpu_seconds(IMPORT_TYPER) for _ in range(7)) / TYPER
