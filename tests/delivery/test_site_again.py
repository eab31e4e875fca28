"""The site put up again without a word to anybody: where it is gone or damaged, looks otherwise, or goes elsewhere."""

import re
import shutil

import pytest
from example_room import copy_example, run_here

OUTAGE = "checkout-outage"
NOW = ("--rehearsal", "--now", "2026-11-18T16:25:00+01:00")


@pytest.fixture
def room(tmp_path):
    folder = copy_example(tmp_path / "workspace")
    assert run_here(folder, "publish", OUTAGE, *NOW).returncode == 0
    return folder


def put(folder):
    done = run_here(folder, "site", "put", *NOW)
    assert done.returncode == 0, done.stderr
    assert "The site is up, as it was published. Nobody was mailed, and nothing was posted." in " ".join(
        done.stdout.split()
    )


def page(folder):
    """Return a page without the name of its release, which names the end of the audit trail too."""
    text = (folder / f"rehearsal/public/incidents/{OUTAGE}/index.html").read_text(encoding="utf-8")
    return re.sub(r'content="[0-9a-f]{64}"', "", text)


@pytest.mark.parametrize("lost", ["link", "all", "changed", "half"])
def test_what_was_lost_or_damaged_stands_again_and_nobody_is_told_twice(room, lost):
    before, mails = page(room), sorted((room / "rehearsal").rglob("*.eml"))
    public, releases = room / "rehearsal/public", room / "rehearsal/.public-releases"
    if lost in {"link", "all"}:
        public.unlink()
    if lost == "all":
        shutil.rmtree(releases)
    if lost == "changed":
        (public / "index.html").write_text("<h1>not ours</h1>", encoding="utf-8")
    if lost == "half":
        shutil.rmtree(public / "incidents")
    put(room)
    assert page(room) == before
    assert "not ours" not in (public / "index.html").read_text(encoding="utf-8")
    assert sorted((room / "rehearsal").rglob("*.eml")) == mails
    put(room)


def test_a_new_look_shows_without_a_new_word(room):
    settings = room / "crisiscomms.toml"
    text = settings.read_text(encoding="utf-8")
    assert "Northwind Pay" in page(room)
    settings.write_text(text.replace('name = "Northwind Pay"', 'name = "Northwind Payments"', 1), encoding="utf-8")
    assert "Northwind Payments" not in page(room)
    put(room)
    assert "Northwind Payments" in page(room)


def test_a_site_stands_before_anything_went_wrong(tmp_path):
    folder = copy_example(tmp_path / "workspace")
    put(folder)
    front = (folder / "rehearsal/public/index.html").read_text(encoding="utf-8")
    assert OUTAGE not in front
    assert (folder / "rehearsal/public/badge.svg").is_file()
    assert run_here(folder, "publish", OUTAGE, *NOW).returncode == 0
    assert OUTAGE in (folder / "rehearsal/public/index.html").read_text(encoding="utf-8")
