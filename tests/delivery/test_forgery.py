"""No change to the audit trail goes unnoticed, however it was made."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from hashlib import sha256

from delivery.ledgers import ANA, BEA, CEM, busy, claim, freeze, line

TRIES = 200


def edit(database, chance, last):
    """Change one field of one entry to anything else, of any sort."""
    name = chance.choice(["at", "who", "what", "subject", "detail", "hash"])
    seq = chance.randint(1, last)
    (value,) = database.execute(f"SELECT {name} FROM audit WHERE seq = ?", [seq]).fetchone()
    place = chance.randrange(len(value)) if value else 0
    bit = bytes([value[place] ^ 1 << chance.randrange(8)]) if name == "hash" else chance.choice(["x", "", "\x1f", "é"])
    changed = value[:place] + bit + value[place + 1 :]
    if changed == value:
        changed += b"\0" if name == "hash" else " "
    strange = chance.random() < 0.2
    if strange:
        changed = chance.choice([b"\xff\x00", "text", b"", 7])
    database.execute(f"UPDATE audit SET {name} = ? WHERE seq = ?", [changed, seq])


def undecodable(database, chance, last):
    """Write bytes that are no text where text belongs."""
    name = chance.choice(["at", "who", "what", "subject", "detail"])
    database.execute(f"UPDATE audit SET {name} = CAST(X'C3' AS TEXT) WHERE seq = ?", [chance.randint(1, last)])


def renumber(database, chance, last):
    seq = chance.randint(1, last)
    database.execute("UPDATE audit SET seq = ? WHERE seq = ?", [chance.choice([0, -1, last + 1, last + 9]), seq])


def delete(database, chance, last):
    """Take one entry out, and let those after it close the gap, or not."""
    seq = chance.randint(1, last - 1)
    database.execute("DELETE FROM audit WHERE seq = ?", [seq])
    if chance.random() < 0.5:
        for later in range(seq + 1, last + 1):
            database.execute("UPDATE audit SET seq = ? WHERE seq = ?", [later - 1, later])


def swap(database, chance, last):
    """Let two entries change places, whole or only what they say."""
    one, two = chance.sample(range(1, last + 1), 2)
    names = "at, who, what, subject, detail" + chance.choice(["", ", hash"])
    rows = [database.execute(f"SELECT {names} FROM audit WHERE seq = ?", [seq]).fetchone() for seq in (one, two)]
    sets = ", ".join(f"{name} = ?" for name in names.split(", "))
    for seq, row in ((one, rows[1]), (two, rows[0])):
        database.execute(f"UPDATE audit SET {sets} WHERE seq = ?", [*row, seq])


def shift(database, chance, last):
    """Move words from the end of one field to the start of the next."""
    one, two = chance.choice([("at", "who"), ("who", "what"), ("what", "subject"), ("subject", "detail")])
    seq = chance.randint(1, last)
    database.execute(
        f"UPDATE audit SET {two} = substr({one}, -1) || {two}, {one} = substr({one}, 1, length({one}) - 1) WHERE seq = ?",
        [seq],
    )


def insert(database, chance, last):
    """Put a copy of an entry at the end."""
    names = "at, who, what, subject, detail, hash"
    database.execute(
        f"INSERT INTO audit (seq, {names}) SELECT ?, {names} FROM audit WHERE seq = ?",
        [last + 1, chance.randint(1, last)],
    )


def cut(database, chance, last):
    database.execute("DELETE FROM audit WHERE seq > ?", [chance.randint(0, last - 1)])


def rewrite(database, chance, last):
    """Change an entry, and hash everything from there anew: only the anchor knows better."""
    database.execute("UPDATE audit SET what = 'nothing' WHERE seq = ?", [chance.randint(1, last)])
    previous = b"\0" * 32
    for seq, *fields in database.execute(
        "SELECT seq, at, who, what, subject, detail FROM audit ORDER BY seq"
    ).fetchall():
        previous = sha256(previous + "\x1f".join(map(str, (seq, *fields))).encode()).digest()
        database.execute("UPDATE audit SET hash = ? WHERE seq = ?", [previous, seq])


FORGERIES = (edit, edit, edit, undecodable, renumber, delete, swap, shift, insert, cut, rewrite)


def test_no_change_to_the_trail_goes_unnoticed(file_ledger, tmp_path, clock):
    chance = random.Random(20261118)
    busy(file_ledger)
    for number in range(8):
        claim(file_ledger, freeze(file_ledger, line(ANA, BEA, CEM, update_id=f"u{number}", channel=f"c{number}")))
        file_ledger.suppress([f"token:{number}é"], "they asked")
    anchor = file_ledger.trail.anchor()
    unnoticed = []
    with closing(sqlite3.connect(tmp_path / "file.db", isolation_level=None)) as database:
        database.execute("CREATE TABLE written AS SELECT * FROM audit")
        for number in range(TRIES):
            forge = FORGERIES[number % len(FORGERIES)]
            database.execute("BEGIN IMMEDIATE")
            forge(database, chance, anchor.seq)
            database.execute("COMMIT")
            held, flaw = file_ledger.trail.verify(anchor)
            if flaw is None or flaw.seq != held + 1:
                unnoticed.append((forge.__name__, number))
            database.executescript("BEGIN; DELETE FROM audit; INSERT INTO audit SELECT * FROM written; COMMIT")
            assert file_ledger.trail.verify(anchor) == (anchor.seq, None)
    assert unnoticed == []


def test_a_cut_end_shows_only_against_an_anchor(file_ledger, tmp_path):
    busy(file_ledger)
    anchor = file_ledger.trail.anchor()
    with closing(sqlite3.connect(tmp_path / "file.db", isolation_level=None)) as database:
        database.execute("DELETE FROM audit WHERE seq > 10")
    assert file_ledger.trail.verify() == (10, None)
    assert not file_ledger.trail.holds(anchor)
    held, flaw = file_ledger.trail.verify(anchor)
    assert (held, flaw.seq) == (10, 11)
    assert flaw.words == "The trail ends at entry 10, and the published site names entry 13."
