"""One pair of hands among many: what a worker on any machine does when a job says so."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple, TypeVar

from psycopg import OperationalError
from sqlalchemy.exc import SQLAlchemyError

from crisiscomms.channels.website import WebsiteChannel
from crisiscomms.delivery.anchors import refuse_older
from crisiscomms.delivery.publish import Publishing
from crisiscomms.delivery.tally import Tally
from crisiscomms.delivery.world import Room, publishing
from crisiscomms.errors import Busy, CrisiscommsError, Unreachable
from crisiscomms.ledger import Ledger, State
from crisiscomms.ledger.rows import Worker
from crisiscomms.plan.build import Choices
from crisiscomms.plan.model import Action
from crisiscomms.published import FIRST_TO_PEOPLE, STANDING
from crisiscomms.record import load_record
from crisiscomms.workspace import Workspace, read_workspace

#: How many jobs may drain one channel at the same time, over all machines.
SHARDS = 4
#: After how many seconds a job that cannot be done now is tried again.
_PAUSE = 2.0
#: How long after its time an update has to wait that nobody published.
_LATE = timedelta(seconds=5)
#: For how many seconds a machine leaves alone what it could not do: at first, and at most.
_FIRST, _LONGEST = 10.0, 20.0
#: The same for what it has to plan, which keeps others from it meanwhile.
_LONGEST_PLAN = 900.0
_T = TypeVar("_T")
_LOG = logging.getLogger("crisiscomms.worker")


class Task(NamedTuple):
    """What one pair of hands can do, in words, and how. The work returns None where somebody publishes now. Raises Stopped."""

    what: str
    work: Callable[[], Tally | None]


class _Wait(NamedTuple):
    """Until when a machine leaves something to others, in the time of `monotonic`, and how many seconds that is."""

    until: float
    seconds: float


_NO_WAIT = _Wait(0.0, _FIRST / 2)


class Stopped(Exception):
    """The worker was stopped before a job could be done. Another one will do it."""


class _Elsewhere(CrisiscommsError):
    """This machine is not the one that can do it."""


@dataclass
class Hands:
    """Opens the workspace anew for each job: it may have changed, and jobs run in threads of their own."""

    workspace: Workspace
    stopping: threading.Event = field(default_factory=threading.Event)
    # What this machine tried for nothing.
    _waits: dict[str, _Wait] = field(default_factory=dict)

    def drain(self, channel: str) -> Task:
        """Return how to send what a channel has to send now."""
        return self._task(f"what waits on {channel}", lambda room: self._at_work(room).help_out(channel))

    def due(self, incident: str) -> Task:
        """Return how to publish the update of an incident whose time has come."""
        return self._task(f"{incident}, at its time", lambda room: self._due(room, incident), _LONGEST_PLAN)

    def finish(self) -> Task:
        """Return how to write the site again where whoever wrote it is gone."""
        return self._task("what others left of the site", self._finish)

    def left(self, ledger: Ledger) -> list[Task]:
        """Return what nobody is at by now, and this machine may try.

        Each worker asks for itself: a job wakes one worker only, and that one may lack a file, or die.
        """
        doubted = ledger.recover()
        stages = [stage for stage in ledger.stages(one.id for one in ledger.open_publications()) if ledger.ready(stage)]
        tasks = [
            self.due(incident)
            for incident, at in ledger.coming()
            if datetime.fromisoformat(at) + _LATE <= ledger.clock()
        ]
        in_doubt = any(row.kind in STANDING for row in ledger.rows(State.DOUBT))
        if in_doubt or any(stage.rank < FIRST_TO_PEOPLE for stage in stages):
            tasks.append(self.finish())
        channels = {stage.channel for stage in stages if stage.rank >= FIRST_TO_PEOPLE}
        channels |= {row.channel for row in doubted if row.kind not in STANDING}
        in_hand = ledger.rows(State.CLAIMED, State.SENDING)
        for channel in sorted(channels):
            workers = {row.claim: row.worker for row in in_hand if row.channel == channel}
            full = len(workers) >= SHARDS or Worker.this().name in workers.values()
            if not full and not ledger.wait(channel, None):
                tasks.append(self.drain(channel))
        return [task for task in tasks if monotonic() >= self._waits.get(task.what, _NO_WAIT).until]

    def _at_work(self, room: Room) -> Publishing:
        return Publishing(room, stopping=self.stopping.is_set)

    def _due(self, room: Room, incident: str) -> Tally:
        """Publish what was planned for a time that has come, if the record still says what was planned then."""
        with publishing(room):
            work = self._at_work(room)
            refuse_older(room)
            _refuse_elsewhere(room)
            plan = work.plan([load_record(room.workspace, incident)], Choices())
            changed = [item for item in plan.changes if item.kind not in STANDING and item.action is not Action.CREATE]
            new = [
                item
                for item in plan.changes
                if item.kind not in STANDING and any(d.revises is None for d in item.drafts)
            ]
            if plan.errors or changed or new or plan.called_off:
                raise _Elsewhere("it changed since it was planned, so a person has to look: crisiscomms plan")
            return work.carry_out(plan)

    def _finish(self, room: Room) -> Tally:
        with publishing(room):
            work = self._at_work(room)
            _refuse_elsewhere(room)
            return work.finish_standing()

    def _task(self, what: str, work: Callable[[Room], Tally], longest: float = _LONGEST) -> Task:
        return Task(what, lambda: self._patiently(what, work, longest))

    def _patiently(self, what: str, work: Callable[[Room], Tally], longest: float) -> Tally | None:
        """Do a job. While the database is away it is tried again: nobody else would. None: somebody publishes now.

        What comes to nothing here is left to other machines for a while, and longer each time.
        """
        while True:
            try:
                tally = self._once(work)
            except (Unreachable, SQLAlchemyError, OperationalError):  # small statements go past SQLAlchemy
                _LOG.warning("%s: the ledger's database cannot be reached; trying again in %.0f seconds", what, _PAUSE)
            except Busy:
                return None
            except CrisiscommsError as error:
                tally = Tally()
                tally.problem(". ".join(filter(None, (str(error), error.fix))))
                break
            else:
                break
            if self.stopping.wait(_PAUSE):
                raise Stopped(what)
        if tally.problems and not tally.sent:
            seconds = min(2 * self._waits.get(what, _NO_WAIT).seconds, longest)
            self._waits[what] = _Wait(monotonic() + seconds, seconds)
        else:
            self._waits.pop(what, None)
        return tally

    def _once(self, work: Callable[[Room], _T]) -> _T:
        room = Room(read_workspace(self.workspace.folder), rehearsal=False)
        try:
            return work(room)
        finally:
            room.close()


def _refuse_elsewhere(room: Room) -> None:
    """Refuse where a site that is a folder neither lies on this machine nor was begun here: another one has a folder of its own."""
    own, begun = socket.gethostname(), room.ledger.rows(State.CLAIMED, State.SENDING, State.DOUBT)
    begun_here = {row.channel for row in begun if row.kind == "site" and row.worker.rpartition(":")[0] == own}
    sites = [channel for channel in room.channels.values() if isinstance(channel, WebsiteChannel)]
    if not all(site.caps.leaves_machine or site.folder.exists() or site.name in begun_here for site in sites):
        raise _Elsewhere("the site is a folder on another machine, and a worker there has to write it")
