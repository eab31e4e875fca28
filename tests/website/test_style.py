"""The stylesheet: light, readable in both schemes, and good on paper."""

import gzip
import re

import pytest
from sample_site import ROOT

from crisiscomms.workspace.colours import PAIRS, PALETTE, SCHEMES

STYLE = (ROOT / "site" / "style.css").read_text()


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_words_stand_out_from_their_ground(scheme, front, back):
    assert contrast(PALETTE[scheme][front], PALETTE[scheme][back]) >= 4.5


def test_the_style_carries_our_colours_and_every_ground_that_words_stand_on_is_measured_above(site):
    style = next(body for name, body in site.items() if name.endswith(".css")).decode()
    light, dark = (dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6});", block)) for block in style.split("\n")[:2])
    assert (light, dark) == (PALETTE["light"], PALETTE["dark"])
    grounds = set(re.findall(r"background: var\(--([\w-]+)\)", STYLE)) - {"accent"}  # a dot without words
    assert grounds == {back for _, back in PAIRS}


def test_colours_are_named_once_so_that_the_measure_above_sees_them_all():
    rest = STYLE.split("@media print")[0]
    assert re.findall(r"#[0-9a-f]{3,8}\b", rest) == ["#fff"]  # the ground under pictures, in both schemes


def test_a_page_is_light_enough_for_a_bad_connection(site):
    style = next(body for name, body in site.items() if name.endswith(".css"))
    assert len(style) < 15_000
    assert not re.search(rb"@import|url\(|expression", style)
    for name, body in site.items():
        if name.endswith(".html"):
            assert len(gzip.compress(body)) + len(gzip.compress(style)) < 14_000, name


def test_the_style_serves_paper_and_quiet_eyes():
    printed = STYLE.split("@media print", 1)[1]
    assert "attr(href)" in printed
    assert "attr(data-url)" in printed
    assert re.search(r"nav,[^{]*\{\s*display: none", printed)
    before = STYLE.split("@media (prefers-reduced-motion: no-preference)")[0]
    assert "transition" not in before
    assert "animation" not in STYLE
    assert ":focus-visible" in STYLE
