"""A text under review: its paragraphs and sentences, found once and shared by every rule."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from crisiscomms.errors import Place
from crisiscomms.review.phrases import fold, words_of
from crisiscomms.review.texts.written import Written

#: No sentence is longer than this to us: what has no full stop for so long is not written for people.
LONGEST = 1200
_END = re.compile(
    r"(?<=[.!?\u2026])[\"')\]\u201d\u2019*]{0,3}\s|\n(?=[ \t]{0,8}(?:[-*\u2022>#]|\d{1,2}[.)])[ \t])|\n[ \t]{0,8}\n"
)
_BLANK = re.compile(r"\n[ \t]{0,8}\n")
_SHORT_FORM = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|no|nr|st|vs|approx|ca|bzw|inkl|usw|e\.g|i\.e|z\.\s?b|d\.\s?h|u\.\s?a|a\.m|p\.m)|\b[A-Z])\.$",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"\b\d{1,2}\.$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: where it begins and ends, its number, and its paragraph's."""

    start: int
    end: int
    number: int
    paragraph: int


@dataclass(frozen=True)
class Known:
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


@dataclass(frozen=True)
class Letter:
    """One text as its readers see it. `kind` is statement, incident, faq, notice, post, memo or correction.

    `template` is where its words come from; empty for a text that somebody wrote by hand, which `written` knows the
    places of. `title` lines are part of
    the text and do not count as its first sentence.
    """

    kind: str
    language: str
    text: str
    audience: str | None = None
    template: str = ""
    known: Known = field(default_factory=Known)
    written: Written | None = None

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
        return f"{self.kind} ({self.language}{', ' + self.audience if self.audience else ''})"

    @cached_property
    def folded(self) -> str:
        """The text for comparing, every character in its place."""
        return fold(self.text)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of the text, folded, once."""
        return words_of(self.folded)

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
        cuts = [0]
        for end in _END.finditer(self.text):
            before = self.text[max(0, end.start() - 12) : end.start()]
            if "\n" not in end[0][:1] and (_SHORT_FORM.search(before) or (self._german and _ORDINAL.search(before))):
                continue
            cuts.append(end.end())
        cuts.append(len(self.text))
        starts = [start for start, _ in self.paragraphs]
        spans = [span for a, b in pairwise(cuts) for span in self._cut(a, b)]
        return tuple(Sentence(a, b, n, max(0, bisect_right(starts, a) - 1)) for n, (a, b) in enumerate(spans))

    def _cut(self, start: int, end: int) -> list[tuple[int, int]]:
        piece = self.text[start:end]
        start += len(piece) - len(piece.lstrip())
        return [(at, min(at + LONGEST, end)) for at in range(start, end, LONGEST)]

    @property
    def _german(self) -> bool:
        return self.language.startswith("de")

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
