"""Reading a feed back as a feed reader would, before anybody subscribes to one that cannot be read."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping


def verify_feeds(files: Mapping[str, bytes]) -> list[str]:
    """Read every feed as a feed reader would, and return what such a reader would trip over."""
    return [
        f"{name}: {problem}" for name in sorted(files) if name.endswith(".atom") for problem in _problems(files[name])
    ]


def _problems(body: bytes) -> Iterator[str]:
    import feedparser  # noqa: PLC0415 -- a tenth of a second that only this check needs

    feed = feedparser.parse(
        io.BytesIO(body), resolve_relative_uris=False
    )  # never a name: it would open files and addresses
    if feed.bozo:
        yield f"cannot be read: {feed.bozo_exception}"
    written = body.count(b"<entry ")
    if len(feed.entries) != written:
        yield f"a feed reader finds {len(feed.entries)} of its {written} updates"
    names = [entry.get("id") for entry in feed.entries]
    if len(set(names)) != len(names) or not all(names):
        yield "two of its updates have the same id, or one has none"
    if not all(entry.get("link") and entry.get("updated_parsed") for entry in feed.entries):
        yield "one of its updates has no link or no time"
