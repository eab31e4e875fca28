"""A workspace of its own for each test, and `crisiscomms` as a process in it, just as a team runs it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

WORKSPACE = """
rehearsal = {rehearsal}
[organisation]
name = "Northwind Pay"
url = "https://northwind.example"
timezone = "UTC"
languages = ["en"]
contact = {{ email = "help@northwind.example", phone = "+49 30 5550 0100", hours = "every day", replies_within = "2 hours" }}
[site]
url = "https://status.northwind.example"
components = [{{ id = "checkout", name = "Hosted checkout" }}]
[order]
audiences = ["staff", "merchants", "customers", "everyone"]
head_start = "{head_start}"
[channels.website]
type = "website"
{channels}
[audiences.everyone]
name = "Everyone"
channels = {public}
"""

MAIL = """
[channels.email]
type = "smtp"
host = "127.0.0.1"
port = {port}
sender = "Northwind Pay <incident@northwind.example>"
per_second = 5000
connections = 1
timeout = 10
dot_timeout = 60
"""

X = """
[channels.x]
type = "x"
api = "{url}"
timeout = 10
"""

RECORD = """
id: {id}
title: Card payments failed at checkout
kind: outage
severity: {severity}
harm: none
times:
  started: {started}
  noticed: {started}
responsibility: {{level: unknown}}
facts: {{}}
audiences: {audiences}
affected:
  components: {{checkout: major_outage}}
  regions: [European Union]
  not_affected: []
impact:
{impact}
cause: {{state: unknown}}
unknowns:
  - question: Why the payments fail.
    expected_by: {next}
actions: []
do_now:
  - audience: everyone
    text: Please wait before you pay again. We will say here when it works.
feedback:
  question: What did this cost you?
  channel: help@northwind.example
  read_by: Maren Vogt
  closes: {closes}
