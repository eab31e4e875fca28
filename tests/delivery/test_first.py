"""The first few readers of each list hear it, somebody looks at what arrived, and the rest hears it after that."""

from __future__ import annotations

import json
import threading

import pytest
from standins.office import MAIL

STAFF = [f"staff{number}@shop.example" for number in range(5)]
MERCHANTS = [f"merchant{number}@shop.example" for number in range(8)]


@pytest.fixture
def two_lists(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("staff", *STAFF)
    office.people("merchants", *MERCHANTS)
    office.record(audiences=("staff", "merchants"))
    return office


def test_the_first_of_each_list_hear_it_and_the_next_publish_goes_on_with_the_rest(two_lists, mail):
    said = two_lists.publish("--first", "3", expect=6)
    assert mail.counts == dict.fromkeys([*STAFF[:3], *MERCHANTS[:3]], 1)
    assert "Only the first were told: 7 more people wait" in said
    assert "go on: crisiscomms publish" in said
    assert "Not out yet" not in said
    listed = two_lists.run("status", expect=0).stdout
    mails = sorted(line.split()[2:] for line in listed.splitlines() if " email " in line)
    assert mails == [["out", "6"], ["waiting", "7"]]
    assert "Only the first were told: 7 more people wait. To go on: crisiscomms publish" in listed

    said = two_lists.publish()
    assert "finished first: 7 messages sent" in said
    assert mail.counts == dict.fromkeys([*STAFF, *MERCHANTS], 1)
    assert "Nothing to publish" in two_lists.publish()
    assert len(mail.taken) == 13


def test_the_same_first_again_mails_nobody_more_and_a_greater_one_goes_further(two_lists, mail):
    two_lists.publish("--first", "2", expect=6)
    two_lists.publish("--first", "2", expect=6)
    assert mail.counts == dict.fromkeys([*STAFF[:2], *MERCHANTS[:2]], 1)
    two_lists.publish("--first", "6", expect=6)
    assert mail.counts == dict.fromkeys([*STAFF, *MERCHANTS[:6]], 1)
    two_lists.publish("--first", "100")
    assert mail.counts == dict.fromkeys([*STAFF, *MERCHANTS], 1)


def test_a_list_that_is_shorter_than_the_first_leaves_nobody_waiting(two_lists, mail):
    assert "Only the first" not in two_lists.publish("--first", "8")
    assert mail.counts == dict.fromkeys([*STAFF, *MERCHANTS], 1)


def test_a_hold_after_the_first_stops_the_rest_until_it_is_released(two_lists, mail):
    two_lists.publish("--first", "1", expect=6)
    two_lists.run("hold", "checkout", "--reason", "the link is wrong", expect=0)
    said = two_lists.publish(expect=6)
    assert "checkout is on hold: the link is wrong" in said
    assert len(mail.taken) == 2
    two_lists.run("release", "checkout", expect=0)
    two_lists.publish()
    assert mail.counts == dict.fromkeys([*STAFF, *MERCHANTS], 1)


def test_the_rest_hears_the_words_that_the_first_heard(two_lists, mail):
    two_lists.publish("--first", "1", expect=6)
    two_lists.edit("We are looking for the cause", "We are looking for its cause")
    two_lists.publish()
    assert mail.counts == dict.fromkeys([*STAFF, *MERCHANTS], 1)
    assert all(b"looking for the=\r\n cause" in m or b"looking for the cause" in m for m in mail.mails)


def test_a_publish_of_the_first_that_is_killed_never_reaches_more_than_the_first(two_lists, mail):
    reached = threading.Event()

    def after(_address, count):
        if count == 2:
            process.kill()
            reached.set()

    mail.after = after
    process = two_lists.start("publish", "--yes", "--first", "4")
    two_lists.end(process)
    assert reached.is_set()
    mail.after = lambda _address, _count: None
    two_lists.publish("--first", "4", expect=6)
    doubted = json.loads(two_lists.run("doubt", "list", "--json").stdout)["rows"]
    assert len(doubted) <= 1
    assert mail.counts == dict.fromkeys([*STAFF[:4], *MERCHANTS[:4]], 1)


def test_the_first_are_told_in_json_too(two_lists, mail):
    done = two_lists.run("publish", "--yes", "--json", "--first", "3", expect=6)
    told = json.loads(done.stdout)
    assert (told["sent"], told["waiting"], told["kept_for_later"]) == (8, 7, 7)
    assert len(mail.taken) == 6


def test_a_first_of_nobody_is_refused(two_lists):
    assert "--first" in two_lists.run("publish", "--first", "0", expect=2).stderr
