"""Hostile texts through every door."""

from __future__ import annotations

import re

from hostile.corpus import kinds
from proof.ground import Figures
from proof.launch_tests import at_length


def prove() -> Figures:
    """300 hostile texts of each kind through every text field of a record, every column of a list and every imported file:
    refused in words, or shown with nothing active and no remote address, as an HTML5 parser and Chromium read it.
    """
    texts = kinds()
    said = at_length("tests/hostile", "-n", "2")
    passed = re.search(r"(\d+) passed", said)
    return {
        "kinds": len(texts),
        "texts": sum(map(len, texts.values())),
        "tests passed": int(passed[1]) if passed else 0,
    }
