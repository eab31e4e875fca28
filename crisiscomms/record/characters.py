"""Characters that must not stand in a record: those that cannot be seen, and those that turn or hide what others say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: Controls, line and paragraph separators, private use (our own marks on the way through Markdown), and what is no
#: character at all. A line break is a plain line feed: the reader makes one of every other kind.
_UNPRINTABLE = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 15))
    + "]"
)
#: Marks that steer words without hiding them: soft hyphen, ZWNJ, ZWJ, LRM, RLM, ALM.
_HELPFUL = frozenset("\u00ad\u200c\u200d\u200e\u200f\u061c")
#: Letters that show nothing, though Unicode does not call them format characters.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
_CONTROLS = {
    "\0": "null",
    "\t": "tab",
    "\n": "line feed",
    "\r": "carriage return",
    "\x1b": "escape",
    "\x85": "next line",
}
#: Format characters that are signs: they stand before or around Arabic, Syriac and Kaithi numbers, and are seen.
_SIGNS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")


def find_unprintable(text: str) -> Iterator[re.Match[str]]:
    """Find what must not stand in a record. That there is nothing is seen at once: the pattern takes long to make."""
    return iter(()) if text.replace("\n", "").isprintable() else re.finditer(_UNPRINTABLE, text)


def replace_unprintable(text: str, instead: str) -> str:
    """Return a text with something else in place of what must not stand in a record."""
    return text if text.replace("\n", "").isprintable() else re.sub(_UNPRINTABLE, instead, text)


def invisible(text: str) -> list[str]:
    """Return the characters of a text that steer or hide others: bidirectional overrides and isolates, tags, joiners of no use.

    Marks that Hebrew, Arabic and Indic texts need (LRM, RLM, ZWJ, ZWNJ) are let through.
    """
    if text.isascii():
        return []
    return [
        c for c in text if c in BLANK or (unicodedata.category(c) == "Cf" and c not in _HELPFUL and c not in _SIGNS)
    ]


def code_point(character: str) -> str:
    """Name a character that cannot be shown."""
    name = _CONTROLS.get(character) or unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}" + (f", {name}" if name else "")
