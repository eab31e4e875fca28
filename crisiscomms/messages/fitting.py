"""Posts: what to say where there is little room. Sentences are chosen, never cut."""

from __future__ import annotations

from typing import NamedTuple

from crisiscomms.limits import Limit
from crisiscomms.messages.prose import sentences


class Part(NamedTuple):
    """Some sentences of a post. `needed` says how many of them, from the first, must stay; the rest go if there is room."""

    text: str
    needed: int = 0


def fit(parts: list[Part], link: str, limit: Limit) -> str:
    """Return the parts in their order with as many sentences as fit, and the link on a line of its own.

    Needed sentences are kept whatever their length: a post that is still too long is for review to refuse. The
    others are added part by part, in order, each only after those before it in its own part.
    """
    split = [sentences(part.text) for part in parts]
    taken = [min(part.needed, len(found)) for part, found in zip(parts, split, strict=True)]
    for index, found in enumerate(split):
        while taken[index] < len(found):
            taken[index] += 1
            if not limit.fits(_join(split, taken, link)):
                taken[index] -= 1
                break
    return _join(split, taken, link)


def _join(split: list[list[str]], taken: list[int], link: str) -> str:
    return (
        " ".join(sentence for found, count in zip(split, taken, strict=True) for sentence in found[:count])
        + f"\n{link}"
    )
