"""The whole site: every page holds together, keeps strangers out, and comes out the same each time."""

import re
from datetime import UTC, datetime
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from sample_site import SITE, one, outage, pages, parsed, recall, settings, text

from crisiscomms.errors import InvalidInput
from crisiscomms.messages.model import Entry
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.website.content import stamped
from crisiscomms.workspace import Workspace

HOSTILE = "A <script>alert(1)</script> & \"B\" 'C' {{7*7}} فشلت المدفوعات"


# -- every page --------------------------------------------------------------------------------------------------


def test_every_page_of_the_design_is_there_in_both_languages(site):
    for prefix in ("", "de/"):
        for path in (
            "",
            "promises/",
            "history/",
            "incidents/checkout-outage/",
            "incidents/checkout-outage/statement/",
            "incidents/checkout-outage/faq/",
            "incidents/kettle-recall/",
        ):
            assert f"{prefix}{path}index.html" in site
        assert f"{prefix}feed.atom" in site
        assert f"{prefix}incidents/kettle-recall/feed.atom" in site
        assert site[f"{prefix}incidents/kettle-recall/index.md"] == recall().pages[0].markdown.encode()
    assert {"404.html", "robots.txt", "sitemap.xml"} <= site.keys()


def test_every_page_parses_without_an_error_and_has_one_heading_and_the_landmarks(site):
    for name, page in pages(site).items():
        for tag in ("h1", "main", "footer"):
            assert len(page.findall(f".//{tag}")) == 1, (name, tag)
        assert page.get("lang") == ("de" if name.startswith("de/") else "en"), name
        assert text(one(page, ".//title")).endswith("Northwind Pay")
        ids = [element.get("id") for element in page.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), name


def test_headings_go_down_one_step_at_a_time(site):
    for name, page in pages(site).items():
        levels = [int(e.tag[1]) for e in page.iter() if isinstance(e.tag, str) and re.fullmatch("h[1-6]", e.tag)]
        assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False)), (name, levels)


def test_the_skip_link_comes_first_and_leads_to_the_text(site):
    for page in pages(site).values():
        first = next(element for element in one(page, "body").iter("a"))
        assert first.get("href") == f"#{one(page, './/main').get('id')}"


@pytest.mark.parametrize("base", ["https://status.northwind.example/", "https://mirror.example/a/copy/"])
def test_every_link_anchor_and_picture_leads_somewhere(site, base):
    ids = {name: {element.get("id") for element in page.iter()} for name, page in pages(site).items()}
    seen = 0
    for name, page in pages(site).items():
        if name == "404.html" and "mirror" in base:
            continue  # it is served at any address, so its links count from the site's own root
        here = urljoin(base, name.removesuffix("index.html"))
        for element in page.iter():
            address = element.get("href") or element.get("src")
            if address is None or re.match(r"https?:|mailto:|tel:", address):
                continue
            there = urlsplit(urljoin(here, address))
            assert urljoin(base, "/") + there.path.lstrip("/") == urljoin(here, address).split("#", maxsplit=1)[0]
            path = unquote(there.path.removeprefix(urlsplit(base).path))
            file = f"{path}index.html" if path.endswith("/") or not path else path
            assert file in site, (name, address)
            assert not there.fragment or there.fragment in ids[file], (name, address)
            seen += 1
    assert seen > 200


def test_the_page_for_lost_readers_works_at_any_depth(voices, build, contents, tmp_path):
    lost = parsed(build(contents, Workspace(tmp_path, settings("https://northwind.example/status/")))["404.html"])
    local = [
        e.get("href") for e in lost.iter() if e.get("href") and not re.match("https?:|mailto:|tel:|#", e.get("href"))
    ]
    assert local
    assert all(address.startswith("/status/") for address in local)
    assert voices["de"].word("site.not_found_title") in text(one(lost, ".//main"))
    assert lost.find(".//meta[@name='robots']").get("content") == "noindex"


def test_links_of_ours_in_a_text_stay_in_this_copy_and_keep_their_address_for_paper(site):
    page = parsed(site["incidents/checkout-outage/faq/index.html"])
    above = next(link for link in page.iter("a") if text(link) == "above")
    assert above.get("href") == "../../../incidents/checkout-outage/#what-happened"
    assert above.get("data-url") == f"{SITE}/incidents/checkout-outage/#what-happened"


def test_nothing_runs_nothing_is_fetched_from_elsewhere_and_nothing_is_sent(site):
    for name, page in pages(site).items():
        assert not [e.tag for e in page.iter() if e.tag in {"iframe", "form", "object", "embed", "base"}], name
        assert all(script.attrib == {"type": "application/ld+json"} for script in page.iter("script")), name
        for element in page.iter():
            assert not [key for key in element.attrib if key.startswith("on") or key == "style"], name
            if element.tag in {"img", "source"} or (
                element.tag == "link" and element.get("rel") in {"stylesheet", "icon"}
            ):
                assert not urlsplit(element.get("src") or element.get("href")).netloc
        policy = page.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
        assert policy == "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
        assert page.find(".//meta[@name='referrer']").get("content") == "no-referrer"


