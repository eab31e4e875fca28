"""Past incidents come onto the site in one publication, and nobody is told of them."""

import re

import pytest
from imports import fifty
from imports.bench import bring, records
from imports.test_import import saved
from standins.office import MAIL, X
from standins.x_server import XServer

from crisiscomms.channels.website import WebsiteChannel


@pytest.fixture
def releases(monkeypatch):
    """The releases of the site, as they are switched: how many files each has."""
    made, publish = [], WebsiteChannel.publish

    def counted(self, files, *more):
        made.append(len(files))
        return publish(self, files, *more)

    monkeypatch.setattr(WebsiteChannel, "publish", counted)
    return made


@pytest.fixture
def brought(office, mail, tmp_path):
    """Twelve past incidents in a workspace with staff, merchants, and an account on X."""
    with XServer() as x:
        office.settle(MAIL.format(port=mail.port), X.format(url=x.url), public=("website", "x"))
        for audience in ("staff", "merchants"):
            office.people(audience, f"{audience}@shop.example")
        bring(office, saved(tmp_path, *map(fifty.incident, range(12))))
        yield office
        assert x.posts == []
        assert mail.taken == []


def test_they_are_one_publication_of_the_site_and_reach_nobody(brought, releases):
    names = list(records(brought))
    planned = brought.run("plan", expect=0).stdout
    assert planned.count("+ website") == 12
    assert "Plan: 12 new" in planned
    assert "Mails: 0." in planned
    assert not re.search(r"memo|post of|mail of", planned)
    brought.publish()
    assert len(releases) == 1, "twelve incidents switched the site once"
    assert brought.states("site") == {"sent": 12}
    assert brought.sql("select distinct kind from items") == [("site",)]
    assert not (brought.folder / "memos").exists()
    public = brought.folder / "public"
    front = (public / "index.html").read_text()
    assert sum(f"incidents/{name}/" in front for name in names) == 10
    assert "All incidents by month" in (public / "history" / "index.html").read_text()
    assert all((public / "incidents" / name / "index.html").is_file() for name in names)
    assert "<entry" not in (public / "feed.atom").read_text()
    assert "Nothing to publish" in brought.publish()
    assert "Nothing to publish" in brought.publish(*names)
    said = brought.run("status", "--exit-code", expect=0).stdout
    assert "Late" not in said
    assert "Next" not in said


def test_review_asks_no_apology_of_texts_from_years_ago(brought):
    done = brought.run("check", *records(brought), expect=0)
    assert "12 records checked: 0 errors, 0 warnings." in done.stdout


def test_a_changed_one_is_revised_on_the_page_without_a_correction(brought, tmp_path):
    brought.publish()
    one = fifty.incident(0)
    one["incident_updates"][0]["body"] = "It was a cable."
    said = bring(brought, saved(tmp_path, one), "--changed")
    (name,) = re.findall(r"crisiscomms publish (\S+)", said)
    assert "~ website" in brought.publish(name)
    page = (brought.folder / "public" / "incidents" / name / "index.html").read_text()
    assert "It was a cable." in page
    assert "orrect" not in page


def test_one_on_hold_does_not_keep_the_others_from_the_site(brought, releases):
    first = next(iter(records(brought)))
    brought.run("hold", first, "--reason", "we look again", expect=0)
    brought.publish(expect=None)
    assert brought.states("site") == {"sent": 11}
    assert not (brought.folder / "public" / "incidents" / first).exists()


def test_a_site_that_cannot_be_written_leaves_all_of_them_to_the_next_publish(brought, releases):
    (brought.folder / "public").write_text("in the way")
    brought.publish(expect=6)
    assert not brought.states("site")["sent"]
    (brought.folder / "public").unlink()
    brought.publish()
    assert brought.states("site") == {"sent": 12}
    assert releases[-1] > 12


def test_a_record_that_says_history_and_is_not_over_or_names_readers_is_refused(brought):
    name = next(iter(records(brought)))
    brought.edit("status: resolved", "status: monitoring", name)
    brought.edit("    status: investigating", "    audiences: [everyone]\n    status: investigating", name)
    said = brought.run("check", name, expect=3).stderr
    assert "[open-history]" in said
    assert "[told-history]" in said
