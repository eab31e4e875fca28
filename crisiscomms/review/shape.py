"""What is missing from a text: the elements of an apology, looked for by how they sound.

For letters that somebody wrote by hand. A message of ours is held to the record's own words instead: see `required`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from crisiscomms.review.conditions import Hit
from crisiscomms.review.figures import figures
from crisiscomms.review.letter import Letter, Sentence
from crisiscomms.review.lexicon import Lexicon

_LONG = {"statement", "notice", "faq", "incident"}
_LETTERS = {"statement", "notice"}
_OPEN = {"investigating", "identified", "monitoring"}
_CLOCK = re.compile(r"(?<![\w:.,])(?:\d{1,2}:\d{2}(?!\d)|\d{1,2} ?[ap]\.?m\b)")
_NO_REPLY = re.compile(r"\b(?:no|do-?not|donot|not)[-_.]?reply@", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@\w")
#: A number of any country, or of one's own: wide, since it only makes us look for hours. The others: see `figures`.
_PHONE = re.compile(r"(?<![\w+])\+?\d[\d ()/-]{6,20}\d(?!\w)")
_MOST = 3


def _hit(code: str, letter: Letter, words: Lexicon, start: int = 0, end: int = 0) -> Hit:
    return Hit(code, "A", letter, words, start, end)


def _by_hand(letter: Letter, kinds: set[str]) -> bool:
    return not letter.template and letter.kind in kinds


def _absent(code: str, kinds: set[str], elements: tuple[str, ...], letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield a hit where none of some elements stands in the letter."""
    end = len(letter.text)
    if _by_hand(letter, kinds) and not any(words.has(element, letter, 0, end) for element in elements):
        yield _hit(code, letter, words)


