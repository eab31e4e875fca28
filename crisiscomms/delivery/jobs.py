"""The driver for many machines: Procrastinate's jobs, in the database that holds the ledger.

A job only says "drain this channel, this shard". Correctness lives in the ledger's rows: a job that runs twice, or on two
machines at once, finds rows that are claimed and sends nothing. So jobs may be lost, repeated and taken up again freely:
every few seconds one worker asks for hands for all that the ledger says is left.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy, SyncPsycopgConnector, exceptions
from procrastinate.jobs import Status
from psycopg import AsyncConnection, OperationalError
from sqlalchemy import Connection

from crisiscomms.delivery.hands import Hands, Stopped
from crisiscomms.delivery.tally import Tally
from crisiscomms.ledger import Ledger, State
from crisiscomms.published import FIRST_TO_PEOPLE, STANDING

#: How many jobs may drain one channel at the same time, over all machines.
SHARDS = 4
_QUEUE, _TASK, _DUE, _FINISH, _RESCUE = "crisiscomms", "drain", "due", "finish", "rescue"
#: After how many seconds without a sign of life a worker's jobs are taken up by others, who look as often as this says.
#: Whoever was only asleep does no harm when it wakes: a job that runs twice sends nothing twice.
_STALLED, _LOOK = 15.0, "* * * * * */10"
#: How many seconds a worker waits for its database to answer, and between two attempts to reach it.
_PATIENCE, _AGAIN = 3.0, 1.0
#: After how many seconds a planned update is tried again that could not be published at its time.
_LATE = timedelta(seconds=20)
#: What tells within half a minute that the machine of the database is gone, which closes no connection.
_ALIVE: dict[str, Any] = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_LOG = logging.getLogger("crisiscomms.worker")


def ensure_tables(ledger: Ledger) -> None:
    """Make Procrastinate's own tables in the ledger's database, if they are not there."""
    app = App(connector=PsycopgConnector(**_address(ledger)))
    with app.open():
        if app.check_connection():
            return
        with ledger.store.write():  # two that begin at once take turns here
            if not app.check_connection():
                app.schema_manager.apply_schema()


def call_hands(connection: Connection, channels: Iterable[str]) -> None:
    """Ask the workers to drain some channels now, in the transaction of `connection`."""
    shards = [(name, shard) for name in channels for shard in range(SHARDS)]
    _defer(connection, [(_TASK, f"{name}:{shard}", None, {"channel": name, "shard": shard}) for name, shard in shards])


def call_later(connection: Connection, channel: str, when: datetime) -> None:
    """Ask one worker to drain a channel at a time."""
    _defer(connection, [(_TASK, f"{channel}:{when.isoformat()}", when, {"channel": channel, "shard": 0})])


def call_back(connection: Connection, channel: str, when: datetime) -> None:
    """Ask one worker to look after a channel again: what others have in hand may be left behind. One such call waits at most."""
    _defer(connection, [(_TASK, f"{channel}:again", when, {"channel": channel, "shard": 0})])


def call_at_its_time(connection: Connection, incident: str, when: datetime) -> None:
    """Ask one worker to publish an incident at the time of its coming update."""
    _defer(connection, [(_DUE, f"{incident}:{when.isoformat()}", when, {"incident": incident})])


def call_soon(ledger: Ledger, incident: str, wait: timedelta) -> None:
    """Ask one worker to publish an incident's update once whoever publishes now may be done. One such call waits at most."""
    with ledger.store.write() as connection:
        _defer(connection, [(_DUE, f"{incident}:soon", ledger.clock() + wait, {"incident": incident})])


def call_for_what_is_left(ledger: Ledger) -> None:
    """Ask for hands for all that may go by what the ledger says: whoever had a job may have lost it."""
    stages = [stage for stage in ledger.stages(one.id for one in ledger.open_publications()) if ledger.ready(stage)]
    in_hand, now = ledger.rows(State.CLAIMED, State.SENDING), ledger.clock()
    free = {stage.channel for stage in stages if stage.rank >= FIRST_TO_PEOPLE}
    free |= {row.channel for row in in_hand if row.kind not in STANDING}
    begun = any(row.kind in STANDING for row in (*in_hand, *ledger.rows(State.DOUBT)))
    coming = [(incident, datetime.fromisoformat(at)) for incident, at in ledger.coming()]
    if not (stages or in_hand or begun or coming):
        return
    with ledger.store.write() as connection:
        for name in sorted(free):
            call_back(connection, name, now + timedelta(seconds=ledger.wait(name, None)))
        if begun or any(stage.rank < FIRST_TO_PEOPLE for stage in stages):
            _defer(connection, [(_FINISH, _FINISH, None, {})])
        for incident, at in coming:
            _defer(connection, [(_DUE, f"{incident}:{at.isoformat()}", max(at, now + _LATE), {"incident": incident})])


def _defer(connection: Connection, jobs: list[tuple[str, str, datetime | None, dict[str, Any]]]) -> None:
    """Put jobs into the queue: task, lock, when, arguments. One that waits there already is not put there twice."""
    raw: Any = connection.connection.driver_connection
    deferrer = App(connector=SyncPsycopgConnector())
    for task, lock, when, words in jobs:
        told = deferrer.configure_task(
            task, queue=_QUEUE, connection=raw, lock=lock, queueing_lock=lock, schedule_at=when, task_kwargs=words
        )
        try:
            with connection.begin_nested():
                told.defer()
        except exceptions.AlreadyEnqueued:
            continue  # one that waits will find these rows as well


