"""The way out: channels that are opened when they are first needed, and rows as the messages they stand for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from pydantic_core import from_json

from crisiscomms.channels.base import (
    Channel,
    Fan,
    FanChannel,
    Letter,
    NotSent,
    Posting,
    Prepared,
    Receipt,
    Rejected,
    Sender,
)
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, Row
from crisiscomms.messages.model import Notice, Post, digest
from crisiscomms.published import row_digest

#: What the deliveries of one item share.
_Shared = tuple[Notice | Post, tuple[str, ...], datetime]


@dataclass
class Outside:
    """The channels of one run. What is opened is closed with `stack`."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    secret: Callable[[str, str], str]
    stack: AsyncExitStack
    _senders: dict[str, Sender] = field(default_factory=dict)
    _fans: dict[str, Fan] = field(default_factory=dict)
    _shared: dict[int, _Shared] = field(default_factory=dict)

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
                raise not_sent(error) from error
        return self._senders[name]

    async def fan(self, name: str) -> Fan:
        """Return a channel's connections. Raises NotSent where the channel cannot be opened."""
        if name not in self._fans:
            try:
                channel = cast("FanChannel", self.channel(name))
                opened = channel.fan(lambda secret: self.secret(name, secret))
                self._fans[name] = await self.stack.enter_async_context(opened)
            except CrisiscommsError as error:
                raise not_sent(error) from error
        return self._fans[name]

    def item(self, row: Row) -> Letter | Posting:
        """Return the frozen message of a row. Its words come from the ledger, not from the record.

        Raises Rejected where the ledger no longer holds what was approved.
        """
        if row_digest(row.message, row.settings, row.person) != row.digest:
            raise Rejected("the ledger no longer holds the words that were approved for this reader")
        message, names, at = self._shared.get(row.item) or self._read(row)
        if isinstance(message, Post):
            return Posting(message, at, row.number)
        email, name, *fills = from_json(row.person)
        values = dict(zip(names, fills, strict=True))
        if None in fills:
            values = {slot: value for slot, value in values.items() if value is not None}
        return Letter(message, email, name, values, at, row.number, row.thread or None)

    def _read(self, row: Row) -> _Shared:
        """Read what all deliveries of a row's item share: the message, the names of its slots, its time."""
        body = self.ledger.blob(row.message)
        if digest(body) != row.message:
            raise Rejected("the ledger no longer holds the message that was approved")
        plain: dict[str, Any] = json.loads(body)
        made = Notice(**{**plain, "columns": tuple(plain["columns"])}) if row.recipient else Post(**plain)
        # A mail is dated by when it goes: a correction, or a notice that comes late, is younger than its update.
        at = row.due if row.recipient else row.at
        self._shared[row.item] = (made, tuple(json.loads(row.columns)), datetime.fromisoformat(at))
        return self._shared[row.item]

    def prepare(self, row: Row) -> tuple[Prepared, tuple[str, ...]]:
        """Return the exact bytes for a row, and the names under which its reader may have asked for no more mail.

        A legal notice asks nobody. Raises Rejected and NotSent.
        """
        item, channel = self.item(row), self.channel(row.channel)
        if channel.caps.shape != ("mail" if isinstance(item, Letter) else "post"):
            raise NotSent(
                f'the channel "{row.channel}" was of another type when this was approved, and cannot carry it'
            )
        prepared = channel.prepare(item)
        if not isinstance(item, Letter) or item.notice.required:
            return prepared, ()
        token = prepared.token
        return prepared, (row.recipient, f"token:{token}") if token else (row.recipient,)

    def find(self, row: Row) -> Receipt | None:
        """Ask the place whether it has a row's message. None where it has not, or cannot be asked."""
        channel = self.channels.get(row.channel)
        if channel is None or not channel.caps.can_find:
            return None
        try:
            sender = self.sender(row.channel)
            return sender.find_existing(channel.prepare(self.item(row)), since=datetime.fromisoformat(row.at))
        except (NotSent, Rejected):
            return None


def not_sent(error: CrisiscommsError) -> NotSent:
    """Return what kept everything of a channel or a site from going, with what to do about it."""
    return NotSent(". ".join(filter(None, (error.problem, error.fix))).rstrip("."))
