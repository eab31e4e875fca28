"""The ledger as a team keeps it: backups, a backup put back, an audit that finds what was changed, and who wants no more."""

from __future__ import annotations

import email
import json
import os
import re
import sqlite3
import threading
from email import policy

import pytest
from standins.office import LATER, MAIL, TEN

ANCHOR = "public/.well-known/crisiscomms/anchor.json"
SECOND = {"id": "second", "minutes": -1, "text": LATER}


def backup(office):
    office.run("ledger", "backup", "kept.db", expect=0)
    return office.root / "kept.db"


def lose_ledger(office):
    for path in office.folder.glob("ledger.db*"):
        path.unlink()


def change(office, statement, *values):
    with sqlite3.connect(office.folder / "ledger.db") as connection:
        connection.execute(statement, values)
    connection.close()


# -- backup and restore --------------------------------------------------------------------------------------------


def test_a_backup_made_while_mails_go_out_is_whole_and_disturbs_nobody(ten, mail):
    reached, go_on = threading.Event(), threading.Event()

    def after(_address, count):
        if count == 4:
            reached.set()
            go_on.wait(60)

    mail.after = after
    process = ten.start("publish", "--yes")
    try:
        assert reached.wait(60)
        said = ten.run("ledger", "backup", "kept.db", expect=0).stdout
    finally:
        go_on.set()
        done = ten.end(process)
    assert done.returncode == 0, done.stderr
    assert mail.counts == dict.fromkeys(TEN, 1)
    assert re.search(r"kept.db holds the ledger with \d+ audit entries, and its trail holds", said)
    assert [path.name for path in ten.root.glob("*kept.db*")] == ["kept.db"]


def test_a_backup_never_replaces_a_file(ten):
    ten.publish()
    backup(ten)
    before = (ten.root / "kept.db").read_bytes()
    assert "kept.db is there already" in ten.run("ledger", "backup", "kept.db", expect=2).stderr
    assert (ten.root / "kept.db").read_bytes() == before


def test_where_nothing_was_published_there_is_nothing_to_keep_or_to_look_at(ten):
    for words in (["ledger", "backup", "kept.db"], ["ledger", "accept"], ["audit", "verify"], ["audit", "export"]):
        assert "there is no ledger" in ten.run(*words, expect=2).stderr
    assert not (ten.folder / "ledger.db").exists()


def test_a_backup_put_back_knows_who_was_told(ten, mail):
    ten.publish()
    kept = backup(ten)
    kept.chmod(0o400)
    lose_ledger(ten)
    assert "The ledger is back" in ten.run("ledger", "restore", str(kept), expect=0).stdout
    assert "Nothing to publish" in ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)
    ten.run("audit", "verify", expect=0)


def test_what_waited_in_a_backup_is_in_doubt_when_it_is_put_back(ten, mail):
    mail.most = 4
    ten.publish(expect=6)
    kept = backup(ten)
    mail.most = None
    ten.publish()  # the site of this publication is no newer than the backup, its mails are
    lose_ledger(ten)
    said = ten.run("ledger", "restore", str(kept), expect=6).stdout
    assert "In doubt now: 6 messages" in said
    ten.publish(expect=6)
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_backup_is_put_back_only_where_there_is_no_ledger(ten, mail):
    ten.publish()
    kept = backup(ten)
    assert "is not empty" in ten.run("ledger", "restore", str(kept), expect=2).stderr
    assert "Nothing to publish" in ten.publish()
    assert len(mail.taken) == 10


@pytest.mark.parametrize("text", [None, "", "this is no ledger\n" * 100])
def test_a_file_that_is_no_backup_is_refused(ten, text):
    if text is not None:
        (ten.root / "kept.db").write_text(text)
    said = ten.run("ledger", "restore", "kept.db", expect=2).stderr
    assert "there is no file kept.db" in said if text is None else "kept.db is no ledger" in said


def test_a_backup_that_somebody_changed_is_refused_and_nothing_of_it_is_put_back(ten):
    ten.publish()
    kept = backup(ten)
    with sqlite3.connect(kept) as connection:
        connection.execute("update audit set who = 'somebody else' where seq = 1")
    connection.close()
    lose_ledger(ten)
    said = ten.run("ledger", "restore", str(kept), expect=1).stderr
    assert "does not hold: Entry 1 is not what was written" in said
    assert ten.sql("select count(*) from deliveries") == [(0,)]


# -- a ledger that knows less than the site ------------------------------------------------------------------------


def two_updates_and_a_backup_in_between(office, mail):
    mail.most = 4
    office.publish(expect=6)
    kept = backup(office)
    mail.most = None
    office.publish()
    office.record({}, SECOND)
    office.publish()
    assert len(mail.taken) == 20
    lose_ledger(office)
    return kept


