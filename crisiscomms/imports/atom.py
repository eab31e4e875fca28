"""Incidents from a `history.atom`: one entry each, with all its updates in one piece of HTML and no year in their times."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from io import BytesIO
from typing import Any

from crisiscomms.imports.past import Draft, Gathered, LeftOut, Sorting, Step, Words
from crisiscomms.imports.times import named_zone, read_time, yearless
from crisiscomms.imports.words import from_html, plain

_OVER = frozenset({"resolved", "completed", "postmortem"})
#: Where an update begins: its time in small print.
_UPDATES = re.compile(r"(?:<p[^>]*>\s*)?<small[^>]*>(.*?)</small>", re.IGNORECASE | re.DOTALL)
_LABEL = re.compile(
    r"\s*(?:<br\s*/?>\s*)*<(strong|b)\b[^>]*>(?P<said>.*?)</\1\s*>\s*(?:-|\u2013|\u2014|:)?\s*",
    re.IGNORECASE | re.DOTALL,
)
_NO_FEED = LeftOut("it is not a feed", "Save it again: curl ADDRESS/history.atom", unreadable=True)


def gather(files: Mapping[str, bytes], source: str, words: Words, zone: tzinfo, now: datetime) -> Gathered:
    """Return the incidents of some feeds. A file that cannot be read is left out and named."""
    import feedparser  # noqa: PLC0415 -- takes its time, and only this needs it

    sorting = Sorting(source, words, now)
    for name, body in files.items():
        # Bytes in a file of our own: a string would be opened, and what it names be read.
        feed = feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        if not feed.entries and (feed.bozo or not feed.version):
            sorting.leave(name, _NO_FEED)
        for entry in feed.entries:
            sorting.take(_draft(entry, words, zone))
    return sorting.result()


def _draft(entry: Any, words: Words, zone: tzinfo) -> Draft:
    changed = _time(entry, "updated", zone) or _time(entry, "published", zone)
    content = next((str(one.value) for one in entry.get("content", ())), "") or str(entry.get("summary", ""))
    steps = list(_steps(content, words, changed))
    over = bool(steps) and any(step.said.strip().lower() in _OVER for step in steps)
    if not steps and changed:
        steps, over = [Step(changed, "resolved", from_html(content, words.cut))], True
    steps.reverse()
    return Draft(_reference(entry), str(entry.get("title", "")), "minor", over, None, None, tuple(steps))


def _reference(entry: Any) -> str:
    """Return the code in the entry's link: it is the same in the JSON. Else the entry's id."""
    code = re.search(r"/incidents/([A-Za-z0-9]+)/?(?:[?#]|$)", str(entry.get("link", "")))
    return code[1] if code else str(entry.get("id") or entry.get("link") or entry.get("title", ""))


def _time(entry: Any, name: str, zone: tzinfo) -> datetime | None:
    """Return a time of the entry as it was written, in its own offset; else as the parser understood it."""
    if found := read_time(entry.get(name), zone):
        return found
    parts = entry.get(f"{name}_parsed")
    return datetime.fromtimestamp(timegm(parts), UTC) if parts else None


def _steps(content: str, words: Words, changed: datetime | None) -> Iterator[Step]:
    """Yield the updates, newest first. The year of the first is that of the last change; from there we walk back."""
    starts = list(_UPDATES.finditer(content))
    latest = changed
    for number, match in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(content)
        body = content[match.end() : end]
        label = _LABEL.match(body)
        when = plain(match[1])
        at = None
        if latest is not None:
            zone = named_zone(when)
            at = yearless(when, latest.astimezone(zone) if zone else latest)
        latest = at or latest
        text = from_html(body[label.end() :] if label else body, words.cut)
        yield Step(at or latest, plain(label["said"]) if label else "", text)
