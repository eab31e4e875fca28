"""The lists of the site in one language: the front page, the promises, and the history by month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from crisiscomms.messages.model import SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.website.briefs import LONGEST, Brief
from crisiscomms.website.gravity import SEVERITIES, STATES
from crisiscomms.website.leaves import Leaf, numbered
from crisiscomms.website.outcomes import Outcome, outcomes
from crisiscomms.website.paging import parts
from crisiscomms.website.speech import Speech
from crisiscomms.workspace import Workspace

#: How many incidents that are over, and how many open promises, the front page shows.
_RECENT, _OWED = 10, 3


class Listing(NamedTuple):
    """A list before it is rendered, the incidents that it shows, and what else it is made from."""

    leaf: Leaf
    briefs: tuple[Brief, ...]
    told: tuple[object, ...] = ()


@dataclass(frozen=True)
class Tree:
    """The lists of one language. `briefs` are its incidents, newest first; `read` reads one whole."""

    speech: Speech
    briefs: tuple[Brief, ...]
    read: Callable[[Brief], SiteContent]
    workspace: Workspace
    now: datetime

    def listings(self) -> Iterator[Listing]:
        """Yield every list."""
        yield self._front()
        yield from self._promises()
        yield from self._history()

    @cached_property
    def open(self) -> list[Brief]:
        """What is not over, the newest first."""
        return [brief for brief in self.briefs if brief.status not in CLOSED]

    @cached_property
    def over(self) -> list[Brief]:
        """What is over, the newest first."""
        return [brief for brief in self.briefs if brief.status in CLOSED]

    @cached_property
    def outcomes(self) -> list[Outcome[Brief]]:
        """Every promise, and where it stands."""
        return outcomes(self.briefs, self.speech.when, self.now)

    def _front(self) -> Listing:
        speech, name = self.speech, self.workspace.settings.organisation.name
        now = sorted(self.open, key=lambda brief: SEVERITIES.index(brief.severity))
        past = self.over[:_RECENT]
        title = now[0].title if len(now) == 1 else speech.plain("open_title" if now else "calm_title")
        owed = [one for one in self.outcomes if one.group == "open"][:_OWED]
        components = self._components(now)
        contents = [self.read(brief) for brief in now]
        given = {"now": contents, "past": past, "components": components, "owed": owed}
        leaf = Leaf("front", "", title, speech.plain("purpose", organisation=name), given)
        return Listing(leaf, (*now, *past, *_of(owed)), (len(now), components, _told(owed)))

    def _promises(self) -> Iterator[Listing]:
        speech = self.speech
        for part in parts(self.outcomes, LONGEST, "promises/"):
            groups = [(name, list(found)) for name, found in groupby(part.items, key=lambda one: one.group)]
            title = numbered(speech, speech.plain("promises_title"), part)
            given = {"groups": groups, "part": part}
            leaf = Leaf("promises", part.path, title, speech.plain("promises_intro"), given, section="promises/")
            yield Listing(leaf, _of(part.items), (part.of, _told(part.items)))

    def _history(self) -> Iterator[Listing]:
        """Yield the newest incidents with a list of all months, then a page for each month, or several."""
        speech = self.speech
        months = self._by_month(self.briefs)
        words = speech.plain("history_intro")
        every = [(month, f"history/{month}/") for month, _ in months]
        given = {
            "months": self._by_month(self.briefs[:LONGEST]),
            "every": every,
            "heading": speech.plain("history_title"),
            "part": None,
        }
        leaf = Leaf("history", "history/", speech.plain("history_title"), words, given, section="history/")
        yield Listing(leaf, self.briefs[:LONGEST], (every,))
        for month, found in months:
            heading = speech.plain("history_month", month=speech.month_words(month))
            for part in parts(found, LONGEST, f"history/{month}/"):
                given = {"months": [("", part.items)], "every": [], "heading": heading, "part": part}
                title = numbered(speech, heading, part)
                leaf = Leaf("history", part.path, title, words, given, section="history/")
                yield Listing(leaf, part.items, (part.of,))

    def _by_month(self, briefs: Iterable[Brief]) -> list[tuple[str, list[Brief]]]:
        months = groupby(briefs, key=lambda brief: self.speech.month_of(brief.first_at))
        return [(month, list(found)) for month, found in months]

    def _components(self, now: Iterable[Brief]) -> list[tuple[str, str]]:
        """Return all parts of the service with their worst state. None where nothing is wrong with any."""
        worst: dict[str, str] = {}
        for name, state in (pair for brief in now for pair in brief.components):
            worst[name] = max(state, worst.get(name, state), key=STATES.index)
        if set(worst.values()) <= {"operational"}:
            return []
        found = []
        for component in self.workspace.settings.site.components:
            # An incident that is not translated knows the part by its name in another language.
            states = [worst.pop(words) for _, words in component.name if words in worst]
            found.append(
                (component.name.told(self.speech.language)[0], max(states, default="operational", key=STATES.index))
            )
        return [*found, *worst.items()]


def _of(promises: Iterable[Outcome[Brief]]) -> tuple[Brief, ...]:
    return tuple(one.content for one in promises)


def _told(promises: Iterable[Outcome[Brief]]) -> list[tuple[str, str]]:
    return [(one.line.id, one.state) for one in promises]
