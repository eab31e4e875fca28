"""What a reader meets on each page: what is happening now, what happened, what we promised."""

import re

import html5lib
from sample_site import PICTURE, SITE, one, outage, parsed, recall, text

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
        shapes = {shape(li) for li in page.findall(".//section[@class='components']//li")}
        assert len(shapes) == 3


def shape(element):
    return "|".join(
        part.get("d") or "circle" for part in element.find(".//{*}svg").iter() if part.get("class") in {"edge", "fill"}
    )


def test_a_part_known_by_its_name_in_another_language_is_listed_once(build):
    borrowed = outage("en")._replace(language="de")
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
    grave = recall()._replace(status="investigating")
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
    front = parsed(build([recall("de")._replace(status="identified")])["de/index.html"])
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
