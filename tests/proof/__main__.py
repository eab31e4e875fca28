"""Run the proof, or one part of it: `./run prove`, or `./run prove kills --people 100000 --kills 300 --seed 7`."""

from __future__ import annotations

import argparse
import importlib
import inspect
import subprocess
import sys
import time
import traceback
from collections.abc import Callable

from proof import report
from proof.ground import Figures

#: Each is a module here, with a function `prove`, whose arguments are the part's options.
PARTS = ("model", "machine", "kills", "postgres", "crash", "power", "faults", "audit", "plan", "deploy", "hostile")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def prove_of(part: str) -> Callable[..., Figures]:
    """Return what runs a part."""
    found: Callable[..., Figures] = importlib.import_module(f"proof.{part}").prove
    return found


def run(part: str, options: dict[str, int]) -> bool:
    """Run a part, write what came of it into PROOF.md, and say whether it holds."""
    prove = prove_of(part)
    command = " ".join(
        ["./run prove", part, *(f"--{name.replace('_', '-')} {value}" for name, value in options.items())]
    )
    say(command)
    began, figures, failure = time.monotonic(), {}, ""
    try:
        figures = prove(**options)
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        traceback.print_exc()
        failure = str(error).partition("\n")[0] or type(error).__name__
    took = time.monotonic() - began
    for name, value in figures.items():
        say(f"  {name:<36} {value}")
    say(f"  {'DOES NOT HOLD: ' + failure if failure else 'holds'}, {took:,.0f} seconds")
    report.write(part, what=inspect.getdoc(prove) or "", command=command, took=took, figures=figures, failure=failure)
    return not failure


def options_of(part: str) -> dict[str, int]:
    """Return a part's options, as they are unless somebody says otherwise."""
    return {name: given.default for name, given in inspect.signature(prove_of(part)).parameters.items()}


def main() -> int:
    """Return 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="./run prove", description=__doc__)
    parts = parser.add_subparsers(dest="part", metavar="PART")
    for part in PARTS:
        one = parts.add_parser(part, help=inspect.getdoc(prove_of(part)))
        for name, default in options_of(part).items():
            one.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, help=f"usually {default}")
    chosen = vars(parser.parse_args())
    part = chosen.pop("part")
    if part:
        return not run(part, chosen)
    held = [run(part, options_of(part)) for part in PARTS]  # one that does not hold stops no other
    return not all(held)


if __name__ == "__main__":
    sys.exit(main())
