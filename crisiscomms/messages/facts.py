"""The facts that every message of an incident is written from, and how a text that cites them becomes prose.

A `Facts` value knows no language. `cite` turns one text of the record into prose in the text's own language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from crisiscomms.fields import Text, When
from crisiscomms.messages.addresses import Addresses
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.prose import Md, slot, timed
from crisiscomms.published import PublishedIncident
from crisiscomms.record import CLOSED, Handwritten, Incident, Update
from crisiscomms.record.citations import Citation, citations, split
from crisiscomms.record.commitments import commitments
from crisiscomms.record.model import Promise
from crisiscomms.record.texts import passages
from crisiscomms.telling import PAGES, PUBLIC, Correction
from crisiscomms.workspace import Workspace

_SENTENCE_BREAK = re.compile(r"[.!?:]\s|\n\s*\n")
_AT_SENTENCE_START = re.compile(r"(?:^|[.!?]\s+|\n\s*\n)$")


class Facts(NamedTuple):
    """Everything that may be said about one incident at one moment.

    `updates` are those that are due, oldest first. `update` is the newest of them: where we are now. `voices` are the
    languages that can be spoken, the workspace's first one first. `cited` keeps what `cite` said: a text stands in
    many messages.
    """

    incident: Incident
    workspace: Workspace
    voices: Mapping[str, Voice]
    published: PublishedIncident
    now: datetime
    update: Update
    updates: tuple[Update, ...]
    addresses: Addresses
    cited: dict[tuple[str, str, str, bool], Md]
    corrections: tuple[Correction, ...] = ()
    texts: tuple[Handwritten, ...] = ()

    def own(self, message: str, language: str, *of: str) -> Handwritten | None:
        """Return the text that the team wrote in place of a message. `of`: its update, and its audience or channel."""
        for one in self.texts:
            entry = one.entry
            if (entry.message, one.language) == (message, language) and of == tuple(
                name for name in (entry.update, entry.audience, entry.channel) if name
            ):
                return one
        return None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that this incident's texts are in: those it names, else those of its title and public updates."""
        own = self.incident.languages or tuple(filter(self._is_told_in, self.workspace.settings.organisation.languages))
        return tuple(language for language in own if language in self.voices) or (self.workspace.language,)

    def _is_told_in(self, language: str) -> bool:
        told = (self.incident.title, *(update.text for update in self.updates if not update.private))
        return all(text.get(language) is not None for text in told)

    @property
    def resolved(self) -> bool:
        """Whether it is over, as far as the newest due update says."""
        return self.update.status in CLOSED

    @property
    def newest_deed(self) -> When | None:
        """When the last thing was kept, done, or given up of which everybody may know. None where nothing was yet."""
        ended = [one.ended for one in commitments(self.incident) if one.ended and not one.private]
        return max((when for when in ended if when.begins <= self.now), key=lambda when: when.begins, default=None)

    def to_tell(self) -> Iterator[Update]:
        """Yield the newest update, and before it those that are due and were never published, the newest first."""
        out = set(self.published.telling.updates) if self.published.telling else set()
        for update in reversed(self.updates):
            if update is self.update or update.id not in out:
                yield update

    def came_late(self, update: Update) -> Update | None:
        """Return the public update after a given one, where it came later than that one had promised."""
        due, shown = update.next_update, [one for one in self.updates if not one.private or one is update]
        later = shown[shown.index(update) + 1 :] if due and update in shown else []
        return later[0] if due and later and later[0].at.at > due.at else None

    def first_due(self, promise: Promise) -> When | None:
        """Return by when a promise was first published to be kept, where it was put off since."""
        texts = self.published.telling.texts if self.published.telling else {}
        first = texts.get(f"first.{promise.id}", texts.get(f"promise.{promise.id}", {})).get("due")
        when = When.read(first, self.workspace.reading) if first else None
        return when if when and when.at < promise.due.at else None

    def tells_fixed(self, update: Update) -> bool:
        """Say whether a letter about an update may say when things were put right: where nobody was hurt, and it says that it is over."""
        fixed = self.incident.times.fixed
        over = fixed is not None and update.status in CLOSED and update.at.at >= fixed.begins
        return over and self.incident.harm == "none"

    @property
    def tells_statement(self) -> bool:
        """Whether the statement is owed: from resolved on, or earlier where the record says so."""
        if self.incident.history:
            return False
        return self.resolved or self.incident.statement == "now" or any(u.status in CLOSED for u in self.updates)

    def for_the_public(self) -> Facts | None:
        """Return the facts as the public may know them: nothing of private updates. None while all are private."""
        shown = tuple(update for update in self.updates if not update.private)
        if not shown:
            return None
        found = self._replace(update=shown[-1], updates=shown)
        if not self.corrections:
            return found
        public = [p.words for p in passages(self.incident) if not p.private and (p.update is None or p.update in shown)]
        known = cited_by(self.incident, public) | {f"updates.{update.id}" for update in shown}
        return found._replace(
            corrections=tuple(
                one
                for one in self.corrections
                if (one.what in known if one.to is None else not {PUBLIC, PAGES}.isdisjoint(one.to))
            )
        )

    def public(self, audience: str) -> bool:
        """Say whether an audience is the public: a group without a list."""
        found = self.workspace.audiences(self.incident.audiences).get(audience)
        return found is None or found.recipients is None

    def figure(self, name: str, voice: Voice, *, bare: bool = False) -> str:
        """Return a fact as it is shown in a language: with its unit, or the number alone."""
        fact = self.incident.facts[name]
        return voice.number(fact.value, fact.unit) if bare else voice.counted(fact.value, fact.unit, fact.certainty)

    def voice_of(self, text: Text, language: str) -> tuple[str, Voice]:
        """Return a text's words for a reader of `language`, and the voice of the language they are in."""
        words, found = text.told(language)
        return words, self.voices.get(found, self.voices[self.workspace.language])

    def cite(self, text: Text, language: str, update: Update | None = None, *, brief: bool = False) -> Md:
        """Return a text as Markdown with every citation said in the text's language. `brief` says times in the fewest words."""
        words, voice = self.voice_of(text, language)
        update = update or self.update
        key = (words, voice.language, update.id, brief)
        if key not in self.cited:
            self.cited[key] = Md(_Citing(self, voice, update, brief=brief).run(words))
        return self.cited[key]

    def cite_own(self, own: Handwritten, update: Update | None = None) -> Md:
        """Return a text of the team's own as Markdown, with its headings and with every citation said."""
        return Md(_Citing(self, self.voices[own.language], update or self.update, headings=True).run(own.words.strip()))


