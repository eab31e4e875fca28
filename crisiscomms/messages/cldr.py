"""What CLDR knows of a language, by way of Babel, and where its words do not fit into our sentences.

A locale is a name such as `en_GB`. Answers are kept: one publication asks for the same few hundreds of times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

#: What CLDR's French calls winter time east and west of its own zone. Everybody reads these as summer time.
_MISLEADING = frozenset({"EEST", "EEDT", "WEST", "WEDT"})
#: Before the sound of i the Spanish "y" becomes "e": e informes, but y hielo.
_SOUNDS_LIKE_Y = re.compile(r"h?[ií](?![aeo])", re.IGNORECASE)


@cache
def direction(locale: str) -> str:
    """Return which way a language is written: `ltr` or `rtl`."""
    from babel import Locale  # noqa: PLC0415

    return str(Locale.parse(locale).text_direction)


@lru_cache(maxsize=1024)
def number(value: float, locale: str, currency: str) -> str:
    """Return a number with the language's separators, and all decimals that it has: nothing that was counted is rounded.

    Of a currency, one that is not whole has all that the currency has.
    """
    from babel import Locale  # noqa: PLC0415
    from babel.numbers import format_decimal, get_currency_precision  # noqa: PLC0415

    if isinstance(value, int):
        return str(format_decimal(value, locale=locale))
    exact = Decimal(str(value))
    decimals = max(get_currency_precision(currency) if currency else 0, -int(exact.normalize().as_tuple().exponent))
    whole = Locale.parse(locale).decimal_formats[None].pattern.partition(".")[0]
    return str(format_decimal(exact, f"{whole}.{'0' * decimals}" if decimals > 0 else whole, locale=locale))


@lru_cache(maxsize=1024)
def money(amount: str, currency: str, locale: str) -> str:
    """Return an amount with its currency's sign on the side where the language has it."""
    from babel import Locale  # noqa: PLC0415
    from babel.numbers import get_currency_symbol  # noqa: PLC0415

    sign = str(get_currency_symbol(currency, locale=locale))
    form = Locale.parse(locale).currency_formats["standard"].pattern
    if not form.startswith("\xa4"):
        return f"{amount}\xa0{sign}"
    apart = "\xa0" if "\xa4\xa0" in form or sign[-1].isalpha() else ""
    return f"{sign}{apart}{amount}"


@cache
def currency_words(currency: str, locale: str) -> frozenset[str]:
    """Return what may stand beside an amount to say its currency: its code, its sign, and its name, in small letters."""
    from babel.numbers import get_currency_name, get_currency_symbol  # noqa: PLC0415

    names = [get_currency_name(currency, count=count, locale=locale) for count in (1, 2, 5, 100)]
    signs = [currency, get_currency_symbol(currency, locale=locale), get_currency_symbol(currency, locale="en")]
    return frozenset(word.lower() for said in (*names, *signs) for word in str(said).split())


@lru_cache(maxsize=1024)
def plural(value: float, locale: str) -> str:
    """Return the plural category of a number: `one`, `other` and so on."""
    from babel import Locale  # noqa: PLC0415

    return str(Locale.parse(locale).plural_form(value))


@lru_cache(maxsize=1024)
def day(at: date, locale: str, *, year: bool) -> str:
    """Return a day in words, with or without its year."""
    from babel.dates import format_date, format_skeleton  # noqa: PLC0415

    words = str(format_date(at, "long", locale=locale) if year else format_skeleton("MMMMd", at, locale=locale))
    return f"1er{words[1:]}" if at.day == 1 and locale.startswith("fr") and words[:2] == "1 " else words


@cache
def zone_name(zone: ZoneInfo, name: str, locale: str, *, summer: bool) -> str:
    """Return the short name of a zone in a language, or else `name`, the one that the zone's own rules use."""
    from babel.dates import get_timezone_name  # noqa: PLC0415

    variant: Any = "daylight" if summer else "standard"
    own = str(get_timezone_name(zone, width="short", zone_variant=variant, locale=locale))
    if own.isalpha() and own not in _MISLEADING:
        return own
    return name if name.isalpha() else f"UTC{name}"


def length(count: int, unit: str, locale: str) -> str:
    """Return a length of time. `unit` is `day`, `hour` or `minute`."""
    from babel.units import format_unit  # noqa: PLC0415

    long = str(format_unit(count, f"duration-{unit}", locale=locale))
    # Arabic days have no long form there: Babel says the name of the unit instead.
    return long if "duration" not in long else str(format_unit(count, f"duration-{unit}", "short", locale=locale))


def listed(items: Sequence[str], locale: str, style: Literal["standard", "or"] = "standard") -> str:
    """Return items as a list in a sentence: `a, b and c`."""
    from babel.lists import format_list  # noqa: PLC0415

    if direction(locale) == "rtl":  # its "and" is written in one with what follows, which may be a number
        items = [f"\u2068{item}\u2069" for item in items]
    words = str(format_list(items, style, locale=locale))
    if style == "standard" and locale.startswith("es") and len(items) > 1 and _SOUNDS_LIKE_Y.match(items[-1]):
        return f"{words.removesuffix(f'y {items[-1]}')}e {items[-1]}"
    return words
