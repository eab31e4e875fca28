"""How long a review takes: 20,000 characters of anything, and time against length up to a megabyte of repetition.

Each shape is made to cost as much as it can: beginnings of what a rule looks for that never end, long runs of one
character, every phrase of the language in a row. `x2` is how much longer twice the length takes: 2 is linear.
"""

from __future__ import annotations

import sys
import time

from benchmarks.gauge import slowness
from crisiscomms.review.letter import Known, Letter
from crisiscomms.review.lexicon import lexicon
from crisiscomms.review.phrases import phrases_of
from crisiscomms.review.scan import scan

BUDGET = 0.050
CHARACTERS = 20_000
LENGTHS = [64_000 << n for n in range(5)]


def every_word() -> str:
    """Return all the words that any rule looks for, one after the other."""
    known = lexicon("en")
    assert known
    words = [
        p.source
        for part in (*known.families.values(), known.elements)
        for lines in part.values()
        for p in phrases_of(lines)
    ]
    plain = " ".join(words)
    for sign in "()|?#*":
        plain = plain.replace(sign, " ")
    return " ".join(plain.replace("...", " ").split()) + " "


def shapes() -> dict[str, str]:
    """Return what is repeated, by name."""
    own = "We are sorry that we did not test the change of 18 November 2026. You could not pay at 10:12 CET. "
    return {
        "a letter": own,
        "sorry if": "sorry if ",
        "sorry": "sorry ",
        "sorry but no end": "sorry that some who may but for ",
        "we will": "we will we have ",
        "spaces": " ",
        "letters": "a",
        "capitals": "AB ",
        "digits": "1",
        "digits and points": "1.1,",
        "quotes": '"',
        "brackets": "[(",
        "braces": "{{",
        "full stops": ".",
        "exclamation marks": "a!",
        "no sentence": "word ",
        "short sentences": "We will. ",
        "lines": "\n",
        "list": "- We will go.\n",
        "at signs": "a@a.",
        "dollars": "$a._a.",
        "times": "10:12 ",
        "months": "18 November ",
        "every word": every_word(),
        "every word, dotted": every_word().replace(" ", ". "),
    }


def seconds(text: str, kind: str = "statement") -> float:
    """Return the CPU time of one review: the least of seven for a short text, which other work on the machine disturbs most."""
    known = Known(status="investigating", severity="major", kind="outage", harm="none", level="ours", cause="unknown")
    best = 99.0
    for _ in range(7 if len(text) < 100_000 else 1):
        letter = Letter(kind, "en", text, known=known)
        start = time.process_time()
        scan(letter)
        best = min(best, time.process_time() - start)
    return best


def main() -> int:
    """Print both, and fail where a shape is too slow or grows faster than its length.

    The budget is in seconds on the machine it was set on. Where this one is slower just now, both are told.
    """
    seconds(every_word())  # compile what there is to compile, once
    bad, over = [], []
    before = slowness()
    print(
        f"{'milliseconds by length':<20}" + "".join(f"{n // 1000:>8}k" for n in LENGTHS) + f"{'x2':>7}{CHARACTERS:>9}"
    )
    for name, piece in shapes().items():
        times = [seconds((piece * (n // len(piece) + 1))[:n]) for n in LENGTHS]
        short = seconds((piece * (CHARACTERS // len(piece) + 1))[:CHARACTERS])
        growth = (times[-1] / max(times[-4], 0.001)) ** (1 / 3)
        over += [name] if short > BUDGET else []
        bad += [name] if short > BUDGET * max(1.0, before) or growth > 2.5 else []
        row = "".join(f"{t * 1000:>9.1f}" for t in times)
        print(f"{name:<20}{row}{growth:>7.2f}{short * 1000:>9.1f}{'  over' if short > BUDGET else ''}")
    print(f"{CHARACTERS:,} characters in {BUDGET * 1000:.0f} ms: {', '.join(over) or 'no shape'} over.")
    print(
        f"This machine took {before:.1f} to {slowness():.1f} times as long as the one that the budget was set on:"
        f" {', '.join(bad) or 'no shape'} over by that measure, or not linear."
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
