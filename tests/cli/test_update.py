from __future__ import annotations

import difflib
from pathlib import Path

import pytest

NOW = "2026-11-18 17:00"
UPDATE = (
    "update",
    "checkout-outage",
    "--status",
    "follow-up",
    "--text",
    "We have paid back: every fee.",
    "--id",
    "paid-back",
    "--now",
    "2026-11-26 10:00",
)


def added(before: str, after: str) -> list[str]:
    """The lines that were added; nothing else may differ."""
    lines = list(difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True)))
    assert not [line for line in lines if line.startswith("- ")]
    return [line[2:].rstrip("\r\n") for line in lines if line.startswith("+ ")]


def record(example: Path) -> Path:
    return example / "incidents" / "checkout-outage.yaml"


def test_only_the_new_lines_are_new(crisiscomms, example):
    before = record(example).read_text(encoding="utf-8")
    crisiscomms(*UPDATE, cwd=example)
    assert added(before, record(example).read_text(encoding="utf-8")) == [
        "  - id: paid-back",
        "    at: 2026-11-26 10:00",
        "    status: follow-up",
        '    text: "We have paid back: every fee."',
    ]


def test_who_had_mails_before_and_gets_none_now_is_named(crisiscomms, example):
    assert "It is mailed to nobody of merchants" in crisiscomms(*UPDATE, cwd=example).stdout
    later = ("--id", "paid", "--to", "merchants", "--now", "2026-11-27 10:00")
    told = crisiscomms(*UPDATE[:-4], *later, cwd=example).stdout
    assert "nobody of" not in told


def test_comments_and_what_follows_stay_where_they_are(crisiscomms, example):
    path = record(example)
    source = path.read_text(encoding="utf-8")
    head, tail = source[: source.index("updates:")], source[source.index("updates:") :]
    moved = head.replace("notes: >", "\n# the end of the updates comes before this\nnotes: >")
    start = moved.index("\n# the end of the updates")
    path.write_text(
        moved[:start] + "\n" + tail.rstrip() + "\n    # a comment of the last update\n" + moved[start:],
        encoding="utf-8",
    )
    before = path.read_text(encoding="utf-8")
    crisiscomms(*UPDATE, cwd=example)
    after = path.read_text(encoding="utf-8")
    assert len(added(before, after)) == 4
    assert (
        after.index("a comment of the last update") < after.index("paid-back") < after.index("# the end of the updates")
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_stay(crisiscomms, example, ending, mark):
    path = record(example)
    path.write_bytes((mark + path.read_text(encoding="utf-8").replace("\n", ending)).encode())
    before = path.read_bytes()
    crisiscomms(*UPDATE, cwd=example)
    after = path.read_bytes()
    assert after.startswith(before.rstrip(b"\r\n"))
    assert after.count(b"\n") == before.count(b"\n") + 4
    assert after.count(b"\r\n") == (after.count(b"\n") if ending == "\r\n" else 0)


def test_a_file_without_a_last_line_end(crisiscomms, example):
    path = record(example)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    crisiscomms(*UPDATE, cwd=example)
    assert "audiences: [merchants]\n  - id: paid-back" in path.read_text(encoding="utf-8")


def test_next_in_words_and_by_cadence(crisiscomms, example):
    path = record(example)
    stage = (example / "stages/checkout-outage/1.yaml").read_text(encoding="utf-8")
    path.write_text(stage, encoding="utf-8")
    crisiscomms(
        "update",
        "checkout-outage",
        "--status",
        "identified",
        "--text",
        "We know why.",
        "--next",
        "in 45 minutes",
        "--now",
        "2026-11-18 11:12",
        cwd=example,
    )
    assert "next_update: 2026-11-18 11:57" in path.read_text(encoding="utf-8")
    crisiscomms(
        "update",
        "checkout-outage",
        "--status",
        "monitoring",
        "--text",
        "It works.",
        "--now",
        "2026-11-18 11:50",
        cwd=example,
    )
    assert "next_update: 2026-11-18 12:50" in path.read_text(encoding="utf-8"), "a major incident's cadence is an hour"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--status", "resolve", "--text", "x"), 2, 'Did you mean "resolved"?'),
        (("--status", "resolved", "--text", "x", "--to", "merchant"), 3, 'Did you mean "merchants"?'),
        (("--status", "resolved", "--text", "<b>x</b>"), 3, "HTML"),
        (("--status", "resolved", "--text", "$nothing"), 3, "$nothing"),
        (("--status", "resolved", "--text", "x", "--next", "tomorrow-ish"), 2, "not a time"),
    ],
)
def test_what_would_break_the_record_is_not_written(crisiscomms, example, words, code, said):
    before = record(example).read_bytes()
    done = crisiscomms("update", "checkout-outage", *words, "--now", "2026-11-26 10:00", cwd=example, code=code)
    assert said in done.stderr
    assert record(example).read_bytes() == before


