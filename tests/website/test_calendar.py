"""The calendar that people subscribe to, as their program reads it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sample_site import NOW, SITE, briefs, outage, recall

from crisiscomms.messages.languages import Voice
from crisiscomms.website.calendar import build_calendar
from crisiscomms.website.speech import Speech

HOME = f"{SITE}/"


@pytest.fixture
def dated(voices):
    """Read the calendar of some incidents back: its events by their UIDs."""

    def read(*contents, name="Notices from Northwind Pay", language="en", now=NOW):
        body = build_calendar(briefs(*contents), Speech(voices[language]), now, name=name, home=HOME)
        assert all(len(line) <= 75 for line in body.split(b"\r\n"))
        events = Calendar.from_ical(body).walk("VEVENT")
        assert not [event.errors for event in events if event.errors]
        found = {str(event["UID"]).partition("@")[0]: event for event in events}
        assert len(found) == len(events)
        return found

    return read


def test_it_holds_the_next_update_and_every_promise(dated):
    events = dated(outage(), recall())
    assert list(events) == [
        "next-update.checkout-outage",
        "promise-review.checkout-outage",
        "promise-lot-2622.kettle-recall",
    ]
    soon = events["next-update.checkout-outage"]
    assert soon["SUMMARY"] == "Next update: Card payments failed at checkout"
    assert soon.decoded("DTSTART") == datetime(2026, 11, 18, 11, 10, tzinfo=UTC)
    assert soon["URL"] == f"{SITE}/incidents/checkout-outage/"
    promise = events["promise-review.checkout-outage"]
    assert promise["SUMMARY"] == "Promised: We will publish the full review of this outage on this page."
    assert promise["DESCRIPTION"] == "Card payments failed at checkout\nMaren Vogt answers for it."


def test_a_promise_by_a_day_takes_that_whole_day_where_the_organisation_is(dated):
    start = dated(outage())["promise-review.checkout-outage"]["DTSTART"]
    assert start.dt == date(2026, 11, 25)
    assert start.params["VALUE"] == "DATE"
    utc = outage()._replace(promises=(outage().promises[0]._replace(due="2026-11-25T22:59:59+00:00"),))
    assert dated(utc)["promise-review.checkout-outage"]["DTSTART"].dt == date(2026, 11, 25)
    clock = outage()._replace(promises=(outage().promises[0]._replace(due="2026-11-25T09:00:00+01:00"),))
    assert dated(clock)["promise-review.checkout-outage"].decoded("DTSTART") == datetime(2026, 11, 25, 8, tzinfo=UTC)


def test_a_day_in_the_west_stays_that_day(voices):
    west = Speech(Voice("en", ZoneInfo("America/Los_Angeles"), voices["en"].words))
    content = outage()._replace(promises=(outage().promises[0]._replace(due="2026-11-25T23:59:59-08:00"),))
    events = Calendar.from_ical(build_calendar(briefs(content), west, NOW, name="Notices", home=HOME)).walk("VEVENT")
    assert events[1]["DTSTART"].dt == date(2026, 11, 25)


def test_a_next_update_that_moves_stays_the_same_event_with_a_higher_number(dated):
    before = outage()
    after = before._replace(updated_at="2026-11-18T12:05:00+01:00", next_update="2026-11-18T13:00:00+01:00")
    old, new = dated(before)["next-update.checkout-outage"], dated(after)["next-update.checkout-outage"]
    assert new["UID"] == old["UID"]
    assert new["SEQUENCE"] > old["SEQUENCE"] >= 0
    assert new["LAST-MODIFIED"].dt == new["DTSTAMP"].dt == datetime(2026, 11, 18, 11, 5, tzinfo=UTC)
    assert new.decoded("DTSTART") > old.decoded("DTSTART")


def test_a_correction_and_an_outcome_raise_the_number_too(dated):
    before = outage()
    (line,), name = before.promises, "promise-review.checkout-outage"
    number = dated(before)[name]["SEQUENCE"]
    corrected = before.entries[1]._replace(corrected_at="2026-11-18T15:40:00+01:00")
    assert dated(before._replace(entries=(before.entries[0], corrected)))[name]["SEQUENCE"] > number
    for settled, word in (("kept", "Kept"), ("broken", "Not kept")):
        event = dated(before._replace(promises=(line._replace(**{settled: "2026-11-20T09:00:00+01:00"}),)))[name]
        assert event["SUMMARY"] == f"{word}: {line.text}"
        assert event["SEQUENCE"] > number


def test_what_is_late_says_so_from_that_moment_on(dated):
    """A calendar that says "Next update" or "Promised" of a day that is over says that it came."""
    update, promise = "next-update.checkout-outage", "promise-review.checkout-outage"
    before, after = dated(outage()), dated(outage(), now=datetime(2026, 11, 18, 11, 10, 1, tzinfo=UTC))
    assert after[update]["SUMMARY"] == "Late: next update. Card payments failed at checkout"
    assert after[update]["SEQUENCE"] > before[update]["SEQUENCE"]
    assert after[update]["LAST-MODIFIED"].dt == after[update].decoded("DTSTART")
    assert after[promise] == before[promise]
    later = dated(outage(), now=datetime(2026, 11, 26, 9, tzinfo=UTC))
    assert later[promise]["SUMMARY"] == "Late: We will publish the full review of this outage on this page."
    assert later[promise]["SEQUENCE"] > before[promise]["SEQUENCE"]
    assert later[update] == after[update]
    german = dated(outage("de"), language="de", now=datetime(2026, 11, 26, 9, tzinfo=UTC))
    assert german[update]["SUMMARY"].startswith("Überfällig: nächste Meldung. Kartenzahlungen")


def test_what_is_over_stands_there_only_where_an_update_is_still_promised(dated):
    name = "next-update.kettle-recall"
    assert name not in dated(recall())
    promised = recall()._replace(next_update="2026-11-20T12:00:00+01:00")
    assert dated(promised)[name]["SUMMARY"].startswith("Next update: Stop using")
    assert dated(promised, now=datetime(2026, 11, 21, tzinfo=UTC))[name]["SUMMARY"].startswith("Late: next update.")
    assert dated() == {}


def test_hostile_words_begin_no_line_of_the_calendar(dated):
    words = "Down\r\nATTACH:file:///etc/passwd\rX-EVIL:1\x00\x07\x0b\u2028 a;b,c\\n \u2067فشلت\u2069 " + "é" * 90
    shown = "Down ATTACH:file:///etc/passwd X-EVIL:1 a;b,c\\n \u2067فشلت\u2069 " + "é" * 90
    line = outage().promises[0]._replace(text=words, owner=words)
    events = dated(outage()._replace(title=words, promises=(line,)), name=words)
    assert events["next-update.checkout-outage"]["SUMMARY"] == f"Next update: {shown}"
    assert events["promise-review.checkout-outage"]["DESCRIPTION"] == f"{shown}\n{shown} answers for it."
    for event in events.values():
        assert not {"ATTACH", "X-EVIL"} & set(event)


def test_it_holds_the_fifty_promises_that_are_due_last(dated):
    line = outage().promises[0]
    many = tuple(
        line._replace(id=f"p{n:02}", due=f"2026-11-{1 + n // 24:02}T{n % 24:02}:00:00+01:00") for n in range(60)
    )
    events = dated(outage()._replace(promises=many, next_update=None))
    assert sorted(events) == [f"promise-p{n}.checkout-outage" for n in range(10, 60)]


def test_each_language_has_its_own(site):
    assert b"SUMMARY:Next update: Card payments failed" in site["calendar.ics"]
    assert "SUMMARY:Nächste Meldung: Kartenzahlungen".encode() in site["de/calendar.ics"]
