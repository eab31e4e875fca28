"""The ledger: every delivery as a row that moves by compare-and-set, with one audit entry per move in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from crisiscomms.ledger.rows import Line
from crisiscomms.ledger.spoken import Spoken
from crisiscomms.ledger.statements import ADD, move, words
from crisiscomms.ledger.states import WAITING, State
from crisiscomms.ledger.store import open_store
from crisiscomms.ledger.tables import blobs, deliveries, items, lanes, publications
from crisiscomms.ledger.trail import told
from crisiscomms.published import Draft, iso

_PORTION = 5_000
_d = deliveries.c
#: The columns that a draft begins with.
_OF_DRAFT = Draft._fields[:5]
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


class Ledger(Spoken):
    """One ledger. See `Reading` and `History` for what it tells, `Working` for what workers do, `Spoken` for what people say."""

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
        planned: datetime,
        telling: Callable[[int], str],
        bodies: Mapping[str, bytes],
        lines: Iterable[Line],
        drop: Iterable[int],
        then: Callable[[Connection], None] = lambda _connection: None,
    ) -> int:
        """Write a publication with all its items, in one durable transaction. Returns its id, which `telling` is given.

        `planned` is the time of the plan: what was to come then comes at its time, however long a person looked at it. `drop` are rows that still wait and are no longer wanted. `then` is called last, in the same transaction.
        """
        values = {"incident": incident, "fingerprint": fingerprint, "started_at": iso(planned), "by": self.who}
        with self.store.write() as connection:
            result = connection.execute(insert(publications).values(**values, state="open", telling=""))
            number = int((result.inserted_primary_key or (0,))[0])
            mine = update(publications).where(publications.c.id == number)
            connection.execute(mine.values(telling=telling(number)))
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
            self.store.each(connection, ADD, names, fresh)
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


def _columns(draft: Draft) -> dict[str, Any]:
    return dict(zip(_OF_DRAFT, draft, strict=False))
