"""Feeds in Atom: one entry per update, so that a feed reader shows each as it comes.

An entry keeps its id for ever. When an update is corrected, its `updated` moves and nothing else about it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

from feedgenerator import Atom1Feed

from crisiscomms.messages.model import Entry, SiteContent

#: How many updates a feed holds.
MOST = 50
#: When a feed without entries was last changed. Atom wants a time; a clock would make each build differ.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def build_feed(
    contents: Iterable[SiteContent], *, language: str, title: str, author: str, home: str, path: str
) -> bytes:
    """Return the newest updates of some incidents as Atom.

    `home` is the address of the language's first page, ending in a slash, and `path` the feed's own below it.
    """
    entries = [(content, entry) for content in contents for entry in content.entries]
    entries.sort(key=lambda pair: (datetime.fromisoformat(pair[1].at), pair[0].incident, pair[1].id), reverse=True)
    address = home + path
    feed = _Atom(
        title,
        address.removesuffix("feed.atom"),
        "",
        language=language,
        feed_url=address,
        feed_guid=address,
        author_name=author,
    )
    for content, entry in entries[:MOST]:
        _add(feed, content, entry, home)
    written = StringIO()
    feed.write(written, "utf-8")
    return written.getvalue().encode()


def _add(feed: Atom1Feed, content: SiteContent, entry: Entry, home: str) -> None:
    page = f"{home}incidents/{content.incident}/"
    published = datetime.fromisoformat(entry.at)
    feed.add_item(
        entry.title,
        f"{page}#{entry.id}",
        None,
        content=entry.html,
        pubdate=published,
        updateddate=datetime.fromisoformat(entry.corrected_at) if entry.corrected_at else published,
        unique_id=f"tag:{urlsplit(home).hostname},{content.first_at[:4]}:{content.incident}/{entry.id}",
        categories=(),
        page=page,
        words_language=content.words_language,
    )


class _Atom(Atom1Feed):  # type: ignore[misc]  # the library has no types
    """Atom whose times come from its entries alone."""

    def latest_post_date(self) -> datetime:
        """Return the time of the newest change."""
        return max((item["updateddate"] for item in self.items), default=_NEVER)

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        """Say where an entry's links count from, and in which language it is where the feed's is another."""
        base = {"xml:base": item["page"]}
        return base if item["words_language"] == self.feed["language"] else {**base, "xml:lang": item["words_language"]}
