"""How long a text may be at each kind of place, and how much of that it takes.

Only X counts in a way of its own so far. Its rules: most Latin letters weigh one, everything else two, an emoji
two, and any address 23, however long it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAYBE_LINK = re.compile(r"\S*\w\.\w\S*")
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
LINK_WEIGHT = 23


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that one post may hold, and how the place counts: `x` by weight, `characters` plainly."""

    most: int
    counts: str

    def fits(self, text: str) -> bool:
        """Say whether a text fits. Asks the exact parser only where a quick upper bound leaves doubt."""
        return self._bound(text) <= self.most or self.weigh(text) <= self.most

    def weigh(self, text: str) -> int:
        """Return how much of the limit a text takes, as the place itself counts."""
        if self.counts != "x":
            return len(text)
        from twitter_text import parse_tweet  # noqa: PLC0415 -- half a second of imports, seldom needed

        return int(parse_tweet(text).weightedLength)

    def _bound(self, text: str) -> int:
        if self.counts != "x":
            return len(text)
        links = sum(max(LINK_WEIGHT, len(link)) - len(link) for link in _MAYBE_LINK.findall(text))
        return links + sum(1 if any(low <= ord(c) <= high for low, high in _LIGHT) else 2 for c in text)


X_POST = Limit(280, "x")