def test_what_is_written_stays_words(build):
    def dressed(content):
        listed = tuple(page._replace(title=HOSTILE, description=HOSTILE) for page in content.pages)
        named = tuple(line._replace(owner=HOSTILE) for line in content.promises)
        told = tuple(entry._replace(title=HOSTILE) for entry in content.entries)
        return content._replace(
            title=HOSTILE, pages=listed, promises=named, entries=told, components=((HOSTILE, "major_outage"),)
        )

    site = build([dressed(outage()), dressed(outage("de"))])
    for page in pages(site).values():
        assert all(script.attrib == {"type": "application/ld+json"} for script in page.iter("script"))
    front = parsed(site["index.html"])
    assert text(one(front, ".//h2/a")) == HOSTILE
    assert one(front, ".//h2/a/bdi") is not None
    assert HOSTILE in text(one(parsed(site["promises/index.html"]), ".//main"))
    head = parsed(site["incidents/checkout-outage/index.html"])
    assert head.find(".//meta[@property='og:title']").get("content") == HOSTILE


def test_the_contact_block_is_the_same_and_in_the_same_place_everywhere(site):
    for prefix, hours in (("", "every day, 07:00-23:00"), ("de/", "täglich, 07:00-23:00")):
        found = [page for name, page in pages(site).items() if name.startswith("de/") == bool(prefix)]
        blocks = {text(page.find(".//footer/section")) for page in found}
        assert len(blocks) == 1
        assert "help@northwind.example" in (block := blocks.pop())
        assert "+49 30 5550 0100" in block
        assert hours in block
    borrowed = [e for e in parsed(site["de/index.html"]).find(".//footer").iter("span") if e.get("lang") == "en"]
    assert [text(e) for e in borrowed] == ["2 hours"]


def test_pages_of_an_incident_with_a_contact_of_its_own_send_nobody_elsewhere(build):
    own = (("email", "recall@northwind.example"), ("phone", "+49 800 5550 199"), ("hours", "day and night"))
    site = build([outage(), recall()._replace(contact=own), recall("de")._replace(contact=own)])
    found = {name: text(page.find(".//footer/section")) for name, page in pages(site).items()}
    for name, block in found.items():
        here = "kettle-recall" in name
        assert ("+49 800 5550 199" in block) == ("day and night" in block) == here, name
        assert ("+49 30 5550 0100" in block) == ("23:00" in block) == (not here), name
    borrowed = parsed(site["de/incidents/kettle-recall/index.html"]).find(".//footer").iter("span")
    assert [text(e) for e in borrowed if e.get("lang") == "en"] == ["day and night"]


def test_every_time_is_for_machines_too_and_names_its_zone(site):
    for name, page in pages(site).items():
        for element in page.iter("time"):
            stamp = element.get("datetime")
            assert re.fullmatch(r"\d{4}-\d{2}(-\d{2}(T\d{2}:\d{2}[+-]\d{2}:\d{2})?)?", stamp), (name, stamp)
            assert "T" not in stamp or re.search(r"\b(CES?T|MES?Z)\b.*\bUTC\b", text(element)), (name, text(element))


def test_the_head_tells_search_engines_and_previews_what_the_page_is(site):
    page = parsed(site["de/incidents/checkout-outage/faq/index.html"])
    here = f"{SITE}/de/incidents/checkout-outage/faq/"
    assert page.find(".//link[@rel='canonical']").get("href") == here
    assert page.find(".//meta[@property='og:url']").get("content") == here
    assert page.find(".//meta[@property='og:type']").get("content") == "article"
    others = {e.get("hreflang"): e.get("href") for e in page.findall(".//link[@rel='alternate']") if e.get("hreflang")}
    english = f"{SITE}/incidents/checkout-outage/faq/"
    assert others == {"en": english, "x-default": english, "de": here}
    kinds = [e.get("type") for e in page.findall(".//link[@rel='alternate']") if e.get("type")]
    feeds = ["application/atom+xml", "application/rss+xml", "application/feed+json"]
    assert kinds == [*feeds, *feeds, "text/calendar", "text/markdown"]


def test_the_language_switch_leads_to_the_same_page(site):
    page = parsed(site["incidents/checkout-outage/index.html"])
    german = next(link for link in page.iter("a") if link.get("hreflang") == "de")
    assert german.get("href") == "../../de/incidents/checkout-outage/"
    assert text(german) == "Deutsch"


# -- rehearsal, robots, repetition -------------------------------------------------------------------------------


