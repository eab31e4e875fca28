"""The catalogue: complete, explained, in the docs, and made of phrases that cannot run away."""

import ast
import re
from pathlib import Path

import pytest
from cases import codes_of_text
from example_room import run_here

import crisiscomms.review
from crisiscomms.review.conditions import CONDITIONS
from crisiscomms.review.explain import explain, page
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import lexicon
from crisiscomms.review.phrases import phrases_of
from crisiscomms.review.rules import FAMILIES, rules
from crisiscomms.review.scan import scan

HOME = Path(crisiscomms.review.__file__).parent
DOCS = HOME.parent.parent / "docs" / "rules.md"
RULES = list(rules().values())


def test_the_page_in_the_docs_is_the_data():
    assert DOCS.read_text(encoding="utf-8") == page(), "run ./run docs"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_all_there_is_to_say(rule):
    said = explain(rule.code)
    for part in (
        rule.what,
        rule.why,
        rule.source,
        rule.bad.split("\n")[0],
        rule.good.split("\n")[0],
        rule.fix,
        *rule.spares,
    ):
        assert len(part) > 1
        assert part in said
    assert rule.family in FAMILIES
    assert len(rule.spares) >= 2
    used = (*rule.error_when, *rule.warning_when, *rule.info_when, *rule.off_when, *rule.excused_by)
    assert {part.removeprefix("not ") for condition in used for part in condition.split(" and ")} <= set(CONDITIONS)
    assert set(rule.yields_to) <= set(rules())


def test_every_condition_is_used_by_a_rule():
    used = " and ".join(
        c for r in RULES for c in (*r.error_when, *r.warning_when, *r.info_when, *r.off_when, *r.excused_by)
    )
    assert {part.removeprefix("not ") for part in used.split(" and ")} == set(CONDITIONS)


def test_every_code_that_the_review_gives_is_in_the_catalogue():
    """Findings are built by `error`, `warning` and `finding` of the case, with the code first."""
    given = set()
    for path in HOME.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in {"error", "warning", "finding", "build", "_hit"} and isinstance(node.args[0].value, str):
                    given.add(node.args[0].value)
    assert given
    assert given <= set(rules())


class Example:
    """One example of the catalogue, tried as a case."""

    language, known = "en", {}

    def __init__(self, given):
        self.given = given


@pytest.mark.parametrize("rule", [r for r in RULES if r.how in {"pattern", "gated"}], ids=lambda rule: rule.code)
def test_the_examples_of_a_rule_about_words_are_true(rule):
    early = {"status": "investigating", "cause": "unknown"}
    found = codes_of_text(Example({"text": rule.bad})) | codes_of_text(Example({"text": rule.bad, **early}))
    assert rule.code in found
    assert rule.code not in codes_of_text(Example(rule.good))


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_phrase_can_be_read_and_has_one_gap_at_most(language):
    known = lexicon(language)
    for part in (*known.families.values(), known._unless, known.elements):
        for code, lines in part.items():
            for phrase in phrases_of(lines, code):
                shape = phrase.pattern.pattern
                assert not re.search(r"[+*]|\{\d+,\}", re.sub(r"\\.|\[[^\]]*\]", "", shape)), phrase.source
                assert shape.count(",60}?") <= 1


def test_german_has_the_twenty_that_matter_most():
    assert sum(len(codes) for codes in lexicon("de").families.values()) >= 20
    assert set(lexicon("de").family_of) <= set(lexicon("en").family_of)


def test_the_command_explains_a_rule_and_knows_the_nearest(tmp_path):
    done = run_here(tmp_path, "check", "--explain", "never-again")
    assert done.returncode == 0
    for words in ("never-again", "Why it matters", "Source", "Bad:", "Good:", "Not flagged", "Fix:"):
        assert words in done.stdout
    wrong = run_here(tmp_path, "check", "--explain", "never-agian")
    assert wrong.returncode == 2
    assert 'Did you mean "never-again"?' in wrong.stderr


@pytest.mark.parametrize("apostrophe", ["'", "\u2019"])
def test_a_phrase_may_end_in_a_word_with_an_apostrophe(apostrophe):
    letter = Letter(
        "statement", "en", f"Nobody packed the parcels. It stopped them for every customer{apostrophe}s shop."
    )
    assert "missing-impact" not in {verdict.rule.code for verdict in scan(letter)}
