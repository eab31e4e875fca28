"""Web pages and the HTML of mails: what a reader sees of them, and the line it stands on."""

from __future__ import annotations

import codecs
import re

from crisiscomms.messages.prose import html_to_text
from crisiscomms.review.texts.problems import unreadable
from crisiscomms.review.texts.written import Mark, Written, aligned

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([\w-]{1,40})", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MOST_CHARSET = 2048
#: What no reader sees, and the tags themselves: struck out, every other character in its place.
_UNSEEN = re.compile(
    r"<(script|style|title)\b[^>]{0,2000}>.{0,200000}?</\1\s{0,9}>|<!--.{0,200000}?-->|<[^<>]{1,4000}>",
    re.IGNORECASE | re.DOTALL,
)
_LISTS = re.compile(r"<(/?)(?:ul|ol|blockquote)\b")
_DEEPEST = 50
_MOST_TAGS = 15_000
#: Elements that begin a paragraph, besides those that Markdown makes.
_PARAGRAPHS = {
    "div",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "address",
    "dl",
    "dt",
    "dd",
    "h5",
    "h6",
    "center",
}
_KEPT = {
    *("a", "b", "blockquote", "br", "em", "h1", "h2", "h3", "h4", "hr", "i", "li", "ol", "p", "pre", "strong"),
    *("table", "tbody", "td", "th", "thead", "tr", "u", "ul"),
}
_AS_PARAGRAPH = re.compile(rf"<(/?)(?:{'|'.join(sorted(_PARAGRAPHS))})>")


def read_html(name: str, raw: bytes) -> Written:
    """Read a web page. Raises InvalidInput."""
    source = _decoded(name, raw)
    text = text_of(name, source)
    return Written(name, text, tuple(marks_of(text, source)))


def text_of(name: str, source: str) -> str:
    """Return what a reader sees of some HTML. Raises InvalidInput for what no person wrote."""
    if max(source.count("<"), source.count("&")) > _MOST_TAGS:
        fix = "Save the text itself, as .txt or .md."
        raise unreadable(name, f"holds more than {_MOST_TAGS:,} tags or signs by name, far more than a letter", fix)
    import nh3  # noqa: PLC0415 -- only HTML needs it

    clean = nh3.clean(
        source,
        tags=_KEPT | _PARAGRAPHS,
        clean_content_tags={"script", "style", "title"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    deep = deepest = 0
    for tag in _LISTS.finditer(clean):
        deep += -1 if tag[1] else 1
        deepest = max(deepest, deep)
    if deepest > _DEEPEST:
        raise unreadable(name, f"has lists inside lists, {deepest} deep", "Save the text itself, as .txt or .md.")
    return html_to_text(_AS_PARAGRAPH.sub(r"<\1p>", clean))


def marks_of(text: str, source: str, first_line: int = 1) -> tuple[Mark, ...]:
    """Return where the words of some HTML stand in its source."""
    return tuple(aligned(text, _UNSEEN.sub(_blank, source), first_line))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _decoded(name: str, raw: bytes) -> str:
    """Return the page as text: as its first bytes or it itself says, else UTF-8."""
    said = _CHARSET.search(raw[:_MOST_CHARSET])
    coding = next((coding for mark, coding in _MARKS if raw.startswith(mark)), said[1].decode() if said else "utf-8")
    try:
        source = raw.decode(coding)
    except (UnicodeDecodeError, LookupError) as error:
        line = raw.count(b"\n", 0, getattr(error, "start", 0)) + 1
        fix = "Save the page as UTF-8. In most programs: Save as, Encoding, UTF-8."
        raise unreadable(name, f"is not the text ({coding}) that it says it is", fix, line) from error
    if source.count("\0"):
        raise unreadable(name, "is not a text file", "Save it as a web page, or as .txt.")
    return source.replace("\r\n", "\n").replace("\r", "\n")
