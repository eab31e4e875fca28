"""Reading the ledger. Takes no lock, and waits for nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Engine, and_, func, or_, select

from crisiscomms.ledger.rows import Publication, Row, Stage
from crisiscomms.ledger.statements import left_of, on_hold, ready, was_due
from crisiscomms.ledger.states import MAYBE_OUT, OUT, WAITING, State
from crisiscomms.ledger.tables import blobs, deliveries, holds, publications, standing
from crisiscomms.published import Key, Published, PublishedIncident, Queue, Telling, Told, Waiting

_d = deliveries.c
_TOLD = select(
    _d.incident,
    _d.update_id,
    _d.channel,
    _d.account,
    _d.recipient,
    _d.number,
    _d.audience,
    _d.state,
    _d.kind,
    _d.receipt,
    _d.message_id,
    _d.digest,
).order_by(_d.id)


class Reading:
    """The half of the ledger that changes nothing."""

    _reader: Engine

    def now(self) -> str:
        """Return the time as entries carry it."""
        raise NotImplementedError

    def blob(self, digest: str) -> bytes:
        """Return the bytes of a digest. Raises KeyError."""
        with self._reader.connect() as connection:
            body = connection.execute(select(blobs.c.body).where(blobs.c.digest == digest)).scalar()
        if body is None:
            raise KeyError(digest)
        return bytes(body)

    def rows(self, *states: State, incident: str | None = None, publication: int | None = None) -> list[Row]:
        """Return rows in some states (none: all), oldest first."""
        statement = select(deliveries).order_by(_d.id)
        if states:
            statement = statement.where(_d.state.in_(states))
        if incident:
            statement = statement.where(_d.incident == incident)
        if publication is not None:
            statement = statement.where(_d.publication == publication)
        with self._reader.connect() as connection:
            return [Row(**row._mapping) for row in connection.execute(statement)]  # noqa: SLF001 -- its public name

    def counts(self) -> list[tuple[str, str, str, str, int]]:
        """Return how many deliveries stand where: incident, update, channel, state, count."""
        where = (_d.incident, _d.update_id, _d.channel, _d.state)
        with self._reader.connect() as connection:
            found = connection.execute(select(*where, func.count()).group_by(*where).order_by(func.min(_d.id)))
            return [(row[0], row[1], row[2], row[3], row[4]) for row in found]

    # -- what is left to do ------------------------------------------------------------------------------------

    def open_publications(self) -> list[Publication]:
        """Return the publications that are not finished, oldest first."""
        p = publications.c
        statement = select(p.id, p.incident, p.fingerprint, p.started_at, p.telling).where(p.state == "open")
        with self._reader.connect() as connection:
            return [Publication(*row) for row in connection.execute(statement.order_by(p.id))]

    def stages(self, publication_ids: Iterable[int]) -> list[Stage]:
        """Return what some publications still have to send, in the order in which it goes."""
        columns = select(_d.rank, _d.channel, _d.publication).distinct()
        mine = _d.publication.in_(list(publication_ids))
        with self._reader.connect() as connection:
            found = connection.execute(columns.where(mine, _d.state.in_(WAITING)))
            return sorted(Stage(*row) for row in found)

    def retries(self, stage: Stage) -> list[int]:
        """Return a stage's rows that failed before and may be tried again now."""
        values = {"publication": stage.publication, "channel": stage.channel, "rank": stage.rank}
        with self._reader.connect() as connection:
            found = connection.execute(ready(State.RETRY, chosen=False), {**values, "now": self.now(), "most": -1})
            return [row[0] for row in found]

    def left(self, publication_ids: Iterable[int]) -> int:
        """Return how many deliveries some publications still have to make, now or after a while."""
        with self._reader.connect() as connection:
            return int(connection.execute(left_of(list(publication_ids))).scalar() or 0)

    def next_time(self, publication_ids: Iterable[int]) -> str:
        """Return the earliest time at which something waits to go, or an empty string."""
        mine = (_d.publication.in_(list(publication_ids)), _d.state.in_(WAITING), _d.not_before > self.now(), was_due())
        with self._reader.connect() as connection:
            return connection.execute(select(func.min(_d.not_before)).where(*mine)).scalar() or ""

    def held_back(self, publication_ids: Iterable[int]) -> int:
        """Return how many deliveries of some publications wait because somebody put them on hold."""
        mine = (_d.publication.in_(list(publication_ids)), _d.state.in_(WAITING), was_due(), on_hold())
        with self._reader.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(deliveries).where(*mine)).scalar() or 0)

    def holds(self) -> dict[str, str]:
        """Return what is on hold, and why."""
        with self._reader.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(select(holds.c.scope, holds.c.reason))}

    def held(self, row: Row) -> bool:
        """Say whether a row may not go now."""
        held = select(func.count()).select_from(deliveries).where(_d.id == row.id, on_hold())
        with self._reader.connect() as connection:
            return connection.execute(held).scalar() != 0

    # -- what is out -------------------------------------------------------------------------------------------

    def first_out(self, row: Row) -> Row | None:
        """Return the post that a post answers to: the first of its incident and account that is out, or may be.

        One that a person gave up on has no place in a thread; one without an address gives way to one that has it.
        """
        same = (_d.incident == row.incident, _d.channel == row.channel, _d.account == row.account)
        before = or_(_d.at < row.at, and_(_d.at == row.at, _d.id < row.id))
        states = [state for state in MAYBE_OUT if state is not State.CLOSED]
        statement = select(deliveries).where(*same, _d.recipient == row.recipient, before, _d.state.in_(states))
        with self._reader.connect() as connection:
            found = [Row(**r._mapping) for r in connection.execute(statement.order_by(_d.at, _d.id))]  # noqa: SLF001
        return next((r for r in found if r.receipt or r.state not in OUT), found[0] if found else None)

    def standing(self, kind: str) -> dict[tuple[str, str], str]:
        """Return what stands now: digests by incident and language."""
        columns = select(standing.c.incident, standing.c.language, standing.c.digest)
        with self._reader.connect() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(columns.where(standing.c.kind == kind))}

    def published(self) -> Published:
        """Return everything that is out, as plain values."""
        by_age = select(publications.c.incident, publications.c.telling).order_by(publications.c.id)
        with self._reader.connect() as connection:
            tellings = {row[0]: row[1] for row in connection.execute(by_age)}
            stands = list(connection.execute(select(standing)))
            rows = list(connection.execute(_TOLD.where(_d.state != State.CANCELLED)))
        told: dict[str, list[Told]] = {}
        for incident, *rest in rows:
            told.setdefault(incident, []).append(Told(*rest))
        incidents = {
            incident: PublishedIncident(
                Telling.from_json(telling),
                tuple(told.get(incident, ())),
                {s.language: s.digest for s in stands if s.incident == incident and s.kind == "site"},
                {s.language: s.digest for s in stands if s.incident == incident and s.kind == "memo"},
            )
            for incident, telling in tellings.items()
        }
        return Published(incidents, self.holds())

    def queue(self, incident: str) -> Queue:
        """Return what waits of an incident, and what was called off."""
        key = (_d.update_id, _d.channel, _d.account, _d.recipient)
        waits = select(*key, _d.number, _d.id, _d.digest, _d.kind, was_due().label("frozen"))
        off = select(*key).where(_d.incident == incident, _d.state == State.CANCELLED)
        with self._reader.connect() as connection:
            found = connection.execute(waits.where(_d.incident == incident, _d.state.in_(WAITING)).order_by(_d.id))
            waiting: dict[Key, Waiting] = {
                (r[0], r[1], r[2], r[3], r[4]): Waiting(r[5], r[6], r[7], bool(r[8])) for r in found
            }
            return Queue(waiting, Counter((r[0], r[1], r[2], r[3]) for r in connection.execute(off)))