def _buried(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    if not _by_hand(letter, {"statement"}) or not letter.body:
        return
    at = words.first("sorry", letter, 0, len(letter.text))
    if at is None or letter.sentence_at(at).number < letter.body[0].number:
        return
    behind = letter.sentence_at(at).number - letter.body[0].number
    before = letter.text[letter.body[0].start : letter.sentence_at(at).start].split()
    if behind >= 2 or len(before) > 60:
        yield _hit("apology-buried", letter, words, at, at + 5)


def _specifics(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    if _by_hand(letter, _LONG):
        kinds = {f.kind for f in figures(letter.text[:20000], letter.language)}
        if not kinds & {"date", "number"}:
            yield _hit("missing-specifics", letter, words)


def _undated(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield promises without a date in their sentence, or a heading above them that holds one."""
    if letter.template:
        return
    told: set[int] = set()
    for start, end in words.each("promise", letter):
        here = letter.sentence_at(start)
        if here.number in told or words.excepted("undated-commitment", letter, here.start, here.end):
            continue
        told.add(here.number)
        if not words.has("dated", letter, here.start, here.end) and not _dated_list(letter, words, here):
            yield _hit("undated-commitment", letter, words, start, end)


def _dated_list(letter: Letter, words: Lexicon, here: Sentence) -> bool:
    """Say whether the sentence before holds a date and leads into this one."""
    if here.number == 0:
        return False
    before = letter.sentences[here.number - 1]
    leads = letter.words_of(before)[-1:] == ":"
    follows = words.has("dated-by", letter, here.start, here.end)
    return (leads or follows) and words.has("dated", letter, before.start, before.end)


def _money_only(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    end = len(letter.text)
    rest = ("own-failure", "action")
    if _by_hand(letter, _LETTERS) and words.has("repair", letter, 0, end):
        if any(words.has(element, letter, 0, end) for element in rest):
            return
        yield _hit("repair-only-money", letter, words)


def _no_hours(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    if not _by_hand(letter, _LETTERS):
        return
    found = (_EMAIL.search(letter.text) if "@" in letter.text else None) or _PHONE.search(letter.text)
    if found and not words.has("hours", letter, 0, len(letter.text)):
        yield _hit("no-contact-hours", letter, words, *found.span())


def _no_reply(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    found = _NO_REPLY.search(letter.text) if "reply@" in letter.folded and not letter.template else None
    if found:
        here = letter.sentence_at(found.start())
        if not words.excepted("no-reply-contact", letter, here.start, here.end):
            yield _hit("no-reply-contact", letter, words, *found.span())


def _no_zone(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield the first time of day without a zone, where the letter names none nearby."""
    if letter.template:
        return
    bare = 0
    for found in islice(_CLOCK.finditer(letter.text), 500):
        rest = letter.text[found.end() : found.end() + 60]
        zoned = words.zone.search(rest[: max(0, letter.sentence_at(found.start()).end - found.end())])
        if not zoned and not _opening_hours(letter, words, found.start()):
            bare += 1
            yield _hit("missing-timezone", letter, words, *found.span())
        if bare >= _MOST:
            return


def _opening_hours(letter: Letter, words: Lexicon, at: int) -> bool:
    here = letter.sentence_at(at)
    return words.excepted("missing-timezone", letter, here.start, here.end)


def _signatory(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield letters whose last lines name no person: "The Acme Team", or nobody."""
    if not _by_hand(letter, _LETTERS):
        return
    lines = [line.strip(" *_-\u2013\u2014") for line in letter.text.rstrip().split("\n")[-12:] if line.strip()][-8:]
    if not any(_person(line, words) for line in lines):
        yield _hit("missing-signatory", letter, words)


def _person(line: str, words: Lexicon) -> bool:
    """Say whether a line is somebody's name: two to five capitalised words, none of which is a crowd."""
    parts = line.split(",", maxsplit=1)[0].split()
    if not 2 <= len(parts) <= 5 or line[-1:] in {".", "?", "!", ":"}:
        return False
    crowd = set(words.lists.get("crowds", []))
    plain = [part.strip(".").lower() for part in parts]
    small = {"von", "van", "de", "der", "da", "di", "al", "bin", "zu"}
    return not crowd & set(plain) and all(part[:1].isupper() or part in small for part in parts)


def _no_next(letter: Letter, words: Lexicon) -> Iterator[Hit]:
    """Yield texts about something that is not over and do not say when the next word comes."""
    if letter.template or letter.known.status not in _OPEN or letter.kind == "memo":
        return
    for start, end in words.each("next", letter):
        here = letter.sentence_at(start)
        del end
        if words.has("dated", letter, here.start, here.end):
            return
    yield _hit("missing-next-update", letter, words)


#: Each check by its code. All are given the letter and the words of its language.
SHAPES: dict[str, Callable[[Letter, Lexicon], Iterator[Hit]]] = {
    "no-explicit-apology": partial(_absent, "no-explicit-apology", _LETTERS, ("sorry",)),
    "apology-buried": _buried,
    "missing-responsibility": partial(_absent, "missing-responsibility", _LETTERS, ("own-failure", "duty")),
    "missing-impact": partial(_absent, "missing-impact", _LONG, ("impact",)),
    "missing-specifics": _specifics,
    "missing-corrective-action": partial(_absent, "missing-corrective-action", _LETTERS, ("action",)),
    "undated-commitment": _undated,
    "missing-repair": partial(_absent, "missing-repair", {"statement"}, ("repair",)),
    "repair-only-money": _money_only,
    "missing-feedback": partial(_absent, "missing-feedback", _LETTERS, ("feedback",)),
    "missing-reader-action": partial(_absent, "missing-reader-action", _LONG, ("reader-action",)),
    "missing-unknowns": partial(_absent, "missing-unknowns", {"statement", "notice", "faq", "incident"}, ("unknown",)),
    "missing-next-update": _no_next,
    "missing-signatory": _signatory,
    "no-reply-contact": _no_reply,
    "no-contact-hours": _no_hours,
    "missing-timezone": _no_zone,
}
