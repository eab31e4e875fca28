"""Prose: Markdown to HTML and to plain text, with marks that survive the way.

Three things travel through Markdown as characters that no record can hold (private use, refused on reading):
a time (so that HTML gets a `<time>` element), a slot (filled in for each reader at the last moment), and
the moment of publication (known only when it happens).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from crisiscomms.messages.blocks import SLOT, SLOT_END, TIME, TIME_END, TIME_TEXT, html_of, plain_words

PUBLISHED_AT = "\ue005"
_TIMES = re.compile(f"{TIME}([^{TIME_TEXT}]*){TIME_TEXT}([^{TIME_END}]*){TIME_END}")
_SLOTS = re.compile(f"{SLOT}([^{SLOT_END}]*){SLOT_END}")
#: Every space but those that must not break.
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]>#|!])")
_LINE_START = re.compile(r"^(\s*)(\d+)([.)])|^(\s*)([-+=>:])", re.MULTILINE)
_TAG = re.compile(r'<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)(?P<rest>(?:[^>"]|"[^"]*")*)>')
_HREF = re.compile(r'\bhref="([^"]*)"')
#: What makes one block of a source matter to another: raw HTML, references, and line ends that are still to be tidied.
_TIED = re.compile(r"<(?!https?://|mailto:|[\w.+-]+@)|\]:|[\x00-\x09\x0b-\x1f]")
#: How many brackets one block may open.
_MOST_BRACKETS = 500
#: Where a block begins that belongs to nothing before it: a heading, or a paragraph that is not indented.
_NEXT_BLOCK = re.compile(rf"\n\n(?=(?!\d+[.)]\s)(?:[^\W_]|[{TIME}{SLOT}#\[<]|\*\*))")
_TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "h1": {"id"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}}


class Md(str):
    """Text that is Markdown on purpose. A plain string is escaped when a template prints it."""

    __slots__ = ()


def timed(iso: str, words: str) -> str:
    """Mark a time, so that HTML shows it as `<time datetime>`."""
    return f"{TIME}{iso}{TIME_TEXT}{words}{TIME_END}"


def clock_of(said: str) -> str:
    """Return the time of day of a moment that was marked, as `10:12`. Empty where it is a day."""
    return said.partition(TIME_TEXT)[0].partition("T")[2][:5]


def slot(name: str) -> str:
    """Mark a place that is filled in for each reader."""
    return f"{SLOT}{name}{SLOT_END}"


def slots(text: str) -> tuple[str, ...]:
    """Return the names of the slots in a text, each once, in order."""
    return tuple(dict.fromkeys(_SLOTS.findall(text)))


def split_at_slots(text: str) -> list[str]:
    """Return the words of a text, and between them the names of its slots: words, name, words, name, words."""
    return _SLOTS.split(text)


def fill(text: str, values: Mapping[str, str], *, in_html: bool = False) -> str:
    """Fill every slot. Raises KeyError for a slot without a value."""
    return _SLOTS.sub(lambda match: html.escape(values[match[1]]) if in_html else values[match[1]], text)


def plain_times(text: str) -> str:
    """Drop the marks of times and keep their words."""
    return _TIMES.sub(r"\2", text)


def time_elements(text: str) -> str:
    """Turn the marks of times in HTML into `<time>` elements."""
    return _TIMES.sub(lambda match: f'<time datetime="{html.escape(match[1])}">{match[2]}</time>', text)


def escape(text: str) -> str:
    """Escape a plain string, so that Markdown shows it as it is."""
    escaped = _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
    return _LINE_START.sub(
        lambda m: f"{m[1]}{m[2]}\\{m[3]}" if m[2] else f"{m[4]}\\{m[5]}" if m[5] in "-+>" else m[0], escaped
    )


@cache
def _markdown() -> Any:
    from markdown import Markdown  # noqa: PLC0415
    from markdown.extensions import attr_list, sane_lists, tables  # noqa: PLC0415

    # By name they would be looked for in every installed package first.
    extensions = [attr_list.AttrListExtension(), sane_lists.SaneListExtension(), tables.TableExtension()]
    return Markdown(extensions=extensions, output_format="html")


@lru_cache(maxsize=4096)
def to_html(source: str) -> str:
    """Return clean HTML for Markdown: an allow-list of elements, no script, no remote picture, times marked up.

    Slots stay where they are. Record text cannot set ids or attributes: its braces are escaped on the way in.
    """
    return "\n".join(filter(None, map(_html, _blocks(source))))


@lru_cache(maxsize=4096)
def to_text(source: str) -> str:
    """Return plain text for Markdown: what the HTML says, links with their addresses, one paragraph a line."""
    lines = (line for block in _blocks(source) for line in _lines(block))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _blocks(source: str) -> list[str]:
    """Split Markdown where its parts mean the same alone. Many messages share a paragraph, and each is converted once."""
    return [source] if _TIED.search(source) else _NEXT_BLOCK.split(source.rstrip("\n"))


def _converted(block: str) -> str:
    """Return the HTML of a block. What nobody means, and would cost a parser minutes or its stack, is shown as it is."""
    as_it_is = f"<p>{html.escape(block)}</p>"
    if block.count("[") > _MOST_BRACKETS:  # it looks for the end of each link through all that follows
        return as_it_is
    try:
        made = str(_markdown().reset().convert(block))
    except RecursionError:  # hundreds of quotes inside each other
        _markdown.cache_clear()
        return as_it_is
    # Emphasis that overlaps code leaves the parser's own mark in the place of the words.
    return as_it_is if "klzzwxh:" in made and "klzzwxh:" not in block else made


@lru_cache(maxsize=4096)
def _html(block: str) -> str:
    if (known := html_of(block)) is not None:
        return time_elements(known)
    import nh3  # noqa: PLC0415

    raw = _converted(block)
    clean = nh3.clean(
        raw, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto", "tel"}, link_rel=None
    )
    return time_elements(clean)


@lru_cache(maxsize=4096)
def _lines(block: str) -> list[str]:
    if words := plain_words(block):
        return [single_spaced(plain_times(words)), ""]
    reader = _Plain()
    reader.feed(_html(block))
    return reader.result()


def html_to_text(clean: str) -> str:
    """Return plain text for clean HTML, as `to_text` does for Markdown."""
    reader = _Plain()
    reader.feed(clean)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(reader.result())).strip() + "\n"


class _Plain:
    """Reads our own clean HTML into plain text: a handful of elements, all of them closed, and no comment."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.line = ""
        self.lists: list[int | None] = []
        self.link: tuple[str, int] | None = None

    def feed(self, clean: str) -> None:
        at = 0
        for match in _TAG.finditer(clean):
            if match.start() > at:
                self._words(html.unescape(clean[at : match.start()]))
            at = match.end()
            if match["end"]:
                self._close(match["name"])
            else:
                self._open(match["name"], match["rest"])
        if at < len(clean):
            self._words(html.unescape(clean[at:]))

    def _open(self, tag: str, attributes: str) -> None:
        if tag in {"p", "h1", "h2", "h3", "h4", "blockquote", "table"}:
            if self.line.strip() not in self._bullets():
                self._break()
        elif tag in {"ul", "ol"}:
            self._break()
            self.lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._break()
            number = self.lists[-1] if self.lists else None
            self.line = "  " * (len(self.lists) - 1) + (f"{number}. " if number else "- ")
            if number:
                self.lists[-1] = number + 1
        elif tag == "br":
            self.line += "\n"
        elif tag == "tr":
            self._break()
        elif tag in {"td", "th"} and self.line:
            self.line = f"{self.line.rstrip()} | "
        elif tag == "a":
            href = _HREF.search(attributes)
            self.link = (html.unescape(href[1]) if href else "", len(self.line))

    def _close(self, tag: str) -> None:
        if tag == "a" and self.link:
            href, start = self.link
            words = self.line[start:].strip()
            address = href.removeprefix("mailto:").removeprefix("tel:")
            if address and address != words and not href.startswith("#"):
                self.line += f" ({address})"
            self.link = None
        elif tag in {"ul", "ol"}:
            self._break()
            self.lists.pop()
            if not self.lists:
                self.blocks.append("")
        elif tag in {"p", "h1", "h2", "h3", "h4", "blockquote"}:
            self._break()
            if not self.lists:
                self.blocks.append("")

    def _words(self, data: str) -> None:
        words = _SPACES.sub(" ", data)
        self.line += words.lstrip() if not self.line or self.line.endswith((" ", "\n")) else words

    def _bullets(self) -> set[str]:
        return {"-"} | {f"{n - 1}." for n in self.lists if n}

    def _break(self) -> None:
        if self.line.strip():
            self.blocks.append(self.line.rstrip())
        self.line = ""

    def result(self) -> list[str]:
        self._break()
        return self.blocks


