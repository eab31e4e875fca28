"""English and German say the same: figures, times, lists, sections and elements, in every kind of message."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from example_room import STAGES, source_of
from produced_files import parts_of

OUTAGE = "checkout-outage"


class _Shape(HTMLParser):
    """Reads what a message holds besides its words."""

    def __init__(self):
        super().__init__()
        self.instants, self.sections, self.lists, self.tags, self.links, self.depth = [], [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in {"p", "ul", "ol", "li", "h1", "h2", "h3", "blockquote", "strong", "em", "time", "a"}:
            self.tags.append(tag)
        if tag == "time":
            self.instants.append(instant(given["datetime"]))
        if tag in {"h2", "h3"}:
            self.sections.append((tag, given.get("id")))
        if tag in {"ul", "ol"}:
            self.depth.append(0)
        if tag == "li" and self.depth:
            self.depth[-1] += 1
        if tag == "a":
            self.links.append(re.sub(r"(status\.northwind\.example)/de/", r"\1/", given["href"]))

    def handle_endtag(self, tag):
        if tag in {"ul", "ol"}:
            self.lists.append(self.depth.pop())


def instant(written):
    return written if len(written) == 10 else datetime.fromisoformat(written).astimezone(UTC).isoformat()


def shape(html):
    reader = _Shape()
    reader.feed(html)
    reader.close()
    return reader


def pairs(composed):
    """Yield the name of every message that there is in both languages, and its two forms."""
    site = {content.language: content for content in composed.messages.site}
    english, german = site["en"], site["de"]
    assert [page.kind for page in english.pages] == [page.kind for page in german.pages]
    for one, other in zip(english.pages, german.pages, strict=True):
        yield one.kind, one.html, other.html
    for one, other in zip(english.entries, german.entries, strict=True):
        yield f"entry {one.id}", one.html, other.html
    for one, other in zip(english.promises, german.promises, strict=True):
        yield f"promise {one.id}", one.html, other.html
    notices = {(notice.kind, notice.audience, notice.language): notice.html for notice in composed.messages.notices}
    for kind, audience, language in notices:
        if language == "en":
            yield f"{kind} {audience}", notices[kind, audience, "en"], notices[kind, audience, "de"]
    memos = {memo.language: memo.html for memo in composed.messages.memos}
    yield "memo", memos["en"], memos["de"]


@pytest.mark.parametrize(("stage", "now"), [(stage, now) for incident, stage, now in STAGES if incident == OUTAGE])
def test_both_languages_have_the_same_shape_times_lists_and_links(bench, stage, now):
    seen = set()
    for name, english, german in pairs(bench.read(source_of(OUTAGE, stage), now).composed):
        one, other = shape(english), shape(german)
        # a German sentence may put the verb, and with it a time, elsewhere: the same instants, in any order
        assert (name, sorted(one.instants)) == (name, sorted(other.instants))
        assert (name, one.sections) == (name, other.sections)
        assert (name, one.lists) == (name, other.lists)
        assert (name, one.links) == (name, other.links)
        assert (name, one.tags) == (name, other.tags)
        seen.add(name.split()[0])
    assert {"incident", "faq", "entry", "memo"} <= seen
    if stage is None:
        assert {"statement", "notice", "promise"} <= seen


def digits(text):
    """Return all figures of a text, without the marks that tell a language."""
    text = re.sub(r"https?://\S+|\S+@\S+", " ", text)
    return sorted(re.sub(r"[.,]", "", found) for found in re.findall(r"\d[\d.,:]*\d|\d", text))


@pytest.mark.parametrize(("stage", "now"), [(stage, now) for incident, stage, now in STAGES if incident == OUTAGE])
def test_both_languages_state_the_same_figures(bench, stage, now):
    for name, english, german in pairs(bench.read(source_of(OUTAGE, stage), now).composed):
        assert (name, digits(re.sub(r"<[^>]*>", " ", english))) == (name, digits(re.sub(r"<[^>]*>", " ", german)))


def test_the_two_parts_of_every_mail_that_went_out_agree(produced):
    paths = sorted((produced / "email").rglob("*.eml"))
    assert len(paths) > 100
    for path in paths:
        _, subject, text, html = parts_of(path)
        assert subject.removeprefix("Re: ") in html
        html = html.replace(subject, "", 1)
        words, shown = text.split(), " ".join(html.split())
        said = [word.strip('->().,:"„“') for word in words if not word.startswith("http")]
        assert [word for word in said if word not in shown] == []


def test_the_same_audience_gets_the_same_letter_in_both_languages(produced):
    letters = {True: set(), False: set()}
    for path in sorted((produced / "email" / OUTAGE / "counted").glob("*.eml")):
        _, _, text, _ = parts_of(path)
        german = text.startswith("Guten Tag")
        own = re.search(r"^(\d+) (payment|Zahlung)", text, re.MULTILINE)
        letters[german].add((tuple(digits(text.replace(own[0], "", 1))), len(text.split("\n\n"))))
    assert len(letters[True]) == len(letters[False]) == 1
    assert letters[True] == letters[False]
