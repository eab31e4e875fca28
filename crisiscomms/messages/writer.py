"""What every writer of messages needs: the facts, the words of the workspace, and one way to render a template."""

from __future__ import annotations

from crisiscomms.fields import When
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.prose import Md, plain_times
from crisiscomms.messages.templates import overrides, render
from crisiscomms.messages.told import Told
from crisiscomms.record import Update


class Writer:
    """Writes messages from one set of facts."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.incident = facts.incident
        self.own = overrides(facts.workspace)

    def words_language(self, language: str) -> str:
        """Return the language that a reader of `language` gets: their own, or the first that the record is in."""
        return language if language in self.facts.languages else self.facts.languages[0]

    def own_words(self, message: str, language: str, update: Update | None = None, *of: str) -> Md | None:
        """Return what the team wrote in place of a message, if it did."""
        own = self.facts.own(message, language, *([update.id] if update else []), *of)
        return self.facts.cite_own(own, update) if own else None

    def write(
        self,
        template: str,
        language: str,
        audience: str | None = None,
        update: Update | None = None,
        own: Md | None = None,
    ) -> str:
        """Render a template; once more with those material figures that it did not state by itself.

        `own` are words of the team's own that it only puts a frame around: review says what is missing there.
        """
        voice = self.facts.voices[language]
        if own is not None:
            return render(template, voice, self.own, t=Told(self.facts, language, audience, update, own=own))
        # What a correction says of a figure does not say what is counted, so it does not stand for a text that states it.
        plain = self.facts._replace(corrections=())
        source = render(template, voice, self.own, t=Told(plain, language, audience, update))
        said = plain_times(source).lower()
        unsaid = tuple(
            name
            for name, fact in self.incident.facts.items()
            if fact.material and self.facts.figure(name, voice).lower() not in said
        )
        if not unsaid and not self.facts.corrections:
            return source
        return render(template, voice, self.own, t=Told(self.facts, language, audience, update, unsaid))


def iso(when: When) -> str:
    """Return a moment as content holds it: ISO 8601 with its offset."""
    return when.at.isoformat(timespec="seconds")
