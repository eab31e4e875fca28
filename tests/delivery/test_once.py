"""Each person hears it once, in order, at its time; and where it stops, the team reads why and how to go on."""

from __future__ import annotations

import email
import json
import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from email import policy

import pytest
from delivery.shared import PEOPLE
from standins.office import FIRST, LATER, MAIL, TEN


def words(body):
    message = email.message_from_bytes(body, policy=policy.default)
    return " ".join(message.get_body(("plain",)).get_content().split())


# -- once --------------------------------------------------------------------------------------------------------


def test_a_second_publish_sends_nothing(ten, mail):
    assert "Published: 12 messages out" in ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)

    assert "Nothing to publish" in ten.publish()
    assert len(mail.taken) == 10


def test_a_typo_mended_halfway_mails_nobody_twice_and_the_rest_gets_the_words_of_then(ten, mail):
    mail.most = 4
    said = ten.publish(expect=6)
    assert len(mail.taken) == 4
    assert "Not out yet: 6 messages" in said

    ten.edit("We are looking for the cause", "We are looking for its cause")
    mail.most = None
    said = ten.publish()
    assert "finished first: 6 messages sent" in said
    assert mail.counts == dict.fromkeys(TEN, 1)
    assert all("looking for the cause" in words(body) for body in mail.mails)
    assert "looking for its cause" in (ten.folder / "public/incidents/checkout/index.html").read_text()
    ten.publish()
    assert len(mail.taken) == 10


@pytest.mark.parametrize("as_json", [False, True])
def test_what_a_refused_publish_sent_before_it_was_refused_is_told(ten, mail, as_json):
    mail.most = 4
    ten.publish(expect=6)
    ten.edit("We are looking for the cause", "TODO")
    mail.most = None
    done = ten.run("publish", "--yes", *(["--json"] if as_json else []), expect=4)
    assert mail.counts == dict.fromkeys(TEN, 1)
    if as_json:
        assert json.loads(done.stdout)["sent"] == 6
    else:
        assert "finished first: 6 messages sent" in done.stdout + done.stderr
        assert "Nothing else was sent." in done.stderr
    assert "Nothing was sent" not in done.stdout + done.stderr


def test_while_the_rest_still_cannot_go_the_mended_words_do_not_replace_what_was_published(ten, mail):
    mail.most = 4
    ten.publish(expect=6)
    ten.edit("We are looking for the cause", "We are looking for its cause")
    ten.publish(expect=6)
    ten.publish(expect=6)
    mail.most = None
    ten.publish()

    assert mail.counts == dict.fromkeys(TEN, 1)
    assert all("looking for the cause" in words(body) for body in mail.mails)


