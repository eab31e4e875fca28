"""A fast mail server on loopback: it writes down who got a mail before it answers, and can be slow or silent on demand.

    with Sink(folder / "taken.log") as sink:
        sink.rule = lambda address, count: SWALLOW if count == 100 else None
        ... send to sink.port ...
        assert sink.counts["ana@shop.example"] == 1

It takes commands in groups, and a whole mail in one look at its bytes. What is in the mails it forgets.
"""

from __future__ import annotations

import asyncio
import math
import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

#: What a rule may return besides seconds: never answer on this connection again.
SWALLOW = math.inf
_END, _BARE_END = b"\r\n.\r\n", b".\r\n"
_REPLIES = {
    b"EHLO": b"250-mail.example\r\n250-8BITMIME\r\n250 PIPELINING\r\n",
    b"HELO": b"250 mail.example\r\n",
    b"MAIL": b"250 fine\r\n",
    b"RSET": b"250 fine\r\n",
    b"NOOP": b"250 fine\r\n",
}


class Sink:
    """`taken` holds the address of every mail, in order. `log` is a file that holds the same, one address a line.

    `rule` is asked once a mail is written down, with its address and how many there are: None answers at once, a number
    after so many seconds, SWALLOW never. It runs in the server's thread.
    """

    def __init__(self, log: Path) -> None:
        self.taken: list[str] = []
        self.rule: Callable[[str, int], float | None] = lambda _address, _count: None
        self.port = 0
        self._log = log

    @property
    def counts(self) -> Counter[str]:
        """How many mails each address got."""
        return Counter(self.taken)

    def __enter__(self) -> Self:
        self._file = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._talks: set[_Talk] = set()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._loop.close()
        os.close(self._file)

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await self._loop.create_server(lambda: _Talk(self), "127.0.0.1", 0, backlog=200)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for talk in list(self._talks):
            talk.transport.abort()
        await asyncio.sleep(0.01)

    def take(self, address: bytes) -> float | None:
        """Write a mail down. Returns what the rule says."""
        os.write(self._file, address + b"\n")
        name = address.decode("latin-1")
        self.taken.append(name)
        return self.rule(name, len(self.taken))


class _Talk(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, sink: Sink) -> None:
        self._sink, self._rest, self._to = sink, b"", b""
        self._in_mail = self._waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._sink._talks.add(self)
        transport.write(b"220 mail.example\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink._talks.discard(self)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        self._go_on()

    def _go_on(self) -> None:
        """Read as far as the bytes go, and answer all of it at once. While an answer waits, nothing is read."""
        replies = []
        while not self._waits:
            reply = self._mail() if self._in_mail else self._command()
            if reply is None:
                break
            replies.append(reply)
        if replies:
            self.transport.write(b"".join(replies))

    def _mail(self) -> bytes | None:
        """Read to the lone dot. None: it is not here yet, or its answer waits."""
        if self._rest.startswith(_BARE_END):
            end = len(_BARE_END)
        elif (found := self._rest.find(_END)) >= 0:
            end = found + len(_END)
        else:
            return None
        self._rest, self._in_mail = self._rest[end:], False
        patience = self._sink.take(self._to)
        if patience is None:
            return b"250 2.0.0 queued\r\n"
        self._waits = True
        if patience < SWALLOW:
            asyncio.get_running_loop().call_later(patience, self._answer)
        return None

    def _answer(self) -> None:
        self._waits = False
        self.transport.write(b"250 2.0.0 queued\r\n")
        self._go_on()

    def _command(self) -> bytes | None:
        line, found, rest = self._rest.partition(b"\n")
        if not found:
            return None
        self._rest = rest
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._to = line.partition(b"<")[2].partition(b">")[0]
            return b"250 fine\r\n"
        if verb == b"DATA":
            self._in_mail = True
            return b"354 go ahead\r\n"
        if verb == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
            self._waits = True
            return None
        return _REPLIES.get(verb, b"500 what?\r\n")
