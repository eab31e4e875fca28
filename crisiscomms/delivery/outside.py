"""The way out: channels that are opened when they are first needed, and rows as the messages they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import cast

from crisiscomms.channels.base import Channel, FanChannel, Letter, NotSent, Posting, Prepared, Receipt, Rejected, Sender
from crisiscomms.delivery.carrier import Carrier, Here
from crisiscomms.delivery.courier import courier
from crisiscomms.delivery.frozen import Frozen, Parcel
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, Row

#: Returns the parcel of a row as a plain tuple: there are thousands of these a second.
plain_parcel = itemgetter(*(Row._fields.index(name) for name in Parcel._fields))


@dataclass
class Outside:
    """The channels of one run. What is opened is closed with `stack`.

    `apart`: whether mails are carried by a process of their own.
    """

    ledger: Ledger
    channels: Mapping[str, Channel]
    secret: Callable[[str, str], str]
    stack: AsyncExitStack
    apart: bool = False
    _senders: dict[str, Sender] = field(default_factory=dict)
    _carriers: dict[str, Carrier] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._frozen = Frozen(self.ledger.blob)

    def channel(self, name: str) -> Channel:
        """Return a channel. Raises NotSent where the workspace has it no more."""
        if name not in self.channels:
            raise NotSent(f'the channel "{name}" is no longer in the workspace')
        return self.channels[name]

    def sender(self, name: str) -> Sender:
        """Return a channel's sender. Raises NotSent where the channel cannot be opened."""
        if name not in self._senders:
            try:
                opened = self.channel(name).open(lambda secret: self.secret(name, secret))
                self._senders[name] = self.stack.enter_context(opened)
            except CrisiscommsError as error:
                raise _closed(error) from error
        return self._senders[name]

    async def carrier(self, name: str) -> Carrier:
        """Return what carries a channel's mails. Raises NotSent where the channel cannot be opened."""
        if name not in self._carriers:
            try:
                channel = cast("FanChannel", self.channel(name))
                self._carriers[name] = await self._start(channel, lambda secret: self.secret(name, secret))
            except CrisiscommsError as error:
                raise _closed(error) from error
        return self._carriers[name]

    async def _start(self, channel: FanChannel, secret: Callable[[str], str]) -> Carrier:
        if self.apart:
            return await self.stack.enter_async_context(courier(channel, secret, self.ledger.blob))
        fan = await self.stack.enter_async_context(channel.fan(secret))
        return Here(channel, fan, self._frozen)

    def item(self, row: Row) -> Letter | Posting:
        """See `Frozen.item`."""
        return self._frozen.item(Parcel._make(plain_parcel(row)))

    def prepare(self, row: Row) -> tuple[Prepared, tuple[str, ...]]:
        """See `Frozen.prepare`."""
        return self._frozen.prepare(Parcel._make(plain_parcel(row)), self.channel(row.channel))

    def find(self, row: Row) -> Receipt | None:
        """Ask the place whether it has a row's message. None where it has not, or cannot be asked."""
        channel = self.channels.get(row.channel)
        if channel is None or not channel.caps.can_find:
            return None
        try:
            sender = self.sender(row.channel)
            return sender.find_existing(
                channel.prepare(self.item(row)),
                since=datetime.fromisoformat(row.at),
            )
        except (NotSent, Rejected):
            return None


def _closed(error: CrisiscommsError) -> NotSent:
    return NotSent(". ".join(filter(None, (error.problem, error.fix))).rstrip("."))
