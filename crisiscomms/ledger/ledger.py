"""The ledger: every delivery as a row that moves by compare-and-set, with one audit entry per move in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, null, select, update

from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger.rows import Hold, Line, Row, Worker
from crisiscomms.ledger.statements import ROWS, move, words
from crisiscomms.ledger.states import WAITING, State
from crisiscomms.ledger.store import open_store
from crisiscomms.ledger.tables import blobs, claims, deliveries, holds, items, lanes, publications, suppressions
from crisiscomms.ledger.trail import ACCEPTED, OPENED, Anchor, told
from crisiscomms.ledger.working import Working
from crisiscomms.published import Draft

_PORTION = 5_000
#: Why something is on hold, where nobody said so.
NO_REASON = "no reason given"
_d = deliveries.c
_NEW = (
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
#: The columns that a draft begins with.
_OF_DRAFT = Draft._fields[:5]
_ADD = insert(deliveries).values({name: bindparam(name) for name in _NEW})
_ACCEPT = (
    update(deliveries)
    .where(_d.id == bindparam("row_id"))
    .values(state=words(State.DOUBT)[0], evidence=bindparam("new_evidence"), claim=null())
)
_REVISE = (
    update(deliveries)
    .where(_d.id == bindparam("row_id"), _d.state.in_(words(*WAITING)))
    .values(
        item=bindparam("item"),
        person=bindparam("person"),
        digest=bindparam("digest"),
        thread=bindparam("thread"),
        state=words(State.PLANNED)[0],
    )
)


class Ledger(Working):
    """One ledger. See `Reading` for what it tells, `Working` for what workers do with it."""

    def __init__(self, where: Path | str, clock: Callable[[], datetime], who: str, password: str | None = None) -> None:
        super().__init__(open_store(where, password), clock, who)

    def close(self) -> None:
        """Close every connection."""
        self.store.close()

    # -- freezing a plan ---------------------------------------------------------------------------------------

    def freeze(  # noqa: PLR0917 -- what a publication is made of
        self,
        incident: str,
        fingerprint: str,
        telling: str,
        bodies: Mapping[str, bytes],
        lines: Iterable[Line],
        drop: Iterable[int],
        then: Callable[[Connection], None] = lambda _connection: None,
    ) -> int:
        """Write a publication with all its items, in one durable transaction. Returns its id.

        `drop` are rows that still wait and are no longer wanted. `then` is called last, in the same transaction.
        """
        now = self.now()
        values = {"incident": incident, "fingerprint": fingerprint, "started_at": now, "by": self.who}
        with self.store.write() as connection:
            result = connection.execute(insert(publications).values(**values, state="open", telling=telling))
            number = int((result.inserted_primary_key or (0,))[0])
            for digest, body in bodies.items():
                kept = self.store.upsert(blobs).values(digest=digest, body=body)
                connection.execute(kept.on_conflict_do_nothing())
            self._drop(connection, drop)
            count = sum(self._freeze_line(connection, number, line) for line in lines)
            detail = told(publication=number, fingerprint=fingerprint, deliveries=count)
            self._note(connection, [("published", incident, detail)])
            then(connection)
        if count >= _PORTION:
            self.store.fold()
        return number

    def _drop(self, connection: Connection, drop: Iterable[int]) -> None:
        statement = move(State.CANCELLED, ())
        gone = [row_id for row_id in drop if self.store.many(connection, statement, [{"row_id": row_id}])]
        self._note(connection, [(State.CANCELLED.value, row_id, "") for row_id in gone])

    def _freeze_line(self, connection: Connection, publication: int, line: Line) -> int:
        lane = self._lane(connection, line.item)
        made = connection.execute(insert(items).values(**line.item, publication=publication, lane=lane))
        item = int((made.inserted_primary_key or (0,))[0])
        blank = {"item": item, "lane": lane, "update_id": line.item["update_id"], "state": str(State.PLANNED)}
        blank |= {"attempts": 0, "receipt": "", "url": "", "evidence": ""}
        names, shared = (*blank, *_OF_DRAFT), tuple(blank.values())
        drafts, count = iter(line.drafts), 0
        while portion := list(islice(drafts, _PORTION)):
            fresh = [shared + draft[: len(_OF_DRAFT)] for draft in portion if draft.revises is None]
            self.store.each(connection, _ADD, names, fresh)
            self._revise(connection, item, [draft for draft in portion if draft.revises is not None])
            count += len(portion)
        return count

    def _revise(self, connection: Connection, item: int, drafts: list[Draft]) -> None:
        given = [{**_columns(draft), "item": item, "row_id": draft.revises} for draft in drafts]
        moved = [one["row_id"] for one in given if self.store.many(connection, _REVISE, [one])]
        self._note(connection, [("revised", row_id, told(item=item)) for row_id in moved])

    @staticmethod
    def _lane(connection: Connection, item: Mapping[str, Any]) -> int:
        same = {name: item[name] for name in ("incident", "channel", "account")}
        known = connection.execute(select(lanes.c.id).filter_by(**same)).scalar()
        if known is not None:
            return int(known)
        return int((connection.execute(insert(lanes).values(**same)).inserted_primary_key or (0,))[0])

    def let_go(self, publication: int, most: int | None) -> None:
        """Say how many of each line of a publication may go for now. None: all."""
        mine = (items.c.publication == publication, items.c.audience != "", items.c.most.is_distinct_from(most))
        with self.store.write() as connection:
            if connection.execute(update(items).where(*mine).values(most=most)).rowcount:
                self._note(connection, [("let go", publication, told(most=most))])

    # -- a person's word ---------------------------------------------------------------------------------------

    def resolve_doubt(self, row_id: int, to: State, reason: str, *, by: str | None = None) -> bool:
        """Settle a doubt by a person's word. `planned` sends once more, under a new number; the old row is closed.

        `by`: who says so, where it is not the person at the keyboard but what they chose in the plan.
        """
        with self.store.write() as connection:
            found = connection.execute(ROWS.where(_d.id == row_id)).first()
            row = Row.read(found) if found else None
            if row is None or row.state != State.DOUBT:
                return False
            evidence = {**json.loads(row.evidence or "{}"), "resolved_by": by or self.who, "because": reason}
            ends = State.CLOSED if to is State.PLANNED else to
            given = {"row_id": row_id, "new_evidence": json.dumps(evidence, ensure_ascii=False)}
            if to is State.PLANNED and by is None:
                self._refuse_while_alive(connection, row)
            if not self.store.many(connection, move(ends, ("evidence",)), [given]):
                return False
            self._note(connection, [(ends.value, row_id, told(reason=reason, by=by or self.who))])
            if to is State.PLANNED:
                self._again(connection, row, by or self.who)
            return True

    def resolve_refused(self, row_id: int, reason: str, *, again: bool) -> bool:
        """Settle a refusal by a person's word. `again` sends once more, under a new number. False: it is settled by now."""
        with self.store.write() as connection:
            found = connection.execute(ROWS.where(_d.id == row_id, _d.state == words(State.FAILED)[0])).first()
            row = Row.read(found) if found else None
            known: dict[str, Any] = json.loads(row.evidence or "{}") if row else {}
            if row is None or "resolved_by" in known:
                return False
            evidence = json.dumps({**known, "resolved_by": self.who, "because": reason}, ensure_ascii=False)
            connection.execute(update(deliveries).where(_d.id == row_id).values(evidence=evidence))
            if again:
                self._again(connection, row, self.who)
            else:
                self._note(connection, [("left refused", row_id, told(reason=reason, by=self.who))])
            return True

    def _refuse_while_alive(self, connection: Connection, row: Row) -> None:
        """Raise CrisiscommsError while a worker may still hear that the place has the message."""
        claim = connection.execute(select(claims).where(claims.c.id == row.claim)).mappings().first()
        if claim is None or claim["until"] < self.store.seconds(connection):
            return
        if not Worker(claim["worker"], claim["process"]).is_gone():
            raise CrisiscommsError(
                f"{claim['worker']} may still be waiting for an answer about {row.recipient or row.channel}",
                why="If it were sent again now, it could arrive twice.",
                fix="Wait a minute, then say it again.",
            )

    def _again(self, connection: Connection, row: Row, by: str) -> None:
        """Plan a delivery once more, under the next number, and open its publication again."""
        same = (_d.lane == row.lane, _d.recipient == row.recipient, _d.update_id == row.update_id)
        number = int(connection.execute(select(func.max(_d.number)).where(*same)).scalar() or 0) + 1
        evidence = json.dumps({"resend_of": row.id, "by": by}, ensure_ascii=False)
        again = {name: getattr(row, name) for name in _NEW} | {"number": number, "state": str(State.PLANNED)}
        again |= {"attempts": 0, "receipt": "", "url": "", "evidence": evidence}
        self.store.many(connection, _ADD, [again])
        opened = update(publications).where(publications.c.id == row.publication).values(state="open")
        connection.execute(opened)
        self._note(connection, [("resend", row.id, told(by=by, number=number))])

    def accept(self, anchors: Iterable[Anchor]) -> int:
        """Go on with a ledger that is older than what was published from it: whatever still waits is in doubt.

        Returns how many deliveries that are.
        """
        waits = select(_d.id).where(_d.state.in_(words(*WAITING, State.CLAIMED, State.SENDING)))
        with self.store.write() as connection:
            ids = [row[0] for row in connection.execute(waits)]
            evidence = told(phase="the ledger is older than what was published", since=self.now())
            self.store.many(connection, _ACCEPT, [{"row_id": row_id, "new_evidence": evidence} for row_id in ids])
            entries = [(State.DOUBT.value, row_id, evidence) for row_id in ids]
            self._note(connection, [*entries, *((ACCEPTED, anchor.hash, told(entry=anchor.seq)) for anchor in anchors)])
        return len(ids)

    def hold(self, scope: str, reason: str) -> Hold | None:
        """Stop an incident, `channel:NAME`, or `everything`, before the next message. A new reason replaces the old one.

        Returns the hold that was there before, if any.
        """
        here = holds.c.scope == scope
        with self.store.write() as connection:
            found = connection.execute(select(holds.c.since, holds.c.by, holds.c.reason).where(here)).first()
            before = Hold(*found) if found else None
            if before is None:
                values = {"scope": scope, "since": self.now(), "by": self.who, "reason": reason or NO_REASON}
                connection.execute(insert(holds).values(values))
                self._note(connection, [("hold", scope, told(reason=reason or NO_REASON))])
            elif reason not in {"", before.reason}:
                connection.execute(update(holds).where(here).values(reason=reason))
                self._note(connection, [("hold", scope, told(reason=reason, instead_of=before.reason))])
        return before

    def release(self, scope: str) -> bool:
        """Lift a hold. False where there was none."""
        with self.store.write() as connection:
            lifted = connection.execute(delete(holds).where(holds.c.scope == scope)).rowcount
            if lifted:
                self._note(connection, [("release", scope, "")])
            return bool(lifted)

    def open(self, incident: str, by: str, reason: str) -> None:
        """Note that a named person opened a market-sensitive incident."""
        with self.store.write() as connection:
            self._note(connection, [(OPENED, incident, told(by=by, reason=reason))])

    def opened(self, incident: str) -> bool:
        """Say whether a named person opened a market-sensitive incident."""
        return self.trail.says(OPENED, incident)

    def rolled_back(self, channel: str, release: str, instead_of: str) -> None:
        """Note that readers see an earlier release of the site again."""
        with self.store.write() as connection:
            self._note(connection, [("site rolled back", channel, told(release=release, instead_of=instead_of))])

    def suppress(self, readers: Iterable[str], reason: str) -> int:
        """Note who wants no more mail: addresses as compared, or `token:` and the token. Returns how many are new."""
        new = 0
        with self.store.write() as connection:
            for reader in readers:
                values = {"reader": reader, "since": self.now(), "by": self.who, "reason": reason}
                kept = self.store.upsert(suppressions).values(values).on_conflict_do_nothing()
                if connection.execute(kept, execution_options={"preserve_rowcount": True}).rowcount:
                    self._note(connection, [("unsubscribed", reader, told(reason=reason))])
                    new += 1
        return new


def _columns(draft: Draft) -> dict[str, Any]:
    return dict(zip(_OF_DRAFT, draft, strict=False))
