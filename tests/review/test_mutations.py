"""What happens to the cases when a rule is taken out, or made to match everything: somebody would notice.

Rules about words are changed in their data and tried anew; rules about records in what they return.
"""

import pytest
from cases import codes_of_record, codes_of_text, tries

from crisiscomms.review import scan
from crisiscomms.review.conditions import Hit
from crisiscomms.review.lexicon import Lexicon, lexicon
from crisiscomms.review.rules import rules
from crisiscomms.review.scan import CHECKS

ALL = list(tries())
#: Words of which every text holds one.
EVERYWHERE = """
a an the we you i it is are was were of to in on at by for not no and be do this
that two our your from will what some with as have has since after there who he she they call change only other write
common six one more stop back der die das wir sie es ist in am um und ein eine nicht der dem den im
zu
""".replace(" ", "\n")


def texts(code, *, flagged, language="en"):
    return [c for c in ALL if c.code == code and c.flagged is flagged and c.language == language and not c.of_record]


def with_phrases(monkeypatch, language, code, lines):
    """Give a rule other phrases, and no exceptions."""
    known = lexicon(language)
    families = {letter: {**codes} for letter, codes in known.families.items()}
    families[known.family_of[code]][code] = lines
    unless = {name: words for name, words in known._unless.items() if name != code}
    changed = Lexicon(language, {**families, "unless": unless, "elements": known.elements, "lists": known.lists})
    monkeypatch.setattr(scan, "lexicon", lambda asked: changed if asked == language else lexicon(asked))


PHRASES = [(language, code) for language in ("en", "de") for code in lexicon(language).family_of]


@pytest.mark.parametrize(("language", "code"), PHRASES)
def test_a_rule_about_words_that_is_gone_is_missed(monkeypatch, language, code):
    with_phrases(monkeypatch, language, code, "")
    for case in texts(code, flagged=True, language=language):
        # Two checks look at words and at signs: what the sign gives away is still found.
        assert code not in codes_of_text(case) or code in CHECKS


@pytest.mark.parametrize(("language", "code"), PHRASES)
def test_a_rule_about_words_that_matches_everything_is_noticed(monkeypatch, language, code):
    with_phrases(monkeypatch, language, code, EVERYWHERE)
    assert any(code in codes_of_text(case) for case in texts(code, flagged=False, language=language))


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_that_is_gone_is_missed(monkeypatch, code):
    monkeypatch.delitem(CHECKS, code)
    found = [code in codes_of_text(case) for case in texts(code, flagged=True)]
    assert found
    assert not all(found)


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_that_matches_everything_is_noticed(monkeypatch, code):
    monkeypatch.setitem(
        CHECKS, code, lambda letter, words: iter([Hit(code, rules()[code].family, letter, words, 0, 1)])
    )
    assert any(code in codes_of_text(case) for case in texts(code, flagged=False))


def of_record(code, *, flagged):
    return [c for c in ALL if c.code == code and c.flagged is flagged and c.of_record]


ABOUT_RECORDS = sorted({case.code for case in ALL if case.of_record})


@pytest.mark.parametrize("code", ABOUT_RECORDS)
def test_a_rule_about_records_tells_its_cases_apart(tmp_path, code):
    """Silent or always speaking, it would give both of these the same answer."""
    flags, spares = of_record(code, flagged=True)[0], of_record(code, flagged=False)[0]
    assert code in codes_of_record(flags, tmp_path / "flags")
    assert code not in codes_of_record(spares, tmp_path / "spares")


def test_every_rule_is_mutated_here():
    assert {code for _, code in PHRASES} | set(CHECKS) | set(ABOUT_RECORDS) == set(rules())
