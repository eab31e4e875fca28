"""The driver for many machines: Procrastinate's jobs, in the database that holds the ledger.

A job only says "drain this channel, this shard". Correctness lives in the ledger's rows: a job that runs twice, or on two
machines at once, finds rows that are claimed and sends nothing. So jobs may be lost, repeated and taken up again freely:
every few seconds each worker asks the ledger what nobody is at, and does that.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy, SyncPsycopgConnector, exceptions
from procrastinate.jobs import Status
from psycopg import AsyncConnection, OperationalError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from crisiscomms.delivery.hands import SHARDS, Hands, Stopped, Task
from crisiscomms.errors import Unreachable
from crisiscomms.ledger import Ledger

_QUEUE, _TASK, _DUE, _RESCUE = "crisiscomms", "drain", "due", "rescue"
#: After how many seconds without a sign of life a worker's jobs are taken up by others, who look as often as this says.
#: Whoever was only asleep does no harm when it wakes: a job that runs twice sends nothing twice.
_STALLED, _LOOK = 15.0, "* * * * * */10"
#: How many seconds a worker waits for its database to answer, and between two attempts to reach it.
_PATIENCE, _AGAIN = 3.0, 1.0
#: How many seconds lie between two looks at what nobody is at.
_GLANCE = 5.0
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


def call_at_its_time(connection: Connection, incident: str, when: datetime) -> None:
    """Ask one worker to publish an incident at the time of its coming update."""
    _defer(connection, [(_DUE, f"{incident}:{when.isoformat()}", when, {"incident": incident})])


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
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unless_it_is_the_database)
    loop.set_default_executor(ThreadPoolExecutor(2 * concurrency + 2))  # jobs, what is left, and the looks at it
    looking = None if until_done else asyncio.create_task(_do_what_is_left(ledger, hands))
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
    finally:
        if looking:
            looking.cancel()


async def _do_what_is_left(ledger: Ledger, hands: Hands) -> None:
    """Look every few seconds what nobody is at, and do it, each thing once at a time."""
    at_it: dict[str, asyncio.Task[None]] = {}
    while True:
        await asyncio.sleep(_GLANCE)
        try:
            left = await asyncio.to_thread(hands.left, ledger)
        except (Unreachable, SQLAlchemyError, OperationalError):
            continue
        except Exception:  # noqa: BLE001 -- the next look may go well
            _LOG.exception("what is left: something went wrong inside crisiscomms")
            continue
        for task in left:
            if task.what not in at_it or at_it[task.what].done():
                at_it[task.what] = asyncio.create_task(_try(task))


async def _try(task: Task) -> None:
    """Do what is left. What went wrong was said, and others may do it."""
    with suppress(Exception):
        await asyncio.to_thread(_do, task)


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
        _do(hands.drain(channel)._replace(what=f"{channel}, shard {shard}"))

    @app.task(name=_DUE, queue=_QUEUE, retry=again)
    def due(*, incident: str) -> None:
        _do(hands.due(incident))

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

    return app


async def _at_once(connection: AsyncConnection) -> None:
    """Let each statement stand by itself: who falls silent between one and its commit would keep a job from everybody."""
    await connection.set_autocommit(True)


def _stalled(ledger: Ledger) -> float:
    return min(_STALLED, ledger.lease)


def _do(task: Task) -> None:
    """Do a job, and say what came of it, if it was ours to do. Raises Stopped."""
    try:
        tally = task.work()
    except Stopped:
        raise
    except Exception:
        _LOG.exception("%s: something went wrong inside crisiscomms", task.what)
        raise
    if tally is None:
        return
    _LOG.info("%s: %d sent, %d refused, %d in doubt", task.what, tally.sent, tally.failed, tally.doubt)
    for problem in tally.problems[:20]:
        _LOG.warning("%s: %s", task.what, problem)


def _address(ledger: Ledger) -> dict[str, Any]:
    return {"conninfo": ledger.store.address, "kwargs": _ALIVE}
