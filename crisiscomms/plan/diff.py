"""Differences of words, for people: what a reader would see change."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of words: `kept`, `gone` or `new`."""

    kind: str
    words: str


def word_diff(before: str, after: str) -> list[list[Change]]:
    """Return the lines that change, each as stretches of words kept, gone and new. Lines that stay are left out."""
    old, new = before.splitlines(), after.splitlines()
    found: list[list[Change]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone, come = [line for line in old[a:b] if line.strip()], [line for line in new[c:d] if line.strip()]
        for index in range(max(len(gone), len(come))):
            left = gone[index] if index < len(gone) else ""
            right = come[index] if index < len(come) else ""
            found.append(_line(left, right))
    return found


def _line(before: str, after: str) -> list[Change]:
    if not before or not after:
        return [Change("new" if after else "gone", after or before)]
    old, new = re.findall(r"\S+\s*", before), re.findall(r"\S+\s*", after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.3:
        return [Change("gone", before), Change("new", after)]
    changes = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            changes.append(Change("kept", "".join(old[a:b])))
            continue
        changes += [Change(kind, "".join(words)) for kind, words in (("gone", old[a:b]), ("new", new[c:d])) if words]
    return changes
