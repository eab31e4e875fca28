"""A whole publish by mail: plan, ledger, SMTP and audit, beside Postfix's smtp-source and beside a plain loop of smtplib.

All three send to the same smtp-sink, in one run: the loop the same mail, smtp-source as many bytes. Runs are paired, so that
noise hits all alike, and the median of the ratios is what tells. Ours is the whole command, from its start to its end: the
list is read and checked, every delivery is planned, and every one has its marks and its audit entries in the ledger.

Needs Debian's package postfix for smtp-sink and smtp-source.
"""

from __future__ import annotations

import argparse
import hmac
import os
import shutil
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from benchmarks.postfix import sink, source

HOME = Path(__file__).resolve().parent.parent
SENDER = "notice@northwind.example"
#: The headers that are the same for every reader.
ALIKE = ("Subject", "List-Id", "List-Unsubscribe-Post", "Auto-Submitted", "Feedback-ID")
WORKSPACE = """
ledger = "ledger.db"

[organisation]
name = "Northwind Pay"
url = "https://northwind.example"
contact = { email = "help@northwind.example" }

[site]
url = "https://status.northwind.example"

[approval]
critical = 0
major = 0

[channels.website]
type = "website"

[channels.email]
type = "smtp"
host = "127.0.0.1"
port = PORT
sender = "Northwind Pay <notice@northwind.example>"
unsubscribe = "https://northwind.example/unsubscribe?reader={token}"
per_second = 1000000
connections = SESSIONS
mails_per_connection = 1000000
DKIM

[audiences.public]
name = "everyone"
channels = ["website"]

[audiences.customers]
name = "our customers"
channels = ["email"]
recipients = "lists/customers.csv"
"""
RECORD = """
id: copied-files
title: Somebody copied files with your letters
kind: data-breach
severity: major
harm: none
times: {{started: {started}, noticed: {started}}}
responsibility: {{level: ours, duty: We keep the letters that you send us.}}
facts:
  letters: {{value: {people}, unit: {{one: letter, other: letters}}, as_of: {started}}}
audiences: {{}}
affected: {{who: Everyone who sent us a letter., not_affected: []}}
impact:
  - audience: public
    effect: Files with letters were copied.
  - audience: customers
    effect: "$recipient.letters.with_unit of yours were in the files that were copied.{padding}"
cause: {{state: unknown}}
unknowns:
  - question: Who copied the files.
    expected_by: {later}
actions: []
do_now:
  - audience: public
    text: Please do not open links in letters that you did not expect.
feedback:
  question: What do you want to know?
  channel: help@northwind.example
  read_by: Maren Vogt
  closes: {later}
signed_by: {{name: Maren Vogt, role: Chief Executive}}
promises: []
updates:
  - id: first
    at: {now}
    status: investigating
    text: We are sorry. Somebody copied files with letters that you sent us.
    audiences: [public, customers]
    next_update: {later}
"""


