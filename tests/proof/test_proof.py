"""The proof in a shorter form: `./run prove` runs the same at length, and writes PROOF.md."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest
from proof import audit, crash, deploy, faults, kills, postgres, power, report
from standins.machine import needs


def test_a_publish_over_many_connections_survives_kills():
    figures = kills.prove(people=1000, kills=6)
    assert figures["audit entries, all verified"] > 2000


def test_workers_on_one_database_survive_kills_and_long_sleep():
    needs("postgres")
    postgres.prove(people=200, kills=3, stops=1)


def test_a_publish_survives_the_end_of_its_process_or_of_power_at_any_call():
    figures = crash.prove(every=110)
    assert figures["killed, calls"] > 5
    assert figures["power lost, calls"] > 5


def test_a_publish_survives_power_cuts():
    assert power.prove(people=2000, losses=3)["power lost"] >= 1


def test_the_ledger_says_how_each_fault_ended():
    assert faults.prove(every=12)["cells"] == 10


def test_changes_to_the_trail_are_found():
    audit.prove(changes=22, entries=10_000)


def test_a_reader_meets_whole_releases_only_while_deploys_are_killed():
    figures = deploy.prove(kills=12)
    assert all(figures[f"{place}: pages the reader looked at"] > 50 for place in ("folder", "sftp", "s3"))
    assert all(figures[f"{place}: releases it saw"] > 1 for place in ("folder", "sftp", "s3"))


def test_a_part_that_does_not_hold_says_so_and_the_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "FILE", tmp_path / "PROOF.md")
    told = {"what": "Something.", "took": 1.0}
    report.write("kills", command="./run prove kills", figures={"kills": 12}, **told)
    report.write("power", command="./run prove power", figures={}, failure="2 are lost", **told)
    report.write("kills", command="./run prove kills --kills 1300", figures={"kills": 1300}, **told)

    text = report.FILE.read_text()
    assert text.count("## kills") == text.count("## power") == text.count("# Proof") == 1
    assert "| kills | 1,300 |" in text
    assert "| kills | 12 |" not in text
    assert "**It does not hold:** 2 are lost" in text


@pytest.mark.parametrize("part", ["kills", "power"])
def test_the_checks_notice_who_is_lost_and_who_hears_it_twice(part):
    from proof.ground import check_once

    counts = {"ana": 2, "bea": 1} if part == "kills" else {"ana": 1}
    with pytest.raises(AssertionError, match="1 got it twice" if part == "kills" else "1 are lost"):
        check_once(counts, ["ana", "bea"], {})


def test_a_look_at_the_ledger_does_not_wait_for_a_plan_that_is_being_written(tmp_path):
    from crisiscomms.ledger.store import Store

    store = Store(tmp_path / "ledger.db")
    store.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        Store(tmp_path / "ledger.db").close()
        assert time.monotonic() - began < 20  # who waits for the lock gives up after 30
