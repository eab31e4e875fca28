"""What readers meet in Chromium: no barrier that axe-core knows of, nothing cut at 320 points, light on a bad line,
two sheets of paper, and not a word to anyone else."""

import re
from pathlib import Path

import axe_playwright_python
import pytest
from five_languages import LANGUAGES, bench_of_five, site_of_five
from standins.browser import chromium, served, weigh

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
#: Every kind of page. The outage is in two languages and shown in five; the parcels are in all five.
KINDS = [
    "",
    "incidents/parcel-delay/",
    "incidents/parcel-delay/faq/",
    "incidents/parcel-delay/statement/",
    "incidents/checkout-outage/",
    "incidents/kettle-recall/",
    "promises/",
    "history/",
    "history/2026-11/",
    "404.html",
]
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1200, "height": 900}
MODES = {"light": (DESK, "light"), "dark": (DESK, "dark"), "phone": (PHONE, "light"), "phone-dark": (PHONE, "dark")}
MOST = 14_000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return site_of_five(bench_of_five(tmp_path_factory.mktemp("five") / "workspace"))


@pytest.fixture(scope="module")
def address(site):
    with served(site) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def paths(language):
    prefix = "" if language == "en" else f"{language}/"
    return [prefix + kind for kind in KINDS if not prefix or kind != "404.html"]


#: Each language once in light; every mode in a language that runs to the right, and in one that runs to the left.
VIEWS = [(language, mode) for language in LANGUAGES for mode in MODES if mode == "light" or language in {"en", "ar"}]


@pytest.mark.parametrize(("language", "mode"), VIEWS)
def test_axe_finds_no_barrier_and_nothing_reaches_over_the_edge(browser, address, language, mode):
    size, scheme = MODES[mode]
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for path in paths(language):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        page.evaluate(AXE)
        found = page.evaluate(RUN, TAGS)
        assert len(found["passes"]) > 10, path
        barriers = [(v["id"], v["nodes"][0]["html"], v["nodes"][0].get("failureSummary")) for v in found["violations"]]
        assert (path, barriers) == (path, [])
    context.close()


def test_axe_does_find_a_barrier_where_there_is_one(browser, address):
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"x.png\">')")
    page.evaluate(AXE)
    assert "image-alt" in [violation["id"] for violation in page.evaluate(RUN, TAGS)["violations"]]
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_view_is_light_and_asks_nobody_else(browser, address, language):
    for path in paths(language):
        context = browser.new_context()
        weights = weigh(context.new_page(), address + path)
        assert len(weights) >= 2, path  # the page and its style at least
        assert all(url.startswith(address) for url in weights), path
        assert sum(weights.values()) <= MOST, (path, weights)
        assert context.cookies() == []
        context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_incident_prints_on_two_sheets_with_its_address(browser, address, language):
    context = browser.new_context(color_scheme="dark")  # paper is white for everyone
    page = context.new_page()
    for path in paths(language):
        if path.endswith(("outage/", "delay/", "recall/")):
            page.goto(address + path)
            sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=False)))
            assert 1 <= sheets <= 2, (path, sheets)
            page.emulate_media(media="print")
            assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
            assert page.locator(".address a").inner_text().startswith("https://status.northwind.example/")
            assert not page.locator("nav").first.is_visible()
            page.emulate_media(media="null")
    context.close()


def test_text_of_twice_the_size_stays_whole(browser, address):
    """Text alone at 200%, in a window half as wide as a desk's, must push nothing out."""
    context = browser.new_context(viewport={"width": 640, "height": 800})
    page = context.new_page()
    for path in [*paths("de"), *paths("ar")]:
        page.goto(address + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    context.close()
