"""Words: texts in one or more languages, and the units that figures are counted in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

from crisiscomms.fields.base import Flaw, Kind, Reading, all_wrong, shown, wrong

LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
PLURALS = frozenset({"zero", "one", "two", "few", "many", "other"})
_PER_LANGUAGE = "Write words after the colon, or below it one line for each language: en: ..., de: ..."
_PLURAL_FORMS = 'Write one word, or plural forms with at least "other": { one: payment, other: payments }.'


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """Words in one or more languages: Markdown without raw HTML. A bare string is in the first language."""

    words: tuple[tuple[str, str], ...]

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "oneOf": [
            {"type": "string"},
            {
                "type": "object",
                "patternProperties": {LANGUAGE: {"type": "string"}},
                "additionalProperties": False,
                "minProperties": 1,
            },
        ]
    }

    @classmethod
    def read(cls, given: Any, reading: Reading) -> Self:
        """Read a string, or a map of languages to strings."""
        if isinstance(given, str):
            if not given.strip():
                raise wrong("empty", "is empty", "Write the words, or remove the line.")
            return cls(((reading.language, given.strip()),))
        if not isinstance(given, dict) or not given:
            raise wrong("wrong-type", f"should be a text, and is {shown(given) if given else 'empty'}", _PER_LANGUAGE)
        if flaws := [flaw for language, words in given.items() for flaw in cls._flaws(str(language), words)]:
            raise all_wrong(flaws)
        return cls(tuple((str(language), words.strip()) for language, words in given.items()))

    @staticmethod
    def _flaws(language: str, words: Any) -> Iterator[Flaw]:
        if not is_language(language):
            yield not_a_language(language)
        elif not isinstance(words, str):
            yield Flaw(
                "wrong-type", f'in "{language}" should be a text, and is {shown(words)}', _PER_LANGUAGE, (language,)
            )
        elif not words.strip():
            yield Flaw(
                "empty", f'in "{language}" is empty', f"Translate it, or remove the line {language}.", (language,)
            )

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages this text is in, in the order of the file."""
        return tuple(language for language, _ in self.words)

    def get(self, language: str) -> str | None:
        """Return the words in a language, or None."""
        return dict(self.words).get(language)

    def told(self, language: str) -> tuple[str, str]:
        """Return the words for a reader of `language`, and the language they turned out to be in."""
        words = dict(self.words)
        return (words[language], language) if language in words else (self.words[0][1], self.words[0][0])

    def __iter__(self) -> Iterator[tuple[str, str]]:  # pairs of language and words
        return iter(self.words)


@dataclass(frozen=True, slots=True)
class Unit(Kind):
    """What a figure counts, in the plural forms of each language."""

    forms: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "description": "A word, plural forms ({ one: payment, other: payments }), or a map of languages to either. "
        "A currency's code, such as EUR, for money.",
        "type": ["string", "object"],
    }

    @classmethod
    def read(cls, given: Any, reading: Reading) -> Self:
        """Read `people`, `{one: ..., other: ...}`, or a map of languages to either."""
        is_plurals = isinstance(given, dict) and any(key in PLURALS for key in given)
        by_language = given if isinstance(given, dict) and given and not is_plurals else {reading.language: given}
        flaws = [
            flaw if by_language is given else Flaw(flaw.code, flaw.message, flaw.fix, flaw.at[1:])
            for language, forms in by_language.items()
            for flaw in cls._flaws(str(language), forms)
        ]
        if flaws:
            raise all_wrong(flaws)
        return cls(tuple((str(language), cls._plurals(forms)) for language, forms in by_language.items()))

    @staticmethod
    def _flaws(language: str, forms: Any) -> Iterator[Flaw]:
        if not is_language(language):
            yield not_a_language(language)
        elif isinstance(forms, dict) and forms:
            for category, word in forms.items():
                if category not in PLURALS:
                    message = f'has "{shown(category)}" among its plural forms'
                    yield Flaw("bad-unit", message, f"Known forms: {', '.join(sorted(PLURALS))}.", (language, category))
                elif not isinstance(word, str) or not word.strip():
                    yield Flaw("bad-unit", f'has no word for "{category}"', _PLURAL_FORMS, (language, category))
            if "other" not in forms:
                yield Flaw("bad-unit", 'has no plural form "other"', _PLURAL_FORMS, (language,))
        elif not isinstance(forms, str) or not forms.strip():
            what = shown(forms) if forms and not isinstance(forms, str) else "empty"
            yield Flaw("bad-unit", f"should be a word or plural forms, and is {what}", _PLURAL_FORMS, (language,))

    @staticmethod
    def _plurals(forms: Any) -> tuple[tuple[str, str], ...]:
        if isinstance(forms, str):
            return (("other", forms.strip()),)
        return tuple((category, word.strip()) for category, word in forms.items())

    def word(self, language: str, category: str) -> str:
        """Return the unit's word in a language (else the first), in a plural category (else `other`)."""
        forms = dict(dict(self.forms).get(language, self.forms[0][1]))
        return forms.get(category, forms["other"])

    @property
    def currency(self) -> str:
        """The code of the currency (ISO 4217) that is counted. Empty where it is no money."""
        words = {word for _, forms in self.forms for _, word in forms}
        return code if len(words) == 1 and _is_currency(code := words.pop()) else ""


@cache
def _is_currency(word: str) -> bool:
    if not re.fullmatch(r"[A-Z]{3}", word):
        return False
    from babel.numbers import list_currencies  # noqa: PLC0415 -- hardly any unit looks like money

    return word in list_currencies()


def is_language(code: str) -> bool:
    """Say whether a word can name a language. `one` and `two` could, and mean a plural."""
    return re.fullmatch(LANGUAGE, code) is not None and code not in PLURALS


def not_a_language(code: str) -> Flaw:
    """Build the flaw of a key that should name a language."""
    message = f'has "{shown(code)}" where a language code should be'
    return Flaw("bad-language", message, "Write a code such as en, de or pt-BR.", (code,))
