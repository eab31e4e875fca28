"""What programs read of one language of the site: its feeds, its calendar, its badge, and a list of its pages."""

from __future__ import annotations

from collections.abc import Mapping

from crisiscomms.website.calendar import build_calendar
from crisiscomms.website.feeds import shown
from crisiscomms.website.frame import Branch, Frame
from crisiscomms.website.gravity import tone
from crisiscomms.website.incidents import feeds
from crisiscomms.website.letters import wide
from crisiscomms.website.trees import Tree
from crisiscomms.workspace import palette

#: How many incidents `llms.txt` lists besides the open ones.
_LISTED = 50
#: The size of the badge's words, and what its sign and its ends take.
_BADGE_WORDS, _BADGE_REST = 13, 46


class Machines:
    """Writes the files of one language. Each is asked for by itself, since each is made from something else."""

    def __init__(self, frame: Frame, branch: Branch, tree: Tree) -> None:
        self._frame, self._branch, self._tree = frame, branch, tree
        self._home = f"{frame.address}/{branch.prefix}"
        self.name = frame.name(branch)
        # Fifty old incidents in a feed would be fifty pieces of news to whoever reads it.
        self.news = shown([brief for brief in tree.briefs if not brief.past])
        self.dated = [brief for brief in tree.briefs if brief.promise_rows or brief.next_update]
        self.listed = (tree.open, tree.over[:_LISTED])

    def feeds(self) -> Mapping[str, bytes]:
        """Return the feeds of the newest updates."""
        return feeds(self._frame, self._branch, "", self.name, [self._tree.read(brief) for brief in self.news])

    def calendar(self) -> Mapping[str, bytes]:
        """Return the calendar."""
        made = build_calendar(self.dated, self._branch.speech, self._tree.now, name=self.name, home=self._home)
        return {f"{self._branch.prefix}calendar.ics": made}

    def badge(self) -> Mapping[str, bytes]:
        """Return the badge that others show on their pages."""
        speech, fonts = self._branch.speech, self._frame.draw.fonts
        words = self._frame.mark + speech.plain("badge_open" if self._tree.open else "calm_title")
        given = {
            "words": words,
            "width": round(wide(fonts.plain, words) * _BADGE_WORDS) + _BADGE_REST,
            "size": _BADGE_WORDS,
            "tone": tone(self._tree.open),
            "colours": palette(self._frame.workspace.settings.site.look.colours)["light"],
            "direction": speech.direction,
        }
        return {f"{self._branch.prefix}badge.svg": self._frame.layouts.render("badge.svg.j2", given)}

    def list(self) -> Mapping[str, bytes]:
        """Return the list of pages."""
        speech, read = self._branch.speech, self._tree.read
        open_, over = ([read(brief) for brief in group] for group in self.listed)
        given = {
            "name": self.name,
            "speech": speech,
            "groups": [(speech.plain("open_title"), open_), (speech.plain("history_title"), over)],
            "home": self._home,
            "address": self._frame.address,
        }
        return {f"{self._branch.prefix}llms.txt": self._frame.layouts.render("llms.txt.j2", given)}
