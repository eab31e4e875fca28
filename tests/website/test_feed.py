"""What a feed reader gets: one entry per update, with an id that lasts."""

import io
import re
from datetime import UTC, datetime, timedelta

import feedparser
from sample_site import SITE, entry, outage, recall

from crisiscomms.website import build_feed, verify_feeds

HOME = f"{SITE}/"


def feed(*contents, path="feed.atom", language="en"):
    return build_feed(
        contents, language=language, title="Notices from Northwind Pay", author="Northwind Pay", home=HOME, path=path
    )


def read(body):
    found = feedparser.parse(io.BytesIO(body))
    assert not found.bozo
    return found


def test_a_feed_reader_finds_one_entry_per_update_newest_first():
    found = read(feed(recall(), outage()))
    assert [item.id for item in found.entries] == [
        "tag:status.northwind.example,2026:checkout-outage/cause-found",
        "tag:status.northwind.example,2026:checkout-outage/first-notice",
        "tag:status.northwind.example,2026:kettle-recall/recall",
    ]
    newest = found.entries[0]
    assert newest.link == f"{SITE}/incidents/checkout-outage/#cause-found"
    assert newest.title == "Cause found: Card payments failed at checkout"
    assert newest.content[0].type == "text/html"
    assert newest.content[0].value == "<p>The failures began with a change we made at 10:12. We are undoing it.</p>"
    assert newest.published == newest.updated == "2026-11-18T11:12:00+01:00"


def test_the_feed_itself_says_whose_it_is_and_when_it_changed():
    found = read(feed(outage(), recall())).feed
    assert found.title == "Notices from Northwind Pay"
    assert found.author == "Northwind Pay"
    assert found.language == "en"
    assert found.updated == "2026-11-18T11:12:00+01:00"
    assert {(link.rel, link.href) for link in found.links} == {("alternate", HOME), ("self", f"{HOME}feed.atom")}


def test_a_correction_moves_the_time_and_keeps_the_name():
    before = outage()
    late = before.entries[1]._replace(html="<p>Corrected.</p>", corrected_at="2026-11-18T15:40:00+01:00")
    old, new = read(feed(before)), read(feed(before._replace(entries=(before.entries[0], late))))
    assert [item.id for item in old.entries] == [item.id for item in new.entries]
    assert [item.published for item in old.entries] == [item.published for item in new.entries]
    assert new.entries[1].updated == new.feed.updated == "2026-11-18T15:40:00+01:00"
    assert new.entries[0].updated == old.entries[0].updated


def test_hostile_titles_are_words_and_not_markup():
    title = 'A <b>bold</b> & "quoted" فشلت'
    body = feed(
        outage()._replace(entries=(outage().entries[0]._replace(title=title, html="<p>1 &lt; 2 &amp; فشلت</p>"),))
    )
    assert "<b>" not in body.decode()
    found = read(body).entries[0]
    assert found.title_detail.type == "text/plain"
    assert found.content[0].value == "<p>1 &lt; 2 &amp; فشلت</p>"
    written = re.search("<title>A (.*?)</title>", body.decode())
    assert written[1] == '&lt;b&gt;bold&lt;/b&gt; &amp; "quoted" فشلت'


def test_the_newest_fifty_are_kept():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    many = tuple(
        entry(f"u{n}", "monitoring", (start + timedelta(hours=n)).isoformat(), f"Update {n}", "Words.")
        for n in range(60)
    )
    found = read(feed(outage()._replace(entries=many)))
    assert [item.title for item in found.entries] == [f"Update {n}" for n in range(59, 9, -1)]


def test_a_feed_without_updates_reads_no_clock():
    assert feed() == feed()
    assert read(feed()).feed.updated == "1970-01-01T00:00:00+00:00"


def test_words_in_another_language_say_so_and_links_count_from_their_page():
    body = feed(recall("de"), language="de").decode()
    assert '<entry xml:base="https://status.northwind.example/incidents/kettle-recall/" xml:lang="en">' in body


def test_the_site_has_a_feed_for_all_and_for_each_incident_in_each_language(site):
    feeds = {name: read(body) for name, body in site.items() if name.endswith(".atom")}
    assert {name: len(found.entries) for name, found in feeds.items()} == {
        "feed.atom": 3,
        "de/feed.atom": 3,
        "incidents/checkout-outage/feed.atom": 2,
        "incidents/kettle-recall/feed.atom": 1,
        "de/incidents/checkout-outage/feed.atom": 2,
        "de/incidents/kettle-recall/feed.atom": 1,
    }
    assert feeds["de/feed.atom"].entries[0].link == f"{SITE}/de/incidents/checkout-outage/#cause-found"
    assert verify_feeds(site) == []


def test_a_feed_that_a_reader_would_trip_over_is_found(site):
    whole = site["feed.atom"]
    first = whole[whole.index(b"<entry ") : whole.index(b"</entry>") + len(b"</entry>")]
    broken = {
        "cut.atom": whole[: len(whole) // 2],
        "twice.atom": whole.replace(first, first * 2),
        "timeless.atom": re.sub(rb"<(updated|published)>[^<]*</\1>", b"", whole),
    }
    problems = verify_feeds(broken)
    assert {problem.split(":")[0] for problem in problems} == set(broken)
    assert verify_feeds({"feed.atom": whole, "index.html": b"no feed at all"}) == []
