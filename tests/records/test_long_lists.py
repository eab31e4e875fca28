"""Lists of very many people: read in little memory, the same for a quick look and a careful one, or not at all."""

import os
import re
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crisiscomms.errors import InvalidInput, Place
from crisiscomms.fields import is_email
from crisiscomms.record import cells, recipients
from crisiscomms.record.recipients import ListChanged, read_recipients

HEAD = b"email,name,language,records\n"
MANY = 3_000
#: What makes a quick look hesitate, and what a careful one refuses.
SIGNS = "=?,;\n\r\t\0\x1c\x7f\x85\xa0\xad\u200b\u200d\u202e\u2028\u3164\u2800\u0600\ue000\ufeff\U000e0061éä한aZ9 "
CELLS = st.text(st.sampled_from(SIGNS), max_size=6) | st.text(max_size=6) | st.just("x" * 2_001)
ADDRESSES = (
    st.text(st.sampled_from("aZ9.-_+@!\n é\u212a"), max_size=12)
    | st.text(st.sampled_from("a9.-"), max_size=8).map(lambda domain: f"a@{domain}.example")
    | st.text(st.sampled_from("aZ.-_+"), max_size=8).map(lambda local: f"{local}@b.example")
)


def row(number):
    return b"person%d@mail%d.example,Given Family%d,en,%d\n" % (number, number % 50, number, number)


@pytest.fixture
def listed(tmp_path):
    """Write a list from rows, each with a line feed at its end."""

    def write(rows, head=HEAD):
        path = tmp_path / "given.csv"
        path.write_bytes(head + b"".join(rows))
        return path

    return write


# -- reading again ---------------------------------------------------------------------------------------------


def test_people_come_one_by_one_as_often_as_they_are_wanted(listed):
    path = listed(row(number) for number in range(MANY))
    found = read_recipients(path)
    os.utime(path, (1, 1))
    for _ in range(2):
        people = list(found.people())
        assert len(people) == found.count == MANY
        assert [person.line for person in people] == list(range(2, MANY + 2))
        last = people[-1]
        assert (last.email, last.name, last.language) == ("person2999@mail49.example", "Given Family2999", "en")
        assert (last.value("records"), last.value("nothing")) == ("2999", "")


def test_a_list_may_leave_out_columns_and_cells(listed):
    people = read_recipients(listed([b"Ana@Mail.example\n", b" b@mail.example , 7\n"], b"email,trips\n")).people()
    assert [(p.key, p.name, p.language, p.value("trips")) for p in people] == [
        ("ana@mail.example", "", "", ""),
        ("b@mail.example", "", "", "7"),
    ]


def test_a_list_with_problems_hands_out_nobody(listed):
    with pytest.raises(InvalidInput, match="plain e-mail address"):
        read_recipients(listed([row(1), b"nobody,,,\n"])).people()


