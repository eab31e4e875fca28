"""What programs read of one language of the site: feeds, the calendar, the badge, cards, and a list of pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from crisiscomms.messages.model import SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.website.calendar import build_calendar
from crisiscomms.website.cards import Card, Drawer, card_values
from crisiscomms.website.feeds import Head, build_feeds
from crisiscomms.website.layouts import Layouts
from crisiscomms.website.letters import wide
from crisiscomms.website.speech import direction
from crisiscomms.website.trees import Tree
from crisiscomms.workspace import palette

#: How many incidents `llms.txt` lists besides the open ones.
_LISTED = 50
#: The size of the badge's words, and what its sign and its ends take.
_BADGE_WORDS, _BADGE_REST = 13, 46


class Machines:
    """Writes the files of one language. `home` is the address of its first page, `mark` stands before titles."""

    def __init__(self, tree: Tree, layouts: Layouts, draw: Drawer, address: str, mark: str) -> None:
        self._tree, self._layouts, self._draw, self._mark = tree, layouts, draw, mark
        self._address, self._home = address, f"{address}/{tree.prefix}"
        self._colours = palette(tree.workspace.settings.site.look.colours)["light"]
        self._organisation = tree.workspace.settings.organisation
        self.name = mark + tree.speech.plain("name", organisation=self._organisation.name)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield every file by its path below the language's root."""
        tree = self._tree
        # Fifty old incidents in a feed would be fifty pieces of news to whoever reads it.
        yield from self._feeds("", self.name, [content for content in tree.contents if not content.past])
        for content in tree.contents:
            yield from self._feeds(f"incidents/{content.incident}/", self._mark + content.title, [content])
        yield "calendar.ics", build_calendar(tree.contents, tree.speech, name=self.name, home=self._home)
        yield "badge.svg", self._badge()
        yield "llms.txt", self._list()

    def card(self, content: SiteContent) -> tuple[str, bytes] | None:
        """Return the picture for an incident's address, and where it stands. None where we lack letters for its words.

        A past incident has none: nobody passes its address on today.
        """
        if content.past:
            return None
        speech = self._tree.speech
        said = Card(
            self._organisation.name,
            self._mark + speech.status(content.status),
            content.title,
            urlsplit(self._address).netloc,
            tone([content]),
            speech.direction,
            direction(content.words_language),
        )
        values = card_values(said, self._colours, self._draw.fonts)
        return self._draw(self._layouts.render("card.svg.j2", values)) if values else None

    def _feeds(self, folder: str, title: str, contents: Sequence[SiteContent]) -> Iterator[tuple[str, bytes]]:
        speech = self._tree.speech
        head = Head(speech.language, title, speech.plain("purpose"), self._organisation.name, self._home, folder)
        yield from build_feeds(head, contents).items()

    def _badge(self) -> bytes:
        speech, open_ = self._tree.speech, [one for one in self._tree.contents if one.status not in CLOSED]
        words = self._mark + speech.plain("badge_open" if open_ else "calm_title")
        given = {
            "words": words,
            "width": round(wide(self._draw.fonts.plain, words) * _BADGE_WORDS) + _BADGE_REST,
            "size": _BADGE_WORDS,
            "tone": tone(open_),
            "colours": self._colours,
            "direction": speech.direction,
        }
        return self._layouts.render("badge.svg.j2", given)

    def _list(self) -> bytes:
        tree = self._tree
        open_ = [content for content in tree.contents if content.status not in CLOSED]
        over = [content for content in tree.contents if content.status in CLOSED][:_LISTED]
        groups = [(tree.speech.plain("open_title"), open_), (tree.speech.plain("history_title"), over)]
        given = {
            "name": self.name,
            "speech": tree.speech,
            "groups": groups,
            "home": self._home,
            "address": self._address,
        }
        return self._layouts.render("llms.txt.j2", given)


def tone(contents: Sequence[SiteContent]) -> str:
    """Return the colour that says how bad it is: that of the gravest that is open."""
    open_ = {content.severity for content in contents if content.status not in CLOSED}
    return "down" if "critical" in open_ else "open" if open_ else "calm"
