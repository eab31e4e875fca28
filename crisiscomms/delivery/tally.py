"""What one run of the drain did, for whoever started it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """What one run did. `problems` are in words, without those that a later try in the same run got over.

    `left_out` are readers who want no more mail. `again` and `left_alone` are the doubts that the plan itself settled: by
    sending twice, or by never sending again.
    """

    sent: int = 0
    failed: int = 0
    doubt: int = 0
    again: int = 0
    left_alone: int = 0
    left_out: int = 0
    _problems: dict[object, str] = field(default_factory=dict)

    def problem(self, words: str, row: int | None = None) -> None:
        """Note what went wrong, with one row or in general."""
        self._problems[words if row is None else row] = words

    def over(self, row: int) -> None:
        """Note that a row went after all."""
        self._problems.pop(row, None)

    def by_policy(self, row: int, *, again: bool) -> None:
        """Note that a doubt was settled as the plan says."""
        self.doubt = max(0, self.doubt - 1)
        if again:
            self.again += 1
            self.over(row)
        else:
            self.left_alone += 1

    def join(self, other: Tally) -> None:
        """Add what a second run did."""
        self.sent += other.sent
        self.failed += other.failed
        self.doubt += other.doubt
        self.again += other.again
        self.left_alone += other.left_alone
        self._problems |= other._problems

    @property
    def problems(self) -> list[str]:
        """What went wrong, each thing once: first what is about more than one message."""
        rows_last = sorted(self._problems.items(), key=lambda pair: isinstance(pair[0], int))
        return list(dict.fromkeys(words for _, words in rows_last))
