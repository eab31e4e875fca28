"""How two processes of ours speak over a pipe: plain values in frames, each with its length before it."""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from typing import Any

_LENGTH = 4


def framed(message: tuple[Any, ...]) -> bytes:
    """Return a message as it goes over a pipe. Both ends are the same Python, so its own format will do."""
    body = marshal.dumps(message)
    return len(body).to_bytes(_LENGTH, "big") + body


class Frames:
    """Puts together again what a pipe cut into pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def of(self, data: bytes) -> Iterator[tuple[Any, ...]]:
        """Yield the messages that are whole by now."""
        data, at = self._rest + data, 0
        while len(data) - at >= _LENGTH:
            end = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "big")
            if end > len(data):
                break
            yield marshal.loads(memoryview(data)[at + _LENGTH : end])  # noqa: S302 -- from our own process
            at = end
        self._rest = data[at:]
