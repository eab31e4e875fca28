"""The statements behind every mail, built once: building one costs more than running it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)

from crisiscomms.ledger.states import MOVES, WAITING, State
from crisiscomms.ledger.tables import deliveries, holds, publications

#: Not settled yet: what comes later to the same reader waits for these.
_UNSETTLED = [*WAITING, State.CLAIMED, State.SENDING]

_d = deliveries.c


@lru_cache
def move(to: State, names: tuple[str, ...], *, token: bool = False, unless_held: bool = False) -> Update:
    """Return the statement that moves row `row_id` to a state if it may go there, and sets the named columns to `new_NAME`.

    `token`: only if token `held_by` still holds it. `unless_held`: only if nobody put it on hold.
    """
    allowed = [state for state, nexts in MOVES.items() if to in nexts]
    statement = update(deliveries).where(_d.id == bindparam("row_id"), _d.state.in_(allowed))
    if token:
        statement = statement.where(_d.token == bindparam("held_by"))
    if unless_held:
        statement = statement.where(not_(on_hold()))
    return statement.values(state=to, **{name: bindparam(f"new_{name}") for name in names})


def on_hold() -> ColumnElement[bool]:
    """Say that a row is on hold: its incident, its channel, or everything."""
    scopes = or_(
        holds.c.scope == _d.incident, holds.c.scope == literal("channel:") + _d.channel, holds.c.scope == "everything"
    )
    return exists(select(literal(1)).select_from(holds).where(scopes)).correlate(deliveries)


def was_due() -> ColumnElement[bool]:
    """Say that a row's update was due when it was published. What was not waits for a plan at its own time."""
    started = select(publications.c.started_at).where(publications.c.id == _d.publication)
    return _d.at <= started.correlate(deliveries).scalar_subquery()


def _behind() -> ColumnElement[bool]:
    """Say that something earlier for the same reader or account is not settled yet: nothing overtakes."""
    e, p = deliveries.alias("earlier"), publications.alias("earlier_publication")
    same = and_(
        e.c.incident == _d.incident,
        e.c.channel == _d.channel,
        e.c.account == _d.account,
        e.c.recipient == _d.recipient,
        or_(e.c.at < _d.at, and_(e.c.at == _d.at, e.c.id < _d.id)),
    )
    due = and_(p.c.id == e.c.publication, e.c.at <= p.c.started_at)
    return exists(select(literal(1)).where(same, e.c.state.in_(_UNSETTLED), due).correlate(deliveries))


def _before_the_site() -> ColumnElement[bool]:
    """Say that a row links to a page that is not out yet."""
    s, p = deliveries.alias("site"), publications.alias("site_publication")
    states = [*_UNSETTLED, State.DOUBT]
    same = and_(s.c.incident == _d.incident, s.c.kind == "site", s.c.state.in_(states))
    due = and_(p.c.id == s.c.publication, s.c.at <= p.c.started_at)
    return and_(_d.rank > 0, exists(select(literal(1)).where(same, due).correlate(deliveries)))


@lru_cache
def ready(state: State, *, chosen: bool) -> Select[Any]:
    """Return the statement that finds the ids of a stage's rows in a state which may go now, oldest first.

    `chosen`: only those among `ids`.
    """
    of_stage = and_(
        _d.publication == bindparam("publication"), _d.channel == bindparam("channel"), _d.rank == bindparam("rank")
    )
    among = _d.id.in_(bindparam("ids", expanding=True)) if chosen else true()
    may = and_(_d.not_before <= bindparam("now"), was_due(), not_(on_hold()), not_(_behind()), not_(_before_the_site()))
    return select(_d.id).where(of_stage, _d.state == state, among, may).order_by(_d.id).limit(bindparam("most"))


CLAIM = (
    update(deliveries)
    .where(_d.id.in_(bindparam("ids", expanding=True)), _d.state.in_(WAITING))
    .values(
        state=State.CLAIMED,
        changed_at=bindparam("new_changed_at"),
        token=bindparam("new_token"),
        worker=bindparam("new_worker"),
        boot=bindparam("new_boot"),
    )
)


def left_of(publication_ids: list[int]) -> Select[Any]:
    """Return the statement that counts what some publications still have to send, now or after a while.

    What waits for a plan at its own time is not theirs to send.
    """
    return (
        select(func.count())
        .select_from(deliveries)
        .where(_d.publication.in_(publication_ids), _d.state.in_(_UNSETTLED), was_due())
    )
