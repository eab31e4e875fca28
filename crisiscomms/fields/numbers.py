"""Figures."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from crisiscomms.fields.base import shown, wrong

_WRITE_LESS = 'Write it without the minus, and say in the unit or the text that it is fewer: "12 fewer payments"'
_WRITE_DIGITS = "Write digits alone, 15 at most, with a point for decimals and no separators: 1719 or 2.5"
#: What one reader takes for thousands, and another for a little more than one: no list and no record is guessed at.
_EITHER = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")


def _number(given: object) -> object:
    """Read 1719 as a whole number and 2.5 as one with decimals. Nothing else: 1,719 could be either."""
    if isinstance(given, str):
        if re.fullmatch(r"[0-9]{1,15}", given.strip()):
            return int(given)
        if _EITHER.fullmatch(given.strip()):
            raise wrong(
                "bad-number",
                f'is "{shown(given)}", which some read as {given.strip().replace(".", "")}',
                f"Write {given.strip().replace('.', '')} for the whole number, or {given.strip()}0 for one with decimals",
            )
        if re.fullmatch(r"[0-9]{1,15}\.[0-9]{1,9}", given.strip()):
            return float(given)
        if re.fullmatch(r"-[0-9.]+", given.strip()):
            raise wrong("bad-number", f'is "{shown(given)}", and nothing can be counted below zero', _WRITE_LESS)
    elif isinstance(given, int | float) and not isinstance(given, bool):
        return given
    said = f'is "{shown(given)}"' if isinstance(given, str) else f"is {shown(given)}"
    raise wrong("bad-number", f"{said}, which is not a number that we can read", _WRITE_DIGITS)


def figure_in(cell: str) -> int | float | None:
    """Return the figure in a cell of a list, as a record's figures are written. None where there is none."""
    try:
        found = _number(cell)
    except ValueError:
        return None
    return found if isinstance(found, int | float) else None


Number = Annotated[int | float, BeforeValidator(_number)]
