"""What every part of `Told` stands on: one language, one audience, one update, and the small tools."""

from __future__ import annotations

from typing import Any

from crisiscomms.fields import Text, When
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.prose import Md
from crisiscomms.record import Incident, Update

#: A greeting is shorter than this.
_GREETING = 80


class Said:
    """A named bundle of things a template can print. A name it does not have is an error, not an empty string."""

    def __init__(self, parts: dict[str, Any]) -> None:
        self.parts = parts

    def __getattr__(self, name: str) -> Any:
        try:
            return self.parts[name]
        except KeyError:
            raise AttributeError(name) from None


class Teller:
    """The facts in one language, for one audience (None: the public), about one update (None: the newest due)."""

    def __init__(
        self,
        facts: Facts,
        language: str,
        audience: str | None = None,
        update: Update | None = None,
        unsaid: tuple[str, ...] = (),
        *,
        own: Md | None = None,
    ) -> None:
        self._facts, self.language, self._audience = facts, language, audience
        self._update = update or facts.update
        self._incident: Incident = facts.incident
        self._voice: Voice = facts.voices[language]
        self._unsaid = unsaid
        self.own = own

    def says(self, words: str | None) -> bool:
        """Say whether the text that the team wrote in place of this message holds some words already."""
        return self.own is not None and words is not None and words in self.own

    @property
    def greets(self) -> bool:
        """Say whether that text begins with a greeting: a line that ends in a comma, or in Spanish in a colon."""
        first = self.own.split("\n\n", 1)[0] if self.own else ""
        return first.rstrip().endswith((",", "\u060c", ":")) and "\n" not in first and len(first) < _GREETING

    def word(self, name: str) -> str:
        """Return a short word of this language."""
        return self._voice.word(name)

    def _md(self, text: Text | None, update: Update | None = None) -> Md | None:
        return self._facts.cite(text, self.language, update or self._update) if text else None

    def _when(self, when: When | None, *, utc: bool = False) -> Md | None:
        return Md(self._voice.moment(when, utc=utc)) if when else None

    def _is_over(self, when: When | None) -> bool:
        """Say whether a time has passed. A day has once it is over."""
        return when is not None and when.at < self._facts.now

    def _became(self, done: When | None, due: When | None) -> dict[str, Any]:
        """Return what became of something that was due: when it was `done`, and whether it is `late` or `was_late`."""
        was_late = done is not None and due is not None and done.is_after(due)
        return {"done": self._when(done), "late": done is None and self._is_over(due), "was_late": was_late}

    def _mine(self, items: Any) -> list[Any]:
        """Return what is for this audience: its own, or else what is for everyone. Private things only for their own."""
        own = [item for item in items if item.audience == self._audience]
        return own or [item for item in items if self._facts.public(item.audience) and not item.private]
