"""The delivery protocol as a model, searched in every state it can reach."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from proof.ground import Figures

TESTS = Path(__file__).resolve().parents[1]


def prove() -> Figures:
    """Every state that the delivery protocol can reach in six scenes of misfortune, by breadth-first search; and each rule
    broken once, to see that the search notices.
    """
    done = subprocess.run(
        [sys.executable, "-m", "delivery.model"],
        cwd=TESTS.parent,
        env={"PYTHONPATH": f"{TESTS.parent}:{TESTS}"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    states, transitions = re.findall(r"([\d,]+) states +([\d,]+) transitions  in all", done.stdout)[0]
    noticed = len(re.findall(r"^I\d+ +after", done.stdout, re.MULTILINE))
    return {"states": states, "transitions": transitions, "broken rules, all noticed": noticed, "invariants broken": 0}