def test_of_two_publishes_at_once_one_goes_and_the_other_says_so(ten, mail):
    go_on, reached = threading.Event(), threading.Event()

    def after(_address, count):
        if count == 3:
            reached.set()
            go_on.wait(60)

    mail.after = after
    first = ten.start("publish", "--yes")
    try:
        assert reached.wait(60)
        said = ten.publish(expect=7)
        assert "someone else is publishing" in said
        assert "crisiscomms status" in said
    finally:
        go_on.set()
        done = ten.end(first)
    assert done.returncode == 0
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_one_address_in_two_audiences_gets_one_mail(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("staff", "both@shop.example", "staff@shop.example")
    office.people("merchants", "Both@shop.example", "merchant@shop.example")
    office.record(audiences=("staff", "merchants"))
    office.publish()
    office.publish()

    assert sorted(a.lower() for a in mail.taken) == ["both@shop.example", "merchant@shop.example", "staff@shop.example"]


# -- order -------------------------------------------------------------------------------------------------------


def test_mails_go_in_the_order_of_the_workspace_whatever_the_record_says_first(office, mail):
    office.settle(MAIL.format(port=mail.port))
    for audience in ("merchants", "customers", "staff"):
        office.people(audience, *(f"{audience}{number}@shop.example" for number in range(3)))
    office.record(audiences=("customers", "merchants", "staff"))
    office.publish()

    assert [re.match("[a-z]+", a)[0] for a in mail.taken] == ["staff"] * 3 + ["merchants"] * 3 + ["customers"] * 3


def test_an_audience_with_a_head_start_hears_first_and_the_others_when_it_is_over(office, mail):
    office.settle(MAIL.format(port=mail.port), head_start="10 minutes", rehearsal="true")
    for audience in ("merchants", "staff"):
        office.people(audience, f"{audience}@shop.example")
    office.record(audiences=("merchants", "staff"))
    said = office.publish("--now", office.at(0), expect=6)
    assert [name.rpartition("-")[2] for name in office.outbox()] == ["staff_shop.example.eml".replace("_", "@")]
    assert "Not out yet: 1 message" in said
    office.publish("--now", office.at(5), expect=6)
    assert len(office.outbox()) == 1
    office.publish("--now", office.at(11), expect=0)
    assert len(office.outbox()) == 2


def test_a_site_that_cannot_be_written_stops_everything_that_links_to_it(ten, mail):
    (ten.folder / "public").mkdir()
    (ten.folder / "public" / "index.html").write_text("somebody else's")
    for _ in range(5):  # however often: it is not worn down
        said = ten.publish(expect=6)
        assert "public is a folder that we did not make" in said
        assert "Move it away" in said
        assert "the site is not out, so nothing that links to it was sent" in said
        assert mail.taken == []
    assert (ten.folder / "public" / "index.html").read_text() == "somebody else's"

    (ten.folder / "public").rename(ten.folder / "old")
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


POSTS = """
[channels.posts]
type = "outbox"
writes = "post"
"""


def test_a_folder_of_posts_that_cannot_be_written_is_named_and_keeps_no_mail_from_its_reader(office, mail):
    office.settle(MAIL.format(port=mail.port), POSTS, public=("website", "posts"))
    office.people("merchants", *TEN)
    office.record()
    (office.folder / "outbox").write_text("not a folder")
    said = office.publish(expect=6)
    assert "posts: Not a directory: " in said
    assert "outbox" in said.partition("Not a directory: ")[2]
    assert mail.counts == dict.fromkeys(TEN, 1)
    (office.folder / "outbox").unlink()
    office.publish()
    assert len([*(office.folder / "outbox").rglob("*.txt")]) == 1
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_later_update_never_overtakes_an_earlier_one(ten, mail):
    mail.down()
    ten.publish(expect=6)
    ten.record({}, {"id": "second", "minutes": -1, "text": LATER})
    ten.publish(expect=6)
    mail.up()
    ten.publish()

    first, second = (
        [a for a, b in zip(mail.taken, mail.mails, strict=True) if text in words(b)]
        for text in ("looking for the cause", "found more about it")
    )
    assert sorted(first) == sorted(second) == TEN
    for address in TEN:
        mine = [words(body) for a, body in zip(mail.taken, mail.mails, strict=True) if a == address]
        assert "looking for the cause" in mine[0]
        assert "found more about it" in mine[1]


# -- hold and release ----------------------------------------------------------------------------------------------


def test_a_second_hold_says_what_is_on_hold_already_and_may_change_the_reason(ten):
    ten.publish("--first", "1", expect=6)
    first = ("hold", "everything", "--reason", "counsel is reading it")
    assert "Nothing of it goes out from now on" in ten.run(*first, expect=0).stdout
    for again in (first, ("hold", "everything")):
        said = ten.run(*again, expect=0).stdout
        assert re.match(
            r"everything is on hold already, since \d{4}-\d\d-\d\d \d\d:\d\d UTC by tester: counsel is reading it\.\n",
            said,
        )
        assert 'To change the reason: crisiscomms hold everything --reason "why".' in said
    said = ten.run("hold", "everything", "--reason", "the figures are wrong", expect=0).stdout
    assert "on hold already" in said
    assert "The reason is now: the figures are wrong." in said
    assert "On hold: everything (the figures are wrong)" in ten.run("status").stdout
    entries = map(json.loads, ten.run("audit", "export", expect=0).stdout.splitlines())
    told = [entry["detail"] for entry in entries if entry["what"] == "hold"]
    assert told == [
        {"reason": "counsel is reading it"},
        {"instead_of": "counsel is reading it", "reason": "the figures are wrong"},
    ]
    ten.run("audit", "verify", expect=0)


def test_a_hold_stops_a_running_publish_before_the_next_message(ten, mail):
    def after(_address, count):
        if count == 3:
            ten.run("hold", "everything", "--reason", "counsel is reading it", expect=0, apart=True)

    mail.after = after
    said = ten.publish(expect=6)
    assert len(mail.taken) == 3
    assert "On hold: 7 messages not sent" in said
    assert "everything is on hold: counsel is reading it" in said
    assert "crisiscomms release everything" in said

    mail.after = lambda _address, _count: None
    ten.publish(expect=6)
    assert len(mail.taken) == 3
    assert "On hold: everything (counsel is reading it)" in ten.run("status").stdout
    said = ten.run("release", "everything", expect=0).stdout
    assert "No longer on hold: everything" in said
    assert "7 people still wait" in said
    assert "Not out yet of what was published before: 7" in said
    assert "crisiscomms publish" in said
    assert len(mail.taken) == 3
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


@pytest.mark.parametrize("what", ["checkout", "channel:email", "everything"])
def test_a_hold_before_a_publish_blocks_it(ten, mail, what):
    ten.run("hold", what, "--reason", "not yet", expect=0)
    said = ten.publish(expect=6)
    assert f"{what} is on hold: not yet" in said
    assert mail.taken == []
    ten.run("release", what, expect=0)
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_hold_on_one_incident_lets_the_others_go(ten, mail):
    ten.people("customers", "cem@shop.example")
    ten.record(audiences=("customers",), name="login", promises=())
    ten.run("hold", "login", expect=0)
    ten.publish(expect=6)
    assert mail.counts == dict.fromkeys(TEN, 1)
    ten.run("release", "login", expect=0)
    ten.publish()
    assert mail.counts == dict.fromkeys([*TEN, "cem@shop.example"], 1)


def test_a_hold_on_one_incident_while_it_goes_lets_the_others_go(ten, mail):
    ten.people("customers", "cem@shop.example")
    ten.record(audiences=("customers",), name="login")
    mail.after = lambda _address, count: ten.run("hold", "checkout", expect=0, apart=True) if count == 2 else None
    ten.publish(expect=6)

    assert len(mail.taken) == 3
    assert mail.counts["cem@shop.example"] == 1


def test_only_what_exists_can_be_held_or_released(ten):
    assert 'Did you mean "checkout"?' in ten.run("hold", "chekout", expect=2).stderr
    assert "is not on hold" in ten.run("release", "checkout", expect=2).stderr


# -- time ----------------------------------------------------------------------------------------------------------

SECOND = {"id": "second", "minutes": 60, "text": LATER}


@pytest.fixture
def rehearsed(office):
    """Three merchants, an update that is due, and one that comes in an hour. Everything is played into files."""
    office.settle(MAIL.format(port=9), rehearsal="true")
    office.people("merchants", *TEN[:3])
    office.record({}, SECOND)
    return office


def mails_of(office, update):
    return [name for name in office.outbox() if f"/{update}/" in name]


def test_a_coming_update_waits_and_goes_with_the_first_publish_after_its_time(rehearsed):
    said = rehearsed.publish("--now", rehearsed.at(0))
    assert "not before" in said
    assert (len(mails_of(rehearsed, "first")), len(mails_of(rehearsed, "second"))) == (3, 0)
    assert rehearsed.states(rehearsal=True) == {"sent": 3, "planned": 3}

    assert "Nothing to publish" in rehearsed.publish("--now", rehearsed.at(59))
    assert mails_of(rehearsed, "second") == []
    said = rehearsed.run("plan", "--now", rehearsed.at(30), expect=0).stdout
    assert "waits until" in said
    rehearsed.publish("--now", rehearsed.at(61))
    assert len(mails_of(rehearsed, "second")) == 3
    assert "Nothing to publish" in rehearsed.publish("--now", rehearsed.at(62))
    assert rehearsed.states(rehearsal=True) == {"sent": 6}


def test_a_coming_update_goes_with_the_words_of_its_time(rehearsed):
    rehearsed.publish("--now", rehearsed.at(0))
    rehearsed.edit("found more about it", "found the cause")
    assert "second" in rehearsed.publish("--now", rehearsed.at(10))
    rehearsed.publish("--now", rehearsed.at(61))

    files = list((rehearsed.folder / "rehearsal/email/checkout/second").glob("*.eml"))
    assert len(files) == 3
    assert all("found the cause" in words(path.read_bytes()) for path in files)


def test_a_coming_update_that_is_overtaken_is_called_off_and_shown(rehearsed):
    rehearsed.publish("--now", rehearsed.at(0))
    newer = {"id": "third", "minutes": 62, "text": "We are sorry: it is worse than we thought, and we work on it."}
    rehearsed.record({}, SECOND, newer)
    said = rehearsed.run("plan", "--now", rehearsed.at(63), expect=0).stdout
    assert 'called off: update "third" came in the meantime' in said
    assert "Called off: 3 messages" in rehearsed.publish("--now", rehearsed.at(63))

    assert mails_of(rehearsed, "second") == []
    assert len(mails_of(rehearsed, "third")) == 3
    assert rehearsed.states(rehearsal=True) == {"sent": 6, "cancelled": 3}


def test_a_coming_update_that_leaves_the_record_is_called_off_and_can_come_back(rehearsed):
    rehearsed.publish("--now", rehearsed.at(0))
    rehearsed.record()
    assert "no longer in the record" in rehearsed.run("plan", "--now", rehearsed.at(5), expect=0).stdout
    assert "Called off: 3 messages" in rehearsed.publish("--now", rehearsed.at(5))
    assert "Nothing to publish" in rehearsed.publish("--now", rehearsed.at(6))
    rehearsed.record({}, SECOND)
    rehearsed.publish("--now", rehearsed.at(10))
    rehearsed.publish("--now", rehearsed.at(11))
    rehearsed.publish("--now", rehearsed.at(61))
    rehearsed.publish("--now", rehearsed.at(62))

    assert len(mails_of(rehearsed, "second")) == 3
    assert rehearsed.states(rehearsal=True) == {"sent": 6, "cancelled": 3}


def test_a_coming_update_waits_for_the_promise_that_it_needs(rehearsed):
    rehearsed.record({}, SECOND | {"needs": ["why"]}, promises=({"id": "why"},))
    rehearsed.publish("--now", rehearsed.at(0))
    said = rehearsed.run("plan", "--now", rehearsed.at(61), expect=0).stdout
    assert 'it waits until a person marks the promise "why" as kept' in said
    rehearsed.publish("--now", rehearsed.at(61))
    assert mails_of(rehearsed, "second") == []

    rehearsed.record({}, SECOND | {"needs": ["why"]}, promises=({"id": "why", "kept": rehearsed.at(61)},))
    rehearsed.publish("--now", rehearsed.at(63))
    assert len(mails_of(rehearsed, "second")) == 3


def test_a_coming_update_on_hold_stays_until_it_is_released(rehearsed):
    rehearsed.publish("--now", rehearsed.at(0))
    rehearsed.run("hold", "checkout", "--rehearsal", "--reason", "wait", expect=0)
    rehearsed.publish("--now", rehearsed.at(61), expect=6)
    assert mails_of(rehearsed, "second") == []
    rehearsed.run("release", "checkout", "--rehearsal", expect=0)
    rehearsed.publish("--now", rehearsed.at(62))
    assert len(mails_of(rehearsed, "second")) == 3


def test_a_coming_update_whose_time_passed_long_ago_is_shown_and_not_sent(rehearsed):
    rehearsed.publish("--now", rehearsed.at(0))
    said = rehearsed.publish("--now", rehearsed.at(60 * 9))
    assert 'update "second" is 8 hours old; to send it all the same, add --late' in said
    assert mails_of(rehearsed, "second") == []
    rehearsed.publish("--now", rehearsed.at(60 * 9), "--late")
    assert len(mails_of(rehearsed, "second")) == 3


def test_an_update_that_is_old_is_not_sent_unless_told_to(office):
    office.settle(MAIL.format(port=9), rehearsal="true")
    office.people("merchants", *TEN[:3])
    office.record({"minutes": -5})
    said = office.publish("--now", office.at(60 * 7))
    assert 'update "first" is 7 hours old; to send it all the same, add --late' in said
    assert office.outbox() == []
    assert (office.folder / "rehearsal/public/incidents/checkout/index.html").exists()
    office.publish("--now", office.at(60 * 7), "--late")
    assert len(office.outbox()) == 3


def test_what_a_publication_left_waits_for_its_own_coming_update_too(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *TEN)
    office.record({}, SECOND | {"minutes": 0.1})
    mail.down()
    office.publish(expect=6)
    while datetime.now(UTC) < office.now + timedelta(seconds=7):
        time.sleep(0.1)
    office.record()  # the coming update was taken back while the first was on its way
    mail.up()
    office.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)
    assert all("looking for the cause" in words(body) for body in mail.mails)


