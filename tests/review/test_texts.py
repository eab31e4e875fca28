"""Texts written by hand: what a reader sees of each format, where each word stands, and what is refused, soon."""

import os
import time

import pytest
from letters import BODY, HTML, MAIL, MARKDOWN, document, docx, locked_docx, words

from crisiscomms.errors import InvalidInput, UsageError
from crisiscomms.review.alone import review_text
from crisiscomms.review.texts.read import read_text

SEEN = [
    "Card payments failed",
    "Dear customers,",
    "We are sorry. On 18 November 2026, 1,791 payments did not go",
    "and we regret any inconvenience.",
    "- Write to our help desk (https://northwind.example/help).",
    "10:12 CET | It began",
]


def read(folder, name, raw):
    path = folder / name
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return read_text(str(path), None)[0]


def place(written, words):
    found = written.place(written.text.index(words))
    return found.line, found.column


@pytest.mark.parametrize(
    ("name", "raw"),
    [("letter.md", MARKDOWN), ("letter.html", HTML), ("letter.docx", docx())],
    ids=["md", "html", "docx"],
)
def test_headings_paragraphs_lists_tables_and_links_are_kept(tmp_path, name, raw):
    text = read(tmp_path, name, raw).text.replace("\xa0", " ")
    at = -1
    for piece in SEEN:
        assert text.find(piece) > at, piece
        at = text.find(piece)
    assert "\n\nDear customers,\n" in text
    for unseen in ("Not seen", "nor this", "color", "document.write", "struck out", "**", "<"):
        assert unseen not in text


def test_every_word_has_its_place(tmp_path):
    for name, raw in (("letter.md", MARKDOWN), ("letter.html", HTML)):
        written = read(tmp_path, name, raw)
        for piece in ("sorry", "1,791", "any inconvenience", "help desk", "10:12", "began"):
            line, column = place(written, piece)
            assert raw.split("\n")[line - 1][column - 1 :].startswith(piece), (name, piece)


def test_plain_text_stays_as_it_is_and_crlf_and_a_mark_of_order_do_not_count(tmp_path):
    written = read(tmp_path, "letter.txt", "\ufeffWe are sorry.\r\n\r\n*Not* bold: 5 people.\r\n")
    assert written.text == "We are sorry.\n\n*Not* bold: 5 people.\n"
    assert place(written, "5 people") == (3, 13)


def test_a_word_document_is_counted_in_paragraphs(tmp_path):
    written = read(tmp_path, "letter.docx", docx())
    assert place(written, "any inconvenience") == (3, 0)
    assert place(written, "help desk") == (4, 0)
    assert place(written, "It began") == (5, 0)
    assert written.counts == "paragraph"


def test_a_mail_is_its_subject_and_its_plain_part(tmp_path):
    written = read(tmp_path, "letter.eml", MAIL)
    assert written.text.startswith("Card payments failed, and we regret any inconvenience\n\nDear Müller,")
    assert "other programs" not in written.text
    assert place(written, "any inconvenience")[0] == 4
    line, column = place(written, "1,791")
    assert MAIL.split("\n")[line - 1][column - 1 :].startswith("1,791 payments")
    only = read(tmp_path, "only.eml", MAIL.replace("text/plain", "application/x"))
    assert only.text.endswith("This is the part for other programs.\n")
    assert only.place(only.text.index("other")).line == 11


def test_a_place_that_cannot_be_known_is_not_guessed(tmp_path):
    coded = MAIL.replace("quoted-printable", "base64").replace(
        MAIL[MAIL.index("Dear M") : MAIL.index("--edge--")], "V2UgYXJlIHNvcnJ5LiBJdCB3YXMgdXMu\n"
    )
    written = read(tmp_path, "coded.eml", coded)
    assert "We are sorry. It was us." in written.text
    found = written.place(written.text.index("It was us"))
    assert found.line in {0, 4}, "the file itself, or the last place that is known"


def test_the_html_of_a_mail_program_is_read_in_its_own_encoding(tmp_path):
    page = '<html><head><meta charset="windows-1252"></head><body>Für Sie</body></html>'.encode("windows-1252")
    assert read(tmp_path, "letter.htm", page).text == "Für Sie\n"
    with pytest.raises(InvalidInput, match="is not the text"):
        read(tmp_path, "letter.htm", page.replace(b"windows-1252", b"utf-8"))


