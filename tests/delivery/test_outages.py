"""Workers whose database, machine or publisher goes away in the middle: others go on by themselves, and soon."""

from __future__ import annotations

import resource
import signal
import threading
import time
from collections import Counter
from contextlib import closing

import pytest
from delivery.shared import PEOPLE, TEN, until

from crisiscomms.delivery.jobs import call_hands
from crisiscomms.delivery.publish import Publishing
from crisiscomms.delivery.world import Room, publishing
from crisiscomms.ledger import State
from crisiscomms.ledger.rows import Ending, Worker
from crisiscomms.workspace import find_workspace

WAITING = {"planned", "retry_wait", "claimed", "sending"}


def at_mail(mail, number, pause=0.005):
    """Return an event that is set once so many mails are out. Each mail takes a moment."""
    reached = threading.Event()

    def after(_address, count):
        time.sleep(pause)
        if count >= number:
            reached.set()

    mail.after = after
    return reached


def check_all_know(shared, mail):
    """Everybody heard it once, but for those who are shown as in doubt."""
    doubted = {row["recipient"] for row in shared.doubts()}
    assert max(mail.counts.values()) == 1
    assert set(PEOPLE) - set(mail.counts) <= doubted
    shared.office.run("audit", "verify", expect=0)
    return doubted


def test_a_worker_goes_on_when_its_database_was_restarted(shared, mail, postgres):
    shared.office.people("merchants", *PEOPLE)
    shared.use()
    lease = {"CRISISCOMMS_LEASE": "3"}
    shared.work(**lease)
    worker = shared.ready(0)
    reached = at_mail(mail, 60)
    first = shared.office.start("publish", "--yes", env=lease)
    assert reached.wait(30)
    first.kill()
    shared.office.end(first)
    postgres.stop()
    before = len(mail.taken)
    until(lambda: "cannot be reached; trying again" in shared.log(0), 10)
    time.sleep(2.5)  # so that it tries again while there is no database
    postgres.start()
    until(lambda: not WAITING & set(shared.states()), 30)
    until(lambda: "the ledger's database answers; going on" in shared.log(0), 10)
    assert len(mail.taken) > before
    assert worker.poll() is None
    assert "Traceback" not in shared.log(0)
    doubted = check_all_know(shared, mail)
    assert len(doubted) <= 8  # what was between its mark and its answer; what had only been claimed goes out


def says_that_the_ledger_failed(done):
    assert done.returncode == 1
    assert "the ledger failed in the middle: " in done.stderr
    assert "run the command again: nobody is told twice" in done.stderr
    assert "inside crisiscomms" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_publisher_whose_database_goes_away_says_so_and_the_next_one_finishes(shared, mail, postgres):
    shared.office.people("merchants", *PEOPLE)
    shared.use()
    reached = at_mail(mail, 60)
    publish = shared.office.start("publish", "--yes", env={"CRISISCOMMS_LEASE": "3"})
    assert reached.wait(30)
    postgres.stop()
    says_that_the_ledger_failed(shared.office.end(publish))
    postgres.start()
    shared.office.publish(expect=None)
    check_all_know(shared, mail)


def test_a_publisher_whose_disk_is_full_says_so_and_the_next_one_finishes(shared, mail):
    office = shared.office
    office.people("merchants", *PEOPLE)
    reached = at_mail(mail, 60)
    publish = office.start("publish", "--yes")
    assert reached.wait(30)
    resource.prlimit(publish.pid, resource.RLIMIT_FSIZE, (1, 1))
    says_that_the_ledger_failed(office.end(publish))
    office.publish(expect=None)
    check_all_know(shared, mail)


def test_an_idle_worker_hears_of_the_next_publish_after_a_restart(shared, mail, postgres):
    shared.use()
    shared.work()
    shared.ready(0)
    time.sleep(1)
    postgres.crash()
    until(lambda: "lost touch with the ledger's database" in shared.log(0), 10)
    postgres.start()
    until(lambda: "the ledger's database answers; going on" in shared.log(0), 5)
    at_mail(mail, 1, pause=0.03)  # so that the worker has time to hear of it
    shared.office.people("merchants", *PEOPLE)
    process = shared.office.start("publish", "--yes")
    until(lambda: shared.sql("select count(distinct worker) from claims")[0][0] > 1, 20)
    shared.office.end(process)
    assert mail.counts == dict.fromkeys(PEOPLE, 1)
    assert "Traceback" not in shared.log(0)


def test_what_a_silent_worker_has_in_hand_goes_to_another_while_nobody_publishes(shared, mail):
    shared.office.people("merchants", *PEOPLE)
    shared.use()
    lease = {"CRISISCOMMS_LEASE": "3"}
    for _ in range(2):
        shared.work(**lease)
    for number in range(2):
        shared.ready(number)
    reached = at_mail(mail, 30)
    first = shared.office.start("publish", "--yes", env=lease)
    assert reached.wait(30)
    first.kill()
    shared.office.end(first)
    until(lambda: any(row for row in shared.in_hand() if row != first.pid), 20)
    silent = next(process for process in shared.workers if process.pid in shared.in_hand())
    silent.send_signal(signal.SIGSTOP)
    until(lambda: not WAITING & set(shared.states()), 120)
    assert silent.poll() is None
    doubted = check_all_know(shared, mail)
    assert len(doubted) <= 2  # one connection each of the two that fell silent


