"""A workspace whose ledger many machines share, and workers as processes of their own."""

from __future__ import annotations

import contextlib
import json
import signal
import time

import psycopg
from standins.database import PASSWORD

PEOPLE = [f"reader{number:03}@shop.example" for number in range(300)]
TEN = PEOPLE[:10]


class Shared:
    """A workspace whose ledger is in PostgreSQL, and the workers that were started in it."""

    def __init__(self, office, url):
        self.office, self.url = office, url.replace("+psycopg", "").replace(f":{PASSWORD}", "")
        self._address = url.replace("+psycopg", "")
        self.workers = []
        office.secret("ledger.password", f"{PASSWORD}\n")

    def use(self):
        """Say in the settings that the ledger is there."""
        path = self.office.folder / "crisiscomms.toml"
        path.write_text(f'ledger = "{self.url}"\n{path.read_text()}')

    def work(self, *words, **env):
        """Start a worker. What it says goes to a file."""
        number = len(self.workers)
        with (self.office.root / f"worker{number}.log").open("w") as log:
            process = self.office.start("worker", *words, stdout=log, stderr=log, env=env)
        self.workers.append(process)
        return process

    def log(self, number):
        return (self.office.root / f"worker{number}.log").read_text()

    def ready(self, number):
        until(lambda: "Working for" in self.log(number), 30)
        return self.workers[number]

    def sql(self, statement):
        with psycopg.connect(self._address, connect_timeout=10) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def states(self, kind="notice"):
        found = self.sql(
            f"select d.state, count(*) from deliveries d join items i on d.item = i.id where i.kind = '{kind}' group by 1"
        )
        return dict(found)

    def in_hand(self):
        """Return the processes that have rows in hand."""
        held = "select distinct c.worker from claims c join deliveries d on d.claim = c.id where d.state in ('claimed', 'sending')"
        return {int(worker.rpartition(":")[2]) for (worker,) in self.sql(held)}

    def doubts(self):
        return json.loads(self.office.run("doubt", "list", "--json", expect=0).stdout)["rows"]

    def end(self):
        for process in self.workers:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(10)


def until(what, seconds):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
