"""What goes wrong around the command and not in it: files, disks, encodings, lists of names that are none."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from example_room import copy_example, run, run_here

import crisiscomms as package

OUTAGE = "checkout-outage"
NOW = ("--rehearsal", "--now", "2026-11-18T16:25:00+01:00")


def page_of(*titles, zone="UTC"):
    """Return a page of Statuspage, saved."""
    incidents = [
        {
            "id": f"i{number}",
            "name": title,
            "status": "resolved",
            "impact": "minor",
            "created_at": "2024-05-01T09:00:00Z",
            "resolved_at": "2024-05-01T10:00:00Z",
            "incident_updates": [
                {"id": f"u{number}", "status": "resolved", "body": "It works.", "created_at": "2024-05-01T10:00:00Z"}
            ],
        }
        for number, title in enumerate(titles)
    ]
    return json.dumps({"page": {"time_zone": zone}, "incidents": incidents})


@pytest.fixture
def room(tmp_path):
    return copy_example(tmp_path / "workspace")


@pytest.mark.parametrize("zone", ["Kolkata", "Pacific Time (US & Canada)", "US/Nowhere", "../../etc/passwd", ""])
def test_a_zone_that_nobody_knows_stops_no_import(room, zone):
    (room / "old.json").write_text(page_of("It was slow", zone=zone), encoding="utf-8")
    done = run_here(room, "import", str(room / "old.json"), "--yes")
    assert done.returncode == 0, done.stderr
    assert len(list((room / "incidents").glob("2024-05-01-*.yaml"))) == 1


def test_a_title_that_the_terminal_cannot_show_is_imported_all_the_same(room):
    (room / "old.json").write_text(page_of("障害 😀"), encoding="utf-8")
    home = str(Path(package.__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": home, "PYTHONIOENCODING": "ascii"}
    words = [sys.executable, "-m", "crisiscomms", "import", str(room / "old.json"), "--yes", "-C", str(room)]
    done = subprocess.run(words, env=env, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    [record] = (room / "incidents").glob("2024-05-01-*.yaml")
    assert "障害 😀" in record.read_text(encoding="utf-8")


def test_two_imports_at_once_write_each_record_once(room):
    (room / "old.json").write_text(page_of(*(f"It was slow {n}" for n in range(120))), encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: run(room, "import", str(room / "old.json"), "--yes"), range(2)))
    for done in both:
        assert "Something went wrong inside" not in done.stderr
        assert done.returncode == 0, done.stderr
    assert len(list((room / "incidents").glob("2024-05-01-*.yaml"))) == 120
    assert not list((room / "incidents").glob(".*"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that refuses everybody")
@pytest.mark.parametrize(
    "words", [("plan", OUTAGE, *NOW, "--html", "/proc/plan.html"), ("schema", "--out", "/proc/schema.json")]
)
def test_what_cannot_be_written_is_named(crisiscomms, room, words):
    done = crisiscomms(*words, cwd=room, code=2)
    assert "/proc/" in done.stderr
    assert "Fix: Check that the disk has room, and who may write there." in " ".join(done.stderr.split())
    assert "Something went wrong inside" not in done.stderr


@pytest.mark.parametrize("name", ["token:hello", "token:", "token:" + "x" * 42, "nobody"])
def test_a_mistyped_token_is_refused(room, name):
    done = run_here(room, "suppress", name)
    assert done.returncode == 2
    assert "Nothing was recorded" in done.stderr
    assert run_here(room, "suppress", "token:" + "x" * 43).returncode == 0


@pytest.mark.parametrize("body", ["", "zz", "00" * 31, "\x00"])
def test_a_damaged_key_is_named_and_nothing_goes_out(room, body):
    (room / "secrets").mkdir(exist_ok=True)
    (room / "secrets/unsubscribe.key").write_text(body, encoding="utf-8")
    done = run_here(room, "publish", OUTAGE, *NOW)
    assert done.returncode == 1
    assert "secrets/unsubscribe.key is damaged" in done.stderr
    assert "Something went wrong inside" not in done.stderr
    assert not list(room.rglob("*.eml"))


def test_the_input_that_is_closed_at_a_question_is_a_no(room):
    (room / "old.json").write_text(page_of("It was slow"), encoding="utf-8")
    done = run_here(room, "import", str(room / "old.json"))
    assert "Something went wrong inside" not in done.stderr
    assert not list((room / "incidents").glob("2024-05-01-*.yaml"))
