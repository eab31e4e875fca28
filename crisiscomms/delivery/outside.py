"""The way out: channels that are opened when they are first needed, and rows as the messages they stand for."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from crisiscomms.channels.base import Channel, Letter, NotSent, Posting, Receipt, Sender
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, Row
from crisiscomms.messages.model import Notice, Post


@dataclass
class Outside:
    """The channels of one run. What is opened is closed with `stack`."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    secret: Callable[[str, str], str]
    stack: ExitStack
    _senders: dict[str, Sender] = field(default_factory=dict)
    _messages: dict[str, Notice | Post] = field(default_factory=dict)

    def sender(self, name: str) -> Sender:
        """Return a channel's sender. Raises NotSent where the channel cannot be opened."""
        if name not in self.channels:
            raise NotSent(f'the channel "{name}" is no longer in the workspace')
        if name not in self._senders:
            try:
                opened = self.channels[name].open(lambda secret: self.secret(name, secret))
                self._senders[name] = self.stack.enter_context(opened)
            except CrisiscommsError as error:
                raise NotSent(". ".join(filter(None, (error.problem, error.fix))).rstrip(".")) from error
        return self._senders[name]

    def item(self, row: Row) -> Letter | Posting:
        """Return the frozen message of a row. Its words come from the ledger, not from the record."""
        if row.message not in self._messages:
            plain: dict[str, Any] = json.loads(self.ledger.blob(row.message))
            notice = bool(row.recipient)
            made = Notice(**{**plain, "columns": tuple(plain["columns"])}) if notice else Post(**plain)
            self._messages[row.message] = made
        message = self._messages[row.message]
        at = datetime.fromisoformat(row.at)
        if isinstance(message, Post):
            return Posting(message, at, row.number)
        person = json.loads(row.person)
        return Letter(message, person["email"], person["name"], person["values"], at, row.number, row.thread or None)

    def find(self, row: Row) -> Receipt | None:
        """Ask the place whether it has a row's message. None where it has not, or cannot be asked."""
        channel = self.channels.get(row.channel)
        if channel is None or not channel.caps.can_find:
            return None
        try:
            sender = self.sender(row.channel)
            return sender.find_existing(channel.prepare(self.item(row)), since=datetime.fromisoformat(row.at))
        except NotSent:
            return None


def worker() -> str:
    """Return who is sending: this machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


@cache
def boot_id() -> str:
    """Return what changes when this machine starts anew."""
    path = Path("/proc/sys/kernel/random/boot_id")
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    return f"{socket.gethostname()}:{int(time.time() - time.monotonic()) // 60}"
