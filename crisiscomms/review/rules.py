"""The rules as data: what each is called, how much it weighs and when, why it matters, and what good and bad look like.

One file per family under `catalogue/`. Nothing is read before a rule has something to say, or somebody asks for it.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from crisiscomms.errors import Severity, UsageError, did_you_mean

FAMILIES = {
    "A": "What is missing",
    "B": "Evasion",
    "C": "Making it small",
    "D": "Claiming too much, and talking about oneself",
    "E": "Style",
    "F": "One truth in every channel",
    "G": "Care for people, and duties by law",
}
HOW = {
    "pattern": "words in the text",
    "gated": "words in the text, weighed by the record and its status",
    "structure": "the record, or the shape of the text",
    "compare": "messages against each other and against the record",
    "person": "words in the text that only a person can judge",
}
#: How much a finding weighs, in words.
WEIGHT = {
    Severity.QUESTION: "a question for a person",
    Severity.INFO: "for your information",
    Severity.WARNING: "a warning",
    Severity.ERROR: "an error",
}
_FILES = {
    "A": "a-missing",
    "B": "b-evasion",
    "C": "c-small",
    "D": "d-claims",
    "E": "e-style",
    "F": "f-one-truth",
    "G": "g-care",
}
#: The head of a rule: its code in brackets, on a line of its own.
_HEAD = re.compile(r"^\[([a-z0-9-]+)\]\n", re.MULTILINE)
_HOME = Path(str(files("crisiscomms.review")))


class Rule(NamedTuple):
    """One rule. `what` completes "the statement says ..."; `spares` are near misses that it must not flag.

    `error_when`, `warning_when`, `info_when` and `off_when` are conditions by name; `excused_by` are neighbours in the
    same paragraph that make it weigh one level less. `yields_to` are rules that say the same more plainly where they
    speak. `more` says in words what else decides about a rule of the record.
    """

    code: str
    family: str
    severity: Severity
    how: str
    what: str
    why: str
    source: str
    fix: str
    bad: str
    good: str
    spares: tuple[str, ...]
    error_when: tuple[str, ...] = ()
    warning_when: tuple[str, ...] = ()
    info_when: tuple[str, ...] = ()
    off_when: tuple[str, ...] = ()
    excused_by: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    more: str = ""


@cache
def _sources(letter: str) -> dict[str, str]:
    """Return how each rule of a family is written, by its code. Reading all of them takes as long as a whole review."""
    text = (_HOME / "catalogue" / f"{_FILES[letter]}.toml").read_text(encoding="utf-8")
    _, *parts = _HEAD.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


@cache
def _rule(code: str, letter: str) -> Rule:
    plain = tomllib.loads(_sources(letter)[code])
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Rule(**read | {"code": code, "family": letter, "severity": Severity(plain["severity"])})


def family(letter: str) -> dict[str, Rule]:
    """Return the rules of one family."""
    return {code: _rule(code, letter) for code in _sources(letter)}


def rules() -> dict[str, Rule]:
    """Return every rule by its code."""
    return {code: rule for letter in FAMILIES for code, rule in family(letter).items()}


def rule(code: str, letter: str = "") -> Rule:
    """Return a rule. Raises UsageError that names the nearest codes."""
    for name in letter or FAMILIES:
        if code in _sources(name):
            return _rule(code, name)
    near = did_you_mean(code, rules())
    raise UsageError(f'there is no rule "{code}".{near}', fix="All of them: docs/rules.md")
