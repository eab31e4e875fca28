r"""The Markdown that most messages are made of, without a parser: loading one takes longer than reading this.

Paragraphs and headings of words, bold, links and `\+`; lists and quotes of such lines. Whatever has anything else in it is
for Markdown itself, and both say the same of what both can read.
"""

from __future__ import annotations

import re
from itertools import groupby

#: What begins and ends a time, and begins and ends a slot: characters that no record can hold.
TIME, TIME_TEXT, TIME_END = "\ue000", "\ue001", "\ue002"
SLOT, SLOT_END = "\ue003", "\ue004"

# No group is repeated possessively: Pythons before 3.11.5 do not read such a pattern right.
_WORD = r"[^\x00-\x1f\x7f-\xa0\\`*_{}\[\]<>#&|~=^]++|(?<=[^\W_])_(?=[^\W_])"
_WORDS = rf"(?:{_WORD})+"
_ADDRESS = r"[A-Za-z0-9./:@+#?=-]++"
#: Words, bold, links and escaped characters on one line, which begins as no list, rule or other block does.
_LINE = re.compile(
    rf"(?!\d+[.)](?:\s|\Z))(?=[^\W_]|[{TIME}{SLOT}\[<\\\"\u201e\u201c(]|\*\*)"
    rf"(?:{_WORD}|(?<!\*)\*\*(?!\s){_WORDS}(?<!\s)\*\*(?!\*)"
    rf"|(?<!!)\[(?!\s){_WORDS}(?<!\s)\]\((?:https?://|mailto:|tel:){_ADDRESS}\)|<https?://{_ADDRESS}>"
    r"|\\[+.#!_*>`\[\](){}-])+"
)
_HEADING = re.compile(r"(#{1,4}) (.*?\S)(?: \{#([a-z][a-z0-9-]*)\})?")
_INLINE = re.compile(
    r"\*\*(?P<bold>.*?)\*\*|\[(?P<name>[^\]]*)\]\((?P<to>[^)]*)\)|<(?P<url>http[^>]*)>|\\(?P<escaped>.)|(?P<end>  \n)"
)


def plain_words(block: str) -> str | None:
    """Return the words of a paragraph or a heading on one line, if they are no more than words and bold."""
    heading = _HEADING.fullmatch(block)
    words = heading[2] if heading else block
    known = _LINE.fullmatch(words) and not words[-1].isspace() and not set(words) & set("[<\\")
    return words.replace("**", "") if known else None


def html_of(block: str) -> str | None:
    """Return the HTML of a block, or of several, if no parser is needed for them."""
    found = [_known(kind, list(parts)) for kind, parts in groupby(block.split("\n\n"), key=_kind)]
    return None if None in found else "\n".join(filter(None, found))


def _kind(part: str) -> str:
    return "list" if part.startswith("- ") else "quote" if part.startswith("> ") else ""


def _known(kind: str, parts: list[str]) -> str | None:
    if kind == "list":
        return _list(parts)
    if kind == "quote":
        return _quote(parts)
    found = [_heading(part) or _paragraph(part) for part in parts]
    return None if None in found else "\n".join(filter(None, found))


def _heading(part: str) -> str | None:
    heading = _HEADING.fullmatch(part)
    if not heading or not _LINE.fullmatch(heading[2]):
        return None
    tag = f"h{len(heading[1])}"
    own_id = f' id="{heading[3]}"' if heading[3] else ""
    return f"<{tag}{own_id}>{_inline(heading[2])}</{tag}>"


def _paragraph(part: str) -> str | None:
    """Return a paragraph whose lines end in a word, or but for the last in two spaces, which break the line."""
    *lines, last = part.split("\n")
    ends = [*(line.removesuffix("  ") for line in lines), last]
    if all(map(_LINE.fullmatch, ends)) and not any(line[-1].isspace() for line in ends):
        return f"<p>{_inline(part)}</p>"
    return None


def _list(parts: list[str]) -> str | None:
    """Return a list whose items are all lines that follow each other, or all paragraphs of one line."""
    loose = len(parts) > 1
    lines = parts if loose else parts[0].split("\n")
    items = [_paragraph(line[2:]) if line.startswith("- ") and "\n" not in line else None for line in lines]
    if None in items:
        return None
    written = (f"<li>\n{item}\n</li>" if loose else f"<li>{item[3:-4]}</li>" for item in filter(None, items))
    return "\n".join(["<ul>", *written, "</ul>"])


def _quote(parts: list[str]) -> str | None:
    """Return a quote of one paragraph."""
    lines = parts[0].split("\n")
    quoted = len(parts) == 1 and all(line.startswith("> ") for line in lines)
    words = _paragraph("\n".join(line[2:] for line in lines)) if quoted else None
    return f"<blockquote>\n{words}\n</blockquote>" if words else None


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
