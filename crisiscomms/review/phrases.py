"""Phrases: what a rule looks for, one a line, in words that anyone can extend.

    sorry if                     these words, in this order, in one sentence
    sorry (if|that) you          one of these
    we (have|had)? failed        these, or nothing
    sorry ... but                up to sixty characters between
    apologi*                     any ending
    # of our customers           any number

A hyphen in a text counts as a space, case does not count. There is no repetition without an end and at most one gap,
so the time a phrase takes grows with the length of the text and with nothing else. Every phrase hangs on its longest
word: a text is walked through once, and only where that word stands is the phrase compiled and tried.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

GAP = 60
#: No phrase reaches further than this from the word it hangs on.
_AROUND = 300
#: How many letters of a word with any ending it is found by.
_START = 4
_SEP = r"[^\w.!?]{1,6}"
_ENDING = r"\w{0,15}"
_NUMBER = r"\d[\d.,]{0,12}"
_TOKEN = re.compile(r"\(([^()]+)\)(\??)|(\S+)")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")

_FOLD = (
    ("'", "\u2018\u2019\u02bc\u00b4`"),
    (" ", "\n\r\t\u00a0\u202f\u2009\u200b"),
    ('"', "\u201c\u201d\u201e\u00ab\u00bb"),
)


def fold(text: str) -> str:
    """Return a text for comparing: lower case, plain quotes and spaces, every character in its place."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    for plain, written in _FOLD:
        for character in written:
            lower = lower.replace(character, plain)
    return lower


def words_in(folded: str) -> list[str]:
    """Return every word of a folded text, in the order in which they stand."""
    return _WORD.findall(folded)


def with_stems(words: Collection[str]) -> frozenset[str]:
    """Return some words of a folded text once, and what stands before an apostrophe in them: a phrase may end there."""
    return frozenset(words).union(word.partition("'")[0] for word in words if "'" in word)


def _shape(word: str) -> str:
    if word == "#":
        return _NUMBER
    return re.escape(word[:-1]) + _ENDING if word[-1] == "*" else re.escape(word)


def _keys(choices: list[str]) -> list[str]:
    """Return the word of each alternative by which it is found; nothing where one of them has none."""
    found = [max(choice.split(), key=len) if " " in choice else choice for choice in choices]
    for key in found:
        if key in {"#", "..."} or (key[-1] == "*" and len(key) <= _START):
            return []
    return found


