"""Workers on one PostgreSQL that are killed, and put to sleep for longer than their lease, again and again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from contextlib import ExitStack

import psycopg
from proof.ground import Figures, check_once, doubted, ground, launched, resolve
from standins.database import PASSWORD, Postgres
from standins.machine import find
from standins.office import Office
from standins.sink import Sink

WORKERS, CONNECTIONS = 3, 4
#: For how many seconds a worker has its rows for itself.
LEASE = 2.0
#: A publish may end while a worker holds rows that come back later; so many publishes finish whatever happened.
MOST_RUNS = 10


class Crew:
    """Three workers, by their numbers as processes, forked from one that is warm. Whoever dies is replaced."""

    def __init__(self, office: Office, sink: Sink, stack: ExitStack) -> None:
        self.sink = sink
        env = {"CRISISCOMMS_LEASE": str(LEASE)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._warm = launched(office, "help", str(office.folder), env=env, **pipes)
        self.workers: list[int] = []
        self.asleep: set[int] = set()
        stack.callback(self.end)
        self.workers += [self._hire() for _ in range(WORKERS)]

    def _hire(self) -> int:
        assert self._warm.stdin
        assert self._warm.stdout
        self._warm.stdin.write("\n")
        self._warm.stdin.flush()
        return int(self._warm.stdout.readline())

    def kill(self, number: int) -> None:
        """Kill a worker, even a sleeping one, and hire another."""
        _end(self.workers[number])
        self.asleep.discard(number)
        self.workers[number] = self._hire()

    def stop(self, number: int, seconds: float) -> threading.Timer:
        """Put a worker to sleep, and let it wake after some seconds, if it is still there."""
        worker = self.workers[number]
        os.kill(worker, signal.SIGSTOP)
        self.asleep.add(number)

        def wake() -> None:
            if self.workers[number] == worker:
                os.kill(worker, signal.SIGCONT)
                self.asleep.discard(number)

        timer = threading.Timer(seconds, wake)
        timer.start()
        return timer

    def end(self) -> None:
        """Kill all of them."""
        while self.workers:
            _end(self.workers.pop())
        if self._warm.poll() is None:
            self._warm.kill()
            self._warm.communicate(timeout=10)


def _end(worker: int) -> None:
    """Kill a worker, and wait until it is gone."""
    os.kill(worker, signal.SIGKILL)
    until = time.monotonic() + 10
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(worker, 0)
            time.sleep(0.001)
        raise AssertionError(f"process {worker} does not die")


def publish(office: Office, *, seconds: float = 900) -> int:
    """Publish with short leases, to the end."""
    words = ["lease", "publish", "--yes", "-C", str(office.folder)]
    process = launched(office, *words, env={"CRISISCOMMS_LEASE": str(LEASE)})
    try:
        return process.wait(seconds)
    finally:
        process.kill()
        process.wait(10)


def states(url: str) -> dict[str, int]:
    """Return how many notices stand in which state."""
    asked = (
        "select d.state, count(*) from deliveries d join items i on d.item = i.id where i.kind = 'notice' group by 1"
    )
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return dict(connection.execute(asked).fetchall())


def finish(office: Office, url: str) -> int:
    """Publish until nothing waits any more. Returns how many publishes that took."""
    for number in range(1, MOST_RUNS + 1):
        assert publish(office) in {0, 6}
        if not set(states(url)) & {"planned", "retry_wait", "claimed", "sending"}:
            return number
    raise AssertionError(f"after {MOST_RUNS} publishes something still waits: {states(url)}")


def disturb(crew: Crew, events: list[str], people: int, chance: random.Random) -> int:
    """Let the workers meet what comes, one thing after some mails each. Returns how many came before all was sent."""
    timers, met = [], 0
    try:
        for event in events:
            wanted = len(crew.sink.taken) + chance.randint(1, max(2, people // len(events)))
            until = time.monotonic() + 30
            while len(crew.sink.taken) < min(wanted, people) and time.monotonic() < until:
                time.sleep(0.002)
            number = chance.randrange(WORKERS)
            awake = [one for one in range(WORKERS) if one not in crew.asleep]
            if event == "stop" and awake:
                timers.append(crew.stop(chance.choice(awake), LEASE * chance.uniform(1.2, 2)))
            else:
                crew.kill(number)
            met += len(crew.sink.taken) < people
    finally:
        for timer in timers:
            timer.join()
    return met


def prove(*, people: int = 20_000, kills: int = 200, stops: int = 100, seed: int = 7) -> Figures:
    """Three workers (processes that do what a job of `crisiscomms worker` does) on one PostgreSQL, killed with SIGKILL, and
    stopped with SIGSTOP for longer than their lease (2 seconds here), at random moments.
    """
    chance, program = random.Random(seed), find("postgres")
    assert program, "PostgreSQL is not installed"
    events = ["kill"] * kills + ["stop"] * stops
    chance.shuffle(events)
    with ExitStack() as stack:
        server = stack.enter_context(Postgres(program.parent))
        office, sink, them = stack.enter_context(
            ground(people, connections=CONNECTIONS, per_second=max(30, people // 200))
        )
        url = server.create()
        settings = office.folder / "crisiscomms.toml"
        shown = url.replace(f":{PASSWORD}", "").replace("+psycopg", "")
        settings.write_text(f'ledger = "{shown}"\n{settings.read_text()}')
        office.secret("ledger.password", PASSWORD)
        begun = threading.Event()
        sink.rule = lambda _address, _count: begun.set()
        first = launched(
            office, "lease", "publish", "--yes", "-C", str(office.folder), env={"CRISISCOMMS_LEASE": str(LEASE)}
        )
        stack.callback(first.kill)
        assert begun.wait(120), "no mail came"
        sink.rule = lambda _address, _count: None
        crew = Crew(office, sink, stack)
        first.kill()
        first.wait(10)
        met = disturb(crew, events, people, chance)
        runs = finish(office, url)
        crew.end()
        doubts = doubted(office)
        check_once(sink.counts, them, doubts)
        assert len(doubts) <= CONNECTIONS * (len(events) + 1)
        arrived = len(doubts.keys() & set(sink.taken))
        wanted = dict.fromkeys(them, 1) | resolve(office, sink, doubts)
        assert sink.counts == wanted, "after the doubts were settled, somebody has too few or too many"
        verified = json.loads(office.run("audit", "verify", "--json", expect=0, apart=True).stdout)
        left = set(states(url)) - {"sent", "sent_by_operator", "closed_unknown"}
        assert not left, left
    return {
        "kills and stops": f"{kills:,} and {stops:,}, of which {met:,} before all was sent",
        "publishes until nothing waited": runs,
        "people": people,
        "lost": 0,
        "heard twice unasked": 0,
        "in doubt": f"{len(doubts):,}, of whom {arrived:,} have the mail",
        "in doubt at the end": 0,
        "audit entries, all verified": verified["entries"],
    }
