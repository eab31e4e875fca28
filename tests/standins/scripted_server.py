"""A mail server on loopback that follows a script, phase by phase, and writes down each mail before it answers.

    with ScriptedServer({("ana@shop.example", "RCPT"): "450 later", ("#1", "EHLO"): DROP}) as server:
        ... send to server.port ...
        assert server.accepted == [("bea@shop.example", b"...")]

A script maps who and step to what is done there. Who is a recipient (from RCPT on), a connection ("#1" is the first), or
"*" for all. A list is used up one action at a time, and then the step is as usual. DATA that is answered "354 anyway" is
answered so without a recipient, too.

Steps: CONNECT, EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, BODY (one line of the mail is read), DOT (the mail is read,
and not taken), TAKEN (it is taken, and its reply is due), END (a lone dot), RSET, QUIT.

Actions: a reply such as "450 later", or
    DROP       hang up
    LATE_DROP  hang up a tenth of a second later
    STALL      stay silent until the server goes down, at most 10 seconds
    HALF       send half of the usual reply, and hang up
    LATE       send the usual reply half a second late
    GARBAGE    send what is no reply at all
    bye(text)  send that reply, and hang up
    also(text) send the usual reply, and that one unasked
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

DROP, LATE_DROP, STALL, HALF, LATE, GARBAGE = "drop", "late drop", "stall", "half", "late", "garbage"
_USUAL = {
    "CONNECT": "220 mail.example",
    "STARTTLS": "220 go on",
    "AUTH": "235 welcome",
    "DATA": "354 go ahead",
    "BODY": "",
    "END": "554 no valid recipients",
    "QUIT": "221 bye",
}


class Bye(NamedTuple):
    """A reply, and the end."""

    reply: str


class Also(NamedTuple):
    """A reply that nobody asked for, right behind the usual one."""

    reply: str


bye, also = Bye, Also


class _HungUp(Exception):
    """The end of a connection."""


class ScriptedServer:
    """`accepted` holds recipient and bytes of every mail that was taken, `heard` every line by connection number.

    `pipelining`: whether it says that it takes commands in groups. `offers`: what else it says. `bytewise`: every byte of a
    reply comes alone. `grouped`: the replies to MAIL, RCPT and DATA come together. `slow`: seconds before each reply.
    `listening`: whether anybody is there at all. `room`: how many connections it stands. `tls`: speaks TLS from the start.
    """

    def __init__(
        self,
        script: Mapping[tuple[str, str], Any] | None = None,
        *,
        pipelining: bool = True,
        offers: tuple[str, ...] = (),
        bytewise: bool = False,
        grouped: bool = False,
        listening: bool = True,
        room: int = 1000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.script = {key: list(what) if isinstance(what, list) else what for key, what in (script or {}).items()}
        self.offers = (*(("PIPELINING",) if pipelining else ()), *offers)
        self.bytewise, self.grouped, self.listening, self.room = bytewise, grouped, listening, room
        self.tls = tls
        self.accepted: list[tuple[str, bytes]] = []
        self.heard: list[tuple[int, str]] = []
        self.connections = self.open = self.most_open = 0
        self.port = 0

    def __enter__(self) -> Self:
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def verbs(self, connection: int) -> list[str]:
        """What was said on one connection, without arguments."""
        return [line.partition(" ")[0].upper() for number, line in self.heard if number == connection]

    def wait_until_alone(self, seconds: float = 10) -> None:
        """Wait until it has hung up on everybody. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while self.open:
            if time.monotonic() > end:
                raise TimeoutError("the server still talks")
            time.sleep(0.01)
        for _ in range(2):  # the socket is closed a round of the loop after the talk has ended
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(seconds)

    def _run(self) -> None:
        self._loop.set_exception_handler(lambda *_: None)  # clients of these tests break off on purpose
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._talks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(
            self._welcome, "127.0.0.1", 0, start_serving=self.listening, limit=2**20, ssl=self.tls
        )
        self.port = server.sockets[0].getsockname()[1]
        if not self.listening:
            server.close()
        self._ready.set()
        await self._stop.wait()
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await asyncio.sleep(0.01)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number, talk = self.connections, asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        for _ in range(5):  # whoever hung up before this one came is not counted as open beside it
            await asyncio.sleep(0)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await _Talk(self, number, reader, writer).run()
        except (_HungUp, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._talks.discard(talk)
            writer.transport.abort()


class _Talk:
    """One connection."""

    def __init__(
        self, server: ScriptedServer, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server, self._number, self._reader, self._writer = server, number, reader, writer
        self._sender = self._to = ""
        self._held = b""

    async def run(self) -> None:
        if self._server.open > self._server.room:
            await self._send("421 4.7.0 too many connections from you")
            return
        await self._do("CONNECT")
        while line := await self._line():
            self._server.heard.append((self._number, line.decode("latin-1").strip()))
            verb = line.split(b" ")[0].strip().decode("latin-1").upper()
            await getattr(self, f"_on_{verb.lower()}", self._on_other)(verb, line)
            if verb == "QUIT":
                return

    async def _line(self) -> bytes:
        return await self._reader.readline()

    # -- what is done at a step --------------------------------------------------------------------------------

    def _action(self, step: str) -> Any:
        for who in (self._to, f"#{self._number}", "*"):
            action = self._server.script.get((who, step))
            if isinstance(action, list):
                action = action.pop(0) if action else None
            if action is not None:
                return action
        return None

    async def _do(self, step: str, usual: str | None = None) -> str:
        """Play one step; return what was replied."""
        usual = _USUAL.get(step, "250 fine") if usual is None else usual
        action = self._action(step)
        if action == LATE_DROP:
            await asyncio.sleep(0.1)
        if action in {DROP, LATE_DROP}:
            raise _HungUp
        if action == STALL:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server._stop.wait(), 10)
            raise _HungUp
        if action == HALF:
            await self._send(usual[: len(usual) // 2], end="")
            await asyncio.sleep(0.02)
            raise _HungUp
        if action == LATE:
            await asyncio.sleep(0.5)
            action = None
        reply = "hello?" if action == GARBAGE else action.reply if isinstance(action, Bye) else action
        reply = usual if reply is None or isinstance(reply, Also) else reply
        if reply and self._server.grouped and step in {"MAIL", "RCPT"}:
            self._held += reply.encode() + b"\r\n"
        elif reply:
            await self._send(reply)
        if isinstance(action, Also):
            await self._send(action.reply)
        if isinstance(action, Bye):
            self._writer.close()
            raise _HungUp
        return reply

    async def _send(self, reply: str, end: str = "\r\n") -> None:
        data, self._held = self._held + (reply + end).encode(), b""
        for piece in [data[i : i + 1] for i in range(len(data))] if self._server.bytewise else [data]:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0)

    # -- verbs -------------------------------------------------------------------------------------------------

    async def _on_other(self, verb: str, _line: bytes) -> None:
        await self._do(verb, "500 what?" if verb not in {"RSET", "QUIT", "NOOP"} else None)

    async def _on_ehlo(self, verb: str, _line: bytes) -> None:
        said = ["mail.example", *self._server.offers]
        lines = [f"250-{each}" for each in said[:-1]] + [f"250 {said[-1]}"]
        await self._do(verb, "\r\n".join(lines))

    async def _on_helo(self, verb: str, _line: bytes) -> None:
        await self._do(verb)

    async def _on_auth(self, verb: str, _line: bytes) -> None:
        await self._do(verb)

    async def _on_starttls(self, verb: str, _line: bytes) -> None:
        await self._do(verb)
        await self._send("this is no handshake")
        await self._reader.read(1000)
        raise _HungUp

    async def _on_rset(self, verb: str, _line: bytes) -> None:
        self._sender = self._to = ""
        await self._do(verb)

    async def _on_mail(self, verb: str, line: bytes) -> None:
        if self._sender:
            await self._send("503 5.5.1 nested MAIL")
        elif (await self._do(verb)).startswith("2"):
            self._sender = line.decode("latin-1")

    async def _on_rcpt(self, verb: str, line: bytes) -> None:
        if not self._sender:
            await self._send("503 5.5.1 MAIL first")
            return
        self._to = line.decode("latin-1").partition("<")[2].partition(">")[0]
        if not (await self._do(verb)).startswith("2"):
            self._to = ""

    async def _on_data(self, verb: str, _line: bytes) -> None:
        lenient = self._server.script.get(("*", "DATA")) == "354 anyway"
        if not self._to and not lenient:
            await self._send("503 5.5.1 RCPT first" if self._sender else "503 5.5.1 MAIL first")
            return
        if (await self._do(verb)).startswith("354"):
            await self._take_mail()

    async def _take_mail(self) -> None:
        mail = b""
        if self._to:
            await self._do("BODY")
        while (line := await self._line()) != b".\r\n":
            if not line:
                raise _HungUp
            mail += line.removeprefix(b".")
        to, self._sender = self._to, ""
        if not to:
            await self._do("END")
            return
        if not await self._do("DOT", ""):
            self._server.accepted.append((to, mail))
            await self._do("TAKEN", f"250 2.0.0 queued as {len(self._server.accepted)}")
        self._to = ""
