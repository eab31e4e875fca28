"""The mails of one notice, reader by reader: who gets one, under which number, in which thread. Gone through, never kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import islice, repeat

from pydantic_core import to_json

from crisiscomms.channels.mail import mail_id
from crisiscomms.messages.letters import GREETING
from crisiscomms.messages.model import Notice
from crisiscomms.plan.deliveries import Deliveries
from crisiscomms.published import MAYBE_OUT, Copy, Draft, Heard
from crisiscomms.record import Recipient

_PORTION = 500


@dataclass
class Letters:
    """The deliveries of one notice through one channel. Going through them again gives the same again.

    `people` opens the list anew; `values` returns what fills the slots for one reader, in the order of the line's
    columns. `otherwise` counts readers who were told other figures of their own than the list has now. `elsewhere` counts
    those who get the mail of a line before instead. `heard` is when what this corrects was said. `scheduled`: the update is still to come, so what waits unchanged is left alone. `taken` are readers who get
    something about this update by an earlier line of another audience, as hashes of their addresses.
    """

    ledger: Deliveries
    notice: Notice
    line: dict[str, object]
    people: Callable[[], Iterable[Recipient]]
    values: Callable[[Recipient], Sequence[str | None]]
    scheduled: bool
    heard: Sequence[Heard] = ()
    taken: frozenset[int] = frozenset()
    readers: int = 0
    count: int = 0
    otherwise: int = 0
    elsewhere: int = 0
    digest: str = ""
    revised: bool = False
    frozen: int = 0
    _seen: set[int] = field(default_factory=set)

    def look(self, *, remember: bool) -> None:
        """Go through everybody once: count, digest, and what waits and is wanted. `remember` whom for the lines after."""
        whole, to_all = sha256(), self._is_to_all
        for person, copies in self._with_copies():
            self.readers += 1
            self.elsewhere += bool(self.taken) and hash(person.key) in self.taken
            self.otherwise += bool(copies) and self._was_told_otherwise(person, copies)
            if (copies or not to_all) and self._skips(person, copies):
                continue
            if remember:
                self._seen.add(hash(person.key))
            if not copies or self._changes(person, copies):
                self.count += 1
                # What this reader's mail will say follows from the line of the list and the message.
                whole.update(to_json([person.email, person.name, *person.cells]))
        self.digest = whole.hexdigest() if self.count else ""

    def _was_told_otherwise(self, person: Recipient, copies: Sequence[Copy]) -> bool:
        """Say whether a reader has a notice with other figures of their own than the list has now."""
        last = next((copy for copy in reversed(copies) if copy.kind == "notice" and copy.state in MAYBE_OUT), None)
        if last is None or self.notice.kind != "notice":
            return False
        now = dict(zip(_slots(str(self.line["columns"])), self.values(person), strict=True))
        before = dict(zip(_slots(last.columns), json.loads(last.person)[2:], strict=True))
        return any(before[slot] != now[slot] for slot in (before.keys() & now.keys()) - {GREETING})

    def _changes(self, person: Recipient, copies: Sequence[Copy]) -> bool:
        """Say whether a reader's delivery is new, or other than what waits. Note that what waits is wanted."""
        for copy in (copy for copy in copies if copy.waits and copy.update == self.notice.update):
            self.ledger.want(copy)
        waits = self._waits(copies)
        if waits is None:
            return True
        draft = self._draft(person, copies, waits)
        self.revised |= draft is not None and waits.digest != draft.digest
        return draft is not None

    @property
    def seen(self) -> frozenset[int]:
        """Readers who get something by this line, as hashes of their addresses."""
        return frozenset(self._seen)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Draft]:
        to_all = self._is_to_all
        for person, copies in self._with_copies():
            if (to_all and not copies) or self._is_to(person, copies):
                draft = self._draft(person, copies, self._waits(copies) if copies else None)
                if draft is not None:
                    yield draft

    def _with_copies(self) -> Iterator[tuple[Recipient, Sequence[Copy]]]:
        """Yield every reader with what they have or wait for already."""
        people = iter(self.people())
        ledger, channel = self.ledger, str(self.line["channel"])
        while portion := list(islice(people, _PORTION)):
            found = ledger.copies.of(self.notice.incident, channel, [person.key for person in portion])
            if found:
                yield from ((person, found.get(person.key, ())) for person in portion)
            else:
                yield from zip(portion, repeat(()))

    def _skips(self, person: Recipient, copies: Sequence[Copy]) -> bool:
        if self._waits_frozen(copies):
            self.frozen += 1
            return True
        return not self._is_to(person, copies)

    def _waits_frozen(self, copies: Sequence[Copy]) -> bool:
        """Say whether a message to a reader waits as it was published: it goes with those words, and only once."""
        mine = (self.notice.update, self.notice.kind)
        return any(copy.waits and copy.frozen and (copy.update, copy.kind) == mine for copy in copies)

    @property
    def _is_to_all(self) -> bool:
        """Whether it is to everybody who has nothing yet, as nearly all have at a first notice."""
        return not self.taken and self.notice.kind != "correction"

    def _is_to(self, person: Recipient, copies: Sequence[Copy]) -> bool:
        if self.taken and hash(person.key) in self.taken:
            return False
        if not copies:
            return self.notice.kind != "correction"
        if self._waits_frozen(copies):
            return False
        if self._waits(copies):
            return True  # also what a person wants sent once more, before its time
        if self.notice.kind == "correction":
            return any(heard.by(copies) for heard in self.heard)
        # What was due and cancelled all the same is of a reader who asked for no more mail: they are not asked again.
        mine = (self.notice.update, "notice")
        return not any(
            (copy.update, copy.kind) == mine and not copy.waits and (copy.state != "cancelled" or copy.frozen)
            for copy in copies
        )

    def _waits(self, copies: Sequence[Copy]) -> Copy | None:
        mine = (self.notice.update, self.notice.kind)
        return next((copy for copy in copies if copy.waits and (copy.update, copy.kind) == mine), None)

    def _draft(self, person: Recipient, copies: Sequence[Copy], waits: Copy | None) -> Draft | None:
        """Return a reader's delivery. None where it waits already, just so."""
        made = to_json([person.email, person.name, *self.values(person)]).decode()
        found = self.ledger.digest_of(self.line, made)
        if not copies:
            return Draft(person.key, 0, made, found)
        if waits is not None:
            if self.scheduled and waits.digest == found:
                return None
            return Draft(person.key, waits.number, made, found, self._thread(person, copies), waits.id)
        same = [copy for copy in copies if copy.update == self.notice.update]
        number = max((copy.number for copy in same), default=-1) + 1
        if self.notice.kind == "correction" and not any(c.kind == "notice" and c.state in MAYBE_OUT for c in same):
            number += 1  # the same plan may bring this reader the notice, which takes the number before
        return Draft(person.key, number, made, found, self._thread(person, copies))

    def _thread(self, person: Recipient, copies: Sequence[Copy]) -> str:
        """Return the Message-ID of the first mail that this reader got about the incident."""
        first = next((copy for copy in copies if copy.names and copy.state in MAYBE_OUT), None)
        return mail_id(self.notice.incident, first.update, first.number, person.key, first.names) if first else ""


@lru_cache
def _slots(columns: str) -> tuple[str, ...]:
    """Read the columns of a line, which all its readers share."""
    return tuple(json.loads(columns))