def one_line(source: str) -> str:
    """Return Markdown as plain words on one line, for titles, posts and subjects."""
    return single_spaced(to_text(source))


def single_spaced(words: str) -> str:
    """Return words on one line with one space between them. A space that must not break stays: 2\u202f418, Vraiment\u202f?"""
    if words.isascii():
        return " ".join(words.split())  # several times as fast
    return _SPACES.sub(" ", words).strip()


_SENTENCE_END = re.compile(
    "(?<=[.!?\u2026\u061f\u3002])(?:[\"'\u201c\u201d\u2019)]|[\u00a0\u202f]?\u00bb)*(?P<gap>\\s+)(?=[^\\sa-zäöüß])"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|z\.B|d\.h|bzw|ca|Nr|No|St|Dr|Dra|Mr|Mrs|Ms|Sr|Sra|Srta|Prof|approx|vs|\w)\.|(?<![\w:.,])\d{1,2}\.)$"
)

_LONGEST_SHORT_FORM = 8


def sentences(text: str) -> list[str]:
    """Split plain text into its sentences. A date such as `18. November` and a short form such as `z.B.` do not end one."""
    text, found, start = text.strip(), [], 0
    for end in _SENTENCE_END.finditer(text):
        stop = end.start("gap")
        if not _ABBREVIATION.search(text, max(start, stop - _LONGEST_SHORT_FORM), stop):
            found.append(text[start:stop])
            start = end.end()
    return [*found, text[start:]] if text else []
