"""Mails a second over the wire, without a ledger, beside Postfix's smtp-source: the same sink, size and connections.

With --round-trip: one connection to a server that is so many milliseconds away, beside smtplib's one connection.

Needs /usr/sbin/smtp-sink and smtp-source (Debian: postfix), but not with --round-trip. Runs are paired, so that noise hits both; the median of the
ratios is what tells. CPU is ours alone, in microseconds a mail.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import smtplib
import statistics
import time
from typing import Any

from benchmarks.postfix import sink, source
from crisiscomms.channels.base import Prepared, Receipt
from crisiscomms.channels.smtp import SmtpChannel

BODY = b"\r\n" + b"It was our fault, and this is what we do about it, line by line....\r\n" * 185
SENDER = "incident@northwind.example"


def mail(number: int) -> Prepared:
    """Return one mail with a head of its own."""
    to = f"person{number}@shop.example"
    head = (
        f"From: {SENDER}\r\nTo: {to}\r\nSubject: We failed to take your payments\r\nMessage-ID: <{number}.{SENDER}>\r\n"
    )
    return Prepared((head.encode(), BODY), {"from": SENDER, "to": to, "message_id": f"<{number}.{SENDER}>"})


async def fan_out(port: int, count: int, connections: int) -> None:
    """Send `count` mails, releasing every dot at once."""
    table = {"host": "127.0.0.1", "port": port, "sender": SENDER, "connections": connections}
    channel = SmtpChannel.from_table("email", {**table, "mails_per_connection": 1_000_000}, b"k" * 32)
    given = taken = 0
    async with channel.fan(str) as fan:
        while taken < count:
            while given < min(count, taken + 3 * connections):
                fan.give(given, mail(given))
                given += 1
            turn = await fan.turn()
            await fan.go(turn.edge)
            for _, outcome in turn.ended:
                if not isinstance(outcome, Receipt):
                    raise outcome
                taken += 1


def ours(port: int, count: int, connections: int) -> tuple[float, float, float]:
    """Return mails a second, and user and system microseconds a mail."""
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    asyncio.run(fan_out(port, count, connections))
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return count / wall, user / count * 1e6, system / count * 1e6


def theirs(port: int, count: int, connections: int) -> float:
    """Return mails a second."""
    return source(port, count, connections, len(mail(0).payload), SENDER)


class Far(asyncio.Protocol):
    """The server's side of a connection to a mail server that is `half` a round trip away, in seconds, either way."""

    def __init__(self, half: float) -> None:
        self._half, self._loop = half, asyncio.get_running_loop()
        self._rest, self._in_mail = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(b"220 far.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Hear it half a round trip late."""
        self._loop.call_later(self._half, self._hear, data)

    def _say(self, reply: bytes) -> None:
        self._loop.call_later(self._half, self._transport.write, reply)

    def _hear(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n.\r\n" if self._in_mail else b"\r\n")) >= 0:
            line, self._rest = self._rest[:end], self._rest[end + (5 if self._in_mail else 2) :]
            verb = line[:4].upper()
            if self._in_mail:
                self._say(b"250 2.0.0 Ok: queued\r\n")
            elif verb == b"EHLO":
                self._say(b"250-far.example\r\n250 PIPELINING\r\n")
            else:
                self._say({b"DATA": b"354 Go on\r\n", b"QUIT": b"221 Bye\r\n"}.get(verb, b"250 2.0.0 Ok\r\n"))
            self._in_mail = verb == b"DATA" and not self._in_mail


def far_away(milliseconds: float, ready: Any) -> None:
    """Serve, and tell the port."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Far(milliseconds / 2000), "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def one_connection(milliseconds: float, count: int, pairs: int) -> None:
    """Print how one connection to a server far away compares with smtplib's."""
    ours_hear, theirs_say = multiprocessing.Pipe()
    server = multiprocessing.Process(target=far_away, args=(milliseconds, theirs_say), daemon=True)
    server.start()
    port = ours_hear.recv()
    runs = []
    for _ in range(pairs):
        began = time.perf_counter()
        with smtplib.SMTP("127.0.0.1", port) as plain:
            for number in range(count):
                made = mail(number)
                plain.sendmail(SENDER, made.envelope["to"], made.payload)
        plainly = count / (time.perf_counter() - began)
        runs.append((ours(port, count, 1)[0], plainly))
    server.terminate()
    server.join(10)
    ratios = [mine / plain for mine, plain in runs]
    print(f"{count} mails over one connection, {milliseconds:g} ms a round trip, {pairs} pairs")
    print(f"fan          {statistics.median(mine for mine, _ in runs):10.1f} mails/s")
    print(f"smtplib      {statistics.median(plain for _, plain in runs):10.1f} mails/s")
    print(f"ratio        {statistics.median(ratios):10.2f} [{min(ratios):.2f}..{max(ratios):.2f}]")


def main() -> None:
    """Print the median of the paired ratios and what is behind it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mails", type=int, default=20_000)
    options.add_argument("--pairs", type=int, default=7)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--round-trip", type=float, help="milliseconds; with it, 200 mails over one connection")
    chosen = options.parse_args()
    if chosen.round_trip:
        one_connection(chosen.round_trip, 200, chosen.pairs)
        return
    with sink() as port:
        ours(port, 1000, chosen.connections)
        runs = [
            (ours(port, chosen.mails, chosen.connections), theirs(port, chosen.mails, chosen.connections))
            for _ in range(chosen.pairs)
        ]
    ratios = [mine[0] / other for mine, other in runs]
    print(
        f"{chosen.mails} mails of {len(mail(0).payload)} bytes, {chosen.connections} connections, {chosen.pairs} pairs"
    )
    print(f"fan          {statistics.median(mine[0] for mine, _ in runs):10,.0f} mails/s")
    print(f"smtp-source  {statistics.median(other for _, other in runs):10,.0f} mails/s")
    print(f"ratio        {statistics.median(ratios):10.2f} [{min(ratios):.2f}..{max(ratios):.2f}]")
    print(f"our CPU      {statistics.median(mine[1] for mine, _ in runs):10.1f} us user a mail")
    print(f"             {statistics.median(mine[2] for mine, _ in runs):10.1f} us system a mail")


if __name__ == "__main__":
    main()
