"""A small publish that ends at every single call to the database, the network or the disk, and is then run again."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proof.ground import Figures, ground, launched
from proof.launch import CRASHED, lose_power
from standins.office import Office
from standins.sink import Sink

from crisiscomms.channels.website import ANCHOR
from crisiscomms.ledger import Ledger
from crisiscomms.ledger.trail import Anchor

PEOPLE = 6
#: No publish of so few reaches out so often.
MOST_CALLS = 5_000


class Forks:
    """Publishes that are forked from one warm process. `run` returns the exit code."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, folder: Path, *, call: int = 0, copy: Path | None = None, boot: str = "") -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{call}\t{copy or ''}\t{boot}\t{folder}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def forks(office: Office) -> Iterator[Forks]:
    """Start the warm process: it publishes a copy of the workspace once."""
    warm = office.root / "warm"
    shutil.copytree(office.folder, warm)
    process = launched(office, "crash", str(warm), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Forks(process)
    finally:
        process.kill()
        process.communicate(timeout=10)


def pages(folder: Path) -> set[str]:
    """Return the names of the files of the published site."""
    site = folder / "public"
    return {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}


def check(folder: Path, counts: Counter[str], them: list[str], site: set[str]) -> int:
    """Everyone has one mail or is in doubt, the site is whole, and the trail holds. Returns how many are in doubt."""
    from datetime import UTC, datetime

    ledger = Ledger(folder / "ledger.db", lambda: datetime.now(UTC), "proof")
    try:
        states = {row.recipient: row.state for row in ledger.rows() if row.recipient}
        others = [(row.kind, row.state) for row in ledger.rows() if not row.recipient]
        flaw = ledger.trail.verify(Anchor.from_json((folder / "public" / ANCHOR).read_text()))[1]
        left = ledger.open_publications()
    finally:
        ledger.close()
    assert max(counts.values(), default=0) <= 1, f"somebody has it twice: {counts}"
    assert set(states) == set(them)
    for who, state in states.items():
        assert state == "in_doubt" or (state == "sent" and counts[who]), f"{who}: {state}, {counts[who]} mails"
    assert {state for _, state in others} == {"sent"}, others
    assert pages(folder) == site
    assert flaw is None, flaw
    assert not left
    return list(states.values()).count("in_doubt")


def crash_at(call: int, office: Office, sink: Sink, forked: Forks, *, power: bool) -> tuple[bool, Path, Counter[str]]:
    """Publish in a new folder, end it at a call, and publish again. Returns whether it came that far, and what came of it."""
    root = office.root / f"{'power' if power else 'process'}-{call}"
    folder, copy = root / "workspace", root / "lasting"
    shutil.copytree(office.folder, folder)
    before = len(sink.taken)
    code = forked.run(folder, call=call, copy=copy if power else None, boot="before")
    assert code in {0, CRASHED}, f"it ended with {code} at call {call}"
    if power:
        lose_power(folder / "ledger.db", copy)
    again = forked.run(folder, copy=copy if power else None, boot="after")
    assert again in {0, 6}, f"the publish after call {call} ended with {again}"
    return code == CRASHED, folder, Counter(sink.taken[before:])


def prove(*, every: int = 1, seed: int = 7) -> Figures:
    """A publish of a site, a memo and 6 mails that ends at its k-th call to database, network or disk, for every k (or for
    one k in so many: --every), and is run again: once as if the process were killed there, once as if the power failed.
    """
    figures: Figures = {}
    with ground(PEOPLE, connections=2, in_memory=True) as (office, sink, them), forks(office) as forked:
        _, folder, _ = crash_at(0, office, sink, forked, power=False)
        site = pages(folder)
        assert site
        for power in (False, True):
            call, tried, doubts, most = 1 + seed % every, 0, 0, 0
            while True:
                crashed, folder, counts = crash_at(call, office, sink, forked, power=power)
                try:
                    found = check(folder, counts, them, site)
                except AssertionError as error:
                    raise AssertionError(f"{'power lost' if power else 'killed'} at call {call}: {error}") from error
                shutil.rmtree(folder.parent)
                if not crashed:
                    break
                doubts, most, tried, call = doubts + found, max(most, found), tried + 1, call + every
                assert call < MOST_CALLS
            name = "power lost" if power else "killed"
            figures |= {
                f"{name}, calls": tried,
                f"{name}, doubts in all": doubts,
                f"{name}, doubts of one at most": most,
            }
    return {**figures, "lost": 0, "heard twice": 0}
