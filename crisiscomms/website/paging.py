"""Long lists in parts, so that no page grows without end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

_T = TypeVar("_T")


class Part(NamedTuple, Generic[_T]):
    """One part of a list: its number, how many there are, its path, and the paths of the parts before and after it."""

    items: tuple[_T, ...]
    number: int
    of: int
    path: str
    before: str | None
    after: str | None


def parts(items: Sequence[_T], most: int, path: str, others: str = "") -> Iterator[Part[_T]]:
    """Yield a list in parts of at most `most`, always one.

    The first is at `path`, the second at `path` + `others` + `2/`, and so on.
    """
    count = max(1, -(-len(items) // most))
    paths = [path, *(f"{path}{others}{number}/" for number in range(2, count + 1))]
    for n in range(count):
        before = paths[n - 1] if n else None
        after = paths[n + 1] if n + 1 < count else None
        yield Part(tuple(items[n * most : (n + 1) * most]), n + 1, count, paths[n], before, after)