def test_a_ledger_older_than_the_site_publishes_nothing_until_a_person_accepts_it(ten, mail):
    kept = two_updates_and_a_backup_in_between(ten, mail)
    said = ten.run("ledger", "restore", str(kept), expect=6).stdout
    assert "older than the published site" in said
    said = ten.publish(expect=1)
    assert "is older than the published site" in said
    assert "Nothing was sent" in said
    assert "crisiscomms ledger accept" in said
    assert len(mail.taken) == 20
    assert "The trail ends at entry" in ten.run("audit", "verify", expect=6).stdout

    said = ten.run("ledger", "accept", expect=0).stdout
    assert "In doubt now: 6 messages" in said
    assert "Everything is on hold" in said
    assert "nothing to accept" in ten.run("ledger", "accept", expect=0).stdout
    assert ten.states() == {"sent": 4, "in_doubt": 6}
    ten.run("doubt", "resolve", "--all", "--sent", "--reason", "the provider's log", expect=0)
    said = ten.publish(expect=6)
    assert "everything is on hold: the ledger is older than what was published, and may tell people again" in said
    assert len(mail.taken) == 20, "the second update went out after the backup: it is not sent again unasked"
    ten.run("release", "everything", expect=0)
    ten.record({}, {**SECOND, "to": ()})
    ten.publish()
    assert len(mail.taken) == 20
    ten.run("audit", "verify", expect=0)  # the site names the new end of the trail


def test_a_ledger_that_was_deleted_while_the_site_stands_publishes_nothing(ten, mail):
    ten.publish()
    lose_ledger(ten)
    said = ten.publish(expect=1)
    assert "not the one it was published from" in said
    assert mail.counts == dict.fromkeys(TEN, 1)
    ten.publish(expect=1)
    assert len(mail.taken) == 10


def test_a_site_that_names_no_end_of_a_trail_stops_nobody(ten, mail):
    ten.publish()
    (ten.folder / ANCHOR).unlink()
    ten.record({}, SECOND)
    ten.publish()
    assert len(mail.taken) == 20


# -- audit ---------------------------------------------------------------------------------------------------------


def test_an_audit_counts_the_entries_and_names_one_that_was_changed(ten):
    ten.publish()
    entries = len(ten.run("audit", "export", expect=0).stdout.splitlines())
    assert f"{entries} entries, none of them changed" in ten.run("audit", "verify", expect=0).stdout
    change(ten, "update audit set entries = 'x' || entries where seq = ?", entries)
    before = ten.sql("select max(seq) from audit where seq < ?", entries)[0][0]
    words = f"entries {before + 1} to {entries}" if before + 1 < entries else f"Entry {entries}"
    assert f"{words} is not what was written" in ten.run("audit", "verify", expect=6).stdout
    told = json.loads(ten.run("audit", "verify", "--json", expect=6).stdout)
    assert (told["entries"], told["anchored"]) == (before, True)
    assert words in told["flaw"]


def test_entries_cut_off_at_the_end_are_missed_by_the_site_and_by_an_anchor_kept_elsewhere(ten):
    ten.publish()
    entries = json.loads((ten.folder / ANCHOR).read_text())["entries"]
    kept = ten.root / "anchor.json"
    kept.write_text((ten.folder / ANCHOR).read_text())
    change(ten, "delete from audit where seq >= ?", entries)
    words = f"The trail ends at entry {entries - 1}, and the published site names entry {entries}"
    assert words in ten.run("audit", "verify", expect=6).stdout
    (ten.folder / ANCHOR).unlink()
    assert "No published site names its end" in ten.run("audit", "verify", expect=0).stdout
    assert words in ten.run("audit", "verify", "--anchor", str(kept), expect=6).stdout


