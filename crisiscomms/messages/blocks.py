r"""The Markdown that most messages are made of, without a parser: it is a second parser's time to load one for them.

Paragraphs and headings of words, bold, links and `\+`; lists and quotes of such lines. Whatever has anything else in it is
for Markdown itself, and both say the same of what both can read.
"""

from __future__ import annotations

import re
from itertools import groupby

#: What begins and ends a time, and begins and ends a slot: characters that no record can hold.
TIME, TIME_TEXT, TIME_END = "\ue000", "\ue001", "\ue002"
SLOT, SLOT_END = "\ue003", "\ue004"

_WORDS = r"(?:[^\x00-\x1f\x7f-\xa0\\`*_{}\[\]<>#&|~=^]|(?<=[^\W_])_(?=[^\W_]))++"
_BOLD = rf"(?<!\*)\*\*(?!\s){_WORDS}(?<!\s)\*\*(?!\*)"
_ADDRESS = r"(?:https?://|mailto:|tel:)[A-Za-z0-9./:@+#?=-]++"
_LINK = rf"(?<!!)\[(?!\s){_WORDS}(?<!\s)\]\({_ADDRESS}\)|<https?://[A-Za-z0-9./:@+#?=-]++>"
_ESCAPED = r"\\[+.#!_*>`\[\](){}-]"
#: Where words begin, and no list, rule or other block does.
_BEGINS = rf"(?!\d+[.)]\s)(?=[^\W_]|[{TIME}{SLOT}]|\*\*)"
_LINE = rf"(?!\d+[.)]\s)(?=[^\W_]|[{TIME}{SLOT}\[<\\\"\u201e\u201c(]|\*\*)(?:{_WORDS}|{_BOLD}|{_LINK}|{_ESCAPED})++"

_ID = r"(?:(?<!\s)|(?<=\S\ )\{\#(?P<id>[a-z][a-z0-9-]*)\})"

#: A paragraph or a heading of words and bold on one line. Most are.
_PLAIN = re.compile(
    rf"(?:{_BEGINS}(?P<words>(?:{_WORDS}|{_BOLD})++)(?<!\s)|\#{{1,4}}\ {_BEGINS}(?P<heading>(?:{_WORDS}|{_BOLD})++){_ID})"
)
_HEADING = re.compile(rf"(?P<level>\#{{1,4}})\ (?P<words>{_LINE}){_ID}")
_PARAGRAPH = re.compile(rf"{_LINE}(?:(?:(?<!\s)|(?<=\S\ \ ))\n{_LINE})*+(?<!\s)")
_INLINE = re.compile(
    rf"\*\*(?P<bold>.*?)\*\*|\[(?P<name>{_WORDS})\]\((?P<to>[^)]*)\)|<(?P<url>http[^>]*)>|\\(?P<escaped>.)|(?P<end>\ \ \n)"
)


def plain_words(block: str) -> str | None:
    """Return a paragraph or a heading without its marks, if it is no more than words and bold."""
    plain = _PLAIN.fullmatch(block)
    return (plain["words"] or plain["heading"]).replace("**", "") if plain else None


def html_of(block: str) -> str | None:
    """Return the HTML of a block, or of several, if no parser is needed for them."""
    found = [_known(kind, list(parts)) for kind, parts in groupby(block.split("\n\n"), key=_kind)]
    return None if None in found else "\n".join(filter(None, found))


def _known(kind: str, parts: list[str]) -> str | None:
    if kind == "list":
        return _list(parts)
    if kind == "quote":
        return _quote(parts)
    found = [_paragraph(part) for part in parts]
    return None if None in found else "\n".join(filter(None, found))


def _kind(part: str) -> str:
    return "list" if part.startswith("- ") else "quote" if part.startswith("> ") else ""


def _element(level: str | None, words: str, own_id: str | None = None) -> str:
    tag = f"h{len(level)}" if level else "p"
    named = f' id="{own_id}"' if own_id else ""
    return f"<{tag}{named}>{_inline(words)}</{tag}>"


def _paragraph(part: str) -> str | None:
    if _PARAGRAPH.fullmatch(part):
        return _element(None, part)
    heading = _HEADING.fullmatch(part)
    return _element(heading["level"], heading["words"].rstrip(), heading["id"]) if heading else None


def _list(parts: list[str]) -> str | None:
    """Return a list whose items are all lines that follow each other, or all paragraphs of one line."""
    loose = len(parts) > 1
    lines = parts if loose else parts[0].split("\n")
    if not all(line.startswith("- ") and _PARAGRAPH.fullmatch(line, 2) and "\n" not in line for line in lines):
        return None
    items = [_inline(line[2:]) for line in lines]
    return "\n".join(
        ["<ul>", *(f"<li>\n<p>{item}</p>\n</li>" if loose else f"<li>{item}</li>" for item in items), "</ul>"]
    )


def _quote(parts: list[str]) -> str | None:
    """Return a quote of one paragraph."""
    lines = parts[0].split("\n")
    words = "\n".join(line.removeprefix("> ") for line in lines)
    if len(parts) > 1 or not all(line.startswith("> ") for line in lines) or not _PARAGRAPH.fullmatch(words):
        return None
    return f"<blockquote>\n<p>{_inline(words)}</p>\n</blockquote>"


def _inline(words: str) -> str:
    return _INLINE.sub(_said, words)


def _said(match: re.Match[str]) -> str:
    if match["bold"]:
        return f"<strong>{match['bold']}</strong>"
    if match["name"]:
        return f'<a href="{match["to"]}">{match["name"]}</a>'
    if match["url"]:
        return f'<a href="{match["url"]}">{match["url"]}</a>'
    return "<br>\n" if match["end"] else match["escaped"].replace(">", "&gt;")
