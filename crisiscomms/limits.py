"""How long a text may be at each kind of place, and how much of that it takes.

Only X counts in a way of its own so far. Its rules: most Latin letters weigh one, everything else two, an emoji
two, and any address 23, however long it is. What X takes for an address depends on its list of domains, so the
exact count is left to its own parser; that takes half a second to load and is asked only where a quick upper bound
leaves doubt.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_LINK = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+([a-z]+)(?:/(?:[A-Za-z0-9_./#~-]*[A-Za-z0-9_/])?)?")
_MAYBE_END_OF_HOST = re.compile(r"\.(?=\S)")
_LIKE_A_HOST = re.compile(r"\.(?=[^\W\d_])")
#: Names that are kept free for examples: no list of domains has them, so they are counted letter by letter.
_NO_DOMAINS = frozenset({"example", "invalid", "test"})
#: Without the two signs that X takes for emoji.
_LIGHT = ((0x0000, 0x00A8), (0x00AA, 0x00AD), (0x00AF, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
_SHORTEST_LINK = 4
_LINK_WEIGHT = 23
#: Domains so old that every list has them.
_OLD_DOMAINS = frozenset(
    [
        "at",
        "au",
        "be",
        "br",
        "ca",
        "ch",
        "com",
        "cz",
        "de",
        "dk",
        "edu",
        "es",
        "eu",
        "fi",
        "fr",
        "gov",
        "ie",
        "in",
        "info",
        "int",
        "io",
        "it",
        "jp",
        "mil",
        "net",
        "nl",
        "no",
        "nz",
        "org",
        "pl",
        "pt",
        "se",
        "uk",
        "us",
    ]
)


class Limit(NamedTuple):
    """The most that one post may hold, and how the place counts: `x` by weight, `characters` plainly."""

    most: int
    counts: str

    def fits(self, text: str) -> bool:
        """Say whether a text fits."""
        sure = self._sure(text)
        if sure is not None:
            return sure <= self.most
        return self._bound(text) <= self.most or self.weigh(text) <= self.most

    def weigh(self, text: str) -> int:
        """Return how much of the limit a text takes, as the place itself counts."""
        if self.counts != "x":
            return len(text)
        from twitter_text import parse_tweet  # noqa: PLC0415 -- half a second of imports, seldom needed

        return int(parse_tweet(text).weightedLength)

    def _sure(self, text: str) -> int | None:
        """Return the exact weight of a plain text, quickly; None where only the place's own parser can tell."""
        if self.counts != "x":
            return len(text)
        text = unicodedata.normalize("NFC", text)
        if not all(any(low <= ord(c) <= high for low, high in _LIGHT) for c in text):
            return None
        weight = len(text)
        for word in text.split():
            known = _LINK.fullmatch(word)
            if known is not None and known[1] in _OLD_DOMAINS:
                weight += _LINK_WEIGHT - len(word)
            elif _LIKE_A_HOST.search(word) and not (known is not None and known[1] in _NO_DOMAINS):
                return None
        return weight

    def _bound(self, text: str) -> int:
        """Return at least the weight of a text, quickly."""
        if self.counts != "x":
            return len(text)
        text = unicodedata.normalize("NFC", text)
        bound = sum(1 if any(low <= ord(c) <= high for low, high in _LIGHT) else 2 for c in text)
        for word in text.split():
            known = _LINK.fullmatch(word)
            if known is not None and known[1] in _OLD_DOMAINS:
                bound += _LINK_WEIGHT - len(word)
            else:
                bound += (_LINK_WEIGHT - _SHORTEST_LINK) * len(_MAYBE_END_OF_HOST.findall(word))
        return bound


X_POST = Limit(280, "x")
