"""Publishing: an unfinished publication first, then exactly the plan that was shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crisiscomms.channels.base import Receipt
from crisiscomms.channels.registry import keep_unsubscribe_key
from crisiscomms.delivery.anchors import refuse_older
from crisiscomms.delivery.drain import Drain
from crisiscomms.delivery.memos import write_memo
from crisiscomms.delivery.sites import Stands, put_site
from crisiscomms.delivery.tally import Tally
from crisiscomms.delivery.world import SENSITIVE, Room
from crisiscomms.errors import NotApproved
from crisiscomms.fields import When
from crisiscomms.ledger import Row, State
from crisiscomms.ledger.rows import Line
from crisiscomms.messages.model import Memo, canonical, digest, site_content
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.plan.build import Choices, build_plan
from crisiscomms.plan.model import Action, IncidentPlan, Item, Plan
from crisiscomms.published import FIRST_TO_PEOPLE, STANDING
from crisiscomms.record import Record
from crisiscomms.website.content import stamped

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Called with each row and how it ended; with None where other machines may have moved on.
Progress = Callable[[Row | None, State | None], None]
#: How many seconds lie between two looks at what other machines do.
_GLANCE = 0.5


@dataclass
class Publishing:
    """Carries out plans in one room. For the holder of the publishing lock.

    `tell` is told what we wait for, `pages` how many pieces of the site are rendered, and of how many. Once `stopping`
    says so, nothing more is begun.
    """

    room: Room
    progress: Progress = lambda _row, _state: None
    tell: Callable[[str], None] = lambda _line: None
    pages: Callable[[int, int], None] = lambda _done, _whole: None
    stopping: Callable[[], bool] = lambda: False
    drain: Drain = field(init=False)

    def __post_init__(self) -> None:
        room = self.room
        shared = room.ledger.store.shared
        keep_unsubscribe_key(room.workspace, begun=shared and room.ledger.trail.anchor() is not None)
        if shared:
            from crisiscomms.delivery.jobs import ensure_tables  # noqa: PLC0415 -- in an extra

            ensure_tables(room.ledger)
        self.drain = Drain(
            room.ledger,
            room.channels,
            room.secret,
            self._standing,
            self.progress,
            together=self._sites,
            stopping=self.stopping,
        )

    def finish_unfinished(self, first: int | None = None, of: Collection[str] = ()) -> Tally | None:
        """Finish what an earlier run left, from its frozen items. None where nothing was left.

        `first`: how many readers of each list may hear it for now. None: all, also of what was tried first before. Of other
        incidents than those of `of` (none: all) as many as it was said to be. Raises CrisiscommsError where the ledger is older
        than what was published.
        """
        ledger = self.room.ledger
        self._take_over()
        for publication in ledger.open_publications():
            if not of or publication.incident in of:
                ledger.let_go(publication.id, first)
        found = self.drain.read_back(ledger.rows(State.DOUBT))
        if not found and not ledger.open_publications():
            return None
        ledger.hurry(publication.id for publication in ledger.open_publications())
        tally = self._run()
        tally.sent += found
        return tally

    def finish_standing(self) -> Tally:
        """Write again what stands at an address where whoever wrote it is gone, and ask for hands for what links to it."""
        ledger = self.room.ledger
        self._take_over()
        doubted = [row for row in ledger.rows(State.DOUBT) if row.kind in STANDING]
        found = self.drain.read_back(doubted)
        left = [publication.id for publication in ledger.open_publications()]
        standing = frozenset(stage.channel for stage in ledger.stages(left) if stage.rank < FIRST_TO_PEOPLE)
        tally = self.drain.run(left, standing) if standing else Tally()
        tally.sent += found
        if found < len(doubted):
            tally.problem(
                "what stands at an address is in doubt, and could not be written again: crisiscomms doubt list"
            )
        self._call_hands([publication for publication in left if not ledger.finish(publication)])
        return tally

    def _take_over(self) -> None:
        """Take back what others left behind that are gone. Raises CrisiscommsError where the ledger is older than the site."""
        refuse_older(self.room)
        self._hold_sensitive()
        self.room.ledger.recover()

    def _call_hands(self, left: list[int]) -> None:
        """Ask the workers to send what some publications have left for people."""
        from crisiscomms.delivery.jobs import call_hands  # noqa: PLC0415 -- in an extra

        ledger = self.room.ledger
        with ledger.store.write() as connection:
            call_hands(connection, {stage.channel for stage in ledger.stages(left) if stage.rank >= FIRST_TO_PEOPLE})

    def _hold_sensitive(self) -> None:
        """Stop what is left of an incident that has become market-sensitive since it was published."""
        ledger = self.room.ledger
        for name in {publication.incident for publication in ledger.open_publications()} - ledger.holds().keys():
            if self.room.is_locked(name):
                ledger.hold(name, SENSITIVE)

    def plan(self, records: list[Record], choices: Choices) -> Plan:
        """Plan against the ledger as it is now."""
        return build_plan(self.room.world(), records, choices)

    def carry_out(self, plan: Plan, first: int | None = None) -> Tally:
        """Freeze a plan, then send it: to the first so many readers of each list, or to all.

        Raises NotApproved where others must approve it first.
        """
        self._ask_approval(plan)
        if self.room.ledger.store.shared:
            self.room.ledger.store.refuse_if_overtaken()
        for one in plan.incidents:
            if one.composed and (one.changes or one.drop):
                self._freeze(plan, one, first)
        return self._run()

    def _run(self) -> Tally:
        """Send what all open publications have left, and finish those that have nothing left."""
        ledger = self.room.ledger
        left = [publication.id for publication in ledger.open_publications()]
        before = ledger.cancelled(left) if ledger.suppressed() else None
        tally = self._run_with_others(left) if ledger.store.shared else self.drain.run(left)
        tally.left_out = 0 if before is None else ledger.cancelled(left) - before
        for publication in left:
            ledger.finish(publication)
        return tally

    def _run_with_others(self, left: list[int]) -> Tally:
        """Send beside workers on other machines: what all else links to first, then everything until nobody is at it."""
        ledger = self.room.ledger
        sent, refused = ledger.sent(left), {row.id for row in ledger.rows(State.FAILED)}
        sites = frozenset(stage.channel for stage in ledger.stages(left) if stage.rank == 0)
        tally = self.drain.run(left, sites) if sites else Tally()
        self._call_hands(left)
        tally.join(self.drain.run(left))
        while self._goes_on(left):
            time.sleep(_GLANCE)  # what others leave behind comes back to us
            self.progress(None, None)
            ledger.recover()
            tally.join(self.drain.run(left))
        new = [row for row in ledger.rows(State.FAILED) if row.id not in refused]
        for row in new:
            tally.problem(f"{row.recipient or row.channel}: {json.loads(row.evidence).get('reason', '')}", row.id)
        tally.sent, tally.failed = ledger.sent(left) - sent, len(new)
        return tally

    def _goes_on(self, left: list[int]) -> bool:
        """Say whether others have something in hand, or gave something back after our own drain had passed it."""
        ledger, ours = self.room.ledger, self.drain.tally
        if ledger.rows(State.CLAIMED, State.SENDING):
            return True
        if ours.problems and not ours.sent:  # a place that refuses everything is left alone
            return False
        return any(ledger.ready(stage) for stage in ledger.stages(left))

    def help_out(self, channel: str) -> Tally:
        """Send what a channel has to send now, beside others who do the same."""
        ledger = self.room.ledger
        refuse_older(self.room)
        ledger.recover()
        self.drain.read_back([row for row in ledger.rows(State.DOUBT) if row.channel == channel])
        left = [publication.id for publication in ledger.open_publications()]
        tally = self.drain.run(left, frozenset({channel}))
        self._call_again(channel, [publication for publication in left if not ledger.finish(publication)])
        return tally

    def _call_again(self, channel: str, unfinished: list[int]) -> None:
        """Ask for another look at a channel when its next message may go."""
        from crisiscomms.delivery.jobs import call_later  # noqa: PLC0415 -- in an extra

        coming = self.room.ledger.next_time(unfinished)
        if coming:
            with self.room.ledger.store.write() as connection:
                call_later(connection, channel, datetime.fromisoformat(coming))

    def _ask_approval(self, plan: Plan) -> None:
        if self.room.rehearsal:
            return
        for one in plan.incidents:
            severity = one.record.incident.severity
            needed = getattr(self.room.workspace.settings.approval, severity)
            if needed and any(item.leaves for item in one.changes):
                raise NotApproved(
                    f"{one.id} is {severity}: {needed} other {'person' if needed == 1 else 'people'} must approve plan {plan.fingerprint} before it leaves this machine",
                    why="Nothing of it was sent.",
                    fix="Approving is not built yet. Until then, rehearse it with --rehearsal, or set [approval] in crisiscomms.toml.",
                )

    def _freeze(self, plan: Plan, one: IncidentPlan, first: int | None) -> None:
        """Write one incident's plan into the ledger, with the time of publication where a correction waits for it."""
        assert one.composed is not None  # noqa: S101 -- a plan with changes has messages
        ledger, now = self.room.ledger, self.room.clock()
        bodies = dict(one.bodies)
        renamed = self._stamped(bodies, now)
        lines = [self._line(item, bodies, renamed, first) for item in one.changes]
        said_at = next(iter(self.room.voices.values())).iso(When(now))
        said = one.composed.telling

        def telling(publication: int) -> str:
            return said.dated(said_at, publication).to_json()

        ledger.freeze(
            one.id, plan.fingerprint, plan.now, telling, bodies, lines, one.drop, lambda c: self._call(c, one)
        )

    def _call(self, connection: Connection, one: IncidentPlan) -> None:
        """Ask workers for what comes later, in the transaction that writes the plan. A file is for one machine."""
        if not self.room.ledger.store.shared:
            return
        from crisiscomms.delivery.jobs import call_at_its_time  # noqa: PLC0415 -- in an extra

        coming = (item for item in one.changes if item.kind not in STANDING and item.action is Action.SCHEDULE)
        for at in sorted({item.line["at"] for item in coming}):
            call_at_its_time(connection, one.id, datetime.fromisoformat(at))

    @staticmethod
    def _line(item: Item, bodies: dict[str, bytes], renamed: dict[str, str], first: int | None) -> Line:
        """Return one line as the ledger takes it. What stands at an address gets its contents as they were stamped."""
        if item.kind not in STANDING:
            return Line({**item.line, "most": first if item.audience else None}, item.drafts)
        plain: dict[str, str] = json.loads(bodies[item.line["message"]])
        named = canonical({language: renamed.get(found, found) for language, found in plain.items()})
        bodies[digest(named)] = named
        return Line({**item.line, "message": digest(named), "most": None}, item.drafts)

    def _stamped(self, bodies: dict[str, bytes], now: datetime) -> dict[str, str]:
        """Fill in the time of publication where it was left open. Returns old digests to new ones."""
        renamed = {}
        for old, body in list(bodies.items()):
            text = body.decode()
            if PUBLISHED_AT not in text:
                continue
            plain = json.loads(text)
            voice = self.room.voices.get(
                plain.get("words_language") or plain["language"], next(iter(self.room.voices.values()))
            )
            content: Any = site_content(body) if "pages" in plain else Memo(**plain)  # both are filled alike
            new = canonical(stamped(content, {content.incident: now}, voice))
            renamed[old] = digest(new)
            bodies[digest(new)] = new
        return renamed

    # -- what stands -------------------------------------------------------------------------------------------

    def _standing(self, row: Row) -> tuple[Receipt, Stands]:
        if row.kind == "site":
            receipt, stands = self._sites([row])
            return receipt, stands[0]
        digests: dict[str, str] = json.loads(self.room.ledger.blob(row.message))
        return self._memo(digests), {(row.kind, language): found for language, found in digests.items()}

    def _sites(self, rows: Sequence[Row]) -> tuple[Receipt, list[Stands]]:
        """Build the whole site: these incidents as they are published now, every other as it was published last."""
        told: list[dict[str, str]] = [json.loads(self.room.ledger.blob(row.message)) for row in rows]
        new = {(row.incident, one): digests[one] for row, digests in zip(rows, told, strict=True) for one in digests}
        stands = [{("site", language): found for language, found in digests.items()} for digests in told]
        at = max(datetime.fromisoformat(row.at) for row in rows)
        return put_site(self.room, rows[0].channel, new, at, self.tell, self.pages), stands

    def _memo(self, digests: dict[str, str]) -> Receipt:
        """Write the memo as files for staff."""
        folder = self.room.home / self.room.workspace.settings.memos
        memos = (json.loads(self.room.ledger.blob(found)) for found in digests.values())
        return Receipt(", ".join(name for memo in memos for name in write_memo(folder, memo)))
