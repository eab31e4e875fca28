"""Every broken record says all that is wrong with it, in words that help, at once, and soon."""

import re
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest
from monsters import GOOD, LAST, MONSTERS, TIRING, good, tiring, write
from refusals import helps, outcome, refused, reported

from crisiscomms.errors import InvalidInput, UsageError
from crisiscomms.record import load_record, parse_record

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))


def expected(source):
    said = " ".join(re.findall(r"^# expect: (.*)$", source, re.MULTILINE)).split()
    return Counter(zip(said[::2], said[1::2], strict=True))


def test_there_are_enough_of_them():
    assert len(BROKEN) >= 50


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_record_says_all_that_is_wrong_and_nothing_else(workspace, path):
    shutil.copy(path, workspace.folder / "incidents")
    findings = refused(workspace, path.stem)
    assert reported(findings, path.stem) == expected(path.read_text(encoding="utf-8"))
    assert all(helps(finding, path.stem) for finding in findings)


@pytest.mark.parametrize("name", MONSTERS)
def test_a_monster_is_refused(workspace, name):
    raw, codes = MONSTERS[name]
    findings = refused(workspace, write(workspace, name, raw))
    assert reported(findings, name) == Counter((code, str(line)) for code, line in codes)
    assert all(helps(finding, name) for finding in findings)


@pytest.mark.parametrize("name", TIRING)
def test_a_text_that_tires_patterns_is_read_soon(workspace, name):
    write(workspace, f"tiring-{name}", tiring(name))
    began = time.process_time()
    record, findings = outcome(lambda: load_record(workspace, f"tiring-{name}"))
    assert time.process_time() - began < 1.0
    assert record or 0 < len(findings) <= 201
    assert all(helps(finding, f"tiring-{name}") for finding in findings)


@pytest.mark.parametrize(
    "more",
    [
        "".join(f"k{n}: a\n" for n in range(4_000)),
        "title: a\n" * 4_000,
        "glossary:\n" + "".join(f"  k{n}: <b>\n" for n in range(4_000)),
        "audiences:\n" + "".join(f"  k{n}: {{ name: a, channels: [b] }}\n" for n in range(1_200)),
        "affected:\n  components:\n" + "".join(f"    k{n}: operational\n" for n in range(4_000)),
        "facts:\n" + "".join(f"  k{n}: {{ value: 1, unit: a, says: $l{n} }}\n" for n in range(1_200)),
        "promises:\n" + "".join("  - { id: a, text: b, due: 2026-13-01, owner: c }\n" for _ in range(1_000)),
        "unknowns:\n" + "".join(f"  - {{ question: a, expected_by: 2026-12-01 10:00 Z/{n} }}\n" for n in range(1_900)),
        "notes: &a a\n" + "".join(f"k{n}: *a\n" for n in range(4_000)),
        "x: 1 #a\n" * 4_000,
    ],
    ids=["names", "repeats", "html", "channels", "components", "citations", "promises", "zones", "aliases", "remarks"],
)
def test_of_very_many_problems_the_first_are_told(workspace, more):
    findings = refused(workspace, write(workspace, "very-many", good("very-many", more)))
    assert len(findings) == 201
    assert "further problems" in findings[-1].message
    assert all(helps(finding, "very-many") for finding in findings)


@pytest.mark.parametrize(
    "name",
    ["", "..", "../crisiscomms", "No Such", "a/b", "a\0b", "x" * 5000, "trams--late", "checkout-outag", "é", "a\n"],
)
def test_what_is_no_name_of_a_record_is_a_usage_error(workspace, name):
    with pytest.raises(UsageError) as caught:
        load_record(workspace, name)
    error = caught.value
    assert error.why
    assert error.fix
    assert error.problem.isprintable()
    assert len(error.problem) < 300
    assert ('Did you mean "checkout-outage"?' in error.problem) is (name == "checkout-outag")


def test_a_folder_in_place_of_a_record_is_a_usage_error(workspace):
    (workspace.folder / "incidents" / "folder.yaml").mkdir()
    with pytest.raises(UsageError):
        load_record(workspace, "folder")


def test_a_text_that_no_file_can_hold_is_refused(workspace):
    with pytest.raises(InvalidInput, match="not UTF-8"):
        parse_record(workspace, GOOD.format(name="surrogate") + "notes: \ud800\n", workspace.record_path("surrogate"))


def test_the_words_name_what_was_meant(workspace):
    shutil.copy(Path(__file__).parent / "broken" / "unknown-citations.yaml", workspace.folder / "incidents")
    words = " ".join(finding.message for finding in refused(workspace, "unknown-citations"))
    assert 'cites $failed_payment, which the record does not have. Did you mean "$failed_payments"?' in words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unknown-field", 'Did you mean "severity"?'),
        ("unknown-field-below", 'Did you mean "next_update"?'),
        ("wrong-choices", 'Did you mean "outage"?'),
        ("unknown-audiences", 'Did you mean "neighbours"?'),
        ("unknown-components", 'Did you mean "checkout"?'),
        ("unknown-channels", 'Did you mean "email"?'),
        ("unknown-promises", 'Did you mean "review"?'),
        ("unknown-promises", 'Did you mean "$promises.review.due"?'),
        ("unknown-zones", 'Did you mean "Europe/Berlin"?'),
        ("unknown-zones", 'Did you mean "Europe/Lisbon"?'),
        ("column-that-is-not-there", 'Did you mean "failed_payments"?'),
        ("not-times", "2026-11-18 10:20"),
        ("clocks-went-back", "+02:00 for the first time, +01:00 for the second"),
        ("twice-at-top", "the first is on line 5"),
        ("twice-below", "the first is on line 11"),
        ("wrong-names", 'single hyphens between them: "full-review"'),
        ("lost-words", "#1719"),
    ],
)
def test_the_words_help_to_correct_it(workspace, name, words):
    shutil.copy(Path(__file__).parent / "broken" / f"{name}.yaml", workspace.folder / "incidents")
    assert words in " ".join(f"{finding.message} {finding.fix}" for finding in refused(workspace, name))


def test_a_zone_in_short_form_is_not_corrected_to_another_zone(workspace):
    raw = good("short-form").replace(b"09:10", b"09:10 CEST")
    (finding,) = refused(workspace, write(workspace, "short-form", raw))
    assert "Did you mean" not in finding.message + finding.fix


def test_what_is_told_names_the_column_too(workspace):
    raw = good("column").replace(b"Trams are late.", "Straßenbahnen 🚋 sind <b>spät".encode())
    (finding,) = refused(workspace, write(workspace, "column", raw))
    assert (finding.place.line, finding.place.column) == (LAST, 32)
