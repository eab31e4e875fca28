"""The picture that is shown where an incident's address is shared: whose it is, how it stands, and what happened.

It is drawn from a layout in letters that we bring along, so that it looks the same wherever the site is built.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from crisiscomms.website.letters import draws, wide

#: The size that is asked for where pictures of links are shown (https://ogp.me), in points.
WIDTH, HEIGHT = 1200, 630
#: How far words stay away from the left and the right edge, and how much is left for them.
EDGE = 80
_ROOM = WIDTH - 2 * EDGE
#: The sizes that a title is tried in, each with how many lines it may take.
_SIZES = ((76, 3), (60, 4), (50, 5), (44, 5))
#: The sizes of the other words: whose site it is, how the incident stands, where the site is.
_NAME, _MARK, _HOST = 34, 31, 28
#: How a PNG begins and ends, and what one is called while it is written.
_FIRST, _LAST, _PART = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82", ".part"
#: Between these a line is read from the right, wherever it is drawn.
_FROM_THE_RIGHT = "\u202b{}\u202c"


class Card(NamedTuple):
    """What a card says. `tone` is `down`, `open` or `calm`.

    `direction` is that of the card, `ltr` or `rtl`, and `title_direction` that of its title, which may not be translated.
    """

    organisation: str
    mark: str
    title: str
    host: str
    tone: str
    direction: str
    title_direction: str


class Faces(NamedTuple):
    """The two fonts that cards are drawn in."""

    plain: Path
    bold: Path


def faces(folder: Path) -> Faces:
    """Return our fonts, which lie in a folder of the layouts."""
    return Faces(folder / "card.ttf", folder / "card-bold.ttf")


def card_values(card: Card, colours: Mapping[str, str], fonts: Faces) -> dict[str, Any] | None:
    """Return what the layout `card.svg` is given. None where the words hold letters that we cannot draw."""
    if not (draws(fonts.bold, card.mark + card.title) and draws(fonts.plain, card.organisation + card.host)):
        return None
    size, lines = _fitted(card.title, fonts.bold)
    leftwards = card.direction == "rtl"
    mark_width = round(wide(fonts.bold, card.mark) * _MARK + 56)
    return {
        "tone": card.tone,
        "colours": colours,
        "name": _cut(card.organisation, _ROOM / _NAME, fonts.plain),
        "name_size": _NAME,
        "mark": card.mark,
        "mark_size": _MARK,
        "mark_width": mark_width,
        "mark_start": WIDTH - EDGE - mark_width if leftwards else EDGE,
        "lines": [_FROM_THE_RIGHT.format(line) for line in lines] if card.title_direction == "rtl" else lines,
        "size": size,
        "line_height": round(size * 1.2),
        "first_line": 262 + size,
        "host": _cut(card.host, _ROOM / _HOST, fonts.plain),
        "host_size": _HOST,
        "start": WIDTH - EDGE if leftwards else EDGE,
        "anchor": "end" if leftwards else "start",
    }


def _fitted(title: str, font: Path) -> tuple[int, list[str]]:
    """Return the largest size that a title fits in, and its lines. One that never fits ends in an ellipsis."""
    for size, most in _SIZES:
        lines = wrapped(title, _ROOM / size, font)
        if len(lines) <= most:
            return size, lines
    return size, [*lines[: most - 1], _cut(f"{lines[most - 1]} {lines[most]}", _ROOM / size, font)]


def _cut(words: str, room: float, font: Path) -> str:
    """Return words that fit on one line, with an ellipsis where some had to go."""
    if wide(font, words) <= room:
        return words
    while wide(font, f"{words}…") > room:
        words = words[:-1]
    return f"{words.rstrip(' .,;:')}…"


def wrapped(words: str, room: float, font: Path) -> list[str]:
    """Return words in lines of at most `room` times their size. A word that is wider than that is parted."""
    lines = [""]
    for word in words.split():
        rest = word
        while rest:
            joined = f"{lines[-1]} {rest}".strip()
            if wide(font, joined) <= room:
                lines[-1], rest = joined, ""
            elif lines[-1]:
                lines.append("")
            else:
                fits = next(n for n in range(len(rest), 0, -1) if n == 1 or wide(font, rest[:n]) <= room)
                lines[-1], rest = rest[:fits], rest[fits:]
    return lines


def card_path(svg: bytes, fonts: Faces) -> str:
    """Return where a card stands. Its name says what it shows and in which letters, so that nobody keeps an old one."""
    return f"assets/card.{hashlib.sha256(_digest(fonts) + svg).hexdigest()[:12]}.png"


@lru_cache(maxsize=8)
def _digest(fonts: Faces) -> bytes:
    return b"".join(hashlib.sha256(font.read_bytes()).digest() for font in fonts)


def drawn(svg: bytes, fonts: Faces) -> bytes:
    """Return a drawing as a PNG picture, in our letters."""
    from resvg_py import svg_to_bytes  # noqa: PLC0415 -- only a build needs it

    return bytes(
        svg_to_bytes(svg_string=svg.decode(), font_files=[str(font) for font in fonts], skip_system_fonts=True)
    )


class Drawer:
    """Draws cards, a fifth of a second each, and keeps them in a folder: one that was drawn before is not drawn again.

    Without a folder nothing is kept.
    """

    def __init__(self, fonts: Faces, kept: Path | None = None) -> None:
        self.fonts = fonts
        self._kept = kept

    def __call__(self, svg: bytes) -> tuple[str, bytes]:
        """Return where a card stands on the site, and the card."""
        path = card_path(svg, self.fonts)
        if self._kept is None:
            return path, drawn(svg, self.fonts)
        file = self._kept / Path(path).name
        body = file.read_bytes() if file.is_file() else b""
        if not (body.startswith(_FIRST) and body.endswith(_LAST)):  # a power cut leaves half a file
            body = drawn(svg, self.fonts)
            self._keep(file, body)
        return path, body

    def _keep(self, file: Path, body: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}{_PART}")
        part.write_bytes(body)
        with suppress(FileNotFoundError):  # another process has just moved the same card there
            part.replace(file)

    def tidy(self, wanted: Container[str]) -> None:
        """Throw away what was kept under other names than these."""
        for file in self._kept.iterdir() if self._kept and self._kept.is_dir() else ():
            if file.name.removesuffix(_PART) not in wanted:
                file.unlink(missing_ok=True)
