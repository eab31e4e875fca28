"""What was approved, made ready for its page: the moment of publication, wrappers for styling, links of our own.

Nothing here changes what a page says.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from markupsafe import Markup

from crisiscomms.fields import When
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import SiteContent
from crisiscomms.messages.prose import PUBLISHED_AT, plain_times, time_elements

_HTML = {"html", "summary"}
_TIMES = {"at", "corrected_at", "first_at", "updated_at", "next_update", "due", "kept"}
_VOID = {"br", "hr", "img", "wbr"}
#: The tags of clean HTML, whose attributes stand in double quotes.
TAGS = re.compile(r'<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)(?P<attributes>(?:\s+[^\s"=>/]+(?:="[^"]*")?)*)\s*/?>')
_ID = re.compile(r'\sid="(?P<id>[^"]*)"')
LINKS = re.compile(r'(?P<attribute>\bhref|\bsrc)="(?P<address>[^"]*)"')

#: What neither XML nor iCalendar can carry: controls, half characters, and what is no character at all.
_UNCARRIED = re.compile("[^\t\n\r\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufdcf\\ufdf0-\\ufffd\\U00010000-\\U0010fffd]")

_T = TypeVar("_T")


def carried(text: str) -> str:
    """Return a text without the characters that some formats cannot carry. Records have none; settings might."""
    return _UNCARRIED.sub("", text)


def changed(content: SiteContent) -> datetime:
    """Return when an incident's words last changed: with its newest update, or a correction after it."""
    times = [content.updated_at, *(entry.corrected_at for entry in content.entries if entry.corrected_at)]
    return max(map(datetime.fromisoformat, times))


def stamped(content: SiteContent, corrected: Mapping[str, datetime], voice: Voice) -> SiteContent:
    """Fill in the time of publication wherever an incident's content waits for it.

    Raises ValueError where it waits and `corrected` has no time for the incident.
    """
    at = corrected.get(content.incident)
    kinds = {}
    if at is not None:
        words = voice.moment(When(at), utc=True)
        kinds = {"html": time_elements(html.escape(words)), "text": plain_times(words), "time": voice.iso(When(at))}
    try:
        return _filled(content, "", kinds)
    except KeyError as error:
        raise ValueError(f"{content.incident} waits for its time of publication, and none is given") from error


def _filled(value: _T, name: str, kinds: Mapping[str, str]) -> _T:
    found: Any = value
    if isinstance(value, str) and PUBLISHED_AT in value:
        kind = "html" if name in _HTML else "time" if name in _TIMES else "text"
        found = value.replace(PUBLISHED_AT, kinds[kind])
    elif isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        if names:
            found = type(value)(
                *(_filled(part, part_name, kinds) for part_name, part in zip(names, value, strict=True))
            )
        else:
            found = tuple(_filled(item, name, kinds) for item in value)
    return found  # type: ignore[no-any-return]  # the same type, rebuilt


_UPDATES = "updates"
#: The four questions that people come with. Their sections stand out.
_ANSWERS = frozenset({"what-happened", "am-i-affected", "what-to-do", "when-next"})


class Section(NamedTuple):
    """One part of a page under its heading: its anchor, its heading as plain words, and all of it."""

    anchor: str
    title: str
    html: Markup


class Shape(NamedTuple):
    """A page's HTML in parts: its `h1`, what stands before the first `h2`, the sections, and the updates by themselves.

    The section of the updates holds its heading only.
    """

    heading: Markup
    lead: Markup
    sections: tuple[Section, ...]
    updates: tuple[Section, ...]