@pytest.mark.parametrize("text", ["", "[]", '{"entries": "many"}', "\udcff"])
def test_a_file_that_is_no_anchor_is_refused(ten, text):
    ten.publish()
    (ten.root / "anchor.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    said = ten.run("audit", "verify", "--anchor", "anchor.json", expect=2).stderr
    assert "anchor.json is no anchor that can be read" in said


def test_an_export_has_every_entry_as_a_line_of_json(ten):
    ten.publish()
    said = ten.run("audit", "export", "--out", "audit.jsonl", expect=0).stdout
    lines = (ten.root / "audit.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert f"{len(lines)} entries written to audit.jsonl" in said
    assert [entry["seq"] for entry in entries] == list(range(1, len(lines) + 1))
    assert sum(entry["what"] == "sent" for entry in entries) == 12
    assert {entry["who"] for entry in entries} == {"tester"}
    assert ten.run("audit", "export", expect=0).stdout.splitlines() == lines
    assert "cannot write" in ten.run("audit", "export", "--out", "no/such/folder", expect=2).stderr


# -- suppress ------------------------------------------------------------------------------------------------------


def token_of(body):
    message = email.message_from_bytes(body, policy=policy.default)
    return re.search(r"who=([\w-]+)>", message["List-Unsubscribe"])[1]


def with_unsubscribe(mail):
    return MAIL.format(port=mail.port) + 'unsubscribe = "https://northwind.example/no-more?who={token}"\n'


def test_who_wants_no_more_mail_gets_none_however_it_was_told(ten, mail):
    ten.settle(with_unsubscribe(mail))
    ten.publish()
    by_token = mail.taken[0]
    rest = [address for address in TEN if address != by_token]
    token = token_of(mail.mails[0])
    (ten.root / "asked.txt").write_text(f"{rest[0]}\n\n  {rest[1].title()}  \n", encoding="utf-8-sig")
    said = ten.run("suppress", rest[2].upper(), f"token:{token}", "--reason", "they wrote to us", expect=0).stdout
    assert "2 more readers will get no mail" in said
    ten.run("suppress", "--file", "asked.txt", expect=0)
    assert "0 more readers" in ten.run("suppress", rest[2], expect=0).stdout

    ten.record({}, SECOND)
    ten.publish()
    assert sorted(mail.taken[10:]) == sorted(rest[3:])
    assert "they wrote to us" in ten.run("audit", "export", expect=0).stdout


def test_who_unsubscribes_while_a_publish_runs_gets_nothing_from_then_on(ten, mail):
    def after(_address, count):
        if count == 2:
            ten.run("suppress", *TEN, expect=0, apart=True)

    mail.after = after
    ten.publish(expect=None)
    assert len(mail.taken) <= 3  # one was at its last byte
    assert ten.states()["cancelled"] >= 7
    mail.after = lambda _address, _count: None
    before = len(mail.taken)
    ten.publish()
    assert len(mail.taken) == before


def test_who_was_named_by_mistake_gets_mail_again_from_the_next_message_on(ten, mail):
    """One wrong line in a file would cost a reader every mail there is, and nobody would ever hear of it."""
    assert "Everybody gets mail" in ten.run("suppress", "--list", expect=0).stdout
    ten.run("suppress", *TEN[:3], "--reason", "the form said so", expect=0)
    ten.publish()
    listed = ten.run("suppress", "--list", expect=0).stdout
    assert "3 readers get no more mail" in listed
    assert all(f"{address}, noted by " in listed for address in TEN[:3])
    assert "the form said so" in listed

    again = ten.run("suppress", TEN[0].upper(), "never@shop.example", "--lift", "--reason", "a typing error", expect=0)
    assert "1 reader will get mail again. What went out meanwhile is not sent to them." in again.stdout
    assert "Not on the list: never@shop.example" in again.stderr
    told = json.loads(ten.run("suppress", "--list", "--json", expect=0).stdout)
    assert {one["reader"] for one in told["readers"]} == set(TEN[1:3])
    ten.record({}, SECOND)
    ten.publish()
    assert mail.counts == {TEN[0]: 1, **dict.fromkeys(TEN[3:], 2)}
    assert "a typing error" in ten.run("audit", "export", expect=0).stdout


@pytest.mark.parametrize("words", [["a@shop.example"], ["--lift"], ["--file", "x.txt"], ["--reason", "why"]])
def test_a_list_of_who_gets_no_mail_is_asked_for_alone(ten, words):
    assert "--list goes with nobody's address" in ten.run("suppress", "--list", *words, expect=2).stderr


def test_the_plan_and_what_became_of_it_tell_of_readers_who_want_no_more_mail(ten, mail):
    ten.run("suppress", *TEN[:2], expect=0)
    assert "2 readers have asked for no more mail" in ten.run("plan", expect=0).stdout
    said = ten.publish()
    assert "Left out: 2 readers who asked for no more mail." in said
    assert mail.counts == dict.fromkeys(TEN[2:], 1)
    assert "Left out" not in ten.publish()


def test_a_legal_notice_still_reaches_who_wants_no_more_mail(ten, mail):
    ten.run("suppress", *TEN, expect=0)
    ten.edit('"name": "Our merchants"', '"name": "Our merchants", "required": true')
    ten.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_legal_notice_reaches_who_wants_no_more_mail_and_is_on_another_list_that_comes_first(office, mail):
    """Who is on two lists gets one mail: never the one that they asked not to get."""
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *TEN)
    office.people("customers", *TEN[:3], "more@shop.example")
    office.record(audiences=("merchants", "customers"))
    office.edit('"name": "Our customers"', '"name": "Our customers", "required": true')
    office.run("suppress", TEN[0], TEN[9], expect=0)
    office.publish()
    assert mail.counts == dict.fromkeys([*TEN[:9], "more@shop.example"], 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say who wants no more mail"),
        (["ana"], '"ana" is neither a plain e-mail address nor token:T'),
        (["ana@shop.example", "Ana <ana@shop.example>"], "Nothing was recorded"),
        (["--file", "missing.txt"], "missing.txt cannot be read"),
    ],
)
def test_what_names_nobody_is_refused_as_a_whole(ten, words, said):
    assert said in ten.run("suppress", *words, expect=2).stderr
    assert not (ten.folder / "ledger.db").exists()


def test_a_backup_is_for_the_owner_of_the_ledger_only(ten):
    ten.publish()
    old = os.umask(0o077)
    try:
        kept = backup(ten)
    finally:
        os.umask(old)
    assert kept.stat().st_mode & 0o077 == 0


def test_a_ledger_that_is_no_database_is_named_with_the_way_out(ten):
    (ten.folder / "ledger.db").write_text("garbage\n" * 50)
    said = ten.run("status", expect=1).stderr
    assert "ledger.db is damaged" in said
    assert "crisiscomms ledger restore" in said
