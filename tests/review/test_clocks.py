"""The clocks of the law: when they end, and what `check` and `status` say before and after."""

import json
from datetime import UTC, datetime

import pytest
from example_room import copy_example, data_of, dump, run_here

from crisiscomms.fields import When
from crisiscomms.fields.base import Reading
from crisiscomms.review.clocks import clocks, end_of
from crisiscomms.review.packs import pack

BERLIN = Reading("Europe/Berlin")
BREACH = "customer-data-breach"

ENDS = [
    ("gdpr-33", "report", "2026-11-18 15:05", "2026-11-21T14:05:00"),
    ("gdpr-33", "report", "2026-10-24 10:00", "2026-10-27T08:00:00"),  # the clocks go back in between: 72 hours are 72
    ("gdpr-33", "report", "2026-11-18 10:00 America/New_York", "2026-11-21T15:00:00"),
    ("gdpr-33", "report", "2026-11-18", "2026-11-20T23:00:00"),  # a day alone counts from its beginning
    ("uk-gdpr", "report", "2026-02-27 23:30 Europe/London", "2026-03-02T23:30:00"),
    ("nis2-23", "early-warning", "2026-12-31 12:00 UTC", "2027-01-01T12:00:00"),
    ("nis2-23", "final", "2027-01-31 10:00 UTC", "2027-02-28T23:59:59"),
    ("nis2-23", "final", "2028-01-31 10:00 UTC", "2028-02-29T23:59:59"),
    ("nis2-23", "final", "2026-03-31 10:00 UTC", "2026-04-30T23:59:59"),
    ("nis2-23", "final", "2026-12-15 10:00 UTC", "2027-01-15T23:59:59"),
    ("cra-14", "final", "2026-11-25 10:00 UTC", "2026-12-09T23:59:59"),
    ("hipaa-164.404", "notice", "2026-11-01 10:00", "2026-12-31T22:59:59"),
    ("california-1798.82", "notice", "2026-11-20 03:00 UTC", "2026-12-20T07:59:59"),  # the 19th in California
    ("sec-8k-1.05", "filing", "2026-11-16 09:00 America/New_York", "2026-11-21T04:59:59"),  # Monday to Friday
    ("sec-8k-1.05", "filing", "2026-11-20 12:00 America/New_York", "2026-11-27T04:59:59"),  # over a weekend
    ("sec-8k-1.05", "filing", "2026-11-21 12:00 America/New_York", "2026-11-27T04:59:59"),  # from a Saturday
    ("sec-8k-1.05", "filing", "2026-11-21 03:00 UTC", "2026-11-27T04:59:59"),  # Friday night in New York
    ("dot-259", "notice", "2026-11-18 23:45 UTC", "2026-11-19T00:15:00"),
    ("dora-19", "initial", "2026-11-18 23:45 UTC", "2026-11-19T03:45:00"),
    ("cpsc-recall", "report", "2026-11-18 23:45 UTC", "2026-11-19T23:45:00"),
]


@pytest.mark.parametrize(("name", "report", "start", "end"), ENDS)
def test_a_clock_ends_when_the_law_says(name, report, start, end):
    clock = next(clock for clock in pack(name).clocks if clock.report == report)
    assert end_of(clock, When.read(start, BERLIN)).astimezone(UTC).isoformat() == f"{end}+00:00"


def test_a_limit_without_a_number_has_no_end():
    assert end_of(pack("gdpr-34").clocks[0], When.read("2026-11-18 15:05", BERLIN)) is None


def entry(name="gdpr-33", **more):
    return {"pack": name, "applies": "yes", "clock_start": "2026-11-18 15:05", **more}


def ticking(bench, now, *entries):
    data = data_of(BREACH) | {"regulation": list(entries)}
    return clocks(bench.parse(dump(data)).incident, datetime.fromisoformat(f"{now}+00:00"))


@pytest.mark.parametrize(
    ("now", "state", "words"),
    [
        ("2026-11-18T15:05", "running", "must hear of this by 21 November, 14:05 UTC. 2 days and 23 hours left."),
        ("2026-11-21T11:05", "near", "must hear of this by 21 November, 14:05 UTC. 3 hours left."),
        ("2026-11-21T14:05", "near", "Less than a minute left."),
        ("2026-11-21T17:05", "out", "had to hear of this by 21 November, 14:05 UTC. That was 3 hours ago."),
        ("2027-01-02T14:06", "out", "by 21 November 2026, 14:05 UTC. That was 42 days ago."),
        ("2026-11-18T13:00", "waiting", "within 72 hours"),
    ],
)
def test_a_clock_says_how_much_is_left(bench, now, state, words):
    (one,) = ticking(bench, now, entry())
    assert one.state == state
    assert words in one.words
    assert one.words.startswith("The data protection authority")


