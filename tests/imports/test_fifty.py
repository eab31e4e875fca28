"""Fifty incidents of each source, with every oddity of its format: all of them come in, stand on the site, and stay as they are."""

import re
from datetime import UTC, datetime

import html5lib
import pytest
from imports.bench import KINDS, bring, loaded, records, site, source
from imports.fifty import start


@pytest.fixture
def settled(office):
    office.settle()
    return office


@pytest.mark.parametrize("kind", KINDS)
def test_fifty_incidents_come_in_and_stand_on_valid_pages_and_twice_changes_nothing(settled, tmp_path, kind):
    given = source(kind, tmp_path)
    said = bring(settled, given)
    assert f"{kind}: 50 past incidents" in said
    assert "Written: 50 records" in said
    before = records(settled)
    assert len(before) == 50
    assert "Nothing new." in bring(settled, given)
    assert records(settled) == before
    files = site(settled)
    pages = {name: body.decode() for name, body in files.items() if name.endswith(".html")}
    assert sum(bool(re.fullmatch(r"incidents/[^/]+/index.html", name)) for name in pages) == 50
    assert not [name for name in pages if name.endswith(("faq/index.html", "statement/index.html"))]
    for body in pages.values():
        html5lib.HTMLParser(strict=True).parse(body)  # raises at any error in the markup
    months = [name for name in pages if re.fullmatch(r"history/\d{4}-\d{2}/index.html", name)]
    listed = "".join(pages[name] for name in months)
    assert all(f"incidents/{incident}/" in listed for incident in before)
    assert (
        pages["index.html"].count("../incidents/" if "../incidents/" in pages["index.html"] else "./incidents/") >= 10
    )
    assert b"<entry" not in files["feed.atom"], "fifty old incidents are no news to whoever reads the feed"


def words(incident):
    return [update.text.words[0][1] for update in incident.updates]


def statuses(incident):
    return [update.status for update in incident.updates]


def test_what_statuspage_leaves_out_or_gets_wrong_is_read_all_the_same(settled, tmp_path):
    bring(settled, source("statuspage", tmp_path))

    def one(n):
        return loaded(settled, f"inc{n:09}")

    assert statuses(one(0)) == ["investigating", "identified", "monitoring", "resolved"]
    assert one(0).times.started.at == start(0).replace(microsecond=0)
    assert str(one(1).updates[0].at.at.utcoffset()) == "-1 day, 17:00:00"  # the zone of the time, kept
    assert statuses(one(2))[-2:] == ["follow-up", "follow-up"]
    assert words(one(2))[-1] == "**What happened**\n\n- One\n- Two"
    assert statuses(one(3))[2] == "identified"
    assert words(one(3))[2].startswith("**On fire.** Step 2")
    for n in (4, 5):  # no updates at all
        assert statuses(one(n)) == ["investigating", "resolved"]
    assert one(6).title.words[0][1] == "An incident without a title"
    assert words(one(7))[3] == words(one(8))[2] == "We wrote nothing about this step."
    assert statuses(one(9)) == ["investigating", "identified", "monitoring", "resolved"]
    assert one(9).updates[-1].at.at == one(9).times.fixed.at
    assert len({update.at.at for update in one(11).updates}) == 1
    assert words(one(11))[0].startswith("Step 0")
    assert one(12).title.words[0][1].endswith("...")
    assert len(words(one(13))[3]) > 20_000
    assert loaded(settled, "x14").title.words[0][1].startswith("Delays number 14")  # no id: its short link
    assert one(15).severity == "critical"
    assert one(16).id.endswith("-incident")
    assert statuses(one(18)) == ["investigating", "identified", "monitoring", "resolved"]
    assert one(20).id != one(21).id
    assert (
        words(one(22))[0]
        == "Step 0 of incident 22.\n\nIt costs $$5 &amp; more: see [the page](https://example.com/22)."
    )
    assert one(23).affected.components == {"checkout": "partial_outage"}  # a part of ours, by its name
    assert one(23).affected.who.words[0][1] == "Webhooks"  # none of ours: kept as words
    assert one(45).severity == "minor"
    assert words(one(45))[0].startswith("**Scheduled.** Step 0")
    assert one(45).status == "resolved"


