"""What `status` says is what readers were told, and not what a record that nobody published says."""

import pytest
from example_room import copy_example, run_here, source_of

OUTAGE = "checkout-outage"


@pytest.fixture
def room(tmp_path):
    folder = copy_example(tmp_path / "workspace")
    (folder / f"incidents/{OUTAGE}.yaml").write_text(source_of(OUTAGE, 1), encoding="utf-8")
    for path in (folder / "incidents").glob("*.yaml"):
        if path.stem != OUTAGE:
            path.unlink()
    now = ("--rehearsal", "--now", "2026-11-18T10:35:00+01:00")
    assert run_here(folder, "publish", OUTAGE, *now).returncode == 0
    return folder


def status(folder, time):
    return run_here(folder, "status", "--rehearsal", "--now", f"2026-11-18T{time}:00+01:00", "--exit-code")


def test_a_promise_that_readers_have_is_late_whatever_the_record_promises_now(room):
    path = room / f"incidents/{OUTAGE}.yaml"
    assert status(room, "11:10").returncode == 0
    path.write_text(
        path.read_text(encoding="utf-8").rstrip()
        + "\n  - id: second\n    at: 2026-11-18 11:12\n    status: investigating\n    text: {en: We look on., de: Wir suchen.}\n"
        "    next_update: 2026-11-18 18:00\n    audiences: [merchants]\n",
        encoding="utf-8",
    )
    done = status(room, "11:30")
    assert done.returncode == 6
    assert "the next update was promised for 2026-11-18 11:15" in done.stdout
    assert 'update "second" is written and not published: crisiscomms publish checkout-outage' in " ".join(
        done.stdout.split()
    )


def test_an_update_that_is_promised_after_the_end_is_late_like_any_other(room):
    path = room / f"incidents/{OUTAGE}.yaml"
    over = path.read_text(encoding="utf-8").replace("status: investigating", "status: resolved")
    path.write_text(over, encoding="utf-8")
    assert status(room, "11:10").returncode == 0
    done = status(room, "11:30")
    assert done.returncode == 6
    assert "the next update was promised for 2026-11-18 11:15" in done.stdout


def test_a_lost_ledger_is_named_beside_a_site_that_stands(room):
    for path in (room / "rehearsal").glob("ledger.db*"):
        path.unlink()
    done = status(room, "10:40")
    assert done.returncode == 6
    assert "The site was published from a newer ledger than this one, or from another." in " ".join(done.stdout.split())


def test_one_incident_can_be_asked_for(room):
    (room / "incidents/kettle-recall.yaml").write_text(source_of("kettle-recall"), encoding="utf-8")
    at = ("--rehearsal", "--now", "2026-11-18T11:00:00+01:00")
    assert run_here(room, "publish", "kettle-recall", *at, "--late").returncode in {0, 6}
    both = run_here(room, "status", *at).stdout
    one = run_here(room, "status", OUTAGE, *at).stdout
    assert "kettle-recall" in both
    assert OUTAGE in one
    assert "kettle-recall" not in one
    done = run_here(room, "status", "checkout-outag", *at)
    assert done.returncode == 2
    assert f"Did you mean {OUTAGE}" in done.stderr.replace('"', "")
