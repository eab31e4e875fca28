"""What makes a rule weigh more, less or nothing: named conditions about the record, the text, and the words around a hit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from crisiscomms.errors import Severity
from crisiscomms.review.letter import Letter, Sentence
from crisiscomms.review.lexicon import Lexicon
from crisiscomms.review.rules import Rule

_FIGURE = re.compile(r"(?<![\w.])\d[\d.,]*(?!\w)")


class Hit(NamedTuple):
    """Where a rule has something to say: some words of a letter, or the whole of it."""

    code: str
    family: str
    letter: Letter
    lexicon: Lexicon
    start: int = 0
    end: int = 0
    said: str = ""

    @property
    def words(self) -> str:
        """The words as they are written."""
        return " ".join(self.letter.text[self.start : self.end].split())

    @property
    def sentence(self) -> Sentence:
        """The sentence they stand in."""
        return self.letter.sentence_at(self.start)

    def beside(self, element: str) -> bool:
        """Say whether an element stands in the same sentence."""
        here = self.sentence
        return self.lexicon.has(element, self.letter, here.start, here.end)

    def near(self, element: str) -> bool:
        """Say whether an element stands in the same paragraph."""
        return self.lexicon.has(element, self.letter, *self.letter.paragraph_of(self.sentence))

    def anywhere(self, element: str) -> bool:
        """Say whether an element stands in the letter."""
        return self.lexicon.has(element, self.letter, 0, len(self.letter.text))


def _figure_beside(hit: Hit) -> bool:
    here = hit.sentence
    return bool(_FIGURE.search(hit.letter.text, here.start, here.end))


def _open(hit: Hit) -> bool:
    return hit.letter.known.status in {"investigating", "identified", "monitoring"}


def _harmed(hit: Hit) -> bool:
    known = hit.letter.known
    return known.harm in {"possible", "confirmed"} or known.kind in {"data-breach", "safety", "recall"}


#: Each condition with how it reads after "when".
CONDITIONS: Mapping[str, tuple[str, Callable[[Hit], bool]]] = {
    "open": ("it is not over", _open),
    "early": (
        "the cause is still being looked for or has just been found",
        lambda h: h.letter.known.status in {"investigating", "identified"},
    ),
    "over": ("the record says that it is over", lambda h: h.letter.known.status in {"resolved", "follow-up"}),
    "unsure": (
        "the record does not call the cause confirmed",
        lambda h: h.letter.known.cause not in {None, "confirmed"},
    ),
    "confirmed": ("the record calls the cause confirmed", lambda h: h.letter.known.cause == "confirmed"),
    "ours": ("it was our doing, or partly", lambda h: h.letter.known.level in {"ours", "shared"}),
    "not-ours": ("it was not our doing", lambda h: h.letter.known.level == "not-ours"),
    "harmed": ("people were or may be hurt, or their data is out", _harmed),
    "money": ("it is about money", lambda h: h.letter.known.kind == "billing"),
    "serious": (
        "the incident is major, critical or harmful",
        lambda h: h.letter.known.severity in {"major", "critical"} or _harmed(h),
    ),
    "minor": ("the incident is minor", lambda h: h.letter.known.severity == "minor" and not _harmed(h)),
    "conduct": ("it is about what somebody did", lambda h: h.letter.known.kind == "conduct"),
    "recall": ("it is a recall", lambda h: h.letter.known.kind == "recall"),
    "counted": ("the record knows the figure", lambda h: h.letter.known.counted is True),
    "statement": ("it stands in a statement", lambda h: h.letter.kind == "statement"),
    "post": ("it stands in a post", lambda h: h.letter.kind == "post"),
    "memo": ("it stands in the memo to staff", lambda h: h.letter.kind == "memo"),
    "first": ("it stands in the first three sentences", lambda h: h.sentence.number < 3),
    "unknowns": (
        "what is not known is said",
        lambda h: h.letter.known.unknowns is True or h.anywhere("unknown"),
    ),
    "said-made": ("it says that mistakes were made", lambda h: "made" in h.words.lower()),
    "no-lesson": ("the record holds no lesson", lambda h: h.letter.known.lessons is False),
    "no-prevention": (
        "no dated prevention stands beside it",
        lambda h: h.letter.known.prevention is not True and not h.near("dated"),
    ),
    "figure-beside": ("a figure stands in the same sentence", _figure_beside),
    "dated-beside": ("a date or a time stands in the same sentence", lambda h: h.beside("dated")),
    "promise-beside": ("the sentence promises something", lambda h: h.beside("promise")),
    "method-beside": ("the sentence says how that is known", lambda h: h.beside("method")),
    "dated-near": ("a date or a time stands in the same paragraph", lambda h: h.near("dated")),
    "own-failure-near": (
        "the paragraph says in the first person what we failed to do",
        lambda h: h.near("own-failure"),
    ),
    "no-action-near": (
        "the paragraph names nothing that is done",
        lambda h: not h.near("action") and not h.near("own-failure"),
    ),
    "sorry-near": ("the paragraph says sorry", lambda h: h.near("sorry")),
}


def holds(hit: Hit, condition: str) -> bool:
    """Say whether a condition holds: names joined by "and", each with "not" before it or without."""
    for part in condition.split(" and "):
        name = part.removeprefix("not ").strip()
        if CONDITIONS[name][1](hit) is part.startswith("not "):
            return False
    return True


def in_words(condition: str) -> str:
    """Return a condition as people say it."""
    said = []
    for part in condition.split(" and "):
        words = CONDITIONS[part.removeprefix("not ").strip()][0]
        said.append(f"unless {words}" if part.startswith("not ") else words)
    return ", and ".join(said).replace(", and unless", ", unless")


_LADDER = (None, Severity.INFO, Severity.WARNING, Severity.ERROR)


def weigh(hit: Hit, rule: Rule) -> Severity | None:
    """Return how much a hit weighs: None where it is nothing."""
    if any(holds(hit, condition) for condition in rule.off_when):
        return None
    if rule.severity is Severity.QUESTION:
        return Severity.QUESTION
    found = rule.severity
    if any(holds(hit, condition) for condition in rule.error_when):
        found = Severity.ERROR
    elif any(holds(hit, condition) for condition in rule.warning_when):
        found = Severity.WARNING
    elif any(holds(hit, condition) for condition in rule.info_when):
        found = Severity.INFO
    if any(holds(hit, condition) for condition in rule.excused_by):
        return _LADDER[_LADDER.index(found) - 1]
    return found
