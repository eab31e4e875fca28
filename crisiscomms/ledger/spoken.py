"""The half of the ledger that people use: what they say about doubts, refusals, holds, readers and releases."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, func, insert, null, select, update

from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger.rows import Hold, Row, Worker
from crisiscomms.ledger.statements import ADD, NEW, ROWS, words
from crisiscomms.ledger.states import MOVES, WAITING, State
from crisiscomms.ledger.tables import claims, deliveries, holds, publications, suppressions
from crisiscomms.ledger.trail import ACCEPTED, OPENED, Anchor, told
from crisiscomms.ledger.working import Working

#: Why something is on hold, where nobody said so.
NO_REASON = "no reason given"
_d = deliveries.c
_ACCEPT = (
    update(deliveries)
    .where(_d.id == bindparam("row_id"))
    .values(state=words(State.DOUBT)[0], evidence=bindparam("new_evidence"), claim=null())
)


class Spoken(Working):
    """Writes what people say, each with their name, in the trail too."""

    def resolve_doubt(self, row_id: int, to: State, reason: str, *, by: str | None = None) -> bool:
        """Settle a doubt by a person's word. `planned` sends once more, under a new number; the old row is closed.

        `by`: who says so, where it is not the person at the keyboard but what they chose in the plan. False: it is settled
        by now, or nobody can say so.
        """
        with self.store.write() as connection:
            row = self._in(connection, row_id, State.DOUBT)
            ends = State.CLOSED if to is State.PLANNED else to
            if row is None or ends not in MOVES[State.DOUBT]:
                return False
            if to is State.PLANNED and by is None:
                self._refuse_while_alive(connection, row)
            self._settle(connection, row, ends, reason, by or self.who)
            self._note(connection, [(ends.value, row_id, told(reason=reason, by=by or self.who))])
            if to is State.PLANNED:
                self._again(connection, row, by or self.who)
            return True

    def resolve_refused(self, row_id: int, reason: str, *, again: bool) -> bool:
        """Settle a refusal by a person's word. `again` sends once more, under a new number. False: it is settled by now."""
        with self.store.write() as connection:
            row = self._in(connection, row_id, State.FAILED)
            if row is None or "resolved_by" in json.loads(row.evidence or "{}"):
                return False
            self._settle(connection, row, State.FAILED, reason, self.who)
            if again:
                self._again(connection, row, self.who)
            else:
                self._note(connection, [("left refused", row_id, told(reason=reason, by=self.who))])
            return True

    @staticmethod
    def _in(connection: Connection, row_id: int, state: State) -> Row | None:
        """Return a row if it is in a state."""
        found = connection.execute(ROWS.where(_d.id == row_id, _d.state == words(state)[0])).first()
        return Row.read(found) if found else None

    @staticmethod
    def _settle(connection: Connection, row: Row, to: State, reason: str, by: str) -> None:
        """Write that somebody settled a row, and why, beside what was known of it."""
        evidence = {**json.loads(row.evidence or "{}"), "resolved_by": by, "because": reason}
        settled = update(deliveries).where(_d.id == row.id)
        connection.execute(settled.values(state=words(to)[0], evidence=json.dumps(evidence, ensure_ascii=False)))

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
        again = {name: getattr(row, name) for name in NEW} | {"number": number, "state": str(State.PLANNED)}
        again |= {"attempts": 0, "receipt": "", "url": "", "evidence": evidence}
        self.store.many(connection, ADD, [again])
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

    def lift(self, readers: Iterable[str], reason: str) -> list[str]:
        """Note who is to get mail again, from the next message on. Returns those who were not suppressed."""
        unknown = []
        with self.store.write() as connection:
            for reader in readers:
                if connection.execute(delete(suppressions).where(suppressions.c.reader == reader)).rowcount:
                    self._note(connection, [("subscribed again", reader, told(reason=reason))])
                else:
                    unknown.append(reader)
        return unknown
