"""What layouts can say in one language: words, times and names, ready to be printed."""

from __future__ import annotations

import html
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from markupsafe import Markup, escape

from crisiscomms.fields import When
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.prose import time_elements, timed


class Speech:
    """One language of the site. `say` prints a word of `[site]`; its parts are escaped unless they are markup."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.language = voice.language
        # The same words and the same few times stand on many pages.
        self._word = lru_cache(512)(lambda name: escape(voice.word(f"site.{name}")))
        self._at = lru_cache(1024)(self._in_sentence)
        self._alone = lru_cache(1024)(lambda iso: _element(voice.moment(self.when(iso), utc=True)))

    def say(self, name: str, **parts: Any) -> Markup:
        """Return a word or sentence of the site with its parts filled in."""
        said = self._word(name)
        return said.format(**parts) if parts or "{" in said else said

    def plain(self, name: str, **parts: str) -> str:
        """Return the same as plain text, for titles and feeds."""
        return self.voice.word(f"site.{name}").format(**parts)

    def link(self, anchor: str) -> Markup:
        """Return what leads to a part of a page, for its heading. The heading says which part: it is not read out twice."""
        return Markup('<a class="here" href="#{}" aria-label="{}"></a>').format(anchor, self.plain("here"))

    def status(self, name: str) -> str:
        """Return the word for an incident's status."""
        return self.voice.word(f"status.{name}")

    def state(self, name: str) -> str:
        """Return the word for a component's state, as it stands alone."""
        word = self.voice.word(f"component_state.{name}")
        return word[:1].upper() + word[1:]

    def at(self, iso: str) -> Markup:
        """Return a moment as it stands in a sentence: `at 10:12 CET on 18 November 2026 (09:12 UTC)`."""
        return self._at(iso, due=False)

    def by(self, iso: str) -> Markup:
        """Return a due time as it stands in a sentence: `by 25 November 2026`."""
        return self._at(iso, due=True)

    def moment(self, iso: str) -> Markup:
        """Return a moment as it stands alone: `10:12 CET on 18 November 2026 (09:12 UTC)`."""
        return self._alone(iso)

    def _in_sentence(self, iso: str, *, due: bool) -> Markup:
        return _element(self.voice.in_sentence(self.voice.moment(self.when(iso), utc=True), due=due))

    def day(self, iso: str) -> Markup:
        """Return the day of a moment."""
        return _element(self.voice.moment(When(self.when(iso).at, date_only=True)))

    def month(self, key: str) -> Markup:
        """Return a month, given as `2026-11`: `November 2026`."""
        return _element(timed(key, self.month_words(key)))

    def month_words(self, key: str) -> str:
        """Return the same as plain text."""
        from babel.dates import format_skeleton  # noqa: PLC0415

        year, month = key.split("-")
        return str(format_skeleton("yMMMM", date(int(year), int(month), 1), locale=self.voice.locale))

    def when(self, iso: str) -> When:
        """Read a time, as it is here."""
        return When.stored(iso, self.voice.zone)

    def tongue(self, language: str) -> str:
        """Return the name of a language."""
        return str(_locale(language).get_display_name(self.voice.locale))

    @cached_property
    def own_name(self) -> str:
        """What the language calls itself."""
        return str(_locale(self.language).get_display_name()).capitalize()

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.voice.direction

    def marked(self, language: str) -> Markup:
        """Return the attributes of an element whose words are in another language than its page. Empty if not."""
        if language == self.language:
            return Markup()
        return Markup(' lang="{}" dir="{}"').format(language, direction(language))


def direction(language: str) -> str:
    """Return which way a language is written: `ltr` or `rtl`."""
    return str(_locale(language).text_direction)


def _locale(language: str) -> Any:
    from babel import Locale  # noqa: PLC0415

    return Locale.parse(language.replace("-", "_"))


def _element(words: str) -> Markup:
    return Markup(time_elements(html.escape(words)))  # noqa: S704 -- escaped one step before
