"""Rows of the ledger as the messages they stand for. Their words come from the ledger, not from the record."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from crisiscomms.channels.base import Channel, Letter, Posting, Prepared, Rejected
from crisiscomms.messages.model import Notice, Post, digest
from crisiscomms.published import row_digest

_read_json = json.JSONDecoder().decode
#: What the deliveries of one item share.
_Shared = tuple[Notice | Post, tuple[str, ...], datetime]


class Parcel(NamedTuple):
    """What of a row makes its message. Plain values, so that another process can be told of it."""

    item: int
    recipient: str
    number: int
    person: str
    digest: bytes
    thread: str
    columns: str
    message: str
    settings: str
    at: str


class Frozen:
    """Reads messages as they were approved. `blob` returns the bytes of a digest."""

    def __init__(self, blob: Callable[[str], bytes]) -> None:
        self._blob = blob
        self._shared: dict[int, _Shared] = {}

    def item(self, parcel: Parcel) -> Letter | Posting:
        """Return the message of a parcel. Raises Rejected where the ledger no longer holds what was approved."""
        if row_digest(parcel.message, parcel.settings, parcel.person) != parcel.digest:
            raise Rejected("the ledger no longer holds the words that were approved for this reader")
        message, names, at = self._shared.get(parcel.item) or self._read(parcel)
        if isinstance(message, Post):
            return Posting(message, at, parcel.number)
        email, name, *fills = _read_json(parcel.person)
        values = {slot: value for slot, value in zip(names, fills, strict=True) if value is not None}
        return Letter(message, email, name, values, at, parcel.number, parcel.thread or None)

    def prepare(self, parcel: Parcel, channel: Channel) -> tuple[Prepared, tuple[str, ...]]:
        """Return a parcel's exact bytes, and the names under which its reader may have asked for no more mail.

        A legal notice asks nobody. Raises Rejected.
        """
        item = self.item(parcel)
        prepared = channel.prepare(item)
        if not isinstance(item, Letter) or item.notice.required:
            return prepared, ()
        token = prepared.token
        return prepared, (parcel.recipient, f"token:{token}") if token else (parcel.recipient,)

    def _read(self, parcel: Parcel) -> _Shared:
        """Read what all deliveries of an item share: the message, the names of its slots, the update's time."""
        body = self._blob(parcel.message)
        if digest(body) != parcel.message:
            raise Rejected("the ledger no longer holds the message that was approved")
        plain: dict[str, Any] = json.loads(body)
        made = Notice(**{**plain, "columns": tuple(plain["columns"])}) if parcel.recipient else Post(**plain)
        self._shared[parcel.item] = (made, tuple(json.loads(parcel.columns)), datetime.fromisoformat(parcel.at))
        return self._shared[parcel.item]
