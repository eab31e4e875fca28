"""The states of a delivery, and the only ways from one to the next.

    planned ──claim──> claimed ──edge──> sending ──reply──> sent
       ^                  │                 ├──proof that nobody got it──> retry_wait ──> planned
       └──owner is dead───┘                 ├──refused for good──> failed
                                            └──silence, or the owner died──> in_doubt

A row in doubt moves only by evidence (the place has it) or by a named person.
"""

from __future__ import annotations

from enum import StrEnum

from crisiscomms import published


class State(StrEnum):
    """Where a delivery stands."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    RETRY = "retry_wait"
    DOUBT = "in_doubt"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SENT_BY_WORD = "sent_by_operator"
    CLOSED = "closed_unknown"


#: Nothing was sent yet, and nothing has begun.
WAITING = frozenset(map(State, published.WAITING))
#: Not settled yet: what comes later to the same reader waits for these.
UNSETTLED = frozenset({*WAITING, State.CLAIMED, State.SENDING})
#: Readers have it, as far as anyone can know.
OUT = frozenset({State.SENT, State.SENT_BY_WORD})
#: Readers have it, or may have it: it is never sent again unasked.
MAYBE_OUT = frozenset(map(State, published.MAYBE_OUT))
#: Nothing more happens by itself.
TERMINAL = frozenset({State.SENT, State.FAILED, State.CANCELLED, State.SENT_BY_WORD, State.CLOSED})

MOVES: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.CLAIMED, State.CANCELLED, State.PLANNED}),
    State.RETRY: frozenset({State.CLAIMED, State.CANCELLED, State.PLANNED}),
    State.CLAIMED: frozenset({State.PLANNED, State.SENDING, State.RETRY, State.FAILED, State.DOUBT, State.CANCELLED}),
    State.SENDING: frozenset({State.SENT, State.RETRY, State.FAILED, State.DOUBT}),
    State.DOUBT: frozenset({State.SENT, State.SENT_BY_WORD, State.CLOSED}),
    State.SENT: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
    State.SENT_BY_WORD: frozenset(),
    State.CLOSED: frozenset(),
}
