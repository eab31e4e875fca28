"""A real PostgreSQL server on loopback, in a folder of its own, that can be killed and started again.

    with Postgres(needs("postgres").parent) as server:
        url = server.create()
        ...
        server.crash()
        server.start()

It syncs as in production, so that what it promised to keep outlives `crash()`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import psycopg

USER, PASSWORD = "crisis", "pg-secret-1"
_SECONDS = 30
#: Small, so that one server for each test process costs little.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "logging_collector": "off",
    "timezone": "UTC",
}


class Postgres:
    """One server. `programs` is the folder of initdb and postgres."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="crisiscomms-pg-"))
        try:
            self._init()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return a database's address, as SQLAlchemy takes it."""
        return f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def create(self) -> str:
        """Make an empty database, and return its address."""
        self._made += 1
        name = f"test_{self._made}"
        self._say(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._say(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    @property
    def log(self) -> str:
        """What the server wrote down."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def running(self) -> bool:
        """Whether the server's first process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server, on the same port and folder as before, and wait until it answers. Does nothing if it runs."""
        until = time.monotonic() + _SECONDS
        while not self._answers():
            if not self.running:  # after a crash the folder is taken until the last child of the old server is gone
                self._process = self._spawn()
            assert time.monotonic() < until, f"PostgreSQL does not start:\n{self.log[-2000:]}"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop at once. Whoever is connected is cut off."""
        self._end(signal.SIGQUIT)

    def crash(self) -> None:
        """Kill the server's first process, so that it has no moment to put anything in order."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_SECONDS)
            self._process = None

    def _init(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="ascii")
        if "user" in self._owner:
            for path in (self.folder, secret):
                shutil.chown(path, self._owner["user"], self._owner["group"])
        words = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C"]
        command = [self.programs / "initdb", "--no-sync", f"--pgdata={self.folder / 'data'}", *words]
        done = subprocess.run(command, **self._owner, cwd=self.folder, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.folder)}
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), *given]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, **self._owner, cwd=self.folder, stdout=log, stderr=log)

    @property
    def _owner(self) -> dict[str, Any]:
        """As whom the server runs: PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        names = {user.pw_name for user in pwd.getpwall()}
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _answers(self) -> bool:
        try:
            self._say("SELECT 1")
        except psycopg.OperationalError:
            return False
        return self.running

    def _say(self, sql: str) -> None:
        address = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
            connection.execute(sql)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
