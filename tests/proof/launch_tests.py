"""Running tests at their full length, as a part of the proof."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]


def at_length(*words: str) -> str:
    """Run some tests with nothing left out, and return what pytest says. Raises AssertionError where one fails."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "-p", "no:cacheprovider"],
        cwd=HOME,
        env={**os.environ, "CRISISCOMMS_PROVE": "1"},
        capture_output=True,
        text=True,
        timeout=7200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout
