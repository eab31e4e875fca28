"""Where the time of a first build goes: what each part of it takes for one incident, beside what Hugo leaves for all of them.

    python -m benchmarks.parts --incidents 1000

The incidents are those of `build`. Each part runs alone, on one core, for all of them, so many times, and the fastest pass
counts. What a library does for us stands apart from what is ours. Hugo builds 10,000 of them in the same run: at twice its
time, on all cores, so many microseconds are left for each incident.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from benchmarks.build import NOW, hugo, measured, record, write_hugo, write_records
from crisiscomms.messages.compose import compose
from crisiscomms.messages.model import canonical, site_content
from crisiscomms.messages.templates import packaged, voices
from crisiscomms.published import PublishedIncident
from crisiscomms.record import load_record
from crisiscomms.record.model import Incident
from crisiscomms.record.reader import parse_tree
from crisiscomms.website.frame import Frame, Ground
from crisiscomms.website.incidents import feeds, incident_files, leaves
from crisiscomms.workspace import read_workspace

#: How many incidents Hugo builds, and how much of its time a first build may take.
OF_HUGO, BAR = 10_000, 2


def microseconds(work: Callable[[int], object], numbers: Iterable[int], passes: int) -> float:
    """Return what the fastest of some passes took for one incident."""
    numbers, fastest = list(numbers), float("inf")
    for _ in range(passes):
        began = time.process_time()
        for number in numbers:
            work(number)
        fastest = min(fastest, time.process_time() - began)
    return fastest / len(numbers) * 1e6


def parts(folder: Path, count: int) -> list[tuple[str, bool, Callable[[int], object]]]:
    """Return the parts of a first build: what each is called, whether a library or the system does it, and its work."""
    workspace, sources = read_workspace(folder), [record(number) for number in range(count)]
    spoken, names = voices(workspace), list(workspace.incidents())
    frame = Frame(Ground(workspace, spoken, packaged("site")))
    branch = frame.branches[0]
    trees = [parse_tree(source.encode(), "record") for source in sources]
    records = [load_record(workspace, name) for name in names]

    def worded(number: int) -> bytes:
        made = compose(records[number].incident, workspace, spoken, PublishedIncident(), NOW, ())
        assert made
        return canonical(made.messages.site[0])

    bodies = [worded(number) for number in range(count)]
    contents = [site_content(body) for body in bodies]
    pages = [list(leaves(branch, content, NOW)) for content in contents]
    files = [incident_files(frame, [content], frozenset(), NOW) for content in contents]

    def written(number: int) -> None:
        for path, body in files[number].items():
            place = folder / "out" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)

    return [
        ("YAML, its events", True, lambda n: list(yaml.parse(sources[n], Loader=yaml.CLoader))),
        ("schema", True, lambda n: Incident.model_validate(trees[n].data, context=workspace.reading)),
        ("page, from its layout", True, lambda n: [frame.page(branch, one, [""], frozenset()) for one in pages[n]]),
        ("three feeds", True, lambda n: feeds(frame, branch, names[n], contents[n].title, [contents[n]])),
        ("five files, written", True, written),
        ("a record read, in all", False, lambda n: load_record(workspace, names[n])),
        ("worded", False, worded),
        ("its files, in all", False, lambda n: incident_files(frame, [site_content(bodies[n])], frozenset(), NOW)),
    ]


def main() -> None:
    """Print a table, and what is left by Hugo."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--incidents", type=int, default=1000)
    asked.add_argument("--passes", type=int, default=5)
    given = asked.parse_args()
    gc.set_threshold(100_000)  # as the command does
    work, cores = Path(tempfile.mkdtemp()), len(os.sched_getaffinity(0))
    try:
        write_records(work / "ours", given.incidents)
        write_hugo(work / "hugo", OF_HUGO)
        other = [hugo(), "--quiet", "--source", str(work / "hugo"), "--destination", str(work / "hugo" / "public")]
        took = measured(other)["seconds"]
        found = [
            (name, library, microseconds(does, range(given.incidents), given.passes))
            for name, library, does in parts(work / "ours", given.incidents)
        ]
    finally:
        shutil.rmtree(work)
    for name, library, each in found:
        print(f"{name:<28}{each:>8,.0f} us{'' if library else '   with what is ours'}")
    print(f"{'what others do for us':<28}{sum(each for _, library, each in found if library):>8,.0f} us")
    left = BAR * took * cores / OF_HUGO * 1e6
    print(f"{'left for one incident':<28}{left:>8,.0f} us   {BAR} x Hugo's {took:.2f} s for {OF_HUGO:,}, {cores} cores")


if __name__ == "__main__":
    main()
