"""What runs in a courier's process. See `courier`."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from crisiscomms.channels.base import Receipt
from crisiscomms.channels.registry import unpacked
from crisiscomms.delivery.carrier import Here
from crisiscomms.delivery.courier import packed, read_little
from crisiscomms.delivery.frames import Frames, framed
from crisiscomms.delivery.frozen import Frozen

#: After how many new objects Python looks for cycles among them. Hardly any is in one.
_NEW_OBJECTS = 50_000


class Orders(asyncio.Protocol):
    """Takes the orders of the process that keeps the ledger."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._blobs: dict[str, bytes] = {}
        self.frozen = Frozen(self._blobs.__getitem__)
        self.hello: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.over = asyncio.Event()
        self._here: Here | None = None
        self._early: list[tuple[Any, ...]] = []
        self._going: set[asyncio.Task[None]] = set()

    def serve(self, here: Here) -> None:
        """Carry out what was ordered, and what will be."""
        self._here, early = here, self._early
        for order in early:
            self._do(here, *order)

    def data_received(self, data: bytes) -> None:
        """Read orders."""
        for order in self._frames.of(data):
            if order[0] == "open":
                self.hello.set_result(order[1])
            elif self._here is None:
                self._early.append(order)
            else:
                self._do(self._here, *order)

    def _do(self, here: Here, what: str, *told: Any) -> None:
        if what == "give":
            here.give(told[0])
        elif what == "go":
            going = asyncio.get_running_loop().create_task(here.go(told[0]))
            self._going.add(going)
            going.add_done_callback(self._going.discard)
        elif what == "stop":
            here.stop(told[0])
        else:
            self._blobs[told[0]] = told[1]

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nobody is there any more: nothing may begin."""
        del exc
        self.over.set()
        if not self.hello.done():
            self.hello.cancel()


async def _carry(orders: Orders, out: asyncio.WriteTransport) -> None:
    channel, secret = unpacked(await orders.hello)
    async with channel.fan(secret) as fan:
        here = Here(channel, fan, orders.frozen)
        orders.serve(here)
        ending = asyncio.ensure_future(orders.over.wait())
        telling = asyncio.ensure_future(_tell(here, out))
        try:
            await asyncio.wait({ending, telling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            telling.cancel()
            await asyncio.gather(ending, return_exceptions=True)
        if telling.done() and not telling.cancelled():
            telling.result()


async def _tell(here: Here, out: asyncio.WriteTransport) -> None:
    """Say what happened, for as long as anyone listens."""
    while True:
        edge, ended = await here.turn()
        receipts = [(number, (one.id, one.url)) for number, one in ended if isinstance(one, Receipt)]
        others = [(number, packed(one)) for number, one in ended if not isinstance(one, Receipt)]
        if edge or ended:
            out.write(framed(("turn", edge, receipts, others)))


async def _main() -> None:
    loop = asyncio.get_running_loop()
    pipe, orders = await loop.connect_read_pipe(Orders, sys.stdin)
    read_little(pipe)
    out, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout)
    try:
        await _carry(orders, out)
    except asyncio.CancelledError:
        pass
    except Exception as error:  # noqa: BLE001 -- whoever started us has to hear of it, without words that may hold a secret
        where = traceback.extract_tb(error.__traceback__)[-1]
        words = f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"
        out.write(framed(("fault", words)))
    out.close()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us hears it too, and says when to end
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    asyncio.run(_main())
