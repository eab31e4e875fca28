"""What a font can draw and how wide it draws it, read from the font's own tables (OpenType: `cmap`, `hmtx`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from struct import unpack_from

#: Marks that steer words and are not seen: joiners, directions, embeddings, isolates.
_STEER = frozenset(map(chr, (0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))))


@lru_cache(maxsize=8)
def letters(font: Path) -> dict[str, float]:
    """Return the width of every letter that a font has, in parts of its size."""
    body = font.read_bytes()
    tables = {body[at : at + 4]: unpack_from(">I", body, at + 8)[0] for at in range(12, 12 + 16 * _short(body, 4), 16)}
    unit, measured = _short(body, tables[b"head"] + 18), _short(body, tables[b"hhea"] + 34)
    # The last width stands for all glyphs after it.
    widths = [_short(body, tables[b"hmtx"] + 4 * n) / unit for n in range(measured)]
    return {chr(code): widths[min(glyph, measured - 1)] for code, glyph in _glyphs(body, tables[b"cmap"])}


def draws(font: Path, words: str) -> bool:
    """Say whether a font has a letter for each sign that is seen. Marks that only steer words need none."""
    known = letters(font)
    return all(sign in known or sign in _STEER for sign in words)


def wide(font: Path, words: Iterable[str]) -> float:
    """Return how wide words are at most, in parts of their size. A letter that is not known counts as a wide one."""
    known = letters(font)
    return sum(0.0 if sign in _STEER else known.get(sign, 1.2) for sign in words)


def _glyphs(body: bytes, cmap: int) -> Iterator[tuple[int, int]]:
    """Yield each character's number and its glyph's, from the table for the Basic Multilingual Plane (format 4)."""
    found = [unpack_from(">HHI", body, cmap + 4 + 8 * n) for n in range(_short(body, cmap + 2))]
    at = cmap + next(offset for platform, encoding, offset in found if (platform, encoding) == (3, 1))
    size = _short(body, at + 6)
    for n in range(0, size, 2):
        last, first = _short(body, at + 14 + n), _short(body, at + 16 + size + n)
        delta, place = _short(body, at + 16 + 2 * size + n), at + 16 + 3 * size + n
        skip = _short(body, place)
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = _short(body, place + skip + 2 * (code - first)) if skip else code
            if glyph and (glyph + delta) % 0x10000:
                yield code, (glyph + delta) % 0x10000


def _short(body: bytes, at: int) -> int:
    found: int = unpack_from(">H", body, at)[0]
    return found
