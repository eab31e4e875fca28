"""The progress bar: on a terminal only, and only for work over a second."""

import sys
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room

AFTER = 1.0


class Bar:
    """Counts pages, then messages, and draws a bar once the work has taken a second."""

    def __init__(self, room: "Room", *, quiet: bool) -> None:
        self._room, self._quiet = room, quiet or not sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None
        self._done = self._total = 0
        self._start = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bar away. The next step starts a new one."""
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._done, self._total, self._start = None, 0, 0, 0.0

    def pages(self, done: int, whole: int) -> None:
        """Count what is rendered of the site."""
        self._done, self._total = done, whole
        self._show("Writing the pages")
        if done == whole:
            self.stop()

    def step(self, _row: object, _state: object) -> None:
        """Count one message."""
        self._done += 1
        if _row is None:  # other machines send as well, and only the ledger knows how far they are
            self._done = max(self._done, self._total - self._left()) if self._total else 0
        self._show("Sending")

    def tell(self, line: str) -> None:
        """Say what we wait for, above the bar."""
        self.stop()
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def _left(self) -> int:
        ledger = self._room.ledger
        return ledger.left(publication.id for publication in ledger.open_publications())

    def _show(self, what: str) -> None:
        self._start = self._start or time.monotonic()
        if self._quiet or time.monotonic() - self._start < AFTER:
            return
        if self._bar is None:
            self._total = self._total or self._done + self._left()
            self._draw(what)
        self._bar.update(self._task, completed=self._done)

    def _draw(self, what: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=self._total)
        self._bar.start()
