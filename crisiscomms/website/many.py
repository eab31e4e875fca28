"""Incidents rendered on all cores: a first build of a long history is too much for one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

from crisiscomms.errors import Finding, InvalidInput
from crisiscomms.messages.model import site_content
from crisiscomms.website.frame import Frame, Ground
from crisiscomms.website.incidents import incident_files

if TYPE_CHECKING:
    from concurrent.futures import Future

#: From how many incidents on other processes pay: starting them takes as long as rendering this many.
_MANY = 500
#: How many incidents travel at once, and how many such bundles are on their way for each process.
_BUNDLE, _AHEAD = 25, 2

Bodies = Mapping[str, bytes]


class Job(NamedTuple):
    """One incident to render: the bytes of its content in each language, and the paths that its words lead to."""

    bodies: list[bytes]
    known: list[str]

    def render(self, frame: Frame, now: datetime) -> Bodies:
        """Return every file of the incident."""
        return incident_files(frame, [site_content(body) for body in self.bodies], frozenset(self.known), now)


class Workshop:
    """Renders incidents, here or in other processes. `frame` is what all their pages share."""

    def __init__(self, ground: Ground, now: datetime) -> None:
        self.frame = Frame(ground)
        self._ground, self._now = ground, now

    def done(self, jobs: Mapping[str, Callable[[], Job]]) -> Iterator[tuple[str, Bodies]]:
        """Yield the files of each incident by the name of its job, in any order. Raises InvalidInput."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # The first one here: what is wrong with a layout shows at once, and in one place.
        waiting = ((name, job()) for name, job in jobs.items())
        here = len(jobs) if cores == 1 or len(jobs) < _MANY else 1
        for name, job in islice(waiting, here):
            yield name, job.render(self.frame, self._now)
        if here < len(jobs):
            yield from self._elsewhere(waiting, cores)

    def _elsewhere(self, waiting: Iterator[tuple[str, Job]], cores: int) -> Iterator[tuple[str, Bodies]]:
        from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait  # noqa: PLC0415 -- for large sites only

        # Never a fork: this process may have threads, which a copy of it would not.
        with ProcessPoolExecutor(cores, get_context("spawn"), _begin, (self._ground, self._now)) as pool:
            going: set[Future[list[tuple[str, Bodies | tuple[Finding, ...]]]]] = set()
            try:
                while True:
                    for _ in range(cores * _AHEAD - len(going)):
                        if bundle := list(islice(waiting, _BUNDLE)):
                            going.add(pool.submit(_render, bundle))
                    if not going:
                        return
                    ready, going = wait(going, return_when=FIRST_COMPLETED)
                    for future in ready:
                        yield from ((name, _bodies(found)) for name, found in future.result())
            finally:
                pool.shutdown(cancel_futures=True)


def _bodies(found: Bodies | tuple[Finding, ...]) -> Bodies:
    if isinstance(found, tuple):
        raise InvalidInput(found)
    return found


class _Process:
    """What another process keeps from one bundle to the next."""

    frame: Frame
    now: datetime


def _begin(ground: Ground, now: datetime) -> None:
    _Process.frame, _Process.now = Frame(ground), now


def _render(bundle: list[tuple[str, Job]]) -> list[tuple[str, Bodies | tuple[Finding, ...]]]:
    """Render a bundle. What is wrong with a layout goes back as it was found: an exception would lose its findings."""
    found: list[tuple[str, Bodies | tuple[Finding, ...]]] = []
    for name, job in bundle:
        try:
            found.append((name, job.render(_Process.frame, _Process.now)))
        except InvalidInput as error:
            found.append((name, error.findings))
    return found
