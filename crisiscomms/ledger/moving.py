"""Moving rows from state to state by compare-and-set, each move with its entry in the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy import Connection, Update

from crisiscomms.ledger.rows import Ending, Row
from crisiscomms.ledger.statements import move
from crisiscomms.ledger.states import WAITING, State
from crisiscomms.ledger.store import Store
from crisiscomms.ledger.trail import Entry, told

_SENT = move(State.SENT, ("receipt", "url", "evidence"), claimed=True)


class NotOurs(Exception):
    """One of many rows is no longer ours, and nobody knows yet which: the transaction has to begin anew, row by row."""


class Moves:
    """The moves of one transaction, and their entries so far.

    Rows go all at once, as nearly always each of them is still ours; where one is not, NotOurs is raised. With `singly`
    they go one by one, and those that are not ours stay where they are.
    """

    def __init__(self, store: Store, connection: Connection, *, singly: bool) -> None:
        self._store, self._connection, self._singly = store, connection, singly
        self.entries: list[Entry] = []

    def sent(self, endings: Iterable[Ending]) -> frozenset[int]:
        """Write that the place has these. Returns the ids of those that were still ours."""
        given = [(end.row.id, end.row.claim, end.receipt, end.url, plain(end.evidence)) for end in endings]
        moved = self._each(_SENT, ("new_receipt", "new_url", "new_evidence"), given)
        self.entries += [
            (_SENT_WORD, one[0], f'{{"receipt": {encode_basestring(one[2])}}}') for one in given if one[0] in moved
        ]
        return moved

    def ended(self, ending: Ending) -> frozenset[int]:
        """Write how an attempt ended that did not reach anyone for sure. Returns the row's id if it was still ours."""
        row, evidence = ending.row, plain(ending.evidence)
        values: dict[str, Any] = {"evidence": evidence} if evidence else {}  # what is known of earlier attempts stays
        if ending.to in WAITING:
            tried = row.attempts + (ending.to is State.RETRY)
            values |= {"attempts": tried, "claim": None, "not_before": ending.not_before}
        if ending.to is State.DOUBT:
            values |= {"claim": None}  # whoever says so has hung up, and hears of it no more
        return self.to(ending.to, [row], values, detail=evidence)

    def to(
        self, state: State, rows: Sequence[Row], values: Mapping[str, Any] | None = None, *, detail: str = ""
    ) -> frozenset[int]:
        """Move rows to a state, all with the same values. Returns the ids of those that were still ours."""
        values = values or {}
        new, names = tuple(values.values()), tuple([f"new_{name}" for name in values])
        given = [(row.id, row.claim, *new) for row in rows]
        moved = self._each(move(state, tuple(values), claimed=True), names, given)
        word = state.value
        self.entries += [(word, one[0], detail) for one in given if one[0] in moved]
        return moved

    def _each(self, statement: Update, new: tuple[str, ...], given: Sequence[tuple[Any, ...]]) -> frozenset[int]:
        """Run a compare-and-set for many rows. Each is given as its id, its claim, and the values that are `new`."""
        if not given:
            return frozenset()
        names, store, connection = ("row_id", "held_by", *new), self._store, self._connection
        if self._singly:
            return frozenset([one[0] for one in given if store.each(connection, statement, names, [one])])
        if store.each(connection, statement, names, given) != len(given):
            raise NotOurs
        return frozenset([one[0] for one in given])


_SENT_WORD = State.SENT.value


def plain(evidence: Mapping[str, str]) -> str:
    """Return evidence as the ledger keeps it."""
    return told(**evidence) if evidence else ""
