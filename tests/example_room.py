"""A copy of the example workspace, for tests: to run the command in, or to compose and review in without it."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import yaml

import crisiscomms.examples
from crisiscomms.channels.accounts import accounts
from crisiscomms.channels.registry import channels
from crisiscomms.cli.app import main
from crisiscomms.messages.compose import Composed, compose
from crisiscomms.messages.templates import voices
from crisiscomms.published import PublishedIncident
from crisiscomms.record import Record
from crisiscomms.record.load import parse_record
from crisiscomms.review import Case, review
from crisiscomms.workspace import Workspace, read_workspace

EXAMPLES = Path(crisiscomms.examples.__path__[0])
ZONE = ZoneInfo("Europe/Berlin")
#: Each example with its stage, and the clock: five minutes after the newest update that was due by then.
STAGES = [
    ("kettle-recall", None, "2026-09-09 11:05"),
    ("customer-data-breach", None, "2026-11-01 10:05"),
    ("checkout-outage", 1, "2026-11-18 10:36"),
    ("checkout-outage", 2, "2026-11-18 11:17"),
    ("checkout-outage", 3, "2026-11-18 12:13"),
    ("checkout-outage", 4, "2026-11-18 13:07"),
    ("checkout-outage", None, "2026-11-18 16:25"),
]
FINAL = {incident: now for incident, stage, now in STAGES if stage is None}


def copy_example(folder: Path) -> Path:
    """Copy the example workspace into a folder that is not there yet."""
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "rehearsal", "ledger*"))
    return folder


def source_of(incident: str, stage: int | None = None) -> str:
    """Return an example record as text."""
    path = EXAMPLES / (f"stages/{incident}/{stage}.yaml" if stage else f"incidents/{incident}.yaml")
    return path.read_text(encoding="utf-8")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a workspace, as a process, in a zone and locale that are not the organisation's."""
    home = str(Path(crisiscomms.__file__).parent.parent)
    own = {**os.environ, "PYTHONPATH": home, "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "crisiscomms", *words, "-C", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=own)


def run_here(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in this process: the same, without waiting for its imports each time."""
    command = ["crisiscomms", *words, "-C", str(folder)]
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err, patch.object(sys, "argv", command):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def publish(folder: Path, incident: str, now: str, *more: str) -> str:
    """Publish as a rehearsal, and return what the command says."""
    done = run_here(folder, "publish", incident, "--rehearsal", "--now", now, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def play(folder: Path) -> Path:
    """Replay the three examples, the outage as it grew. Returns the folder of what was produced."""
    for incident, stage, now in STAGES:
        record = folder / "incidents" / f"{incident}.yaml"
        record.write_text(source_of(incident, stage), encoding="utf-8")
        publish(folder, incident, now)
    return folder / "rehearsal"


def moment(words: str) -> datetime:
    """Read a time of the organisation's zone."""
    return datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


@dataclass
class Read:
    """One record as it was read, composed and reviewed at a moment."""

    record: Record
    composed: Composed
    case: Case
    findings: tuple

    def errors(self):
        return [finding for finding in self.findings if finding.severity.value == "error"]

    def warnings(self):
        return [finding for finding in self.findings if finding.severity.value == "warning"]

    def messages(self):
        """Yield every message that readers get, by name: its plain text."""
        for content in self.composed.messages.site:
            for page in content.pages:
                yield f"{page.kind} {content.language}", page.text
            for entry in content.entries:
                yield f"entry {entry.id} {content.language}", entry.title + "\n" + entry.text
            for promise in content.promises:
                yield f"promise {promise.id} {content.language}", promise.text
        for notice in self.composed.messages.notices:
            yield f"{notice.kind} {notice.audience} {notice.language}", notice.subject + "\n" + notice.text
        for post in self.composed.messages.posts:
            yield f"{post.kind} {post.channel}", post.text
        for memo in self.composed.messages.memos:
            yield f"memo {memo.language}", memo.text

    def message(self, name: str) -> str:
        return dict(self.messages())[name]


class Bench:
    """Reads records in one workspace, without the command."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.channels = channels(workspace, rehearsal=workspace.folder / "rehearsal")

    def parse(self, source: str) -> Record:
        named = re.search(r"^id: (\S+)$", source, re.MULTILINE)
        name = f"{named[1] if named else 'nameless'}.yaml"
        return parse_record(self.workspace, source, self.workspace.folder / "incidents" / name)

    def read(self, source: str, now: str, published: PublishedIncident | None = None) -> Read:
        record, told, clock = self.parse(source), published or PublishedIncident(), moment(now)
        posting = accounts(self.channels, self.workspace, record.incident.audiences)
        spoken = voices(self.workspace)
        composed = compose(record.incident, self.workspace, spoken, told, clock, posting, record.texts)
        case = Case(record, self.workspace, told, clock, composed)
        return Read(record, composed, case, review(case, posting))

    def compose_data(self, data: dict, now: str) -> Read:
        """Compose without reviewing."""
        record, told, clock = self.parse(dump(data)), PublishedIncident(), moment(now)
        posting = accounts(self.channels, self.workspace, record.incident.audiences)
        composed = compose(record.incident, self.workspace, voices(self.workspace), told, clock, posting, record.texts)
        return Read(record, composed, Case(record, self.workspace, told, clock, composed), ())

    def read_data(self, data: dict, now: str, published: PublishedIncident | None = None) -> Read:
        return self.read(dump(data), now, published)

    def with_settings(self, **changes: object) -> "Bench":
        settings = self.workspace.settings
        return Bench(self.workspace._replace(settings=settings.model_copy(update=changes)))


def data_of(incident: str, stage: int | None = None) -> dict:
    """Return an example record as plain data, to change and dump again."""
    return yaml.load(source_of(incident, stage), Loader=yaml.CBaseLoader)  # every scalar a string


def dump(data: dict) -> str:
    """Write plain data as YAML."""
    return yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=1000)


def bench_in(folder: Path) -> Bench:
    """Make a workspace of one's own and a bench in it."""
    return Bench(read_workspace(copy_example(folder)))


def on_a_terminal(folder, *words, **env):
    """Return what somebody sees in a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    home = str(Path(crisiscomms.__file__).parent.parent)
    plain = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}
    own = {**plain, "PYTHONPATH": home, "TERM": "xterm", "LC_ALL": "C.UTF-8", **env}
    command = [sys.executable, "-m", "crisiscomms", *map(str, words)]
    with subprocess.Popen(command, cwd=folder, env=own, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # nobody holds the other end any more
                break
            if not piece:
                break
            said += piece
        running.wait(timeout=60)
    os.close(ours)
    return said.decode().replace("\r\n", "\n")
