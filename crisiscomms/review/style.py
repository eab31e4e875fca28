"""How a text reads: words that need explaining, sentences that are too long, tone, and what was left unfilled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate

from crisiscomms.review.conditions import Hit
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import Lexicon
from crisiscomms.review.privacy import PRIVACY

MOST_WORDS = 30
#: A text is graded by its first so many characters of prose.
_ENOUGH = 6000
_ACRONYM = re.compile(r"[A-Z](?<![\w./@:-][A-Z])[A-Z0-9]{1,5}s?(?![\w/@-]|\.\w)")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u26ff\u2705\u2728\u2764\u274c]")
_CHEER = re.compile(r"!(?<=\w!)(?![=\w])")
#: One of these stands in everything that was left unfilled. Most letters hold none, and that is found out at once.
_LEFT_SIGNS = ("[", "{", "<", "$", "tbd", "tbc", "todo", "fixme", "xx", "lorem ipsum")
_LEFT = (
    r"\[(?:insert|date|name|company|time|number|link|your|customer|product|city|x{2,}|datum|firma|uhrzeit)\b[^\]\n]{0,40}\]"
    r"|\{\{[^{}\n]{0,60}\}\}|\{%[^{}\n]{0,60}%\}|<(?:insert|name|date|company|link|your) ?[^<>\n]{0,40}>"
    r"|(?<![\w$])\$\{?[a-z]{1,20}[._][a-z._]{1,30}\}?|(?<!\w)(?:(?-i:TBD|TBC|TODO|FIXME|X{2,6}(?!-)(?::XX)?)|lorem ipsum)(?!\w)"
)
_CODE = re.compile(r"`[^`\n]{1,200}`")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_VOWELS = re.compile(r"[aeiouyäöü]+")
_LISTED = re.compile(r"[ \t]{0,8}(?:[-*\u2022#>]|\d{1,2}[.)])[ \t]")


def _hit(code: str, letter: Letter, words: Lexicon, start: int = 0, end: int = 0, *, said: str = "") -> Hit:
    return Hit(code, "E", letter, words, start, end, said)


def _acronyms(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield short forms that the letter does not spell out: once each."""
    known = set(words.lists.get("acronyms", [])) | letter.known.glossary | letter.known.names
    for found in _ACRONYM.finditer(letter.text):
        short = found[0].removesuffix("s")
        if short in known or short.isdigit() or any(c.isdigit() for c in short):
            continue
        known.add(short)
        after = letter.text[found.end() : found.end() + 3]
        before = letter.text[max(0, found.start() - 2) : found.start()]
        if not (after.startswith(" (") or before.endswith("(")) and not _shouted(letter, found.start()):
            yield _hit("unexplained-acronym", letter, words, *found.span())


def _shouted(letter: Letter, at: int) -> bool:
    """Say whether the whole line is in capitals, as a heading may be."""
    start = letter.text.rfind("\n", 0, at) + 1
    line = letter.text[start : start + 200].split("\n", 1)[0]
    return line == line.upper() and len(line.split()) > 2


def _long(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    for sentence in letter.sentences:
        piece = letter.text[sentence.start : sentence.end]
        if sentence.end - sentence.start > 3 * MOST_WORDS and not _LISTED.match(piece):
            count = sum(1 for part in piece.split() if part[:1].isalnum())
            if count > MOST_WORDS:
                yield _hit(
                    "long-sentence",
                    letter,
                    words,
                    sentence.start,
                    min(sentence.end, sentence.start + 50),
                    said=str(count),
                )


@lru_cache(maxsize=64)
def grade(text: str, sentences: int, language: str) -> float:
    """Return a reading grade: Flesch-Kincaid in English, the first Vienna formula in German.

    Kept a while: a message is graded by itself, and beside the others.
    """
    found = _WORD.findall(text)
    if not found or not sentences:
        return 0.0
    beats = [_beats(word, language) for word in found]
    if language.startswith("de"):
        many = sum(n >= 3 for n in beats) / len(found) * 100
        long = sum(len(word) > 6 for word in found) / len(found) * 100
        short = sum(n == 1 for n in beats) / len(found) * 100
        return 0.1935 * many + 0.1672 * len(found) / sentences + 0.1297 * long - 0.0327 * short - 0.875
    return 0.39 * len(found) / sentences + 11.8 * sum(beats) / len(found) - 15.59


@lru_cache(maxsize=4096)
def _beats(word: str, language: str) -> int:
    """Return how many syllables a word has. Kept: a text says the same words again and again."""
    low = word.lower()
    count = len(_VOWELS.findall(low))
    if language.startswith("en") and low.endswith("e") and not low.endswith("le") and count > 1:
        count -= 1
    if language.startswith("en") and low.endswith("ed") and low[-3:-2] not in {"t", "d"} and count > 1:
        count -= 1
    return max(1, count)


def _grade(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Judge only texts of some length, and only their prose."""
    so_far = accumulate(map(len, letter.prose))
    prose = [piece for piece, length in zip(letter.prose, so_far, strict=True) if length < _ENOUGH]
    text = " ".join(prose)
    if len(text.split()) < 100:
        return
    most = 8 if letter.known.kind == "recall" else 9
    found = grade(text, len(prose), letter.language)
    if found > most + (3 if letter.template else 1):
        yield _hit("reading-grade", letter, words, said=f"{found:.0f}")


def _emoji(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    for found in _EMOJI.finditer(letter.text):
        yield _hit("tone-emoji", letter, words, *found.span())


def _cheerful(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    for found in _CHEER.finditer(letter.text):
        here = letter.sentence_at(found.start())
        inside = any(
            c.start() <= found.start() - here.start < c.end()
            for c in _CODE.finditer(letter.text[here.start : here.end])
        )
        if not inside and not words.excepted("tone-cheerful", letter, here.start, here.end):
            start = letter.text.rfind(" ", here.start, found.start()) + 1
            yield _hit("tone-cheerful", letter, words, max(start, here.start), found.end())


def _leftover(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    if not any(sign in letter.folded for sign in _LEFT_SIGNS):
        return
    for found in re.finditer(_LEFT, letter.text, re.IGNORECASE):
        here = letter.sentence_at(found.start())
        coded = (c.span() for c in _CODE.finditer(letter.text[here.start : here.end]))
        named = found[0] in letter.known.names
        if not named and not any(a <= found.start() - here.start < b for a, b in coded):
            yield _hit("template-leftover", letter, words, *found.span())


def _buried_actions(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield paragraphs in which a reader has to find three or more things to do."""
    counts: dict[int, list[int]] = {}
    for sentence in letter.sentences:
        orders = words.orders(letter.folded, sentence.start)
        if orders and not _LISTED.match(letter.text[sentence.start : sentence.end]):
            counts.setdefault(sentence.paragraph, []).append(sentence.start)
    for paragraph, starts in counts.items():
        if len(starts) >= 3:
            yield _hit(
                "list-buried-actions", letter, words, starts[0], min(starts[0] + 40, letter.paragraphs[paragraph][1])
            )


def _no_link(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    if letter.kind == "post" and not letter.template and "://" not in letter.text:
        yield _hit("missing-link", letter, words)


#: Each check by its code. All are given the letter and the words of its language.
STYLE: dict[str, Callable[[Letter, Lexicon], Iterator[Hit]]] = {
    "unexplained-acronym": _acronyms,
    "long-sentence": _long,
    "reading-grade": _grade,
    "tone-emoji": _emoji,
    "tone-cheerful": _cheerful,
    "template-leftover": _leftover,
    "list-buried-actions": _buried_actions,
    "missing-link": _no_link,
    **PRIVACY,
}
