"""Letters that a grown-up would sign, written by hand: no error in them, and at most one warning per 200 words."""

from pathlib import Path

import pytest

from crisiscomms.review.letter import Known, Letter
from crisiscomms.review.scan import scan

LETTERS = sorted((Path(__file__).parent / "good").glob("*.md"))


def letter_of(path):
    """Read a letter, with what its record would say above the line."""
    head, _, text = path.read_text(encoding="utf-8").partition("\n---\n")
    said = dict(part.strip().split(": ") for part in head.split(","))
    known = {name: value == "true" if value in {"true", "false"} else value for name, value in said.items()}
    return Letter("statement", "en", text, known=Known(**known)), said["kind"]


def test_there_are_twelve_of_six_kinds():
    assert len(LETTERS) >= 12
    assert len({letter_of(path)[1] for path in LETTERS}) >= 6


@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.stem)
def test_a_good_letter_passes(path):
    letter, _ = letter_of(path)
    found = [(str(v.severity), v.rule.code, v.hit.words) for v in scan(letter)]
    assert [one for one in found if one[0] == "error"] == []
    assert len([one for one in found if one[0] == "warning"]) * 200 <= len(letter.text.split()), found
