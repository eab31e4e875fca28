"""What tests of the ledger say again and again: a line of a plan, a worker of each kind, a row written by hand."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from crisiscomms.ledger import Stage, State
from crisiscomms.ledger.rows import Begin, Ending, Line, Worker
from crisiscomms.ledger.tables import claims, deliveries
from crisiscomms.published import Draft, row_digest
from crisiscomms.telling import Telling

HOME = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
AT, LATER = "2026-11-18T11:00:00+00:00", "2026-11-18T12:30:00+00:00"
TELLING = Telling({}, {}, (), ()).to_json()
ANA, BEA, CEM = "ana@shop.example", "bea@shop.example", "cem@shop.example"

#: This process, and one on another machine, of which nobody here can say whether it lives.
ME = Worker.this()
ELSEWHERE = Worker("another-machine:7", "1")
#: A process of this machine that is certainly gone: none was ever born at that time.
DEAD = Worker(f"{socket.gethostname()}:{os.getpid()}", "long ago")


def item(**changes):
    """Return the columns of one line of a plan."""
    usual = {
        "incident": "checkout",
        "update_id": "first",
        "channel": "email",
        "account": "",
        "kind": "notice",
        "audience": "merchants",
        "message": "m",
        "settings": "s",
        "names": "shop.example",
        "columns": "[]",
        "policy": "ask",
        "at": AT,
        "rank": 10,
        "not_before": AT,
    }
    return {**usual, **changes}


def drafts(*recipients, number=0, words="", revises=None):
    """Return one delivery to each recipient."""
    return [Draft(one, number, words, row_digest("m", "s", words), "", revises) for one in recipients]


def line(*recipients, number=0, words="", revises=None, **changes):
    """Return one line with one delivery to each recipient. Without recipients: to everyone."""
    return Line(item(**changes), drafts(*recipients or [""], number=number, words=words, revises=revises))


def freeze(ledger, *lines, bodies=None, drop=()):
    """Freeze a plan of these lines. Returns its publication."""
    return ledger.freeze("checkout", "f", ledger.clock(), lambda _: TELLING, bodies or {}, lines, drop)


def claim(ledger, publication, worker=ME, *, most=50, per_second=None, rank=10, channel="email"):
    """Claim rows of a publication's mails, unless it says what else."""
    return ledger.claim(Stage(rank, channel, publication), worker, most=most, per_second=per_second)


def begin(ledger, *rows):
    """Begin rows whose readers can be named, as a drain does. Returns the ids of those that go."""
    return ledger.turn([Begin(row, (row.recipient, f"token:{row.recipient[:3]}")) for row in rows], ()).go


def sent(ledger, row, receipt="ok"):
    """Write that the place has a row."""
    return ledger.settle(Ending(row, State.SENT, receipt))


def states(ledger):
    """Return the state of every row, oldest first."""
    return [row.state for row in ledger.rows()]


def trail(ledger):
    """Return what every entry says happened, and to what, oldest first."""
    return [(entry["what"], entry["subject"]) for entry in ledger.trail.entries()]


def put(ledger, row_id, **values):
    """Write a row as no move of ours would."""
    with ledger.store.write() as connection:
        connection.execute(deliveries.update().where(deliveries.c.id == row_id).values(**values))


def claims_are(ledger, **values):
    """Write all claims as no worker would."""
    with ledger.store.write() as connection:
        connection.execute(claims.update().values(**values))


def end_leases(ledger):
    """Let the time of every lease be over."""
    claims_are(ledger, until=0)


def ask(ledger, sql):
    """Return what the database answers."""
    with ledger.store.read() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def busy(ledger):
    """Do a little of everything: 13 entries. Returns the publication."""
    publication = freeze(ledger, line(ANA, BEA, CEM))
    first, second, third = claim(ledger, publication, DEAD)
    begin(ledger, first)
    ledger.settle(Ending(first, State.SENT, "ok", evidence={"reply": "250 schön"}))
    ledger.settle(Ending(second, State.RETRY, evidence={"reason": "451"}))
    begin(ledger, third)
    ledger.recover()
    ledger.hold("checkout", "counsel\nasked")
    ledger.release("checkout")
    ledger.resolve_doubt(third.id, State.PLANNED, "they called")
    return publication


def start(code, *words):
    """Start Python code as a process of its own, with this project on its path."""
    path = os.pathsep.join((str(HOME), str(HOME / "tests")))
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
