"""Who was told a wrong figure is told the right one: each of them, once, and nobody else."""

from __future__ import annotations

import email
import json
from email import policy

import pytest
from standins.office import MAIL, X

SHOPS = [f"shop{number}@shop.example" for number in range(3)]
BOTH = "both@shop.example"
COUNTED = "We are sorry: card payments are failing at checkout. $failed failed. We are looking for the cause."
FACT = '{failed: {value: %d, unit: {one: payment, other: payments}, certainty: confirmed, as_of: "%s", source: books}}'


class Told:
    """A workspace in which a figure was told to shops, and may turn out to be wrong."""

    def __init__(self, office, mail):
        self.office, self.mail = office, mail

    def told(self, *updates, value=1719, audiences=("merchants",)):
        """Write the record."""
        office = self.office
        office.record(*[{"text": COUNTED, **one} for one in updates or ({},)], audiences=audiences)
        office.edit("facts: {}", f"facts: {FACT % (value, office.at(-10))}")

    def found_wrong(self, value=1800, was=1719):
        """Say that the figure is another."""
        self.office.edit(f"value: {was}", f"value: {value}")

    def publish(self, *words, expect=None):
        """Publish, and return what was said."""
        return self.office.publish(*words, expect=expect)

    def corrections(self):
        """Return who got a correction, one entry for each mail."""
        found = [email.message_from_bytes(body, policy=policy.default) for body in self.mail.mails]
        return sorted(one["To"].addresses[0].addr_spec for one in found if one["Subject"].startswith("Correction"))


@pytest.fixture
def shops(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *SHOPS)
    told = Told(office, mail)
    told.told()
    return told


def test_a_correction_goes_out_although_an_update_waits_for_its_time(shops):
    later = {"id": "second", "minutes": 120}
    shops.told({}, later)
    shops.publish()
    shops.found_wrong()
    shops.publish("--corrections")
    assert shops.corrections() == SHOPS
    assert "waits until" in shops.office.run("plan", expect=0).stdout  # and the update still waits
    assert "orrect" not in shops.publish("--corrections")
    assert shops.corrections() == SHOPS


def test_who_was_on_hold_is_corrected_afterwards(shops):
    shops.publish()
    shops.found_wrong()
    shops.office.run("hold", "channel:email", expect=0)
    shops.publish("--corrections", expect=6)
    assert shops.corrections() == []
    shops.office.run("release", "channel:email", expect=0)
    shops.publish("--corrections")
    assert shops.corrections() == SHOPS


def test_who_gets_the_old_words_after_the_correction_is_corrected_too(shops):
    shops.publish("--first", "1", expect=6)
    shops.found_wrong()
    shops.publish("--corrections", "--first", "1", expect=6)
    assert shops.corrections() == SHOPS[:1]
    shops.publish("--corrections")
    assert shops.corrections() == SHOPS
    assert "Nothing to publish" in shops.publish("--corrections")


def test_who_was_refused_and_is_told_again_is_corrected_too(shops):
    shops.mail.at_rcpt = lambda address: "550 5.1.1 nobody here" if address == SHOPS[0] else ""
    shops.publish(expect=6)
    shops.found_wrong()
    shops.publish("--corrections")
    assert shops.corrections() == SHOPS[1:]
    shops.mail.at_rcpt = lambda _address: ""
    shops.office.run("refused", "resolve", "--all", "--resend", "--reason", "the address works now", expect=0)
    shops.publish("--corrections")
    assert shops.corrections() == SHOPS
    assert "Nothing to publish" in shops.publish("--corrections")


def test_two_changes_are_corrected_one_by_one_and_each_reader_hears_of_both(shops):
    shops.publish()
    shops.found_wrong(1800)
    shops.publish("--corrections")
    shops.found_wrong(1900, was=1800)
    shops.publish("--corrections")
    assert shops.corrections() == sorted(SHOPS * 2)
    last = email.message_from_bytes(shops.mail.mails[-1], policy=policy.default)
    words = last.get_body(("plain",)).get_content()
    assert "1,800" in words
    assert "1,719" not in words  # that was put right before
    assert "Nothing to publish" in shops.publish("--corrections")


def test_who_joins_the_list_after_a_change_is_not_corrected(shops):
    shops.publish()
    shops.found_wrong()
    shops.office.people("merchants", *SHOPS, "late@shop.example")
    shops.publish("--corrections")
    assert shops.corrections() == SHOPS
    assert shops.mail.counts["late@shop.example"] == 1
    assert "Nothing to publish" in shops.publish("--corrections")


def test_a_reader_of_two_lists_gets_one_correction(shops):
    office = shops.office
    office.people("merchants", SHOPS[0], BOTH)
    office.people("staff", "staff@shop.example", BOTH)
    two = ("merchants", "staff")
    shops.told({"to": ("merchants",)}, audiences=two)
    shops.publish()
    shops.told({"to": ("merchants",)}, {"id": "second", "minutes": -1, "to": ("staff",)}, audiences=two)
    shops.publish()
    shops.found_wrong()
    shops.publish("--corrections")
    assert shops.corrections() == sorted([BOTH, SHOPS[0], "staff@shop.example"])


