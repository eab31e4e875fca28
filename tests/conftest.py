from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from unittest import mock

import pytest
from standins.database import Postgres
from standins.machine import needs
from standins.mail_server import MailServer
from standins.office import CACHE, MAIL, TEN, Office

from crisiscomms.website import cards

HOME = Path(__file__).resolve().parent.parent
EXAMPLES = HOME / "crisiscomms" / "examples"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def _cards_drawn_once() -> Iterator[None]:
    """The same card is drawn once for all tests: each takes a fifth of a second, and hundreds of sites show the same."""
    with mock.patch.object(cards, "drawn", lru_cache(cards.drawn)):
        yield


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example workspace."""
    folder = tmp_path / "northwind"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__", "__init__.py"))
    return folder


@pytest.fixture
def crisiscomms(tmp_path: Path) -> Run:
    """The command, as a person runs it: a process of its own, with a cache and a home of its own."""
    CACHE.mkdir(parents=True, exist_ok=True)
    env = {
        **os.environ,
        "NO_COLOR": "1",
        "HOME": str(CACHE),
        "XDG_CACHE_HOME": str(CACHE),
        "PYTHONPATH": str(HOME),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "TMPDIR": str(tmp_path),
    }

    def run(
        *words: object, stdin: str = "", cwd: Path | None = None, code: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "crisiscomms", *map(str, words)],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=env,
            cwd=cwd or tmp_path,
            timeout=120,
            check=False,
        )
        assert code is None or done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests of this process."""
    with Postgres(needs("postgres").parent) as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """The address of an empty database of one test's own. A test may have left the server dead."""
    postgres.start()
    url = postgres.create()
    yield url
    postgres.start()
    postgres.drop(url)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A workspace of its own."""
    return Office(tmp_path)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server on loopback."""
    with MailServer() as server:
        yield server


@pytest.fixture
def ten(office: Office, mail: MailServer) -> Office:
    """Ten merchants who are about to hear one update."""
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *TEN)
    office.record()
    return office
