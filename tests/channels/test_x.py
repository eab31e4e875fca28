"""X, over real HTTP on loopback: what each answer and each silence means, and that nothing goes out twice."""

from __future__ import annotations

import logging
import random
import socket
import subprocess
import sys
import time
import traceback
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from pydantic import ValidationError
from standins.x_server import KEYS, XServer, shortened

from crisiscomms.channels.base import Letter, NotSent, OutcomeUnknown, Posting, Prepared, Receipt, Rejected
from crisiscomms.channels.x import PAGE, PAGES, XChannel, XSender, XSettings, plain
from crisiscomms.limits import X_POST, Limit
from crisiscomms.messages.model import Notice, Post

LINK = "https://status.example.org/i/42#u3"
TEXT = f"We charged 1,204 of you twice & are sorry. What we do <now>: {LINK} or status.example.org/help"
AT = datetime(2030, 1, 2, 10, 15, tzinfo=UTC)
RAW = (
    "Sorry ¦a¦. ¦.¦:¦/¦(¦)¦|¦;¦_¦~¦#¦@fjord ¦$a ¦?q=1¦&amp;¦&lt;b>¦a.co¦a.co,¦x.co/y¦e.g. ¦v1.2 ¦t.co/abc¦https://a.com/x¦http://¦"
    "HTTPS://A.COM/B ¦\n¦見て¦。¦例え.jp¦é¦e\u0301¦©¦®¦…¦\u2019¦\u0958¦\u0344¦🙂¦👨‍👩‍👧‍👦¦🇩🇪¦1️⃣¦ﷺ¦\u200d¦\u3000"
)
PIECES = RAW.split("¦")
SPENT_DAY = {"x-app-limit-24hour-reset": "1893459600", "x-app-limit-24hour-remaining": "0"}


def tricky(count):
    """Texts that are hard to weigh, most of them near the limit, always the same."""
    chance = random.Random(42)
    for _ in range(count):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 12)))
        yield text + "x" * max(0, 280 + chance.randint(-20, 5) - X_POST.weigh(text))


@pytest.fixture
def x():
    with XServer() as server:
        yield server


@pytest.fixture
def channel(x):
    return XChannel.from_table("x", {"type": "x", "api": x.url, "timeout": 5})


@pytest.fixture
def sender(channel):
    with channel.open(KEYS.__getitem__) as opened:
        yield opened


def posting(text=TEXT):
    return Posting(Post("kettle-recall", "u3", "x", "en", "post", text, LINK), AT)


def prepared(text=TEXT):
    return XChannel("x", XSettings()).prepare(posting(text))


def send(sender, text=TEXT, parent=None, edge=lambda: None):
    return sender.send(prepared(text), parent=parent, edge=edge)


def test_a_post_goes_out_once_with_its_receipt(x, sender):
    edges = []
    receipt = send(sender, edge=lambda: edges.append(list(x.requests)))
    assert [(post["text"], post["reply_to"]) for post in x.posts] == [(TEXT, None)]
    assert (receipt.id, receipt.url) == (x.posts[0]["id"], f"https://x.com/i/status/{x.posts[0]['id']}")
    assert receipt.evidence["x-rate-limit-remaining"] == "99"
    assert edges == [[]], "the edge is passed once, before anything is asked"


def test_answers_make_a_thread(x, sender):
    first = send(sender, "One.")
    second = send(sender, "Two.", parent=first)
    send(sender, "Three.", parent=second)
    send(sender, "Four.", parent=Receipt(""))
    assert [post["reply_to"] for post in x.posts] == [None, first.id, second.id, None]


def test_a_parent_that_x_does_not_show_yet_is_waited_for(x, sender):
    parent = send(sender, "One.")
    x.faults.append("403-parent")
    with pytest.raises(NotSent) as told:
        send(sender, "Two.", parent=parent)
    assert told.value.retry_after == 5
    assert send(sender, "Two.", parent=parent).id == x.posts[1]["id"]


FAULTS = {
    OutcomeUnknown: ["refuse", "drop-after", "garbled-after", "500", "500-after", "503"],
    NotSent: ["401", "429"],
    Rejected: ["400", "403", "redirect"],
}


@pytest.mark.parametrize(("outcome", "fault"), [(outcome, fault) for outcome in FAULTS for fault in FAULTS[outcome]])
def test_every_fault_has_one_outcome_and_no_hidden_retry(x, sender, outcome, fault):
    x.faults.append(fault)
    edges, taken = [], int(fault.endswith("-after"))
    with pytest.raises(outcome) as told:
        send(sender, edge=lambda: edges.append(1))
    assert (len(x.posts), x.attempts, edges) == (taken, 1, [1])
    found = sender.find_existing(prepared(), since=x.now)
    assert (found and found.id) == (x.posts[0]["id"] if taken else None)
    assert told.value.__context__ is None, "the library's own error may hold more than we want to show"


