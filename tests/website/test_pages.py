"""What a reader meets on each page: what is happening now, what happened, what we promised."""

import re
from datetime import timedelta
from itertools import pairwise

import html5lib
import pytest
from sample_site import NOW, PICTURE, SITE, one, outage, parsed, recall, text

from crisiscomms.messages.model import PromiseLine
from crisiscomms.website.timeline import timeline

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
    return "|".join(part.get("d") or "circle" for part in element.find(".//{*}svg") if len(part) == 0)


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


def test_an_update_that_did_not_come_is_called_late_wherever_it_was_promised(build):
    """Promised for 12:10; the site is built at 12:11, and nobody wrote."""
    in_time, late = build([outage()]), build([outage()], now=NOW + timedelta(minutes=11))
    promised = "by 12:10 CET on 18 November 2026 (11:10 UTC)"
    for path in (
        "index.html",
        *(path for path in late if re.fullmatch(r"incidents/checkout-outage/.*index\.html", path)),
    ):
        before, after = (text(one(parsed(site[path]), ".//main")) for site in (in_time, late))
        assert f"Next update {promised}" in before, path
        assert f"Next update {promised}" not in after, path
        assert f"We said that we would write again {promised}. That time has passed, and we are late." in after, path
    course = text(one(parsed(late["incidents/checkout-outage/index.html"]), ".//section[@class='course']//tbody"))
    assert f"Next update due (Late) {promised}" in course
    over = outage()._replace(status="resolved", next_update=None)
    assert "we are late" not in text(parsed(build([over], now=NOW + timedelta(days=1))["index.html"]))


def test_an_update_that_is_owed_after_the_end_is_called_late_everywhere_too(build):
    """It is over, and we said that we would write again by 12:10. The page, its course and the lists must agree."""
    over, newer = outage()._replace(status="resolved"), recall()._replace(next_update=None)
    others = [newer._replace(incident=f"recall-{n}", first_at="2026-11-18T11:30:00+01:00") for n in range(12)]
    in_time, late = (build([over, *others], now=NOW + timedelta(minutes=n)) for n in (0, 11))
    said = "We said that we would write again by 12:10 CET on 18 November 2026 (11:10 UTC)."
    for path in (
        "index.html",
        "history/index.html",
        "history/2026-11/index.html",
        "incidents/checkout-outage/index.html",
    ):
        before, after = (text(one(parsed(site[path]), ".//main")) for site in (in_time, late))
        assert said not in before, path
        assert after.count(said) == 1, path
    course = text(one(parsed(late["incidents/checkout-outage/index.html"]), ".//section[@class='course']//tbody"))
    assert "Next update due (Late) by 12:10" in course
    assert b"SUMMARY:Late: next update. Card payments failed" in late["calendar.ics"]


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


def promise(name, due, kept=None, broken=None):
    words = f"We will do {name}."
    return PromiseLine(name, f"<p>{words}</p>", words, due, "Maren Vogt", kept, broken)


@pytest.mark.parametrize(
    ("line", "word", "says"),
    [
        (promise("soon", "2026-11-25T23:59:59+01:00"), "Waiting", "Promised by 25 November 2026."),
        (
            promise("late", "2026-11-18T11:59:00+01:00"),
            "Late",
            "Promised by 11:59 CET on 18 November 2026 (10:59 UTC). That time has passed, and it is not done.",
        ),
        (
            promise("never", "2026-11-17T23:59:59+01:00", broken="2026-11-18T09:00:00+01:00"),
            "Broken",
            "Promised by 17 November 2026. We broke this promise, and said so at 09:00 CET on 18 November 2026 (08:00 UTC).",
        ),
        (
            promise("done", "2026-11-17T23:59:59+01:00", "2026-11-17T12:00:00+01:00"),
            "Kept",
            "Promised by 17 November 2026. Done at 12:00 CET on 17 November 2026 (11:00 UTC).",
        ),
        (
            promise("slow", "2026-11-16T23:59:59+01:00", "2026-11-17T12:00:00+01:00"),
            "Kept, but late",
            "Promised by 16 November 2026. We were late: it was done at 12:00 CET on 17 November 2026 (11:00 UTC).",
        ),
    ],
    ids=["waiting", "late", "broken", "kept", "kept-late"],
)
def test_a_promise_says_what_became_of_it_in_a_word_a_shape_and_a_sentence(build, line, word, says):
    page = parsed(build([outage()._replace(promises=(line,))])["promises/index.html"])
    shown = one(page, ".//main//li")
    assert shown.get("id") == f"checkout-outage-{line.id}"
    assert text(one(shown, ".//span[@class]")) == word
    assert shape(shown)
    assert f"{says} Maren Vogt answers for it." in text(shown)