# -- approval ------------------------------------------------------------------------------------------------------


def test_a_plan_that_needs_approval_sends_nothing(ten, mail):
    ten.record(severity="critical")
    said = ten.publish(expect=5)
    assert "2 other people must approve" in said
    assert "Nothing of it was sent" in said
    assert mail.taken == []
    assert not (ten.folder / "public").exists()


def test_a_plan_that_changed_since_it_was_shown_sends_nothing(ten, mail):
    shown = json.loads(ten.run("plan", "--json").stdout)["fingerprint"]
    ten.people("merchants", *TEN, "new@shop.example")
    assert f"no longer {shown}" in ten.publish("--plan", shown, expect=5)
    assert mail.taken == []


# -- mail servers that fail ----------------------------------------------------------------------------------------


def test_a_mail_server_that_is_down_loses_nothing(ten, mail):
    mail.down()
    said = ten.publish(expect=6)
    assert "Not out yet: 10 messages" in said
    assert "Connection refused" in said
    assert (ten.folder / "public/incidents/checkout/index.html").exists()
    assert ten.states().keys() <= {"planned", "retry_wait"}

    mail.up()
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_mail_that_is_put_off_goes_later_in_the_same_run(ten, mail):
    asked = []

    def later(address):
        if address == TEN[4] and len(asked) < 2:
            asked.append(address)
            return "451 4.7.1 greylisted"
        return None

    mail.at_rcpt = later
    said = ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)
    assert mail.taken[-1] == TEN[4]
    assert "greylisted" not in said