#: What happens to a list between the check and the reading. Each keeps the first rows.
CHANGES = {
    "one digit": lambda raw: raw[:-2] + b"8\n",
    "one person more": lambda raw: raw + row(MANY),
    "one person less": lambda raw: raw[: raw.rindex(b"person")],
    "a blank line": lambda raw: raw + b"\n",
    "a cell too many": lambda raw: raw.replace(b"en,2000\n", b"en,2000,1\n"),
    "an open quote": lambda raw: raw + b'"',
    "another encoding": lambda raw: raw + "jürg@mail.example,Jürg,de,1\n".encode("latin-1"),
    "a null byte": lambda raw: raw + b"\0",
    "nothing left": lambda raw: b"",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_list_that_changed_after_the_check_is_not_used(listed, change):
    path = listed(row(number) for number in range(MANY))
    found = read_recipients(path)
    path.write_bytes(CHANGES[change](path.read_bytes()))
    with pytest.raises(ListChanged) as caught:
        list(found.people())
    assert caught.value.exit_code == 5
    assert caught.value.place == Place(found.file)
    assert caught.value.why == "Nothing was sent."
    assert caught.value.fix.startswith("Run the command again")


def test_a_list_that_changes_while_it_is_read_is_not_used(listed):
    path = listed(row(number) for number in range(MANY))
    people = read_recipients(path).people()
    assert next(people).line == 2
    path.write_bytes(path.read_bytes()[:-2] + b"8\n")
    with pytest.raises(ListChanged):
        list(people)


def test_a_list_that_is_gone_is_not_used(listed):
    path = listed([row(1)])
    found = read_recipients(path)
    path.unlink()
    with pytest.raises(ListChanged):
        list(found.people())


# -- who stands there twice ------------------------------------------------------------------------------------


@pytest.mark.parametrize("alike", [False, True], ids=["hashes", "hashes-all-alike"])
def test_addresses_that_stand_far_apart_are_found_in_order(listed, monkeypatch, alike):
    if alike:
        monkeypatch.setattr(recipients, "hash", lambda _: 7, raising=False)
    rows = [row(number) for number in range(MANY)]
    rows[1_000] = b"nobody,,,\n"
    rows[2_000] = row(5).upper()
    rows[2_500] = row(6)
    rows[2_990] = row(1_999).replace(b"Given", "Gi\u200bven".encode())
    rows[2_991] = row(7)
    found = read_recipients(listed(rows))
    assert [(p.code, p.place.line, re.findall(r"on line \d+", p.message)) for p in found.problems] == [
        ("bad-address", 1_002, []),
        ("duplicate-address", 2_002, ["on line 7"]),
        ("duplicate-address", 2_502, ["on line 8"]),
        ("duplicate-address", 2_992, ["on line 2001"]),
        ("hidden-characters", 2_992, []),
        ("duplicate-address", 2_993, ["on line 9"]),
    ]


def test_different_addresses_with_the_same_hash_are_different_people(listed, monkeypatch):
    monkeypatch.setattr(recipients, "hash", lambda _: 7, raising=False)
    found = read_recipients(listed(row(number) for number in range(MANY)))
    assert (found.problems, found.count) == ((), MANY)


def test_of_a_list_in_which_everyone_stands_twice_the_first_fifty_are_told(listed):
    rows = [row(number) for number in range(MANY)]
    found = read_recipients(listed([*rows, *reversed(rows)]))
    assert [p.place.line for p in found.problems] == [*range(MANY + 2, MANY + 52), MANY + 51]
    assert "further down" in found.problems[-1].message
    assert found.problems[0].message.endswith(f"the first is on line {MANY + 1}")


def test_a_row_that_was_refused_is_nobodys_first(listed):
    hidden = row(1).replace(b"Given", "Gi\u200bven".encode())
    found = read_recipients(listed([hidden, row(1), row(2)]))
    assert [(p.code, p.place.line) for p in found.problems] == [("hidden-characters", 2)]


# -- what comes first ------------------------------------------------------------------------------------------


def test_what_is_wrong_before_a_broken_row_is_told_as_well(listed):
    found = read_recipients(listed([row(1), b"nobody,,,\n", b'a@b.example,"A"B,en,1\n', b"no one,,,\n"]))
    assert [(p.code, p.place.line) for p in found.problems] == [("bad-address", 3), ("bad-list", 4)]
    assert "middle of a cell" in found.problems[1].message


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with-mark"])
def test_a_file_that_is_no_text_is_told_so_and_nothing_else(listed, mark):
    for last, words in ((b"\n\xff", "is not UTF-8 text"), (b"\n\0", "is not a text file"), (b"\n\0\xff", "UTF-8")):
        (problem,) = read_recipients(listed([b"nobody,,,\n"] * 20_000 + [last], mark + HEAD)).problems
        assert words in problem.message
        assert problem.place.line == 20_003


def test_the_first_blank_cell_and_the_first_that_is_no_number_are_known(listed):
    rows = [row(number) for number in range(MANY)]
    rows[1_500] = b"a@b.example,,en,\n"
    rows[1_600] = b"b@b.example,Bo,en,1.9k\n"
    rows[2_000] = b"c@b.example,Jo\xc2\xa0Li,en\n"
    found = read_recipients(listed(rows))
    assert not found.problems
    assert found.blank == {"name": 1_502, "records": 1_502}
    assert found.uncountable["records"] == (1_502, "")
    assert found.uncountable["language"] == (2, "en")


# -- quick and careful -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [*SIGNS, "=?", "x" * 2_000])
def test_a_quick_look_stops_at_each_sign_that_is_refused(sign):
    found = ["a@b.example", f"A{sign}B"]
    refused = list(cells.cell_flaws(Place("given.csv"), ("email", "name"), found))
    assert not (refused and cells.harmless(found))


@settings(max_examples=200, deadline=None)
@given(found=st.lists(CELLS, max_size=4))
def test_a_quick_look_lets_nothing_pass_that_a_careful_one_refuses(found):
    columns = tuple("abcd"[: len(found)])
    if cells.harmless(found):
        assert not list(cells.cell_flaws(Place("given.csv"), columns, found))


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            ADDRESSES | st.integers(0, 300).map(lambda n: f"p{n}@b.example"),
            CELLS,
            st.sampled_from(["\n", ",\n", ",5\n", "\n\n", "\r\n", ",en,5,6\n"]),
        ),
        max_size=20,
    ),
    before=st.sampled_from([0, 200]),
)
def test_a_list_is_the_same_for_a_quick_look_and_a_careful_one(tmp_path_factory, rows, before):
    path = tmp_path_factory.getbasetemp() / "given.csv"
    words = "".join(f"{email},{name}{end}" for email, name, end in rows)
    path.write_bytes(HEAD + b"".join(row(number) for number in range(before)) + words.encode())
    quick = read_recipients(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipients, "harmless", lambda _: False)
        assert read_recipients(path) == quick


def is_plain_address(address):
    """The rules of `is_email` one by one."""
    local, at, domain = address.partition("@")
    labels = domain.split(".")
    return (
        bool(at)
        and len(address) <= 254
        and 1 <= len(local) <= 64
        and all(c.isascii() and (c.isalnum() or c in ".!#$%&'*+/=?^_`{|}~-") for c in local)
        and not (local.startswith(".") or local.endswith(".") or ".." in local)
        and len(labels) >= 2
        and all(label and not label.startswith("-") and not label.endswith("-") for label in labels)
        and all(c.isascii() and (c.isalnum() or c == "-") for label in labels for c in label)
    )


@settings(max_examples=1_000, deadline=None)
@given(address=ADDRESSES | st.text(max_size=12))
@example("a" * 64 + "@b.example")
@example("a" * 65 + "@b.example")
@example("a@" + "b" * 244 + ".example")
@example("a@" + "b" * 245 + ".example")
@example("a@b.example\n")
@example("a@b@c.example")
@example("a.@b.example")
@example("a@b--c.example")
def test_an_address_is_plain_by_the_same_rules_at_any_speed(address):
    assert is_email(address) == is_plain_address(address)


# -- memory ----------------------------------------------------------------------------------------------------


def test_a_list_of_two_hundred_thousand_takes_a_few_megabytes(listed):
    path = listed(row(number) for number in range(200_000))
    tracemalloc.start()
    try:
        found = read_recipients(path)
        assert sum(1 for _ in found.people()) == found.count == 200_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
