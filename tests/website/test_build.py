"""What a reader of the site meets: pages that hold together, say where things stand, and keep strangers out."""

import gzip
import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import pytest
from conftest import PICTURE, ROOT, SITE, outage, recall, settings

from crisiscomms.errors import InvalidInput
from crisiscomms.messages.model import Entry
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.workspace import Workspace

HOSTILE = "A <script>alert(1)</script> & \"B\" 'C' {{7*7}} فشلت المدفوعات"


def parsed(body: bytes) -> Element:
    """Parse a page as strictly as a parser can: any error in the markup raises."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(body.decode())


def pages(site: dict[str, bytes]) -> dict[str, Element]:
    return {name: parsed(body) for name, body in site.items() if name.endswith(".html")}


def text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def one(element: Element, path: str) -> Element:
    found = element.findall(path)
    assert len(found) == 1, f"{len(found)} of {path}"
    return found[0]


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
        assert not [e.tag for e in page.iter() if e.tag in {"script", "iframe", "form", "object", "embed", "base"}], (
            name
        )
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
        listed = tuple(replace(page, title=HOSTILE, description=HOSTILE) for page in content.pages)
        named = tuple(replace(line, owner=HOSTILE) for line in content.promises)
        told = tuple(replace(entry, title=HOSTILE) for entry in content.entries)
        return replace(
            content, title=HOSTILE, pages=listed, promises=named, entries=told, components=((HOSTILE, "major_outage"),)
        )

    site = build([dressed(outage()), dressed(outage("de"))])
    for page in pages(site).values():
        assert not list(page.iter("script"))
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
    assert kinds == ["application/atom+xml", "application/atom+xml", "text/markdown"]


def test_the_language_switch_leads_to_the_same_page(site):
    page = parsed(site["incidents/checkout-outage/index.html"])
    german = next(link for link in page.iter("a") if link.get("hreflang") == "de")
    assert german.get("href") == "../../de/incidents/checkout-outage/"
    assert text(german) == "Deutsch"


# -- the front page ----------------------------------------------------------------------------------------------


def test_the_front_page_says_first_what_is_happening_now(site, voices):
    main = one(parsed(site["index.html"]), ".//main")
    words = text(main)
    order = [
        "Card payments failed at checkout",
        voices["en"].word("status.identified"),
        "We are undoing it.",
        "12:10 CET on 18 November 2026 (11:10 UTC)",
        "Hosted checkout",
        "Stop using the Fjord K2 kettle",
    ]
    places = [words.index(part) for part in order]
    assert places == sorted(places)
    assert "16 September" not in words  # the resolved one promises no next update


def test_parts_of_the_service_show_a_word_a_shape_and_a_colour(site, voices):
    for path, language in (("index.html", "en"), ("de/index.html", "de")):
        page, word = parsed(site[path]), voices[language].word
        shown = [
            (text(li.find("bdi")), text(li.find("span")), li.find("span").get("class"))
            for li in page.findall(".//section[@class='components']//li")
        ]
        names = (
            ["Hosted checkout", "Payments API", "Merchant dashboard"]
            if language == "en"
            else ["Kasse", "Payments API", "Händlerbereich"]
        )
        states = ["major_outage", "partial_outage", "operational"]
        assert [(name, said.lower(), kind) for name, said, kind in shown] == [
            (name, word(f"component_state.{state}").lower(), f"badge {state}")
            for name, state in zip(names, states, strict=True)
        ]
        shapes = {site_svg(li) for li in page.findall(".//section[@class='components']//li")}
        assert len(shapes) == 3


def site_svg(element: Element) -> str:
    return "|".join(
        part.get("d") or "circle" for part in element.find(".//{*}svg").iter() if part.get("class") in {"edge", "fill"}
    )


def test_a_part_known_by_its_name_in_another_language_is_listed_once(build):
    borrowed = replace(outage("en"), language="de")
    shown = parsed(build([borrowed])["de/index.html"]).findall(".//section[@class='components']//bdi")
    assert [text(name) for name in shown] == ["Kasse", "Payments API", "Händlerbereich"]


def test_where_nothing_is_open_it_says_so_calmly(build, voices):
    site = build([recall("en"), recall("de")])
    main = one(parsed(site["index.html"]), ".//main")
    assert text(one(main, ".//h1")) == voices["en"].word("site.calm_title")
    assert not main.findall(".//section[@class='components']")
    assert "!" not in text(main)
    empty = build([])
    assert text(one(parsed(empty["history/index.html"]), ".//main")).endswith(voices["en"].word("site.history_none"))
    assert text(one(parsed(empty["promises/index.html"]), ".//main")).endswith(voices["en"].word("site.promises_none"))


def test_the_gravest_incident_stands_first(build):
    grave = replace(recall(), status="investigating")
    front = parsed(build([outage(), grave])["index.html"])
    assert [text(h) for h in front.findall(".//article/h2")] == [grave.title, outage().title]


# -- the pages of an incident ------------------------------------------------------------------------------------


def test_the_incident_page_says_where_things_stand_before_anything_else(site, voices):
    main = text(one(parsed(site["incidents/checkout-outage/index.html"]), ".//main"))
    stands = main.index(voices["en"].word("status.identified"))
    soon = main.index("Next update by 12:10 CET on 18 November 2026 (11:10 UTC)")
    last = main.index("Last updated at 11:12 CET on 18 November 2026 (10:12 UTC)")
    assert main.startswith("Card payments failed at checkout")
    assert stands < soon < last < main.index("What happened On 18 November")
    assert main.endswith(f"{SITE}/incidents/checkout-outage/")


def test_updates_are_articles_with_their_anchor_and_a_quoted_heading_cuts_nothing(site):
    page = parsed(site["incidents/checkout-outage/index.html"])
    anchors = [h.get("id") for h in page.findall(".//section[@class='updates']/article/h3")]
    assert anchors == ["cause-found", "first-notice"]
    affected = next(
        s
        for s in page.findall(".//main//section")
        if s.find("h2") is not None and s.find("h2").get("id") == "am-i-affected"
    )
    assert text(affected.find("blockquote/h2")) == "Not a heading of this page"


def test_layout_adds_nothing_to_what_was_approved_and_takes_nothing_away(site):
    for content in (outage(), outage("de")):
        prefix = "de/" if content.language == "de" else ""
        for page in content.pages:
            shown = text(one(parsed(site[f"{prefix}{page.path}index.html"]), ".//main"))
            approved = text(html5lib.parseFragment(page.html, namespaceHTMLElements=False))
            title, words = approved[: len(page.title)], approved[len(page.title) :].strip()
            assert title == page.title
            assert shown.count(title) >= 1
            assert words in shown


def test_the_statement_and_the_questions_are_linked_where_they_exist(site):
    links = {link.get("href") for link in parsed(site["incidents/checkout-outage/index.html"]).iter("a")}
    assert {
        "../../incidents/checkout-outage/statement/",
        "../../incidents/checkout-outage/faq/",
        "../../incidents/checkout-outage/feed.atom",
    } <= links
    alone = {link.get("href") for link in parsed(site["incidents/kettle-recall/index.html"]).iter("a")}
    assert not [address for address in alone if "statement" in address or "faq" in address]


def test_a_missing_translation_is_said_and_marked(site, voices):
    page = parsed(site["de/incidents/kettle-recall/index.html"])
    assert voices["de"].word("site.not_translated").format(language="Englisch") in text(one(page, ".//main"))
    assert one(page, ".//h1/..").get("lang") == "en"
    assert {div.get("lang") for div in page.findall(".//div[@class='words']")} == {"en"}
    line = next(bdi for bdi in parsed(site["de/index.html"]).iter("bdi") if "Fjord" in text(bdi))
    assert line.get("lang") == "en"
    assert "not_translated" not in site["de/incidents/checkout-outage/index.html"].decode()
    assert "untranslated" not in site["de/incidents/checkout-outage/index.html"].decode()


def test_a_missing_translation_of_what_is_open_is_said_on_the_front_page(build, voices):
    front = parsed(build([replace(recall("de"), status="identified")])["de/index.html"])
    assert voices["de"].word("site.not_translated").format(language="Englisch") in text(one(front, ".//main"))


def test_a_picture_is_found_from_every_page_that_shows_it(site):
    assert site["assets/fjord-k2.1a2b3c4d.svg"] == PICTURE
    shown = one(parsed(site["de/incidents/kettle-recall/index.html"]), ".//main//img")
    assert shown.get("src") == "../../../assets/fjord-k2.1a2b3c4d.svg"
    assert shown.get("alt")


# -- promises and history ----------------------------------------------------------------------------------------


def test_promises_show_their_time_their_owner_and_their_outcome_and_never_judge_by_a_clock(site):
    main = text(one(parsed(site["promises/index.html"]), ".//main"))
    assert main.index("full review") < main.index("lot 2622")  # open ones first
    assert "Due by 25 November 2026. Maren Vogt answers for it." in main
    assert "Kept at 17:00 CEST on 15 September 2026 (15:00 UTC)." in main
    assert not re.search(r"\b(late|overdue|missed)\b", main)


def test_history_is_kept_by_month(site):
    page = parsed(site["history/index.html"])
    assert [text(h) for h in page.findall(".//main//h2")] == ["November 2026", "September 2026"]
    german = parsed(site["de/history/index.html"])
    assert [text(h) for h in german.findall(".//main//h2")] == ["November 2026", "September 2026"]


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


def test_the_time_of_publication_is_filled_in_everywhere(build, contents):
    waiting = contents[0]
    said = f"Correction, {PUBLISHED_AT}: it is 1,719 payments, not 1,700."
    page = replace(waiting.pages[0], html=waiting.pages[0].html + f"<p>{said}</p>", markdown=said, description=said)
    entry = replace(waiting.entries[0], html=f"<p>{said}</p>", text=said, corrected_at=PUBLISHED_AT)
    waiting = replace(
        waiting, pages=(page, *waiting.pages[1:]), entries=(entry, *waiting.entries[1:]), summary=f"<p>{said}</p>"
    )
    site = build([waiting, *contents[1:]], corrected={"checkout-outage": datetime(2026, 11, 18, 15, 40, tzinfo=UTC)})
    assert PUBLISHED_AT.encode() not in b"".join(site.values())
    words = "16:40 CET on 18 November 2026 (15:40 UTC)"
    element = f'Correction, <time datetime="2026-11-18T16:40+01:00">{words}</time>: it is'
    assert element in site["incidents/checkout-outage/index.html"].decode()
    assert element in site["index.html"].decode()
    assert site["incidents/checkout-outage/index.md"].decode() == said.replace(PUBLISHED_AT, words)
    assert b"<updated>2026-11-18T16:40:00+01:00</updated>" in site["feed.atom"]


@pytest.mark.parametrize("name", [f.name for f in fields(Entry) if f.name != "corrected_at"])
def test_without_a_time_of_publication_nothing_is_built(build, name):
    waiting = outage()
    entry = replace(waiting.entries[0], **{name: PUBLISHED_AT})
    with pytest.raises(ValueError, match="checkout-outage waits for its time of publication"):
        build([replace(waiting, entries=(entry,))], corrected={"kettle-recall": datetime(2026, 1, 1, tzinfo=UTC)})


# -- layouts -----------------------------------------------------------------------------------------------------


def test_a_workspace_lays_its_own_layouts_and_style_over_ours(build, contents, tmp_path):
    (tmp_path / "404.html.j2").write_text(
        '{% extends "layout.html.j2" %}{% block main %}<h1>Gone fishing</h1>{% endblock %}'
    )
    (tmp_path / "style.css").write_text("p { color: #000 }")
    site = build(contents, overrides=tmp_path)
    assert text(one(parsed(site["404.html"]), ".//h1")) == "Gone fishing"
    assert b"p { color: #000 }" in [body for name, body in site.items() if name.endswith(".css")]


@pytest.mark.parametrize("broken", ["\n\n{{ nobody }}", "\n\n{% block %}", "\n\n{{ leaf.nothing }}"])
def test_a_layout_that_cannot_be_used_is_named_with_its_line(build, contents, tmp_path, broken):
    (tmp_path / "front.html.j2").write_text(broken)
    with pytest.raises(InvalidInput) as caught:
        build(contents, overrides=tmp_path)
    place = caught.value.findings[0].place
    assert place.file.endswith("front.html.j2")
    assert place.line == 3


# -- the stylesheet ----------------------------------------------------------------------------------------------

STYLE = (ROOT / "site" / "style.css").read_text()
PAIRS = [
    *((front, back) for front in ("ink", "soft", "accent") for back in ("paper", "sheet")),
    ("open", "open-tint"),
    ("calm", "calm-tint"),
    ("down", "down-tint"),
    ("drill", "drill-tint"),
]


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else {**found, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_words_stand_out_from_their_ground(scheme, front, back):
    bright, dim = sorted((luminance(colours(scheme)[name]) for name in (front, back)), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


def test_colours_are_named_once_so_that_the_measure_above_sees_them_all():
    rest = STYLE.split("* {", 1)[1].split("@media print")[0]
    assert re.findall(r"#[0-9a-f]{3,8}\b", rest) == ["#fff"]  # the ground under pictures, in both schemes


def test_a_page_is_light_enough_for_a_bad_connection(site):
    style = next(body for name, body in site.items() if name.endswith(".css"))
    assert len(style) < 14_000
    assert not re.search(rb"@import|url\(|expression", style)
    for name, body in site.items():
        if name.endswith(".html"):
            assert len(gzip.compress(body)) + len(gzip.compress(style)) < 30_000, name


def test_the_style_serves_paper_and_quiet_eyes():
    printed = STYLE.split("@media print", 1)[1]
    assert "attr(href)" in printed
    assert "attr(data-url)" in printed
    assert re.search(r"nav,[^{]*\{\s*display: none", printed)
    before = STYLE.split("@media (prefers-reduced-motion: no-preference)")[0]
    assert "transition" not in before
    assert "animation" not in STYLE
    assert ":focus-visible" in STYLE
