"""Libraries that only some places need, and what to do where they are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from crisiscomms.errors import CrisiscommsError


def needed(module: str, extra: str) -> Any:
    """Import a library. Raises CrisiscommsError with the extra that brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise CrisiscommsError(
            f"the site cannot be put there without {module}",
            why="Readers see what they saw before.",
            fix=f'Install it: pip install "crisiscomms[{extra}]"',
        ) from error
