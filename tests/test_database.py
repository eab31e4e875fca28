"""The PostgreSQL that tests run against is real: it keeps what it promised, over a crash as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from standins.machine import needs


def engine(url):
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 5})


def ask(url, sql):
    opened = engine(url)
    try:
        with opened.begin() as connection:
            answer = connection.execute(text(sql))
            return answer.scalars().all() if answer.returns_rows else []
    finally:
        opened.dispose()


def test_each_test_has_a_database_of_its_own(postgres, database_url):
    other = postgres.create()
    ask(database_url, "CREATE TABLE said (word text)")
    assert ask(other, "SELECT to_regclass('said')") == [None]
    postgres.drop(other)


def test_it_syncs_what_it_promises(database_url):
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert ask(database_url, f"SHOW {setting}") == ["on"]


def test_what_was_committed_outlives_a_crash_and_the_rest_does_not(postgres, database_url):
    ask(database_url, "CREATE TABLE said (word text)")
    ask(database_url, "INSERT INTO said VALUES ('kept')")
    before = ask(database_url, "SELECT pg_postmaster_start_time()::text")
    opened = engine(database_url)
    with opened.connect() as connection:
        connection.execute(text("INSERT INTO said VALUES ('lost')"))
        postgres.crash()
        with pytest.raises(Exception, match=r"server closed the connection|terminating connection"):
            connection.execute(text("SELECT 1"))
        connection.invalidate()
    opened.dispose()
    assert not postgres.running
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database_url.replace("+psycopg", ""), connect_timeout=2)
    postgres.start()
    assert ask(database_url, "SELECT word FROM said") == ["kept"]
    assert ask(database_url, "SELECT pg_postmaster_start_time()::text") != before


def test_a_test_may_leave_the_server_dead(postgres, database_url):
    postgres.crash()


def test_the_next_one_finds_it_alive(database_url):
    assert ask(database_url, "SELECT 1") == [1]


def test_strangers_need_the_password(database_url):
    address = database_url.replace("+psycopg", "").replace("pg-secret-1", "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address, connect_timeout=5)


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 failed")])
def test_a_missing_program_is_named_and_fails_in_ci(tmp_path, ci, outcome):
    """Without it a test is skipped where a person works, and fails where nobody looks at what was skipped."""
    test = tmp_path / "test_it.py"
    test.write_text(
        "from standins import machine\n"
        "def test_it(monkeypatch):\n"
        "    monkeypatch.setattr(machine.shutil, 'which', lambda *_, **__: None)\n"
        "    machine.needs('smtp-sink')\n"
    )
    env = {**os.environ, "CI": ci, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--rootdir", tmp_path, test],
        capture_output=True,
        text=True,
        env=env,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert outcome in done.stdout
    assert "smtp-sink is not installed here: apt-get install postfix" in done.stdout


def test_programs_are_found_where_debian_keeps_them():
    assert needs("postgres").with_name("initdb").exists()
    assert needs("smtp-sink").exists()
    assert needs("smtp-source").exists()
