"""The organisation's own logo, colours and fonts, and colours in which nobody could read."""

import re

import pytest
from sample_site import outage, pages, settings

from crisiscomms.errors import InvalidInput
from crisiscomms.workspace import Workspace, read_workspace
from crisiscomms.workspace.colours import LEAST, OWN, PAIRS, contrast, faint, palette

TOML = """
[organisation]
name = "Northwind Pay"
url = "https://northwind.example"

[site]
url = "https://status.northwind.example"

[site.look]
"""
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9H0z"/></svg>'


def read(folder, look):
    (folder / "crisiscomms.toml").write_text(TOML + look, encoding="utf-8")
    return read_workspace(folder)


def refused(folder, look):
    with pytest.raises(InvalidInput) as caught:
        read(folder, look)
    return str(caught.value)


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ('accent = "#ffcc00"', ["accent #ffcc00", "light scheme", "people need 4.5"]),
        ('accent = { light = "#0e5261", dark = "#333333" }', ["accent #333333", "dark scheme"]),
        ('ink = "#9a9a9a"', ["ink #9a9a9a", "light scheme"]),
        ('paper = "#777777"', ["paper #777777", "light scheme"]),
    ],
)
def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest_that_can(tmp_path, look, said):
    words = refused(tmp_path, look)
    assert all(part in words for part in said)
    nearest = re.search(r"nearest colour that can be read is (#[0-9a-f]{6})", words)[1]
    wrong = re.findall("#[0-9a-f]{6}", look)[-1]
    assert read(tmp_path, look.replace(wrong, nearest)).settings.site.look  # and it is taken


def test_the_nearest_colour_is_no_further_away_than_it_must_be():
    [weak] = faint({"light": {"accent": "#ffcc00"}})
    colours = palette({"light": {"accent": weak.nearest}})["light"]
    least = min(contrast(colours["accent"], colours[ground]) for name, ground in PAIRS if name == "accent")
    assert LEAST <= least < LEAST + 0.1


@pytest.mark.parametrize("accent", ["#c8102e", "#003087", "#006b3f", "#5b2c83", "#000000"])
def test_a_colour_for_light_alone_gets_its_shade_for_dark(tmp_path, accent):
    look = read(tmp_path, f'accent = "{accent}"').settings.site.look
    for scheme, colours in palette(look.colours).items():
        for words, ground in PAIRS:
            if {words, ground} & set(OWN):
                assert contrast(colours[words], colours[ground]) >= LEAST, (scheme, words, ground)


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ('accent = "teal"', "Write it as #0e5261"),
        ('text_font = "Arial; } body { display: none"', "is not a list of fonts"),
        ('title_font = "url(https://fonts.example)"', "is not a list of fonts"),
        ('logo = "logo.exe"', "should be a file that ends in"),
        ('acent = "#0e5261"', 'Did you mean "accent"?'),
    ],
)
def test_what_is_no_colour_no_font_and_no_picture_is_refused(tmp_path, look, said):
    assert said in refused(tmp_path, look)


def test_logo_colours_and_fonts_reach_every_page(tmp_path, build):
    (tmp_path / "logo.svg").write_bytes(LOGO)
    look = {"logo": "logo.svg", "accent": "#5b2c83", "text_font": '"Source Sans 3", sans-serif'}
    site = build([outage()], workspace_with(tmp_path, look))
    style = next(body for name, body in site.items() if name.endswith(".css")).decode()
    assert "--accent:#5b2c83;" in style
    assert '--words:"Source Sans 3", sans-serif;' in style
    [logo] = [name for name, body in site.items() if body == LOGO]
    for name, page in pages(site).items():
        shown = page.find(".//header//img")
        assert shown.get("src").endswith(logo), name
        assert shown.get("alt") == ""  # the name stands beside it


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"x" * 5000, "4,096 are the most"), (b"<svg><script>1</script></svg>", "holds a script"), (None, "no such file")],
)
def test_a_logo_that_weighs_too_much_or_runs_is_refused(tmp_path, build, body, said):
    if body is not None:
        (tmp_path / "logo.svg").write_bytes(body)
    with pytest.raises(InvalidInput, match=said):
        build([outage()], workspace_with(tmp_path, {"logo": "logo.svg"}))


def workspace_with(folder, look):
    own = settings()
    look = type(own.site.look).model_validate(look)
    return Workspace(folder, own.model_copy(update={"site": own.site.model_copy(update={"look": look})}))
