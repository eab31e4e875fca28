"""What the ledger hands out and takes: plain values, read once."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from crisiscomms.ledger.states import State
from crisiscomms.published import Draft

NOTHING: Mapping[Any, str] = MappingProxyType({})


class Row(NamedTuple):
    """One delivery as it stands in the ledger, with what it shares with others of its item.

    `at` is the update's time; `due` is when it was to go, at the earliest.
    """

    id: int
    item: int
    lane: int
    update_id: str
    recipient: str
    number: int
    person: str
    digest: bytes
    thread: str
    state: str
    attempts: int
    claim: int | None
    receipt: str
    url: str
    evidence: str
    publication: int
    incident: str
    channel: str
    account: str
    kind: str
    audience: str
    columns: str
    message: str
    settings: str
    names: str
    at: str
    rank: int
    policy: str
    due: str
    worker: str = ""
    since: str = ""

    @staticmethod
    def read(found: Sequence[Any]) -> Row:
        """Make a row of the columns of `statements.ROW`, with or without who has it in hand."""
        return Row(*found)


@dataclass(frozen=True)
class Publication:
    """One plan that is being carried out."""

    id: int
    incident: str
    fingerprint: str
    started_at: str
    telling: str


@dataclass(frozen=True, order=True)
class Stage:
    """Deliveries that go together: one rank of one publication through one channel. They sort in the order they go."""

    rank: int
    channel: str
    publication: int


class Hold(NamedTuple):
    """Since when something is on hold, by whom, and why."""

    since: str
    by: str
    reason: str


class Suppression(NamedTuple):
    """Who wants no more mail (an address as compared, or `token:` and a token), since when, who noted it, and why."""

    reader: str
    since: str
    by: str
    reason: str


@dataclass(frozen=True)
class Line:
    """One line of a plan to be frozen: the columns of its item, and its deliveries, as many as there are."""

    item: Mapping[str, Any]
    drafts: Iterable[Draft]


class Begin(NamedTuple):
    """A row at the edge. `readers` are the names under which its reader may have asked for no more mail."""

    row: Row
    readers: tuple[str, ...] = ()


class Ending(NamedTuple):
    """How an attempt ended. `stands` maps pairs of kind and language to what now stands at their address."""

    row: Row
    to: State
    receipt: str = ""
    url: str = ""
    evidence: Mapping[str, str] = NOTHING
    not_before: str | None = None
    stands: Mapping[Any, str] = NOTHING


class Begun(NamedTuple):
    """What may go, by row: the rest is on hold, belongs to someone who wants no more mail, or is no longer ours.

    `held` may go another time, and is to be given back: it is on hold, or our lease is over.
    `ended` are the rows whose ending was written: not those that another worker or a person has settled by now.
    """

    go: frozenset[int]
    held: frozenset[int] = frozenset()
    unsubscribed: frozenset[int] = frozenset()
    ended: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Worker:
    """Who sends: this machine and process, in words and so that it can be told whether it still lives."""

    name: str
    process: str

    @staticmethod
    @cache
    def this() -> Worker:
        """Return this process."""
        return Worker(f"{socket.gethostname()}:{os.getpid()}", _birth(os.getpid()))

    def is_gone(self) -> bool:
        """Say whether the process has certainly ended. Of other machines nobody here can say so."""
        host, _, number = self.name.rpartition(":")
        return host == socket.gethostname() and _birth(int(number)) != self.process


def _birth(number: int) -> str:
    """Return what tells a living process from another with its number, empty where there is none."""
    try:
        told = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if Path("/proc/self").exists() else _alive(number)
    after_name = told.rpartition(")")[2].split()
    return "" if after_name[0] in {"Z", "X"} else after_name[19]


def _alive(number: int) -> str:
    """Return the number of a process that lives, on systems that do not say when it began."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return str(number)