def run_worker(ledger: Ledger, hands: Hands, *, concurrency: int, until_done: bool, poll: float = 5.0) -> None:
    """Take up jobs until somebody stops this process, or with `until_done` until none is due."""
    asyncio.run(_run(ledger, hands, concurrency, until_done=until_done, poll=poll))


async def _run(ledger: Ledger, hands: Hands, concurrency: int, *, until_done: bool, poll: float) -> None:
    _stop_on_signals(hands.stopping)
    asyncio.get_running_loop().set_exception_handler(_unless_it_is_the_database)
    try:
        while not await _work(ledger, hands, concurrency, until_done=until_done, poll=poll):
            if hands.stopping.is_set():
                return
            _LOG.warning("lost touch with the ledger's database; going on when it answers")
            await _database_answers(ledger)
            _LOG.warning("the ledger's database answers; going on")
            await asyncio.sleep(_AGAIN)  # it may answer and do nothing, as one whose disk is full
    except asyncio.CancelledError:
        if not hands.stopping.is_set():
            raise


def _unless_it_is_the_database(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say what went wrong in a task that nobody waits for, but for the database: of that we speak ourselves."""
    if not isinstance(context.get("exception"), exceptions.ConnectorException):
        loop.default_exception_handler(context)


async def _database_answers(ledger: Ledger) -> None:
    """Wait until the database can be reached."""
    while True:
        try:
            async with await AsyncConnection.connect(ledger.store.address, **_ALIVE):
                return
        except OperationalError:
            await asyncio.sleep(_AGAIN)


def _stop_on_signals(stopping: threading.Event) -> None:
    """On SIGINT or SIGTERM take up nothing new, finish what is begun, and end. A second one ends the process at once."""
    loop, work = asyncio.get_running_loop(), asyncio.current_task()
    assert work is not None  # noqa: S101 -- we run in it

    def stop() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        stopping.set()
        work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


async def _work(ledger: Ledger, hands: Hands, concurrency: int, *, until_done: bool, poll: float) -> bool:
    """Take up jobs. Returns whether that is all there is to do, and False where the database went away."""
    app, stalled = _app(ledger, hands), _stalled(ledger)
    try:
        async with app.open_async():
            await app.run_worker_async(
                queues=[_QUEUE],
                concurrency=concurrency,
                wait=not until_done,
                fetch_job_polling_interval=poll,
                update_heartbeat_interval=stalled / 3,
                stalled_worker_timeout=stalled,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
    except (exceptions.ConnectorException, OperationalError):
        return False
    return until_done  # the library's worker also ends, without a word, when its database goes away


def _app(ledger: Ledger, hands: Hands) -> App:
    shared = PsycopgConnector(**_address(ledger), configure=_at_once, min_size=1, max_size=4, timeout=_PATIENCE)
    app = App(connector=shared)
    again = RetryStrategy(wait=1, retry_exceptions={Stopped})

    @app.task(name=_TASK, queue=_QUEUE, retry=again)
    def drain(*, channel: str, shard: int) -> None:
        _do(f"{channel}, shard {shard}", lambda: hands.drain(channel))

    @app.task(name=_DUE, queue=_QUEUE, retry=again)
    def due(*, incident: str) -> None:
        _do(f"{incident}, at its time", lambda: hands.due(incident))

    @app.task(name=_FINISH, queue=_QUEUE, retry=again)
    def finish() -> None:
        _do("what others left", hands.finish)

    @app.periodic(cron=_LOOK, periodic_id=_RESCUE)
    @app.task(name=_RESCUE, queue=_QUEUE, queueing_lock=_RESCUE, pass_context=True)
    async def rescue(context: JobContext, timestamp: int) -> None:
        """Take up jobs whose worker died: they would stay with it for ever."""
        del timestamp
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(queue=_QUEUE, seconds_since_heartbeat=_stalled(ledger)):
            try:
                await manager.retry_job(job)
            except exceptions.UniqueViolation:  # another one waits for the same, and this one's lock keeps it waiting
                await manager.finish_job_by_id_async(job.id or 0, status=Status.FAILED, delete_job=True)
        await asyncio.to_thread(call_for_what_is_left, ledger)

    return app


async def _at_once(connection: AsyncConnection) -> None:
    """Let each statement stand by itself: who falls silent between one and its commit would keep a job from everybody."""
    await connection.set_autocommit(True)


def _stalled(ledger: Ledger) -> float:
    return min(_STALLED, ledger.lease)


def _do(what: str, work: Callable[[], Tally | None]) -> None:
    """Do a job, and say what came of it, if it was ours to do. Raises Stopped."""
    try:
        tally = work()
    except Stopped:
        raise
    except Exception:
        _LOG.exception("%s: something went wrong inside crisiscomms", what)
        raise
    if tally is None:
        return
    _LOG.info("%s: %d sent, %d refused, %d in doubt", what, tally.sent, tally.failed, tally.doubt)
    for problem in tally.problems[:20]:
        _LOG.warning("%s: %s", what, problem)


def _address(ledger: Ledger) -> dict[str, Any]:
    return {"conninfo": ledger.store.address, "kwargs": _ALIVE}