def test_a_rehearsal_says_so_on_every_page_and_to_robots(build, contents, voices):
    site = build(contents, rehearsal=True)
    for name, page in pages(site).items():
        word = voices["de" if name.startswith("de/") else "en"].word
        assert text(one(page, ".//aside")) == word("site.rehearsal")
        assert text(one(page, ".//title")).startswith(word("site.rehearsal_mark"))
        assert page.find(".//meta[@name='robots']").get("content") == "noindex"
    assert b"Disallow: /\n" in site["robots.txt"]
    assert b"<title>Rehearsal: " in site["feed.atom"]


def test_the_real_site_carries_no_trace_of_a_rehearsal(site):
    for body in site.values():
        assert b"ehearsal" not in body.replace(b".rehearsal", b"")
    assert site["robots.txt"].decode() == f"User-agent: *\nAllow: /\n\nSitemap: {SITE}/sitemap.xml\n"
    assert f"<loc>{SITE}/de/incidents/kettle-recall/</loc>" in site["sitemap.xml"].decode()
    assert b"404" not in site["sitemap.xml"]


def test_the_same_incidents_give_the_same_bytes_in_whatever_order(build, contents, site):
    assert build(contents) == site
    assert build(list(reversed(contents))) == site


# -- the time of publication -------------------------------------------------------------------------------------


def test_the_time_of_publication_is_filled_in_everywhere(build, contents, voices):
    waiting = contents[0]
    said = f"Correction, {PUBLISHED_AT}: it is 1,719 payments, not 1,700."
    page = waiting.pages[0]._replace(html=waiting.pages[0].html + f"<p>{said}</p>", markdown=said, description=said)
    entry = waiting.entries[0]._replace(html=f"<p>{said}</p>", text=said, corrected_at=PUBLISHED_AT)
    waiting = waiting._replace(
        pages=(page, *waiting.pages[1:]), entries=(entry, *waiting.entries[1:]), summary=f"<p>{said}</p>"
    )
    at = {"checkout-outage": datetime(2026, 11, 18, 15, 40, tzinfo=UTC)}
    site = build([stamped(waiting, at, voices["en"]), *contents[1:]])
    assert PUBLISHED_AT.encode() not in b"".join(site.values())
    words = "16:40 CET on 18 November 2026 (15:40 UTC)"
    element = f'Correction, <time datetime="2026-11-18T16:40+01:00">{words}</time>: it is'
    assert element in site["incidents/checkout-outage/index.html"].decode()
    assert element in site["index.html"].decode()
    assert site["incidents/checkout-outage/index.md"].decode() == said.replace(PUBLISHED_AT, words)
    assert b"<updated>2026-11-18T16:40:00+01:00</updated>" in site["feed.atom"]


@pytest.mark.parametrize("name", [name for name in Entry._fields if name != "corrected_at"])
def test_without_a_time_of_publication_nothing_is_built(build, name):
    waiting = outage()
    entry = waiting.entries[0]._replace(**{name: PUBLISHED_AT})
    with pytest.raises(ValueError, match="checkout-outage waits for its time of publication"):
        build([waiting._replace(entries=(entry,))])


# -- layouts -----------------------------------------------------------------------------------------------------


def test_a_workspace_lays_its_own_layouts_and_style_over_ours(build, contents, tmp_path):
    (tmp_path / "404.html.j2").write_text(
        '{% extends "layout.html.j2" %}{% block main %}<h1>Gone fishing</h1>{% endblock %}'
    )
    (tmp_path / "style.css").write_text("p { color: #000 }")
    site = build(contents, overrides=tmp_path)
    assert text(one(parsed(site["404.html"]), ".//h1")) == "Gone fishing"
    style = next(body for name, body in site.items() if name.endswith(".css"))
    assert style.endswith(b"p { color: #000 }")
    assert b"--accent:" in style  # the colours' names are there for it


@pytest.mark.parametrize("broken", ["\n\n{{ nobody }}", "\n\n{% block %}", "\n\n{{ leaf.nothing }}"])
def test_a_layout_that_cannot_be_used_is_named_with_its_line(build, contents, tmp_path, broken):
    (tmp_path / "front.html.j2").write_text(broken)
    with pytest.raises(InvalidInput) as caught:
        build(contents, overrides=tmp_path)
    place = caught.value.findings[0].place
    assert place.file.endswith("front.html.j2")
    assert place.line == 3


def test_a_layout_that_nothing_would_use_is_refused_with_the_name_that_was_meant(build, contents, tmp_path):
    (tmp_path / "fornt.html.j2").write_text("never seen")
    (tmp_path / "signature.html.j2").write_text("<p>Yours, the team</p>")
    (tmp_path / "404.html.j2").write_text('<h1>Gone</h1>{% include "signature.html.j2" %}')
    with pytest.raises(InvalidInput) as caught:
        build(contents, overrides=tmp_path)
    assert [(f.place.file.split("/")[-1], "front.html.j2" in f.message) for f in caught.value.findings] == [
        ("fornt.html.j2", True)
    ]
    (tmp_path / "fornt.html.j2").unlink()
    assert b"Yours, the team" in build(contents, overrides=tmp_path)["404.html"]
