"""What lists and overviews need to know of an incident, so that no page of it has to be read to write them.

A site may hold ten thousand incidents. What is said of each in the history, on the list of promises, in the calendar
and in the site's map is this; the incident itself is read only where its own words are shown.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from crisiscomms.messages.model import PromiseLine, SiteContent, canonical, digest, site_content
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.website.content import LINKS, changed, shaped
from crisiscomms.website.paging import parts

#: How many entries one page of a list holds.
LONGEST = 25


class Brief(NamedTuple):
    """One incident in one language, as lists know it. Fields that `SiteContent` has too are the same here.

    `digest` is that of the whole content. `began` is `first_at` in UTC, `month` the one that it fell in, as `2026-11`, and
    `changed_at` when its words last changed, in UTC. `paths` are those of all its pages, further pages of updates
    included. `told_at` are the times of its updates, newest first; a past incident's are no news, and left out. `links` are addresses that its words lead to below the site's root, and
    `pictures` the paths of its pictures. The last two fields are rows of plain values.
    """

    digest: str
    incident: str
    language: str
    words_language: str
    title: str
    kind: str
    severity: str
    status: str
    first_at: str
    began: str
    month: str
    updated_at: str
    changed_at: str
    next_update: str | None
    past: bool
    paths: Sequence[str]
    told_at: Sequence[str]
    links: Sequence[str]
    pictures: Sequence[str]
    components: Sequence[Sequence[str]]
    promise_rows: Sequence[Sequence[Any]]

    @property
    def promises(self) -> list[PromiseLine]:
        """Its promises."""
        return [PromiseLine(*row) for row in self.promise_rows]

    def to_json(self) -> str:
        """Write it as a JSON list, of which `Brief(*plain)` is the same again."""
        return json.dumps(self, ensure_ascii=False, separators=(",", ":"))


class Sources(NamedTuple):
    """What is published: the digest of each incident's content by its id and language, and what reads a digest's bytes."""

    digests: Mapping[tuple[str, str], str]
    read: Callable[[str], bytes]

    def content(self, found: str) -> SiteContent:
        """Read the content of a digest."""
        return site_content(self.read(found))

    @classmethod
    def of(cls, contents: Iterable[SiteContent]) -> Sources:
        """Return contents that are at hand as a source."""
        bodies, digests = {}, {}
        for content in contents:
            body = canonical(content)
            digests[content.incident, content.language] = found = digest(body)
            bodies[found] = body
        return cls(digests, bodies.__getitem__)


def brief_of(found: str, body: bytes, address: str, zone: ZoneInfo) -> Brief:
    """Return what lists know of a content, by its digest and its bytes. `address` and `zone` are the site's own.

    Raises ValueError where it waits for its time of publication.
    """
    content = site_content(body)
    if PUBLISHED_AT in body.decode():
        raise ValueError(f"{content.incident} waits for its time of publication, and none is given")
    return Brief(
        digest=found,
        incident=content.incident,
        language=content.language,
        words_language=content.words_language,
        title=content.title,
        kind=content.kind,
        severity=content.severity,
        status=content.status,
        first_at=content.first_at,
        began=datetime.fromisoformat(content.first_at).astimezone(UTC).isoformat(),
        month=f"{datetime.fromisoformat(content.first_at).astimezone(zone):%Y-%m}",
        updated_at=content.updated_at,
        changed_at=changed(content).astimezone(UTC).isoformat(),
        next_update=content.next_update,
        past=content.past,
        paths=list(_paths(content)),
        told_at=[] if content.past else [entry.at for entry in content.entries],
        links=sorted(_links(content, f"{address}/")),
        pictures=[picture.path for picture in content.pictures],
        components=content.components,
        promise_rows=content.promises,
    )


def oldest_first(briefs: Iterable[Brief]) -> list[Brief]:
    """Return briefs in the order in which their incidents began."""
    return sorted(briefs, key=lambda one: (one.began, one.incident, one.language))


def _paths(content: SiteContent) -> Iterator[str]:
    for page in content.pages:
        yield page.path
        if page.html.count("<h3") > LONGEST:  # perhaps so many updates that they need further pages
            updates = shaped(page.html, page.title, lambda _anchor: "").updates
            yield from (part.path for part in list(parts(updates, LONGEST, page.path, "updates/"))[1:])


def _links(content: SiteContent, home: str) -> set[str]:
    bodies = [content.summary, *(page.html for page in content.pages), *(line.html for line in content.promises)]
    found = (html.unescape(match["address"]) for body in bodies for match in LINKS.finditer(body))
    return {address.removeprefix(home).partition("#")[0] for address in found}
