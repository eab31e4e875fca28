"""What a team changes between two publications: nobody hears it twice, nobody is forgotten, and nothing breaks."""

from __future__ import annotations

import email
import json
from datetime import timedelta
from email import policy

import pytest
from ledgers import ANA, AT, LATER, NOW, TELLING, line
from standins.office import LATER as SECOND_WORDS
from standins.office import MAIL, TEN, X

from crisiscomms.ledger import Ledger, Stage

SECOND = {"id": "second", "minutes": -1, "text": SECOND_WORDS}
SOON = {"id": "second", "minutes": 240, "text": SECOND_WORDS}
OUTBOX = '[channels.email]\ntype = "outbox"\nwrites = "mail"\n'


def settings(office):
    return office.folder / "crisiscomms.toml"


def change(office, old, new):
    """Change words of the settings."""
    text = settings(office).read_text()
    assert old in text
    settings(office).write_text(text.replace(old, new))


# -- channels ------------------------------------------------------------------------------------------------------


def test_a_channel_by_another_name_does_not_send_the_same_again(ten, mail):
    ten.publish()
    change(ten, "[channels.email]", "[channels.post]")
    ten.edit('"channels": ["email"]', '"channels": ["post"]')
    said = ten.publish(expect=6)
    assert 'the channel "email" sent it' in said
    assert mail.counts == dict.fromkeys(TEN, 1)
    ten.record({}, SECOND, channels="post")
    ten.publish()  # what is new goes through it
    assert mail.counts == dict.fromkeys(TEN, 2)


def test_a_channel_that_is_of_another_type_now_stops_nobody_else(ten, mail):
    ten.people("staff", "staff@shop.example")
    ten.publish("--first", "1", expect=6)
    kept = settings(ten).read_text()
    start = kept.index("[channels.email]")
    end = kept.index("[", start + 1)
    settings(ten).write_text(f'{kept[:start]}[channels.email]\ntype = "x"\napi = "http://127.0.0.1:9"\n{kept[end:]}')
    for name in ("api_key", "api_secret", "access_token", "access_secret"):
        ten.secret(f"email.{name}", "k")
    said = ten.publish(expect=None)
    assert "was of another type when this was approved" in said
    assert len(mail.taken) == 1
    settings(ten).write_text(kept)
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_posts_that_wait_for_a_channel_that_carries_mails_now_stop_nobody_else(ten, mail):
    mails = MAIL.format(port=mail.port)
    ten.settle(mails, X.format(url="http://127.0.0.1:9"), public=("website", "x"))
    for name in ("api_key", "api_secret", "access_token", "access_secret"):
        ten.secret(f"x.{name}", "k")
    ten.publish(expect=6)
    ten.settle(mails, mails.replace("channels.email", "channels.x"))
    ten.record({}, SECOND)
    assert "was of another type when this was approved" in ten.publish(expect=6)
    assert mail.counts == dict.fromkeys(TEN, 2)


@pytest.mark.parametrize("name", ["memo", "all"])
def test_a_channel_cannot_have_a_name_that_the_plan_uses(ten, name):
    change(ten, "[channels.email]", f"[channels.{name}]")
    ten.edit('"channels": ["email"]', f'"channels": ["{name}"]')
    assert f'a channel cannot be called "{name}"' in ten.run("plan", expect=3).stderr


def test_a_second_website_gets_the_pages_that_the_first_has(ten, mail):
    del mail
    ten.publish()
    change(ten, "[channels.email]", '[channels.other]\ntype = "website"\n\n[channels.email]')
    assert "+ other" in ten.run("plan", expect=0).stdout
    ten.publish()
    assert "Nothing to publish" in ten.publish()


def test_a_reader_of_two_lists_with_channels_of_their_own_gets_one_mail(office, mail):
    office.settle(MAIL.format(port=mail.port), MAIL.format(port=mail.port).replace("channels.email", "channels.desk"))
    office.people("merchants", *TEN[:3])
    office.people("staff", TEN[0], "staff@shop.example")
    office.record(audiences=("merchants", "staff"))
    office.edit('"name": "Our staff", "channels": ["email"]', '"name": "Our staff", "channels": ["desk"]')
    office.publish()
    assert mail.counts == dict.fromkeys([*TEN[:3], "staff@shop.example"], 1)


# -- records and settings ------------------------------------------------------------------------------------------


def test_a_language_that_is_taken_out_is_gone_after_one_publish(ten, mail):
    del mail
    change(ten, 'languages = ["en"]', 'languages = ["en", "de"]')
    ten.publish()
    change(ten, 'languages = ["en", "de"]', 'languages = ["en"]')
    ten.publish()
    assert "Nothing to publish" in ten.publish()


def test_a_new_incident_with_the_words_of_an_old_one_is_its_own(ten, mail):
    ten.publish()
    (ten.folder / "incidents/checkout.yaml").unlink()
    ten.record({"minutes": -3}, name="again")
    ten.publish(expect=None)
    assert mail.counts == dict.fromkeys(TEN, 2)


def test_no_incident_has_the_name_of_them_all(ten):
    ten.record(name="everything")
    assert "crisiscomms hold everything" in ten.run("plan", "everything", expect=3).stderr


