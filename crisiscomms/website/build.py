"""The whole site as files: the same incidents, words, layouts and clock give the same bytes.

The site is made of pieces: everything about one incident, one page of a list, the feeds of one language. Each is kept under
the digest of what it is made from, so that only what changed is rendered. The clock is passed in, and tells one thing
only: which open promises are late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from itertools import islice
from pathlib import Path
from sqlite3 import DatabaseError
from typing import NamedTuple, TypeVar

from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import digest
from crisiscomms.website.briefs import Brief, Sources, brief_of, newest_first
from crisiscomms.website.deploy.release import ASSETS
from crisiscomms.website.files import Files
from crisiscomms.website.frame import Branch, Frame
from crisiscomms.website.incidents import incident_files
from crisiscomms.website.kept import Kept, forget
from crisiscomms.website.machines import Machines
from crisiscomms.website.many import Job, Workshop
from crisiscomms.website.outcomes import outcomes
from crisiscomms.website.statuspage import Site, build_status_files
from crisiscomms.website.trees import Listing, Tree
from crisiscomms.website.versions import everything_else
from crisiscomms.workspace import Workspace

#: How many addresses one sitemap holds.
_ADDRESSES = 2000
#: How many pieces are kept at once, so that what a killed build has done is there for the next one.
_AT_ONCE = 100
#: The end of a site that the clock does not change.
_FOR_EVER = "9999"
#: Told how many pieces are done, and of how many.
Step = Callable[[int, int], None]


class Piece(NamedTuple):
    """A part of the site: what it is made from, as plain values, and what makes its files. A `job` can be done elsewhere."""

    name: str
    told: object
    make: Callable[[], Mapping[str, bytes]]
    job: Callable[[], Job] | None = None


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
    workshop = Workshop(workspace, voices, layouts, overrides, drawn, rehearsal=rehearsal, now=now)
    base = everything_else(workspace, voices, layouts, overrides, rehearsal=rehearsal)
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
    key = _digest(base, sorted(sources.digests.items()))
    store, at = Kept(kept), now.astimezone(UTC).isoformat()
    parted = cache(lambda: _Site(workshop.frame, sources, store, base, now))
    if not store.stands(key, at):
        site, known = parted(), store.keys()
        keys = {piece.name: _digest(base, piece.told) for piece in site.pieces}
        due = [piece for piece in site.pieces if known.get(piece.name) != keys[piece.name]]
        made = ((name, keys[name], files) for name, files in _told(_made(due, workshop), len(due), step))
        while batch := list(islice(made, _AT_ONCE)):
            store.keep(batch)
        store.finish(key, at, site.until(), keys, site.digests)
    files = _gathered(store, lambda name: parted().make(name))
    workshop.frame.draw.tidy({path.rpartition("/")[2] for path in files if path.startswith(ASSETS)})
    return files


def _digest(*told: object) -> str:
    """Return the digest of plain values."""
    return digest(repr(told).encode(errors="surrogatepass"))


_Found = TypeVar("_Found")


def _told(made: Iterable[_Found], count: int, step: Step) -> Iterator[_Found]:
    for done, one in enumerate(made, 1):
        yield one
        step(done, count)


def _made(due: Sequence[Piece], workshop: Workshop) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Make pieces: those that can be done elsewhere on all cores, where there are many of them."""
    jobs = {piece.name: piece.job for piece in due if piece.job}
    yield from workshop.done(jobs)
    yield from ((piece.name, piece.make()) for piece in due if not piece.job)


def _gathered(store: Kept, make: Callable[[str], Mapping[str, bytes]]) -> Files:
    """Return what is kept as files. `make` makes a piece again of which a file is damaged."""
    if torn := store.torn(ASSETS):
        raise ValueError(f"two incidents want different pictures at {torn}")

    def read(path: str) -> bytes:
        piece, body = store.body(path)
        return make(piece)[path] if body is None else body

    return Files(store.digests(), read)


