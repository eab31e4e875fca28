"""A mail server that restarts under load, over and over: nobody is lost, nobody is told twice, and the run goes on."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from crisiscomms.channels.base import Caps, Prepared
from crisiscomms.channels.smtp import SmtpSettings
from crisiscomms.channels.smtp_fan import SmtpFan
from crisiscomms.delivery.fanning import Fanning
from crisiscomms.delivery.outcomes import Failures
from crisiscomms.ledger import Ledger, State
from crisiscomms.ledger.rows import Line
from crisiscomms.published import Draft, iso

PEOPLE = 300


class Restarting:
    """A mail server that hangs up on nearly everybody at chance moments. `taken` counts the mails it has, by address."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.taken, self.talks = chance, Counter(), set()
        self.often, self.slow = chance.choice([0.02, 0.05, 0.1]), chance.choice([0, 0.002, 0.01])
        self.pipelining = chance.random() < 0.7

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talks.add(writer)
        try:
            await self._talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            self.talks.discard(writer)
            writer.close()

    async def _talk(self, reader, writer):
        writer.write(b"220 mail.example\r\n")
        to, in_mail = "", False
        while line := await reader.readline():
            verb = line[:4].upper()
            if in_mail:
                if line != b".\r\n":
                    continue
                in_mail, answer = False, b"250 taken\r\n"
                self.taken[to] += 1
                if self._restarts():
                    return
            elif verb == b"EHLO":
                answer = b"250-mail.example\r\n250 PIPELINING\r\n" if self.pipelining else b"250 mail.example\r\n"
            elif verb == b"DATA":
                in_mail, answer = True, b"354 go on\r\n"
            elif verb == b"QUIT":
                return
            else:
                to = line[9:-3].decode() if verb == b"RCPT" else to
                answer = b"250 fine\r\n"
                if verb == b"MAIL" and self._restarts():
                    return
            await asyncio.sleep(self.chance.random() * self.slow)
            writer.write(answer)

    def _restarts(self) -> bool:
        if self.chance.random() >= self.often:
            return False
        for writer in list(self.talks):
            if self.chance.random() < 0.9:
                writer.close()
        return True


async def runs(server: Restarting, ledger: Ledger) -> None:
    """Send as five publishes one after the other would; at times one is told to stop."""
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    settings = SmtpSettings(
        host="127.0.0.1",
        port=listening.sockets[0].getsockname()[1],
        sender="a@shop.example",
        connections=16,
        mails_per_connection=server.chance.choice([3, 100]),
    )
    envelope = {"from": "a@shop.example", "message_id": "<1@shop.example>"}
    body = b"From: a@shop.example\r\n\r\nWe are sorry.\r\n"
    outside = SimpleNamespace(
        prepare=lambda row: (Prepared((body,), {**envelope, "to": row.recipient}, ready=True), (row.recipient,))
    )
    fan, caps = SmtpFan(settings, ""), Caps("mail", leaves_machine=True, connections=settings.connections)
    stage = ledger.stages([1])[0]
    try:
        for _ in range(5):
            left = [server.chance.randrange(30)] if server.chance.random() < 0.5 else []

            def stopping(left: list[int] = left) -> bool:
                left[:] = [number - 1 for number in left]
                return bool(left) and left[0] < 0

            work = Fanning(ledger, stage, fan, caps, outside, lambda *_: None, Failures(), stopping)
            await asyncio.wait_for(work.run(), 30)
    finally:
        await fan.close()
        listening.close()
    assert fan._lines == set(), "a connection that is gone takes a place for ever"


@pytest.mark.parametrize("seed", range(12))
def test_a_server_that_restarts_again_and_again_loses_nobody_and_hears_nothing_twice(tmp_path, seed):
    server = Restarting(random.Random(seed))
    ledger = Ledger(tmp_path / "ledger.db", lambda: datetime.now(UTC), "a test")
    now = iso(datetime.now(UTC))
    item = {
        **dict.fromkeys(("incident", "update_id", "channel", "kind", "audience", "message", "settings"), "x"),
        "account": "",
        "names": "",
        "columns": "[]",
        "policy": "ask",
        "most": None,
        "at": now,
        "rank": 10,
        "not_before": now,
    }
    drafts = [Draft(f"p{n}@shop.example", 0, '["a",""]', b"d") for n in range(PEOPLE)]
    ledger.freeze("x", "f", ledger.clock(), lambda _: "{}", {"x": b"x"}, [Line(item, drafts)], [])
    asyncio.run(runs(server, ledger))
    rows = ledger.rows()
    ledger.close()
    assert len(rows) == PEOPLE
    assert max(server.taken.values(), default=1) == 1
    for row in rows:
        had = server.taken[row.recipient]
        assert row.state in {State.SENT, State.DOUBT} if had else row.state in {State.PLANNED, State.RETRY, State.DOUBT}
