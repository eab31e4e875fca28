"""What carries mails from the ledger to their readers: here, or in a process of its own (see `courier`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from crisiscomms.channels.base import Channel, Fan, Outcome, Rejected
from crisiscomms.delivery.frozen import Frozen, Parcel

#: The names under which a reader may have asked for no more mail.
Readers = tuple[str, ...]


class Carried(NamedTuple):
    """What happened since the last turn.

    `edge`: mails that are with the place whole, but for the last byte that it waits for. `ended`: how attempts ended. Both
    by tag.
    """

    edge: list[tuple[int, Readers]]
    ended: list[tuple[int, Outcome]]


class Carrier(Protocol):
    """Makes mails ready and gives them to a fan. A tag is unique among the mails in flight. See `Fan` for the rest."""

    def wants(self) -> int:
        """Return how many more mails it can take now."""
        ...

    def give(self, parcels: Sequence[tuple[int, tuple[Any, ...]]]) -> None:
        """Take mails as plain parcels, by their tags. One that must not be sent ends as Rejected, and no server hears of it."""
        ...

    async def turn(self) -> Carried:
        """Wait until something must be decided, but no longer than a second, and return all of it at once."""
        ...

    async def go(self, tags: Iterable[int]) -> None:
        """Send the last byte of these mails."""
        ...

    def stop(self, tags: Iterable[int]) -> None:
        """Break these mails off before their last byte. Nobody got them, and nothing more is said of them."""
        ...


class Here:
    """Carries in this process. `frozen` reads the messages of what it is given."""

    def __init__(self, channel: Channel, fan: Fan, frozen: Frozen) -> None:
        self._channel, self._fan, self._frozen = channel, fan, frozen
        self._readers: dict[int, Readers] = {}
        self._refused: list[tuple[int, Outcome]] = []

    def wants(self) -> int:
        """See `Carrier.wants`."""
        return self._fan.wants()

    def give(self, parcels: Sequence[tuple[int, tuple[Any, ...]]]) -> None:
        """See `Carrier.give`."""
        for tag, plain in parcels:
            try:
                prepared, self._readers[tag] = self._frozen.prepare(Parcel._make(plain), self._channel)
            except Rejected as refusal:
                self._refused.append((tag, refusal))
            else:
                self._fan.give(tag, prepared)

    async def turn(self) -> Carried:
        """See `Carrier.turn`."""
        if self._refused:
            refused, self._refused = self._refused, []
            return Carried([], refused)
        turn = await self._fan.turn()
        edge = [(tag, self._readers.pop(tag)) for tag in turn.edge]
        for tag, _ in turn.ended:
            self._readers.pop(tag, None)
        return Carried(edge, turn.ended)

    async def go(self, tags: Iterable[int]) -> None:
        """See `Carrier.go`."""
        await self._fan.go(tags)

    def stop(self, tags: Iterable[int]) -> None:
        """See `Carrier.stop`."""
        tags = list(tags)
        self._refused = [one for one in self._refused if one[0] not in tags]
        for tag in tags:
            self._readers.pop(tag, None)
        self._fan.stop(tags)
