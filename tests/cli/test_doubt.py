"""Messages that may have arrived: what the team is told about each, and what the settings of a channel do by themselves."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from contextlib import closing

from example_room import FINAL, publish, run_here
from standins.mail_server import DROP
from standins.office import MAIL

ANA, BEA, CEM = THREE = ["ana@shop.example", "bea@shop.example", "cem@shop.example"]


def about_to_publish(office, mail, doubt="ask"):
    """Three merchants are about to hear one update, and the first answer about Bea's mail will be lost."""
    office.settle(MAIL.format(port=mail.port) + f'doubt = "{doubt}"\n')
    office.people("merchants", *THREE)
    office.record()
    mail.rule = lambda address, _count: DROP if address == BEA and not mail.counts[BEA] else None


def entries(office):
    """Return what the audit trail says, by what happened."""
    lines = office.run("audit", "export", expect=0).stdout.splitlines()
    return {entry["what"]: entry["detail"] for entry in map(json.loads, lines)}


# -- what the channel says beforehand ------------------------------------------------------------------------------


def test_where_silence_is_preferred_a_doubt_is_left_alone_and_said(office, mail):
    about_to_publish(office, mail, "silence")
    said = office.publish(expect=0)
    assert f"! {BEA}: 127.0.0.1:{mail.port} did not say whether it took the mail: the server hung up" in said
    assert "Published: 4 messages out." in said
    assert 'Left alone: 1 message that may not have arrived. The channel says doubt = "silence": never twice.' in said
    assert "In doubt" not in said
    assert office.states() == {"sent": 2, "closed_unknown": 1}
    for _ in range(2):
        assert office.publish(expect=0) == "Nothing to publish.\n"
    assert mail.counts == dict.fromkeys(THREE, 1)
    assert "Nothing is in doubt." in office.run("doubt", "list", expect=0).stdout
    assert re.search(r"email +closed, nobody knows +1\n", office.run("status", expect=0).stdout)
    assert entries(office)["closed_unknown"] == {"by": "the plan", "reason": "rather silence"}


def test_where_twice_is_preferred_a_doubt_goes_out_again_by_itself(office, mail):
    about_to_publish(office, mail, "duplicate")
    said = office.publish(expect=0)
    assert "Published: 5 messages out." in said
    assert (
        'Sent again: 1 message that may have arrived before. The channel says doubt = "duplicate": rather twice than never.'
        in said
    )
    assert "In doubt" not in said
    assert "!" not in said
    assert mail.counts == {ANA: 1, BEA: 2, CEM: 1}
    assert office.states() == {"sent": 3, "closed_unknown": 1}
    assert office.publish(expect=0) == "Nothing to publish.\n"
    assert mail.counts == {ANA: 1, BEA: 2, CEM: 1}
    assert entries(office)["resend"] == {"by": "the plan", "number": 1}
    assert len(set(re.findall(rb"(?im)^message-id: (.*)\r$", b"\r\n".join(mail.mails)))) == 4


def test_where_twice_is_preferred_a_place_that_never_answers_is_asked_three_times(office, mail):
    about_to_publish(office, mail, "duplicate")
    mail.rule = lambda address, _count: DROP if address == BEA else None
    said = office.publish(expect=6)
    assert "Sent again: 2 messages" in said
    assert "In doubt: 1 message. It may or may not have arrived. Look: crisiscomms doubt list" in said
    office.publish(expect=6)
    assert mail.counts == {ANA: 1, BEA: 3, CEM: 1}
    assert office.states() == {"sent": 2, "closed_unknown": 2, "in_doubt": 1}


def test_programs_read_how_doubts_were_settled(office, mail):
    about_to_publish(office, mail, "silence")
    plain = json.loads(office.run("publish", "--json", "--yes", expect=0).stdout)
    assert (plain["sent"], plain["doubt"], plain["left_alone"], plain["sent_again"]) == (4, 0, 1, 0)


# -- what the team is told -----------------------------------------------------------------------------------------