class Phrase:
    """One phrase. `keys` are the words of which one must stand in a text before it is tried at all."""

    __slots__ = ("_lead", "_needs", "_pattern", "_reach", "_steps", "code", "keys", "source")

    def __init__(self, source: str, code: str = "") -> None:
        self.source = source
        self.code = code
        self._pattern: re.Pattern[str] | None = None
        self._needs: list[tuple[frozenset[str], tuple[str, ...]]] | None = None
        self._steps: list[list[list[str]]] | None = None
        if "(" not in source and "." not in source:
            self.keys = _keys([source])
        else:
            least, self.keys = 0, []
            for group, optional, word in _TOKEN.findall(source):
                keys = [] if optional else _keys(group.split("|") if group else [word])
                length = min(map(len, keys), default=0)
                if length > least:
                    least, self.keys = length, keys
        if not self.keys or source.count("...") > 1 or source[-1] in "?.":
            raise ValueError(f'"{source}" has no word to be found by, more than one gap, or an open end')

    @property
    def stems(self) -> list[str]:
        """Its keys without the star of any ending."""
        return [key.rstrip("*") for key in self.keys]

    def stems_in(self, words: frozenset[str]) -> list[str]:
        """Its stems that may stand in a text, of which `words` are the words."""
        return [key.rstrip("*") for key in self.keys if key in words or not key.isalnum()]

    @property
    def pattern(self) -> re.Pattern[str]:
        """The phrase as a regular expression, made when it is first needed."""
        if self._pattern is None:
            self._pattern = self._compiled()
        return self._pattern

    def possible(self, folded: str, words: frozenset[str]) -> bool:
        """Say whether all that the phrase needs stands anywhere in a text, of which `words` are the words.

        Cheap, and mostly the answer.
        """
        if self._needs is None:
            groups = [
                [choice.split(" ", 1)[0] for choice in (group or word).split("|")]
                for group, optional, word in _TOKEN.findall(self.source)
                if not optional and word not in {"...", "#"}
            ]
            self._needs = [
                (
                    frozenset(choice for choice in choices if choice.isalnum()),
                    tuple(choice.rstrip("*#") for choice in choices if not choice.isalnum()),
                )
                for choices in groups
            ]
        for whole, parts in self._needs:
            if whole.isdisjoint(words) and not any(part in folded for part in parts):
                return False
        return True

    def _compiled(self) -> re.Pattern[str]:
        shape, due, reach, lead = r"(?<!\w)", "", 0, -1
        for group, optional, word in _TOKEN.findall(self.source):
            choices = group.split("|") if group else [word]
            if word == "...":
                due, reach = rf"\W.{{0,{GAP}}}?(?<!\w)", reach + GAP
                continue
            shapes = [_SEP.join(_shape(part) for part in choice.split()) for choice in choices]
            token = shapes[0] if len(shapes) == 1 else f"(?:{'|'.join(shapes)})"
            if lead < 0 and not optional and (word in self.keys or _keys(choices) == self.keys):
                inside = max(choice.find(key.rstrip("*")) for choice, key in zip(choices, _keys(choices), strict=True))
                lead = reach + 7 * inside
            reach += 6 + max(len(c) + 20 * (c.count("*") + c.count("#")) + 6 * c.count(" ") for c in choices)
            shape += f"{due}(?:{token}{_SEP})?" if optional else due + token
            due = "" if optional else _SEP
        self._lead, self._reach = lead, reach
        return re.compile(shape + r"(?!\w)")

    def _follows(self, text: str, start: int, end: int) -> bool:
        """Say whether the words of the phrase follow each other between two places. Making its pattern costs far more."""
        if self._steps is None:
            self._steps = [
                [[word.rstrip("*#") for word in choice.split()] for choice in (group or word).split("|")]
                for group, optional, word in _TOKEN.findall(self.source)
                if not optional and word != "..."
            ]
        for choices in self._steps:
            ends = [after for words in choices if (after := _after(words, text, start, end)) >= 0]
            if not ends:
                return False
            start = min(ends)
        return True

    def near(self, text: str, at: int, start: int, end: int) -> re.Match[str] | None:
        """Return where the phrase stands around a place where one of its words does, between two bounds."""
        if self._pattern is None and not self._follows(text, max(start, at - _AROUND), min(end, at + _AROUND)):
            return None
        pattern = self.pattern
        return pattern.search(text, max(start, at - self._lead), min(end, at + self._reach + 1))


class Index:
    """Many phrases, found in one walk through a text."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_word: dict[str, list[Phrase]] = {}
        self._by_start: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            for key in dict.fromkeys(phrase.keys):
                if key[-1] == "*":
                    self._by_start.setdefault(key[:_START], []).append(phrase)
                else:
                    self._by_word.setdefault(key, []).append(phrase)

    def places(self, folded: str, words: frozenset[str]) -> Iterator[tuple[int, list[Phrase]]]:
        """Yield every place of a folded text where phrases may stand, and which. `words` are its words."""
        by_word = _possible(self._by_word, words, folded, words)
        by_start = _possible(self._by_start, {word[:_START] for word in words}, folded, words)
        behind = {word: [phrases] for word, phrases in by_word.items()}
        for word in words if by_start else ():
            if word[:_START] in by_start:
                behind.setdefault(word, []).append(by_start[word[:_START]])
        for match in _WORD.finditer(folded) if behind else ():
            for phrases in behind.get(match[0], ()):
                yield match.start(), phrases


def _after(words: list[str], text: str, start: int, end: int) -> int:
    """Return where some words end that follow each other between two places, as early as they can. -1: they do not."""
    for word in words:
        at = text.find(word, start, end)
        if at < 0:
            return -1
        start = at + len(word)
    return start


def _possible(
    index: Mapping[str, list[Phrase]], keys: Iterable[str], folded: str, words: frozenset[str]
) -> dict[str, list[Phrase]]:
    """Return those of the phrases behind some keys that may stand in a text."""
    found = {
        key: [phrase for phrase in index[key] if phrase.possible(folded, words)] for key in index.keys() & set(keys)
    }
    return {key: phrases for key, phrases in found.items() if phrases}


def phrases_of(lines: str, code: str = "") -> list[Phrase]:
    """Read phrases, one a line."""
    return [Phrase(line.strip(), code) for line in lines.split("\n") if line.strip()]
