"""The pages of the site in one language: which there are, what they are called, and what each layout is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from crisiscomms.messages.model import Page, SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.record.model import COMPONENT_STATES as STATES
from crisiscomms.website.content import shaped
from crisiscomms.website.outcomes import Outcome, outcomes
from crisiscomms.website.paging import parts
from crisiscomms.website.speech import Speech
from crisiscomms.website.timeline import timeline
from crisiscomms.workspace import Workspace

#: From the gravest to the lightest.
SEVERITIES = ("critical", "major", "minor")
#: How many incidents that are over, and how many open promises, the front page shows.
_RECENT, _OWED = 10, 3
#: How many entries one page of a list holds.
LONGEST = 25


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page: its layout, its path below its language's root, and what the layout is given besides.

    `section` is the path of the list that it belongs to, for navigation.
    """

    layout: str
    path: str
    title: str
    description: str
    given: Mapping[str, Any] = field(default_factory=dict)
    content: SiteContent | None = None
    page: Page | None = None
    section: str = ""


@dataclass(frozen=True)
class Tree:
    """One language of the site. `prefix` is its folder, `contents` its incidents, newest first."""

    speech: Speech
    prefix: str
    contents: tuple[SiteContent, ...]
    workspace: Workspace
    now: datetime

    def leaves(self) -> Iterator[Leaf]:
        """Yield every page of this language."""
        yield self._front()
        yield from self._promises()
        yield from self._history()
        for content in self.contents:
            for page in content.pages:
                yield from self._about(content, page)

    def _about(self, content: SiteContent, page: Page) -> Iterator[Leaf]:
        """Yield a page of an incident, and further ones for its older updates where it has many."""
        shape = shaped(page.html, page.title, self.speech.link)
        first, *others = parts(shape.updates, LONGEST, page.path, "updates/")
        later = [(update, other.path) for other in others for update in other.items]
        given = {"shape": shape, "part": first, "later": later}
        if page.kind == "incident":
            given["course"] = self._course(content)
        yield Leaf(page.kind, page.path, page.title, page.description, given, content, page)
        for part in others:
            title = _numbered(self.speech, page.title, part)
            given = {"shape": shape, "part": part}
            yield Leaf("updates", part.path, title, page.description, given, content)

    @cached_property
    def _outcomes(self) -> list[Outcome]:
        return outcomes(self.contents, self.speech.when, self.now)

    def _course(self, content: SiteContent) -> Any:
        own = [one for one in self._outcomes if one.content is content]
        return timeline(content, own, leftwards=self.speech.direction == "rtl")

    def _front(self) -> Leaf:
        speech, name = self.speech, self.workspace.settings.organisation.name
        now = [content for content in self.contents if content.status not in CLOSED]
        now.sort(key=lambda content: SEVERITIES.index(content.severity))
        past = [content for content in self.contents if content.status in CLOSED][:_RECENT]
        title = now[0].title if len(now) == 1 else speech.plain("open_title" if now else "calm_title")
        owed = [one for one in self._outcomes if one.group == "open"][:_OWED]
        given = {"now": now, "past": past, "components": self._components(now), "owed": owed}
        return Leaf("front", "", title, speech.plain("purpose", organisation=name), given)

    def _promises(self) -> Iterator[Leaf]:
        speech = self.speech
        for part in parts(self._outcomes, LONGEST, "promises/"):
            groups = [(name, list(found)) for name, found in groupby(part.items, key=lambda one: one.group)]
            title = _numbered(speech, speech.plain("promises_title"), part)
            given = {"groups": groups, "part": part}
            yield Leaf("promises", part.path, title, speech.plain("promises_intro"), given, section="promises/")

    def _history(self) -> Iterator[Leaf]:
        """Yield the newest incidents with a list of all months, then a page for each month, or several."""
        speech = self.speech
        months = self._by_month(self.contents)
        words = speech.plain("history_intro")
        given = {
            "months": self._by_month(self.contents[:LONGEST]),
            "every": [(month, f"history/{month}/") for month, _ in months],
            "heading": speech.plain("history_title"),
            "part": None,
        }
        yield Leaf("history", "history/", speech.plain("history_title"), words, given, section="history/")
        for month, found in months:
            heading = speech.plain("history_month", month=speech.month_words(month))
            for part in parts(found, LONGEST, f"history/{month}/"):
                given = {"months": [("", part.items)], "every": [], "heading": heading, "part": part}
                title = _numbered(speech, heading, part)
                yield Leaf("history", part.path, title, words, given, section="history/")

    def _by_month(self, contents: Iterable[SiteContent]) -> list[tuple[str, list[SiteContent]]]:
        months = groupby(contents, key=lambda content: self.speech.month_of(content.first_at))
        return [(month, list(found)) for month, found in months]

    def _components(self, now: Iterable[SiteContent]) -> list[tuple[str, str]]:
        """Return all parts of the service with their worst state. None where nothing is wrong with any."""
        worst: dict[str, str] = {}
        for name, state in (pair for content in now for pair in content.components):
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


def _numbered(speech: Speech, title: str, part: Any) -> str:
    """Return the title of a part of a list: no two pages have the same."""
    if part.number == 1:
        return title
    return f"{title}, {speech.plain('page', number=str(part.number), count=str(part.of))}"