def test_a_doubt_is_listed_with_all_that_is_known_and_what_to_do(office, mail):
    about_to_publish(office, mail)
    office.publish(expect=6)
    (number,) = office.sql("select id from deliveries where recipient = ?", BEA)[0]
    said = office.run("doubt", "list", expect=0).stdout
    assert said.startswith("1 message may or may not have arrived. Nothing of this is sent again before you say so.\n")
    shown = dict(re.findall(r"^ {9}([\w-]+(?: \w+)?)  +(.+)$", said, re.MULTILINE))
    assert re.search(rf"^ +{number}  {BEA}$", said, re.MULTILINE)
    assert shown.pop("message") == '"Card payments failed at checkout"'
    assert 'incident checkout, update "first", by email' in said
    assert shown.pop("it stood") == "All of it was handed over, and no answer came."
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", shown.pop("since"))
    assert shown.pop("server") == f"127.0.0.1:{mail.port}"
    assert shown.pop("last word").endswith("did not say whether it took the mail: the server hung up")
    assert re.fullmatch(r".+, process \d+", shown.pop("worker"))
    assert shown.pop("Message-ID").encode() in mail.mails[mail.taken.index(BEA)]
    assert not shown
    for answer in ("--sent", "--resend", "--close"):
        assert f'crisiscomms doubt resolve {number} {answer} --reason "how you know"' in said
    (row,) = json.loads(office.run("doubt", "list", "--json", expect=0).stdout)["rows"]
    assert row["known"]["server"] == f"127.0.0.1:{mail.port}"


def test_the_commands_that_the_list_names_do_what_it_says(office, mail):
    about_to_publish(office, mail)
    office.publish(expect=6)
    (command,) = re.findall(r"crisiscomms (doubt resolve \d+ --resend) ", office.run("doubt", "list").stdout)
    office.run(*command.split(), "--reason", "she called", expect=0)
    office.publish()
    assert mail.counts == {ANA: 1, BEA: 2, CEM: 1}
    (evidence,) = office.sql("select evidence from deliveries where recipient = ? and number = 0", BEA)[0]
    kept = json.loads(evidence)
    assert kept["because"] == "she called"
    assert "the server hung up" in kept["reason"]  # what is known stays beside a person's word


def test_a_doubt_that_a_killed_process_left_is_as_plain(office, mail):
    about_to_publish(office, mail)
    mail.rule = lambda _address, _count: None
    killed = []
    mail.after = lambda _address, _count: killed or killed.append(process.kill())
    process = office.start("publish", "--yes")
    office.end(process)
    assert len(mail.taken) == 1
    office.publish(expect=6)
    said = office.run("doubt", "list", expect=0).stdout
    assert re.search(rf"^ +\d+  {mail.taken[0]}$", said, re.MULTILINE)
    assert "Its end was being handed over when the worker ended. Nobody heard an answer." in said
    assert re.search(rf"server +127.0.0.1:{mail.port}\n", said)
    assert re.search("last word +none that anybody wrote down", said)
    assert f", process {process.pid}\n" in said
    (message_id,) = re.findall(r"Message-ID +(<.+>)", said)
    assert message_id.encode() in mail.mails[0]


def test_many_doubts_are_named_at_once(office, mail):
    about_to_publish(office, mail)
    many = [f"reader{number:02}@shop.example" for number in range(30)]
    office.people("merchants", *many)
    office.publish("--first", "1", expect=6)
    with closing(sqlite3.connect(office.folder / "ledger.db")) as ledger, ledger:
        ledger.execute("update deliveries set state = 'in_doubt', evidence = '' where state = 'planned'")
    said = office.run("doubt", "list", expect=0).stdout
    assert said.startswith("29 messages may or may not have arrived.")
    assert len(re.findall(r"^ +\d+  reader\d\d@", said, re.MULTILINE)) == 20
    assert "And 9 more, all of them in: crisiscomms doubt list --json" in said
    assert "crisiscomms doubt resolve --all --sent" in said
    assert "Nobody wrote down where it stood." in said


def test_a_doubt_of_a_rehearsal_is_settled_in_the_rehearsal(example):
    publish(example, "checkout-outage", FINAL["checkout-outage"])
    with closing(sqlite3.connect(example / "rehearsal" / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE deliveries SET state = 'in_doubt' WHERE recipient LIKE '%@%'")
    said = run_here(example, "doubt", "list", "--rehearsal").stdout
    commands = [shlex.split(line) for line in said.splitlines() if line.startswith("    crisiscomms doubt resolve")]
    assert len(commands) == 3
    done = run_here(example, *commands[0][1:])
    assert (done.returncode, done.stdout) == (0, "40 doubts settled.\n")
    assert "In doubt" not in run_here(example, "status", "--rehearsal").stdout