class _Site:
    """Parts a site into pieces. `base` is the digest of everything that all of them are made from."""

    def __init__(self, frame: Frame, sources: Sources, store: Kept, base: str, now: datetime) -> None:
        self._frame, self._sources, self._now = frame, sources, now
        briefs = self._briefs(store, base)
        self._trees = [(branch, self._tree(branch, briefs)) for branch in frame.branches]
        self._lists = [(branch, listing) for branch, tree in self._trees for listing in tree.listings()]
        by_incident: dict[str, list[Brief]] = {}
        for brief in sorted(briefs, key=lambda brief: (brief.first_at, brief.incident)):
            by_incident.setdefault(brief.incident, []).append(brief)
        self._incidents = list(by_incident.values())
        self._known = self._paths(briefs)
        self.pieces = [
            *(self._incident(found) for found in self._incidents),
            *(self._list(branch, listing) for branch, listing in self._lists),
            *(piece for branch, tree in self._trees for piece in self._machines(branch, tree)),
            *self._sitemaps(),
            self._status(),
            Piece("site", (), self._shared),
        ]

    def make(self, name: str) -> Mapping[str, bytes]:
        """Make a piece by its name."""
        return next(piece for piece in self.pieces if piece.name == name).make()

    def until(self) -> str:
        """Return until when the site is as it is, if nobody changes it: then the next promise is late."""
        when = self._frame.branches[0].speech.when
        open_ = (
            line for _, tree in self._trees for one in tree.outcomes if one.state == "waiting" for line in [one.line]
        )
        return min((when(line.due).at.astimezone(UTC).isoformat() for line in open_), default=_FOR_EVER)

    def _briefs(self, store: Kept, base: str) -> list[Brief]:
        """Return what lists know of each incident. What is new is read once, and kept."""
        known, frame = store.briefs(base), self._frame
        spoken = {branch.speech.language for branch in frame.branches}
        wanted = [found for (_, language), found in sorted(self._sources.digests.items()) if language in spoken]
        self.digests = set(wanted)
        new = {
            found: brief_of(found, self._sources.read(found), frame.address, frame.workspace.zone)
            for found in wanted
            if found not in known
        }
        store.keep_briefs(base, new.values())
        return [new.get(found) or known[found] for found in wanted]

    def _tree(self, branch: Branch, briefs: Iterable[Brief]) -> Tree:
        own = newest_first(brief for brief in briefs if brief.language == branch.speech.language)
        return Tree(
            branch.speech,
            own,
            lambda brief: self._sources.content(brief.digest),
            self._frame.workspace,
            self._now,
        )

    def _paths(self, briefs: Iterable[Brief]) -> set[str]:
        """Return every path that words may lead to, below the site's root."""
        prefixes = {branch.speech.language: branch.prefix for branch in self._frame.branches}
        pages = {prefixes[brief.language] + path for brief in briefs for path in brief.paths}
        pictures = {path for brief in briefs for path in brief.pictures}
        lists = {branch.prefix + listing.path for branch, listing in self._lists}
        return pages | pictures | lists | set(self._frame.assets.files)

    def _linked(self, briefs: Iterable[Brief]) -> list[str]:
        """Return which of the addresses that words of some incidents lead to are there."""
        return sorted({link for brief in briefs for link in brief.links if link in self._known})

    # -- one incident ------------------------------------------------------------------------------------------

    def _incident(self, briefs: list[Brief]) -> Piece:
        order = [branch.speech.language for branch in self._frame.branches]
        found = sorted(briefs, key=lambda brief: order.index(brief.language)) if briefs[1:] else briefs
        digests, known = [brief.digest for brief in found], self._linked(found)
        states = [
            (one.line.id, one.state)
            for brief in found
            if brief.promise_rows
            for one in outcomes([brief], self._frame.branches[0].speech.when, self._now)
        ]

        job = partial(self._job, digests, known)
        return Piece(f"incidents/{found[0].incident}", (digests, known, states), partial(self._alone, job), job)

    def _job(self, digests: list[str], known: list[str]) -> Job:
        return Job([self._sources.read(found) for found in digests], known)

    def _alone(self, job: Callable[[], Job]) -> Mapping[str, bytes]:
        asked = job()
        return incident_files(self._frame, asked.contents(), frozenset(asked.known), self._now)

    # -- lists and what programs read --------------------------------------------------------------------------

    def _list(self, branch: Branch, listing: Listing) -> Piece:
        everywhere = [one.prefix for one in self._frame.branches if one.prefix + listing.path in self._known]
        linked = self._linked(listing.briefs)
        told = (everywhere, [brief.digest for brief in listing.briefs], linked, listing.told)
        name = f"{branch.prefix}{listing.path}index.html"
        return Piece(
            name, told, lambda: {name: self._frame.page(branch, listing.leaf(), everywhere, frozenset(linked))}
        )

    def _machines(self, branch: Branch, tree: Tree) -> Iterator[Piece]:
        made, prefix = Machines(self._frame, branch, tree), branch.prefix
        yield Piece(f"{prefix}feed", [brief.digest for brief in made.news], made.feeds)
        yield Piece(f"{prefix}calendar", [brief.digest for brief in made.dated], made.calendar)
        yield Piece(f"{prefix}badge", [brief.digest for brief in tree.open], made.badge)
        yield Piece(f"{prefix}llms", [[brief.digest for brief in group] for group in made.listed], made.list)

    def _sitemaps(self) -> Iterator[Piece]:
        """Yield the map of the site, in parts where it is long. The oldest pages come first: they stay where they are."""
        prefixes = {branch.speech.language: branch.prefix for branch in self._frame.branches}
        pages = [
            (prefixes[brief.language] + path, brief.updated_at)
            for found in self._incidents
            for brief in found
            for path in brief.paths
        ]
        pages += [(branch.prefix + listing.path, "") for branch, listing in self._lists]
        chunks = [pages[n : n + _ADDRESSES] for n in range(0, len(pages), _ADDRESSES)]
        names = ["sitemap.xml"] if len(chunks) == 1 else [f"sitemap-{n}.xml" for n in range(1, len(chunks) + 1)]
        for name, chunk in zip(names, chunks, strict=True):
            yield Piece(name, chunk, partial(self._sitemap, name, pages=chunk, sitemaps=[]))
        if len(chunks) > 1:
            yield Piece("sitemap.xml", names, partial(self._sitemap, "sitemap.xml", pages=[], sitemaps=names))

    def _sitemap(self, name: str, **given: object) -> Mapping[str, bytes]:
        return {name: self._frame.layouts.render("sitemap.xml.j2", {"address": self._frame.address, **given})}

    def _status(self) -> Piece:
        """Return Statuspage's JSON, which knows one language: the first."""
        frame, (branch, tree) = self._frame, self._trees[0]
        name = frame.mark + branch.speech.plain("name", organisation=frame.organisation.name)
        components = frame.workspace.settings.site.components
        site = Site(name, f"{frame.address}/", frame.organisation.timezone, branch.speech.language, components)
        told = [brief.digest for brief in tree.briefs]
        return Piece("status", told, lambda: build_status_files(site, tree.briefs, tree.read))

    def _shared(self) -> Mapping[str, bytes]:
        frame = self._frame
        allowed = "Disallow: /" if frame.rehearsal else f"Allow: /\n\nSitemap: {frame.address}/sitemap.xml"
        robots = f"User-agent: *\n{allowed}\n".encode()
        return {**frame.assets.files, "404.html": frame.lost(), "robots.txt": robots}
