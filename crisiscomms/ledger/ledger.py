"""The ledger: every delivery as a row that moves by compare-and-set, with one audit entry per move in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from crisiscomms.ledger.reading import Reading
from crisiscomms.ledger.rows import Row, Stage
from crisiscomms.ledger.statements import CLAIM, left_of, move, ready
from crisiscomms.ledger.states import WAITING, State
from crisiscomms.ledger.tables import METADATA, blobs, deliveries, holds, open_engine, publications, standing
from crisiscomms.ledger.trail import note
from crisiscomms.published import Key, iso

#: What of a move its audit entry repeats.
_TOLD = frozenset({"receipt", "evidence", "worker", "attempts"})


class Ledger(Reading):
    """One ledger file. `clock` gives the time that entries carry; `who` is the person at the keyboard."""

    def __init__(self, path: Path, clock: Callable[[], datetime], who: str) -> None:
        self.path, self.clock, self.who = path, clock, who
        self._durable = open_engine(path, durable=True)
        self._quick = open_engine(path, durable=False)
        self._reader = self._quick.execution_options(reads=True)
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

    def _note(
        self, connection: Connection, what: str, subject: str | int, detail: Mapping[str, Any] | None = None
    ) -> None:
        note(connection, self.now(), self.who, what, [(str(subject), detail or {})])

    # -- freezing a plan ---------------------------------------------------------------------------------------

    def freeze(  # noqa: PLR0917 -- what a publication is made of
        self,
        incident: str,
        fingerprint: str,
        telling: str,
        bodies: Mapping[str, bytes],
        rows: Iterable[Mapping[str, Any]],
        drop: Iterable[int],
    ) -> int:
        """Write a publication with all its items, in one durable transaction. Returns its id.

        `drop` are rows that still wait and are no longer wanted. A row that waits under the same key is revised.
        """
        now = self.now()
        values = {"incident": incident, "fingerprint": fingerprint, "started_at": now, "by": self.who}
        with self._write() as connection:
            result = connection.execute(insert(publications).values(**values, state="open", telling=telling))
            (number,) = result.inserted_primary_key or (0,)
            if bodies:
                kept = [{"digest": digest, "body": body} for digest, body in bodies.items()]
                connection.execute(upsert(blobs).on_conflict_do_nothing(), kept)
            for row_id in drop:
                self._move(connection, row_id, State.CANCELLED, {})
            fresh, revised = self._sorted_out(connection, incident, rows)
            given = {"publication": number, "state": State.PLANNED, "changed_at": now}
            if fresh:
                connection.execute(insert(deliveries), [{**row, **given} for row in fresh])
            if revised:
                _revise(connection, [{**row, **given} for row in revised])
                what = [(str(row["row_id"]), {"digest": row["digest"]}) for row in revised]
                note(connection, now, self.who, "revised", what)
            detail = {"publication": number, "fingerprint": fingerprint, "deliveries": len(fresh)}
            self._note(connection, "published", incident, detail)
        return int(number)

    @staticmethod
    def _sorted_out(
        connection: Connection, incident: str, rows: Iterable[Mapping[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the rows that are new, and those that revise one that waits."""
        d = deliveries.c
        keys = select(d.update_id, d.channel, d.account, d.recipient, d.number, d.id)
        found = connection.execute(keys.where(d.incident == incident, d.state.in_(WAITING)))
        waiting: dict[Key, int] = {(r[0], r[1], r[2], r[3], r[4]): r[5] for r in found}
        fresh: list[dict[str, Any]] = []
        revised: list[dict[str, Any]] = []
        for row in rows:
            known = waiting.get((row["update_id"], row["channel"], row["account"], row["recipient"], row["number"]))
            if known is None:
                fresh.append(dict(row))
            else:
                revised.append({**row, "row_id": known})
        return fresh, revised

    def finish(self, publication: int) -> bool:
        """Mark a publication as finished if it has nothing left to send. Updates of a later time may still wait."""
        with self._write() as connection:
            if connection.execute(left_of([publication])).scalar():
                return False
            done = update(publications).where(publications.c.id == publication).values(state="finished")
            connection.execute(done)
            self._note(connection, "finished", publication)
            return True

    # -- moving rows -------------------------------------------------------------------------------------------

    def _move(
        self,
        connection: Connection,
        row_id: int,
        to: State,
        values: Mapping[str, Any],
        *,
        token: str | None = None,
        unless_held: bool = False,
    ) -> bool:
        """Move a row if it may go there, and, where a token is given, if that token still holds it."""
        given = {f"new_{name}": value for name, value in values.items()} | {"new_changed_at": self.now()}
        given |= {"row_id": row_id} if token is None else {"row_id": row_id, "held_by": token}
        statement = move(to, (*values, "changed_at"), token=token is not None, unless_held=unless_held)
        moved = connection.execute(statement, given)
        if moved.rowcount:
            self._note(connection, to, row_id, {k: v for k, v in values.items() if k in _TOLD})
        return bool(moved.rowcount)

    def claim(
        self, stage: Stage, worker: str, boot: str, token: str, *, most: int, only: Iterable[int] | None = None
    ) -> list[Row]:
        """Claim the next rows of a stage, durably. `only`: those of these rows that failed before."""
        now = self.now()
        values = {"publication": stage.publication, "channel": stage.channel, "rank": stage.rank, "now": now}
        state = State.PLANNED if only is None else State.RETRY
        with self._write() as connection:
            among = {} if only is None else {"ids": list(only)}
            found = connection.execute(ready(state, chosen=only is not None), {**values, "most": most, **among})
            ids = [row[0] for row in found]
            if not ids:
                return []
            held = {"new_token": token, "new_worker": worker, "new_boot": boot, "new_changed_at": now}
            connection.execute(CLAIM, {"ids": ids, **held})
            note(connection, now, self.who, State.CLAIMED, [(str(row_id), {"worker": worker}) for row_id in ids])
            claimed = select(deliveries).where(deliveries.c.id.in_(ids)).order_by(deliveries.c.id)
            return [Row(**row._mapping) for row in connection.execute(claimed)]  # noqa: SLF001 -- its public name

    def sending(self, row: Row, token: str, message_id: str) -> bool:
        """Note that the next byte may reach someone. False: the row is no longer ours, or on hold by now."""
        with self._write(durable=False) as connection:
            values = {"message_id": message_id}
            return self._move(connection, row.id, State.SENDING, values, token=token, unless_held=True)

    def settle(
        self,
        row: Row,
        token: str,
        to: State,
        *,
        receipt: str = "",
        url: str = "",
        evidence: Mapping[str, str] | None = None,
        not_before: str | None = None,
        stands: Mapping[tuple[str, str], str] | None = None,
    ) -> bool:
        """Write how an attempt ended. `stands` maps (kind, language) to what now stands at its address."""
        values: dict[str, Any] = {"evidence": json.dumps(dict(evidence or {}), ensure_ascii=False, sort_keys=True)}
        if to is State.SENT:
            values |= {"receipt": receipt, "url": url}
        if to in WAITING:
            tried = row.attempts + (to is State.RETRY)
            values |= {"attempts": tried, "token": None, "not_before": not_before or row.not_before}
        with self._write(durable=to is not State.SENT or bool(stands)) as connection:
            moved = self._move(connection, row.id, to, values, token=token)
            if moved:
                for (kind, language), digest in (stands or {}).items():
                    _stand(connection, row.incident, kind, language, digest)
            return moved

    def resolve_doubt(self, row_id: int, to: State, reason: str) -> bool:
        """Settle a doubt by a person's word. `planned` sends once more, under a new number; the old row is closed."""
        with self._write() as connection:
            row = connection.execute(select(deliveries).where(deliveries.c.id == row_id)).mappings().first()
            if row is None or row["state"] != State.DOUBT:
                return False
            evidence = {**json.loads(row["evidence"]), "resolved_by": self.who, "reason": reason}
            ends = State.CLOSED if to is State.PLANNED else to
            self._move(connection, row_id, ends, {"evidence": json.dumps(evidence, ensure_ascii=False)})
            if to is State.PLANNED:
                self._again(connection, dict(row))
            return True

    def _again(self, connection: Connection, row: dict[str, Any]) -> None:
        """Plan a delivery once more, under the next number, and open its publication again."""
        d = deliveries.c
        same = [d[name] == row[name] for name in ("incident", "update_id", "channel", "account", "recipient")]
        number = int(connection.execute(select(func.max(d.number)).where(*same)).scalar() or 0) + 1
        fresh = {"token": None, "worker": None, "boot": None, "receipt": "", "url": "", "message_id": "", "attempts": 0}
        evidence = json.dumps({"resend_of": row["id"], "by": self.who}, ensure_ascii=False)
        again = {**row, **fresh, "number": number, "state": State.PLANNED, "evidence": evidence}
        again |= {"changed_at": self.now()}
        del again["id"]
        connection.execute(insert(deliveries).values(again))
        opened = update(publications).where(publications.c.id == row["publication"]).values(state="open")
        connection.execute(opened)
        self._note(connection, "resend", row["id"], {"by": self.who, "number": number})

    def recover(self, boot: str) -> list[Row]:
        """Take back what a dead worker left behind, and return the rows that are in doubt because of it.

        Only for the holder of the publishing lock: whoever held these rows is gone. A claim from before this machine's
        last start may have been sent without a trace, so it is in doubt as well.
        """
        doubted = []
        left = self.rows(State.CLAIMED, State.SENDING)
        if not left:
            return []
        with self._write() as connection:
            for row in left:
                if row.state == State.SENDING or row.boot != boot:
                    evidence = {"phase": row.state, "worker": row.worker, "since": row.changed_at}
                    self._move(connection, row.id, State.DOUBT, {"evidence": json.dumps(evidence)})
                    doubted.append(row)
                else:
                    self._move(connection, row.id, State.PLANNED, {"token": None})
        return doubted

    # -- holds -------------------------------------------------------------------------------------------------

    def hold(self, scope: str, reason: str) -> None:
        """Stop an incident, `channel:NAME`, or `everything`, before the next message."""
        values = {"scope": scope, "since": self.now(), "by": self.who, "reason": reason}
        with self._write() as connection:
            connection.execute(upsert(holds).values(values).on_conflict_do_nothing())
            self._note(connection, "hold", scope, {"reason": reason})

    def release(self, scope: str) -> bool:
        """Lift a hold. False where there was none."""
        with self._write() as connection:
            lifted = connection.execute(holds.delete().where(holds.c.scope == scope)).rowcount
            if lifted:
                self._note(connection, "release", scope)
            return bool(lifted)


def _revise(connection: Connection, rows: list[dict[str, Any]]) -> None:
    names = [name for name in rows[0] if name != "row_id"]
    waits = or_(*(deliveries.c.state == state for state in sorted(WAITING)))  # one statement for many takes no list
    where = (deliveries.c.id == bindparam("row_id"), waits)
    statement = update(deliveries).where(*where).values({name: bindparam(f"new_{name}") for name in names})
    given = [{"row_id": row["row_id"], **{f"new_{name}": row[name] for name in names}} for row in rows]
    connection.execute(statement, given)


def _stand(connection: Connection, incident: str, kind: str, language: str, digest: str) -> None:
    statement = upsert(standing).values(incident=incident, kind=kind, language=language, digest=digest)
    index = ["incident", "kind", "language"]
    connection.execute(statement.on_conflict_do_update(index_elements=index, set_={"digest": digest}))
