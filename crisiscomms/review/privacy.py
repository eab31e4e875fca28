"""Who could be recognised from a text: a person, a home. Questions, since only a person knows who agreed to be named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from crisiscomms.review.conditions import Hit
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import Lexicon

_NAME = r"[A-Z\u00c4\u00d6\u00dc][\w'\u2019-]{1,30}"
_PERSON = re.compile(
    rf"(?<!\w)(?:(?:Mr|Mrs|Ms|Miss|Dr|Herr|Frau)\.? {{1,2}}(?P<title>{_NAME})"
    rf"|(?:named|called|patient|passenger|driver|employee|customer|victim|engineer|colleague|nurse|pupil|student|technician"
    rf"|Patientin?|Kundin?|Fahrerin?|Kollegin?) {{1,2}}(?P<role>{_NAME} {{1,2}}{_NAME}))"
)
_WAYS = "Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Court|Square|Close|Terrace|Crescent|Boulevard"
_HOME = re.compile(
    rf"(?<!\w)(?:\d{{1,4}}[a-z]?,? {{1,2}}(?:{_NAME} {{1,2}}){{1,3}}(?:{_WAYS})(?!\w)"
    rf"|[A-Z\u00c4\u00d6\u00dc][\w-]{{1,30}}(?:stra\u00dfe|strasse|weg|platz|allee|gasse) {{1,2}}\d{{1,4}}(?!\w|[.,:]\d))"
)


def _people(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield people who are named and do not speak for us."""
    for found in _PERSON.finditer(letter.text):
        name = (found["title"] or found["role"]).split()
        if not set(name) & letter.known.people and not {word.lower() for word in name} & set(words.lists["crowds"]):
            yield Hit("names-a-person", "G", letter, words, *found.span())


def _homes(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    for found in _HOME.finditer(letter.text):
        yield Hit("names-an-address", "G", letter, words, *found.span())


#: Each check by its code. All are given the letter and the words of its language.
PRIVACY: dict[str, Callable[[Letter, Lexicon], Iterator[Hit]]] = {
    "names-a-person": _people,
    "names-an-address": _homes,
}
