"""The lists of the site in one language: the front page, the promises, and the history by month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from itertools import groupby
from typing import NamedTuple

from crisiscomms.messages.model import SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.record.model import COMPONENT_STATES
from crisiscomms.website.briefs import LONGEST, Brief
from crisiscomms.website.gravity import SEVERITIES
from crisiscomms.website.leaves import Leaf, numbered
from crisiscomms.website.outcomes import Outcome, outcomes, overdue
from crisiscomms.website.paging import Part, parts
from crisiscomms.website.speech import Speech
from crisiscomms.workspace import Workspace

#: How many incidents that are over, and how many open promises, the front page shows.
_RECENT, _OWED = 10, 3


class Listing(NamedTuple):
    """A list before it is rendered: its path, the incidents that it shows, what else it is made from, and its page."""

    path: str
    briefs: Sequence[Brief]
    leaf: Callable[[], Leaf]
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

    @cached_property
    def overdue(self) -> frozenset[str]:
        """The incidents whose next update is late."""
        return overdue(self.briefs, self.speech.when, self.now)

    def _front(self) -> Listing:
        now = sorted(self.open, key=lambda brief: SEVERITIES.index(brief.severity))
        owing = [brief for brief in self.over if brief.incident in self.overdue]
        past = [*owing, *(brief for brief in self.over if brief.incident not in self.overdue)][
            : max(_RECENT, len(owing))
        ]
        owed = [one for one in self.outcomes if one.group == "open"][:_OWED]
        components, late = self._components(now), self._late((*now, *past))

        def leaf() -> Leaf:
            speech, name = self.speech, self.workspace.settings.organisation.name
            title = now[0].title if len(now) == 1 else speech.plain("open_title" if now else "calm_title")
            contents = [self.read(brief) for brief in now]
            given = {"now": contents, "past": past, "components": components, "owed": owed, "overdue": self.overdue}
            return Leaf("front", "", title, speech.plain("purpose", organisation=name), given)

        return Listing("", (*now, *past, *_of(owed)), leaf, (len(now), components, late, _told(owed)))

    def _promises(self) -> Iterator[Listing]:
        for part in parts(self.outcomes, LONGEST, "promises/"):
            yield Listing(part.path, _of(part.items), partial(self._promised, part), (part.of, _told(part.items)))

    def _promised(self, part: Part[Outcome[Brief]]) -> Leaf:
        speech = self.speech
        groups = [(name, list(found)) for name, found in groupby(part.items, key=lambda one: one.group)]
        title = numbered(speech, speech.plain("promises_title"), part)
        given = {"groups": groups, "part": part}
        return Leaf("promises", part.path, title, speech.plain("promises_intro"), given, section="promises/")

    def _history(self) -> Iterator[Listing]:
        """Yield the newest incidents with a list of all months, then a page for each month, or several."""
        months, newest = self._by_month(self.briefs), self.briefs[:LONGEST]
        every = [(month, f"history/{month}/") for month, _ in months]
        yield Listing("history/", newest, partial(self._newest, newest, every), (every, self._late(newest)))
        for month, found in months:
            for part in parts(found, LONGEST, f"history/{month}/"):
                yield Listing(
                    part.path, part.items, partial(self._month, month, part), (part.of, self._late(part.items))
                )

    def _newest(self, newest: Sequence[Brief], every: list[tuple[str, str]]) -> Leaf:
        speech = self.speech
        title = speech.plain("history_title")
        months = self._by_month(newest)
        given = {"months": months, "every": every, "heading": title, "part": None, "overdue": self.overdue}
        return Leaf("history", "history/", title, speech.plain("history_intro"), given, section="history/")

    def _month(self, month: str, part: Part[Brief]) -> Leaf:
        speech = self.speech
        heading = speech.plain("history_month", month=speech.month_words(month))
        months = [("", part.items)]
        given = {"months": months, "every": [], "heading": heading, "part": part, "overdue": self.overdue}
        words = speech.plain("history_intro")
        return Leaf("history", part.path, numbered(speech, heading, part), words, given, section="history/")

    def _late(self, briefs: Iterable[Brief]) -> list[str]:
        return [brief.incident for brief in briefs if brief.incident in self.overdue]

    @staticmethod
    def _by_month(briefs: Iterable[Brief]) -> list[tuple[str, list[Brief]]]:
        months = groupby(briefs, key=lambda brief: brief.month)
        return [(month, list(found)) for month, found in months]

    def _components(self, now: Iterable[Brief]) -> list[tuple[str, str]]:
        """Return all parts of the service with their worst state. None where nothing is wrong with any."""
        worst: dict[str, str] = {}
        for name, state in (pair for brief in now for pair in brief.components):
            worst[name] = max(state, worst.get(name, state), key=COMPONENT_STATES.index)
        if set(worst.values()) <= {"operational"}:
            return []
        found = []
        for component in self.workspace.settings.site.components:
            # An incident that is not translated knows the part by its name in another language.
            states = [worst.pop(words) for _, words in component.name if words in worst]
            found.append(
                (
                    component.name.told(self.speech.language)[0],
                    max(states, default="operational", key=COMPONENT_STATES.index),
                )
            )
        return [*found, *worst.items()]


def _of(promises: Iterable[Outcome[Brief]]) -> tuple[Brief, ...]:
    return tuple(one.content for one in promises)


def _told(promises: Iterable[Outcome[Brief]]) -> list[tuple[str, str]]:
    return [(one.line.id, one.state) for one in promises]
