"""Lists of people that cannot be read, and a record that names them."""

import os
import time
from collections import Counter

import pytest
from monsters import good, write
from refusals import helps, refused, reported

from crisiscomms.record import load_record
from crisiscomms.record.recipients import read_recipients
from crisiscomms.workspace import FILE, read_workspace

HEAD = b"email,name,language\n"
#: Name, bytes, and the codes and lines of all findings.
LISTS = {
    "nothing": (b"", [("bad-list", 1)]),
    "blank-lines": (b"\n\n\n", [("bad-list", 1)]),
    "null-byte": (HEAD + b"anna@mail.example,An\0na,en\n", [("bad-list", 2)]),
    "latin-1": (HEAD + "bo@mail.example,Bo,en\njürg@mail.example,Jürg,de\n".encode("latin-1"), [("bad-list", 3)]),
    "utf-16": ("email,name\nanna@mail.example,Anna\n".encode("utf-16"), [("bad-list", 1)]),
    "spreadsheet": (b"PK\x03\x04\x14\0\x06\0", [("bad-list", 1)]),
    "tabs": (b"email\tname\nanna@mail.example\tAnna\n", [("bad-list", 1)]),
    "no-header": (b"anna@mail.example,Anna,en\n", [("bad-list", 1)]),
    "email-twice": (b"email,email\nanna@mail.example,bo@mail.example\n", [("bad-list", 1)]),
    "hidden-column": ("email,na\u202eme\nanna@mail.example,Anna\n".encode(), [("hidden-characters", 1)]),
    "long-cell": (HEAD + b'anna@mail.example,"' + b"a" * 200_000 + b'",en\n', [("bad-list", 2)]),
    "longish-cell": (HEAD + b"anna@mail.example," + b"a" * 3_000 + b",en\n", [("bad-list", 2)]),
    "ten-megabyte-line": (HEAD + b"a" * 10_000_000, [("bad-list", 2)]),
    "never-closed": (HEAD + b'anna@mail.example,"Anna\n' + b"bo@mail.example,Bo,en\n" * 1000, [("bad-list", 2)]),
    "carriage-return": (
        HEAD + b'eve@mail.example,"Eve\rBcc: x",en\nbo@mail.example,Bo,en\n',
        [("hidden-characters", 2)],
    ),
    "two-faults": (HEAD + "eve@@mail.example,Ev\u200be,en\n".encode(), [("bad-address", 2), ("hidden-characters", 2)]),
    "line-of-cells": (HEAD + b'anna@mail.example,"A\nB",en\nanna@mail.example,C,en\n', [("hidden-characters", 2)]),
    "tag-characters": (HEAD + "bo@mail.example,B\U000e0061o,en\n".encode(), [("hidden-characters", 2)]),
    "private-use": (HEAD + "bo@mail.example,B\ue003o\ue004,en\n".encode(), [("hidden-characters", 2)]),
    "quoted-address": (HEAD + b'"""a\rb""@c.example",Eve,en\n', [("bad-address", 2), ("hidden-characters", 2)]),
    "smuggled": (
        HEAD + b'"a@b.example>\r\nRCPT TO:<c@d.example",Eve,en\n',
        [("bad-address", 2), ("hidden-characters", 2)],
    ),
}
WITH_LIST = """\
audiences:
  riders:
    name: Riders
    channels: [email]
    recipients: ../lists/given.csv
"""


def test_a_list_with_semicolons_is_read_as_spreadsheets_write_it_where_a_comma_parts_decimals(workspace):
    raw = '\ufeff\r\nemail;name;language;"owed, now"\r\nanna@mail.example;"Berg; Anna";de;84,20\r\n'
    (workspace.folder / "lists" / "given.csv").write_bytes(raw.encode())
    path = write(workspace, "with-list", good("with-list", WITH_LIST))
    (one,) = load_record(workspace, path).lists["riders"].people()
    assert (one.email, one.name, one.language, one.value("owed, now")) == (
        "anna@mail.example",
        "Berg; Anna",
        "de",
        "84,20",
    )


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_cannot_be_read_says_why(workspace, name):
    raw, codes = LISTS[name]
    (workspace.folder / "lists" / "given.csv").write_bytes(raw)
    findings = refused(workspace, write(workspace, "with-list", good("with-list", WITH_LIST)))
    assert reported(findings, "with-list") == Counter((code, f"given.csv:{line}") for code, line in codes)
    assert all(helps(finding, "with-list") for finding in findings)


def test_of_very_many_bad_lines_the_first_are_told(workspace):
    (workspace.folder / "lists" / "given.csv").write_bytes(HEAD + b"nobody,Nobody,en\n" * 50_000)
    findings = refused(workspace, write(workspace, "with-list", good("with-list", WITH_LIST)))
    assert len(findings) == 51
    assert "further down" in findings[-1].message


def test_a_long_list_is_read_soon(workspace):
    rows = b"".join(b"person%d@mail.example,Someone,en\n" % n for n in range(10_000))
    path = workspace.folder / "lists" / "given.csv"
    path.write_bytes(HEAD + rows)
    began = time.process_time()
    assert read_recipients(path).count == 10_000
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_no_list(workspace, make):
    make(workspace.folder / "lists" / "given.csv")
    (finding,) = refused(workspace, write(workspace, "with-list", good("with-list", WITH_LIST)))
    assert finding.code == "missing-file"


def test_a_list_that_went_away_is_said_and_not_raised(workspace):
    (problem,) = read_recipients(workspace.folder / "lists" / "gone.csv").problems
    assert "cannot be opened" in problem.message


def test_a_lasting_list_may_not_leave_the_workspace_either(workspace):
    settings = workspace.folder / FILE
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("lists/staff.csv", "../staff.csv"), encoding="utf-8"
    )
    (workspace.folder.parent / "staff.csv").write_bytes(HEAD)
    again = read_workspace(workspace.folder)
    (finding,) = refused(again, "kettle-recall")
    assert finding.code == "outside-workspace"
    line = settings.read_text(encoding="utf-8").split("\n")[finding.place.line - 1]
    assert line == 'recipients = "../staff.csv"'
    assert helps(finding, "kettle-recall")


def test_a_number_that_a_text_counts_with_must_be_one(workspace):
    listed = workspace.folder / "lists" / "merchants.csv"
    listed.write_text(listed.read_text(encoding="utf-8").replace(",9\n", ",1.9k\n"), encoding="utf-8")
    path = workspace.record_path("checkout-outage")
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "$recipient.failed_payments of", "$recipient.failed_payments.with_unit of"
        ),
        encoding="utf-8",
    )
    (finding,) = refused(workspace, "checkout-outage")
    assert (finding.place.line, finding.code) == (3, "bad-list")
    assert "1.9k" in finding.message


def test_a_list_in_any_column_order_is_good(workspace):
    (workspace.folder / "lists" / "given.csv").write_bytes(b" name , email\nAnna,anna@mail.example\n")
    record = load_record(workspace, write(workspace, "with-list", good("with-list", WITH_LIST)))
    assert next(record.lists["riders"].people()).email == "anna@mail.example"
    assert record.lists["riders"].columns == ("name", "email")
