"""One pair of hands among many: what a worker on any machine does when a job says so."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
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
from crisiscomms.ledger import State
from crisiscomms.plan.build import Choices
from crisiscomms.plan.model import Action
from crisiscomms.published import STANDING
from crisiscomms.record import load_record
from crisiscomms.workspace import Workspace, read_workspace

#: After how many seconds a job that cannot be done now is tried again.
_PAUSE = 2.0
#: For how many seconds a machine that could not publish a planned update leaves it to others: at first, and at most.
_FIRST, _LONGEST = 30.0, 900.0
_T = TypeVar("_T")
_ELSEWHERE = "the site is a folder on another machine, and a worker there has to write it"
_LOG = logging.getLogger("crisiscomms.worker")


class _NotOurs(NamedTuple):
    """Until when a machine leaves an incident to others, and how many seconds that is. In the time of `monotonic`."""

    until: float
    seconds: float


_OURS = _NotOurs(0.0, _FIRST / 2)


class Stopped(Exception):
    """The worker was stopped before a job could be done. Another one will do it."""


@dataclass
class Hands:
    """Opens the workspace anew for each job: it may have changed, and jobs run in threads of their own."""

    workspace: Workspace
    stopping: threading.Event = field(default_factory=threading.Event)
    # Incidents whose update this machine could not publish.
    _not_ours: dict[str, _NotOurs] = field(default_factory=dict)

    def drain(self, channel: str) -> Tally:
        """Send what a channel has to send now. Raises Stopped."""
        return self._patiently(channel, lambda room: self._at_work(room).help_out(channel))

    def due(self, incident: str) -> Tally | None:
        """Publish the update of an incident whose time has come. None: others shall try it first. Raises Stopped.

        Where somebody publishes now, or this machine's record or site is not the one, the job is put back at once: another
        machine may take it, and no hand waits for that.
        """
        tally = None
        if monotonic() >= self._not_ours.get(incident, _OURS).until:
            with suppress(Busy):
                tally = self._patiently(incident, lambda room: self._due(room, incident))
        if tally is None or incident in self._not_ours:
            from crisiscomms.delivery.jobs import call_soon  # noqa: PLC0415 -- it knows us

            with suppress(CrisiscommsError, SQLAlchemyError, OperationalError):  # all that is left is called for anyway
                self._once(lambda room: call_soon(room.ledger, incident, timedelta(seconds=_PAUSE)))
        return tally

    def finish(self) -> Tally | None:
        """Write the site again where whoever wrote it is gone. None: somebody publishes, and does so. Raises Stopped."""
        with suppress(Busy):
            return self._patiently("the site", self._finish)
        return None

    def _at_work(self, room: Room) -> Publishing:
        return Publishing(room, stopping=self.stopping.is_set)

    def _due(self, room: Room, incident: str) -> Tally:
        """Publish what was planned for a time that has come, if the record still says what was planned then."""
        with publishing(room):
            work = self._at_work(room)
            refuse_older(room)
            if not _serves_the_site(room):
                return self._left(incident, _ELSEWHERE)
            plan = work.plan([load_record(room.workspace, incident)], Choices())
            changed = [item for item in plan.changes if item.kind not in STANDING and item.action is not Action.CREATE]
            new = [
                item
                for item in plan.changes
                if item.kind not in STANDING and any(d.revises is None for d in item.drafts)
            ]
            if plan.errors or changed or new or plan.called_off:
                return self._left(
                    incident, "it changed since it was planned, so a person has to look: crisiscomms plan"
                )
            self._not_ours.pop(incident, None)
            return work.carry_out(plan)

    def _left(self, incident: str, why: str) -> Tally:
        """Leave an incident's update to other machines for a while, and longer each time."""
        seconds = min(2 * self._not_ours.get(incident, _OURS).seconds, _LONGEST)
        self._not_ours[incident] = _NotOurs(monotonic() + seconds, seconds)
        return _told(f"{incident}: {why}")

    def _finish(self, room: Room) -> Tally:
        with publishing(room):
            work = self._at_work(room)
            return work.finish_standing() if _serves_the_site(room) else _told(_ELSEWHERE)

    def _patiently(self, what: str, work: Callable[[Room], Tally]) -> Tally:
        """Do a job. While the database is away it is tried again: nobody else would.

        Where someone publishes, or this machine's files cannot be read, others are asked again soon: see `jobs`.
        """
        while True:
            try:
                return self._once(work)
            except (Unreachable, SQLAlchemyError, OperationalError):  # small statements go past SQLAlchemy
                _LOG.warning("%s: the ledger's database cannot be reached; trying again in %.0f seconds", what, _PAUSE)
            except Busy:
                raise
            except CrisiscommsError as error:
                return _told(". ".join(filter(None, (str(error), error.fix))))
            if self.stopping.wait(_PAUSE):
                raise Stopped(what)

    def _once(self, work: Callable[[Room], _T]) -> _T:
        room = Room(read_workspace(self.workspace.folder), rehearsal=False)
        try:
            return work(room)
        finally:
            room.close()


def _told(problem: str) -> Tally:
    tally = Tally()
    tally.problem(problem)
    return tally


def _serves_the_site(room: Room) -> bool:
    """Say whether a site that is a folder lies on this machine, or was begun here: another one has a folder of its own."""
    own, begun = socket.gethostname(), room.ledger.rows(State.CLAIMED, State.SENDING, State.DOUBT)
    begun_here = {row.channel for row in begun if row.kind == "site" and row.worker.rpartition(":")[0] == own}
    sites = [channel for channel in room.channels.values() if isinstance(channel, WebsiteChannel)]
    return all(site.caps.leaves_machine or site.folder.exists() or site.name in begun_here for site in sites)