def cited_by(incident: Incident, said: Iterable[str]) -> set[str]:
    """Return the facts that some texts cite, and those that every long message states."""
    cited = {citation.name for words in said for citation in citations(words, incident.facts)}
    return cited | {name for name, fact in incident.facts.items() if fact.material}


class _Citing:
    """Says the citations of one text."""

    def __init__(
        self, facts: Facts, voice: Voice, update: Update, *, brief: bool = False, headings: bool = False
    ) -> None:
        self.facts, self.voice, self.update, self.brief = facts, voice, update, brief
        self.tame = _without_attributes if headings else _tame
        self.year = update.at.at.astimezone(voice.zone).year

    def run(self, words: str) -> str:
        parts = split(words, self.facts.incident.facts)
        said = ""
        for index, part in enumerate(parts):
            if isinstance(part, str):
                said += self.tame(part)
            elif part.what == "time":
                said += self._time(part.name, parts[index + 1 :])
            else:
                words_ = self._say(part, said)
                said += words_[:1].upper() + words_[1:] if _AT_SENTENCE_START.search(said) else words_
        return said

    def _time(self, name: str, rest: list[str | Citation]) -> str:
        """Say a time. In a sentence that goes on to another time of the same day, the date waits for that one."""
        when: When = getattr(self.facts.incident.times, name)
        later = self._next_time(rest)
        if (
            later
            and not when.date_only
            and not later.date_only
            and self._day(later) == self._day(when)
            and self.voice.zone_name(when.at) == self.voice.zone_name(later.at)
        ):
            return timed(self.voice.iso(when), self.voice.clock(when.at))
        if self.brief:
            return self.voice.brief(when, self.update.at.at)
        return self.voice.moment(when, year=when.at.astimezone(self.voice.zone).year != self.year)

    def _next_time(self, rest: list[str | Citation]) -> When | None:
        for part in rest:
            if isinstance(part, str):
                if _SENTENCE_BREAK.search(part):
                    return None
            elif part.what == "time":
                found: When | None = getattr(self.facts.incident.times, part.name)
                return found
        return None

    def _day(self, when: When) -> object:
        return when.at.astimezone(self.voice.zone).date()

    def _say(self, citation: Citation, before: str) -> str:
        facts, voice = self.facts, self.voice
        if citation.what == "fact":
            return self._figure(citation, before)
        if citation.what == "recipient":
            return slot(f"recipient.{citation.name}" + (f".{citation.detail}" if citation.detail else ""))
        if citation.what == "promise":
            due = next(promise.due for promise in facts.incident.promises if promise.id == citation.name)
            return voice.moment(due)
        return self._derived(citation.name)

    def _figure(self, citation: Citation, before: str) -> str:
        """Say a figure, without its "about" or "at least" where the text before it says that already."""
        if citation.detail == "value":
            return self.facts.figure(citation.name, self.voice, bare=True)
        said, fact = self.facts.figure(citation.name, self.voice), self.facts.incident.facts[citation.name]
        bare = self.voice.counted(fact.value, fact.unit)
        hedge = said.replace(bare, "").strip()
        again = hedge and re.search(rf"(?<!\w){re.escape(hedge)}\s+$", before, re.IGNORECASE)
        return bare if again else said

    def _derived(self, name: str) -> str:
        facts, voice, due = self.facts, self.voice, self.update.next_update
        if name == "status":
            return voice.word(f"status.{self.update.status}")
        if name == "duration":
            times = facts.incident.times
            assert times.started and times.fixed  # noqa: S101, PT018 -- coherence refuses the citation otherwise
            return voice.lasted(times.started, times.fixed)
        if name == "next_update":
            return voice.moment(due) if due else voice.word("time.no_next_update")
        return f"<{facts.addresses.page(voice.language)}>"


def _tame(words: str) -> str:
    """Keep record text from reaching past its place: no attributes, no headings."""
    words = _without_attributes(words)
    return re.sub(r"^(\s*)#", r"\1\\#", words, flags=re.MULTILINE) if "#" in words else words


def _without_attributes(words: str) -> str:
    return words.replace("{", "\\{")
