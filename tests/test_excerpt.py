"""A line with a mark under the words: counted as a terminal counts, never wider than it may be."""

import time

import pytest

from crisiscomms.errors import Finding, Place, Quote, Severity
from crisiscomms.excerpt import cells, excerpt, reader


def about(line, words, *, message="", number=1):
    place = Place("a.yaml", number, line.index(words) + 1)
    quote = None if message else Quote("statement (en)", 0, len(words), "", words)
    return Finding("code", Severity.ERROR, place, message, "", "", quote)


def shown(line, words, width=70, **more):
    found = excerpt(about(line, words, **more), width, lambda _file: (line,))
    assert found
    assert cells(found.line) <= width
    assert cells(found.marks) <= width
    return found


def under(found):
    """Return what stands above the marks, cell by cell."""
    column, said = 0, ""
    start, end = found.marks.index("^"), len(found.marks)
    for character in found.line:
        if start <= column < end:
            said += character
        column += cells(character)
    return said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  en: Sorry if you were affected.", "Sorry if"),
        ("  en:\tSorry\tif you were affected.", "if you"),
        ("  ja: ご不便をおかけし申し訳ありません。", "申し訳"),
        ("  fr: Nous sommes désolés, si cela vous a gêné.", "si cela"),
        ("  en: \U0001f600\U0001f600 sorry if", "sorry if"),
        ("  en: " + "word " * 60 + "sorry if you minded " + "more " * 60, "sorry if"),
        ("  ja: " + "ご不便" * 60 + "申し訳" + "ます" * 60, "申し訳"),
    ],
)
def test_the_marks_stand_under_the_words(line, words):
    assert under(shown(line, words)).startswith(words)


def test_a_wide_letter_takes_two_columns():
    assert shown("  ja: ご不便をおかけし申し訳ありません。", "申し訳").marks == " " * (6 + 2 * 8) + "^" * 6


def test_a_letter_with_an_accent_of_its_own_takes_one_column():
    found = shown("  fr: de\u0301sole\u0301s si cela", "si cela")
    assert found.marks == " " * len("  fr: desoles ") + "^" * len("si cela")


def test_letters_from_right_to_left_are_repeated_beside_the_marks():
    found = shown("  ar: نأسف إذا تضررتم", "إذا")
    assert found.repeated == "إذا"
    assert shown("  en: sorry if", "sorry if").repeated == ""


def test_what_cannot_be_seen_is_spelled_out():
    found = shown("  en: \x1b[31m\u202esorry if", "sorry if")
    assert found.line == "  en: \\u001b[31m\\u202esorry if"
    assert under(found) == "sorry if"


@pytest.mark.parametrize(
    ("line", "start", "message", "words"),
    [
        ("severty: major", "severty", "is not a field", "severty"),
        ("  due: 2026-11-14", "2026", "the promise was due 2026-11-14", "2026-11-14"),
        ('  name: "Ada, Countess" # yes', '"Ada', "is not a name", '"Ada, Countess"'),
        ("  en: $faild payments failed", "$faild", "cites $faild, which is not there", "$faild"),
        ("  en: We lost 3 million files", "3 million", 'writes out "3 million"', "3 million"),
    ],
)
def test_where_nobody_says_which_words_are_meant_it_is_what_stands_there(line, start, message, words):
    assert under(shown(line, start, message=message)) == words


def test_words_that_go_on_in_the_next_line_are_marked_to_the_end_of_theirs():
    finding = Finding("c", Severity.ERROR, Place("a.yaml", 1, 5), "m", "", "", Quote("x", 0, 1, "", "sorry if you"))
    found = excerpt(finding, 70, lambda _file: ("    sorry if", "    you minded"))
    assert found
    assert under(found) == "sorry if"


def test_a_sentence_of_a_message_is_quoted_where_the_record_has_no_such_line():
    quote = Quote("notice (en)", 10, 19, "We lost\n3 million\nfiles.", "3 million")
    found = excerpt(Finding("c", Severity.ERROR, Place("t.md.j2"), "m", "", "", quote), 70, lambda _file: ())
    assert found
    assert found.line == "We lost 3 million files."
    assert under(found) == "3 million"


def test_only_records_are_quoted(tmp_path):
    """A list holds people's addresses, and settings may hold a password that does not belong there."""
    for name, quoted in (("buyers.csv", False), ("crisiscomms.toml", False), ("outage.yaml", True)):
        path = tmp_path / name
        path.write_text("ada@shop.example,Ada\n", encoding="utf-8")
        finding = Finding("c", Severity.ERROR, Place(str(path), 1, 1), "m", "", "")
        assert (excerpt(finding, 70, reader()) is not None) is quoted
    assert excerpt(Finding("c", Severity.ERROR, Place("gone.yaml", 1, 1), "m", "", ""), 70, reader()) is None


def test_a_line_as_long_as_a_file_is_shown_around_its_words_and_soon():
    line = "  en: " + "w\u00f6rd " * 200_000 + "sorry if you minded " + "m\u00f6re " * 200_000
    finding = about(line, "sorry if")
    began = time.process_time()
    for _ in range(200):
        found = excerpt(finding, 70, lambda _file: (line,))
    assert time.process_time() - began < 2
    assert found
    assert under(found) == "sorry if"
    assert found.line[0] == found.line[-1] == "\u2026"
