"""Who could be recognised from a text: a person, a home. Questions, since only a person knows who agreed to be named.

Most letters hold none of the words by which a name or a street is found. That is seen at once, and the patterns, which
take longer, are made when the first of them is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from crisiscomms.review.conditions import Hit
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import Lexicon

_NAME = r"[A-Z\u00c4\u00d6\u00dc][\w'\u2019-]{1,30}"
_TITLES = ("Mr", "Mrs", "Ms", "Miss", "Dr", "Herr", "Frau")
_ROLES = (
    *("named", "called", "patient", "passenger", "driver", "employee", "customer", "victim", "engineer"),
    *("colleague", "nurse", "pupil", "student", "technician"),
    *("Patientin", "Patienti", "Kundin", "Kundi", "Fahrerin", "Fahreri", "Kollegin", "Kollegi"),
)
_PERSON = (
    rf"(?<!\w)(?:(?:{'|'.join(_TITLES)})\.? {{1,2}}(?P<title>{_NAME})"
    rf"|(?:{'|'.join(_ROLES)}) {{1,2}}(?P<role>{_NAME} {{1,2}}{_NAME}))"
)
_WAY = r" (?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Court|Square|Close|Terrace|Crescent|Boulevard)(?!\w)"
_ENDINGS = ("stra\u00dfe", "strasse", "weg", "platz", "allee", "gasse")
_HOME = (
    rf"(?<!\w)(?:\d{{1,4}}[a-z]?,? {{1,2}}{_NAME}(?: {{1,2}}{_NAME}){{0,2}} ?{_WAY}"
    rf"|[A-Z\u00c4\u00d6\u00dc][\w-]{{1,30}}(?:{'|'.join(_ENDINGS)}) {{1,2}}\d{{1,4}}(?!\w|[.,:]\d))"
)


def _people(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield people who are named and do not speak for us."""
    if not (any(word in letter.text for word in _TITLES) or any(f"{word} " in letter.text for word in _ROLES)):
        return
    for found in re.finditer(_PERSON, letter.text):
        name = (found["title"] or found["role"]).split()
        if not set(name) & letter.known.people and not {word.lower() for word in name} & set(words.lists["crowds"]):
            yield Hit("names-a-person", "G", letter, words, *found.span())


def _homes(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    if any(ending in letter.text for ending in _ENDINGS) or re.search(_WAY, letter.text):
        for found in re.finditer(_HOME, letter.text):
            yield Hit("names-an-address", "G", letter, words, *found.span())


#: Each check by its code. All are given the letter and the words of its language.
PRIVACY: dict[str, Callable[[Letter, Lexicon], Iterator[Hit]]] = {
    "names-a-person": _people,
    "names-an-address": _homes,
}