def test_some_readers_that_are_put_off_do_not_stop_the_others(ten, mail):
    mail.at_rcpt = lambda address: "451 4.7.1 greylisted" if address in TEN[:5] else None
    said = ten.publish(expect=6)
    assert sorted(mail.taken) == TEN[5:]
    assert "Not out yet: 5 messages" in said
    assert "451 4.7.1 greylisted" in said
    mail.at_rcpt = lambda _address: None
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


GREYLISTED = ["450 4.2.0 Recipient address rejected: Greylisted, see the help", "451 4.7.1 Please try again later"]


@pytest.mark.parametrize("reply", GREYLISTED)
def test_a_server_that_puts_off_each_reader_once_gets_the_whole_list_in_one_run(office, mail, reply):
    met = set()

    def not_at_once(address):
        known = address in met
        met.add(address)
        return None if known else reply

    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *PEOPLE[:120])
    office.record()
    mail.at_rcpt = not_at_once
    office.publish()
    assert mail.counts == dict.fromkeys(PEOPLE[:120], 1)


def test_a_server_that_puts_off_everyone_for_another_reason_is_left_alone(office, mail):
    asked = []
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *PEOPLE[:120])
    office.record()
    mail.at_rcpt = lambda address: asked.append(address) or "452 4.3.1 Insufficient system storage"
    office.publish(expect=6)
    assert 20 <= len(asked) < 60