def test_open_promises_come_first_then_the_broken_and_the_kept(build):
    lines = (
        promise("kept", "2026-11-10T23:59:59+01:00", "2026-11-09T12:00:00+01:00"),
        promise("broken", "2026-11-10T23:59:59+01:00", broken="2026-11-11T12:00:00+01:00"),
        promise("later", "2026-12-10T23:59:59+01:00"),
        promise("late", "2026-11-10T23:59:59+01:00"),
    )
    site = build([outage()._replace(promises=lines)])
    page = parsed(site["promises/index.html"])
    assert [li.get("id").rsplit("-")[-1] for li in page.findall(".//main//li")] == ["late", "later", "broken", "kept"]
    owed = one(parsed(site["index.html"]), ".//section[@class='owed']")
    assert [text(words) for words in owed.findall(".//div[@class='words']")] == [
        "We will do late.",
        "We will do later.",
    ]


# -- lists in parts ----------------------------------------------------------------------------------------------


def test_history_is_kept_by_month(site):
    for prefix in ("", "de/"):
        page = parsed(site[f"{prefix}history/index.html"])
        assert [text(h) for h in page.findall(".//main//h2")][:2] == ["November 2026", "September 2026"]
        month = one(parsed(site[f"{prefix}history/2026-09/index.html"]), ".//main")
        assert "Fjord K2" in text(month)
        assert "checkout" not in text(month)


def many(count):
    """Incidents of two months, with a promise each."""
    for n in range(count):
        at = f"2026-{10 + n % 2}-{1 + n % 28:02}T10:00:00+01:00"
        kept = promise(f"p{n}", "2026-11-17T23:59:59+01:00", at)
        yield recall()._replace(incident=f"incident-{n}", first_at=at, updated_at=at, promises=(kept,), pages=())


def test_no_list_grows_without_end(build):
    few, site = build(list(many(60))), build(list(many(600)))
    for name in ("index.html", "history/index.html", "promises/index.html", "history/2026-10/index.html", "feed.atom"):
        assert len(site[name]) < len(few[name]) + 700, name
    found = set()
    for name, body in site.items():
        if re.fullmatch(r"history/2026-\d+/(\d+/)?index.html", name):
            links = [a.get("href") for a in one(parsed(body), ".//main").iter("a")]
            found |= {link.split("/")[-2] for link in links if "incidents/" in link}
    assert found == {f"incident-{n}" for n in range(600)}


def test_a_long_list_can_be_walked_to_its_end_and_back(build):
    site = build(list(many(60)))
    page = parsed(site["promises/2/index.html"])
    assert text(one(page, ".//title")).startswith("What we promised, Page 2 of 3")
    assert one(page, ".//a[@rel='prev']").get("href") == "../../promises/"
    assert one(page, ".//a[@rel='next']").get("href") == "../../promises/3/"
    assert page.find(".//header//a[@aria-current]").get("href") == "../../promises/"
    assert not parsed(site["promises/3/index.html"]).findall(".//a[@rel='next']")


def test_an_incident_with_many_updates_keeps_every_anchor_and_grows_by_a_line_for_each(build):
    def told(count):
        said = [
            f'<h3 id="u{n}">Monitoring, word {n}</h3>\n<p>{"This is what we know. " * 20}</p>' for n in range(count)
        ]
        incident = outage().pages[0]
        html = '<h1>Card payments</h1>\n<h2 id="updates">Updates</h2>\n' + "\n".join(said)
        return build([outage()._replace(pages=(incident._replace(html=html),))])

    few, site = told(25), told(60)
    first = parsed(site["incidents/checkout-outage/index.html"])
    assert len(first.findall(".//section[@class='updates']/article")) == 25
    assert "incidents/checkout-outage/updates/2/index.html" not in few
    assert (
        len(site["incidents/checkout-outage/index.html"]) - len(few["incidents/checkout-outage/index.html"]) < 35 * 120
    )
    anchors = {element.get("id") for element in first.iter()}
    for n in range(60):
        assert f"u{n}" in anchors
    link = one(first, ".//li[@id='u59']/a")
    assert link.get("href") == "../../incidents/checkout-outage/updates/3/#u59"
    there = parsed(site["incidents/checkout-outage/updates/3/index.html"])
    assert text(one(there, ".//h3[@id='u59']")) == "Monitoring, word 59"
    assert "This is what we know." in text(one(there, ".//main"))


# -- the course of an incident -----------------------------------------------------------------------------------

TIMES = (
    ("started", "2026-11-18T10:12:00+01:00"),
    ("noticed", "2026-11-18T10:20:00+01:00"),
    ("fixed", "2026-11-18T11:05:00+01:00"),
)


