"""Everything that the site shows of one incident: its pages in all languages, its feeds, its pictures and its cards."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crisiscomms.messages.model import Page, SiteContent
from crisiscomms.website.briefs import LONGEST
from crisiscomms.website.cards import Card, card_values
from crisiscomms.website.content import shaped
from crisiscomms.website.feeds import Head, build_feeds
from crisiscomms.website.frame import Branch, Frame
from crisiscomms.website.gravity import tone
from crisiscomms.website.leaves import Leaf, numbered
from crisiscomms.website.outcomes import outcomes, overdue
from crisiscomms.website.paging import parts
from crisiscomms.website.speech import direction
from crisiscomms.website.timeline import timeline
from crisiscomms.workspace import palette


def incident_files(
    frame: Frame, contents: Sequence[SiteContent], known: AbstractSet[str], now: datetime
) -> dict[str, bytes]:
    """Return every file of an incident by its path below the site's root.

    `contents` are the same incident in the languages that it has, `known` the paths that its words may lead to, below
    their language's first page, pictures included.
    """
    files: dict[str, bytes] = {}
    found = [(frame.branch(content.language), content) for content in contents]
    pages = [(branch, list(leaves(branch, content, now))) for branch, content in found]
    for (branch, content), (_, own) in zip(found, pages, strict=True):
        for picture in content.pictures:
            files[picture.path] = base64.b64decode(picture.body)
        card = _card(frame, branch, content)
        files |= dict([card]) if card else {}
        for leaf in own:
            folder = branch.prefix + leaf.path
            everywhere = [one.prefix for one, others in pages if any(other.path == leaf.path for other in others)]
            files[f"{folder}index.html"] = frame.page(branch, leaf, everywhere, known, card[0] if card else None)
            if leaf.page:
                files[f"{folder}index.md"] = leaf.page.markdown.encode()
        files |= feeds(frame, branch, f"incidents/{content.incident}/", frame.mark + content.title, [content])
    return files


def feeds(frame: Frame, branch: Branch, folder: str, title: str, contents: Sequence[SiteContent]) -> dict[str, bytes]:
    """Return the feeds of some incidents by their paths. `folder` is where they stand below their language's first page."""
    speech, home = branch.speech, f"{frame.address}/{branch.prefix}"
    head = Head(speech.language, title, speech.plain("purpose"), frame.organisation.name, home, folder)
    return {branch.prefix + path: body for path, body in build_feeds(head, contents).items()}


def leaves(branch: Branch, content: SiteContent, now: datetime) -> Iterator[Leaf]:
    """Yield every page of an incident in one language."""
    for page in content.pages:
        yield from _about(branch, content, page, now)


def _about(branch: Branch, content: SiteContent, page: Page, now: datetime) -> Iterator[Leaf]:
    """Yield a page of an incident, and further ones for its older updates where it has many."""
    speech = branch.speech
    shape = shaped(page.html, page.title, speech.link)
    first, *others = parts(shape.updates, LONGEST, page.path, "updates/")
    later = [(update, other.path) for other in others for update in other.items]
    late = overdue([content], speech.when, now)
    given: dict[str, Any] = {"shape": shape, "part": first, "later": later, "overdue": late}
    if page.kind == "incident":
        own = outcomes([content], speech.when, now)
        given["course"] = timeline(content, own, late=bool(late), leftwards=speech.direction == "rtl")
    named = page.title if page.kind == "incident" else f"{speech.plain(f'{page.kind}_link')} · {page.title}"
    yield Leaf(page.kind, page.path, named, page.description, given, content, page)
    for part in others:
        given = {"shape": shape, "part": part, "overdue": late}
        yield Leaf("updates", part.path, numbered(speech, page.title, part), page.description, given, content)


def _card(frame: Frame, branch: Branch, content: SiteContent) -> tuple[str, bytes] | None:
    """Return the picture for an incident's address, and where it stands. None where we lack letters for its words.

    A past incident has none: nobody passes its address on today.
    """
    if content.past:
        return None
    speech = branch.speech
    said = Card(
        frame.organisation.name,
        frame.mark + speech.status(content.status),
        content.title,
        urlsplit(frame.address).netloc,
        tone([content]),
        speech.direction,
        direction(content.words_language),
    )
    colours = palette(frame.workspace.settings.site.look.colours)["light"]
    values = card_values(said, colours, frame.draw.fonts)
    return frame.draw(frame.layouts.render("card.svg.j2", values)) if values else None
