"""Posts on X, through the whole command line: what X took is found again, never posted again; and no secret shows."""

from __future__ import annotations

import subprocess
import time

import pytest
from standins.mail_server import MailServer
from standins.office import LATER, MAIL, X
from standins.x_server import KEYS, XServer

SECOND = {"id": "second", "minutes": -1, "text": LATER, "to": ()}


@pytest.fixture
def x(office):
    with XServer(now=office.now) as server:
        yield server


@pytest.fixture
def posting(office, x):
    """A workspace that posts on X and mails nobody."""
    for name, value in KEYS.items():
        office.secret(f"x.{name}", value)
    office.settle(X.format(url=x.url), public=("website", "x"))
    office.record({"to": ()}, audiences=())
    return office


def receipts(office):
    return office.sql(
        "select d.update_id, d.state, d.receipt from deliveries d join items i on d.item = i.id"
        " where i.channel = 'x' order by d.id"
    )


@pytest.mark.parametrize("fault", ["drop-after", "500-after", "garbled-after"])
def test_a_post_whose_answer_was_lost_is_found_and_not_posted_again(posting, x, fault):
    x.faults.append(fault)
    posting.publish(apart=True)
    posting.publish(apart=True)

    assert len(x.posts) == 1
    assert receipts(posting) == [("first", "sent", x.posts[0]["id"])]


def test_where_x_cannot_be_asked_at_once_the_next_publish_asks(posting, x):
    x.faults.append("drop-after")
    x.read_faults.extend(["503"] * 4)
    assert "In doubt: 1 message" in posting.publish(expect=6, apart=True)
    assert receipts(posting) == [("first", "in_doubt", "")]
    x.read_faults.clear()
    posting.publish(apart=True)

    assert len(x.posts) == 1
    assert receipts(posting) == [("first", "sent", x.posts[0]["id"])]


def test_what_x_does_not_show_stays_in_doubt_until_a_person_says_so(posting, x):
    x.faults.append("500")
    assert "In doubt: 1 message" in posting.publish(expect=6)
    posting.publish(expect=6)
    assert x.posts == []
    assert x.attempts == 1
    posting.run("doubt", "resolve", "--all", "--resend", "--reason", "it is not there", expect=0)
    posting.publish()
    assert len(x.posts) == 1


