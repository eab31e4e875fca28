"""Finding figures in text: numbers, dates and times of day, as each language writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_DIGIT = re.compile(r"\d")
_CLOCK = re.compile(r"(?<![\d:.,])(\d{1,2}):(\d{2})(?::\d{2})?(?![\d:])")
_ISO_DATE = re.compile(r"(?<![\d-])(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?![\d-])")
_POINTS = re.compile(r"(?<![\w.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})?(?![\w.]?\d)")
# Each part has an end, and begins only where a word does: what is long stays fast.
_ADDRESS = re.compile(
    r"https?://\S{1,400}|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}|\+\d[\d ()/-]{5,30}\d"
)
_NUMBER = re.compile(
    r"(?<![\w.,/:#-])(?P<digits>\d+(?:[.,\u202f\u00a0']\d+)*)"
    r"(?:(?P<percent>\s?%)|(?P<short>[kKmM]|bn|mn)\b|[\s\u00a0](?P<scale>[^\W\d_]+))?(?!\w)"
)
_THOUSAND, _MILLION, _BILLION = 10**3, 10**6, 10**9
_SCALES = {
    **dict.fromkeys(("hundred", "hundert"), 100),
    **dict.fromkeys(("k", "thousand", "tausend"), _THOUSAND),
    **dict.fromkeys(("m", "mn", "mio", "million", "millions", "millionen"), _MILLION),
    **dict.fromkeys(("bn", "mrd", "billion", "milliarde", "milliarden"), _BILLION),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure in a text. `kind` is `number`, `date` or `clock`; `value` is its one canonical form; `written` how it stands at `start`."""

    kind: str
    value: str
    written: str
    start: int


@lru_cache(maxsize=4096)
def figures(text: str, language: str) -> tuple[Figure, ...]:
    """Return every figure of a text: dates and times of day first, then the numbers that are left."""
    return tuple(_found(text, language)) if _DIGIT.search(text) else ()


def _found(text: str, language: str) -> Iterator[Figure]:
    rest = _ADDRESS.sub(lambda m: " " * len(m[0]), text)
    for pattern in (*_dates(language), _ISO_DATE, _POINTS, _CLOCK):
        found = list(pattern.finditer(rest))
        yield from (_figure(match, language) for match in found)
        if found:
            rest = pattern.sub(lambda m: " " * len(m[0]), rest)
    for match in _NUMBER.finditer(rest):
        scale = _SCALES.get((match["scale"] or match["short"] or "").lower(), 1)
        value = _value(match["digits"], language) * scale
        written = match[0] if scale != 1 else match["digits"] + (match["percent"] or "")
        yield Figure("number", f"{value:g}" if value < 10**6 else f"{value:.0f}", written, match.start())


def _figure(match: re.Match[str], language: str) -> Figure:
    parts = match.groupdict()
    if not parts:
        return Figure("clock", f"{int(match[1]):02d}:{match[2]}", match[0], match.start())
    month = parts["month"] if parts["month"].isdigit() else _months(language)[parts["month"].lower()]
    value = f"{int(parts.get('day') or 0)}.{int(month)}.{parts['year'] or ''}"
    return Figure("date", value, match[0], match.start())


@lru_cache
def _months(language: str) -> dict[str, int]:
    """Return the names of months in a language, long and short, with their numbers."""
    from babel import Locale  # noqa: PLC0415

    forms = Locale.parse(language.replace("-", "_")).months["format"]
    named = [(name, number) for width in ("wide", "abbreviated") for number, name in forms[width].items()]
    return {name.lower().rstrip("."): number for name, number in named}


@lru_cache
def _dates(language: str) -> tuple[re.Pattern[str], ...]:
    """Return how a day is written in words: 18 November 2026, 18th of November, November 18, November 2026."""
    names = "|".join(re.escape(name) for name in sorted(_months(language), key=len, reverse=True))
    month = rf"(?P<month>{names})\.?(?!\w)"
    day = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
    shapes = (
        rf"(?<!\w){day}\.?\s+(?:of\s+|de\s+)?{month}(?:,?\s+(?:de\s+)?(?P<year>\d{{4}})(?!\w))?",
        rf"(?<!\w){month}\s+{day}(?![\w:]|[.,]\d)(?:,?\s+(?P<year>\d{{4}})(?!\w))?",
        rf"(?<!\w){month}\s+(?P<year>\d{{4}})(?!\w)",
    )
    return tuple(re.compile(shape, re.IGNORECASE) for shape in shapes)


def _value(digits: str, language: str) -> float:
    """Read a number as its language writes it: 1,719.5 in English, 1.719,5 in German."""
    decimal = "." if language.split("-", maxsplit=1)[0] in {"en", "ar", "he", "zh", "ja", "th"} else ","
    group = "," if decimal == "." else "."
    plain = digits.replace("\u202f", "").replace("\u00a0", "").replace("'", "")
    if group in plain and not re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{3}})+(?:\{decimal}\d+)?", plain):
        decimal, group = group, decimal  # not a way to group digits: it is written the other way round
    plain = plain.replace(group, "").replace(decimal, ".")
    return float(plain) if plain.count(".") <= 1 else float(plain.replace(".", ""))