def test_the_course_reads_as_a_table_in_the_order_of_time(build):
    page = parsed(build([outage()._replace(times=TIMES)])["incidents/checkout-outage/index.html"])
    rows = [[text(cell) for cell in row] for row in one(page, ".//section[@class='course']//tbody")]
    assert rows == [
        ["It began", "10:12 CET on 18 November 2026 (09:12 UTC)"],
        ["We learned of it", "10:20 CET on 18 November 2026 (09:20 UTC)"],
        ["We wrote: Investigating", "10:31 CET on 18 November 2026 (09:31 UTC)"],
        ["It worked again", "11:05 CET on 18 November 2026 (10:05 UTC)"],
        ["We wrote: Cause found", "11:12 CET on 18 November 2026 (10:12 UTC)"],
        ["Next update due", "by 12:10 CET on 18 November 2026 (11:10 UTC)"],
        [
            "Promise: We will publish the full review of this outage on this page. (Waiting)",
            "by 25 November 2026",
        ],
    ]
    drawing = one(page, ".//section[@class='course']/{*}svg")
    assert drawing.get("aria-hidden") == "true"
    assert not list(drawing.findall(".//{*}text"))  # words stand in the table, where nothing cuts them
    places = [float(re.search(r"translate\(([\d.-]+)", g.get("transform"))[1]) for g in drawing.findall(".//{*}g")]
    assert places == sorted(places)
    assert all(after - before >= 14 for before, after in pairwise(places))  # no mark hides another
    assert places[0] >= 0
    assert places[-1] + 14 <= 320


@pytest.mark.parametrize(
    ("kind", "contained", "fixed"),
    [
        ("outage", "It was contained", "It worked again"),
        ("recall", "It was contained", "It was put right"),
        ("conduct", "We stepped in", "We acted on it"),
    ],
)
def test_the_course_speaks_of_each_kind_of_incident_in_its_own_words(build, kind, contained, fixed):
    times = (*TIMES[:2], ("contained", "2026-11-18T10:40:00+01:00"), TIMES[2])
    page = parsed(build([outage()._replace(kind=kind, times=times)])["incidents/checkout-outage/index.html"])
    course = [text(th) for th in one(page, ".//section[@class='course']//tbody").findall(".//th")]
    assert (course[3], course[4]) == (contained, fixed)


def test_the_course_keeps_an_update_that_did_not_come_in_time(build):
    newest, first = outage().entries
    content = outage()._replace(entries=(newest, first._replace(missed="2026-11-18T11:00:00+01:00")))
    page = parsed(build([content])["incidents/checkout-outage/index.html"])
    rows = [[text(cell) for cell in row] for row in one(page, ".//section[@class='course']//tbody")]
    assert rows[:3] == [
        ["We wrote: Investigating", "10:31 CET on 18 November 2026 (09:31 UTC)"],
        ["The next update was due, and did not come", "11:00 CET on 18 November 2026 (10:00 UTC)"],
        ["We wrote: Cause found", "11:12 CET on 18 November 2026 (10:12 UTC)"],
    ]


def test_the_course_runs_the_other_way_where_people_read_the_other_way():
    content = outage()._replace(times=TIMES)
    there, back = timeline(content, []), timeline(content, [], leftwards=True)
    assert [mark.event for mark in there.marks] == [mark.event for mark in back.marks]
    assert [round(320 - mark.x, 1) for mark in there.marks] == [mark.x for mark in back.marks]
    assert there.lasted == (there.marks[0].x, there.marks[3].x)  # from its beginning until it was put right


def test_a_crowded_course_still_fits():
    entries = tuple(outage().entries[0]._replace(id=f"u{n}", at=f"2026-11-18T11:{n:02}:00+01:00") for n in range(40))
    course = timeline(outage()._replace(times=TIMES, entries=entries), [])
    assert all(0 <= mark.x <= 320 for mark in course.marks)
    assert all(after.x > before.x for before, after in pairwise(course.marks))


def test_no_two_pages_of_an_incident_have_the_same_title(site):
    for language in ("", "de/"):
        paths = [
            path for path in site if path.startswith(f"{language}incidents/checkout-outage/") and path.endswith(".html")
        ]
        titles = [text(one(parsed(site[path]), ".//title")) for path in paths]
        assert len(titles) >= 3
        assert len({*titles}) == len(titles)


# -- anchors -----------------------------------------------------------------------------------------------------


def test_each_question_and_each_update_has_a_link_to_itself_that_does_not_say_the_heading_twice(site):
    for path, tag in (("incidents/checkout-outage/faq/", "h2"), ("incidents/checkout-outage/", "h3")):
        headings = [h for h in parsed(site[f"{path}index.html"]).iter(tag) if h.get("id") and "page" not in h.get("id")]
        assert len(headings) > 1
        for heading in headings:
            link = one(heading, "a[@class='here']")
            assert link.get("href") == f"#{heading.get('id')}"
            assert link.get("aria-label") == "Link to this part"
