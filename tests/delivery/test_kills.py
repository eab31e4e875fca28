"""A publish that is killed again and again: everybody hears it once, or the team is shown the doubt."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import random
import re
import select
import subprocess
import threading
import time

from standins.office import MAIL

PEOPLE = [f"reader{number:04}@shop.example" for number in range(3000)]
#: Between the last byte of a mail and the server's answer; within so many mails; within so many seconds of the start.
AT_THE_DOT, AFTER_MAILS, AFTER_SECONDS = 3, 14, 3
#: After so many mails at the latest: a fast machine would be done before the last kill.
MOST = 170


def moments(seed):
    """Return when each publish is killed: a sort, and how many mails or seconds later."""
    chance = random.Random(seed)
    found = [("dot", chance.randint(20, 150)) for _ in range(AT_THE_DOT)]
    found += [("mails", chance.randint(5, MOST)) for _ in range(AFTER_MAILS)]
    found += [("seconds", chance.uniform(0.3, 3)) for _ in range(AFTER_SECONDS)]
    chance.shuffle(found)
    return found, chance


def kill(process):
    process.kill()  # SIGKILL: nothing in it runs any more


def publish_and_kill(office, mail, sort, moment, chance):
    """Start a publish, and kill it. Returns the address whose mail was taken but never answered, if that was the aim."""
    process = office.start("publish", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before, unanswered, timers, enough = len(mail.taken), [], [], threading.Event()

    def after(address, count):
        if count - before >= MOST:
            enough.set()
        if count - before == moment:
            if sort == "dot":
                unanswered.append(address)
                kill(process)
                process.wait(10)
            elif sort == "mails":
                timers.append(threading.Timer(chance.uniform(0, 0.02), kill, [process]))
                timers[-1].start()

    mail.after = after
    try:
        if sort == "seconds":
            enough.wait(moment)
            kill(process)
        process.wait(120)
    finally:
        mail.after = lambda _address, _count: None
        kill(process)
        process.wait(10)
        for timer in timers:
            timer.join()
    assert process.returncode == -9, f"it ended by itself ({process.returncode}) before it could be killed"
    return unanswered


def check_chain(office):
    previous, seq = bytes(32), 0
    for last, at, who, entries, chained in office.sql("select seq, at, who, entries, hash from audit order by seq"):
        for entry in entries.split("\x1e"):
            seq += 1
            previous = hashlib.sha256(previous + f"{seq}\x1f{at}\x1f{who}\x1f{entry}".encode()).digest()
        assert (chained, last) == (previous, seq)


def test_after_twenty_kills_everybody_has_one_mail_or_is_listed_as_doubtful(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", *PEOPLE)
    office.record()
    kills, chance = moments(20261118)
    unanswered = []
    for sort, moment in kills:
        unanswered += publish_and_kill(office, mail, sort, moment, chance)
    said = office.publish(expect=6)

    doubted = {row["recipient"]: row["id"] for row in json.loads(office.run("doubt", "list", "--json").stdout)["rows"]}
    assert len(unanswered) == AT_THE_DOT
    assert set(unanswered) <= set(doubted)
    assert len(doubted) <= len(kills)
    assert f"In doubt: {len(doubted)} messages" in said
    assert max(mail.counts.values()) == 1
    missing = set(PEOPLE) - set(mail.counts)
    assert missing <= set(doubted)
    assert office.states() == {"sent": len(PEOPLE) - len(doubted), "in_doubt": len(doubted)}
    listed = office.run("doubt", "list").stdout
    assert all(address in listed for address in doubted)

    twice, closed = unanswered[:2]
    office.publish(expect=6)  # doubts stay doubts, and nobody hears anything again
    assert max(mail.counts.values()) == 1
    arrived = [str(doubted[a]) for a in doubted if a in mail.counts and a not in {twice, closed}]
    office.run("doubt", "resolve", *arrived, "--sent", "--reason", "they answered", expect=0)
    office.run("doubt", "resolve", str(doubted[closed]), "--close", expect=0)
    again = [str(doubted[a]) for a in [*missing, twice]]
    office.run("doubt", "resolve", *again, "--resend", "--reason", "better twice than never", expect=0)
    assert office.run("doubt", "list").stdout.startswith("Nothing is in doubt")
    office.publish()

    assert mail.counts == dict.fromkeys(PEOPLE, 1) | {twice: 2}
    assert office.states()["sent_by_operator"] == len(arrived)
    assert office.states()["closed_unknown"] == 1 + len(again)
    assert sum(office.states().values()) == len(PEOPLE) + len(again)
    assert "Nothing to publish" in office.publish()
    assert sum(mail.counts.values()) == len(PEOPLE) + 1
    check_chain(office)


def test_a_resent_mail_has_a_message_id_of_its_own(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", "ana@shop.example", "bea@shop.example")
    office.record()
    mail.rule = lambda address, _count: "drop" if address.startswith("ana") else None
    assert "In doubt: 1 message" in office.publish(expect=6)
    mail.rule = lambda _address, _count: None
    office.run("doubt", "resolve", "--all", "--resend", expect=0)
    office.publish()

    ids = [re.search(rb"Message-ID:\s*(\S+)", body)[1] for body in mail.mails]
    assert mail.counts == {"ana@shop.example": 2, "bea@shop.example": 1}
    assert len(set(ids)) == 3


def test_resolving_asks_for_one_answer_and_known_numbers(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", "ana@shop.example")
    office.record()
    mail.rule = lambda _address, _count: "drop"
    office.publish(expect=6)
    number = str(json.loads(office.run("doubt", "list", "--json").stdout)["rows"][0]["id"])

    assert "--sent, --resend or --close" in office.run("doubt", "resolve", number, expect=2).stderr
    assert "not in doubt: 999" in office.run("doubt", "resolve", "999", "--sent", expect=2).stderr
    office.run("doubt", "resolve", number, "--sent", expect=0)
    assert f"not in doubt: {number}" in office.run("doubt", "resolve", number, "--resend", expect=2).stderr
    office.publish()
    assert mail.taken == ["ana@shop.example"]


def run_on_a_terminal(office, *words, **env):
    """Run `crisiscomms` with its errors on a terminal. Returns the exit code and what the terminal showed."""
    ours, theirs = pty.openpty()
    process = office.start(
        *words, stdout=subprocess.DEVNULL, stderr=theirs, env={"TERM": "xterm", "COLUMNS": "100", **env}
    )
    os.close(theirs)
    shown, end = b"", time.monotonic() + 120
    try:
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    shown += os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
            elif process.poll() is not None:
                break
        return process.wait(10), shown.decode(errors="replace")
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)


def test_a_bar_shows_on_a_terminal_for_work_over_a_second(office, mail):
    office.settle(MAIL.format(port=mail.port).replace("per_second = 5000", "per_second = 20"))
    office.people("merchants", *PEOPLE[:40])
    office.record()
    code, shown = run_on_a_terminal(office, "publish", "--yes")

    assert code == 0
    assert "Sending" in shown
    assert re.search(r"\d+/42", shown)
    assert len(mail.taken) == 40


def test_a_bar_shows_while_a_large_site_is_written(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", "ana@shop.example")
    office.record()
    slow = "{% for a in range(2000) %}{% for b in range(30000) %}{% endfor %}{% endfor %}"
    (office.folder / "site").mkdir()
    (office.folder / "site" / "front.html.j2").write_text(f"<head></head><h1>Large</h1>{slow}", encoding="utf-8")
    code, shown = run_on_a_terminal(office, "publish", "--yes")

    assert code == 0, shown
    assert re.search(r"Writing the pages.*\b\d+/\d\d\b", shown)
    assert "Sending" not in shown


def test_no_bar_shows_for_short_work(office, mail):
    office.settle(MAIL.format(port=mail.port))
    office.people("merchants", "ana@shop.example")
    office.record()
    code, shown = run_on_a_terminal(office, "publish", "--yes")

    assert (code, shown) == (0, "")
