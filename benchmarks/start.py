"""How long a command takes to start: CPU seconds of the whole process, beside what no Python program can avoid.

Absolute times tell little on a shared machine; the ratio to importing typer alone tells more. The bars are 0.15 s for help and
0.5 s for a check on a machine where `python -c "import typer"` takes 0.059 s.
"""

from __future__ import annotations

import statistics

from benchmarks.gauge import HOME, IMPORT_TYPER, TYPER, cpu_seconds

EXAMPLE = HOME / "crisiscomms" / "examples"
RUNS = 11
BARS = {"crisiscomms --help": 0.15, "crisiscomms check checkout-outage": 0.5}
CHECK = ["-m", "crisiscomms", "check", "checkout-outage", "-C", str(EXAMPLE), "--now", "2026-11-18 18:00"]
MEASURED = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import typer'": IMPORT_TYPER,
    "import typer, pydantic, jinja2, yaml": ["-c", "import typer, pydantic, jinja2, yaml; pydantic.TypeAdapter"],
    "crisiscomms --help": ["-m", "crisiscomms", "--help"],
    "crisiscomms check checkout-outage": CHECK,
}


def main() -> None:
    """Print the median and the least of several runs, interleaved, so that noise hits all alike."""
    for words in MEASURED.values():
        cpu_seconds(words)
    runs: dict[str, list[float]] = {name: [] for name in MEASURED}
    for _ in range(RUNS):
        for name, words in MEASURED.items():
            runs[name].append(cpu_seconds(words))
    typer = runs["python -c 'import typer'"]
    print(f"{'CPU seconds, ' + str(RUNS) + ' runs':<40} {'median':>8} {'least':>8} {'x typer':>8} {'bar':>8}")
    for name, found in runs.items():
        ratio = statistics.median(one / other for one, other in zip(found, typer, strict=True))
        bar = f"{BARS[name] / TYPER:8.1f}" if name in BARS else ""
        print(f"{name:<40} {statistics.median(found):8.3f} {min(found):8.3f} {ratio:8.1f} {bar}".rstrip())


if __name__ == "__main__":
    main()
