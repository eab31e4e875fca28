"""A market-sensitive incident goes nowhere, not even to staff, until a named person opens it."""

import json

import pytest
from example_room import copy_example, run_here

KETTLE, NOW = "kettle-recall", ("--rehearsal", "--now", "2026-09-09 11:05")


@pytest.fixture
def folder(tmp_path):
    home = copy_example(tmp_path / "workspace")
    mark(home, sensitive=True)
    return home


def mark(home, *, sensitive):
    path = home / "incidents" / f"{KETTLE}.yaml"
    text = path.read_text(encoding="utf-8").replace("market_sensitive: true\n", "")
    if sensitive:
        text = text.replace("kind: recall\n", "kind: recall\nmarket_sensitive: true\n")
    path.write_text(text, encoding="utf-8")


def produced(home):
    """Return every file for readers or staff that speaks of the recall."""
    return [
        path
        for kind in ("public", "memos", "email", "x")
        for path in (home / "rehearsal" / kind).rglob("*")
        if path.is_file() and "Fjord" in path.read_text(encoding="utf-8", errors="replace")
    ]


OPEN = f'crisiscomms unlock {KETTLE} --by "NAME" --rehearsal'


def test_nothing_goes_and_the_plan_says_why_and_how_to_open_it(folder):
    told = run_here(folder, "plan", KETTLE, *NOW)
    items = json.loads(run_here(folder, "plan", KETTLE, *NOW, "--json").stdout)["incidents"][0]["items"]
    assert {item["channel"] for item in items} == {"website", "memo", "x", "email"}
    for item in items:
        assert item["action"] == "block"
        assert "market-sensitive" in item["reason"]
        assert OPEN in item["reason"]
    assert told.stdout.count(OPEN) == 4
    done = run_here(folder, "publish", KETTLE, *NOW)
    assert done.returncode == 6
    assert OPEN in done.stdout
    assert produced(folder) == []


def test_a_named_person_opens_it_and_the_ledger_keeps_the_name_and_the_time(folder):
    run_here(folder, "publish", KETTLE, *NOW)
    done = run_here(folder, "unlock", KETTLE, "--rehearsal", "--by", "Oskar Lind", "--reason", "filed at the exchange")
    assert done.returncode == 0
    assert "Oskar Lind" in done.stdout
    assert produced(folder) == [], "opening sends nothing"
    entries = run_here(folder, "audit", "export", "--rehearsal").stdout.splitlines()
    (entry,) = (found for found in map(json.loads, entries) if found["what"] == "opened")
    assert entry["subject"] == KETTLE
    assert entry["detail"] == {"by": "Oskar Lind", "reason": "filed at the exchange"}
    assert entry["at"]
    assert run_here(folder, "publish", KETTLE, *NOW).returncode == 0
    assert {path.relative_to(folder / "rehearsal").parts[0] for path in produced(folder)} == {
        *("public", "memos", "email", "x")
    }


@pytest.mark.parametrize("words", [(), ("--by", ""), ("--by", " - ")])
def test_nobody_in_particular_opens_nothing(folder, words):
    assert run_here(folder, "unlock", KETTLE, "--rehearsal", *words).returncode == 2
    assert run_here(folder, "publish", KETTLE, *NOW).returncode == 6
    assert produced(folder) == []


def test_releasing_a_hold_opens_nothing(folder):
    run_here(folder, "hold", KETTLE, "--rehearsal")
    run_here(folder, "release", KETTLE, "--rehearsal")
    run_here(folder, "publish", KETTLE, *NOW)
    assert produced(folder) == []


def test_what_is_open_can_still_be_put_on_hold(folder):
    run_here(folder, "unlock", KETTLE, "--rehearsal", "--by", "Oskar Lind")
    run_here(folder, "hold", KETTLE, "--rehearsal")
    assert run_here(folder, "publish", KETTLE, *NOW).returncode == 6
    assert produced(folder) == []


def test_opening_one_incident_opens_no_other(folder):
    done = run_here(folder, "unlock", "customer-data-breach", "--rehearsal", "--by", "Ines Aalto")
    assert done.returncode == 2
    assert "not market-sensitive" in done.stderr
    run_here(folder, "publish", KETTLE, *NOW)
    assert produced(folder) == []


def test_the_rest_of_a_publication_stops_when_its_incident_becomes_market_sensitive(folder):
    mark(folder, sensitive=False)
    assert run_here(folder, "publish", KETTLE, *NOW, "--first", "3").returncode == 6
    mails = list((folder / "rehearsal" / "email").rglob("*.eml"))
    assert len(mails) == 3
    mark(folder, sensitive=True)
    run_here(folder, "publish", KETTLE, *NOW)
    assert len(list((folder / "rehearsal" / "email").rglob("*.eml"))) == 3
    run_here(folder, "unlock", KETTLE, "--rehearsal", "--by", "Oskar Lind")
    assert run_here(folder, "publish", KETTLE, *NOW).returncode == 0
    assert len(list((folder / "rehearsal" / "email").rglob("*.eml"))) == 18


def test_the_lock_is_not_for_others(folder):
    done = run_here(folder, "publish", "customer-data-breach", "--rehearsal", "--now", "2026-11-01 10:05")
    assert done.returncode == 0