class Office:
    """A workspace with one incident and a list of customers."""

    def __init__(self, root: Path, people: int, sessions: int, key: str) -> None:
        self.folder, self.people, self.sessions, self.key = root / "workspace", people, sessions, key
        for name in ("incidents", "lists", "secrets"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        with (self.folder / "lists/customers.csv").open("w", encoding="utf-8") as out:
            out.write("email,name,language,letters\n")
            for n in range(people):
                out.write(f"person.number{n}@mail{n % 500}.example,Ana Family{n},en,{n % 97 + 2}\n")
        now = datetime.now(UTC)
        times = {
            "now": now - timedelta(minutes=5),
            "started": now - timedelta(hours=2),
            "later": now + timedelta(days=1),
        }
        shown = {name: f"'{at:%Y-%m-%dT%H:%M:%S}Z'" for name, at in times.items()}
        # Readers of a real notice get about 13 kB; the words themselves do not matter here.
        padding = " We will say in plain words what was in them, for each letter." * 55
        record = RECORD.format(people=people, padding=padding, **shown)
        (self.folder / "incidents/copied-files.yaml").write_text(record, encoding="utf-8")

    def settle(self, port: int) -> None:
        """Write the settings, and forget what was sent."""
        dkim = 'dkim_selector = "bench"' if self.key else ""
        (self.folder / "secrets/email.dkim").write_text(self.key)
        text = WORKSPACE.replace("PORT", str(port)).replace("SESSIONS", str(self.sessions)).replace("DKIM", dkim)
        (self.folder / "crisiscomms.toml").write_text(text, encoding="utf-8")
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink() and path.name not in {"incidents", "lists", "secrets"}:
                shutil.rmtree(path)
            elif path.is_symlink() or path.name.startswith("ledger.db"):
                path.unlink()

    def run(self, *words: str) -> tuple[float, float, float]:
        """Run a command. Returns seconds, CPU seconds, and its peak memory in MB."""
        began = time.perf_counter()
        command = [sys.executable, "-m", "crisiscomms", *words, "-C", str(self.folder)]
        environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            took = time.perf_counter() - began
            if os.waitstatus_to_exitcode(status):
                said.seek(0)
                sys.exit(said.read().decode())
        return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def sample(self) -> bytes:
        """Return one reader's mail, as a rehearsal wrote it."""
        return next((self.folder / "rehearsal").rglob("*.eml")).read_bytes()


def plain_loop(port: int, count: int, ours: EmailMessage) -> float:
    """Send as most scripts do: a message built for each reader, one connection of smtplib. Returns mails a second.

    It is the same mail as `ours`: the same words, headers and way out of the list.
    """
    text, html = (part.get_content() for part in ours.iter_parts())
    name, unsubscribe = ours["To"].addresses[0].display_name, str(ours["List-Unsubscribe"]).partition("=")[0]
    alike = [(header, str(ours[header])) for header in ALIKE]
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for n in range(count):
            reader, address = f"Ana Family{n}", f"person.number{n}@mail.example"
            token = hmac.new(b"a key of this list", address.encode(), "sha256").hexdigest()[:43]
            message = EmailMessage()
            message["From"], message["To"] = SENDER, f"{reader} <{address}>"
            message["Date"], message["Message-ID"] = format_datetime(datetime.now(UTC)), make_msgid(domain="a.example")
            message["List-Unsubscribe"] = f"{unsubscribe}={token}>"
            for header, words in alike:
                message[header] = words
            message.set_content(text.replace(name, reader))
            message.add_alternative(html.replace(name, reader), subtype="html")
            server.send_message(message)
    return count / (time.perf_counter() - began)


def ed25519() -> str:
    """Return a new private key in PEM."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    plain = serialization.NoEncryption()
    made = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    )
    return made.decode()


def main() -> None:
    """Print the medians of the paired ratios, and what is behind them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=200_000)
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--sessions", type=int, default=16)
    options.add_argument("--signed", action="store_true", help="with Ed25519 signatures")
    chosen = options.parse_args()
    key = ed25519() if chosen.signed else ""
    with tempfile.TemporaryDirectory() as root, sink() as port:
        small = Office(Path(root) / "small", 20, chosen.sessions, key)
        small.settle(port)
        small.run("publish", "--rehearsal", "--yes")
        sample = small.sample()
        size, ours = len(sample), message_from_bytes(sample, policy=policy.default)
        office = Office(Path(root) / "large", chosen.people, chosen.sessions, key)
        runs = []
        for _ in range(chosen.pairs):
            office.settle(port)
            theirs = source(port, chosen.people, chosen.sessions, size, SENDER)
            took, cpu, memory = office.run("publish", "--yes")
            loop = plain_loop(port, max(200, chosen.people // 200), ours)
            runs.append((chosen.people / took, theirs, loop, cpu / chosen.people * 1e6, memory))
            print(" ".join(f"{value:12,.0f}" for value in runs[-1]), flush=True)
    show(runs, chosen.people, size, chosen.sessions)


def show(runs: list[tuple[float, ...]], people: int, size: int, sessions: int) -> None:
    def ratio(other: int) -> str:
        found = [run[0] / run[other] for run in runs]
        return f"{statistics.median(found):8.2f} [{min(found):.2f}..{max(found):.2f}]"

    median = [statistics.median(values) for values in zip(*runs, strict=True)]
    print(f"{people:,} people, mails of {size:,} bytes, {sessions} sessions, {len(runs)} paired runs")
    print(f"publish       {median[0]:10,.0f} people/s")
    print(f"smtp-source   {median[1]:10,.0f} mails/s    publish / smtp-source {ratio(1)}")
    print(f"smtplib loop  {median[2]:10,.0f} mails/s    publish / loop        {ratio(2)}")
    print(f"our CPU       {median[3]:10,.0f} us a mail, all included")
    print(f"our memory    {median[4]:10,.0f} MB at its peak")


if __name__ == "__main__":
    main()
