"""What the ledger hands out: plain values, read once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One delivery as it stands in the ledger."""

    id: int
    publication: int
    incident: str
    update_id: str
    channel: str
    account: str
    recipient: str
    number: int
    kind: str
    audience: str
    person: str
    message: str
    digest: str
    thread: str
    at: str
    rank: int
    not_before: str
    state: str
    attempts: int
    token: str | None
    worker: str | None
    boot: str | None
    receipt: str
    url: str
    message_id: str
    evidence: str
    changed_at: str

    @property
    def key(self) -> tuple[str, str, str, str, str, int]:
        """What makes a delivery the same delivery."""
        return (self.incident, self.update_id, self.channel, self.account, self.recipient, self.number)


@dataclass(frozen=True)
class Publication:
    """One plan that is being carried out."""

    id: int
    incident: str
    fingerprint: str
    started_at: str
    telling: str


@dataclass(frozen=True, order=True)
class Stage:
    """Deliveries that go together: one rank of one publication through one channel. They sort in the order they go."""

    rank: int
    channel: str
    publication: int