def test_a_reader_that_is_refused_for_good_is_named_and_the_others_get_theirs(ten, mail):
    mail.at_rcpt = lambda address: "550 5.1.1 no such mailbox" if address == TEN[4] else None
    said = ten.publish(expect=6)
    assert f"{TEN[4]}: " in said
    assert "550 5.1.1 no such mailbox" in said
    assert "Refused: 1 message" in said
    assert "refused" in ten.run("status").stdout
    assert mail.counts == dict.fromkeys([a for a in TEN if a != TEN[4]], 1)
    mail.at_rcpt = lambda _address: None
    ten.publish()
    assert TEN[4] not in mail.counts


def test_a_secret_that_is_missing_stops_its_own_channel_only(office, mail):
    office.settle(
        MAIL.format(port=mail.port),
        MAIL.format(port=mail.port).replace("[channels.email]", '[channels.other]\nuser = "northwind"'),
    )
    office.people("merchants", *TEN)
    office.people("staff", "staff@shop.example")
    office.record(audiences=("staff", "merchants"))
    office.edit(
        '"staff": {"name": "Our staff", "channels": ["email"]', '"staff": {"name": "Our staff", "channels": ["other"]'
    )
    said = office.publish(expect=6)
    assert 'the password of channel "other" is nowhere to be found' in said
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_channel_that_was_taken_out_of_the_workspace_is_named(ten, mail):
    mail.down()
    ten.publish(expect=6)
    ten.settle(MAIL.format(port=mail.port).replace("channels.email", "channels.post"))
    ten.record(channels="post")
    said = ten.publish(expect=6)
    assert 'the channel "email" is no longer in the workspace' in said


