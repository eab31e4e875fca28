"""Reading the ledger. Takes no lock, and waits for nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, and_, func, not_, or_, select

from crisiscomms.ledger.pace import wait_of
from crisiscomms.ledger.rows import Publication, Row, Stage, Suppression
from crisiscomms.ledger.statements import (
    ANY_EARLIER,
    BOTH,
    READY_ITEMS,
    ROWS_IN_HAND,
    due_of,
    next_ids,
    on_hold,
    was_due,
    words,
)
from crisiscomms.ledger.states import WAITING, State
from crisiscomms.ledger.store import Store
from crisiscomms.ledger.tables import blobs, deliveries, holds, items, publications, suppressions
from crisiscomms.ledger.trail import Trail
from crisiscomms.published import iso

_d, _i = deliveries.c, items.c
#: What narrows a search by state to the index, which has deliveries by their item first.
_EVERY_ITEM = select(_i.id).scalar_subquery()
#: Refused for good, and nobody has said yet what is to become of it.
_REFUSED = (
    _d.item.in_(_EVERY_ITEM),
    _d.state == words(State.FAILED)[0],
    not_(_d.evidence.contains('"resolved_by"', autoescape=True)),
)


class Reading:
    """The half of the ledger that changes nothing. `clock` gives the time; `who` is the person at the keyboard."""

    def __init__(self, store: Store, clock: Callable[[], datetime], who: str) -> None:
        self.store, self.clock, self.who = store, clock, who
        self.trail = Trail(store)

    def now(self) -> str:
        """Return the time as entries carry it."""
        return iso(self.clock())

    def blob(self, digest: str) -> bytes:
        """Return the bytes of a digest. Raises KeyError."""
        with self.store.read() as connection:
            body = connection.execute(select(blobs.c.body).where(blobs.c.digest == digest)).scalar()
        if body is None:
            raise KeyError(digest)
        return bytes(body)

    def rows(self, *states: State) -> list[Row]:
        """Return rows in some states (none: all), oldest first, with who has or had them in hand."""
        statement = ROWS_IN_HAND.order_by(_d.id)
        if states:
            statement = statement.where(_d.item.in_(_EVERY_ITEM), _d.state.in_(words(*states)))
        with self.store.read() as connection:
            return [Row.read(row) for row in connection.execute(statement)]

    def refused(self) -> list[Row]:
        """Return what was refused for good, and of which nobody has said yet what is to become of it, oldest first."""
        refused = ROWS_IN_HAND.where(*_REFUSED).order_by(_d.id)
        with self.store.read() as connection:
            return [Row.read(row) for row in connection.execute(refused)]

    def refusals(self) -> int:
        """Return how many `refused` would return."""
        return self._how_many(*_REFUSED)

    def doubts(self) -> int:
        """Return how many deliveries are in doubt."""
        return self._how_many(_d.item.in_(_EVERY_ITEM), _d.state == words(State.DOUBT)[0])

    def _how_many(self, *which: ColumnElement[bool]) -> int:
        with self.store.read() as connection:
            return int(connection.execute(select(func.count()).select_from(deliveries).where(*which)).scalar() or 0)

    def counts(self) -> list[tuple[str, str, str, str, int]]:
        """Return how many deliveries stand where: incident, update, channel, state, count."""
        each = select(_d.item, _d.state, func.count().label("n")).group_by(_d.item, _d.state).subquery()
        where = (_i.incident, _i.update_id, _i.channel, each.c.state)
        total = select(*where, func.sum(each.c.n)).select_from(each.join(items, each.c.item == _i.id)).group_by(*where)
        with self.store.read() as connection:
            found = connection.execute(total.order_by(func.min(_i.id)))
            return [(row[0], row[1], row[2], row[3], int(row[4])) for row in found]

    # -- what is left to do ------------------------------------------------------------------------------------

    def open_publications(self) -> list[Publication]:
        """Return the publications that are not finished, oldest first."""
        p = publications.c
        statement = select(p.id, p.incident, p.fingerprint, p.started_at, p.telling).where(p.state == "open")
        with self.store.read() as connection:
            return [Publication(*row) for row in connection.execute(statement.order_by(p.id))]

    def stages(self, publication_ids: Iterable[int]) -> list[Stage]:
        """Return what some publications still have to send, in the order in which it goes."""
        waits = select(_d.id).where(_d.item == _i.id, _d.state.in_(words(*WAITING))).correlate(items).exists()
        columns = select(_i.rank, _i.channel, _i.publication).distinct()
        with self.store.read() as connection:
            found = connection.execute(columns.where(_i.publication.in_(list(publication_ids)), waits))
            return sorted(Stage(*row) for row in found)

    def left(self, publication_ids: Iterable[int]) -> int:
        """Return how many deliveries some publications still have to make, now or after a while."""
        with self.store.read() as connection:
            return int(connection.execute(due_of(list(publication_ids))).scalar() or 0)

    def ready(self, stage: Stage) -> bool:
        """Say whether anything of a stage may go now, but for the pace of its channel."""
        with self.store.read() as connection:
            return any(self._next(connection, item, 1) for item in self._ready_items(connection, stage))

    def _ready_items(self, connection: Connection, stage: Stage) -> list[Any]:
        values = {"publication": stage.publication, "channel": stage.channel, "rank": stage.rank, "now": self.now()}
        return self.store.ask(connection, READY_ITEMS, values)

    def _next(
        self,
        connection: Connection,
        ready_item: Sequence[Any],
        most: int,
        statement: Callable[..., Executable] = next_ids,
        **values: object,
    ) -> list[Any]:
        """Run `next_ids`, or a statement built on it, for the next rows of an item: new ones, then those to be tried again.

        In one second of four it is the other way round: on a long list they would wait for hours until no new ones are left.
        """
        item, lane, at, allowed = ready_item[:4]
        in_order = bool(self.store.ask(connection, ANY_EARLIER, {"lane": lane, "at": at, "item": item}))
        if allowed is not None:
            most = min(most, allowed - self.begun(connection, item))
        values |= {"item": item, "lane": lane, "at": at, "now": self.now()}
        found: list[Any] = []
        order = (State.PLANNED, State.RETRY)
        for state in order if self.clock().second % 4 else reversed(order):
            if len(found) < most:
                limit = {"limit": most - len(found)}
                found += sorted(self.store.ask(connection, statement(state, in_order=in_order), {**values, **limit}))
        return found

    def held(self, row: Row) -> bool:
        """Say whether a row may not go now."""
        with self.store.read() as connection:
            return connection.execute(select(_i.id).where(_i.id == row.item, on_hold())).first() is not None

    def may_not_go(self, row: Row) -> bool:
        """Say whether a row is on hold, or of an update that was still to come when it was planned."""
        stopped = select(_i.id).where(_i.id == row.item, or_(on_hold(), not_(was_due())))
        with self.store.read() as connection:
            return connection.execute(stopped).first() is not None

    def sent(self, publication_ids: Iterable[int]) -> int:
        """Return how many deliveries of some publications are out."""
        return self._count(publication_ids, State.SENT)

    def cancelled(self, publication_ids: Iterable[int]) -> int:
        """Return how many deliveries of some publications were called off, as those to readers who want no more mail are."""
        return self._count(publication_ids, State.CANCELLED)

    def _count(self, publication_ids: Iterable[int], *states: State, of: Sequence[ColumnElement[bool]] = ()) -> int:
        """Return how many deliveries of some publications are in some states. `of` is what their items must be."""
        mine = select(_i.id).where(_i.publication.in_(list(publication_ids)), *of).scalar_subquery()
        return self._how_many(_d.item.in_(mine), _d.state.in_(words(*states)))

    def suppressed(self) -> int:
        """Return how many readers want no more mail."""
        with self.store.read() as connection:
            return int(connection.execute(select(func.count()).select_from(suppressions)).scalar() or 0)

    def suppressions(self) -> list[Suppression]:
        """Return who wants no more mail, the newest first."""
        s = suppressions.c
        every = select(s.reader, s.since, s.by, s.reason).order_by(s.since.desc(), s.reader)
        with self.store.read() as connection:
            return [Suppression(*row) for row in connection.execute(every)]

    def begun(self, connection: Connection, item: int) -> int:
        """Return how many of an item's deliveries have begun."""
        still = words(*WAITING, State.CANCELLED)
        begun = select(func.count()).select_from(deliveries).where(_d.item == item, _d.state.not_in(still))
        return int(connection.execute(begun).scalar() or 0)

    def next_time(self, publication_ids: Iterable[int]) -> str:
        """Return the earliest time at which something waits to go, or an empty string."""
        mine = select(_i.id).where(_i.publication.in_(list(publication_ids)), was_due()).scalar_subquery()
        when = func.coalesce(_d.not_before, _i.not_before)
        waits = and_(_d.item.in_(mine), _d.state.in_(words(*WAITING)), when > self.now())
        with self.store.read() as connection:
            return connection.execute(select(func.min(when)).select_from(BOTH).where(waits)).scalar() or ""

    def coming(self) -> list[tuple[str, str]]:
        """Return incidents and the times of their updates that were planned for later, wait still, and are not on hold."""
        waits = and_(not_(was_due()), not_(on_hold()), _d.state.in_(words(*WAITING)))
        with self.store.read() as connection:
            found = connection.execute(select(_i.incident, _i.at).select_from(BOTH).where(waits).distinct())
            return sorted((row[0], row[1]) for row in found)

    def wait(self, channel: str, per_second: float | None) -> float:
        """Return how many seconds a channel has to wait until its next message may go."""
        with self.store.read() as connection:
            return wait_of(self.store, connection, channel, per_second, self.store.seconds(connection))

    def held_back(self, publication_ids: Iterable[int]) -> int:
        """Return how many deliveries of some publications wait because somebody put them on hold."""
        return self._count(publication_ids, *WAITING, of=(was_due(), on_hold()))

    def kept_for_later(self, publication_ids: Iterable[int]) -> int:
        """Return how many deliveries of some publications wait because only the first of a list were to be told."""
        return self._count(publication_ids, *WAITING, of=(was_due(), _i.most.is_not(None), not_(on_hold())))

    def holds(self) -> dict[str, str]:
        """Return what is on hold, and why."""
        with self.store.read() as connection:
            return {row[0]: row[1] for row in connection.execute(select(holds.c.scope, holds.c.reason))}
