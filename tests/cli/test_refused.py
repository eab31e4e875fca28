"""Messages that were refused for good: a place that is set up wrongly does not cost a whole list, and a person can send again."""

from __future__ import annotations

import asyncio
import json
import sqlite3

import pytest
from standins.mail_server import MailServer
from standins.office import MAIL

PEOPLE = [f"reader{n:02}@shop.example" for n in range(40)]
DENIED = "554 5.7.1 relay access denied"


def about_to_publish(office, mail, people=PEOPLE):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *people)
    office.record()


def test_a_relay_that_takes_nobody_is_left_alone_and_the_list_goes_out_once_it_is_put_right(office, mail):
    about_to_publish(office, mail)
    mail.rule = lambda _address, _count: DENIED
    said = office.publish(expect=6)
    refused = office.states()["failed"]
    assert 20 <= refused < len(PEOPLE), "the rest waits, and is not refused for good"
    assert "Why, and what to do: crisiscomms refused list" in said
    assert f"it refused {refused} messages one after the other, so it is left alone" in said
    assert office.run("status", "--exit-code", expect=6)

    mail.rule = lambda _address, _count: None
    office.publish(expect=None)
    assert set(mail.counts) >= set(PEOPLE[-1:])
    listed = office.run("refused", "list", expect=0).stdout
    assert DENIED in listed
    assert f"{refused} messages were refused" in listed
    settled = office.run(
        "refused", "resolve", "--all", "--resend", "--reason", "the relay knows us now", expect=0
    ).stdout
    assert f"{refused} refusals settled." in settled
    assert f"{refused} messages sent" in office.publish(expect=0)
    assert dict(mail.counts) == dict.fromkeys(PEOPLE, 1)
    assert office.run("refused", "list", expect=0).stdout == "Nothing is refused.\n"
    assert office.publish(expect=0) == "Nothing to publish.\n"
    assert office.run("status", "--exit-code", expect=0)


def test_an_address_that_is_gone_is_named_and_left(office, mail):
    about_to_publish(office, mail)
    gone = PEOPLE[3]
    mail.rule = lambda address, _count: "550 5.1.1 no such user" if address == gone else None
    office.publish(expect=6)
    assert office.states() == {"sent": len(PEOPLE) - 1, "failed": 1}
    assert "Refused before: 1 message. What to do: crisiscomms refused list" in office.publish(expect=0)
    rows = json.loads(office.run("refused", "list", "--json", expect=0).stdout)["rows"]
    assert [(row["recipient"], "no such user" in row["reason"]) for row in rows] == [(gone, True)]
    number = str(rows[0]["id"])
    assert "not refused: 99999" in office.run("refused", "resolve", "99999", "--close", expect=2).stderr
    office.run("refused", "resolve", number, "--close", "--reason", "left the company", expect=0)
    assert office.publish(expect=0) == "Nothing to publish.\n"
    assert dict(mail.counts) == {person: 1 for person in PEOPLE if person != gone}
    entries = [json.loads(line) for line in office.run("audit", "export", expect=0).stdout.splitlines()]
    assert [entry["detail"]["reason"] for entry in entries if entry["what"] == "left refused"] == ["left the company"]


def test_some_addresses_that_are_gone_stop_nobody_else(office, mail):
    """An old list: first those who are there, then two dozen at a company that closed."""
    people = [*PEOPLE[:10], *(f"gone{n}@closed.example" for n in range(30)), *PEOPLE[10:]]
    about_to_publish(office, mail, people)
    mail.rule = lambda address, _count: "550 5.1.2 no such host" if "closed" in address else None
    office.publish(expect=6)
    assert office.states() == {"sent": len(PEOPLE), "failed": 30}


class Slow(MailServer):
    """A server that takes longer for its first answer than a fan waits for news."""

    async def handle_RCPT(self, *given):  # noqa: N802 -- aiosmtpd's name
        if not self.taken:
            await asyncio.sleep(1.2)
        return await super().handle_RCPT(*given)


@pytest.mark.parametrize(("every", "sent"), [(3, True), (1, False)])
def test_mails_that_cannot_be_made_are_refused_one_by_one_and_never_a_whole_list(office, every, sent):
    people = [f"reader{n:03}@shop.example" for n in range(100)]
    with Slow() as slow:
        about_to_publish(office, slow, people)
        office.publish("--first", "1", expect=6)
        slow.taken.clear()
        with sqlite3.connect(office.folder / "ledger.db") as ledger:  # no longer what was approved
            broken = ledger.execute(
                "update deliveries set person = replace(person, 'shop', 'shpo') where recipient != '' and state = 'planned'"
                " and id % ? = 0",
                (every,),
            ).rowcount
        said = office.publish(expect=6)
    assert "it refused" not in said, "the server refused nobody"
    if sent:
        assert len(slow.taken) == len(people) - 1 - broken
        assert office.states()["failed"] == broken
    else:
        assert "20 messages one after the other could not be made, so it is left alone" in said
        assert office.states() == {"sent": 1, "failed": 20, "planned": 79}
