from __future__ import annotations

from types import SimpleNamespace

import pytest
from delivery.ledgers import NOW
from delivery.shared import TEN, Shared
from standins.database import PASSWORD
from standins.office import MAIL

from crisiscomms.ledger import Ledger


@pytest.fixture
def clock():
    """What time it is. Tests move it."""
    return SimpleNamespace(now=NOW)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a ledger lies: a file, or a database."""
    return tmp_path / "ledger.db" if request.param == "sqlite" else request.getfixturevalue("database_url")


@pytest.fixture
def open_ledger(place, clock):
    """Open the test's ledger, as often as it likes."""
    opened = []

    def open_it(who="tester"):
        opened.append(Ledger(place, lambda: clock.now, who))
        return opened[-1]

    yield open_it
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_ledger):
    """A ledger, once as a file and once as a database."""
    return open_ledger()


@pytest.fixture
def file_ledger(tmp_path, clock):
    """A ledger in a file, for what is about the file."""
    made = Ledger(tmp_path / "file.db", lambda: clock.now, "tester")
    yield made
    made.close()


@pytest.fixture
def shared(office, mail, database_url):
    """Ten merchants who are about to hear one update, and a database for the ledger."""
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *TEN)
    office.record()
    made = Shared(office, database_url)
    try:
        yield made
        said = [text for done in office.said for text in (done.stdout, done.stderr)]
        files = [path for path in office.root.rglob("*") if path.is_file() and path.parent.name != "secrets"]
        assert not any(PASSWORD in text for text in said)
        assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    finally:
        made.end()
