"""The stylesheet: light, readable in both schemes, and good on paper."""

import gzip
import re

import pytest
from sample_site import ROOT

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