def test_two_updates_in_one_minute(crisiscomms, example):
    path = record(example)
    for seconds in ("10:00:20", "10:00:41"):
        crisiscomms(
            "update",
            "checkout-outage",
            "--status",
            "follow-up",
            "--text",
            "One more thing.",
            "--now",
            f"2026-11-26 {seconds}",
            cwd=example,
        )
    source = path.read_text(encoding="utf-8")
    assert "at: 2026-11-26 10:00\n" in source
    assert "at: 2026-11-26 10:00:41\n" in source
    crisiscomms("check", "checkout-outage", "--now", "2026-11-26 10:01", cwd=example)


def test_what_is_scheduled_stays_below_an_update_of_today(crisiscomms, example):
    path = record(example)
    before = path.read_text(encoding="utf-8")
    now = ("--now", "2026-11-23 01:03")
    crisiscomms(*UPDATE[:-2], *now, cwd=example)
    after = path.read_text(encoding="utf-8")
    assert len(added(before, after)) == 4
    assert after.index("id: counted") < after.index("id: paid-back") < after.index("id: review-published")
    crisiscomms("check", "checkout-outage", *now, cwd=example)


@pytest.mark.parametrize(("next_", "written"), [("00:30", "2026-11-26 00:30"), ("23:55", "2026-11-25 23:55")])
def test_a_clock_time_around_midnight_is_the_nearest(crisiscomms, example, next_, written):
    words = ("update", "checkout-outage", "--status", "follow-up", "--text", "We are at it.", "--next", next_)
    crisiscomms(*words, "--now", "2026-11-25 23:50", cwd=example)
    assert f"next_update: {written}\n" in record(example).read_text(encoding="utf-8")


def next_update(example: Path) -> str:
    lines = [line for line in record(example).read_text(encoding="utf-8").splitlines() if "next_update:" in line]
    return lines[-1].partition(": ")[2]


@pytest.mark.parametrize(
    ("now", "said", "written"),
    [
        # The zone that a person names counts, also where it is not the organisation's (Berlin).
        ("2026-11-26 10:00", "2026-11-26 18:00 UTC", "2026-11-26 19:00"),
        ("2026-11-26 10:00", "2026-11-26 18:00 America/New_York", "2026-11-27 00:00"),
        # In the night of 28 March 2027 the clocks go from 02:00 to 03:00, on 31 October from 03:00 back to 02:00.
        ("2027-03-28 01:30", "in 1 hour", "2027-03-28 03:30"),
        ("2027-10-31 01:30", "in 2 hours", "2027-10-31 02:30 +01:00"),
        ("2027-10-31 01:30", "in 1 hour", "2027-10-31 02:30 +02:00"),
        ("2027-10-31 02:30 +02:00", "in 3 hours", "2027-10-31 04:30"),
    ],
)
def test_a_time_is_the_moment_that_was_meant_however_the_clocks_go(crisiscomms, example, now, said, written):
    words = ("update", "checkout-outage", "--status", "follow-up", "--text", "We are at it.", "--next", said)
    crisiscomms(*words, "--now", now, cwd=example)
    assert next_update(example) == written


def test_an_update_can_be_written_in_the_hour_that_comes_twice(crisiscomms, example):
    words = ("update", "checkout-outage", "--status", "follow-up", "--text", "We are at it.", "--next", "in 5 hours")
    crisiscomms(*words, "--now", "2027-10-31 02:30 +01:00", cwd=example)
    assert "at: 2027-10-31 02:30 +01:00" in record(example).read_text(encoding="utf-8")
    done = crisiscomms(
        *words[:-1], "2027-10-31 02:45", "--now", "2027-10-31 01:30", "--id", "again", cwd=example, code=2
    )
    assert "happened twice there, as the clocks went back" in done.stderr
    assert "2027-10-31 02:45 +02:00 for the first time" in " ".join(done.stderr.split())
