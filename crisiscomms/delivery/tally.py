"""What one run of the drain did, for whoever started it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """What one run did. `problems` are in words, without those that a later try in the same run got over."""

    sent: int = 0
    failed: int = 0
    doubt: int = 0
    _problems: dict[object, str] = field(default_factory=dict)

    def problem(self, words: str, row: int | None = None) -> None:
        """Note what went wrong, with one row or in general."""
        self._problems[words if row is None else row] = words

    def over(self, row: int) -> None:
        """Note that a row went after all."""
        self._problems.pop(row, None)

    def join(self, other: Tally) -> None:
        """Add what a second run did."""
        self.sent, self.failed, self.doubt = (
            self.sent + other.sent,
            self.failed + other.failed,
            self.doubt + other.doubt,
        )
        self._problems |= other._problems

    @property
    def problems(self) -> list[str]:
        """What went wrong, each thing once."""
        return list(dict.fromkeys(self._problems.values()))