def test_a_worker_comes_back_for_what_another_machine_had_in_hand(shared, mail):
    """Nobody here can tell whether a worker elsewhere lives: its rows are free once its lease is over."""
    shared.use()
    shared.office.publish("--first", "4", expect=6)
    room = Room(find_workspace(shared.office.folder), rehearsal=False)
    room.ledger.lease = 4.0
    (left,) = [publication.id for publication in room.ledger.open_publications()]
    room.ledger.let_go(left, None)
    (stage,) = room.ledger.stages([left])
    assert len(room.ledger.claim(stage, Worker("another-machine:7", "1"), most=10)) == 6
    Publishing(room).help_out("email")  # finds nothing to send, and leaves no job
    room.close()
    assert len(mail.taken) == 4
    shared.work(CRISISCOMMS_LEASE="4")
    until(lambda: len(mail.taken) == 10, 20)
    until(lambda: not shared.sql("select 1 from publications where state = 'open'"), 10)
    assert mail.counts == dict.fromkeys(TEN, 1)


def help_out_and_leave_six(shared, to=State.PLANNED):
    """Do a worker's job while another has the last six in hand, and lets go of them after our last look. No job waits."""
    shared.use()
    shared.office.publish("--first", "4", expect=6)
    shared.office.run("worker", "--until-done", expect=0)  # takes up what publish asked for
    room = Room(find_workspace(shared.office.folder), rehearsal=False)
    room.ledger.lease = 4.0
    (left,) = [publication.id for publication in room.ledger.open_publications()]
    room.ledger.let_go(left, None)
    (stage,) = room.ledger.stages([left])
    held = room.ledger.claim(stage, Worker("another-machine:7", "1"), most=10)
    assert len(held) == 6
    work = Publishing(room)
    drain = work.drain.run

    def run(publications, channels):
        """Drain, and then the other one lets go of what it had in hand. Its time to go has come."""
        tally = drain(publications, channels)
        room.ledger.turn((), [Ending(row, to, not_before="2020-01-01T00:00:00Z") for row in held])
        return tally

    work.drain.run = run
    work.help_out("email")
    room.close()


@pytest.mark.parametrize("to", [State.PLANNED, State.RETRY])
def test_a_worker_comes_back_for_what_was_given_back_while_it_ended(shared, mail, to):
    """Nothing is in anybody's hand when it looks for the last time, and nobody publishes: it would wait for ever."""
    help_out_and_leave_six(shared, to)
    assert len(mail.taken) == 4
    shared.work(CRISISCOMMS_LEASE="4")
    until(lambda: len(mail.taken) == 10, 20)
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_worker_that_falls_silent_while_it_takes_a_job_keeps_nobody_from_asking_for_the_same(shared, mail):
    help_out_and_leave_six(shared)
    room = Room(find_workspace(shared.office.folder), rehearsal=False)
    with closing(room), room.ledger.store.write() as connection:
        call_hands(connection, ["email"])
    body = "begin perform pg_sleep(1); return new; end"
    shared.sql(f"create function slow() returns trigger language plpgsql as '{body}'")
    taken = "new.status = 'doing' and new.task_name = 'drain'"
    shared.sql(
        f"create trigger slow after update on procrastinate_jobs for each row when ({taken}) execute function slow()"
    )
    silent = shared.work(CRISISCOMMS_LEASE="4")
    until(lambda: shared.sql("select 1 from pg_stat_activity where wait_event = 'PgSleep'"), 20)
    silent.send_signal(signal.SIGSTOP)
    shared.office.publish()
    assert silent.poll() is None
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_what_others_give_back_at_the_last_moment_goes_out_with_the_same_publish(shared, mail):
    """The end of a publish: nothing is left but what another worker holds, and gives back right then."""
    shared.use()
    shared.office.publish("--first", "4", expect=6)
    room = Room(find_workspace(shared.office.folder), rehearsal=False)
    with publishing(room):
        work = Publishing(room)
        drain, ledger = work.drain.run, room.ledger
        held = []

        def run(left, channels=None):
            """Drain, as if all that is left had been in another's hand meanwhile."""
            if not held:
                ledger.let_go(left[0], None)
                (stage,) = ledger.stages(left)
                held.extend(ledger.claim(stage, Worker("another-machine:7", "1"), most=10))
                tally = drain(left, channels)
                ledger.give_back(held)
                return tally
            return drain(left, channels)

        work.drain.run = run
        tally = work.finish_unfinished()
        assert len(held) == 6
        assert tally is not None
        assert tally.sent == 6
    assert not room.ledger.rows(State.PLANNED)
    assert not room.ledger.open_publications()
    room.close()
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_a_place_that_refuses_everything_is_left_alone_on_a_shared_ledger(shared, mail):
    shared.use()
    mail.at_rcpt = lambda _address: "451 4.3.0 not now"
    began = time.monotonic()
    said = shared.office.publish(expect=6)
    assert "Not out yet: 10 messages" in said
    assert time.monotonic() - began < 30
    assert mail.counts == Counter()


def test_workers_do_not_lose_a_list_to_a_relay_that_takes_nobody(shared, mail):
    shared.office.people("merchants", *PEOPLE)
    shared.use()
    shared.work()
    shared.ready(0)
    mail.rule = lambda _address, _count: "554 5.7.1 relay access denied"
    said = shared.office.publish(expect=6)
    assert "so it is left alone" in said
    time.sleep(11)  # two looks of a worker
    assert shared.states()["failed"] <= 52, "the publisher was at it, and the worker, once each"
    assert sum(shared.states().get(state, 0) for state in WAITING) > 200
