"""The half of the ledger that workers use: claiming rows, the mark before the last byte, and how each attempt ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, or_, select, update

from crisiscomms.ledger.history import History
from crisiscomms.ledger.moving import Moves, NotOurs, plain
from crisiscomms.ledger.pace import ask_patience, give_pace
from crisiscomms.ledger.rows import Begin, Begun, Ending, Row, Stage, Worker
from crisiscomms.ledger.statements import ROWS_IN_HAND, due_of, move, take, words
from crisiscomms.ledger.states import State
from crisiscomms.ledger.tables import claims, deliveries, holds, items, publications, standing, suppressions
from crisiscomms.ledger.trail import Entry, told
from crisiscomms.published import EVERYTHING

#: For how many seconds a worker has a batch for itself, and after how many it says that it is still there.
LEASE, RENEW_AFTER = 60.0, 15.0

_d = deliveries.c
_NEW_CLAIM = (
    insert(claims)
    .values({name: bindparam(name) for name in ("worker", "process", "boot", "at", "until")})
    .returning(claims.c.id)
)
_HOLDS = select(holds.c.scope)
_OVER = select(claims.c.id).where(claims.c.id >= bindparam("oldest"), claims.c.until < bindparam("seconds"))
_SUPPRESSED = select(suppressions.c.reader).where(suppressions.c.reader == bindparam("name"))
#: Whether anything at all may keep rows from beginning: only then each row has to be looked at.
_ANY_OBSTACLE = select(or_(exists(_HOLDS), exists(select(suppressions.c.reader)), exists(_OVER)))
_RENEW = update(claims).where(claims.c.id == bindparam("held_by")).values(until=bindparam("new_until"))


class Working(History):
    """Moves rows by compare-and-set, each move with its audit entry in the same transaction."""

    lease: float = LEASE

    def _note(self, connection: Connection, entries: Sequence[Entry]) -> None:
        self.trail.note(connection, self.now(), self.who, entries)

    # -- claiming ----------------------------------------------------------------------------------------------

    def claim(self, stage: Stage, worker: Worker, *, most: int, per_second: float | None = None) -> list[Row]:
        """Claim the next rows of a stage that may go, durably: new ones, and those to be tried again.

        `per_second` is the pace of the channel, which all workers share: fewer rows come back where it is used up.
        """
        with self.store.between_marks() as connection:
            seconds = self.store.seconds(connection)
            most = give_pace(self.store, connection, stage.channel, per_second=per_second, wanted=most, seconds=seconds)
            ready = self._ready_items(connection, stage) if most > 0 else []
            if not ready:
                return []
            with self.store.attempt(connection) as take_back:
                claim = self._new_claim(connection, worker, seconds + self.lease)
                rows = self._take(connection, ready, most, claim)
                if not rows:
                    take_back()
            detail = told(claim=claim)
            self._note(connection, [(State.CLAIMED.value, row.id, detail) for row in rows])
        return rows

    def _new_claim(self, connection: Connection, worker: Worker, until: float) -> int:
        given = {"worker": worker.name, "process": worker.process, "boot": self.store.boot}
        return int(self.store.ask(connection, _NEW_CLAIM, {**given, "at": self.now(), "until": until})[0][0])

    def _take(self, connection: Connection, ready: Iterable[Sequence[Any]], most: int, claim: int) -> list[Row]:
        rows: list[Row] = []
        for item in ready:
            if len(rows) < most:
                shared = (*item[4:], "", "")
                taken = self._next(connection, item, most - len(rows), take, held_by=claim)
                rows += [Row._make(own + shared) for own in taken]
        return rows

    def renew(self, held: Iterable[int]) -> None:
        """Say that some claims are still being worked on."""
        with self.store.write() as connection:
            until = self.store.seconds(connection) + self.lease
            self.store.many(connection, _RENEW, [{"held_by": claim, "new_until": until} for claim in held])

    def hurry(self, publication_ids: Iterable[int]) -> None:
        """Let what failed before be tried again at once, except where the place itself asked for patience."""
        mine = select(items.c.id).where(items.c.publication.in_(list(publication_ids))).scalar_subquery()
        unasked = _d.evidence.not_like('%"asked"%')
        waits = update(deliveries).where(_d.item.in_(mine), _d.state == words(State.RETRY)[0], unasked)
        with self.store.write() as connection:
            connection.execute(waits.values(not_before=None))

    def ask_patience(self, channel: str, seconds: float) -> None:
        """Note that a place asked all of us to wait some seconds."""
        with self.store.write() as connection:
            ask_patience(self.store, connection, channel, self.store.seconds(connection) + seconds)

    # -- the turn ----------------------------------------------------------------------------------------------

    def turn(self, begins: Sequence[Begin], endings: Sequence[Ending]) -> Begun:
        """Write in one transaction how attempts ended and which ones begin. Returns those that may send their last byte.

        Who is on hold, asked for no more mail, or no longer ours by now does not begin; nothing does once our lease is over.
        """
        try:
            return self._turn(begins, endings, singly=False)
        except NotOurs:
            return self._turn(begins, endings, singly=True)

    def _turn(self, begins: Sequence[Begin], endings: Sequence[Ending], *, singly: bool) -> Begun:
        lasting = any(ending.to is not State.SENT or ending.stands for ending in endings)
        # A release names the end of the trail: a power cut must not take back what it names.
        lasting = lasting or any(not begin.row.recipient for begin in begins)
        with self.store.write() if lasting else self.store.mark() as connection:
            moves = Moves(self.store, connection, singly=singly)
            ended = self._end(connection, endings, moves)
            begun = self._begin(connection, begins, moves) if begins else Begun(frozenset())
            self._note(connection, moves.entries)
        return begun._replace(ended=ended)

    def _begin(self, connection: Connection, begins: Sequence[Begin], moves: Moves) -> Begun:
        oldest = min(one.row.claim or 0 for one in begins)
        given = {"oldest": oldest, "seconds": self.store.seconds(connection)}
        if not self.store.ask(connection, _ANY_OBSTACLE, given)[0][0]:
            return Begun(moves.to(State.SENDING, [one.row for one in begins]))
        scopes = {row[0] for row in self.store.ask(connection, _HOLDS)}
        over = {row[0] for row in self.store.ask(connection, _OVER, given)}
        held = {one.row.id for one in begins if one.row.claim in over or _is_held(one.row, scopes)}
        wanted_no_more = self._unsubscribed(connection, begins) - held
        if wanted_no_more:
            off = [one.row for one in begins if one.row.id in wanted_no_more]
            evidence = told(reason="unsubscribed")
            moves.to(State.CANCELLED, off, {"evidence": evidence}, detail=evidence)
        rows = [one.row for one in begins if one.row.id not in held and one.row.id not in wanted_no_more]
        return Begun(moves.to(State.SENDING, rows), frozenset(held), frozenset(wanted_no_more))

    def _unsubscribed(self, connection: Connection, begins: Sequence[Begin]) -> set[int]:
        names = {name for one in begins for name in one.readers}
        off = {name for name in names if self.store.ask(connection, _SUPPRESSED, {"name": name})}
        return {one.row.id for one in begins if not off.isdisjoint(one.readers)}

    def _end(self, connection: Connection, endings: Sequence[Ending], moves: Moves) -> frozenset[int]:
        moved = moves.sent([ending for ending in endings if ending.to is State.SENT])
        for ending in endings:
            if ending.to is not State.SENT:
                moved |= moves.ended(ending)
            elif ending.stands and ending.row.id in moved:
                self._stand(connection, ending)
        return moved

    def give_back(self, rows: Iterable[Row], to: State = State.PLANNED) -> None:
        """Let go of rows of which nobody can have got the last byte."""
        self.turn((), [Ending(row, to) for row in rows])

    def settle(self, ending: Ending) -> bool:
        """Write how one attempt ended. False: the row is no longer ours."""
        return ending.row.id in self.turn((), (ending,)).ended

    def found(self, ending: Ending) -> bool:
        """Settle a doubt by evidence: the place has it. False: it is settled by now."""
        with self.store.write() as connection:
            row, receipt = ending.row, ending.receipt
            doubted = select(_d.state).where(_d.id == row.id)
            if connection.execute(doubted).scalar() != State.DOUBT:
                return False
            given = {"row_id": row.id, "new_receipt": receipt, "new_url": ending.url}
            given["new_evidence"] = plain(ending.evidence)
            self.store.many(connection, move(State.SENT, ("receipt", "url", "evidence")), [given])
            self._note(connection, [(State.SENT.value, row.id, told(receipt=receipt, **ending.evidence))])
            self._stand(connection, ending)
            return True

    def _stand(self, connection: Connection, ending: Ending) -> None:
        """Write what stands at its addresses from now on, and nothing in other languages."""
        index, s = ["incident", "kind", "language"], standing.c
        for kind in {kind for kind, _ in ending.stands}:
            now = [language for of, language in ending.stands if of == kind]
            others = (s.incident == ending.row.incident, s.kind == kind, s.language.not_in(now))
            connection.execute(delete(standing).where(*others))
        for (kind, language), digest in ending.stands.items():
            values = {"incident": ending.row.incident, "kind": kind, "language": language, "digest": digest}
            statement = self.store.upsert(standing).values(values)
            connection.execute(statement.on_conflict_do_update(index_elements=index, set_={"digest": digest}))

    # -- what others left behind -------------------------------------------------------------------------------

    def recover(self) -> list[Row]:
        """Take back what workers left behind that are gone, or silent for longer than their lease.

        What they had not begun waits again. What they had begun is in doubt; so is everything they held if marks may
        have been lost since. Returns the rows in doubt because of it.
        """
        if not self.rows(State.CLAIMED, State.SENDING):
            return []
        doubted: list[Row] = []
        with self.store.write() as connection:
            seconds = self.store.seconds(connection)
            lost = self._lost_claims(connection, seconds)
            in_hand = ROWS_IN_HAND.where(_d.state.in_([State.CLAIMED, State.SENDING]), _d.claim.in_(list(lost)))
            rows = [Row.read(row) for row in connection.execute(in_hand)]
            back = [row for row in rows if row.state == State.CLAIMED and lost[row.claim or 0] == self.store.boot]
            moves = Moves(self.store, connection, singly=True)
            moves.to(State.PLANNED, back, {"claim": None})
            for row in rows:
                if row.state != State.CLAIMED or lost[row.claim or 0] != self.store.boot:
                    evidence = told(phase=row.state, worker=row.worker, since=row.since)
                    moves.to(State.DOUBT, [row], {"evidence": evidence}, detail=evidence)
                    doubted.append(row)
            self._note(connection, moves.entries)
        return doubted

    @staticmethod
    def _lost_claims(connection: Connection, seconds: float) -> dict[int, str]:
        """Return the claims with rows in hand whose worker is gone or silent, with the boot they were made in."""
        held = select(_d.claim).where(_d.state.in_([State.CLAIMED, State.SENDING]))
        found = connection.execute(select(claims).where(claims.c.id.in_(held))).mappings().all()
        return {
            claim["id"]: claim["boot"]
            for claim in found
            if claim["until"] < seconds or Worker(claim["worker"], claim["process"]).is_gone()
        }

    def finish(self, publication: int) -> bool:
        """Mark a publication as finished if it has nothing left to send. Updates of a later time may still wait."""
        with self.store.write() as connection:  # counted here, so that nobody plans anything once more in between
            if connection.execute(due_of([publication])).scalar():
                return False
            state = publications.c.state == "open"
            done = update(publications).where(publications.c.id == publication, state).values(state="finished")
            if connection.execute(done).rowcount:
                self._note(connection, [("finished", publication, "")])
        return True


def _is_held(row: Row, scopes: set[str]) -> bool:
    return not scopes.isdisjoint((row.incident, f"channel:{row.channel}", EVERYTHING))
