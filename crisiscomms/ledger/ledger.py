"""The ledger: every delivery as a row that moves by compare-and-set, with one audit entry per move in the same transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from crisiscomms.ledger.states import MAYBE_OUT, MOVES, WAITING, State
from crisiscomms.ledger.tables import METADATA, audit, blobs, deliveries, holds, open_engine, publications, standing
from crisiscomms.published import Published, PublishedIncident, Telling, Told


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


class Ledger:
    """One ledger file. `clock` gives the time that entries carry; `who` is the person at the keyboard."""

    def __init__(self, path: Path, clock: Callable[[], datetime], who: str) -> None:
        self.path, self.clock, self.who = path, clock, who
        self._durable = open_engine(path, durable=True)
        self._quick = open_engine(path, durable=False)
        METADATA.create_all(self._durable)

    def close(self) -> None:
        """Close every connection."""
        self._durable.dispose()
        self._quick.dispose()

    def now(self) -> str:
        """Return the time as entries carry it."""
        return iso(self.clock())

    @contextmanager
    def _write(self, *, durable: bool = True) -> Iterator[Connection]:
        with (self._durable if durable else self._quick).begin() as connection:
            yield connection

    def _note(self, connection: Connection, what: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
        """Write one audit entry, chained to the one before it."""
        previous = connection.execute(select(audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).scalar() or ""
        entry = {"at": self.now(), "who": self.who, "what": what, "subject": subject, "detail": json.dumps(detail or {}, sort_keys=True, ensure_ascii=False)}
        body = json.dumps(entry, sort_keys=True, ensure_ascii=False)
        chained = hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
        connection.execute(insert(audit).values(previous=previous, hash=chained, **entry))

    # -- blobs -------------------------------------------------------------------------------------------------

    def blob(self, digest: str) -> bytes:
        """Return the bytes of a digest. Raises KeyError."""
        with self._quick.connect() as connection:
            body = connection.execute(select(blobs.c.body).where(blobs.c.digest == digest)).scalar()
        if body is None:
            raise KeyError(digest)
        return bytes(body)

    # -- freezing a plan ---------------------------------------------------------------------------------------

    def freeze(self, incident: str, fingerprint: str, telling: str, bodies: Mapping[str, bytes], rows: Iterable[Mapping[str, Any]], drop: Iterable[int]) -> int:
        """Write a publication with all its items, in one durable transaction. Returns its id.

        `drop` are rows that still wait and are no longer wanted. A row that waits under the same key is revised.
        """
        now = self.now()
        with self._write() as connection:
            result = connection.execute(insert(publications).values(incident=incident, fingerprint=fingerprint, started_at=now, by=self.who, state="open", telling=telling))
            number = int(result.inserted_primary_key[0])
            for digest, body in bodies.items():
                connection.execute(upsert(blobs).values(digest=digest, body=body).on_conflict_do_nothing())
            for row_id in drop:
                self._move(connection, row_id, None, State.CANCELLED, {})
            waiting = self._waiting_keys(connection, incident)
            fresh = []
            for row in rows:
                key = (row["update_id"], row["channel"], row["account"], row["recipient"], row["number"])
                values = {**row, "publication": number, "state": State.PLANNED, "changed_at": now}
                if key in waiting:
                    connection.execute(update(deliveries).where(deliveries.c.id == waiting[key]).values(values))
                    self._note(connection, "revised", str(waiting[key]), {"digest": row["digest"]})
                else:
                    fresh.append(values)
            if fresh:
                connection.execute(insert(deliveries), fresh)
            self._note(connection, "published", incident, {"publication": number, "fingerprint": fingerprint, "deliveries": len(fresh)})
        return number

    def _waiting_keys(self, connection: Connection, incident: str) -> dict[tuple[Any, ...], int]:
        d = deliveries.c
        found = connection.execute(select(d.update_id, d.channel, d.account, d.recipient, d.number, d.id).where(d.incident == incident, d.state.in_(WAITING)))
        return {tuple(row[:5]): row[5] for row in found}

    def open_publications(self) -> list[Publication]:
        """Return the publications that are not finished, oldest first."""
        p = publications.c
        with self._quick.connect() as connection:
            found = connection.execute(select(p.id, p.incident, p.fingerprint, p.started_at, p.telling).where(p.state == "open").order_by(p.id))
            return [Publication(*row) for row in found]

    def finish(self, publication: int) -> bool:
        """Mark a publication as finished if nothing of it is left that could go now. Later updates may still wait."""
        d = deliveries.c
        with self._write() as connection:
            left = connection.execute(
                select(func.count()).where(d.publication == publication, or_(d.state.in_([State.CLAIMED, State.SENDING]), and_(d.state.in_(WAITING), d.not_before <= self.now())))
            ).scalar()
            if left:
                return False
            connection.execute(update(publications).where(publications.c.id == publication).values(state="finished"))
            self._note(connection, "finished", str(publication))
            return True

    # -- moving rows -------------------------------------------------------------------------------------------

    def _move(self, connection: Connection, row_id: int, token: str | None, to: State, values: Mapping[str, Any]) -> bool:
        """Move a row if it may go there, and, where a token is given, if that token still holds it."""
        allowed = [state for state, nexts in MOVES.items() if to in nexts]
        where = [deliveries.c.id == row_id, deliveries.c.state.in_(allowed)]
        if token is not None:
            where.append(deliveries.c.token == token)
        moved = connection.execute(update(deliveries).where(*where).values(state=to, changed_at=self.now(), **values)).rowcount
        if moved:
            self._note(connection, to, str(row_id), {k: v for k, v in values.items() if k in {"receipt", "evidence", "worker", "attempts"}})
        return bool(moved)

    def stages(self, publications_: Iterable[int]) -> list[tuple[int, str]]:
        """Return what could go now, in order: pairs of rank and channel."""
        d = deliveries.c
        with self._quick.connect() as connection:
            found = connection.execute(
                select(d.rank, d.channel).where(d.publication.in_(list(publications_)), d.state.in_(WAITING), d.not_before <= self.now()).distinct().order_by(d.rank, d.channel)
            )
            return [(row[0], row[1]) for row in found]

    def claim(self, publications_: Iterable[int], stage: tuple[int, str], worker: str, boot: str, token: str, most: int) -> list[Row]:
        """Claim the next rows of a rank and channel, durably. Rows that wait for a later time stay."""
        rank, channel = stage
        d = deliveries.c
        with self._write() as connection:
            chosen = connection.execute(
                select(deliveries)
                .where(d.publication.in_(list(publications_)), d.channel == channel, d.rank == rank, d.state.in_(WAITING), d.not_before <= self.now())
                .order_by(d.id)
                .limit(most)
            ).all()
            rows = [Row(**row._mapping) for row in chosen]
            for row in rows:
                self._move(connection, row.id, None, State.CLAIMED, {"token": token, "worker": worker, "boot": boot})
        return rows

    def sending(self, row: Row, token: str, message_id: str) -> bool:
        """Note that the next byte may reach someone. False: the row is no longer ours."""
        with self._write(durable=False) as connection:
            return self._move(connection, row.id, token, State.SENDING, {"message_id": message_id})

    def settle(self, row: Row, token: str, to: State, *, receipt: str = "", url: str = "", evidence: Mapping[str, str] | None = None, not_before: str | None = None, stands: Mapping[tuple[str, str], str] | None = None) -> bool:
        """Write how an attempt ended. `stands` maps (kind, language) to what now stands at its address."""
        values: dict[str, Any] = {"evidence": json.dumps(dict(evidence or {}), ensure_ascii=False, sort_keys=True)}
        if to is State.SENT:
            values |= {"receipt": receipt, "url": url}
        if to in {State.RETRY, State.PLANNED}:
            values |= {"attempts": row.attempts + (to is State.RETRY), "token": None, "not_before": not_before or row.not_before}
        with self._write(durable=to is not State.SENT or bool(stands)) as connection:
            moved = self._move(connection, row.id, token, to, values)
            if moved:
                for (kind, language), digest in (stands or {}).items():
                    statement = upsert(standing).values(incident=row.incident, kind=kind, language=language, digest=digest)
                    connection.execute(statement.on_conflict_do_update(index_elements=["incident", "kind", "language"], set_={"digest": digest}))
            return moved

    def resolve_doubt(self, row_id: int, to: State, reason: str) -> bool:
        """Settle a doubt by a person's word. `planned` sends once more, under a new number; the old row is closed."""
        with self._write() as connection:
            row = connection.execute(select(deliveries).where(deliveries.c.id == row_id)).mappings().first()
            if row is None or row["state"] != State.DOUBT:
                return False
            self._move(connection, row_id, None, State.CLOSED if to is State.PLANNED else to, {"evidence": json.dumps({**json.loads(row["evidence"]), "resolved_by": self.who, "reason": reason}, ensure_ascii=False)})
            if to is State.PLANNED:
                again = {k: v for k, v in dict(row).items() if k != "id"} | {"number": self._next_number(connection, row), "state": State.PLANNED, "token": None, "attempts": 0, "evidence": json.dumps({"resend_of": row_id, "by": self.who}), "changed_at": self.now()}
                connection.execute(insert(deliveries).values(again))
                connection.execute(update(publications).where(publications.c.id == row["publication"]).values(state="open"))
                self._note(connection, "resend", str(row_id), {"by": self.who})
            return True

    def _next_number(self, connection: Connection, row: Mapping[str, Any]) -> int:
        same = [deliveries.c[name] == row[name] for name in ("incident", "update_id", "channel", "account", "recipient")]
        return int(connection.execute(select(func.max(deliveries.c.number)).where(*same)).scalar() or 0) + 1

    def recover(self, boot: str) -> list[Row]:
        """Take back what a dead worker left behind, and return the rows that are in doubt because of it.

        Only for the holder of the publishing lock: whoever held these rows is gone. A claim from before this machine's
        last start may have been sent without a trace, so it is in doubt as well.
        """
        doubted = []
        for row in self.rows(State.CLAIMED, State.SENDING):
            lost = row.state == State.SENDING or row.boot != boot
            with self._write() as connection:
                if lost:
                    self._move(connection, row.id, None, State.DOUBT, {"evidence": json.dumps({"phase": row.state, "worker": row.worker, "since": row.changed_at})})
                    doubted.append(row)
                else:
                    self._move(connection, row.id, None, State.PLANNED, {"token": None})
        return doubted

    # -- reading -----------------------------------------------------------------------------------------------

    def rows(self, *states: State, incident: str | None = None, publication: int | None = None) -> list[Row]:
        """Return rows in some states (none: all), oldest first."""
        statement = select(deliveries).order_by(deliveries.c.id)
        if states:
            statement = statement.where(deliveries.c.state.in_(states))
        if incident:
            statement = statement.where(deliveries.c.incident == incident)
        if publication is not None:
            statement = statement.where(deliveries.c.publication == publication)
        with self._quick.connect() as connection:
            return [Row(**row._mapping) for row in connection.execute(statement)]

    def counts(self) -> list[tuple[str, str, str, str, int]]:
        """Return how many deliveries stand where: incident, update, channel, state, count."""
        d = deliveries.c
        with self._quick.connect() as connection:
            found = connection.execute(select(d.incident, d.update_id, d.channel, d.state, func.count()).group_by(d.incident, d.update_id, d.channel, d.state).order_by(func.min(d.id)))
            return [(row[0], row[1], row[2], row[3], row[4]) for row in found]

    def first_out(self, row: Row) -> Row | None:
        """Return the first post of the same incident on the same account that is out, or may be."""
        d = deliveries.c
        with self._quick.connect() as connection:
            found = connection.execute(
                select(deliveries)
                .where(d.incident == row.incident, d.channel == row.channel, d.account == row.account, d.recipient == row.recipient, d.id < row.id, d.state.in_(MAYBE_OUT))
                .order_by(d.id)
                .limit(1)
            ).first()
        return Row(**found._mapping) if found else None

    def standing(self, kind: str) -> dict[tuple[str, str], str]:
        """Return what stands now: digests by incident and language."""
        with self._quick.connect() as connection:
            found = connection.execute(select(standing.c.incident, standing.c.language, standing.c.digest).where(standing.c.kind == kind))
            return {(row[0], row[1]): row[2] for row in found}

    def published(self) -> Published:
        """Return everything that is out, as plain values."""
        with self._quick.connect() as connection:
            tellings = {row[0]: row[1] for row in connection.execute(select(publications.c.incident, publications.c.telling).order_by(publications.c.id))}
            stands = list(connection.execute(select(standing)))
            held = {row[0]: row[1] for row in connection.execute(select(holds.c.scope, holds.c.reason))}
        told: dict[str, list[Told]] = {}
        for row in self.rows():
            if row.state != State.CANCELLED:
                told.setdefault(row.incident, []).append(Told(row.update_id, row.channel, row.account, row.recipient, row.number, row.audience, row.state, row.kind, row.receipt, row.message_id, row.digest))
        incidents = {
            incident: PublishedIncident(
                Telling.from_json(telling),
                tuple(told.get(incident, ())),
                {s.language: s.digest for s in stands if s.incident == incident and s.kind == "site"},
                {s.language: s.digest for s in stands if s.incident == incident and s.kind == "memo"},
            )
            for incident, telling in tellings.items()
        }
        return Published(incidents, held)

    def waiting(self, incident: str) -> dict[tuple[str, str, str, str, int], tuple[int, str]]:
        """Return what waits: the row and its digest, by update, channel, account, recipient and number."""
        return {row.key[1:]: (row.id, row.digest) for row in self.rows(*WAITING, incident=incident)}

    # -- holds -------------------------------------------------------------------------------------------------

    def hold(self, scope: str, reason: str) -> None:
        """Stop an incident, `channel:NAME`, or `everything`, before the next message."""
        with self._write() as connection:
            connection.execute(upsert(holds).values(scope=scope, since=self.now(), by=self.who, reason=reason).on_conflict_do_nothing())
            self._note(connection, "hold", scope, {"reason": reason})

    def release(self, scope: str) -> bool:
        """Lift a hold. False where there was none."""
        with self._write() as connection:
            lifted = connection.execute(holds.delete().where(holds.c.scope == scope)).rowcount
            if lifted:
                self._note(connection, "release", scope)
            return bool(lifted)

    def held(self, row: Row) -> bool:
        """Say whether a row may not go now."""
        with self._quick.connect() as connection:
            return connection.execute(select(func.count()).where(holds.c.scope.in_([row.incident, f"channel:{row.channel}", "everything"]))).scalar() != 0


def iso(at: datetime) -> str:
    """Return a time as the ledger writes it: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
