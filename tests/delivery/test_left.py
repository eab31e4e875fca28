"""What is left goes out by itself, as long as one worker is well: whatever became of the job that was to send it."""

from __future__ import annotations

import shutil
import signal
import time
from datetime import UTC, datetime

from delivery.shared import PEOPLE, TEN, until
from standins.office import LATER, MAIL

from crisiscomms.ledger import Ledger

LEASE = {"CRISISCOMMS_LEASE": "3"}


def at_work(shared, folder=None):
    """Start a worker in the workspace, or in another machine's copy of it, and wait for it."""
    folder, shared.office.folder = shared.office.folder, folder or shared.office.folder
    try:
        shared.work(**LEASE)
    finally:
        shared.office.folder = folder
    return shared.ready(len(shared.workers) - 1)


def copy_of(shared):
    """Return another machine's copy of the workspace."""
    return shutil.copytree(shared.office.folder, shared.office.root / "copy", symlinks=True)


def coming(office, seconds):
    """Return an update that comes in so many seconds."""
    minutes = ((datetime.now(UTC) - office.now).total_seconds() + seconds) / 60
    return {"id": "second", "minutes": minutes, "text": LATER}


def site_is_being_written(shared):
    """Say whether somebody has the site in hand."""
    return shared.sql(
        "select 1 from deliveries d join items i on i.id = d.item where i.kind = 'site' and d.state = 'sending'"
    )


def all_have(mail, count):
    return lambda: mail.counts == dict.fromkeys(TEN, count)


def test_what_met_a_broken_workspace_goes_out_once_that_is_mended(shared, mail):
    shared.use()
    shared.office.publish("--first", "1", expect=6)
    other = copy_of(shared)
    at_work(shared, other)
    settings = other / "crisiscomms.toml"
    good = settings.read_text()
    settings.write_text("<<<<<<< HEAD\n" + good)
    mail.down()
    shared.office.publish(expect=6)
    mail.up()
    until(lambda: "cannot be read" in shared.log(0), 30)
    settings.write_text(good)
    until(all_have(mail, 1), 40)


def test_what_was_on_hold_goes_on_once_the_hold_is_lifted(shared, mail):
    shared.office.people("merchants", *PEOPLE)
    shared.use()
    at_work(shared)
    mail.after = lambda _address, _count: time.sleep(0.01)
    publish = shared.office.start("publish", "--yes", env=LEASE)
    until(lambda: len(mail.taken) > 40, 30)
    shared.office.run("hold", "channel:email", expect=0)
    shared.office.end(publish)
    assert len(mail.taken) < 300
    shared.office.run("release", "channel:email")
    until(lambda: mail.counts == dict.fromkeys(PEOPLE, 1), 40)


def test_a_site_that_a_killed_publisher_left_is_written_and_its_mails_follow(shared, mail):
    shared.use()
    at_work(shared)
    publish = shared.office.start("publish", "--yes", env=LEASE)
    until(lambda: site_is_being_written(shared), 30)
    publish.kill()
    shared.office.end(publish)
    until(all_have(mail, 1), 60)


def test_an_update_planned_before_the_ledger_moved_goes_at_its_time(shared, mail):
    office = shared.office
    office.record({}, coming(office, 12))
    office.publish()
    office.run("ledger", "move", shared.url, expect=0)
    at_work(shared)
    until(all_have(mail, 2), 60)


def test_a_machine_with_an_older_record_calls_nothing_off(shared, mail):
    office = shared.office
    shared.use()
    office.publish()
    other = copy_of(shared)
    at_work(shared, other)
    office.record({}, coming(office, 8))
    office.publish(expect=None)
    until(lambda: "it changed since it was planned" in shared.log(0), 40)
    assert "cancelled" not in shared.states()
    at_work(shared)
    until(all_have(mail, 2), 60)


