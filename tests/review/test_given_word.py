"""What a record says of what was promised, where it was promised in many languages: its team reads their own."""

import copy
import sys
from pathlib import Path

import pytest
import yaml

sys.path.append(str(Path(__file__).parent.parent / "website"))
from example_room import data_of, dump
from five_languages import PARCELS, bench_of_five

from crisiscomms.published import PublishedIncident, Told

NOW = "2026-11-17 13:05"


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    return bench_of_five(tmp_path_factory.mktemp("five") / "workspace")


def dropped(five, change):
    """Publish the parcels, change their record, and return which promises the review says it went back on."""
    data = yaml.load(PARCELS, Loader=yaml.CBaseLoader)
    before = five.compose_data(data, NOW).composed.telling
    change(data)
    # As it comes back from where it is kept: the languages in the order of their codes.
    stored = before._replace(texts={key: dict(sorted(words.items())) for key, words in before.texts.items()})
    return found_dropped(five, data, stored)


def test_what_comes_later_than_promised_is_named_in_the_language_of_the_record(five):
    def later(data):
        data["repair"][0]["by"] = "2026-12-24 10:00"

    assert dropped(five, later) == [
        '"We refund the postage." was promised for 1 December 2026, and is now due 10:00 CET on 24 December 2026'
    ]


def test_what_was_late_is_not_made_to_be_in_time(five):
    def later_and_done(data):
        data["repair"][0] |= {"by": "2026-12-24 10:00", "done": done}

    done = "2026-12-01"
    assert dropped(five, later_and_done) == []
    done = "2026-12-02"
    assert dropped(five, later_and_done) == [
        '"We refund the postage." was promised for 1 December 2026, and is now due 10:00 CET on 24 December 2026'
    ]


@pytest.mark.parametrize(("field", "words"), [("repair", "what"), ("actions", "text")])
def test_what_was_published_as_done_stays_done(five, field, words):
    data = yaml.load(PARCELS, Loader=yaml.CBaseLoader)
    item = data[field][0]
    item["done"] = "2026-11-17 12:00"
    before = five.compose_data(data, NOW).composed.telling
    del item["done"]
    found = five.read_data(data, NOW, PublishedIncident(before)).findings
    message = f'"{item[words]["en"]}" was published as done, and is not marked so any more'
    assert message in [finding.message for finding in found if finding.code == "commitment-dropped"]


def test_what_is_gone_is_named_in_the_language_of_the_record(five):
    assert dropped(five, lambda data: data["promises"].pop(0)) == [
        '"We will send every late parcel on at once." was promised and is gone'
    ]


def test_no_sign_of_direction_comes_into_a_finding_on_an_arabic_record(five):
    def later(data):
        data["promises"][-1]["due"] = "2027-01-20 10:00"

    (found,) = dropped(five, lambda data: (later(data), data.update(languages=["ar"])))
    assert "20 يناير 2027" in found
    assert not set(found) & set("\u2066\u2067\u2068\u2069\\")


def changed(before, data, bench, *told, now="2026-11-18 10:50"):
    """Return what the review says of mails that are out and say something else now, and on which line it stands."""
    published = PublishedIncident(before.telling, told)
    found = bench.read_data(data, now, published).findings
    return [(one.message, one.place.line) for one in found if one.code == "told-changed"]


def test_an_update_that_is_mailed_to_nobody_tells_none_of_those_who_had_mails(bench):
    data = data_of("checkout-outage", 2)
    mails = [Told(one["id"], "email", "", "merchants", "notice", "sent", 8) for one in data["updates"][:1]]
    more = {"id": "more", "at": "2026-11-18 10:45", "status": "investigating", "text": "We look on. We are sorry."}
    silent = {**data, "updates": [*data["updates"][:1], {**more, "next_update": "2026-11-18 11:30"}]}
    told = {**more, "next_update": "2026-11-18 11:30", "audiences": ["merchants"]}
    before = bench.compose_data({**data, "updates": data["updates"][:1]}, "2026-11-18 10:40").composed
    data["do_now"][0]["text"] = "Please wait for a week."
    [(message, _)] = changed(before, silent, bench, *mails)
    assert message == "8 mails are out, and what they say is changed: what to do now"
    assert not changed(before, {**data, "updates": [*data["updates"][:1], told]}, bench, *mails)


def test_only_the_mails_of_a_changed_update_are_counted(bench):
    data = data_of("checkout-outage", 2)
    before = bench.compose_data(data, "2026-11-18 11:30").composed
    names = [one["id"] for one in data["updates"]]
    mails = [Told(name, "email", "", "merchants", "notice", "sent", 8) for name in names]
    data["updates"][1]["text"] = {"en": "Another story. We are sorry.", "de": "Etwas anderes. Es tut uns leid."}
    [(message, line)] = changed(before, data, bench, *mails, now="2026-11-18 11:30")
    assert message == f'8 mails are out, and what they say is changed: the words of "{names[1]}"'
    assert dump(data).splitlines()[line - 1].strip().startswith(("- id", "id", "- at", "at"))


def found_dropped(five, data, before):
    found = five.read_data(data, NOW, PublishedIncident(before)).findings
    return [finding.message for finding in found if finding.code == "commitment-dropped"]


def test_two_repairs_in_the_same_words_are_two(five):
    """Each audience has a day of its own: one that comes later, or is done, is not the other."""
    data = yaml.load(PARCELS, Loader=yaml.CBaseLoader)
    first = {**data["repair"][0], "by": "2026-12-15"}
    second = {**copy.deepcopy(first), "by": "2026-12-01"}
    data["repair"] = [first, second]
    before = five.compose_data(data, NOW).composed.telling
    assert found_dropped(five, data, before) == []
    data["repair"] = [first, {**second, "done": "2026-11-17 12:00"}]
    done = five.read_data(data, NOW, PublishedIncident(before)).composed.telling
    assert found_dropped(five, data, done) == []
    data["repair"] = [first, {**second, "by": "2026-12-15"}]
    assert found_dropped(five, data, before) == [
        '"We refund the postage." was promised for 1 December 2026, and is now due 15 December 2026'
    ]