REFUSED = {
    "empty": ("a.md", b"", "is empty"),
    "blank": ("a.txt", b" \n\n", "is empty"),
    "binary": ("a.txt", b"\0\1\2" * 100, "is not a text file"),
    "latin-1": ("a.md", "Für Sie".encode("latin-1"), "is not UTF-8 text"),
    "utf-16": ("a.md", "Sorry".encode("utf-16"), "UTF-16"),
    "large": ("a.md", b"a " * 200_000, "too large"),
    "brackets": ("a.md", b"[" * 150_000, "brackets in one paragraph"),
    "ampersands": ("a.md", b"&a;" * 60_000, "signs < or &"),
    "nested": ("a.md", b"1. " * 60_000, "inside each other"),
    "no words": ("a.html", b"<html><script>x</script></html>", "holds no words"),
    "tags": ("a.html", b"<div>" * 190_000, "far more than a letter"),
    "lists": ("a.html", b"<ul><li>" * 5_000 + b"x", "lists inside lists"),
    "signs": ("a.html", b"&" * 900_000, "far more than a letter"),
    "nul": ("a.html", b"<p>a\0b</p>", "is not a text file"),
    "old word": ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "locked with a password"),
    "locked": ("a.docx", locked_docx(), "locked with a password"),
    "no zip": ("a.docx", b"PK\x03\x04" + b"x" * 600, "broken"),
    "cut off": ("a.docx", docx()[:400], "broken"),
    "other zip": ("a.docx", docx(name="xl/workbook.xml"), "no word/document.xml"),
    "broken xml": ("a.docx", docx("<w:document"), "is broken"),
    "dtd": ("a.docx", docx('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "declares entities"),
    "laughs": (
        "a.docx",
        docx('<!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;&b;">]>' + document("<w:p>&d;</w:p>")),
        "is broken|declares entities",
    ),
    "file entity": ("a.docx", docx('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'), "entities"),
    "bomb": ("a.docx", docx("<a>" + "x" * 9_000_000 + "</a>"), "swells"),
    "links dtd": ("a.docx", docx(links='<!DOCTYPE a [<!ENTITY b "c">]><a/>'), "declares entities"),
    "deep": ("a.docx", docx(document("<w:x>" * 300 + os.urandom(2000).hex() + "</w:x>" * 300)), "nested deeper"),
    "wordless": ("a.docx", docx(document("<w:p/>")), "holds no words"),
    "no mail": ("a.eml", b"\x89PNG\r\n\x1a\n" + b"x" * 99, "is not a mail"),
    "long head": ("a.eml", b"Subject: " + b"=?utf-8?q?a?= " * 6_000 + b"\n\nhello", "head"),
    "long type": ("a.eml", b"Subject: x\nContent-Type: " + b"a;" * 3_000 + b"\n\nhello", "head"),
    "many parts": (
        "a.eml",
        b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 90_000,
        "parts",
    ),
    "encrypted": (
        "a.eml",
        b"Subject: x\nContent-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/octet-stream\n\nx\n--b--",
        "is encrypted",
    ),
    "unknown letters": ("a.eml", b"Subject: x\nContent-Type: text/plain; charset=nope\n\nhello", "is broken"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_no_letter_is_refused_with_a_place_and_a_fix_and_soon(tmp_path, case):
    name, raw, said = case
    begun = time.process_time()
    with pytest.raises(InvalidInput, match=said) as refused:
        read(tmp_path, name, raw)
    assert time.process_time() - begun < 5
    for finding in refused.value.findings:
        assert finding.place.file.endswith(name)
        assert finding.why
        assert finding.fix


def test_a_kind_of_file_that_we_cannot_read_is_named(tmp_path):
    with pytest.raises(UsageError) as refused:
        read(tmp_path, "letter.pdf", b"%PDF-1.4")
    assert ".docx" in refused.value.fix


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    (tmp_path / "folder.md").mkdir()
    for name in ("folder.md", "nowhere.md"):
        with pytest.raises(InvalidInput, match="cannot be opened"):
            read_text(str(tmp_path / name), None)


@pytest.mark.parametrize(
    ("name", "raw"), [("letter.md", MARKDOWN), ("letter.html", HTML), ("letter.docx", docx()), ("letter.eml", MAIL)]
)
def test_a_letter_alone_is_held_to_the_rules_that_need_no_record(tmp_path, name, raw):
    written = read(tmp_path, name, raw)
    _, found = review_text("statement", "en", written)
    codes = {finding.code for finding in found}
    assert {"any-inconvenience", "missing-feedback"} <= codes
    assert "fact-mismatch" not in codes, "nobody knows the facts"
    said = next(finding for finding in found if finding.code == "any-inconvenience")
    assert said.place.line > 0
    assert said.place.file.endswith(name)


def test_a_language_without_rules_is_not_called_clean(tmp_path):
    with pytest.raises(UsageError, match='"fr"'):
        review_text("statement", "fr", read(tmp_path, "lettre.txt", "Nous sommes désolés."))
    _, german = review_text("statement", "de", read(tmp_path, "brief.txt", "Wir bitten um Entschuldigung."))
    assert {finding.code for finding in german} >= {"missing-signatory"}


def test_a_hidden_character_is_named(tmp_path):
    _, found = review_text("post", "en", read(tmp_path, "a.txt", "We are sorry.\nPay \u202e50 now."))
    hidden = next(finding for finding in found if finding.code == "hidden-characters")
    assert (hidden.place.line, hidden.place.column) == (2, 5)


def test_words_in_a_row_of_a_nested_table_are_not_lost(tmp_path):
    inner = f"<w:tbl><w:tr><w:tc>{words('inner')}</w:tc></w:tr></w:tbl>"
    raw = docx(document(f"<w:tbl><w:tr><w:tc>{words('outer')}{inner}</w:tc></w:tr></w:tbl>{BODY}"))
    assert read(tmp_path, "a.docx", raw).text.startswith("outer inner\n")