def test_a_broken_record_does_not_keep_back_what_was_published(ten, mail):
    mail.most = 4
    ten.publish(expect=6)
    mail.most = None
    ten.edit("severity: minor", "severity: terrible")
    said = ten.publish(expect=3)
    assert "finished first: 6 messages sent" in said
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_page_that_nobody_may_write_is_said_in_words(ten, mail):
    if os.geteuid() == 0:
        (ten.folder / "memos").write_text("a file where the folder should be")
    else:
        (ten.folder / "memos").mkdir(mode=0o500)
    said = ten.publish(expect=6)
    assert "memo: " in said
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_the_first_words_are_what_readers_get(ten, mail):
    ten.publish()
    assert all(FIRST in words(body) for body in mail.mails)


def test_an_incident_by_another_name_tells_nobody_twice(ten, mail):
    ten.publish()
    old, new = (ten.folder / "incidents" / f"{name}.yaml" for name in ("checkout", "payments"))
    new.write_text(old.read_text().replace("id: checkout", "id: payments", 1))
    old.unlink()
    said = ten.publish(expect=6)
    assert 'it tells what "checkout" has told' in said
    assert mail.counts == dict.fromkeys(TEN, 1)
    assert not (ten.folder / "public/incidents/payments").exists()
    new.rename(old)
    old.write_text(old.read_text().replace("id: payments", "id: checkout", 1))
    assert "Nothing to publish" in ten.publish()


def test_a_record_that_is_taken_away_while_readers_wait_is_named(ten):
    ten.publish()
    kept = ten.folder / "incidents" / "checkout.yaml"
    words = kept.read_text()
    kept.unlink()
    for verb, code in (("plan", 0), ("publish", 0), ("status", 0)):
        done = ten.run(verb, expect=code)
        assert "checkout: it is on the site and not over, and its record is gone" in " ".join(
            (done.stdout + done.stderr).split()
        )
    ten.run("status", "--exit-code", expect=6)
    kept.write_text(words)
    assert "gone" not in ten.run("status", expect=0).stdout
