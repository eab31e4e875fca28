"""The pieces that a site is made of, what each is made from, and how it is made.

A piece is everything about one incident, one page of a list, or what programs read of one language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from crisiscomms.website.briefs import Brief, Sources
from crisiscomms.website.frame import Branch, Frame
from crisiscomms.website.machines import Machines
from crisiscomms.website.many import Job
from crisiscomms.website.outcomes import outcomes, overdue
from crisiscomms.website.statuspage import Site, build_status_files
from crisiscomms.website.trees import Listing, Tree

#: How many addresses one sitemap holds.
_ADDRESSES = 2000
#: The end of a site that the clock does not change.
_FOR_EVER = "9999"


class Piece(NamedTuple):
    """A part of the site: what it is made from, as plain values, and what makes its files."""

    name: str
    told: object
    make: Callable[[], Mapping[str, bytes]]


class Pieces:
    """Parts a site into pieces. `briefs` are all its incidents in all languages, the oldest first."""

    def __init__(self, frame: Frame, sources: Sources, briefs: Sequence[Brief], now: datetime) -> None:
        self._frame, self._sources, self._now = frame, sources, now
        self._incidents: dict[str, list[Brief]] = {}
        for brief in briefs:
            self._incidents.setdefault(f"incidents/{brief.incident}", []).append(brief)
        self._trees = [(branch, self._tree(branch, briefs)) for branch in frame.branches]
        self._lists = [(branch, listing) for branch, tree in self._trees for listing in tree.listings()]
        self._known = self._paths(briefs)
        self._others = {piece.name: piece for piece in self._all_others()}

    def told(self) -> Iterator[tuple[str, object]]:
        """Yield what each piece is made from, by its name."""
        for name, briefs in self._incidents.items():
            yield name, self._incident(briefs)
        yield from ((piece.name, piece.told) for piece in self._others.values())

    def jobs(self, names: Iterable[str]) -> dict[str, Callable[[], Job]]:
        """Return those of some pieces that can be made elsewhere."""
        return {name: partial(self._job, name) for name in names if name in self._incidents}

    def make(self, name: str) -> Mapping[str, bytes]:
        """Make a piece here."""
        if name in self._others:
            return self._others[name].make()
        return self._job(name).render(self._frame, self._now)

    def until(self) -> str:
        """Return until when the site is as it is, if nobody changes it: then the next promise or update is late."""
        when = self._frame.branches[0].speech.when
        due = {one.line.due for _, tree in self._trees for one in tree.outcomes if one.state == "waiting"}
        due |= {brief.next_update for _, tree in self._trees for brief in tree.briefs if brief.next_update}
        times = (when(at).at for at in due)
        return min((at.astimezone(UTC).isoformat() for at in times if at >= self._now), default=_FOR_EVER)

    def _tree(self, branch: Branch, briefs: Sequence[Brief]) -> Tree:
        own = tuple(brief for brief in reversed(briefs) if brief.language == branch.speech.language)
        read = self._sources.content
        return Tree(branch.speech, own, lambda brief: read(brief.digest), self._frame.workspace, self._now)

    def _paths(self, briefs: Iterable[Brief]) -> set[str]:
        """Return every path that words may lead to, below the site's root."""
        prefixes = self._frame.prefixes
        pages = {prefixes[brief.language] + path for brief in briefs for path in brief.paths}
        pictures = {path for brief in briefs for path in brief.pictures}
        lists = {branch.prefix + listing.path for branch, listing in self._lists}
        return pages | pictures | lists | set(self._frame.assets.files)

    def _linked(self, briefs: Iterable[Brief]) -> list[str]:
        """Return which of the addresses that words of some incidents lead to are there."""
        return sorted({link for brief in briefs for link in brief.links if link in self._known})

    # -- one incident ------------------------------------------------------------------------------------------

    def _incident(self, briefs: list[Brief]) -> object:
        """Return what an incident's pages are made from."""
        when = self._frame.branches[0].speech.when
        late = bool(overdue(briefs, when, self._now))
        if len(briefs) == 1 and not (briefs[0].links or briefs[0].promise_rows or late):  # most of a long history
            return briefs[0].digest
        states = [(one.line.id, one.state) for one in outcomes(briefs, when, self._now)]
        return [brief.digest for brief in briefs], self._linked(briefs), states, late

    def _job(self, name: str) -> Job:
        order = list(self._frame.prefixes)
        briefs = sorted(self._incidents[name], key=lambda brief: order.index(brief.language))
        return Job([self._sources.read(brief.digest) for brief in briefs], self._linked(briefs))

    # -- lists and what programs read --------------------------------------------------------------------------

    def _all_others(self) -> Iterator[Piece]:
        yield from (self._list(branch, listing) for branch, listing in self._lists)
        for branch, tree in self._trees:
            yield from self._machines(branch, tree)
        yield from self._sitemaps()
        yield self._status()
        yield Piece("site", (), self._shared)

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
        states = [(one.content.incident, one.line.id, one.state) for one in tree.outcomes]
        told = [brief.digest for brief in made.dated], states, sorted(tree.overdue)
        yield Piece(f"{prefix}calendar", told, made.calendar)
        yield Piece(f"{prefix}badge", [brief.digest for brief in tree.open], made.badge)
        yield Piece(f"{prefix}llms", [[brief.digest for brief in group] for group in made.listed], made.list)

    def _sitemaps(self) -> Iterator[Piece]:
        """Yield the map of the site, in parts where it is long. The oldest pages come first: they stay where they are."""
        prefixes = self._frame.prefixes
        pages = [
            (prefixes[brief.language] + path, brief.updated_at)
            for found in self._incidents.values()
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
        components, home = frame.workspace.settings.site.components, f"{frame.address}/"
        site = Site(frame.name(branch), home, frame.organisation.timezone, branch.speech.language, components)
        told = [brief.digest for brief in tree.briefs]
        return Piece("status", told, lambda: build_status_files(site, tree.briefs, tree.read))

    def _shared(self) -> Mapping[str, bytes]:
        frame = self._frame
        allowed = "Disallow: /" if frame.rehearsal else f"Allow: /\n\nSitemap: {frame.address}/sitemap.xml"
        robots = f"User-agent: *\n{allowed}\n".encode()
        return {**frame.assets.files, "404.html": frame.lost(), "robots.txt": robots}