@pytest.mark.parametrize("change", ["renamed", "no list"])
def test_readers_whose_audience_is_gone_are_named_and_stop_nobody(shops, change):
    office = shops.office
    office.people("staff", "staff@shop.example")
    shops.told(audiences=("merchants", "staff"))
    shops.publish()
    shops.found_wrong()
    if change == "renamed":
        office.edit('"merchants": {', '"sellers": {')
        office.edit('"audiences": ["merchants", "staff"]', '"audiences": ["sellers", "staff"]')
        office.edit('"audience": "merchants"', '"audience": "sellers"')
    else:
        office.edit(', "recipients": "../lists/merchants.csv"', "")
    said = office.run("plan", "--corrections", expect=0).stdout
    if change == "no list":
        assert f"{len(SHOPS)} readers were told the wrong figure and left the lists" in said
    assert "correction of" in said


def test_a_post_that_nobody_ever_saw_is_not_corrected(office, mail):
    office.settle(MAIL.format(port=mail.port), X.format(url="http://127.0.0.1:9"), public=("website", "x"))
    for name in ("api_key", "api_secret", "access_token", "access_secret"):
        office.secret(f"x.{name}", "k")
    office.people("merchants", *SHOPS)
    told = Told(office, mail)
    told.told()
    office.publish(expect=6)
    told.found_wrong()
    plan = json.loads(office.run("plan", "--corrections", "--json", expect=0).stdout)
    kinds = {(item["channel"], item["kind"]) for item in plan["incidents"][0]["items"] if item["action"] == "correct"}
    assert kinds == {("email", "correction")}


def test_a_correction_stands_with_the_update_that_was_wrong_and_not_with_later_ones(shops):
    shops.publish()
    shops.found_wrong()
    shops.publish("--corrections")
    shops.told({}, {"id": "second", "minutes": -1}, value=1800)
    shops.publish()
    page = (shops.office.folder / "public/incidents/checkout/index.md").read_text()
    first, second = page.index("1,800 payments failed"), page.rindex("1,800 payments failed")
    assert page.count("Correction,") == 1
    assert first < second < page.index("Correction,")


def test_a_correction_is_dated_when_it_goes(shops):
    shops.publish()
    shops.found_wrong()
    shops.publish("--corrections")
    dates = [email.message_from_bytes(body, policy=policy.default)["Date"].datetime for body in shops.mail.mails]
    assert min(dates[3:]) >= shops.office.now


def test_a_figure_that_was_said_to_be_about_so_many_and_is_found_to_be_so_is_no_error(shops):
    shops.office.edit("certainty: confirmed", "certainty: estimated")
    shops.publish()
    shops.office.edit("certainty: estimated", "certainty: confirmed")
    shops.publish("--corrections")
    assert shops.corrections() == []


def test_a_page_goes_on_saying_what_is_counted_after_a_correction(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *SHOPS)
    told = Told(office, mail)
    told.told({"text": "We are sorry: card payments are failing at checkout. We are looking for the cause."})
    office.edit("source: books}", 'source: books, material: true, says: "$failed did not go through."}')
    office.publish()
    told.found_wrong()
    office.publish("--corrections")
    page = (office.folder / "public/incidents/checkout/index.md").read_text()
    assert "1,800 payments did not go through." in page


def test_who_gets_an_update_and_a_correction_in_one_plan_gets_both(shops):
    office = shops.office
    shops.publish()
    office.people("merchants", *SHOPS[:2])
    shops.told({}, {"id": "second", "minutes": -1})
    shops.publish()
    office.people("merchants", *SHOPS)
    shops.found_wrong()
    shops.publish("--corrections")
    assert shops.corrections() == SHOPS
    assert shops.mail.counts[SHOPS[2]] == 3
    assert "Nothing to publish" in shops.publish("--corrections")


def test_who_gets_the_old_words_once_more_after_the_correction_is_corrected_once_more(shops):
    office = shops.office
    shops.mail.at_rcpt = lambda address: "550 5.1.1 nobody here" if address == SHOPS[0] else ""
    shops.publish(expect=6)
    shops.mail.at_rcpt = lambda _address: ""
    shops.told({}, {"id": "second", "minutes": -1})
    shops.publish(expect=None)  # who was refused hears the second
    shops.found_wrong()
    shops.publish("--corrections", expect=None)
    assert shops.corrections() == SHOPS
    office.run("refused", "resolve", "--all", "--resend", "--reason", "it works now", expect=0)
    shops.publish("--corrections")
    assert shops.corrections() == sorted([*SHOPS, SHOPS[0]])


def test_who_wants_no_more_mail_is_not_named_as_left_out(shops):
    shops.publish()
    shops.office.run("suppress", SHOPS[0], expect=0)
    shops.office.people("merchants", *SHOPS[1:])
    shops.found_wrong()
    assert "left the lists" not in shops.office.run("plan", "--corrections", expect=0).stdout


def test_a_stale_fingerprint_does_not_send_the_rest(shops):
    shops.publish("--first", "1", expect=6)
    done = shops.office.run("publish", "--plan", "0123456789abcdef", expect=5)
    assert "Only the first were told" in done.stderr
    assert len(shops.mail.taken) == 1
