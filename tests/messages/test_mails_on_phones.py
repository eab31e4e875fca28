"""Mails in Chromium, as wide as a small phone: nothing reaches over the edge, and axe-core knows of no barrier."""

from email import message_from_bytes, policy
from pathlib import Path

import axe_playwright_python
import pytest
from standins.browser import chromium

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RUN = "() => axe.run(document, {runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}})"


@pytest.fixture(scope="module")
def mails(produced):
    """The HTML of the longest mail of each folder: an update in all its languages to one audience or more."""
    longest = {}
    for path in sorted(Path(produced).rglob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        html = mail.get_body(("html",)).get_content()
        key = path.parent.name, html.partition('lang="')[2][:2]
        longest[key] = max(longest.get(key, ""), html, key=len)
    assert {language for _, language in longest} == {"en", "de"}
    return longest


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_fits_a_phone_and_has_no_barrier(mails, scheme):
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme).new_page()
        for name, html in mails.items():
            page.set_content(html)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
            page.evaluate(AXE)
            found = page.evaluate(RUN)
            assert len(found["passes"]) > 5, name
            assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == [], name