def test_a_publisher_that_falls_silent_keeps_nobody_from_publishing(shared, mail):
    office = shared.office
    office.people("merchants", *PEOPLE)
    shared.use()
    at_work(shared)
    mail.after = lambda _address, _count: time.sleep(0.01)
    publish = office.start("publish", "--yes", env=LEASE)
    until(lambda: len(mail.taken) > 20, 30)
    publish.send_signal(signal.SIGSTOP)
    try:
        until(lambda: not {"planned", "retry_wait", "claimed", "sending"} & set(shared.states()), 60)
        done = office.end(office.start("publish", "--yes", env=LEASE))
        assert "someone else is publishing" not in done.stdout + done.stderr
    finally:
        publish.send_signal(signal.SIGCONT)
        woken = office.end(publish)
    assert "Traceback" not in woken.stderr
    assert max(mail.counts.values()) == 1


def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_others(shared, mail):
    shared.office.people("merchants", *PEOPLE)
    shared.use()
    worker = at_work(shared)
    mail.after = lambda _address, _count: time.sleep(0.05)
    publish = shared.office.start("publish", "--yes", env=LEASE)
    until(lambda: len(mail.taken) > 20, 30)
    publish.kill()
    shared.office.end(publish)
    worker.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert worker.wait(30) == 0
    assert time.monotonic() - began < 8
    mail.after = lambda _address, _count: None
    at_work(shared)
    until(lambda: not {"planned", "retry_wait", "claimed", "sending"} & set(shared.states()), 40)
    assert max(mail.counts.values()) == 1
    assert set(PEOPLE) - set(mail.counts) <= {row["recipient"] for row in shared.doubts()}


def test_a_machine_without_the_unsubscribe_key_sends_nothing(shared, mail):
    shared.use()
    shared.office.publish("--first", "4", expect=6)
    other = copy_of(shared)
    (other / "secrets" / "unsubscribe.key").unlink()
    at_work(shared, other)
    folder, shared.office.folder = shared.office.folder, other
    done = shared.office.run("publish", "--yes")
    shared.office.folder = folder
    assert "secrets/unsubscribe.key" in done.stderr
    assert "Copy the file" in done.stderr
    assert len(mail.taken) == 4
    assert not (other / "secrets" / "unsubscribe.key").exists()


def test_a_machine_that_does_not_serve_the_site_writes_none(shared, mail):
    office = shared.office
    shared.use()
    office.record({}, coming(office, 8))
    office.publish()
    other = copy_of(shared)
    (other / "public").unlink()
    at_work(shared, other)
    until(lambda: "a worker there has to write it" in shared.log(0), 40)
    assert not (other / "public").exists()
    at_work(shared)
    until(all_have(mail, 2), 60)


def test_a_place_that_asks_for_patience_once_is_given_it_once(office, mail, monkeypatch):
    asked, busy = [], ["421 4.3.2 too busy, try again in 1 second"]

    def ask_patience(ledger, channel, seconds):
        asked.append(seconds)
        return real(ledger, channel, seconds)

    def too_busy_at_first(_address):
        return busy.pop() if busy else None

    real = Ledger.ask_patience
    monkeypatch.setattr(Ledger, "ask_patience", ask_patience)
    office.settle(MAIL.format(port=mail.port).replace("per_second = 5000", "per_second = 20"))
    office.people("merchants", *PEOPLE[:60])
    office.record()
    mail.at_rcpt = too_busy_at_first
    office.publish()
    assert asked == [1.0]
    assert mail.counts == dict.fromkeys(PEOPLE[:60], 1)


def test_a_server_as_slow_as_the_pace_is_sent_the_whole_list(office, mail):
    """While it took the last mails the pace came to allow more, so there was never anything to wait for."""
    office.settle(MAIL.format(port=mail.port).replace("per_second = 5000", "per_second = 20"))
    office.people("merchants", *PEOPLE[:80])
    office.record()
    mail.after = lambda _address, _count: time.sleep(0.06)
    office.publish()
    assert mail.counts == dict.fromkeys(PEOPLE[:80], 1)
