"""What the ledger tells of what is out: on the site, in a thread of posts, and with each single reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, not_, or_, select

from crisiscomms.ledger.reading import Reading
from crisiscomms.ledger.rows import Row
from crisiscomms.ledger.statements import BOTH, ROWS_IN_HAND, was_due, words
from crisiscomms.ledger.states import MAYBE_OUT, OUT, WAITING, State
from crisiscomms.ledger.tables import deliveries, items, publications, standing, suppressions
from crisiscomms.published import STANDING, Copy, Heard, Published, PublishedIncident, Told
from crisiscomms.telling import Telling

_d, _i = deliveries.c, items.c
_FROZEN = was_due().label("frozen")
_COPY = select(
    _i.channel,
    _d.id,
    _d.update_id,
    _d.recipient,
    _d.number,
    _i.kind,
    _d.state,
    _d.digest,
    _FROZEN,
    _i.names,
    _d.person,
    _i.columns,
    _i.publication,
)


class History(Reading):
    """Tells what is out, and what each reader has or waits for. Changes nothing."""

    def first_out(self, row: Row) -> Row | None:
        """Return the post that a post answers to: the first of its incident and account that is out, or may be.

        One that a person gave up on has no place in a thread; one without an address gives way to one that has it.
        """
        before = or_(_i.at < row.at, and_(_i.at == row.at, _d.id < row.id))
        states = words(*(state for state in MAYBE_OUT if state is not State.CLOSED))
        same = (_d.lane == row.lane, _d.recipient == row.recipient, before, _d.state.in_(states))
        with self.store.read() as connection:
            found = [Row.read(r) for r in connection.execute(ROWS_IN_HAND.where(*same).order_by(_i.at, _d.id))]
        return next((r for r in found if r.receipt or r.state not in OUT), found[0] if found else None)

    def resends(self, row: Row) -> int:
        """Return how often a delivery was sent again with the same words."""
        return self._how_many(_d.item == row.item, _d.recipient == row.recipient) - 1

    def standing(self, kind: str) -> dict[tuple[str, str], str]:
        """Return what stands now: digests by incident and language."""
        columns = select(standing.c.incident, standing.c.language, standing.c.digest)
        with self.store.read() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(columns.where(standing.c.kind == kind))}

    def published(self) -> Published:
        """Return everything that is out, as plain values."""
        by_age = select(publications.c.incident, publications.c.telling).order_by(publications.c.id)
        each = select(_d.item, _d.state, func.count().label("n"), func.max(_d.id).label("last"))
        each_item = each.group_by(_d.item, _d.state).subquery()
        columns = (_i.incident, _i.update_id, _i.channel, _i.account, _i.audience, _i.kind, each_item.c.state)
        grouped = select(*columns, each_item.c.n).select_from(each_item.join(items, each_item.c.item == _i.id))
        with self.store.read() as connection:
            tellings = {row[0]: row[1] for row in connection.execute(by_age)}
            stands = list(connection.execute(select(standing)))
            out = grouped.where(each_item.c.state != State.CANCELLED).order_by(each_item.c.last)
            rows = list(connection.execute(out))
        told: dict[str, list[Told]] = {}
        for incident, *rest in rows:
            told.setdefault(incident, []).append(Told(*rest))
        site: dict[str, dict[str, str]] = {}
        memos: dict[str, dict[str, str]] = {}
        for stand in stands:
            kind = site if stand.kind == "site" else memos
            kind.setdefault(stand.incident, {})[stand.language] = stand.digest
        incidents = {
            incident: PublishedIncident(
                Telling.from_json(telling),
                tuple(told.get(incident, ())),
                site.get(incident, {}),
                memos.get(incident, {}),
            )
            for incident, telling in tellings.items()
        }
        return Published(incidents, self.holds())

    # -- single readers, for a plan: see published.Copies ------------------------------------------------------

    def of(self, incident: str, channel: str, recipients: Sequence[str]) -> Mapping[str, Sequence[Copy]]:
        """Return every delivery of an incident through a channel to some readers, oldest first."""
        lane = select(_i.lane).where(_i.incident == incident, _i.channel == channel).limit(1).scalar_subquery()
        mine = _COPY.select_from(BOTH).where(_d.lane == lane, _d.recipient.in_(recipients)).order_by(_d.id)
        found: dict[str, list[Copy]] = {}
        with self.store.read() as connection:
            for _, *copy in connection.execute(mine):
                made = Copy(*copy)
                found.setdefault(made.recipient, []).append(made)
        return found

    def misled(self, incident: str, heard: Heard) -> frozenset[str]:
        """Return the audiences (PUBLIC: of posts) with readers who heard something, and no correction since."""
        found = select(_i.audience).select_from(BOTH).where(_i.incident == incident, _heard(heard)).distinct()
        with self.store.read() as connection:
            return frozenset(row[0] for row in connection.execute(found))

    def scheduled(self, incident: str) -> frozenset[str]:
        """Return the updates that were planned for later, and went to nobody since."""
        mine = (_i.incident == incident, not_(was_due()), _d.state.in_(words(*WAITING, State.CANCELLED)))
        found = select(_i.update_id).select_from(BOTH).where(*mine).distinct()
        with self.store.read() as connection:
            return frozenset(row[0] for row in connection.execute(found))

    def still_misled(self, incident: str, channel: str, heard: Mapping[str, Iterable[Heard]]) -> int:
        """Return how many readers heard any of what their audience did through a channel, and no correction since.

        Who wants no more mail is left out.
        """
        wants_none = exists(select(literal(1)).where(suppressions.c.reader == _d.recipient).correlate(deliveries))
        about = (_i.incident == incident, _i.channel == channel, not_(wants_none))
        each = [and_(_i.audience == name, _heard(one)) for name, several in heard.items() for one in several]
        counted = select(func.count(_d.recipient.distinct())).select_from(BOTH).where(*about, or_(false(), *each))
        with self.store.read() as connection:
            return int(connection.execute(counted).scalar() or 0)

    def waiting(self, incident: str) -> Iterator[tuple[str, Copy]]:
        """Yield every delivery of an incident that has not begun, with its channel, oldest first."""
        mine = select(_i.id).where(_i.incident == incident).scalar_subquery()
        waits = _COPY.select_from(BOTH).where(_d.item.in_(mine), _d.state.in_(words(*WAITING))).order_by(_d.id)
        with self.store.read() as connection:
            for channel, *copy in connection.execution_options(yield_per=5_000).execute(waits):
                yield channel, Copy(*copy)


def _heard(heard: Heard) -> ColumnElement[bool]:
    """Say what `Heard.by` says of a reader's copies, of the row of one of them."""
    said = [
        _i.kind.not_in(STANDING),
        _d.state.in_(words(*MAYBE_OUT)),
        _i.publication >= heard.since,
    ]
    if heard.updates:
        said.append(_i.update_id.in_(list(heard.updates)))
    if heard.until is not None:
        later, item = deliveries.alias("corrected"), items.alias("correction")
        same = (later.c.lane == _d.lane, later.c.recipient == _d.recipient, item.c.id == later.c.item)
        since = (item.c.kind == "correction", item.c.publication >= heard.until, later.c.id > _d.id)
        corrected = exists(select(literal(1)).where(*same, *since).correlate(deliveries))
        said += [_i.publication < heard.until, not_(corrected)]
    return and_(*said)
