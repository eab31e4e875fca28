"""The judge: what a page, a feed entry or a mail may hold, as an HTML5 parser sees it. Anything else is named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib

#: Elements that do something by themselves, or load something.
ACTIVE = frozenset(
    [
        "script",
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "base",
        "form",
        "input",
        "button",
        "textarea",
        "select",
        "video",
        "audio",
        "source",
        "track",
        "portal",
        "math",
        "marquee",
        "template",
        "noscript",
        "dialog",
    ]
)
#: Attributes that load something when they are met.
LOADING = frozenset(
    [
        "src",
        "srcset",
        "data",
        "poster",
        "background",
        "action",
        "formaction",
        "cite",
        "ping",
        "manifest",
        "classid",
        "codebase",
        "longdesc",
    ]
)
#: What our own layouts draw.
DRAWING = frozenset(
    ["svg", "path", "circle", "rect", "line", "g", "title", "use", "text", "defs", "symbol", "polyline", "polygon"]
)


def judged(body: str, *, whole: bool = True) -> Iterator[str]:
    """Yield everything in a page, or in a piece of one, that must not be there."""
    parse = html5lib.parse if whole else html5lib.parseFragment
    for element in parse(body, namespaceHTMLElements=False).iter():
        if isinstance(element.tag, str):
            yield from _element(element)


def _element(element: Element) -> Iterator[str]:
    tag = element.tag.rpartition("}")[2].lower()
    if tag == "script" and element.get("type") == "application/ld+json":
        json.loads(element.text or "")  # data for search engines, which no browser runs: whole, or it was broken out of
    elif tag in ACTIVE:
        yield f"<{tag}>"
    if tag == "meta" and (element.get("http-equiv") or "").lower() == "refresh":
        yield "a page that leads on by itself"
    if tag == "style" or "style" in element.attrib:
        yield from _style(element.get("style") or element.text or "")
    for name, value in element.attrib.items():
        plain = name.rpartition("}")[2].lower()
        if plain.startswith("on"):
            yield f"{plain}={value[:40]}"
        if plain in LOADING and not _own(value):
            yield f"{tag} {plain}={value[:60]}"
        if plain == "href":
            yield from _link(tag, value, element)


def _link(tag: str, value: str, element: Element) -> Iterator[str]:
    if tag == "link":
        metadata = {"canonical", "alternate"} & set((element.get("rel") or "").split())
        if not _own(value) and not metadata:
            yield f"link to {value[:60]}"
        return
    if tag in DRAWING and not value.startswith("#"):
        yield f"{tag} href={value[:60]}"
    parts = urlsplit(value)
    if parts.scheme not in {"", "https", "mailto", "tel"}:
        yield f"a link to {value[:60]!r}"
    if not parts.scheme and (parts.netloc or value.startswith(("//", "\\", "/\\"))):
        yield f"a link that leaves without saying so: {value[:60]!r}"
    if "@" in parts.netloc or not value.isprintable() or re.search(r"[\u202a-\u202e\u2066-\u2069]", value):
        yield f"a link that hides where it leads: {value[:60]!r}"


def _style(words: str) -> Iterator[str]:
    if re.search(r"url\(|@import|expression|-moz-binding|behavior", words, re.IGNORECASE):
        yield f"a style that loads or runs something: {words[:60]}"


def _own(value: str) -> bool:
    parts = urlsplit(value.strip())
    return not parts.scheme and not parts.netloc and not value.strip().startswith(("\\", "/\\"))
