"""A ledger that many machines share: moved there once, and sent from by workers that may die at any moment."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from datetime import UTC, datetime

from delivery.shared import PEOPLE, TEN, until
from standins.database import PASSWORD
from standins.office import LATER

# -- moving --------------------------------------------------------------------------------------------------------


def test_a_moved_ledger_knows_everything_it_knew(shared, mail):
    office = shared.office
    path = office.folder / "crisiscomms.toml"
    path.write_text("# how we speak\n" + path.read_text().replace("[site]", "[site]  # for everyone"))
    before = path.read_text()
    mail.rule = lambda address, _count: "drop" if address == TEN[3] else None
    office.publish(expect=6)
    mail.rule = lambda _address, _count: None
    doubted = shared.doubts()

    said = office.run("ledger", "move", shared.url, expect=0).stdout
    assert "crisiscomms.toml names the database now" in said
    assert path.read_text() == f'ledger = "{shared.url}"\n{before}'
    assert not (office.folder / "ledger.db").exists()
    assert (office.folder / "ledger.db.moved").exists()
    assert [row["recipient"] for row in doubted] == [TEN[3]]
    assert shared.doubts() == doubted
    assert "none of them changed" in office.run("audit", "verify", expect=0).stdout

    assert "Nothing to publish" in office.publish(expect=6)
    assert mail.counts == dict.fromkeys(TEN, 1)
    office.record({}, {"id": "second", "minutes": -1, "text": LATER})
    office.publish(expect=6)
    assert len(mail.taken) == 20  # new rows are numbered after those that were moved
    office.run("audit", "verify", expect=0)
    assert "moves from a file" in office.run("ledger", "move", shared.url, expect=2).stderr


def put_back(office, settings):
    """Put the file and the settings back that were there before a move."""
    (office.folder / "ledger.db.moved").rename(office.folder / "ledger.db")
    (office.folder / "crisiscomms.toml").write_text(settings)
    return office


def test_a_ledger_moves_only_into_an_empty_database(shared, mail):
    office = shared.office
    office.publish()
    office.run("ledger", "move", shared.url, expect=0)
    (office.folder / "ledger.db.moved").rename(office.folder / "ledger.db")
    path = office.folder / "crisiscomms.toml"
    path.write_text(path.read_text().partition("\n")[2])
    settings = path.read_text()
    office.run("ledger", "move", shared.url, expect=0)  # a move that ended before anybody was told of it
    office.run("hold", "everything", expect=0)
    assert "is not empty" in put_back(office, settings).run("ledger", "move", shared.url, expect=2).stderr
    assert "Nothing to publish" in office.publish()
    assert len(mail.taken) == 10


def test_an_address_with_a_password_is_refused_and_not_repeated(shared):
    office = shared.office
    office.publish()
    with_password = shared.url.replace("crisis@", f"crisis:{PASSWORD}@")
    said = office.run("ledger", "move", with_password, expect=2)
    assert "holds a password" in said.stderr
    assert "secrets/ledger.password" in said.stderr
    assert (office.folder / "ledger.db").exists()
    office.secret("ledger.password", "wrong")
    assert "cannot open the ledger" in office.run("ledger", "move", shared.url, expect=1).stderr
    assert (office.folder / "ledger.db").exists()


# -- publishing with and without workers ---------------------------------------------------------------------------


def test_a_shared_ledger_needs_no_worker(shared, mail):
    shared.use()
    said = shared.office.publish("--first", "4", expect=6)
    assert "6 more people wait" in said
    assert mail.counts == dict.fromkeys(TEN[:4], 1)
    assert "finished first: 6 messages" in shared.office.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)
    assert "Nothing to publish" in shared.office.publish()
    assert shared.sql("select count(*) from publications where state = 'open'") == [(0,)]


def test_a_worker_needs_a_ledger_that_can_be_shared(shared):
    said = shared.office.run("worker", expect=2).stderr
    assert "which one machine uses alone" in said
    assert "crisiscomms ledger move" in said


def test_two_workers_and_a_publish_send_everybody_one_mail(shared, mail):
    office = shared.office
    office.people("merchants", *PEOPLE)
    shared.use()
    mail.after = lambda _address, _count: time.sleep(0.005)
    for _ in range(2):
        shared.work()
    for number in range(2):
        shared.ready(number)
    said = office.publish()
    assert "Published: 302 messages out" in said
    assert mail.counts == dict.fromkeys(PEOPLE, 1)
    assert shared.sql("select count(distinct worker) from claims")[0][0] >= 2
    for process in shared.workers:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(20) for process in shared.workers] == [0, 0]
    office.run("audit", "verify", expect=0)


def test_a_mail_that_a_worker_was_refused_is_named_by_publish(shared, mail):
    office = shared.office
    office.people("merchants", *PEOPLE)
    shared.use()
    mail.at_rcpt = lambda address: "550 5.1.1 no such mailbox" if address in PEOPLE[280:283] else None
    mail.after = lambda _address, _count: time.sleep(0.005)
    shared.work()
    shared.ready(0)
    said = office.publish(expect=6)
    assert "Refused: 3 messages" in said
    assert all(f"{address}: " in said for address in PEOPLE[280:283])
    assert len(mail.taken) == 297


def test_workers_that_are_killed_in_the_middle_tell_nobody_twice(shared, mail):
    office, chance = shared.office, random.Random(20261118)
    office.people("merchants", *PEOPLE)
    shared.use()
    lease = {"CRISISCOMMS_LEASE": "3"}
    left = sorted(chance.sample(range(20, 240), 3))
    killed = []

    def after(_address, count):
        time.sleep(0.004)
        if left and count >= left[0]:
            alive = [process for process in shared.workers if process.poll() is None and process not in killed]
            if alive:
                left.pop(0)
                victim = chance.choice(alive)
                victim.kill()
                killed.append(victim)

    for _ in range(3):
        shared.work(**lease)
    for number in range(3):
        shared.ready(number)
    mail.after = after
    process = office.start("publish", "--yes", env=lease)
    done = office.end(process, 60)
    assert len(killed) >= 2
    doubted = {row["recipient"]: row["id"] for row in shared.doubts()}
    assert done.returncode == (6 if doubted else 0), done.stdout + done.stderr
    assert max(mail.counts.values()) == 1
    assert set(PEOPLE) - set(mail.counts) <= set(doubted)
    assert len(doubted) <= 4 * len(killed)  # a worker has one connection on each of four hands
    missing = [str(doubted[address]) for address in doubted if address not in mail.counts]
    arrived = [str(doubted[address]) for address in doubted if address in mail.counts]
    mail.after = lambda _address, _count: None
    if arrived:
        office.run("doubt", "resolve", *arrived, "--sent", expect=0)
    if missing:
        office.run("doubt", "resolve", *missing, "--resend", expect=0)
    office.publish()
    assert mail.counts == dict.fromkeys(PEOPLE, 1)
    office.run("audit", "verify", expect=0)


def test_a_worker_that_sleeps_longer_than_its_lease_wakes_up_and_harms_nobody(shared, mail):
    office = shared.office
    office.people("merchants", *PEOPLE)
    shared.use()
    lease = {"CRISISCOMMS_LEASE": "2"}
    frozen = threading.Event()
    shared.work(**lease)
    worker = shared.ready(0)

    def after(_address, count):
        time.sleep(0.004)
        if (
            count >= 30
            and not frozen.is_set()
            and shared.sql(f"select 1 from claims where worker like '%:{worker.pid}'")
        ):
            worker.send_signal(signal.SIGSTOP)
            frozen.set()

    mail.after = after
    done = office.end(office.start("publish", "--yes", env=lease), 120)
    assert frozen.is_set()
    before = Counter(mail.counts)
    doubted = {row["recipient"] for row in shared.doubts()}
    assert done.returncode == (6 if doubted else 0), done.stdout + done.stderr
    assert len(doubted) <= 4
    worker.send_signal(signal.SIGCONT)
    time.sleep(3)
    assert mail.counts == before
    assert max(mail.counts.values()) == 1
    left = {row["recipient"] for row in shared.doubts()}
    assert left <= doubted  # an answer that it still hears settles a doubt
    assert set(PEOPLE) - set(mail.counts) <= left


# -- at its time ---------------------------------------------------------------------------------------------------


def coming(office, seconds):
    """Write an update that comes in a few seconds."""
    minutes = ((datetime.now(UTC) - office.now).total_seconds() + seconds) / 60
    return {"id": "second", "minutes": minutes, "text": LATER}


def test_a_coming_update_goes_at_its_time_while_nobody_publishes(shared, mail):
    office = shared.office
    shared.use()
    shared.work()
    shared.ready(0)
    office.record({}, coming(office, 6))
    office.publish()
    assert len(mail.taken) == 10
    until(lambda: len(mail.taken) == 20, 25)
    until(lambda: shared.states() == {"sent": 20}, 10)
    assert mail.counts == dict.fromkeys(TEN, 2)
    assert "found more about it" in (office.folder / "public/incidents/checkout/index.html").read_text()
    until(lambda: "at its time: " in shared.log(0), 10)
    assert "Nothing to publish" in office.publish()
    assert len(mail.taken) == 20


def test_a_coming_update_that_changed_since_waits_for_a_person(shared, mail):
    office = shared.office
    shared.use()
    shared.work()
    shared.ready(0)
    office.record({}, coming(office, 5))
    office.publish()
    office.edit("found more about it", "found the cause")
    until(lambda: "it changed since it was planned" in shared.log(0), 25)
    assert len(mail.taken) == 10
    office.publish()
    assert mail.counts == dict.fromkeys(TEN, 2)


def test_a_worker_stops_when_told_and_with_until_done_by_itself(shared, mail):
    shared.use()
    shared.office.publish()
    process = shared.work("--until-done")
    assert process.wait(30) == 0
    shared.work()
    process = shared.ready(1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert "Traceback" not in shared.log(0) + shared.log(1)
    assert len(mail.taken) == 10


def test_the_password_is_in_no_traceback(shared):
    shared.use()
    shared.office.secret("ledger.password", PASSWORD + "x")
    for words in (["status"], ["worker"], ["publish", "--yes"], ["audit", "verify", "--debug"]):
        done = shared.office.run(*words, expect=1)
        assert "cannot open the ledger" in done.stderr
        assert PASSWORD not in done.stdout + done.stderr
