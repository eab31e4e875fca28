"""How every place is spoken to: one Protocol, three outcomes and no fourth.

A send ends in a `Receipt`, in `NotSent` or `Rejected` (both certain: nobody got it), or in `OutcomeUnknown` (somebody
may have got it, so it is never tried again unasked). A channel has two halves: `prepare` is pure and touches
nothing; `open` is the only way to the outside. A rehearsal uses the first half and never the second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from crisiscomms.limits import Limit
from crisiscomms.messages.model import Notice, Post

Shape = Literal["site", "mail", "post"]


@dataclass(frozen=True, slots=True)
class Caps:
    """What a place can do.

    `shape`: what kind of message goes there. `leaves_machine`: whether anyone outside sees it, so that a plan needs
    approval. `can_find`: whether it can be asked what it has, after doubt. `limit`: how long a post may be.
    `repeats`: whether sending the same once more changes nothing, so that there is never any doubt.
    """

    shape: Shape
    leaves_machine: bool
    can_find: bool = False
    limit: Limit | None = None
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """One notice for one recipient. `values` fills the notice's slots.

    `thread` is the Message-ID of the first notice of this incident that the recipient got through this channel, or
    None. `number` is 0, then counts corrections and resends. `at` is the update's time: mails are dated by it.
    """

    notice: Notice
    email: str
    name: str
    values: Mapping[str, str]
    at: datetime
    number: int = 0
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """One post for one account. `at` is the update's time."""

    post: Post
    at: datetime
    number: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """Exactly what will be sent: its bytes, and what the place needs besides (plain strings only, no secret)."""

    payload: bytes
    envelope: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The evidence that it is out: the place's own id, its address if it has one, the place's words."""

    id: str
    url: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


class NotSent(Exception):
    """Certain: nobody got it, and it may be tried again. `retry_after` is in seconds, if the place said so.

    `only_this`: the place spoke about this one message, so the next one may well go.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        evidence: Mapping[str, str] | None = None,
        only_this: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.evidence = reason, retry_after, dict(evidence or {})
        self.only_this = only_this


class Rejected(Exception):
    """Certain: the place refused it for good, and nobody got it."""

    def __init__(self, reason: str, *, evidence: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason, self.evidence = reason, dict(evidence or {})


class OutcomeUnknown(Exception):
    """It may be out. A person, or the place itself, has to say."""

    def __init__(self, reason: str, *, evidence: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason, self.evidence = reason, dict(evidence or {})


class Sender(Protocol):
    """The half of a channel that reaches the outside. One thread uses it at a time."""

    def send(self, prepared: Prepared, *, parent: Receipt | None, edge: Callable[[], None]) -> Receipt:
        """Make one attempt, with no retry of any kind.

        `parent` is the receipt of the message this one answers to, if any. `edge` must be called once, right before the
        first byte after which the place might accept: what fails before it is NotSent, what is silent after it is unknown.
        If `edge` raises, the attempt is broken off before that byte, the connection is dropped, and the error passes through.
        """
        ...

    def find_existing(self, prepared: Prepared, *, since: datetime) -> Receipt | None:
        """Ask the place whether it has this message already. Raises NotSent where it cannot be asked now."""
        ...


class Channel(Protocol):
    """One place, as its table in the workspace describes it."""

    name: str
    caps: Caps

    def prepare(self, item: Letter | Posting) -> Prepared:
        """Return the exact bytes for a message. Pure: same input, same bytes."""
        ...

    def message_id(self, item: Letter | Posting) -> str:
        """Return the id that the message will carry, if it is known beforehand, else an empty string."""
        ...

    def open(self, secret: Callable[[str], str]) -> AbstractContextManager[Sender]:
        """Connect. `secret` returns a secret of this channel by its short name; connecting may wait until the first send."""
        ...
