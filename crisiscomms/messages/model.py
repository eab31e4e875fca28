"""The messages: what readers get, as plain frozen values.

Pages, statements, FAQs and memos stand at an address and are revised. Notices and posts are sent once.
Everything here can be written as canonical JSON and read back, so that what was approved can be kept and sent
byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, NamedTuple

PageKind = Literal["incident", "statement", "faq"]


class Page(NamedTuple):
    """One page of one incident. `path` is its address below the site's root, without the language's folder.

    `html` is the inside of `<main>`: `h1`, then sections under `h2` with ids; updates are `h3` with their update's id.
    `text` is what a reader sees, `markdown` the page's Markdown twin.
    """

    kind: PageKind
    path: str
    title: str
    description: str
    html: str
    text: str
    markdown: str


class Entry(NamedTuple):
    """One update, as feeds and lists show it. Times are ISO 8601 with offset.

    `missed` is by when it had promised the next one, where that one came later.
    """

    id: str
    status: str
    at: str
    title: str
    html: str
    text: str
    corrected_at: str | None = None
    missed: str | None = None


class PromiseLine(NamedTuple):
    """One promise, as the list of promises shows it. `html` is its text, `first` the day of a promise that was put off."""

    id: str
    html: str
    text: str
    due: str
    owner: str
    kept: str | None
    broken: str | None = None
    first: str | None = None


class Picture(NamedTuple):
    """A picture of the incident page: its path below the site's root, its bytes in base64, and what it shows, in words."""

    path: str
    body: str
    alt: str = ""


class SiteContent(NamedTuple):
    """What one incident puts on the site in one language: its pages, and what lists and feeds say about it.

    `language` is the tree of the site it belongs to, `words_language` the language its texts are in: they differ where
    a translation is missing. `summary` is the newest update's text in HTML. `entries` are newest first.
    `components` pairs names that readers see with their state, `times` pairs `started`, `noticed`, `contained` and
    `fixed` with their moments; `contact` does so with `email`, `phone`, `hours` and `replies_within`, and is empty where
    the organisation's own contact answers. Times are ISO 8601 with offset. What is `past` was brought in from elsewhere: it stands
    on pages and in lists, and in nothing that people are told by.
    """

    incident: str
    language: str
    words_language: str
    title: str
    kind: str
    severity: str
    status: str
    first_at: str
    updated_at: str
    next_update: str | None
    summary: str
    pages: tuple[Page, ...]
    entries: tuple[Entry, ...]
    promises: tuple[PromiseLine, ...]
    components: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...] = ()
    times: tuple[tuple[str, str], ...] = ()
    past: bool = False
    contact: tuple[tuple[str, str], ...] = ()


class Notice(NamedTuple):
    """One e-mail to an audience in one language. Slots in subject, text and HTML are filled for each recipient.

    `columns` are the columns of the list that the reader is shown. `kind` is `notice` or `correction`. `again` is the subject
    for who has had a mail about this before, where that is another.
    """

    incident: str
    update: str
    audience: str
    language: str
    kind: str
    subject: str
    html: str
    text: str
    columns: tuple[str, ...] = ()
    required: bool = False
    again: str = ""

    def subject_for(self, *, in_thread: bool) -> str:
        """Return the subject for a reader who has had a mail about this before, or has not."""
        return (in_thread and self.again) or self.subject


class Post(NamedTuple):
    """One post on one account. `text` holds the link; `link` is unique to the update. `kind` is `post` or `correction`."""

    incident: str
    update: str
    channel: str
    language: str
    kind: str
    text: str
    link: str


class Memo(NamedTuple):
    """The memo to staff, in one language. Never public."""

    incident: str
    language: str
    title: str
    html: str
    text: str
    markdown: str


class Messages(NamedTuple):
    """All messages of one incident, composed in one go from one set of facts."""

    incident: str
    site: tuple[SiteContent, ...] = ()
    notices: tuple[Notice, ...] = ()
    posts: tuple[Post, ...] = ()
    memos: tuple[Memo, ...] = ()


def canonical(value: Any) -> bytes:
    """Return the one JSON form of a value: sorted keys, no spaces, UTF-8."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    """Return a message as plain data: its parts by name."""
    if not isinstance(value, tuple):
        return value
    parts = [_plain(part) for part in value]
    names = getattr(value, "_fields", None)
    return dict(zip(names, parts, strict=True)) if names else parts


def digest(body: bytes) -> str:
    """Return the SHA-256 of some bytes, in hex."""
    return hashlib.sha256(body).hexdigest()


def site_content(body: bytes) -> SiteContent:
    """Read a SiteContent back from its canonical JSON."""
    plain = json.loads(body)
    plain["pages"] = tuple(Page(**page) for page in plain["pages"])
    plain["entries"] = tuple(Entry(**entry) for entry in plain["entries"])
    plain["promises"] = tuple(PromiseLine(**promise) for promise in plain["promises"])
    plain["pictures"] = tuple(Picture(**picture) for picture in plain["pictures"])
    for pairs in ("components", "times", "contact"):
        plain[pairs] = tuple((name, said) for name, said in plain.get(pairs, ()))
    return SiteContent(**plain)
