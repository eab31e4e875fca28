"""The words of one language: the phrases of every rule, what excuses them, and how the elements of an apology sound."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from crisiscomms.review.figures import figures
from crisiscomms.review.letter import LONGEST, Letter
from crisiscomms.review.phrases import Index, Phrase, phrases_of

_HOME = Path(str(files("crisiscomms.review"))) / "language"
#: What may stand before the word that tells somebody to do something.
_BEFORE_ORDERS = ("", "please ", "then ", "also ", "bitte ")
#: More letters than any word has by which an order begins.
_LONGEST_WORD = 40
#: How often a phrase is tried around one of its words, before it is taken not to be there.
_TRIES = 100


class Lexicon:
    """One language. `families` maps a family to its rules' phrases, a phrase a line."""

    def __init__(self, language: str, plain: Mapping[str, Any]) -> None:
        self.language = language
        self.families: dict[str, dict[str, str]] = {name: part for name, part in plain.items() if len(name) == 1}
        self._unless: dict[str, str] = plain.get("unless", {})
        self.elements: dict[str, str] = plain.get("elements", {})
        self.lists: dict[str, list[str]] = plain.get("lists", {})
        self.numbers: dict[str, Any] = plain.get("numbers", {})
        self.family_of = {code: letter for letter, codes in self.families.items() for code in codes}
        self._known: dict[tuple[str, str], list[Phrase]] = {}

    @cached_property
    def index(self) -> Index:
        """Every phrase of every rule, to be found in one walk."""
        return Index(
            phrase
            for codes in self.families.values()
            for code, lines in codes.items()
            for phrase in phrases_of(lines, code)
        )

    @cached_property
    def zone(self) -> re.Pattern[str]:
        """The name of a zone, as it follows a time of day."""
        return re.compile(rf"(?<!\w)(?:{'|'.join(self.lists['zones'])})(?!\w)")

    @cached_property
    def _orders(self) -> tuple[str, ...]:
        return tuple(f"{before}{word} " for word in self.lists["orders"] for before in _BEFORE_ORDERS)

    @cached_property
    def _begin_orders(self) -> frozenset[str]:
        return frozenset(order.partition(" ")[0] for order in self._orders)

    def orders(self, folded: str, at: int) -> bool:
        """Say whether a sentence that begins at a place tells the reader to do something."""
        first = folded[at : at + _LONGEST_WORD].partition(" ")[0]
        return first in self._begin_orders and folded.startswith(self._orders, at)

    def _phrases(self, kind: str, name: str) -> list[Phrase]:
        key = (kind, name)
        if key not in self._known:
            self._known[key] = phrases_of((self._unless if kind == "unless" else self.elements).get(name, ""))
        return self._known[key]

    def excepted(self, code: str, letter: Letter, start: int, end: int) -> bool:
        """Say whether words that make a hit harmless stand in its sentence."""
        return any(at >= 0 for at in self._starts(self._phrases("unless", code), letter, start, end))

    def has(self, element: str, letter: Letter, start: int, end: int) -> bool:
        """Say whether an element of an apology stands between two places of a letter."""
        if element == "dated":
            return dated(letter, start, end)
        return any(at >= 0 for at in self._starts(self._phrases("elements", element), letter, start, end))

    def first(self, element: str, letter: Letter, start: int, end: int) -> int | None:
        """Return where an element first stands between two places of a letter."""
        return min(
            (at for at in self._starts(self._phrases("elements", element), letter, start, end) if at >= 0), default=None
        )

    def _starts(self, phrases: Iterable[Phrase], letter: Letter, start: int, end: int) -> Iterator[int]:
        """Yield where each of some phrases first stands between two places of a letter, or -1."""
        folded, words = letter.folded, letter.words_between(start, end)
        piece = folded[start:end]
        for phrase in phrases:
            if phrase.possible(piece, words):
                yield self._at(phrase, folded, words, start, end)

    def each(self, element: str, letter: Letter) -> Iterator[tuple[int, int]]:
        """Yield every place of a letter where an element stands."""
        return places(self._phrases("elements", element), letter)

    @staticmethod
    def _at(phrase: Phrase, folded: str, words: frozenset[str], start: int, end: int) -> int:
        """Return where a phrase first stands between two places, or -1. `words` are the words that stand there."""
        found = []
        for key in phrase.stems_in(words):
            at = folded.find(key, start, end)
            for _ in range(_TRIES):
                if at < 0:
                    break
                match = phrase.near(folded, at, start, end)
                if match:
                    found.append(match.start())
                    break
                at = folded.find(key, at + len(key), end)
        return min(found, default=-1)


def places(phrases: Iterable[Phrase], letter: Letter) -> Iterator[tuple[int, int]]:
    """Yield every place of a letter where one of some phrases stands within a sentence."""
    for phrase in phrases:
        if not phrase.possible(letter.folded, letter.vocabulary):
            continue
        for stem in phrase.stems:
            at = letter.folded.find(stem)
            while at >= 0:
                here = letter.sentence_at(at)
                match = phrase.near(letter.folded, at, here.start, here.end)
                if match:
                    yield match.span()
                at = letter.folded.find(stem, max(at + len(stem), match.end() if match else 0))


def dated(letter: Letter, start: int, end: int) -> bool:
    """Say whether a date or a time of day stands between two places of a letter."""
    piece = letter.text[start : min(end, start + 3 * LONGEST)]
    return any(figure.kind in {"date", "clock"} for figure in figures(piece, letter.language))


@cache
def lexicon(language: str) -> Lexicon | None:
    """Return the words of a language. None where nobody has written them down yet."""
    path = _HOME / f"{language.split('-', maxsplit=1)[0]}.toml"
    return Lexicon(language, tomllib.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def speaks_of_delay(words: str, language: str) -> bool:
    """Say whether a text has a word for being late, or for what was promised. Any text does where we know no such words."""
    known = lexicon(language)
    late = known.numbers.get("late", ()) if known else ()
    low = words.lower()
    return not late or any(word in low for word in late)
