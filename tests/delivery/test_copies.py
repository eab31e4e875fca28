"""A backup, and a ledger that moves, while others go on writing."""

import threading

import pytest
from ledgers import ANA, BEA, TELLING, line
from sqlalchemy import func, select

from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import copying
from crisiscomms.ledger.copying import back_up, leaving
from crisiscomms.ledger.engines import failure
from crisiscomms.ledger.store import open_store
from crisiscomms.ledger.tables import METADATA, audit, deliveries, items


def freeze(ledger, incident, *people):
    ledger.freeze(incident, "f", ledger.clock(), lambda _: TELLING, {"m": b"m"}, [line(*people, incident=incident)], [])


def counted(store):
    with store.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar()
            for table in METADATA.sorted_tables
        }


def test_a_backup_is_of_one_moment_whatever_others_write_meanwhile(open_ledger, tmp_path, monkeypatch):
    ledger, other = open_ledger(), open_ledger()
    freeze(ledger, "first", ANA)
    before = counted(ledger.store)
    copy, copied = copying._copy, []

    def slowly(table, reading, writing):
        if table.name == deliveries.name:  # after what they belong to was copied
            freeze(other, "second", BEA)
        copied.append(table.name)
        copy(table, reading, writing)

    monkeypatch.setattr(copying, "_copy", slowly)
    back_up(ledger, tmp_path / "kept.db")
    assert len(copied) == len(METADATA.sorted_tables)
    kept = open_store(tmp_path / "kept.db")
    after = counted(kept)
    with kept.read() as connection:
        assert connection.execute(select(items.c.incident)).scalars().all() in (["first"], ["first", "second"])
    kept.close()
    assert after in (before, counted(ledger.store))
    assert after[deliveries.name] == after[items.name]
    assert counted(ledger.store)[deliveries.name] == 2


def test_who_writes_to_a_ledger_that_is_moving_waits_and_is_told(file_ledger):
    freeze(file_ledger, "first", ANA)
    before, said = counted(file_ledger.store), []

    def meanwhile():
        try:
            file_ledger.hold("everything", "wait")
        except Exception as error:  # noqa: BLE001 -- whatever the database says
            said.append(failure(error))

    with leaving(file_ledger.store):
        other = threading.Thread(target=meanwhile)
        other.start()
        other.join(0.3)
        assert other.is_alive(), "it waits until all is copied"
    other.join(30)
    assert isinstance(said[0], CrisiscommsError)
    assert "the ledger was moved into a database a moment ago" in str(said[0])
    assert counted(file_ledger.store) == before
    assert before[audit.name] >= 1


def test_a_move_that_fails_leaves_the_ledger_as_it_was(file_ledger):
    freeze(file_ledger, "first", ANA)
    with pytest.raises(RuntimeError), leaving(file_ledger.store):
        raise RuntimeError("the database went away")
    file_ledger.hold("everything", "wait")
    assert file_ledger.holds() == {"everything": "wait"}
