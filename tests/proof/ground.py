"""What the parts of the proof stand on: a workspace with readers, and what must hold when all is over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from standins.office import MAIL, Office
from standins.sink import Sink

#: The figures of one part: what was counted, and how much of it there was.
Figures = dict[str, object]
#: How many doubts of which the mail did arrive are sent again all the same, to see that this works as well.
AGAIN = 5
#: Where files are kept in memory, on systems that have such a place: for parts that lose power only in play.
MEMORY = Path("/dev/shm")
#: How many rows are named in one command.
_MOST_NAMED = 5_000


def readers(count: int) -> list[str]:
    """Return so many addresses."""
    return [f"reader{number:07}@shop.example" for number in range(count)]


@contextmanager
def ground(
    people: int, *, connections: int, per_second: int = 1_000_000, in_memory: bool = False
) -> Iterator[tuple[Office, Sink, list[str]]]:
    """Make a workspace with one incident and its readers, and a mail server for it."""
    where = MEMORY if in_memory and os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="crisiscomms-proof-", dir=where) as folder, Sink(Path(folder, "taken.log")) as sink:
        office, them = Office(Path(folder, "office")), readers(people)
        table = MAIL.format(port=sink.port).replace("connections = 1\n", f"connections = {connections}\n")
        office.settle(table.replace("per_second = 5000", f"per_second = {per_second}"))
        office.people("merchants", *them)
        office.record()
        yield office, sink, them


def launched(
    office: Office, *words: str, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Start `proof.launch` with these words."""
    tests = Path(__file__).resolve().parents[1]
    path = os.pathsep.join((str(tests.parent), str(tests)))
    given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": None, **options}
    environment = {**office._env, **(env or {}), "PYTHONPATH": path}
    return subprocess.Popen([sys.executable, "-m", "proof.launch", *words], env=environment, text=True, **given)


def doubted(office: Office) -> dict[str, int]:
    """Return who is shown as in doubt, with the number of the row."""
    rows = json.loads(office.run("doubt", "list", "--json", apart=True).stdout)["rows"]
    return {row["recipient"]: row["id"] for row in rows}


def check_once(counts: Mapping[str, int], them: list[str], doubts: Mapping[str, int]) -> None:
    """Nobody heard it twice, and whoever did not hear it is listed as doubtful."""
    twice = {who for who, count in counts.items() if count > 1}
    assert not twice, f"{len(twice)} got it twice: {sorted(twice)[:5]}"
    lost = set(them) - set(counts) - set(doubts)
    assert not lost, f"{len(lost)} are lost: {sorted(lost)[:5]}"
    assert set(counts) <= set(them)


def resolve(office: Office, sink: Sink, doubts: Mapping[str, int]) -> dict[str, int]:
    """Settle all doubts as a person would who asked around, and publish again. Returns how often each should have it.

    Who has the mail is marked as sent, but for a few who get it again; who has it not gets it again.
    """
    heard = set(sink.taken)
    arrived = [who for who in doubts if who in heard]
    again = [*arrived[:AGAIN], *(who for who in doubts if who not in heard)]
    for who, word in ((arrived[AGAIN:], "--sent"), (again, "--resend")):
        for begin in range(0, len(who), _MOST_NAMED):
            rows = [str(doubts[one]) for one in who[begin : begin + _MOST_NAMED]]
            office.run("doubt", "resolve", *rows, word, "--reason", "they were asked", expect=0, apart=True)
    assert doubted(office) == {}
    office.end(office.start("publish", "--yes"), 600)
    return dict.fromkeys(arrived[:AGAIN], 2)


def check_end(office: Office, sink: Sink, them: list[str], doubts: Mapping[str, int]) -> Figures:
    """Settle the doubts and check that everyone has it, and that the audit trail holds. Returns figures."""
    check_once(sink.counts, them, doubts)
    arrived = len(doubts.keys() & set(sink.taken))
    wanted = Counter(dict.fromkeys(them, 1) | resolve(office, sink, doubts))
    assert sink.counts == wanted, "after the doubts were settled, somebody has too few or too many"
    assert "Nothing to publish" in office.publish(apart=True)
    assert sink.counts == wanted
    verified = json.loads(office.run("audit", "verify", "--json", expect=0, apart=True).stdout)
    return {
        "people": len(them),
        "lost": 0,
        "heard twice unasked": 0,
        "in doubt": f"{len(doubts):,}, of whom {arrived:,} have the mail",
        "sent again by a person's word": len(doubts) - arrived + min(AGAIN, arrived),
        "in doubt at the end": 0,
        "audit entries, all verified": verified["entries"],
    }
