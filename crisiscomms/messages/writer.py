"""What every writer of messages needs: the facts, the words of the workspace, and one way to render a template."""

from __future__ import annotations

from functools import cached_property

from crisiscomms.fields import When
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.prose import Md, plain_times
from crisiscomms.messages.templates import overrides, render
from crisiscomms.messages.told import Told
from crisiscomms.record import Update
from crisiscomms.record.texts import texts

#: Messages that are no letters, and begin with their title.
_PAGES = frozenset({"incident.md.j2", "faq.md.j2", "past.md.j2"})


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
        if unsaid or self.facts.corrections:
            source = render(template, voice, self.own, t=Told(self.facts, language, audience, update, unsaid))
        return self._owning_up(source, language, last=template not in _PAGES)

    def _owning_up(self, source: str, language: str, *, last: bool) -> str:
        """Say of a message that some of it is in another language, where a sentence of it is: `last`, or below its title.

        In a letter the apology comes first.
        """
        missing = self._untranslated.get(language) or {}
        found = next(
            (missing[key[0]] for key, said in self.facts.cited.items() if key[0] in missing and said in source), ""
        )
        if not found:
            return source
        voice = self.facts.voices[language]
        words = f"*{voice.word('mail.partly').format(language=voice.name_of(found))}*"
        if last:
            return f"{source.rstrip()}\n\n{words}\n"
        heading, below = source.split("\n", 1)
        return f"{heading}\n\n{words}\n{below}"

    @cached_property
    def _untranslated(self) -> dict[str, dict[str, str]]:
        """By language: the sentences that nobody put into it yet, with the language they are in. Names need no other."""
        found: dict[str, dict[str, str]] = {language: {} for language in self.facts.voices}
        for _, text in texts(self.incident) if len(found) > 1 else ():
            for language, missing in found.items():
                words, told = text.told(language)
                if told != language and words.rstrip().endswith((".", "!", "?")):
                    missing[words] = told
        return found


def iso(when: When) -> str:
    """Return a moment as content holds it: ISO 8601 with its offset."""
    return when.at.isoformat(timespec="seconds")