def test_a_limit_says_how_long_to_wait_and_nobody_sleeps(x, sender, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("slept"))
    x.faults.append("429")
    with pytest.raises(NotSent) as told:
        send(sender)
    assert told.value.retry_after == 900
    assert told.value.evidence["x-rate-limit-remaining"] == "0"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-rate-limit-reset": "1893456060"}, 60),
        ({"x-rate-limit-reset": "1893456060", "date": "Tue, 01 Jan 2030 00:00:50 UTC"}, 10),
        ({"x-rate-limit-reset": "1893456060", "x-rate-limit-remaining": "93", **SPENT_DAY}, 3600),
        ({"x-rate-limit-reset": "1893455000"}, 0),
        ({"x-rate-limit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_counted_by_the_clock_of_x_or_by_the_given_one(headers, seconds):
    sender = XSender(XSettings(), KEYS, lambda: datetime(2030, 1, 1, tzinfo=UTC))
    assert sender._wait(SimpleNamespace(status_code=429, headers=headers)) == seconds


def test_a_server_that_is_not_there_gets_nothing(x, sender):
    with x.down(), pytest.raises(NotSent, match="refused"):
        send(sender, edge=lambda: pytest.fail("the edge was passed"))
    assert send(sender).id == x.posts[0]["id"]
    assert x.attempts == 1


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), TimeoutError("timed out")])
def test_what_breaks_before_the_connection_stands_is_not_sent(monkeypatch, error):
    monkeypatch.setattr(socket, "getaddrinfo", Mock(side_effect=error))
    with XChannel.from_table("x", {}).open(KEYS.__getitem__) as sender, pytest.raises(NotSent):
        send(sender, edge=lambda: pytest.fail("the edge was passed"))


def test_a_server_without_a_certificate_is_not_spoken_to(x):
    api = x.url.replace("http:", "https:")
    with XChannel.from_table("x", {"api": api}).open(KEYS.__getitem__) as sender, pytest.raises(NotSent, match="SSL"):
        send(sender, edge=lambda: pytest.fail("the edge was passed"))
    assert x.attempts == 0


def test_a_silent_server_leaves_doubt_after_the_timeout(x):
    x.faults.append("stall")
    with XChannel.from_table("x", {"api": x.url, "timeout": 0.5}).open(KEYS.__getitem__) as sender:
        begun = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="timed out"):
            send(sender)
        assert time.monotonic() - begun < 3
    assert x.attempts == 1


@pytest.mark.parametrize("error", [RuntimeError("lost"), BrokenPipeError(32, "lost"), KeyboardInterrupt()])
def test_an_edge_that_raises_stops_the_post(x, sender, error):
    with pytest.raises(type(error)) as told:
        send(sender, edge=Mock(side_effect=error))
    assert told.value is error
    assert (x.posts, x.attempts) == ([], 0)