def shaped(body: str, title: str, link: Callable[[str], str]) -> Shape:
    """Wrap each section under an `h2`, and each update under an `h3`, in an element of its own for styling.

    `link` writes what leads to a heading, from its anchor: it goes into the heading, at its end.
    """
    top, sections = _cut(body, "h2")
    heading, mark, lead = top.partition("</h1>")
    if not mark:  # a page without its title still needs one
        heading, mark, lead = f"<h1>{html.escape(title)}", "</h1>", top
    above, updates = _cut(next((part for anchor, part in sections if anchor == _UPDATES), ""), "h3")
    return Shape(
        Markup(heading + mark),  # noqa: S704 -- our own clean HTML
        Markup(lead.strip()),  # noqa: S704
        tuple(
            _part("", "h2", above, anchor, link) if anchor == _UPDATES else _section(part, anchor, link)
            for anchor, part in sections
        ),
        tuple(_part("article", "h3", part, anchor, link) for anchor, part in updates),
    )


def sections(body: str) -> list[tuple[str, str, str]]:
    """Return the sections of a page: each one's anchor, its heading's HTML, and the HTML below it."""
    found = []
    for anchor, part in _cut(body, "h2")[1]:
        heading, _, below = part.partition("</h2>")
        found.append((anchor, heading.partition(">")[2], below.strip()))
    return found


def _section(body: str, anchor: str, link: Callable[[str], str]) -> Section:
    kind = "answer" if anchor in _ANSWERS else "part"
    return _part(f'section class="{kind}"', "h2", body, anchor, link)


def _part(element: str, tag: str, body: str, anchor: str, link: Callable[[str], str]) -> Section:
    linked, title = _linked(body, tag, anchor, link)
    wrapped = f"<{element}>\n{linked}\n</{element.split(' ', maxsplit=1)[0]}>" if element else linked
    return Section(anchor, title, Markup(wrapped))  # noqa: S704 -- clean already


def _linked(part: str, tag: str, anchor: str, link: Callable[[str], str]) -> tuple[str, str]:
    """Return a part with the link to it at the end of its heading, and the heading's plain words."""
    heading, mark, rest = part.partition(f"</{tag}>")
    words = html.unescape(re.sub("<[^>]*>", "", heading)).strip()
    return (f"{heading} {link(anchor)}{mark}{rest}" if mark and anchor else part), words


def _cut(body: str, tag: str) -> tuple[str, list[tuple[str, str]]]:
    """Cut HTML before each heading of a kind: what stands before the first, then each heading's id and its part.

    Only headings at the top of a page count: one inside a quote or a list must not cut it in two.
    """
    found: list[tuple[int, str]] = []
    depth = 0
    for match in TAGS.finditer(body):
        name = match["name"]
        if depth == 0 and name == tag and not match["end"]:
            own = _ID.search(match["attributes"])
            found.append((match.start(), html.unescape(own["id"]) if own else ""))
        if name not in _VOID:
            depth += -1 if match["end"] else 1
    ends = [at for at, _ in found[1:]] + [len(body)]
    parts = [(anchor, body[at:end].strip()) for (at, anchor), end in zip(found, ends, strict=False)]
    return (body[: found[0][0]] if found else body).strip(), parts


def own_links(body: Markup, site: str, root: str, known: AbstractSet[str]) -> Markup:
    """Make addresses on this site relative, so that pages and pictures are found in a subfolder and in a copy.

    `root` leads from the page to the site's root. `data-url` keeps the whole address, for paper.
    """

    def relative(match: re.Match[str]) -> str:
        address = html.unescape(match["address"])
        path, _, anchor = address.removeprefix(f"{site}/").partition("#")
        # A picture's path may stand bare: it counts from the root, and no page of ours writes `src` any other way.
        ours = address.startswith(f"{site}/") or match["attribute"] == "src"
        if not ours or path not in known:
            return match[0]
        found = f'{match["attribute"]}="{html.escape(root + path)}{"#" + html.escape(anchor) if anchor else ""}"'
        return found if match["attribute"] == "src" else f'{found} data-url="{match["address"]}"'

    return Markup(LINKS.sub(relative, body))  # noqa: S704 -- clean HTML, with addresses escaped above
