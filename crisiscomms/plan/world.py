"""What a plan is made from, and what the person at the keyboard decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crisiscomms.channels.base import Channel
from crisiscomms.messages.languages import Voice
from crisiscomms.published import Copies, NoCopies, Published
from crisiscomms.workspace import Workspace


@dataclass(frozen=True)
class World:
    """Everything a plan is made from.

    `read` returns the bytes of a digest that was published, `copies` what single readers have or wait for. `opened`
    says whether a named person opened a market-sensitive incident.
    """

    workspace: Workspace
    voices: Mapping[str, Voice]
    channels: Mapping[str, Channel]
    published: Published
    now: datetime
    read: Callable[[str], bytes]
    copies: Copies = field(default_factory=NoCopies)
    opened: Callable[[str], bool] = lambda _: False
    rehearsal: bool = False


@dataclass(frozen=True)
class Choices:
    """What the person at the keyboard decided: to mail corrections, to send an update that is old."""

    corrections: bool = False
    late: bool = False