def test_a_proxy_has_no_business_on_this_machine(x, sender, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(sender).id == x.posts[0]["id"]


def test_a_lost_answer_is_found_and_not_posted_again(x, sender):
    x.faults.append("drop-after")
    with pytest.raises(OutcomeUnknown):
        send(sender)
    with pytest.raises(OutcomeUnknown, match="has this text already"):
        send(sender)
    found = sender.find_existing(prepared(), since=x.now)
    assert (found.id, found.url) == (x.posts[0]["id"], f"https://x.com/i/status/{x.posts[0]['id']}")
    assert found.evidence == {"found": "timeline", "created_at": "2030-01-02T00:00:01.000Z"}
    assert len(x.posts) == 1


def test_only_the_same_words_are_ours(x, sender):
    x.take(f"Unbelievable. {LINK}")
    x.take(TEXT.replace("1,204", "1,205"))
    x.take(TEXT, at=x.now - timedelta(hours=2))
    assert sender.find_existing(prepared(), since=x.now) is None


def test_a_busy_timeline_is_read_to_its_end_or_says_so(x, sender):
    x.take(TEXT)
    for number in range(2 * PAGE):
        x.take(f"Answer {number}")
    assert sender.find_existing(prepared(), since=AT - timedelta(days=1)).id == x.posts[0]["id"]
    assert len(x.requests) == 4
    assert sender.find_existing(prepared("Never posted."), since=AT - timedelta(days=1)) is None
    for number in range(2 * PAGE, PAGES * PAGE):
        x.take(f"Answer {number}")
    with pytest.raises(NotSent, match="more than 500 posts"):
        sender.find_existing(prepared(), since=AT - timedelta(days=1))


@pytest.mark.parametrize("fault", ["429", "401", "500", "404", "garbled", "partial", "refuse"])
@pytest.mark.parametrize("before", [0, 1])
def test_a_timeline_that_cannot_be_read_is_no_proof_of_absence(x, sender, fault, before):
    x.read_faults.extend([*[""] * before, fault])
    with pytest.raises(NotSent) as told:
        sender.find_existing(prepared(), since=x.now)
    assert told.value.retry_after == (900 if fault == "429" else None)


def test_what_x_makes_of_a_text_compares_equal():
    for text in (TEXT, f"{LINK}/", "見てa.co見て http://b.co/", "@fjord hello ", *tricky(200)):
        assert plain(*shortened(text)) == plain(text)
    assert plain("We are sorry a.co/1") != plain("We are sorry a.co/2")


def test_the_limit_is_280_as_x_counts(x, sender):
    for text, weight in [("a" * 280, 280), ("🙂" * 140, 280), ("a" * 256 + " " + LINK, 280), ("見" * 140, 280)]:
        assert X_POST.weigh(text) == weight
        assert X_POST.fits(text)
        assert not X_POST.fits(f"a{text}")
        send(sender, text)
        with pytest.raises(Rejected, match=r"\(403\): Your Tweet text is too long\."):
            send(sender, f"a{text}")
    assert len(x.posts) == 4
    assert X_POST.weigh("👨‍👩‍👧‍👦 © ﷺ… e\u0301") == 2 + 1 + 2 + 1 + 2 + 2 + 1 + 1


def test_the_quick_bound_never_lets_a_long_text_through():
    wrong = [t for t in tricky(200) if X_POST.fits(t) != (X_POST.weigh(t) <= 280)]
    wrong += [p for p in PIECES if Limit(X_POST.weigh(p * 9) - 1, "x").fits(p * 9)]
    assert wrong == []


def test_no_secret_shows_anywhere(x, caplog):
    x.keys = {name: f"{name}/s3cr3t+&% {number}" for number, name in enumerate(KEYS)}
    x.leak = " ".join(x.keys.values())
    for name in ("", "tweepy", "tweepy.client", "requests_oauthlib.oauth1_auth", "oauthlib.oauth1.rfc5849"):
        caplog.set_level(logging.DEBUG, logger=name)
    x.faults.extend(["echo", "drop-after", "500", "401", "429", "", "refuse", "403-parent"])
    seen = []
    with XChannel.from_table("x", {"api": x.url}).open(x.keys.__getitem__) as sender:
        for number in range(8):
            try:
                seen.append(repr(send(sender, f"Part {number}")))
            except (NotSent, Rejected, OutcomeUnknown) as error:
                seen += [*traceback.format_exception(error), repr(error), error.reason, repr(error.evidence)]
        seen += [repr(sender.find_existing(prepared("Part 1"), since=x.now)), repr(sender), str(vars(XChannel))]
    logging.getLogger("tweepy.client").debug("a header")
    shown = "\n".join(seen) + caplog.text
    assert "urllib3" in caplog.text, "the log was not being kept"
    assert "***" in shown
    assert "s3cr3t" not in shown
    assert "a header" not in shown
    assert len(x.posts) == 2


def test_what_is_sent_is_the_text_and_nothing_else(channel):
    assert channel.prepare(posting()) == Prepared((TEXT.encode(),), {"link": LINK, "at": "2030-01-02T10:15:00+00:00"})
    assert (channel.caps.shape, channel.caps.leaves_machine, channel.caps.can_find) == ("post", True, True)
    with pytest.raises(TypeError):
        channel.prepare(Letter(Notice("i", "u", "a", "en", "notice", "s", "h", "t"), "a@example.org", "A", {}, AT))


def test_settings():
    assert XSettings(handle="fjord").url("1") == "https://x.com/fjord/status/1"
    assert XSettings(api="https://api.x.com/").api == "https://api.x.com"
    assert XSettings(api="http://localhost:8080").api == "http://localhost:8080"
    for wrong in ("http://api.x.com", "http://127.0.0.1.example.org", "https://u@x.com", "https://x.com/2"):
        with pytest.raises(ValidationError, match="https and a host alone"):
            XSettings(api=wrong)
    for wrong in ({"timeout": 0}, {"handle": "@fjord"}, {"api_key": "never here"}, {"type": "y"}):
        with pytest.raises(ValidationError):
            XChannel.from_table("x", wrong)


def test_tweepy_is_loaded_only_to_post():
    code = "import sys, crisiscomms.channels.x; assert not {'tweepy', 'requests', 'urllib3'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
