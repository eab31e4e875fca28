"""Every rule of the catalogue against its cases, and what happens to the cases when a rule is changed."""

from collections import Counter

import pytest
from cases import codes_of_record, codes_of_text, tries

from crisiscomms.review.rules import rules

ALL = list(tries())
TEXTS = [case for case in ALL if not case.of_record]
RECORDS = [case for case in ALL if case.of_record]


@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case.name)
def test_a_text_is_flagged_or_spared(case):
    assert (case.code in codes_of_text(case)) is case.flagged


@pytest.mark.parametrize("case", RECORDS, ids=lambda case: case.name)
def test_a_changed_record_is_flagged_or_spared(case, tmp_path):
    assert (case.code in codes_of_record(case, tmp_path)) is case.flagged


def test_every_rule_has_three_cases_of_each_kind():
    counts = Counter((case.code, case.flagged) for case in ALL if case.language == "en")
    assert set(rules()) == {code for code, _ in counts}
    assert min(counts.values()) >= 3
    german = Counter((case.code, case.flagged) for case in ALL if case.language == "de")
    assert len({code for code, _ in german}) >= 20
    assert min(german.values()) >= 3
