"""PROOF.md: what was run, where, and what came of it. Each part has a section, and a run replaces its own."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from pathlib import Path

from proof.ground import Figures
from standins.machine import find

FILE = Path(__file__).resolve().parents[2] / "PROOF.md"
HEAD = """# Proof of delivery

Everybody hears it once, or is shown as in doubt. What follows was measured by `./run prove`, one part at a time: what was
done, the command that does it again, and what came of it. A part that does not hold says so. Everything is seeded; the
moments at which real processes are killed still fall a little differently each time.
"""


def machine() -> str:
    """Return what the figures depend on. No names, no paths."""
    postgres = find("postgres")
    said = (
        subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout if postgres else ""
    )
    versions = {
        "": f"{os.cpu_count()} cores",
        platform.system(): platform.release(),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": match[0] if (match := re.search(r"\d+(\.\d+)*", said)) else "none",
    }
    return ", ".join(f"{name} {version}".strip() for name, version in versions.items())


def write(part: str, *, what: str, command: str, took: float, figures: Figures, failure: str = "") -> None:
    """Replace a part's section."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else HEAD
    _, *old = re.split(r"^## ", text, flags=re.MULTILINE)
    parted = (section.partition("\n") for section in old)
    sections = {name: f"\n{told.strip()}\n" for name, _, told in parted}
    verdict = f"**It does not hold:** {failure}." if failure else "It holds."
    lines = [
        f"| {name} | {value:,} |" if isinstance(value, int) else f"| {name} | {value} |"
        for name, value in figures.items()
    ]
    table = ["| | |", "|---|---|", *lines, ""] if lines else []
    body = [what, "", f"    {command}", "", *table, f"{verdict} Took {took:,.0f} seconds on {machine()}.", ""]
    sections[part] = "\n" + "\n".join(body)
    FILE.write_text(
        "\n".join([HEAD, *(f"## {name}\n{told}" for name, told in sections.items())]).rstrip("\n") + "\n",
        encoding="utf-8",
    )
