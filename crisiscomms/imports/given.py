"""What other programs hand us as JSON, where any part may be missing or of another kind than it should be."""

from __future__ import annotations

import json
from typing import Any

from crisiscomms.imports.past import LeftOut


def read_json(body: bytes, again: str) -> Any:
    """Read the JSON of a file. `again` is the command that saves it. Raises LeftOut."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise LeftOut("it is not JSON", f"Save it again: {again}", unreadable=True) from error


def text(given: Any) -> str:
    """Return what should be a text. Empty where it is none."""
    return given if isinstance(given, str) else ""


def items(given: Any) -> list[Any]:
    """Return what should be a list. Empty where it is none."""
    return given if isinstance(given, list) else []
