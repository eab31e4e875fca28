"""The badge for other sites, and the list of pages for programs that read text."""

import re
from xml.etree import ElementTree as ET

import html5lib
import pytest
from sample_site import ROOT, SITE, outage

from crisiscomms.website.letters import wide


@pytest.mark.parametrize(
    ("stands", "word", "tone"),
    [
        ({"severity": "critical"}, "badge_open", "#94231d"),
        ({"severity": "minor"}, "badge_open", "#7a4300"),
        ({"severity": "critical", "status": "resolved"}, "calm_title", "#1f5c3a"),
    ],
)
def test_the_badge_says_in_each_language_whether_something_is_open(build, voices, stands, word, tone):
    contents = [outage(language)._replace(**stands) for language in ("en", "de")]
    site = build(contents)
    for path, language in (("badge.svg", "en"), ("de/badge.svg", "de")):
        badge = ET.fromstring(site[path])
        words = badge.find("{*}text").text
        assert words == badge.find("{*}title").text == badge.get("aria-label") == voices[language].word(f"site.{word}")
        assert badge.find("{*}text").get("fill") == tone
        assert float(badge.get("width")) > wide(ROOT / "site/fonts/card.ttf", words) * 13 + 30


def test_a_rehearsal_says_so_in_everything_that_programs_show(build, contents):
    site = build(contents, rehearsal=True)
    for path in (
        "badge.svg",
        "incidents/checkout-outage/feed.json",
        "feed.atom",
        "feed.rss",
        "feed.json",
        "calendar.ics",
        "llms.txt",
        "api/v2/summary.json",
    ):
        assert b"Rehearsal: " in site[path], path


def test_the_list_for_programs_leads_to_every_page_in_markdown(site):
    for tree in ("", "de/"):
        listed = site[f"{tree}llms.txt"].decode()
        assert re.match(r"# .+\n\n> .+\n\n## ", listed)
        pages = re.findall(r"^- \[.+\]\((.+\.md)\): .+$", listed, re.MULTILINE)
        twins = [f"{SITE}/{name}" for name in site if name.endswith(".md") and name.startswith("de/") == bool(tree)]
        assert sorted(pages) == sorted(twins)
        others = re.findall(rf"\]\({SITE}/([^)]+)\)", listed)
        assert all(path in site for path in others)
        assert len(set(re.findall(r"^- \[(.+)\]\(.+\.md", listed, re.MULTILINE))) == len(pages)
    assert "\n\n\n" not in listed


def test_hostile_titles_make_no_link_in_the_list(build):
    hostile = "Down](https://evil.example) [x & <b>"
    content = outage()._replace(pages=tuple(page._replace(title=hostile) for page in outage().pages))
    listed = build([content])["llms.txt"].decode()
    assert "[Down\\](https://evil.example) \\[x & <b>](https://status" in listed


def test_an_empty_site_has_every_file_that_programs_ask_for(build):
    site = build([])
    assert {"feed.atom", "feed.rss", "feed.json", "calendar.ics", "badge.svg", "llms.txt"} <= site.keys()
    assert b"## " in site["llms.txt"]


def test_the_embed_of_the_readme_is_one_line_and_whole():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^<a href=.*badge\.svg.*$", readme, re.MULTILINE)
    embed = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(line)
    image = embed.find(".//img")
    assert image.get("src").endswith("/badge.svg")
    assert image.get("alt")
