"""The world as a command finds it: workspace, words, channels, ledger and clock, opened together."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crisiscomms.channels.base import Channel
from crisiscomms.channels.registry import channels
from crisiscomms.errors import Finding, InvalidInput, UsageError
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import site_content
from crisiscomms.messages.templates import voices
from crisiscomms.published import Copies, NoCopies, Published, PublishedIncident
from crisiscomms.record import CLOSED, Record, load_record
from crisiscomms.record.commitments import commitments, is_owed
from crisiscomms.workspace import Workspace, find_secret, is_url, secret

if TYPE_CHECKING:
    from crisiscomms.ledger import Ledger
    from crisiscomms.plan.build import World

#: Why an incident is on hold that became market-sensitive after some of it was published.
SENSITIVE = "it became market-sensitive"


@dataclass
class Room:
    """Everything a command works with. `now` is the clock's time where it was set by hand, else None."""

    workspace: Workspace
    rehearsal: bool
    fixed_now: datetime | None = None

    def clock(self) -> datetime:
        """Return the time: the one that was set, or the machine's."""
        return self.fixed_now or datetime.now(UTC)

    @cached_property
    def voices(self) -> dict[str, Voice]:
        """The languages that can be spoken."""
        return voices(self.workspace)

    @property
    def home(self) -> Path:
        """Where files land: the workspace, or its rehearsal."""
        return self.workspace.folder / "rehearsal" if self.rehearsal else self.workspace.folder

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """The channels. In a rehearsal none of them leads outside."""
        return channels(self.workspace, rehearsal=self.home if self.rehearsal else None)

    @property
    def ledger_place(self) -> Path | str:
        """The file of the ledger, or the address of its database. A rehearsal has a file of its own."""
        named = self.workspace.settings.ledger
        if not is_url(named):
            return self.home / named
        return self.home / "ledger.db" if self.rehearsal else named

    @property
    def has_ledger(self) -> bool:
        """Whether there is a ledger: a file is made with the first publication, a database is always there."""
        place = self.ledger_place
        return isinstance(place, str) or place.exists()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, opened."""
        from crisiscomms.ledger import Ledger  # noqa: PLC0415 -- a third of a second that a first check need not wait for

        place = self.ledger_place
        password = find_secret(self.workspace, "ledger", "password") if isinstance(place, str) else None
        ledger = Ledger(place, self.clock, whoami(), password)
        ledger.lease = float(os.environ.get("CRISISCOMMS_LEASE", ledger.lease))  # tests need not wait for a minute
        return ledger

    @property
    def where(self) -> str:
        """What a command needs that is shown to people, so that it stays in a rehearsal."""
        return " --rehearsal" if self.rehearsal else ""

    def close(self) -> None:
        """Close the ledger, if it was opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()

    def published(self) -> Published:
        """Return what is out. Nothing is, while there is no ledger."""
        return self.ledger.published() if self.has_ledger else Published()

    def secret(self, channel: str, name: str) -> str:
        """Return a secret of a channel. Raises CrisiscommsError."""
        return secret(self.workspace, channel, name)

    def secrets_of(self, channel: str) -> Callable[[str], str | None]:
        """Return what finds a secret of a channel by its short name, or None where there is none."""
        return lambda name: find_secret(self.workspace, channel, name)

    def incidents(self, named: list[str]) -> list[Record]:
        """Return the named records, or all that are open where none is named.

        Raises InvalidInput with the problems of all of them together.
        """
        records: list[Record] = []
        problems: list[Finding] = []
        out = Published() if named else self.published()
        for name in named or self.workspace.incidents():
            try:
                record = load_record(self.workspace, name)
            except InvalidInput as error:
                problems += error.findings
                continue
            if named or self.is_open(record, out):
                records.append(record)
        if problems:
            raise InvalidInput(problems)
        return records

    def is_open(self, record: Record, out: Published | None = None) -> bool:
        """Say whether an incident is open: until its last status says that it is over, nothing is owed by a day, and all is `out`.

        A past incident is open until its page is `out`; to who does not publish it never is.
        """
        if record.incident.history:
            return out is not None and not out.of(record.incident.id).site
        due = [update for update in record.incident.updates if update.at.at <= self.clock()]
        if not due or due[-1].status not in CLOSED or len(due) < len(record.incident.updates):
            return True
        if is_owed(record.incident, due[-1]):
            return True
        told = (out or self.published()).of(record.incident.id)
        return told.telling is None or due[-1].id not in told.telling.updates or self._keeps_from_readers(record, told)

    def _keeps_from_readers(self, record: Record, told: PublishedIncident) -> bool:
        """Say whether the page still waits for something of which the record says what became of it."""
        stood = told.telling.texts if told.telling else {}
        deeds = ((stood.get(f"deed.{one.key}"), bool(one.ended)) for one in commitments(record.incident))
        if any(known is not None and bool(known["done"]) != done for known, done in deeds):
            return True
        promises = {promise.id: (bool(promise.kept), bool(promise.broken)) for promise in record.incident.promises}
        pages = (site_content(self.ledger.blob(digest)) for digest in told.site.values())
        shown = ({one.id: (bool(one.kept), bool(one.broken)) for one in page.promises} for page in pages)
        return bool(promises) and any(promises != one for one in shown)

    def gone(self) -> list[str]:
        """Return the incidents that are on the site, not over, and have no record here any more."""
        here = set(self.workspace.incidents())
        stands = self.ledger.standing("site") if self.has_ledger else {}
        missing = [(name, digest) for (name, _), digest in stands.items() if name not in here]
        return sorted({name for name, digest in missing if site_content(self.ledger.blob(digest)).status not in CLOSED})

    def is_locked(self, name: str) -> bool:
        """Say whether an incident is market-sensitive and nobody opened it. One that cannot be read is judged elsewhere."""
        try:
            record = load_record(self.workspace, name, people=False)
        except (InvalidInput, UsageError):
            return False
        return record.incident.market_sensitive and not (self.has_ledger and self.ledger.opened(name))

    def world(self) -> World:
        """Return the plain values that a plan is made from."""
        from crisiscomms.plan.build import World  # noqa: PLC0415

        known = self.has_ledger
        read: Callable[[str], bytes] = self.ledger.blob if known else _nothing
        copies: Copies = self.ledger if known else NoCopies()
        opened: Callable[[str], bool] = self.ledger.opened if known else _closed
        published = self.published()
        return World(
            self.workspace, self.voices, self.channels, published, self.clock(), read, copies, opened, self.rehearsal
        )


def _closed(_incident: str) -> bool:
    return False


def _nothing(digest: str) -> bytes:
    raise KeyError(digest)


def whoami() -> str:
    """Return the name of the person at the keyboard, as far as the machine knows it."""
    try:
        return os.environ.get("CRISISCOMMS_WHO") or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


@contextmanager
def publishing(room: Room) -> Iterator[None]:
    """Hold the right to publish from this workspace. Raises Busy where someone else holds it."""
    from crisiscomms.errors import Busy  # noqa: PLC0415

    place = room.ledger_place
    with _database_lock(room) if isinstance(place, str) else _file_lock(room, place) as held:
        if not held:
            raise Busy(
                "someone else is publishing from this workspace",
                why="Two at once could say different things.",
                fix="Wait until they are done, then look again: crisiscomms status",
            )
        yield


@contextmanager
def _file_lock(room: Room, place: Path) -> Iterator[bool]:
    from filelock import FileLock, Timeout  # noqa: PLC0415

    room.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(room.home / f".{place.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def _database_lock(room: Room) -> Iterator[bool]:
    with room.ledger.store.planning(room.ledger.lease) as held:
        yield held
