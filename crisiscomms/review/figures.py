"""Finding figures in text: numbers, dates and times of day, as each language writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from crisiscomms.review.phrases import fold

_DIGIT = re.compile(r"\d")
# A pattern that begins with a digit skips all else at once; what must not stand before it is looked at after that.
_CLOCK = re.compile(r"\d(?<![\d:.,]\d)\d?:(?P<minute>\d{2})(?::\d{2})?(?![\d:])")
_ISO_DATE = re.compile(r"(?P<year>\d(?<![\d-]\d)\d{3})-(?P<month>\d{2})-(?P<day>\d{2})(?![\d-])")
_POINTS = re.compile(r"(?P<day>\d(?<![\w.]\d)\d?)\.(?P<month>\d{1,2})\.(?P<year>\d{4})?(?![\w.]?\d)")
# Each part has an end, and begins only where a word does: what is long stays fast.
_LINK = re.compile(r"https?://\S{1,400}")
_MOST_BEFORE_AT = 64
_EMAIL = re.compile(rf"(?<![\w.+-])[\w.+-]{{1,{_MOST_BEFORE_AT}}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,8}}")
#: A number as it is dialled from anywhere. What a letter gives as a number of its own country: see `shape`.
PHONE = re.compile(r"\+\d[\d ()/-]{5,30}\d")
_NUMBER = re.compile(
    r"(?P<digits>\d(?<![\w.,/:#-]\d)\d*(?:[.,\u202f\u00a0']\d+)*)"
    r"(?:(?P<percent>\s?%)|(?P<short>[kKmM]|bn|mn)\b|[\s\u00a0](?P<scale>[^\W\d_]+))?(?!\w)"
)
#: Numbers that count nothing: emergency numbers, round the clock, versions, standards, and numbered things.
_NAMES = re.compile(
    r"\b(?:24/7|(?:dial|call|ring|wählen Sie|rufen Sie)\s(?:1?1[02]|911|999|000|116\s?1?17|117|1177|144)"
    r"|(?:ISO|IEC|DIN|RFC)[\s-]\d+(?:[-:]\d+)*|(?:version|section|article|chapter|appendix|paragraph|flight|Abschnitt"
    r"|Artikel|Kapitel|Absatz|Anhang|Flug)\s(?:[A-Z]{2}\s?)?\d+(?:\.\d+)*|v\d+(?:\.\d+)+)\b(?![.,:]?\d)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w")
# A day in words, around the name of a month: 18 November 2026, 18th of November, November 18, November 2026.
_DAY_BEFORE = re.compile(r"(?<!\w)(?P<day>\d{1,2})(?:st|nd|rd|th|er)?\.?\s{1,9}(?:(?:of|de)\s{1,9})?$")
_YEAR_AFTER = re.compile(r"(?!\w)(?:,?\s{1,9}(?:de\s{1,9})?(?P<year>\d{4})(?!\w))?")
_DAY_AFTER = re.compile(
    r"(?!\w)\s{1,9}(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\w:]|[.,]\d)(?:,?\s{1,9}(?P<year>\d{4})(?!\w))?"
    r"|(?P<only>\d{4})(?!\w))"
)
_THOUSAND, _MILLION, _BILLION = 10**3, 10**6, 10**9
_SCALES = {
    **dict.fromkeys(("hundred", "hundert"), 100),
    **dict.fromkeys(("k", "thousand", "tausend"), _THOUSAND),
    **dict.fromkeys(("m", "mn", "mio", "million", "millions", "millionen"), _MILLION),
    **dict.fromkeys(("bn", "mrd", "billion", "milliarde", "milliarden"), _BILLION),
}


class Figure(NamedTuple):
    """One figure in a text. `kind` is `number`, `date` or `clock`; `value` is its one canonical form; `written` how it stands at `start`."""

    kind: str
    value: str
    written: str
    start: int


@lru_cache(maxsize=4096)
def figures(text: str, language: str) -> tuple[Figure, ...]:
    """Return every figure of a text: dates and times of day first, then the numbers that are left."""
    return tuple(_found(text, language)) if _DIGIT.search(text) else ()


def emails(text: str) -> Iterator[re.Match[str]]:
    """Yield every e-mail address of a text. Only around an @: every other word would be read as if one followed."""
    end = 0
    while (at := text.find("@", end)) >= 0 and (match := _EMAIL.search(text, max(end, at - _MOST_BEFORE_AT))):
        yield match
        end = match.end()


def _found(text: str, language: str) -> Iterator[Figure]:
    rest = text
    for sign, find in (("://", _LINK.finditer), ("@", emails), ("+", PHONE.finditer)):
        if sign in rest:
            rest = _blank(rest, [match.span() for match in find(rest)])
    rest = _blank(rest, [match.span() for match in _NAMES.finditer(rest)])
    found = list(_days(rest, language))
    rest = _blank(rest, [(day.start, day.start + len(day.written)) for day in found])
    yield from found
    for sign, pattern in (("-", _ISO_DATE), (".", _POINTS), (":", _CLOCK)):
        if sign in rest:
            matches = list(pattern.finditer(rest))
            yield from map(_figure, matches)
            rest = _blank(rest, [match.span() for match in matches])
    for match in _NUMBER.finditer(rest):
        scale = _SCALES.get((match["scale"] or match["short"] or "").lower(), 1)
        value = _value(match["digits"], language) * scale
        written = match[0] if scale != 1 else match["digits"] + (match["percent"] or "")
        yield Figure("number", f"{value:g}" if value < 10**6 else f"{value:.0f}", written, match.start())


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    """Return a text with what is read already struck out, every other character in its place."""
    if not spans:
        return text
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += (text[at:start], "\0" * (end - start))
        at = end
    return "".join((*parts, text[at:]))


def _figure(match: re.Match[str]) -> Figure:
    if match.re is _CLOCK:
        hour = match[0].split(":", 1)[0]
        return Figure("clock", f"{int(hour):02d}:{match['minute']}", match[0], match.start())
    return Figure("date", _day(match["day"], int(match["month"]), match["year"]), match[0], match.start())


def _day(day: str | None, month: int, year: str | None) -> str:
    return f"{int(day or 0)}.{month}.{year or ''}"


def _days(text: str, language: str) -> list[Figure]:
    """Return every day that is written with the name of its month. A name is looked for first: mostly there is none."""
    low, found = text.lower(), []
    low = low if len(low) == len(text) else fold(text)
    for name, (number, short) in _months(language).items():
        at = low.find(name)
        while at >= 0:
            end = at + len(name)
            before = _DAY_BEFORE.search(low, max(0, at - 24), at)
            stop = end + (short and low.startswith(".", end))
            after = (_YEAR_AFTER if before else _DAY_AFTER).match(low, stop)
            if after and (before or not at or not _WORD.match(low, at - 1)):
                start = before.start() if before else at
                day, year = before["day"] if before else after["day"], after["year"] or (not before and after["only"])
                found.append(Figure("date", _day(day, number, year or None), text[start : after.end()], start))
                end = after.end()
            at = low.find(name, end)
    return sorted(found, key=lambda day: day.start)


@lru_cache
def _months(language: str) -> dict[str, tuple[int, bool]]:
    """Return the names of months in a language with their numbers, and whether a name is short.

    A short one may end in a point. A point after a whole one ends the sentence.
    """
    from babel import Locale  # noqa: PLC0415

    forms = Locale.parse(language.replace("-", "_")).months["format"]
    return {
        name.lower().rstrip("."): (number, width == "abbreviated")
        for width in ("abbreviated", "wide")  # what is both, such as May, is whole
        for number, name in forms[width].items()
    }


def _value(digits: str, language: str) -> float:
    """Read a number as its language writes it: 1,719.5 in English, 1.719,5 in German."""
    decimal = "." if language.split("-", maxsplit=1)[0] in {"en", "ar", "he", "zh", "ja", "th"} else ","
    group = "," if decimal == "." else "."
    plain = digits.replace("\u202f", "").replace("\u00a0", "").replace("'", "")
    if group in plain and not re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{3}})+(?:\{decimal}\d+)?", plain):
        decimal, group = group, decimal  # not a way to group digits: it is written the other way round
    plain = plain.replace(group, "").replace(decimal, ".")
    return float(plain) if plain.count(".") <= 1 else float(plain.replace(".", ""))
