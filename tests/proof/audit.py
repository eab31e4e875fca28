"""The audit trail: no change to it goes unnoticed, and a million entries are read in seconds."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from delivery.ledgers import ANA, BEA, CEM, NOW, busy, claim, freeze, line
from delivery.test_forgery import FORGERIES
from proof.ground import Figures

from crisiscomms.ledger import Ledger
from crisiscomms.ledger.trail import told

#: How long it may take to read a million entries, in seconds.
BAR = 30
_PORTION = 200


def forge(folder: Path, tries: int, chance: random.Random) -> Counter[str]:
    """Change a small trail in every way, one change at a time. Returns how often each way was tried; all are found."""
    ledger, tried = Ledger(folder / "small.db", lambda: NOW, "proof"), Counter[str]()
    busy(ledger)
    for number in range(8):
        claim(ledger, freeze(ledger, line(ANA, BEA, CEM, update_id=f"u{number}", channel=f"c{number}")))
    anchor = ledger.trail.anchor()
    assert anchor
    with closing(sqlite3.connect(folder / "small.db", isolation_level=None)) as database:
        database.execute("CREATE TABLE written AS SELECT * FROM audit")
        for number in range(tries):
            one = FORGERIES[number % len(FORGERIES)]
            database.execute("BEGIN IMMEDIATE")
            one(database, chance, anchor.seq)
            database.execute("COMMIT")
            tried[one.__name__] += 1
            assert ledger.trail.verify(anchor)[1] is not None, f"{one.__name__}, try {number}, goes unnoticed"
            database.executescript("BEGIN; DELETE FROM audit; INSERT INTO audit SELECT * FROM written; COMMIT")
    assert ledger.trail.verify(anchor) == (anchor.seq, None)
    ledger.close()
    return tried


def fill(folder: Path, entries: int) -> tuple[float, float, int]:
    """Write a trail and read it. Returns the seconds of each, and its size in bytes."""
    ledger = Ledger(folder / "large.db", lambda: NOW, "proof")
    made = (("sent", number, told(receipt=f"2.0.0 queued as {number}")) for number in range(entries))
    began = time.perf_counter()
    while portion := list(islice(made, _PORTION)):
        with ledger.store.mark() as connection:
            ledger.trail.note(connection, ledger.now(), "proof", portion)
    written = time.perf_counter()
    anchor = ledger.trail.anchor()
    held, flaw = ledger.trail.verify(anchor)
    read = time.perf_counter()
    ledger.close()
    assert (held, flaw) == (entries, None)
    return written - began, read - written, (folder / "large.db").stat().st_size


def prove(*, changes: int = 1000, entries: int = 1_000_000, seed: int = 7) -> Figures:
    """Random changes to an audit trail, one at a time: an entry edited, made unreadable, renumbered, deleted, swapped, copied,
    cut off or hashed anew. And a long trail, written in turns of 200 entries and verified.
    """
    with TemporaryDirectory(prefix="crisiscomms-proof-") as folder:
        tried = forge(Path(folder), changes, random.Random(seed))
        wrote, read, size = fill(Path(folder), entries)
    assert read < BAR * max(1.0, entries / 1e6), f"verifying took {read:.1f} seconds"
    return {
        "changes, all found": ", ".join(f"{name} {count}" for name, count in sorted(tried.items())),
        "entries": entries,
        "seconds to write them": f"{wrote:.1f}",
        f"seconds to verify them (bar: {BAR})": f"{read:.1f}",
        "size of the ledger": f"{size / 1e6:.0f} MB",
    }