def test_a_feed_without_years_is_read_back_from_its_last_change(settled, tmp_path):
    bring(settled, source("atom", tmp_path))
    over_new_year = loaded(settled, "code0000")
    assert [update.at.at.astimezone(UTC) for update in over_new_year.updates] == [
        datetime(2023, 12, 31, 23, 40, tzinfo=UTC),
        datetime(2024, 1, 1, 0, 0, tzinfo=UTC),
        datetime(2024, 1, 1, 0, 20, tzinfo=UTC),
        datetime(2024, 1, 1, 0, 40, tzinfo=UTC),
    ]
    for n in range(10, 50):
        found = loaded(settled, f"code{n:04}")
        assert found.updates[0].at.at == start(n).replace(second=0, microsecond=0)
    assert statuses(over_new_year) == ["investigating", "investigating", "monitoring", "resolved"]
    assert words(over_new_year)[3] == "Text of resolved in 0 &amp; 50% of $$money.  \nSecond line."
    assert words(loaded(settled, "code0004"))[1].startswith("**In progress.** Text of in progress in 4")
    assert words(loaded(settled, "code0007")) == ["Nothing but words."]
    assert loaded(settled, "tag:status.example.com,2005:Incident/2100008").severity == "minor"
    assert loaded(settled, "code0009").title.words[0][1] == "An incident without a title"


def test_what_cstate_leaves_open_is_read_all_the_same(settled, tmp_path):
    given = source("cstate", tmp_path)
    issues = given / "content" / "issues"
    (issues / "draft.md").write_text("---\ntitle: Hidden\ndate: 2024-01-01\ndraft: true\n---\n")
    (issues / "open.md").write_text("---\ntitle: Still there\ndate: 2024-01-01 10:00:00\nresolved: false\n---\n")
    (issues / "broken.md").write_text("---\ntitle: [\n---\n")
    (issues / "bomb.md").write_text(
        "---\na: &a [x,x]\nb: &b [*a,*a]\ntitle: *b\ndate: 2024-01-01\nresolved: true\n---\n"
    )
    said = bring(settled, given, expect=3)
    assert '"Still there" is left out: it is still open there' in said
    assert '"draft.md" is left out: it is a draft' in said
    for name in ("broken.md", "bomb.md"):
        assert f'"{name}" is left out: its head cannot be read' in said
    assert len(records(settled)) == 50  # the rest comes in all the same

    def one(n):
        return loaded(settled, f"{start(n):%Y-%m-%d}-issue-{n}")

    assert statuses(one(0)) == ["investigating", "monitoring", "resolved"]
    assert one(11).updates[0].at.at == start(11).replace(microsecond=0)  # no zone: UTC
    assert words(one(0))[0] == "We look for it. It costs $$price."
    assert words(one(0))[1] == "We watch it, [see](https://example.com/0)."
    assert words(one(1))[-1] == "A cable.\n\n- one\n- two"
    assert statuses(one(1))[-1] == "follow-up"
    assert words(one(3)) == ["Only words, and no steps.", "We wrote nothing about this step."]
    assert one(4).affected.components == {}
    assert one(5).status == "resolved"
    assert one(6).title.words[0][1] == "An incident without a title"
    assert statuses(one(7)) == ["identified", "investigating", "resolved"]
    assert one(9).title.words[0][1] == "Slow pages number 9"
    assert len(words(one(10))) == 3
    assert {one(n).severity for n in (0, 1, 2)} == {"critical", "major", "minor"}
    assert one(0).affected.components == {"checkout": "major_outage"}
    assert one(0).affected.who.words[0][1] == "API"


def test_times_without_a_zone_are_read_in_the_zone_that_is_named(settled, tmp_path):
    bring(settled, source("cstate", tmp_path), "--zone", "America/New_York")
    found = loaded(settled, f"{start(11):%Y-%m-%d}-issue-11")
    assert found.updates[0].at.at.replace(tzinfo=None) == start(11).replace(microsecond=0, tzinfo=None)
    assert str(found.updates[0].at.at.utcoffset()) == "-1 day, 20:00:00"


def test_issues_of_upptime_are_incidents_maintenance_or_left_out(settled, tmp_path):
    said = bring(settled, source("upptime", tmp_path))
    assert '"A question" is left out' in said

    def one(n):
        return loaded(settled, f"example/upptime/issues/{n}")

    assert one(0).title.words[0][1] == "Hosted checkout is down"
    assert (one(0).severity, one(1).severity) == ("major", "minor")
    assert one(0).affected.components == {"checkout": "major_outage"}
    assert one(1).affected.who.words[0][1] == "API"
    assert statuses(one(0)) == ["investigating", "resolved"]
    assert words(one(2))[-1] == "It is back up in 1a2b after 20 minutes."  # the comment stood beside it
    assert words(one(5))[0] == "We wrote nothing about this step."
    assert "- HTTP code: 500" in words(one(0))[0]
    planned = one(4)
    assert words(planned)[0] == "**Scheduled.** We move the servers."
    assert planned.affected.components == {"checkout": "major_outage"}
    assert planned.affected.who.words[0][1] == "api, docs"
    assert planned.times.fixed.at == start(4).replace(microsecond=0).replace(hour=start(4).hour + 3)
    assert one(9).status == "resolved"  # open at its source, and its end is over
