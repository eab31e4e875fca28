"""The ledger against everything that can happen around it, in random orders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from proof.ground import Figures

HOME = Path(__file__).resolve().parents[2]


def prove(*, seed: int = 7) -> Figures:
    """1,000 random stories of up to 80 steps on a real ledger: workers that sleep, die and come back, power cuts, people who
    change their minds, answers that get lost. The invariants hold after every step.
    """
    words = ["-m", "pytest", "tests/delivery/test_machine.py", f"--hypothesis-seed={seed}", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=HOME,
        env={**os.environ, "CRISISCOMMS_PROVE": "1"},
        capture_output=True,
        text=True,
        timeout=7200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return {"stories": 1000, "steps of each at most": 80, "invariants broken": 0}
