"""Reading a built site back as programs read it, before it is published: what they would trip over stops the publish."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath


def verify_feeds(files: Mapping[str, bytes]) -> list[str]:
    """Read every feed and calendar as a reader's program would, and return what it would trip over."""
    return [
        f"{name}: {problem}"
        for name in sorted(files)
        if (read := _READERS.get(PurePosixPath(name).name))
        for problem in read(files[name])
    ]


def _xml_feed(body: bytes) -> Iterator[str]:
    import feedparser  # noqa: PLC0415 -- a tenth of a second that only this check needs

    # Never a name: it would open files and addresses.
    feed = feedparser.parse(io.BytesIO(body), resolve_relative_uris=False)
    if feed.bozo:
        yield f"cannot be read: {feed.bozo_exception}"
    yield from _entries([entry.get("id") for entry in feed.entries], body.count(b"<entry ") + body.count(b"<item "))
    # As a plain dictionary: its own takes one time for the other where one is missing.
    if not all(
        dict.get(entry, key) for entry in feed.entries for key in ("link", "published_parsed", "updated_parsed")
    ):
        yield "one of its updates has no link or no time"


def _json_feed(body: bytes) -> Iterator[str]:
    try:
        items = json.loads(body)["items"]
        yield from _entries([item["id"] for item in items], body.count(b'"content_html": '))
        for item in items:
            datetime.fromisoformat(item["date_published"])
            datetime.fromisoformat(item["date_modified"])
        if not all(item["url"] for item in items):
            yield "one of its updates has no link"
    except (ValueError, LookupError, TypeError) as error:
        yield f"cannot be read: {error!r}"


def _calendar(body: bytes) -> Iterator[str]:
    from icalendar import Calendar  # noqa: PLC0415 -- only publishing needs it

    try:
        events = Calendar.from_ical(body).walk("VEVENT")
    except (ValueError, LookupError) as error:
        yield f"cannot be read: {error}"
        return
    yield from _entries([event.get("UID") for event in events], body.count(b"BEGIN:VEVENT"))
    for event in events:
        if event.errors or not ("DTSTART" in event and "SUMMARY" in event and "SEQUENCE" in event):
            yield f"the event {event.get('UID')} has no time, no words or no number: {event.errors}"


def _entries(names: Sequence[str | None], written: int) -> Iterator[str]:
    if len(names) != written:
        yield f"a reader finds {len(names)} of its {written} entries"
    if len(set(names)) != len(names) or not all(names):
        yield "two of its entries have the same id, or one has none"


_READERS: Mapping[str, Callable[[bytes], Iterator[str]]] = {
    "feed.atom": _xml_feed,
    "feed.rss": _xml_feed,
    "feed.json": _json_feed,
    "calendar.ics": _calendar,
}
