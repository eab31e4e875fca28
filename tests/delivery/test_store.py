"""Where a ledger lies: not where file locks do not hold, and never for one worker alone."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger
from crisiscomms.ledger.engines import driver_of
from crisiscomms.ledger.machine import refuse_network
from crisiscomms.ledger.tables import holds

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/team /mnt/team nfs4 rw 0 0
//server/crisis /mnt/our\\040crisis cifs rw 0 0
/dev/sdb1 /mnt/team/local ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/team/ledger.db", "nfs4"),
        ("/mnt/our crisis/2026/ledger.db", "cifs"),
        ("/mnt/team/local/ledger.db", None),
        ("/mnt/teamwork/ledger.db", None),
        ("/home/ledger.db", None),
    ],
)
def test_a_ledger_on_a_network_drive_is_refused(tmp_path, path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    if kind is None:
        refuse_network(Path(path), mounts)
    else:
        with pytest.raises(CrisiscommsError, match=f"network drive \\({kind}\\)") as refusal:
            refuse_network(Path(path), mounts)
        assert refusal.value.fix == "Move the workspace to a local disk."


def test_a_system_that_lists_no_drives_refuses_nothing(tmp_path):
    refuse_network(tmp_path / "ledger.db", tmp_path / "nowhere")


@pytest.mark.parametrize("rows", [1, 200])
def test_a_worker_that_freezes_while_it_writes_keeps_the_others_waiting_only_for_a_while(
    database_url, clock, monkeypatch, rows
):
    monkeypatch.setattr("crisiscomms.ledger.turns.PATIENCE", 0.5)
    frozen, other = (Ledger(database_url, lambda: clock.now, who) for who in ("frozen", "other"))
    names = ("scope", "since", "by", "reason")
    hold = insert(holds).values({name: bindparam(name) for name in names})

    def write_late():
        with frozen.store.mark() as connection:
            # Many rows at once leave in a pipeline, after which the server itself watches nobody.
            frozen.store.each(connection, hold, names, [(f"channel:{n}", "", "", "") for n in range(rows)])
            before = time.monotonic()
            other.hold("everything", "the other one goes on")
            assert time.monotonic() - before < 10
            connection.execute(text("DELETE FROM holds"))

    try:
        with pytest.raises((SQLAlchemyError, psycopg.OperationalError)):
            write_late()
        with other.store.read() as connection:
            assert connection.execute(select(holds.c.scope)).scalars().all() == ["everything"]
        assert other.release("everything"), "what the frozen one wrote late changed nothing"
    finally:
        frozen.close()
        other.close()


def test_a_worker_that_freezes_while_it_is_answered_keeps_the_others_waiting_only_for_a_while(
    database_url, clock, monkeypatch
):
    monkeypatch.setattr("crisiscomms.ledger.turns.PATIENCE", 0.5)
    frozen, other = (Ledger(database_url, lambda: clock.now, who) for who in ("frozen", "other"))
    more_than_any_buffer_holds = b"SELECT repeat('x', 1000) FROM generate_series(1, 100000)"

    def never_read():
        with frozen.store.mark() as connection:
            driver_of(connection).pgconn.send_query(more_than_any_buffer_holds)
            before = time.monotonic()
            other.hold("everything", "the other one goes on")
            assert time.monotonic() - before < 10
            raise InterruptedError

    try:
        with pytest.raises((psycopg.OperationalError, InterruptedError)):
            never_read()
        assert other.release("everything")
    finally:
        frozen.close()
        other.close()


def test_a_ledger_whose_database_ended_it_in_the_middle_closes_without_a_word(database_url, clock):
    ledger, other = (Ledger(database_url, lambda: clock.now, who) for who in ("ended", "other"))

    def ended():
        with ledger.store.mark() as connection, other.store.read() as looking:
            ledger.store.seconds(connection)
            number = driver_of(connection).info.backend_pid
            looking.execute(text(f"SELECT pg_terminate_backend({number})"))

    with pytest.raises(psycopg.OperationalError):
        ended()
    ledger.close()
    assert other.hold("everything", "it goes on without us") is None
    other.close()


def test_what_a_worker_takes_in_hand_survives_a_power_cut_also_among_marks(tmp_path, clock):
    ledger = Ledger(tmp_path / "ledger.db", lambda: clock.now, "dana")
    store, full, normal = ledger.store, 2, 1

    def syncing(transaction):
        with transaction() as connection:
            return driver_of(connection).execute("PRAGMA synchronous").fetchone()[0]

    def fails():
        with store.between_marks():
            raise KeyboardInterrupt

    try:
        assert [syncing(one) for one in (store.write, store.mark, store.between_marks, store.mark)] == [
            full,
            normal,
            full,
            normal,
        ]
        with pytest.raises(KeyboardInterrupt):
            fails()
        assert syncing(store.mark) == normal
        assert syncing(store.between_marks) == full
    finally:
        ledger.close()