def test_without_a_start_of_its_own_it_counts_from_when_we_noticed(bench):
    (one,) = ticking(bench, "2026-10-30T12:00", {"pack": "gdpr-33", "applies": "yes"})
    assert one.to_json()["due"] == "2026-11-01T08:05:00+00:00"
    (waits,) = (c for c in ticking(bench, "2026-10-30T12:00", {"pack": "cpsc-recall", "applies": "yes"}))
    assert waits.state == "waiting"
    assert "not verified" in waits.words


def test_what_was_filed_stops_its_clock(bench):
    late = "2026-12-24T12:00"
    (one,) = ticking(bench, late, entry(filed_at="2026-11-21 15:00"))
    assert one.state == "filed"
    (one,) = ticking(bench, late, entry(filed={"report": "2026-11-21 15:06"}))
    assert one.state == "filed-late"
    assert "1 minute late" in one.words
    (one,) = ticking(bench, "2026-11-21T12:00", entry(filed_at="2026-11-25 15:00"))
    assert one.state == "near", "what will be filed is not filed"


def test_reports_follow_each_other(bench):
    states = {c.clock.report: c.state for c in ticking(bench, "2026-11-22T14:06", entry("nis2-23"))}
    assert states == {"early-warning": "out", "notification": "out", "final": "waiting"}
    filed = {"early-warning": "2026-11-19 10:00", "notification": "2026-11-20 10:00"}
    found = {c.clock.report: c for c in ticking(bench, "2026-11-22T14:06", entry("nis2-23", filed=filed))}
    assert found["final"].state == "running"
    assert found["final"].to_json()["due"] == "2026-12-20T22:59:59+00:00"


def test_a_vulnerability_and_an_incident_have_their_own_last_report(bench):
    filed = {"notification": "2026-11-20 10:00"}
    ends = [
        c.to_json()["due"]
        for c in ticking(bench, "2026-11-22T14:06", entry("cra-14", filed=filed))
        if "final" in c.words
    ]
    assert sorted(filter(None, ends)) == ["2026-12-20T22:59:59+00:00"]
    fixed = entry("cra-14", filed=filed, starts={"fix-available": "2026-11-21 10:00"})
    ends = [c.to_json()["due"] for c in ticking(bench, "2026-11-22T14:06", fixed) if "final" in c.words]
    assert ends == ["2026-12-05T22:59:59+00:00"]


def test_what_presses_most_comes_first(bench):
    found = ticking(bench, "2026-11-21T17:05", entry("gdpr-34"), entry("hipaa-164.404"), entry())
    assert [one.pack.id for one in found] == ["gdpr-33", "hipaa-164.404", "gdpr-34"]


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    """A workspace in which a regulator should have heard something three hours ago."""
    folder = copy_example(tmp_path_factory.mktemp("late") / "workspace")
    data = data_of(BREACH) | {"regulation": [entry()]}
    (folder / "incidents" / f"{BREACH}.yaml").write_text(dump(data), encoding="utf-8")
    return folder


NOW = ("--now", "2026-11-21 18:05")


@pytest.mark.parametrize("verb", [("check", BREACH), ("check",), ("status",)])
def test_a_clock_that_has_run_out_is_said_first(late, verb):
    lines = run_here(late, *verb, *NOW).stdout.splitlines()
    assert lines[0] == "A clock has run out"
    assert lines[1] == (
        f"  {BREACH}: The data protection authority had to hear of this by 21 November, 14:05 UTC. That was 3 hours ago."
    )
    assert "Report now, and give the reasons for the delay" in lines[2]
    assert "filed_at: TIME" in lines[3]
    assert any("not legal advice" in line for line in lines)


def test_it_is_a_finding_that_stops_no_message(late):
    """Holding back what people need to hear would make one delay into two."""
    done = run_here(late, "check", BREACH, *NOW, "--json")
    told = json.loads(done.stdout)
    (found,) = (f for f in told["findings"] if f["code"] == "reg-gdpr-33-clock")
    assert found["severity"] == "warning"
    assert told["clocks"][0]["state"] == "out"
    assert told["clocks"][0]["seconds_left"] == -3 * 3600
    assert told["clocks"][0]["due"] == "2026-11-21T14:05:00+00:00"
    assert json.loads(run_here(late, "status", *NOW, "--json").stdout)["clocks"][0] == told["clocks"][0]


def test_status_asks_for_attention(late):
    assert run_here(late, "status", *NOW, "--exit-code").returncode == 6


def test_before_the_end_it_says_what_is_left(late):
    done = run_here(late, "status", "--now", "2026-11-21 13:05")
    assert done.stdout.splitlines()[:2] == [
        "Clocks of the law",
        f"  {BREACH}: The data protection authority must hear of this by 21 November, 14:05 UTC. 2 hours left.",
    ]
