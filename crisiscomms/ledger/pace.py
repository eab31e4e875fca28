"""The pace of a channel: how many messages may go, counted in messages, in the ledger, for all workers together."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from crisiscomms.ledger.store import Store
from crisiscomms.ledger.tables import pace

#: How many seconds' worth of messages may go at once after a pause.
_BURST = 1.0

_KEPT = select(pace.c.tokens, pace.c.at, pace.c.patience).where(pace.c.channel == bindparam("of"))
_COLUMNS = ("tokens", "at", "patience")
_ADD = insert(pace).values(channel=bindparam("of"), **{name: bindparam(f"new_{name}") for name in _COLUMNS})
_CHANGE = (
    update(pace).where(pace.c.channel == bindparam("of")).values({name: bindparam(f"new_{name}") for name in _COLUMNS})
)
_NAMES = (*(f"new_{name}" for name in _COLUMNS), "of")


class _Bucket(NamedTuple):
    """So many messages may go, counted at a time, and none before the place is out of patience. Both in seconds."""

    tokens: float
    at: float
    patience: float


def give_pace(
    store: Store, connection: Connection, channel: str, *, per_second: float | None, wanted: int, seconds: float
) -> int:
    """Take as many messages as are wanted and may go now from a channel's bucket. Returns how many.

    `seconds` is the time. Nothing may go while the place has asked for patience. Without `per_second` only that counts.
    """
    found = _kept(store, connection, channel)
    if not per_second:
        return 0 if found and seconds < found.patience else wanted
    full = max(1.0, per_second * _BURST)
    tokens, at, patience = found or (full, seconds, 0.0)
    tokens = min(full, tokens + max(0.0, seconds - at) * per_second)
    given = min(wanted, int(tokens)) if seconds >= patience else 0
    _keep(store, connection, channel, _Bucket(tokens - given, seconds, patience), known=found is not None)
    return given


def ask_patience(store: Store, connection: Connection, channel: str, until: float) -> None:
    """Note that a place wants nothing until a time, in seconds since 1970. The longest wish counts."""
    found = _kept(store, connection, channel)
    if found is None:
        _keep(store, connection, channel, _Bucket(0.0, until, until), known=False)
    elif found.patience < until:
        _keep(store, connection, channel, found._replace(patience=until), known=True)


def wait_of(store: Store, connection: Connection, channel: str, per_second: float | None, seconds: float) -> float:
    """Return how many seconds a channel has to wait until one more message may go."""
    found = _kept(store, connection, channel)
    if found is None:
        return 0.0
    asked = found.patience - seconds
    if not per_second:
        return max(0.0, asked)
    tokens = found.tokens + (seconds - found.at) * per_second
    return max(0.0, asked, (1.0 - tokens) / per_second)


def _kept(store: Store, connection: Connection, channel: str) -> _Bucket | None:
    found = store.ask(connection, _KEPT, {"of": channel})
    return _Bucket(*map(float, found[0])) if found else None


def _keep(store: Store, connection: Connection, channel: str, bucket: _Bucket, *, known: bool) -> None:
    store.each(connection, _CHANGE if known else _ADD, _NAMES, [(*bucket, channel)])
