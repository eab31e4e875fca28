"""Finding figures in text: numbers, dates and times of day, as each language writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_CLOCK = re.compile(r"(?<![\d:.,])(\d{1,2}):(\d{2})(?::\d{2})?(?![\d:])")
_ISO_DATE = re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])")
_ADDRESS = re.compile(r"https?://\S+|[\w.+-]+@[\w.-]+\.\w+|\+\d[\d ()/-]{5,}\d")
_NUMBER = re.compile(
    r"(?<![\w.,/:#-])(?P<digits>\d+(?:[.,\u202f\u00a0']\d+)*)(?P<percent>\s?%)?(?:[\s\u00a0](?P<scale>[^\W\d_]+))?(?!\w)"
)
_SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "millions": 10**6, "billion": 10**9, "hundert": 100, "tausend": 1000, "mio": 10**6,
    "millionen": 10**6, "mrd": 10**9, "milliarde": 10**9, "milliarden": 10**9, "m": 10**6, "bn": 10**9, "k": 1000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure in a text. `kind` is `number`, `date` or `clock`; `value` is its one canonical form; `written` how it stands at `start`."""

    kind: str
    value: str
    written: str
    start: int


def figures(text: str, language: str) -> Iterator[Figure]:
    """Yield every figure of a text: dates and times of day first, then the numbers that are left."""
    rest = _ADDRESS.sub(lambda m: " " * len(m[0]), text)
    for pattern, kind in ((_dates(language), "date"), (_ISO_DATE, "iso"), (_CLOCK, "clock")):
        for match in pattern.finditer(rest):
            yield _figure(match, kind, language)
        rest = pattern.sub(lambda m: " " * len(m[0]), rest)
    for match in _NUMBER.finditer(rest):
        scale = _SCALES.get((match["scale"] or "").lower(), 1)
        value = _value(match["digits"], language) * scale
        written = match[0] if scale != 1 else match["digits"] + (match["percent"] or "")
        yield Figure("number", f"{value:g}" if value < 10**6 else f"{value:.0f}", written, match.start())


def _figure(match: re.Match[str], kind: str, language: str) -> Figure:
    if kind == "clock":
        return Figure("clock", f"{int(match[1]):02d}:{match[2]}", match[0], match.start())
    if kind == "iso":
        return Figure("date", f"{int(match[3])}.{int(match[2])}.{match[1]}", match[0], match.start())
    day, month, year = match["day"], _months(language)[match["month"].lower()], match["year"] or ""
    return Figure("date", f"{int(day)}.{month}.{year}", match[0], match.start())


@lru_cache
def _months(language: str) -> dict[str, int]:
    from babel import Locale  # noqa: PLC0415

    return {
        name.lower(): number
        for number, name in Locale.parse(language.replace("-", "_")).months["format"]["wide"].items()
    }


@lru_cache
def _dates(language: str) -> re.Pattern[str]:
    months = "|".join(re.escape(name) for name in sorted(_months(language), key=len, reverse=True))
    return re.compile(
        rf"(?<!\w)(?P<day>\d{{1,2}})\.?\s+(?:de\s+)?(?P<month>{months})(?:\s+(?:de\s+)?(?P<year>\d{{4}}))?(?!\w)",
        re.IGNORECASE,
    )


def _value(digits: str, language: str) -> float:
    """Read a number as its language writes it: 1,719.5 in English, 1.719,5 in German."""
    decimal = "." if language.split("-", maxsplit=1)[0] in {"en", "ar", "he", "zh", "ja", "th"} else ","
    group = "," if decimal == "." else "."
    plain = digits.replace("\u202f", "").replace("\u00a0", "").replace("'", "")
    if group in plain and not re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{3}})+(?:\{decimal}\d+)?", plain):
        decimal, group = group, decimal  # not a way to group digits: it is written the other way round
    plain = plain.replace(group, "").replace(decimal, ".")
    return float(plain) if plain.count(".") <= 1 else float(plain.replace(".", ""))
