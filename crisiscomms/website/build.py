"""The whole site as files: the same incidents, words, layouts and clock give the same bytes.

The site is made of pieces: everything about one incident, one page of a list, the feeds of one language. Each is kept under
the digest of what it is made from, so that only what changed is rendered. The clock is passed in, and tells one thing
only: which open promises are late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from sqlite3 import DatabaseError
from typing import TypeVar

from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import digest
from crisiscomms.website.briefs import Brief, Sources, brief_of, oldest_first
from crisiscomms.website.deploy.release import ASSETS
from crisiscomms.website.files import Files
from crisiscomms.website.frame import Frame, Ground
from crisiscomms.website.kept import Kept, forget
from crisiscomms.website.many import Workshop
from crisiscomms.website.pieces import Pieces
from crisiscomms.website.versions import everything_else
from crisiscomms.workspace import Workspace

#: How many pieces are kept at once, so that what a killed build has done is there for the next one.
_AT_ONCE = 100
#: How long a key may be that is no digest.
_FEW = 400
#: Told how many pieces are done, and of how many.
Step = Callable[[int, int], None]


def build_site(
    workspace: Workspace,
    sources: Sources,
    voices: Mapping[str, Voice],
    *,
    layouts: Path,
    now: datetime,
    overrides: Path | None = None,
    rehearsal: bool = False,
    drawn: Path | None = None,
    kept: Path | None = None,
    step: Step = lambda _done, _all: None,
) -> Files:
    """Return every file of the site by its path below the root.

    `sources` are all published incidents in all languages, `layouts` our page layouts, `overrides` a workspace's own.
    `drawn` is a folder that keeps cards and `kept` a file that keeps everything else for the next build. Raises
    InvalidInput where a layout or the logo cannot be used, and ValueError where an incident waits for its time of
    publication, or two want different files of one name.
    """
    ground = Ground(workspace, voices, layouts, overrides, drawn, rehearsal)
    workshop, base = Workshop(ground, now), everything_else(ground)
    try:
        return _built(workshop, sources, base, now, kept, step)
    except DatabaseError:
        if kept is None:
            raise
        forget(kept)  # it is damaged, and nothing more than a help
        return _built(workshop, sources, base, now, kept, step)


def _built(  # noqa: PLR0917
    workshop: Workshop, sources: Sources, base: str, now: datetime, kept: Path | None, step: Step
) -> Files:
    key = _key(base, sorted(sources.digests.items()))
    store, at = Kept(kept), now.astimezone(UTC).isoformat()
    parted = cache(lambda: Pieces(workshop.frame, sources, _briefs(store, sources, workshop.frame, base), now))
    if not store.stands(key, at):
        pieces, known = parted(), store.keys()
        keys = {name: _key(base, told) for name, told in pieces.told()}
        due = [name for name, key in keys.items() if known.get(name) != key]
        made = ((name, keys[name], files) for name, files in _told(_made(due, pieces, workshop), len(due), step))
        while batch := list(islice(made, _AT_ONCE)):
            store.keep(batch)
        store.finish(key, at, pieces.until(), keys, set(sources.digests.values()))
    files = _gathered(store, lambda name: parted().make(name))
    workshop.frame.draw.tidy({path.rpartition("/")[2] for path in files if path.startswith(ASSETS)})
    return files


def _key(base: str, told: object) -> str:
    """Return what tells plain values apart: themselves where they are few, else their digest."""
    words = f"{base} {told!r}"
    return words if len(words) < _FEW else digest(words.encode(errors="surrogatepass"))


_Found = TypeVar("_Found")


def _told(made: Iterable[_Found], count: int, step: Step) -> Iterator[_Found]:
    for done, one in enumerate(made, 1):
        yield one
        step(done, count)


def _made(due: Iterable[str], pieces: Pieces, workshop: Workshop) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Make pieces: those that can be made elsewhere on all cores, where there are many of them."""
    jobs = pieces.jobs(due)
    yield from workshop.done(jobs)
    yield from ((name, pieces.make(name)) for name in due if name not in jobs)


def _briefs(store: Kept, sources: Sources, frame: Frame, base: str) -> list[Brief]:
    """Return what lists know of each incident, the oldest first. What is new is read once, and kept."""
    known = store.briefs(base)
    wanted = [found for (_, language), found in sources.digests.items() if language in frame.prefixes]
    new = {
        found: brief_of(found, sources.read(found), frame.address, frame.workspace.zone)
        for found in wanted
        if found not in known
    }
    if new:
        store.keep_briefs(base, new.values())
    return oldest_first(new.get(found) or known[found] for found in wanted)


def _gathered(store: Kept, make: Callable[[str], Mapping[str, bytes]]) -> Files:
    """Return what is kept as files. `make` makes a piece again of which a file is damaged."""
    if torn := store.torn(ASSETS):
        raise ValueError(f"two incidents want different pictures at {torn}")

    def read(path: str) -> bytes:
        piece, body = store.body(path)
        return make(piece)[path] if body is None else body

    return Files(store.digests(), read)
