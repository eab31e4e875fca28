"""No change to the audit trail goes unnoticed, however it was made."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from hashlib import sha256

from delivery.ledgers import ANA, BEA, CEM, busy, claim, freeze, line

TRIES = 200


def rows(database):
    """The numbers of all rows: each is that of the last entry in it."""
    return [seq for (seq,) in database.execute("SELECT seq FROM audit ORDER BY seq")]


def edit(database, chance, _last):
    """Change one field of one row to anything else, of any sort."""
    name = chance.choice(["at", "who", "entries", "entries", "entries", "hash"])
    seq = chance.choice(rows(database))
    (value,) = database.execute(f"SELECT {name} FROM audit WHERE seq = ?", [seq]).fetchone()
    place = chance.randrange(len(value)) if value else 0
    some = ["x", "", "\x1f", "\x1e", "é"]
    bit = bytes([value[place] ^ 1 << chance.randrange(8)]) if name == "hash" else chance.choice(some)
    changed = value[:place] + bit + value[place + 1 :]
    if changed == value:
        changed += b"\0" if name == "hash" else " "
    strange = chance.random() < 0.2
    if strange:
        changed = chance.choice([b"\xff\x00", "text", b"", 7])
    database.execute(f"UPDATE audit SET {name} = ? WHERE seq = ?", [changed, seq])


def undecodable(database, chance, _last):
    """Write bytes that are no text where text belongs."""
    name = chance.choice(["at", "who", "entries"])
    database.execute(f"UPDATE audit SET {name} = CAST(X'C3' AS TEXT) WHERE seq = ?", [chance.choice(rows(database))])


def renumber(database, chance, last):
    seq = chance.choice(rows(database))
    database.execute("UPDATE audit SET seq = ? WHERE seq = ?", [chance.choice([0, -1, last + 1, last + 9]), seq])


def delete(database, chance, _last):
    """Take one row out, and let those after it close the gap, or not."""
    numbers = rows(database)
    at = chance.randrange(len(numbers) - 1)
    database.execute("DELETE FROM audit WHERE seq = ?", [numbers[at]])
    gap = numbers[at] - (numbers[at - 1] if at else 0)
    if chance.random() < 0.5:
        for later in numbers[at + 1 :]:
            database.execute("UPDATE audit SET seq = ? WHERE seq = ?", [later - gap, later])


def reorder(database, chance, _last):
    """Take one entry out of its row, or put two into the other order, and let the numbers fit again, or not."""
    several = "SELECT seq, entries FROM audit WHERE entries LIKE '%' || char(30) || '%'"
    seq, entries = chance.choice(database.execute(several).fetchall())
    found = entries.split("\x1e")
    one, two = chance.sample(range(len(found)), 2)
    if chance.random() < 0.5:
        del found[one]
        for later in [n for n in rows(database) if n >= seq] if chance.random() < 0.5 else []:
            database.execute("UPDATE audit SET seq = ? WHERE seq = ?", [later - 1, later])
            seq -= later == seq
    else:
        found[one], found[two] = found[two], found[one]
    database.execute("UPDATE audit SET entries = ? WHERE seq = ?", ["\x1e".join(found), seq])


def swap(database, chance, _last):
    """Let two rows change places, whole or only what they say."""
    one, two = chance.sample(rows(database), 2)
    names = "at, who, entries" + chance.choice(["", ", hash"])
    found = [database.execute(f"SELECT {names} FROM audit WHERE seq = ?", [seq]).fetchone() for seq in (one, two)]
    sets = ", ".join(f"{name} = ?" for name in names.split(", "))
    for seq, row in ((one, found[1]), (two, found[0])):
        database.execute(f"UPDATE audit SET {sets} WHERE seq = ?", [*row, seq])


def shift(database, chance, _last):
    """Move words from the end of one field to the start of the next."""
    one, two = chance.choice([("at", "who"), ("who", "entries")])
    database.execute(
        f"UPDATE audit SET {two} = substr({one}, -1) || {two}, {one} = substr({one}, 1, length({one}) - 1) WHERE seq = ?",
        [chance.choice(rows(database))],
    )


def insert(database, chance, last):
    """Put a copy of a row at the end."""
    names = "at, who, entries, hash"
    database.execute(
        f"INSERT INTO audit (seq, {names}) SELECT ?, {names} FROM audit WHERE seq = ?",
        [last + 1, chance.choice(rows(database))],
    )


def cut(database, chance, _last):
    database.execute("DELETE FROM audit WHERE seq >= ?", [chance.choice(rows(database))])


def append(database, chance, last):
    """Put one more entry into the last row, and hash it anew: only the anchor knows better."""
    seq = rows(database)[-1]
    extra = chance.choice(["hold\x1feverything\x1f", "sent\x1f7\x1f"])
    database.execute(
        "UPDATE audit SET entries = entries || char(30) || ?, seq = ? WHERE seq = ?", [extra, seq + 1, seq]
    )
    assert seq == last
    rehash(database)


def rewrite(database, chance, _last):
    """Change an entry, and hash everything from there anew: only the anchor knows better."""
    database.execute("UPDATE audit SET entries = entries || 'x' WHERE seq = ?", [chance.choice(rows(database))])
    rehash(database)


def rehash(database):
    previous, seq = b"\0" * 32, 0
    for last, at, who, entries in database.execute("SELECT seq, at, who, entries FROM audit ORDER BY seq").fetchall():
        for entry in entries.split("\x1e"):
            seq += 1
            previous = sha256(previous + f"{seq}\x1f{at}\x1f{who}\x1f{entry}".encode()).digest()
        database.execute("UPDATE audit SET hash = ? WHERE seq = ?", [previous, last])


FORGERIES = (edit, edit, edit, undecodable, renumber, delete, reorder, swap, shift, insert, cut, append, rewrite)


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
