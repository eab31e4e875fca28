"""Feeds in three formats: one entry per update, named for ever, in words that a feed reader shows as they are."""

import io
import json
import re
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from sample_site import NOW, SITE, entry, outage, recall

from crisiscomms.channels.places import FolderSettings
from crisiscomms.channels.website import WebsiteChannel
from crisiscomms.errors import CrisiscommsError
from crisiscomms.website import Files, verify_feeds
from crisiscomms.website.feeds import Head, build_feeds

HOME = f"{SITE}/"
HEAD = Head("en", "Notices from Northwind Pay", "What went wrong.", "Northwind Pay", HOME)
KINDS = ("atom", "rss", "json")
HOSTILE = 'A <b>bold</b> & "quoted" ]]> </script> \x01\x0c\ufffe\ud800 \u2067فشلت\u2069'
SHOWN = 'A <b>bold</b> & "quoted" ]]> </script>  \u2067فشلت\u2069'


def feeds(*contents, head=HEAD):
    return {path.rpartition(".")[2]: body for path, body in build_feeds(head, contents).items()}


def read(body):
    found = feedparser.parse(io.BytesIO(body))
    assert not found.bozo
    return found


def entries(kind, body):
    """Return what a feed says of each entry: id, link, title, words, when it was written and when it was changed."""
    if kind == "json":
        keys = ("id", "url", "title", "content_html", "date_published", "date_modified")
        return [
            tuple(datetime.fromisoformat(item[key]) if "date" in key else item[key] for key in keys)
            for item in json.loads(body)["items"]
        ]
    return [
        (
            found.id,
            found.link,
            found.title,
            found.content[0].value if "content" in found else found.summary,
            datetime(*found.published_parsed[:6], tzinfo=UTC),
            datetime(*found.updated_parsed[:6], tzinfo=UTC),
        )
        for found in read(body).entries
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_one_entry_per_update_newest_first(kind):
    found = entries(kind, feeds(recall(), outage())[kind])
    assert [item[0] for item in found] == [
        "tag:status.northwind.example,2026:checkout-outage/cause-found",
        "tag:status.northwind.example,2026:checkout-outage/first-notice",
        "tag:status.northwind.example,2026:kettle-recall/recall",
    ]
    at = datetime(2026, 11, 18, 10, 12, tzinfo=UTC)
    assert found[0][1:] == (
        f"{SITE}/incidents/checkout-outage/#cause-found",
        "Cause found: Card payments failed at checkout",
        "<p>The failures began with a change we made at 10:12. We are undoing it.</p>",
        at,
        at,
    )


def test_each_feed_says_whose_it_is_where_it_is_and_when_it_changed():
    made = feeds(outage(), recall())
    atom, rss, whole = read(made["atom"]).feed, read(made["rss"]).feed, json.loads(made["json"])
    assert atom.title == rss.title == whole["title"] == "Notices from Northwind Pay"
    assert atom.author == whole["authors"][0]["name"] == "Northwind Pay"
    assert atom.language == rss.language == whole["language"] == "en"
    assert atom.updated == "2026-11-18T11:12:00+01:00"
    assert rss.updated == "Wed, 18 Nov 2026 11:12:00 +0100"
    for kind, found in (("atom", atom), ("rss", rss)):
        assert {(link.rel, link.href) for link in found.links} == {("alternate", HOME), ("self", f"{HOME}feed.{kind}")}
    assert (whole["home_page_url"], whole["feed_url"]) == (HOME, f"{HOME}feed.json")
    assert whole["items"][0]["content_text"] == outage().entries[0].text


@pytest.mark.parametrize("kind", KINDS)
def test_a_correction_moves_its_time_and_its_words_and_nothing_else(kind):
    before = outage()
    late = before.entries[1]._replace(html="<p>Corrected.</p>", corrected_at="2026-11-18T15:40:00+01:00")
    old, new = (
        entries(kind, feeds(content)[kind]) for content in (before, before._replace(entries=(before.entries[0], late)))
    )
    assert new[0] == old[0]
    assert new[1][:3] == old[1][:3]
    assert new[1][3:] == ("<p>Corrected.</p>", old[1][4], datetime(2026, 11, 18, 14, 40, tzinfo=UTC))


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_words_are_words_and_not_markup(kind):
    update = outage().entries[0]._replace(title=HOSTILE, html="<p>1 &lt; 2 ]]&gt; &amp; فشلت\x02</p>")
    content = outage()._replace(title=HOSTILE, entries=(update,))
    found = entries(kind, feeds(content, head=HEAD._replace(title=HOSTILE))[kind])
    assert found[0][2] == SHOWN
    assert found[0][3] == "<p>1 &lt; 2 ]]&gt; &amp; فشلت</p>"


@pytest.mark.parametrize("kind", KINDS)
def test_the_newest_fifty_are_kept(kind):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    many = tuple(
        entry(f"u{n}", "monitoring", (start + timedelta(hours=n)).isoformat(), f"Update {n}", "Words.")
        for n in range(60)
    )
    found = entries(kind, feeds(outage()._replace(entries=many))[kind])
    assert [item[2] for item in found] == [f"Update {n}" for n in range(59, 9, -1)]


def test_a_feed_without_updates_reads_no_clock():
    assert feeds() == feeds()
    assert read(feeds()["atom"]).feed.updated == "1970-01-01T00:00:00+00:00"
    assert json.loads(feeds()["json"])["items"] == []


def test_words_in_another_language_say_so_and_links_count_from_their_page():
    made = feeds(recall("de"), head=HEAD._replace(language="de"))
    for kind, name in (("atom", "entry"), ("rss", "item")):
        opened = f'<{name} xml:base="https://status.northwind.example/incidents/kettle-recall/" xml:lang="en">'
        assert opened in made[kind].decode()
    assert json.loads(made["json"])["items"][0]["language"] == "en"


def test_the_site_has_feeds_for_all_and_for_each_incident_in_each_language(site):
    counts = {"": 3, "incidents/checkout-outage/": 2, "incidents/kettle-recall/": 1}
    for kind in KINDS:
        found = {name: len(entries(kind, body)) for name, body in site.items() if name.endswith(f"feed.{kind}")}
        assert found == {
            f"{tree}{folder}feed.{kind}": count for tree in ("", "de/") for folder, count in counts.items()
        }
        assert entries(kind, site[f"de/feed.{kind}"])[0][1] == f"{SITE}/de/incidents/checkout-outage/#cause-found"
    assert verify_feeds(site) == []


def test_what_a_program_would_trip_over_is_found(site):
    atom, rss, whole, dates = (site[name] for name in ("feed.atom", "feed.rss", "feed.json", "calendar.ics"))
    first = atom[atom.index(b"<entry ") : atom.index(b"</entry>") + len(b"</entry>")]
    broken = {
        "1/feed.atom": atom[: len(atom) // 2],
        "2/feed.atom": atom.replace(first, first * 2),
        "3/feed.atom": re.sub(rb"<(updated|published)>[^<]*</\1>", b"", atom),
        "4/feed.rss": rss.replace(b"</title>", b"</titel>"),
        "5/feed.rss": re.sub(rb"<guid[^>]*>[^<]*</guid>", b"<guid>same</guid>", rss),
        "6/feed.json": whole[:-10],
        "7/feed.json": re.sub(rb'"id": "[^"]*"', b'"id": "same"', whole),
        "8/feed.json": whole.replace(b'"date_modified": "2026', b'"date_modified": "26'),
        "9/calendar.ics": dates[: len(dates) // 2],
        "a/calendar.ics": re.sub(rb"UID:\S*", b"UID:same", dates),
        "b/calendar.ics": re.sub(rb"DTSTART:\S*", b"DTSTART:tomorrow", dates),
    }
    assert {problem.split(":")[0] for problem in verify_feeds(broken)} == set(broken)
    assert verify_feeds({"feed.atom": atom, "index.html": b"no feed at all"}) == []


def test_what_cannot_be_read_is_never_switched_to(site, tmp_path):
    channel = WebsiteChannel("site", FolderSettings(), tmp_path / "public", SITE)

    def publish(files):
        channel.publish(Files.of(files), lambda _: None, lambda _: None, NOW)

    publish(site)
    front = tmp_path / "public" / "index.html"
    stood = front.read_bytes()
    for name in ("feed.atom", "de/feed.rss", "incidents/kettle-recall/feed.json", "calendar.ics"):
        with pytest.raises(CrisiscommsError, match=f"cannot read: {name}"):
            publish({**site, name: site[name][:-30], "index.html": b"new"})
        assert front.read_bytes() == stood
