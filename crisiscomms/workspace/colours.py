"""The colours of the site: our palette, what a workspace puts in its place, and whether words can be read in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

#: How much words must stand out from their ground, by WCAG 2.2 AA.
LEAST = 4.5
SCHEMES = ("light", "dark")
#: The colours that a workspace may set.
OWN = ("accent", "ink", "paper")
PALETTE: Mapping[str, Mapping[str, str]] = {
    "light": {
        "paper": "#faf8f4",
        "sheet": "#ffffff",
        "ink": "#22262b",
        "soft": "#595f66",
        "line": "#d9d5cc",
        "accent": "#0e5261",
        "open": "#7a4300",
        "open-tint": "#fdf0d9",
        "calm": "#1f5c3a",
        "calm-tint": "#e3f1e7",
        "down": "#94231d",
        "down-tint": "#fbe7e4",
        "drill": "#1c1a00",
        "drill-tint": "#ffdd4a",
    },
    "dark": {
        "paper": "#15181b",
        "sheet": "#1d2226",
        "ink": "#eceae5",
        "soft": "#b0b5b9",
        "line": "#41484d",
        "accent": "#8fd3e0",
        "open": "#f5c373",
        "open-tint": "#35280e",
        "calm": "#98d8ae",
        "calm-tint": "#15301f",
        "down": "#f7aca4",
        "down-tint": "#401c19",
        "drill": "#1c1a00",
        "drill-tint": "#ffdd4a",
    },
}
#: Which words stand on which ground.
PAIRS = (
    *((words, ground) for words in ("ink", "soft", "accent") for ground in ("paper", "sheet")),
    *((name, f"{name}-tint") for name in ("open", "calm", "down", "drill")),
)
_STEPS = 256


class Faint(NamedTuple):
    """A colour in which words cannot be read: in which scheme, against what, how faint, and the nearest that passes."""

    name: str
    scheme: str
    colour: str
    against: str
    contrast: float
    nearest: str


def is_colour(given: str) -> bool:
    """Say whether a string is a colour as we write it: `#0e5261`."""
    return re.fullmatch(r"#[0-9a-fA-F]{6}", given) is not None


def contrast(one: str, other: str) -> float:
    """Return how much two colours stand out from each other: from 1 (not at all) to 21 (black on white)."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def palette(own: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return the colours of each scheme, a workspace's own in place of ours.

    Where it sets a colour for the light scheme only, the dark one has the nearest shade of it that can be read there.
    """
    found = {scheme: {**PALETTE[scheme], **own.get(scheme, {})} for scheme in SCHEMES}
    for name in ("ink", "accent"):
        if name in own.get("light", {}) and name not in own.get("dark", {}):
            found["dark"][name] = _nearest(name, own["light"][name], found["dark"])
    return found


def faint(own: Mapping[str, Mapping[str, str]]) -> Iterator[Faint]:
    """Yield each colour of a workspace in which words cannot be read, or on which they cannot."""
    for scheme, colours in palette(own).items():
        for name in OWN:
            if name in own.get(scheme, {}):
                weak = [(contrast(colours[name], colours[other]), other) for other in _partners(name)]
                worst, other = min(weak)
                if worst < LEAST:
                    yield Faint(name, scheme, colours[name], other, worst, _nearest(name, colours[name], colours))


def _partners(name: str) -> list[str]:
    return [ground if words == name else words for words, ground in PAIRS if name in {words, ground}]


def _nearest(name: str, colour: str, colours: Mapping[str, str]) -> str:
    """Return the shade of a colour, darker or lighter, that is nearest to it and stands out from all it must."""
    for step in range(_STEPS + 1):
        for end in ("#000000", "#ffffff"):
            mixed = _mixed(colour, end, step / _STEPS)
            if all(contrast(mixed, colours[other]) >= LEAST for other in _partners(name)):
                return mixed
    return PALETTE["light" if contrast(colours["ink"], "#ffffff") >= LEAST else "dark"][name]


def _mixed(colour: str, other: str, share: float) -> str:
    parts = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in parts)


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _luminance(colour: str) -> float:
    shares = (part / 255 for part in _parts(colour))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
