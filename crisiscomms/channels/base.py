"""How every place is spoken to: one Protocol, three outcomes and no fourth.

A send ends in a `Receipt`, in `NotSent` or `Rejected` (both certain: nobody got it), or in `OutcomeUnknown` (somebody
may have got it, so it is never tried again unasked). A channel has two halves: `prepare` is pure and touches
nothing; `open` is the only way to the outside. A rehearsal uses the first half and never the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from crisiscomms.limits import Limit
from crisiscomms.messages.model import Notice, Post

Shape = Literal["site", "mail", "post"]
NOTHING: Mapping[str, str] = MappingProxyType({})


class Caps(NamedTuple):
    """What a place can do.

    `shape`: what kind of message goes there. `leaves_machine`: whether anyone outside sees it, so that a plan needs
    approval. `can_find`: whether it can be asked what it has, after doubt. `limit`: how long a post may be.
    `repeats`: whether sending the same once more changes nothing, so that there is never any doubt. `fans`: whether it is
    spoken to over many connections at once (`FanChannel`), at most `connections`. `per_second`: how many messages a second
    it may be given.
    """

    shape: Shape
    leaves_machine: bool
    can_find: bool = False
    limit: Limit | None = None
    repeats: bool = False
    fans: bool = False
    connections: int = 1
    per_second: float | None = None


class Letter(NamedTuple):
    """One notice for one recipient. `values` fills the notice's slots.

    `thread` is the Message-ID of the first notice of this incident that the recipient got through this channel, or
    None. `number` is 0, then counts corrections and resends. `at` is when it was to go: mails are dated by it.
    """

    notice: Notice
    email: str
    name: str
    values: Mapping[str, str]
    at: datetime
    number: int = 0
    thread: str | None = None


class Posting(NamedTuple):
    """One post for one account. `at` is the update's time."""

    post: Post
    at: datetime
    number: int = 0


class Prepared(NamedTuple):
    """Exactly what will be sent: its bytes in pieces, and what the place needs besides (plain strings only, no secret).

    Most pieces are the same for all readers, so they are put together only where they are used. `token` stands for the
    reader in the unsubscribe address, and is empty where the message has none. `ready`: whoever made the bytes has checked
    their lines, and none of them begins with a dot.
    """

    pieces: Sequence[bytes]
    envelope: Mapping[str, str] = NOTHING
    token: str = ""
    ready: bool = False

    @property
    def payload(self) -> bytes:
        """All its bytes."""
        return b"".join(self.pieces)


class Receipt(NamedTuple):
    """The evidence that it is out: the place's own id, its address if it has one, the place's words."""

    id: str
    url: str = ""
    evidence: Mapping[str, str] = NOTHING


class NotSent(Exception):
    """Certain: nobody got it, and it may be tried again. `retry_after` is in seconds, if the place said so.

    `only_this`: the place spoke about this one message, so the next one may well go. `in_passing`: it does so with every
    message that it has not seen before, and takes it later (greylisting), so it says nothing about the place.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        evidence: Mapping[str, str] | None = None,
        only_this: bool = False,
        in_passing: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.evidence = reason, retry_after, dict(evidence or {})
        self.only_this, self.in_passing = only_this, in_passing

    @classmethod
    def by_disk(cls, error: OSError) -> NotSent:
        """Return what the disk refused: a file is there whole or not at all, so nobody got it."""
        return cls(f"{error.strerror}: {error.filename}")


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


Outcome = Receipt | NotSent | Rejected | OutcomeUnknown


class Turn(NamedTuple):
    """What happened since the last turn.

    `edge`: tags of messages that are with the place whole, but for the last byte that it waits for. `ended`: how attempts
    ended, by tag.
    """

    edge: list[int]
    ended: list[tuple[int, Outcome]]


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


class Fan(Protocol):
    """Many connections to one place, driven in turns by one task. A tag is unique among the messages in flight."""

    def give(self, tag: int, prepared: Prepared) -> None:
        """Queue one message. There is one attempt, with no retry that a place could notice."""
        ...

    async def turn(self) -> Turn:
        """Wait until something must be decided, but no longer than a second, and return all of it at once."""
        ...

    async def go(self, tags: Iterable[int]) -> None:
        """Send the last byte of these messages. What the place said meanwhile is read first; what has ended is passed over."""
        ...

    def stop(self, tags: Iterable[int]) -> None:
        """Break these messages off before their last byte. They end in no outcome: nobody got them.

        A message whose last byte is on its way already is passed over, and ends as it does.
        """
        ...

    async def close(self) -> None:
        """Say goodbye within seconds, and close every connection. What is in flight ends in no outcome."""
        ...


class Channel(Protocol):
    """One place, as its table in the workspace describes it."""

    name: str
    caps: Caps

    def prepare(self, item: Letter | Posting) -> Prepared:
        """Return the exact bytes for a message. Pure: same input, same bytes."""
        ...

    def open(self, secret: Callable[[str], str]) -> AbstractContextManager[Sender]:
        """Connect. `secret` returns a secret of this channel by its short name; connecting may wait until the first send."""
        ...


class FanChannel(Channel, Protocol):
    """A channel whose `caps.fans` is true. Its `open` raises TypeError."""

    def fan(self, secret: Callable[[str], str]) -> AbstractAsyncContextManager[Fan]:
        """Open many connections, each when it is first needed. Raises what `secret` raises where a login needs one."""
        ...