def test_a_publish_killed_before_x_answers_leaves_a_post_that_the_next_one_finds(posting, x):
    take = x.take
    process = None

    def take_and_kill(text, reply_to=None):
        post = take(text, reply_to)
        process.kill()
        process.wait(10)
        return post

    x.take = take_and_kill
    process = posting.start("publish", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert process.wait(60) == -9
    finally:
        process.kill()
        process.wait(10)
    x.take = take
    assert len(x.posts) == 1
    assert receipts(posting) == [("first", "sending", "")]
    posting.publish(apart=True)

    assert len(x.posts) == 1
    assert receipts(posting) == [("first", "sent", x.posts[0]["id"])]


def test_the_second_update_answers_to_the_first(posting, x):
    posting.publish(apart=True)
    posting.record({"to": ()}, SECOND, audiences=())
    posting.publish(apart=True)

    assert [post["reply_to"] for post in x.posts] == [None, x.posts[0]["id"]]


def test_an_update_waits_while_the_post_above_is_in_doubt(posting, x):
    x.faults.append("500")
    posting.publish(expect=6)
    posting.record({"to": ()}, SECOND, audiences=())
    said = posting.publish(expect=6)
    assert "the first post of checkout is in doubt" in said
    assert x.attempts == 1

    posting.run("doubt", "resolve", "--all", "--resend", expect=0)
    posting.publish()
    assert len(x.posts) == 2
    assert {post["reply_to"] for post in x.posts} == {None, x.posts[0]["id"]}


def test_after_a_doubt_was_closed_the_next_update_stands_alone(posting, x):
    x.faults.append("500")
    posting.publish(expect=6)
    posting.run("doubt", "resolve", "--all", "--close", expect=0)
    posting.record({"to": ()}, SECOND, audiences=())
    posting.publish()

    assert [post["reply_to"] for post in x.posts] == [None]


def test_when_x_asks_us_to_wait_we_do_and_a_later_publish_posts(posting, x):
    x.faults.append("429")
    x.headers["x-rate-limit-reset"] = str(int(x.now.timestamp()) + 8)
    said = posting.publish(expect=6, apart=True)
    begun = time.monotonic()
    assert "X asks us to wait" in said
    assert "Not out yet: 1 message. The first of them may go at " in said
    assert (posting.folder / "public/incidents/checkout/index.html").exists()
    posting.publish(expect=6)
    assert x.attempts == 1

    while time.monotonic() < begun + 10:
        time.sleep(0.2)
    posting.publish()
    assert len(x.posts) == 1


def test_x_that_is_down_loses_nothing(posting, x):
    with x.down():
        said = posting.publish(expect=6)
    assert "X cannot be reached" in said
    assert "Not out yet: 1 message" in said
    posting.publish()
    assert len(x.posts) == 1


PASSWORD = "planted-Passw0rd-7731"
PLANTED = {name: f"planted-{name}-{number}xQ" for number, name in enumerate(KEYS)}


def everything_written(office):
    """Everything that a person or a program could find afterwards, but the secrets' own files."""
    said = "".join(done.stdout + done.stderr for done in office.said).encode()
    files = [path for path in office.root.rglob("*") if path.is_file() and path.parent.name != "secrets"]
    assert any(path.name == "ledger.db" for path in files)
    return said + b"".join(path.read_bytes() for path in files)


def test_no_secret_shows_anywhere_whatever_goes_wrong(office):
    login = ("northwind", PASSWORD)
    with XServer(keys=PLANTED, now=office.now) as x, MailServer(login=login) as mail:
        for name, value in PLANTED.items():
            office.secret(f"x.{name}", value)
        office.secret("email.password", PASSWORD)
        table = MAIL.format(port=mail.port) + 'user = "northwind"\n'
        office.settle(table, X.format(url=x.url), public=("website", "x"))
        office.people("merchants", "ana@shop.example", "bea@shop.example")
        office.record()
        x.leak = " ".join(PLANTED.values())
        x.faults.extend(["refuse", "drop-after"])
        x.read_faults.extend(["503"] * 3)
        mail.rule = lambda _address, count: "drop" if count == 0 else None
        office.publish(expect=6, apart=True)
        office.secret("email.password", PASSWORD + "-wrong")
        office.record({}, SECOND | {"to": ("merchants",)})
        office.publish(expect=6, apart=True)
        office.secret("email.password", PASSWORD)
        office.publish(expect=6, apart=True)
        office.run("doubt", "list", apart=True)
        office.run("doubt", "resolve", "--all", "--sent", expect=0)
        office.publish(expect=0, apart=True)
        office.record({}, SECOND | {"to": ("merchants",)}, {"id": "third", "minutes": -0.5, "to": ()})
        x.faults.append("echo")
        office.publish(expect=6, apart=True)
        office.run("status", "--json", apart=True)
        office.run("plan", apart=True)

        assert len(mail.taken) == 4
        assert len(x.posts) == 1
    for value in [*PLANTED.values(), PASSWORD]:
        assert value.encode() not in everything_written(office)


FAULT = """
import {module} as module

def broken(*args, **kwargs):
    raise RuntimeError("a fault")

module.{name} = broken
"""


@pytest.mark.parametrize("words", [(), ("--debug",)])
@pytest.mark.parametrize(
    ("module", "name", "code"), [("aiosmtplib", "SMTP.login", 1), ("tweepy", "Client.create_tweet", 6)]
)
def test_no_secret_shows_after_a_fault_of_our_own(office, words, module, name, code):
    """Something breaks in the very middle of a login, and of a post."""
    with XServer(keys=PLANTED, now=office.now) as x, MailServer(login=("northwind", PASSWORD)) as mail:
        for key, value in PLANTED.items():
            office.secret(f"x.{key}", value)
        office.secret("email.password", PASSWORD)
        table = MAIL.format(port=mail.port) + 'user = "northwind"\n'
        office.settle(table, X.format(url=x.url), public=("website", "x"))
        office.people("merchants", "ana@shop.example")
        office.record()
        (office.root / "fault").mkdir()
        (office.root / "fault" / "sitecustomize.py").write_text(FAULT.format(module=module, name=name))
        path = {"PYTHONPATH": f"{office.root / 'fault'}:{office._env['PYTHONPATH']}"}
        done = office.end(office.start("publish", "--yes", *words, env=path))
        assert done.returncode == code, done.stderr
        logs = list((office.root / "tmp").glob("crisiscomms-*.log"))
        assert len(logs) == (code == 1 and not words)
        assert ("Traceback" in done.stderr) == (code == 1 and bool(words))

        written = everything_written(office)
        for value in [*PLANTED.values(), PASSWORD]:
            assert value.encode() not in written
