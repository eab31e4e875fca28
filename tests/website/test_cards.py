"""The picture beside a shared link: its words stay on it, and it is drawn once."""

import re
import string
import struct

import pytest
from sample_site import ROOT, SITE, outage, parsed, recall

from crisiscomms.website.cards import EDGE, HEIGHT, WIDTH, Card, Drawer, card_values, drawn, faces
from crisiscomms.website.layouts import Layouts
from crisiscomms.workspace import palette

FONTS = faces(ROOT / "site" / "fonts")
CARD = Card(
    organisation="Northwind Pay",
    mark="Identified",
    title="Card payments failed at checkout",
    host="status.northwind.example",
    tone="open",
    direction="ltr",
    title_direction="ltr",
)

TITLES = (
    CARD.title,
    "W" * 400,
    "WWW " * 100,
    "Wi-Fi, " * 60,
    string.ascii_letters * 8,
    "Ĳǆ‰…—" * 60,
    "فشلت المدفوعات بالبطاقة عند الدفع 1719 API " * 9,
    "ﷺ".join("ضضض شششش" for _ in range(9)).replace("ﷺ", " "),
    "\u2067فشلت\u2069 API",
)


def svg(card):
    values = card_values(card, palette({})["light"], FONTS)
    return Layouts(ROOT / "site", None).render("card.svg.j2", values) if values else None


def strip(picture, left, top, width, height):
    """Return one part of a drawing, as a picture of its own."""
    size = f'width="{width}" height="{height}" viewBox="{left} {top} {width} {height}"'.encode()
    return drawn(re.sub(rb'width="1200" height="630" viewBox="0 0 1200 630"', size, picture, count=1), FONTS)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("title", TITLES)
def test_no_word_reaches_into_the_margins(title, direction):
    long = CARD._replace(
        title=title, direction=direction, title_direction=direction, organisation=title, host="w" * 90 + ".example"
    )
    picture = svg(long)
    bare = re.sub(rb"<text.*?</text>", b"", picture)
    assert bare != picture
    for part in (
        (0, 14, EDGE - 4, HEIGHT - 14),
        (WIDTH - EDGE + 4, 14, EDGE - 4, HEIGHT - 14),
        (0, HEIGHT - 20, WIDTH, 20),
        (0, 0, WIDTH, 60),
    ):
        assert strip(picture, *part) == strip(bare, *part), part
    assert strip(picture, 0, 0, WIDTH, HEIGHT) != strip(bare, 0, 0, WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "card",
    [CARD, CARD._replace(title="W" * 400), CARD._replace(title=TITLES[6], direction="rtl", title_direction="rtl")],
)
def test_a_card_is_a_light_picture_of_the_size_that_is_asked_for_and_the_same_twice(card):
    body = drawn(svg(card), FONTS)
    assert body[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", body[16:24]) == (WIDTH, HEIGHT)
    assert len(body) < 300_000
    assert drawn(svg(card), FONTS) == body


@pytest.mark.parametrize("words", ["停電のお知らせ", "Down 🔥", "Ошибка\x01", "\ufffe", "Հայերեն", "\u0600"])
def test_no_card_is_drawn_with_letters_that_we_do_not_have(words):
    assert svg(CARD._replace(title=words)) is None
    assert svg(CARD._replace(organisation=words)) is None
    assert svg(CARD._replace(mark=words)) is None


def test_hostile_words_are_drawn_and_do_nothing():
    hostile = CARD._replace(title='</text><image href="file:///etc/passwd"/> ]]> & "x"')
    assert b"<image" not in svg(hostile)
    assert drawn(svg(hostile), FONTS) != drawn(svg(CARD), FONTS)


def test_a_title_is_read_from_the_side_of_its_own_language():
    for direction in ("ltr", "rtl"):
        english = svg(CARD._replace(direction=direction)).decode()
        assert ">Card payments failed at" in english
        arabic = svg(CARD._replace(title="فشلت المدفوعات.", direction=direction, title_direction="rtl")).decode()
        assert ">\u202bفشلت المدفوعات.\u202c</text>" in arabic
        assert ('text-anchor="end"' in arabic) == ('text-anchor="end"' in english) == (direction == "rtl")


def test_a_title_that_never_fits_ends_in_an_ellipsis():
    values = card_values(CARD._replace(title="Payments failed again. " * 40), palette({})["light"], FONTS)
    assert len(values["lines"]) == 5
    assert values["lines"][-1].endswith("…")
    short = card_values(CARD, palette({})["light"], FONTS)
    assert " ".join(short["lines"]) == CARD.title


def test_a_card_is_drawn_again_only_when_its_words_changed(tmp_path, monkeypatch):
    first = Drawer(FONTS, tmp_path / "cards")(svg(CARD))
    (kept,) = (tmp_path / "cards").iterdir()
    before = kept.stat().st_mtime_ns
    again = Drawer(FONTS, tmp_path / "cards")
    assert again(svg(CARD)) == first
    assert kept.stat().st_mtime_ns == before
    kept.write_bytes(first[1][:99])
    assert again(svg(CARD)) == first
    other = again(svg(CARD._replace(title="Another")))
    assert other[0] != first[0]
    Drawer(FONTS, tmp_path / "cards").tidy({other[0].removeprefix("assets/")})
    assert [file.name for file in (tmp_path / "cards").iterdir()] == [other[0].removeprefix("assets/")]


def test_pages_of_an_incident_name_their_card_and_its_size(site):
    for tree, content in (("", outage()), ("de/", outage("de"))):
        for page in content.pages:
            shown = parsed(site[f"{tree}{page.path}index.html"])
            told = {e.get("property") or e.get("name"): e.get("content") for e in shown.iter("meta")}
            address = told["og:image"]
            assert site[address.removeprefix(f"{SITE}/")].startswith(b"\x89PNG")
            assert (told["og:image:width"], told["og:image:height"]) == ("1200", "630")
            assert content.title in told["og:image:alt"]
            assert told["twitter:card"] == "summary_large_image"
    front = {e.get("property"): e.get("content") for e in parsed(site["index.html"]).iter("meta")}
    assert "og:image" not in front


def test_a_page_without_a_card_says_so(build):
    site = build([recall()._replace(title="停電")])
    told = {e.get("name"): e.get("content") for e in parsed(site["incidents/kettle-recall/index.html"]).iter("meta")}
    assert told["twitter:card"] == "summary"
    assert not [name for name in site if name.endswith(".png")]
