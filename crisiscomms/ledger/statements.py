"""The statements of the ledger, built once: building one costs more than running it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Update,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from crisiscomms.ledger.states import MOVES, UNSETTLED, WAITING, State
from crisiscomms.ledger.tables import claims, deliveries, holds, items, publications
from crisiscomms.published import EVERYTHING

_d, _i = deliveries.c, items.c

#: The columns of a `Row`, in its order: those of its own, and those that it shares with others of its item.
_OWN = (
    _d.id,
    _d.item,
    _d.lane,
    _d.update_id,
    _d.recipient,
    _d.number,
    _d.person,
    _d.digest,
    _d.thread,
    _d.state,
    _d.attempts,
    _d.claim,
    _d.receipt,
    _d.url,
    _d.evidence,
)
_SHARED = (
    _i.publication,
    _i.incident,
    _i.channel,
    _i.account,
    _i.kind,
    _i.audience,
    _i.columns,
    _i.message,
    _i.settings,
    _i.names,
    _i.at,
    _i.rank,
    _i.policy,
    _i.not_before,
)
ROW = (*_OWN, *_SHARED)
#: What a new delivery is made of, and the statement that adds one.
NEW = (
    "item",
    "lane",
    "recipient",
    "update_id",
    "number",
    "person",
    "digest",
    "thread",
    "state",
    "attempts",
    "receipt",
    "url",
    "evidence",
)
ADD = insert(deliveries).values({name: bindparam(name) for name in NEW})
#: Deliveries with what they share with others of their item.
BOTH = deliveries.join(items, _d.item == _i.id)
ROWS = select(*ROW).select_from(BOTH)
ROWS_IN_HAND = select(*ROW, func.coalesce(claims.c.worker, ""), func.coalesce(claims.c.at, "")).select_from(
    BOTH.outerjoin(claims, _d.claim == claims.c.id)
)


def words(*states: State) -> list[Any]:
    """Return states as they stand in a statement's own text, so that it can be run for many rows."""
    return [literal_column(f"'{state}'") for state in sorted(states)]


@lru_cache
def move(to: State, names: tuple[str, ...], *, claimed: bool = False) -> Update:
    """Return the statement that moves row `row_id` to a state if it may go there, and sets the named columns to `new_NAME`.

    `claimed`: only if claim `held_by` still holds it.
    """
    allowed = [state for state, nexts in MOVES.items() if to in nexts]
    statement = update(deliveries).where(_d.id == bindparam("row_id"), _d.state.in_(words(*allowed)))
    if claimed:
        statement = statement.where(_d.claim == bindparam("held_by"))
    return statement.values(state=words(to)[0], **{name: bindparam(f"new_{name}") for name in names})


def on_hold() -> ColumnElement[bool]:
    """Say that an item is on hold: its incident, its channel, or everything."""
    scopes = or_(
        holds.c.scope == _i.incident, holds.c.scope == literal("channel:") + _i.channel, holds.c.scope == EVERYTHING
    )
    return exists(select(literal(1)).select_from(holds).where(scopes)).correlate(items)


def was_due() -> ColumnElement[bool]:
    """Say that an item's update was due when it was published. What was not waits for a plan at its own time."""
    started = select(publications.c.started_at).where(publications.c.id == _i.publication)
    return _i.at <= started.correlate(items).scalar_subquery()


def _before_the_site() -> ColumnElement[bool]:
    """Say that an item links to a page that is not out yet."""
    s, p, d = items.alias("site"), publications.alias("site_publication"), deliveries.alias("site_delivery")
    states = [*UNSETTLED, State.DOUBT]
    same = and_(s.c.incident == _i.incident, s.c.kind == "site", d.c.item == s.c.id, d.c.state.in_(words(*states)))
    due = and_(p.c.id == s.c.publication, s.c.at <= p.c.started_at)
    return and_(_i.rank > 0, exists(select(literal(1)).where(same, due).correlate(items)))


#: The items of a stage of which something may go now: id, lane, at, how many may go, then what their rows share.
READY_ITEMS = (
    select(_i.id, _i.lane, _i.at, _i.most, *_SHARED)
    .where(
        and_(
            _i.publication == bindparam("publication"), _i.channel == bindparam("channel"), _i.rank == bindparam("rank")
        ),
        _i.not_before <= bindparam("now"),
        was_due(),
        not_(on_hold()),
        not_(_before_the_site()),
    )
    .order_by(_i.id)
)


def _earlier(lane: Any, at: Any, item: Any, other: Any) -> ColumnElement[bool]:
    return and_(other.c.lane == lane, or_(other.c.at < at, and_(other.c.at == at, other.c.id < item)))


_e, _p, _ed = items.alias("earlier"), publications.alias("earlier_publication"), deliveries.alias("earlier_delivery")

#: Whether anything earlier in an item's lane is not settled: only then each reader has to be looked at.
ANY_EARLIER = (
    select(literal(1))
    .where(
        _earlier(bindparam("lane"), bindparam("at"), bindparam("item"), _e),
        _p.c.id == _e.c.publication,
        _e.c.at <= _p.c.started_at,
        _ed.c.item == _e.c.id,
        _ed.c.state.in_(words(*UNSETTLED)),
    )
    .limit(1)
)


def _overtakes() -> ColumnElement[bool]:
    """Say that something earlier for the same reader or account is not settled yet."""
    same = and_(
        _ed.c.lane == _d.lane,
        _ed.c.recipient == _d.recipient,
        _ed.c.state.in_(words(*UNSETTLED)),
        _ed.c.item == _e.c.id,
        _p.c.id == _e.c.publication,
        _e.c.at <= _p.c.started_at,
    )
    earlier = or_(
        _earlier(bindparam("lane"), bindparam("at"), bindparam("item"), _e),
        and_(_ed.c.item == _d.item, _ed.c.number < _d.number),
    )
    return exists(select(literal(1)).where(same, earlier).correlate(deliveries))


@lru_cache
def next_ids(state: State, *, in_order: bool) -> Select[Any]:
    """Return the statement that finds the ids of an item's rows in a state which may go now, oldest first.

    `in_order`: leave out the readers for whom something earlier is not settled.
    """
    may = [_d.item == bindparam("item"), _d.state == words(state)[0]]
    if state is State.RETRY:
        may.append(or_(_d.not_before.is_(None), _d.not_before <= bindparam("now")))
    if in_order:
        may.append(not_(_overtakes()))
    return select(_d.id).where(*may).order_by(_d.id).limit(bindparam("limit"))


@lru_cache
def take(state: State, *, in_order: bool) -> Executable:
    """Return the statement that puts what `next_ids` finds under claim `held_by`, and returns their own part of a `Row`."""
    found = next_ids(state, in_order=in_order).scalar_subquery()
    return (
        update(deliveries)
        .where(_d.id.in_(found), _d.state.in_(words(*WAITING)))
        .values(state=words(State.CLAIMED)[0], claim=bindparam("held_by"))
        .returning(*_OWN)
    )


def due_of(publication_ids: list[int]) -> Select[Any]:
    """Return the statement that counts what some publications still have to send, now or after a while.

    What waits for a plan at its own time is not theirs to send.
    """
    mine = select(_i.id).where(_i.publication.in_(publication_ids), was_due())
    return (
        select(func.count())
        .select_from(deliveries)
        .where(_d.item.in_(mine.scalar_subquery()), _d.state.in_(words(*UNSETTLED)))
    )
