"""One pair of hands among many: what a worker on any machine does when a job says so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from psycopg import OperationalError
from sqlalchemy.exc import SQLAlchemyError

from crisiscomms.delivery.publish import Publishing
from crisiscomms.delivery.tally import Tally
from crisiscomms.delivery.world import Room, publishing
from crisiscomms.errors import Busy, CrisiscommsError, Unreachable
from crisiscomms.record import load_record
from crisiscomms.workspace import Workspace, read_workspace

#: After how many seconds a job that cannot be done now is tried again.
_PAUSE = 2.0
_LOG = logging.getLogger("crisiscomms.worker")


class Stopped(Exception):
    """The worker was stopped before a job could be done. Another one will do it."""


@dataclass
class Hands:
    """Opens the workspace anew for each job: it may have changed, and jobs run in threads of their own."""

    workspace: Workspace
    stopping: threading.Event = field(default_factory=threading.Event)

    def drain(self, channel: str) -> Tally:
        """Send what a channel has to send now. Raises Stopped."""
        return self._patiently(channel, lambda room: Publishing(room).help_out(channel))

    def due(self, incident: str) -> Tally:
        """Publish the update of an incident whose time has come. Raises Stopped."""

        def publish(room: Room) -> Tally:
            with publishing(room):
                return Publishing(room).due(load_record(room.workspace, incident))

        return self._patiently(incident, publish)

    def _patiently(self, what: str, work: Callable[[Room], Tally]) -> Tally:
        """Do a job. While someone publishes or the database is away it is tried again: nobody else would."""
        while True:
            try:
                return self._once(work)
            except (
                Busy,
                Unreachable,
                SQLAlchemyError,
                OperationalError,
            ) as error:  # small statements go past SQLAlchemy
                why = error.problem if isinstance(error, Busy) else "the ledger's database cannot be reached"
                _LOG.warning("%s: %s; trying again in %.0f seconds", what, why, _PAUSE)
            except CrisiscommsError as error:
                tally = Tally()
                tally.problem(". ".join(filter(None, (str(error), error.fix))))
                return tally
            if self.stopping.wait(_PAUSE):
                raise Stopped(what)

    def _once(self, work: Callable[[Room], Tally]) -> Tally:
        room = Room(read_workspace(self.workspace.folder), rehearsal=False)
        try:
            return work(room)
        finally:
            room.close()
