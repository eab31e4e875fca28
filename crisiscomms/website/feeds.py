"""Feeds in Atom, RSS and JSON Feed: one entry per update, so that a feed reader shows each as it comes.

An entry keeps its id for ever, and the same one in all three. When an update is corrected, its time of change moves and
its words with it, and nothing else about it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from heapq import nlargest
from io import StringIO
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from feedgenerator import Atom1Feed, Rss201rev2Feed

from crisiscomms.messages.model import Entry, SiteContent
from crisiscomms.website.briefs import Brief
from crisiscomms.website.content import carried

#: How many updates a feed holds.
MOST = 50
#: When a feed without entries was last changed. Atom wants a time; a clock would make each build differ.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_JSON_FEED = "https://jsonfeed.org/version/1.1"


class Head(NamedTuple):
    """What a feed says of itself. `home` is the address of its language's first page, `folder` its own below that.

    Both end in a slash, or `folder` is empty. `about` is one sentence.
    """

    language: str
    title: str
    about: str
    author: str
    home: str
    folder: str = ""


class _Item(NamedTuple):
    """One update as every format shows it."""

    id: str
    link: str
    page: str
    published: datetime
    changed: datetime
    language: str
    entry: Entry


def build_feeds(head: Head, contents: Iterable[SiteContent]) -> dict[str, bytes]:
    """Return the newest updates of some incidents as three files, by their paths below the language's first page."""
    items = _newest(head, contents)
    head = head._replace(title=carried(head.title), author=carried(head.author))
    name = f"{head.folder}feed."
    return {
        f"{name}atom": _written(_Atom, head, items, f"{name}atom"),
        f"{name}rss": _written(_Rss, head, items, f"{name}rss"),
        f"{name}json": _json(head, items, f"{name}json"),
    }


def shown(briefs: Sequence[Brief]) -> list[Brief]:
    """Return the incidents whose updates a feed of them all shows, in their order."""
    told = [(datetime.fromisoformat(at), brief.incident) for brief in briefs for at in brief.told_at]
    newest = {incident for _, incident in nlargest(MOST, told)}
    return [brief for brief in briefs if brief.incident in newest]


def _newest(head: Head, contents: Iterable[SiteContent]) -> list[_Item]:
    items = [_item(content, entry, head.home) for content in contents for entry in content.entries]
    items.sort(key=lambda item: (item.published, item.page, item.entry.id), reverse=True)
    return items[:MOST]


def _item(content: SiteContent, entry: Entry, home: str) -> _Item:
    page = f"{home}incidents/{content.incident}/"
    published = datetime.fromisoformat(entry.at)
    return _Item(
        f"tag:{urlsplit(home).hostname},{content.first_at[:4]}:{content.incident}/{entry.id}",
        f"{page}#{entry.id}",
        page,
        published,
        datetime.fromisoformat(entry.corrected_at) if entry.corrected_at else published,
        content.words_language,
        entry._replace(title=carried(entry.title), html=carried(entry.html), text=carried(entry.text)),
    )


def _written(kind: Any, head: Head, items: Sequence[_Item], path: str) -> bytes:
    """Write Atom or RSS."""
    feed = kind(
        head.title,
        head.home + head.folder,
        head.about if kind is _Rss else None,  # Atom needs no second sentence
        language=head.language,
        feed_url=head.home + path,
        feed_guid=f"{head.home}{head.folder}feed.atom",
        author_name=head.author,
    )
    for item in items:
        feed.add_item(
            item.entry.title,
            item.link,
            item.entry.html if kind is _Rss else None,
            content=item.entry.html,
            pubdate=item.published,
            updateddate=item.changed,
            unique_id=item.id,
            unique_id_is_permalink=False,
            categories=(),
            page=item.page,
            words_language=item.language,
        )
    out = StringIO()
    feed.write(out, "utf-8")
    return out.getvalue().encode()


class _Timed:
    """What Atom and RSS share here: times come from the entries alone, and links count from an entry's page."""

    items: list[dict[str, Any]]
    feed: dict[str, Any]

    def latest_post_date(self) -> datetime:
        """Return the time of the newest change."""
        return max((item["updateddate"] for item in self.items), default=_NEVER)

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        """Say where an entry's links count from, and in which language it is where the feed's is another."""
        base = {"xml:base": item["page"]}
        return base if item["words_language"] == self.feed["language"] else {**base, "xml:lang": item["words_language"]}


class _Atom(_Timed, Atom1Feed):  # type: ignore[misc]  # the library has no types
    pass


class _Rss(_Timed, Rss201rev2Feed):  # type: ignore[misc]  # the library has no types
    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        """Say when an update was corrected: RSS has no word for that, and borrows Atom's."""
        super().add_item_elements(handler, item)
        handler.addQuickElement("atom:updated", item["updateddate"].isoformat())


def _json(head: Head, items: Sequence[_Item], path: str) -> bytes:
    """Write JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    feed = {
        "version": _JSON_FEED,
        "title": head.title,
        "description": head.about,
        "home_page_url": head.home + head.folder,
        "feed_url": head.home + path,
        "language": head.language,
        "authors": [{"name": head.author, "url": head.home}],
        "items": [
            {
                "id": item.id,
                "url": item.link,
                "title": item.entry.title,
                "content_html": item.entry.html,
                "content_text": item.entry.text,
                "date_published": item.published.isoformat(),
                "date_modified": item.changed.isoformat(),
                "language": item.language,
            }
            for item in items
        ],
    }
    return (json.dumps(feed, ensure_ascii=False) + "\n").encode()
