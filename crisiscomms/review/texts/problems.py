"""What makes a file with a text unreadable: where, what, what it means, what to do."""

from __future__ import annotations

from crisiscomms.errors import Finding, InvalidInput, Place, Severity

_WHY = "Nothing was looked at, so nothing is known about this text."


def unreadable(file: str, message: str, fix: str, line: int = 0) -> InvalidInput:
    """Build the error of a file that cannot be read."""
    return InvalidInput([Finding("unreadable", Severity.ERROR, Place(file, line), message, _WHY, fix)])


def bounded(file: str, text: str, most: int) -> str:
    """Return a text. Raises InvalidInput where it is empty, or longer than anybody reads."""
    if not text.strip():
        raise unreadable(file, "holds no words", "Name the file that the text is in.")
    if len(text) > most:
        raise unreadable(
            file,
            f"holds more text than a letter may ({len(text):,} characters; {most:,} is the most)",
            "Nobody reads that much. Save the letter alone in a file.",
        )
    return text