def test_a_plan_with_other_settings_is_another_plan(ten):
    def fingerprint():
        return json.loads(ten.run("plan", "--json", expect=0).stdout)["fingerprint"]

    first = fingerprint()
    change(ten, "incident@northwind.example", "boss@other.example")
    second = fingerprint()
    change(ten, 'head_start = "0 minutes"', 'head_start = "3 hours"')
    assert len({first, second, fingerprint()}) == 3


def test_an_update_that_a_newer_one_takes_the_place_of_is_named(ten, mail):
    ten.record({}, SECOND)
    said = ten.run("plan", expect=0).stdout
    assert 'mail of "first": merchants get only the mail of "second", which is newer' in said
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_the_first_mail_that_a_reader_gets_answers_nothing(ten, mail):
    ten.publish()
    ten.people("merchants", *TEN, "new@shop.example")
    ten.record({}, SECOND)
    ten.publish()
    heads = [email.message_from_bytes(body, policy=policy.default) for body in mail.mails[10:]]
    answers = {head["To"].addresses[0].addr_spec: head["Subject"].startswith("Re: ") for head in heads}
    assert answers == {**dict.fromkeys(TEN, True), "new@shop.example": False}


# -- whose word it was ---------------------------------------------------------------------------------------------


def test_who_opens_an_incident_does_not_lift_the_hold_of_somebody_else(ten, mail):
    ten.publish("--first", "1", expect=6)
    ten.run("hold", "checkout", "--reason", "counsel is reading it", expect=0)
    ten.edit("severity: minor", "severity: minor\nmarket_sensitive: true")
    ten.publish(expect=6)
    ten.run("unlock", "checkout", "--by", "Ines Aalto", expect=0)
    assert "counsel is reading it" in ten.publish(expect=6)
    assert len(mail.taken) == 1


def test_publishing_one_incident_does_not_end_the_trial_of_another(ten, mail):
    ten.publish("--first", "2", expect=6)
    ten.record(audiences=(), name="other")
    ten.publish("other", expect=6)
    assert len(mail.taken) == 2
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_the_rest_of_a_list_is_not_told_before_somebody_says_so(ten, mail):
    ten.publish("--first", "2", expect=6)
    said = ten.run("publish", expect=5).stderr
    assert "Only the first were told: 8 more people wait for the same words" in said
    assert "crisiscomms publish --yes" in said
    assert len(mail.taken) == 2
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


# -- time ----------------------------------------------------------------------------------------------------------


def test_what_was_to_come_when_it_was_planned_waits_however_long_a_person_looked_at_the_plan(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db", lambda: NOW + timedelta(hours=1), "tester")
    lines = [line(ANA), line(ANA, update_id="second", at=LATER, not_before=LATER)]
    number = ledger.freeze("checkout", "f", NOW, lambda _: TELLING, {}, lines, [])
    found = ledger.claim(Stage(10, "email", number), ledger_worker(), most=9)
    assert [row.update_id for row in found] == ["first"]
    assert found[0].at == AT
    ledger.close()


def ledger_worker():
    from crisiscomms.ledger.rows import Worker

    return Worker.this()


def restored(office, *, rows=True):
    """Publish, and put a backup back in the place of the lost ledger."""
    office.publish()
    office.run("ledger", "backup", "kept.db", expect=0)
    for path in office.folder.glob("ledger.db*"):
        path.unlink()
    return office.run("ledger", "restore", "kept.db", expect=6 if rows else 0).stdout


@pytest.fixture
def scheduled(office):
    """An update is out, and another waits for its time; mails are files, which could be written again without harm."""
    office.settle(OUTBOX)
    office.people("merchants", *TEN[:2])
    office.record({}, SOON)
    return office


def mails(office):
    return sorted(path.name for path in (office.folder / "outbox").rglob("*.eml"))


def test_what_waits_for_its_time_does_not_go_after_a_restore(scheduled):
    restored(scheduled)
    before = mails(scheduled)
    scheduled.publish(expect=None)
    scheduled.run("release", "everything")
    scheduled.publish(expect=None)
    assert mails(scheduled) == before
    assert len(before) == 2


def test_what_waits_for_its_time_goes_then_where_a_person_wants_it_again_after_a_restore(scheduled):
    restored(scheduled)
    scheduled.run("doubt", "resolve", "--all", "--resend", "--reason", "they had begun nowhere", expect=0)
    scheduled.run("release", "everything")
    said = scheduled.publish(expect=None)
    assert "called off" not in said
    assert "waits until" in scheduled.run("plan", expect=0).stdout
    assert len(mails(scheduled)) == 2


def test_an_update_that_waits_does_not_go_once_it_is_over(ten, mail):
    """It was written before anybody knew that it would be over by then."""
    ten.record({}, {**SECOND, "minutes": 240})
    ten.publish()
    over = {"id": "over", "minutes": -0.5, "status": "resolved", "text": "It works again. We are sorry."}
    ten.record({}, over, {**SECOND, "minutes": 240})
    assert 'scheduled messages of "second": called off: it is over since "over"' in ten.run("plan").stdout
    # Nobody published in between: it is due by now.
    ten.record({}, {**over, "minutes": -2}, SECOND)
    said = ten.run("plan").stdout
    assert '"second" was planned before "over" said that it is over' in said
    assert "~ website" not in said
    assert len(mail.taken) == 10
