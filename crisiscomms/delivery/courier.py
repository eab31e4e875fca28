"""A courier: a process of its own that makes mails ready and speaks to the mail server, while this one keeps the ledger.

The last byte of a mail goes only when this process says so, and it says so only when the ledger holds the mark. A courier
whose other side is gone can therefore begin nothing more; where the courier itself is gone, what it was told to end is in
doubt, and everything else certainly was not sent.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from crisiscomms.channels.base import FanChannel, NotSent, Outcome, OutcomeUnknown, Receipt, Rejected
from crisiscomms.delivery.carrier import Carried, Readers
from crisiscomms.delivery.frames import Frames, framed
from crisiscomms.delivery.frozen import Parcel

_COMMAND = (sys.executable, "-m", "crisiscomms.delivery.courier_process")
#: Mails in hand for each connection: those that a fan has, and one on the way to the courier.
_IN_HAND = 4
#: Seconds between two looks at the clock, and for a courier's goodbye.
_BEAT, _GOODBYE = 1.0, 12.0
#: How many bytes are read at once.
_PORTION = 32_768
_MESSAGE = Parcel._fields.index("message")
_LOST = "the process that speaks to the mail server ended unexpectedly"


@asynccontextmanager
async def courier(
    channel: FanChannel, secret: Callable[[str], str], blob: Callable[[str], bytes]
) -> AsyncIterator[Courier]:
    """Start a courier for a channel. `blob` returns the bytes of a digest. Raises what `secret` raises."""
    hello = framed(("open", channel.packed(secret)))
    loop = asyncio.get_running_loop()
    pipes, one = await loop.subprocess_exec(
        lambda: Courier(channel.caps.connections, blob), *_COMMAND, stdin=-1, stdout=-1, stderr=None
    )
    one.begin(pipes, hello)
    try:
        yield one
    finally:
        await one.close()


class Courier(asyncio.SubprocessProtocol):
    """See `Carrier`. Belongs to the event loop that it is made in."""

    def __init__(self, connections: int, blob: Callable[[str], bytes]) -> None:
        self._most, self._blob = _IN_HAND * connections, blob
        # While we write the marks of one half, the courier is at work on the other.
        self._half = max(1, connections // 2)
        self._loop = asyncio.get_running_loop()
        self._frames, self._told = Frames(), set[str]()
        # The courier's own number of each mail in flight: a tag that was stopped may come again, and old news must not
        # be taken for it.
        self._last = 0
        self._number: dict[int, int] = {}
        self._tag: dict[int, int] = {}
        self._gone: set[int] = set()
        self._edge: list[tuple[int, Readers]] = []
        self._ended: list[tuple[int, Outcome]] = []
        self._fault = ""
        self._unsaid: list[bytes] = []
        self._news, self._over = asyncio.Event(), asyncio.Event()

    def begin(self, pipes: asyncio.SubprocessTransport, hello: bytes) -> None:
        """Say which channel to open."""
        self._pipes = pipes
        read_little(pipes.get_pipe_transport(1))
        self._out = cast("asyncio.WriteTransport", pipes.get_pipe_transport(0))
        self._out.write(hello)
        self._timer = self._loop.call_later(_BEAT, self._tick)

    # -- what the drain asks for -------------------------------------------------------------------------------

    def wants(self) -> int:
        """See `Carrier.wants`."""
        return 0 if self._over.is_set() else max(0, self._most - len(self._tag))

    def give(self, parcels: Sequence[tuple[int, tuple[Any, ...]]]) -> None:
        """See `Carrier.give`."""
        numbered = []
        for tag, parcel in parcels:
            message: str = parcel[_MESSAGE]
            if message not in self._told:
                self._told.add(message)
                self._say("blob", message, self._blob(message))
            self._last += 1
            self._number[tag], self._tag[self._last] = self._last, tag
            numbered.append((self._last, parcel))
        self._say("give", numbered)
        self._flush()

    async def turn(self) -> Carried:
        """See `Carrier.turn`."""
        self._flush()
        if self._ended or self._edge:
            await asyncio.sleep(0)
        else:
            self._news.clear()
            await self._news.wait()
        if self._fault:
            raise RuntimeError(self._fault)
        if self._over.is_set():
            self._lose_all()
        edge, self._edge = self._edge[: self._half], self._edge[self._half :]
        ended, self._ended = self._ended, []
        return Carried(
            [(self._tag[number], readers) for number, readers in edge if number in self._tag],
            [(self._forget(number), outcome) for number, outcome in ended if number in self._tag],
        )

    async def go(self, tags: Iterable[int]) -> None:
        """See `Carrier.go`."""
        numbers = [self._number[tag] for tag in tags if tag in self._number]
        self._gone.update(numbers)
        if numbers:
            self._say("go", numbers)

    def stop(self, tags: Iterable[int]) -> None:
        """See `Carrier.stop`. What was told to end is passed over."""
        numbers = [self._number[tag] for tag in tags if tag in self._number]
        numbers = [number for number in numbers if number not in self._gone]
        for number in numbers:
            self._forget(number)
        self._say("stop", numbers)

    async def close(self) -> None:
        """Let the courier say its goodbyes, and wait until it is gone. What is in flight ends in no outcome."""
        self._timer.cancel()
        self._flush()
        self._out.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), _GOODBYE)
        if not self._over.is_set():
            self._pipes.kill()
            await self._over.wait()
        self._pipes.close()

    # -- what the courier says ---------------------------------------------------------------------------------

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Read what the courier says."""
        del fd
        for what, *told in self._frames.of(data):
            if what == "turn":
                self._edge += told[0]
                self._ended += [(number, Receipt(*receipt)) for number, receipt in told[1]]
                self._ended += [(number, unpacked(*outcome)) for number, outcome in told[2]]
            else:
                self._fault = f"{_LOST}: {told[0]}"
        self._news.set()

    def process_exited(self) -> None:
        """Note that the courier is gone. What it said before stands."""
        self._over.set()
        self._news.set()

    def _lose_all(self) -> None:
        """End what is in flight, and of which nothing was said."""
        heard = {number for number, _ in self._ended}
        for number in self._tag.keys() - heard:
            self._ended.append((number, OutcomeUnknown(_LOST) if number in self._gone else NotSent(_LOST)))
        self._edge = []

    def _tick(self) -> None:
        self._news.set()
        self._timer = self._loop.call_later(_BEAT, self._tick)

    def _forget(self, number: int) -> int:
        tag = self._tag.pop(number)
        del self._number[tag]
        self._gone.discard(number)
        return tag

    def _say(self, *message: Any) -> None:
        self._unsaid.append(framed(message))

    def _flush(self) -> None:
        if self._unsaid:
            self._out.write(b"".join(self._unsaid))
            self._unsaid.clear()


def read_little(pipe: Any) -> None:
    """Let a pipe be read in portions that are cheap to make room for: the usual ones are a quarter of a megabyte."""
    pipe.max_size = _PORTION


def packed(outcome: Outcome) -> tuple[Any, ...]:
    """Return an outcome that is no receipt as plain values."""
    evidence = dict(outcome.evidence)
    if isinstance(outcome, NotSent):
        return "NotSent", outcome.reason, evidence, outcome.retry_after, outcome.only_this
    assert not isinstance(outcome, Receipt)  # noqa: S101 -- there are too many of these to go this way
    return type(outcome).__name__, outcome.reason, evidence


def unpacked(kind: str, reason: str, evidence: dict[str, str], *more: Any) -> Outcome:
    """Return the outcome that `packed` made plain."""
    if kind == "NotSent":
        return NotSent(reason, evidence=evidence, retry_after=more[0], only_this=more[1])
    return (Rejected if kind == "Rejected" else OutcomeUnknown)(reason, evidence=evidence)
