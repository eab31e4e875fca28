"""A text under review: its paragraphs and sentences, found once and shared by every rule."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from crisiscomms.errors import Place
from crisiscomms.review.phrases import fold, with_stems, words_in
from crisiscomms.review.texts.written import Written

#: No sentence is longer than this to us: what has no full stop for so long is not written for people.
LONGEST = 1200
#: A point after these ends no sentence: single letters (e.g., z. B., a.m.), short words, in German a number (18. November).
_SHORT_FORMS = r"(?<!\b(?i:[a-z])\.)(?<!\b(?i:mr|ms|dr|no|nr|st|vs|ca)\.)(?<!\b(?i:mrs|bzw|usw)\.)(?<!\b(?i:inkl)\.)(?<!\b(?i:approx)\.)"
_ORDINALS = r"(?<!\b\d\.)(?<!\b\d\d\.)"
_QUOTES = r"[\"')\]\u201d\u2019*]{0,3}"
#: An item of a list, or an empty line.
_ELSEWHERE = r"(?=[ \t]{0,8}(?:[-*\u2022>#]|\d{1,2}[.)])[ \t])|[ \t]{0,8}\n"


def _end(no_end: str) -> str:
    """Return what ends a sentence. It begins with one of a few characters, so that all others are passed over quickly."""
    return rf"[.!?\u2026\n](?:(?<=[.!?\u2026])(?:\n|{no_end}{_QUOTES}\s)|(?<=\n)(?:{_ELSEWHERE}))"


_END, _END_GERMAN = _end(_SHORT_FORMS), _end(_SHORT_FORMS + _ORDINALS)
_BLANK = re.compile(r"\n[ \t]{0,8}\n")


class Sentence(NamedTuple):
    """One sentence: where it begins and ends, its number, and its paragraph's."""

    start: int
    end: int
    number: int
    paragraph: int


class Known(NamedTuple):
    """What the record says about a text, as far as there is one. None: nobody knows."""

    status: str | None = None
    severity: str | None = None
    kind: str | None = None
    harm: str | None = None
    level: str | None = None
    cause: str | None = None
    prevention: bool | None = None
    lessons: bool | None = None
    unknowns: bool | None = None
    counted: bool | None = None
    glossary: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()


NOTHING_KNOWN = Known()


@dataclass
class Letter:
    """One text as its readers see it. `kind` is statement, incident, faq, notice, post, memo or correction.

    `template` is where its words come from; empty for a text that somebody wrote by hand, which `written` knows the
    places of. The lines of its title are part of the text and do not count as its first sentence. `of` is the update
    it belongs to, where that is not the newest.
    """

    kind: str
    language: str
    text: str
    audience: str | None = None
    template: str = ""
    known: Known = NOTHING_KNOWN
    written: Written | None = None
    of: str | None = None

    @property
    def by_hand(self) -> bool:
        """Whether somebody wrote it by hand."""
        return not self.template

    def place(self, offset: int | None = None) -> Place:
        """Return where words of the letter are to be changed: in the file that somebody wrote, or in the template."""
        if self.written is not None:
            return self.written.place(offset)
        return Place(f"templates/{self.language}/{self.template}")

    @property
    def name(self) -> str:
        """What the text is called in findings."""
        return f"{self.kind} ({', '.join(filter(None, (self.language, self.audience, self.of)))})"

    @cached_property
    def folded(self) -> str:
        """The text for comparing, every character in its place."""
        return fold(self.text)

    @cached_property
    def words(self) -> list[str]:
        """Every word of the text, folded, in order."""
        return words_in(self.folded)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of the text, folded, once."""
        return frozenset(self.words)

    def words_between(self, start: int, end: int) -> frozenset[str]:
        """Return every word between two places of the text, folded, once, and what stands before its apostrophe."""
        if (start, end) not in self._between:
            self._between[start, end] = with_stems(words_in(self.folded[start:end]))
        return self._between[start, end]

    @cached_property
    def _between(self) -> dict[tuple[int, int], frozenset[str]]:
        return {(0, len(self.text)): with_stems(self.words)}

    @cached_property
    def paragraphs(self) -> tuple[tuple[int, int], ...]:
        """Where each paragraph begins and ends."""
        found, start = [], 0
        for gap in _BLANK.finditer(self.text):
            if gap.start() > start and not self.text[start : gap.start()].isspace():
                found.append((start, gap.start()))
            start = gap.end()
        return (*found, (start, len(self.text)))

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Every sentence in order. A line of a list is one; what never ends is cut."""
        pattern = _END_GERMAN if self.language.startswith("de") else _END
        ends = [end.end() for end in re.finditer(pattern, self.text)]
        starts, paragraph = [start for start, _ in self.paragraphs], 0
        found: list[Sentence] = []
        for start, end in pairwise([0, *ends, len(self.text)]):
            piece = self.text[start:end]
            for at in range(end - len(piece.lstrip()), end, LONGEST):
                while paragraph + 1 < len(starts) and starts[paragraph + 1] <= at:
                    paragraph += 1
                found.append(Sentence(at, min(at + LONGEST, end), len(found), paragraph))
        return tuple(found)

    @cached_property
    def _starts(self) -> list[int]:
        return [sentence.start for sentence in self.sentences]

    def sentence_at(self, offset: int) -> Sentence:
        """Return the sentence in which a place lies."""
        return self.sentences[max(0, bisect_right(self._starts, offset) - 1)]

    def paragraph_of(self, sentence: Sentence) -> tuple[int, int]:
        """Return where a sentence's paragraph begins and ends. Of a very long one, what is near."""
        start, end = self.paragraphs[sentence.paragraph]
        return max(start, sentence.start - LONGEST), min(end, sentence.end + LONGEST)

    def words_of(self, sentence: Sentence) -> str:
        """Return a sentence as it is written."""
        return self.text[sentence.start : sentence.end].strip()

    @cached_property
    def prose(self) -> tuple[str, ...]:
        """The sentences that are prose, as they are written: names, dates and lists are none."""
        pieces = (self.words_of(sentence) for sentence in self.sentences)
        return tuple(piece for piece in pieces if piece[-1:] in {".", "?", "!"} and len(piece.split()) > 3)

    @cached_property
    def body(self) -> tuple[Sentence, ...]:
        """The sentences below the title and the greeting."""
        found = list(self.sentences)
        first = self.paragraphs[0]
        if (
            len(found) > 1
            and found[0].end >= first[1] - 1
            and self.text[first[0] : first[1]].strip()[-1:] not in {".", "!", "?"}
        ):
            found = found[1:]
        while len(found) > 1 and self.text[found[0].start : found[0].end].strip()[-1:] == ",":
            found = found[1:]
        return tuple(found)