signed_by: {{name: Maren Vogt, role: Chief Operating Officer}}
promises: {promises}
updates:
{updates}
"""

#: Where compiled templates are kept for all tests: each one alone would spend a second or two on them.
CACHE = Path(__file__).parents[2] / ".pytest_cache" / "home"

#: Merchants who are about to hear one update.
TEN = [f"reader{number}@shop.example" for number in range(10)]

FIRST = "We are sorry: card payments are failing at checkout. We are looking for the cause."
LATER = "We are sorry: card payments still fail for some of you. We have found more about it."


class Office:
    """One workspace under `root`. `now` is when the test began; records speak of times around it."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "workspace"
        self.now = datetime.now(UTC).replace(microsecond=0)
        for name in ("workspace/incidents", "workspace/lists", "workspace/secrets", "tmp", "home"):
            (root / name).mkdir(parents=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        self.said: list[subprocess.CompletedProcess[str]] = []
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(root / "home"),
            "XDG_CACHE_HOME": str(CACHE),
            "TMPDIR": str(root / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "CRISISCOMMS_WHO": "tester",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }

    # -- what the team writes ----------------------------------------------------------------------------------

    def settle(self, *channels: str, public: tuple[str, ...] = ("website",), **more: str) -> None:
        """Write the workspace's settings. `channels` are tables of channels, MAIL or X filled in."""
        values = {"rehearsal": "false", "head_start": "0 minutes", **more}
        text = WORKSPACE.format(channels="\n".join(channels), public=json.dumps(list(public)), **values)
        (self.folder / "crisiscomms.toml").write_text(text)

    def people(self, audience: str, *emails: str) -> None:
        """Write a list."""
        (self.folder / "lists" / f"{audience}.csv").write_text("email,name\n" + "".join(f"{e},\n" for e in emails))

    def at(self, minutes: float) -> str:
        """Return the time so many minutes from `now`, as records and `--now` write it."""
        return f"{self.now + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"

    def record(
        self,
        *updates: dict[str, Any],
        audiences: tuple[str, ...] = ("merchants",),
        name: str = "checkout",
        severity: str = "minor",
        promises: tuple[dict[str, Any], ...] = (),
        channels: str = "email",
    ) -> None:
        """Write a record. Each update: id, minutes (from now), text, to (audiences), needs."""
        own = {a: {"name": f"Our {a}", "channels": [channels], "recipients": f"../lists/{a}.csv"} for a in audiences}
        lines = []
        for update in updates or ({},):
            minutes = update.get("minutes", -5)
            lines.append(
                json.dumps(
                    {
                        "id": update.get("id", "first"),
                        "at": self.at(minutes),
                        "status": update.get("status", "investigating"),
                        "text": update.get("text", FIRST),
                        "next_update": self.at(minutes + 90),
                        "audiences": list(update.get("to", audiences)),
                        "needs": list(update.get("needs", ())),
                    }
                )
            )
        hit = [*audiences, "everyone"]
        impact = [json.dumps({"audience": a, "effect": "Card payments have been failing since $started."}) for a in hit]
        text = RECORD.format(
            id=name,
            severity=severity,
            started=self.at(-20),
            next=self.at(600),
            closes=f"{self.now + timedelta(days=30):%Y-%m-%d}",
            audiences=json.dumps(own),
            impact="".join(f"  - {line}\n" for line in impact),
            promises=json.dumps(
                [{"text": "We will say why.", "owner": "Maren Vogt", "due": self.at(300), **p} for p in promises]
            ),
            updates="".join(f"  - {line}\n" for line in lines),
        )
        (self.folder / "incidents" / f"{name}.yaml").write_text(text)

    def edit(self, old: str, new: str, name: str = "checkout") -> None:
        """Change words of a record."""
        path = self.folder / "incidents" / f"{name}.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def secret(self, name: str, value: str) -> None:
        """Write a secret into its file."""
        (self.folder / "secrets" / name).write_text(value)

    # -- what the team does ------------------------------------------------------------------------------------

    def _words(self, words: tuple[str, ...]) -> list[str]:
        verb = 2 if words[0] in {"doubt", "refused", "audit", "ledger", "site"} else 1
        return [*words[:verb], "-C", str(self.folder), *words[verb:]]

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Start `crisiscomms` and return at once."""
        command = [sys.executable, "-m", "crisiscomms", *self._words(words)]
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        env = self._env | given.pop("env", {})
        return subprocess.Popen(command, env=env, cwd=self.root, text=True, **given)

    def end(self, process: subprocess.Popen[str], seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Wait for a started process, and return what it said. One that takes too long is killed."""
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"took more than {seconds} s: {out}{err}") from None
        done = subprocess.CompletedProcess(process.args, process.returncode, out or "", err or "")
        self.said.append(done)
        return done

    def run(self, *words: str, expect: int | None = None, apart: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `crisiscomms` to its end. `expect` is the exit code it must have. `apart`: in a process of its own."""
        done = self.end(self.start(*words)) if apart else self._here(self._words(words))
        assert expect is None or done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def _here(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        """Run the command line in this process: it saves the second that each start takes."""
        from crisiscomms.cli.app import main

        out, err, code = io.StringIO(), io.StringIO(), 0
        with (
            mock.patch.dict(os.environ, self._env, clear=True),
            mock.patch.object(sys, "argv", ["crisiscomms", *words]),
            mock.patch.object(sys, "stdin", io.StringIO()),
            mock.patch.object(tempfile, "tempdir", str(self.root / "tmp")),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.chdir(self.root),
        ):
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        done = subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
        self.said.append(done)
        return done

    def publish(self, *words: str, expect: int | None = 0, apart: bool = False) -> str:
        """Publish, and return everything it said."""
        done = self.run("publish", "--yes", *words, expect=expect, apart=apart)
        return done.stdout + done.stderr

    # -- what came of it ---------------------------------------------------------------------------------------

    def sql(self, statement: str, *values: Any, rehearsal: bool = False) -> list[tuple[Any, ...]]:
        """Read the ledger."""
        path = self.folder / ("rehearsal/ledger.db" if rehearsal else "ledger.db")
        connection = sqlite3.connect(path, timeout=30)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def states(self, kind: str = "notice", *, rehearsal: bool = False) -> Counter[str]:
        """Return how many deliveries of a kind stand in which state."""
        return Counter(
            state
            for (state,) in self.sql(
                "select d.state from deliveries d join items i on d.item = i.id where i.kind = ?",
                kind,
                rehearsal=rehearsal,
            )
        )

    def outbox(self, suffix: str = "eml") -> list[str]:
        """Return the files of a rehearsal's messages, as `incident/update/file`."""
        found = (self.folder / "rehearsal").rglob(f"*.{suffix}")
        return sorted(
            str(p.relative_to(self.folder / "rehearsal"))
            for p in found
            if not re.search(r"releases|/memos/|public", str(p))
        )
