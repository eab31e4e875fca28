"""What other programs hand us as JSON, where any part may be missing or of another kind than it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crisiscomms.imports.past import LeftOut, Sorting


def read_json(files: Mapping[str, bytes], again: str, sorting: Sorting) -> Iterator[tuple[str, Any]]:
    """Yield the JSON of each file by its name. One that is none is left out. `again` is the command that saves it."""
    for name, body in files.items():
        try:
            plain = json.loads(body)
        except (ValueError, RecursionError):
            sorting.leave(name, LeftOut("it is not JSON", f"Save it again: {again}", unreadable=True))
        else:
            yield name, plain


def text(given: Any) -> str:
    """Return what should be a text. Empty where it is none."""
    return given if isinstance(given, str) else ""


def items(given: Any) -> list[Any]:
    """Return what should be a list. Empty where it is none."""
    return given if isinstance(given, list) else []
