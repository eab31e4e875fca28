"""Whatever a mail server does at whatever step: nobody gets a mail twice, and doubt is said where there is doubt only."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import NamedTuple

import pytest
from standins.scripted_server import DROP, GARBAGE, HALF, LATE, LATE_DROP, STALL, ScriptedServer, also, bye

from crisiscomms.channels.base import NotSent, OutcomeUnknown, Prepared, Receipt, Rejected
from crisiscomms.channels.smtp import SmtpChannel

KEY = b"0123456789abcdef0123456789abcdef"
ANA, BEA, CEM, DAN = PEOPLE = [f"{name}@shop.example" for name in ("ana", "bea", "cem", "dan")]
BODY = b"Subject: sorry\r\n\r\n" + b"It was our fault.\r\n" * 700


def channel_at(port, **table):
    base = {"host": "127.0.0.1", "port": port, "sender": "incident@northwind.example", "connections": 2}
    return SmtpChannel.from_table("email", {**base, "timeout": 2, "dot_timeout": 2, **table}, KEY)


def prepared(to, body=BODY):
    return Prepared((body,), {"from": "incident@northwind.example", "to": to, "message_id": f"<1.{to}>"})


class Run(NamedTuple):
    """How each mail ended, whose dot was released, and how many turns it took."""

    ended: dict[str, object]
    released: list[str]


def drive(channel, people=PEOPLE, *, body=BODY, commit=lambda: None, secret=""):
    """Send one mail to each, as a drain would; every one must end, and once only. `commit` comes before dots."""

    async def run():
        ended, released = {}, []
        async with channel.fan(lambda _: secret) as fan, asyncio.timeout(15):
            for tag, person in enumerate(people):
                fan.give(tag, prepared(person, body))
            while len(ended) < len(people):
                turn = await fan.turn()
                if turn.edge:
                    commit()
                released += [people[tag] for tag in turn.edge]
                await fan.go(turn.edge)
                for tag, outcome in turn.ended:
                    assert people[tag] not in ended
                    ended[people[tag]] = outcome
        return Run(ended, released)

    return asyncio.run(run())


def kinds(run):
    return {person: type(outcome) for person, outcome in run.ended.items()}


def check_promises(run, server):
    """What holds for every cell: no mail twice, none unnoticed, and doubt only after the dot."""
    accepted = Counter(person for person, _ in server.accepted)
    for person, outcome in run.ended.items():
        assert accepted[person] <= 1
        assert isinstance(outcome, Receipt | OutcomeUnknown) or not accepted[person]
        assert not isinstance(outcome, Receipt) or accepted[person]
        assert not isinstance(outcome, Receipt | OutcomeUnknown) or person in run.released
    for _, mail in server.accepted:
        assert mail == BODY


#: What is done to Ana's mail -> how it ends. Everybody else's goes.
ABOUT_ONE = [
    ("RCPT", "450 4.2.1 greylisted, come back in 300 seconds", NotSent),
    ("RCPT", "452 4.2.2 mailbox full", NotSent),
    ("RCPT", "552 5.2.2 mailbox full", Rejected),
    ("RCPT", "550 5.1.1 no such user", Rejected),
    ("RCPT", "421 4.3.2 shutting down", NotSent),
    ("RCPT", bye("550 5.7.1 go away"), Rejected),
    ("RCPT", "530 5.7.0 log in first", NotSent),
    ("RCPT", "999 what", NotSent),
    ("RCPT", DROP, NotSent),
    ("RCPT", HALF, NotSent),
    ("RCPT", STALL, NotSent),
    ("RCPT", LATE, Receipt),
    ("RCPT", GARBAGE, NotSent),
    ("DATA", "451 4.3.0 not now", NotSent),
    ("DATA", "554 5.7.1 no", Rejected),
    ("DATA", "421 4.3.2 shutting down", NotSent),
    ("DATA", "250 what?", NotSent),
    ("DATA", DROP, NotSent),
    ("DATA", HALF, NotSent),
    ("DATA", STALL, NotSent),
    ("DATA", LATE, Receipt),
    ("BODY", bye("421 4.3.2 shutting down"), NotSent),
    ("BODY", bye("552 5.2.3 too large"), Rejected),
    ("DOT", "452 4.3.1 disk full", NotSent),
    ("DOT", "552 5.2.2 mailbox full", Rejected),
    ("DOT", "554 5.7.1 spam", Rejected),
    ("DOT", "421 4.3.2 shutting down", NotSent),
    ("DOT", "354 more?", OutcomeUnknown),
    ("DOT", GARBAGE, OutcomeUnknown),
    ("DOT", DROP, OutcomeUnknown),
    ("DOT", STALL, OutcomeUnknown),
    ("DOT", LATE, Receipt),
    ("TAKEN", "250-2.0.0 queued\r\n250 as 7", Receipt),
    ("TAKEN", "251 forwarded", Receipt),
    ("TAKEN", bye("250 queued, and bye"), Receipt),
    ("TAKEN", also("421 4.3.2 shutting down"), Receipt),
    ("TAKEN", GARBAGE, OutcomeUnknown),
    ("TAKEN", bye("250-queued, and"), OutcomeUnknown),
    ("TAKEN", DROP, OutcomeUnknown),
    ("TAKEN", HALF, OutcomeUnknown),
    ("TAKEN", STALL, OutcomeUnknown),
    ("TAKEN", LATE, Receipt),
]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one by one"])
@pytest.mark.parametrize(
    ("step", "action", "kind"), ABOUT_ONE, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_what_happens_to_one_mail_happens_to_no_other(step, action, kind, pipelining):
    with ScriptedServer({(ANA, step): action}, pipelining=pipelining) as server:
        run = drive(channel_at(server.port))

    assert kinds(run) == {ANA: kind, BEA: Receipt, CEM: Receipt, DAN: Receipt}
    check_promises(run, server)
    assert (ANA in dict(server.accepted)) is (step == "TAKEN" or kind is Receipt)
    assert server.most_open <= 2


#: What the server does before it hears of any mail -> how the first mail ends. The script is used up, then all goes well.
ABOUT_THE_PLACE = [
    ("CONNECT", DROP),
    ("CONNECT", HALF),
    ("CONNECT", STALL),
    ("CONNECT", GARBAGE),
    ("CONNECT", bye("421 4.3.2 too busy")),
    ("CONNECT", bye("554 5.7.1 not you")),
    ("CONNECT", bye("220 mail.example hello and goodbye")),
    ("EHLO", DROP),
    ("EHLO", HALF),
    ("EHLO", STALL),
    ("EHLO", bye("421 4.3.2 too busy")),
    ("MAIL", DROP),
    ("MAIL", HALF),
    ("MAIL", STALL),
    ("MAIL", GARBAGE),
    ("MAIL", "421 4.3.2 shutting down"),
    ("MAIL", "451 4.3.0 not now"),
    ("MAIL", "530 5.7.0 log in first"),
]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one by one"])
@pytest.mark.parametrize(("step", "action"), ABOUT_THE_PLACE)
def test_a_server_that_fails_before_any_mail_costs_one_attempt(step, action, pipelining):
    with ScriptedServer({("*", step): [action]}, pipelining=pipelining) as server:
        run = drive(channel_at(server.port))

    assert Counter(kinds(run).values()) == {NotSent: 1, Receipt: 3}
    check_promises(run, server)


def test_a_server_that_refuses_mail_for_good_is_believed():
    with ScriptedServer({("*", "MAIL"): ["550 5.7.1 blocked"]}) as server:
        run = drive(channel_at(server.port))

    assert Counter(kinds(run).values()) == {Rejected: 1, Receipt: 3}
    check_promises(run, server)


@pytest.mark.parametrize("action", [DROP, HALF, STALL, "454 4.7.0 not now", "220 go on"])
def test_a_line_that_does_not_become_safe_carries_nothing(action):
    with ScriptedServer({("*", "STARTTLS"): action}, offers=("STARTTLS",)) as server:
        run = drive(channel_at(server.port, security="starttls", timeout=0.3), [ANA])

    assert kinds(run) == {ANA: NotSent}
    assert server.accepted == []
    assert "MAIL" not in server.verbs(1)


@pytest.mark.parametrize("action", ["535 5.7.8 wrong", "454 4.7.0 not now", bye("421 bye"), DROP, HALF, STALL, GARBAGE])
def test_a_failed_login_carries_nothing(action):
    with ScriptedServer({("*", "AUTH"): action}, offers=("AUTH PLAIN",)) as server:
        run = drive(channel_at(server.port, user="northwind", timeout=0.3), [ANA], secret="planted-Passw0rd")

    assert kinds(run) == {ANA: NotSent}
    assert "planted" not in run.ended[ANA].reason
    assert server.accepted == []


def test_nobody_listening_costs_one_mail_at_a_time_and_is_not_hammered():
    with ScriptedServer(listening=False) as server:
        started = time.monotonic()
        run = drive(channel_at(server.port), [ANA, BEA, CEM])

    assert kinds(run) == {ANA: NotSent, BEA: NotSent, CEM: NotSent}
    assert not any(outcome.only_this for outcome in run.ended.values())
    assert time.monotonic() - started > 0.7


def test_greylisting_is_no_refusal_and_the_second_try_goes():
    with ScriptedServer({(ANA, "RCPT"): ["450 4.2.1 greylisted, come back in 300 seconds"]}) as server:
        channel = channel_at(server.port)
        first, second = drive(channel, [ANA]), drive(channel, [ANA])

    assert (first.ended[ANA].only_this, first.ended[ANA].retry_after) == (True, 300)
    assert kinds(second) == {ANA: Receipt}


@pytest.mark.parametrize("options", [{"bytewise": True}, {"grouped": True}, {"bytewise": True, "grouped": True}])
def test_replies_are_read_however_they_are_cut(options):
    script = {(ANA, "RCPT"): "550-5.1.1 no such user\r\n550 5.1.1 here", (BEA, "TAKEN"): "250-2.0.0 queued\r\n250 as 7"}
    with ScriptedServer(script, **options) as server:
        run = drive(channel_at(server.port, connections=1, timeout=3))

    assert kinds(run) == {ANA: Rejected, BEA: Receipt, CEM: Receipt, DAN: Receipt}
    assert run.ended[ANA].evidence["reply"] == "550 5.1.1 no such user 5.1.1 here"
    assert run.ended[BEA].id == "2.0.0 queued as 7"
    check_promises(run, server)


def test_a_recipient_who_was_refused_gets_nothing_of_what_follows():
    """The server answers DATA all the same: the mail that it waits for is nobody's, and ends at once."""
    with ScriptedServer({(ANA, "RCPT"): "550 no such user", ("*", "DATA"): "354 anyway"}) as server:
        run = drive(channel_at(server.port, connections=1))

    assert kinds(run) == {ANA: Rejected, BEA: Receipt, CEM: Receipt, DAN: Receipt}
    assert server.connections == 1
    check_promises(run, server)


def test_mails_follow_each_other_in_one_write_where_the_server_takes_groups():
    with ScriptedServer() as server:
        drive(channel_at(server.port, connections=1))
    assert server.verbs(1) == ["EHLO", *["MAIL", "RCPT", "DATA"] * 4, "QUIT"]


@pytest.mark.parametrize("action", [DROP, HALF, bye("421 4.3.2 shutting down")])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_mail_that_the_server_only_hung_up_on_goes_over_another_connection(step, action):
    usual = {"DATA": "354 go ahead"}.get(step, "250 fine")
    with ScriptedServer({("#1", step): [usual, action]}) as server:
        run = drive(channel_at(server.port, connections=1))

    assert set(kinds(run).values()) == {Receipt}
    assert server.connections == 2
    check_promises(run, server)


@pytest.mark.parametrize(("action", "kind"), [(DROP, OutcomeUnknown), (STALL, OutcomeUnknown), ("421 bye", NotSent)])
def test_the_mail_behind_a_dot_without_answer_goes_over_another_connection(action, kind):
    with ScriptedServer({(ANA, "DOT"): action}) as server:
        run = drive(channel_at(server.port, connections=1))

    assert kinds(run) == {ANA: kind, BEA: Receipt, CEM: Receipt, DAN: Receipt}
    check_promises(run, server)


@pytest.mark.parametrize("step", ["DOT", "TAKEN"])
@pytest.mark.parametrize("action", [DROP, HALF, STALL])
def test_a_mail_without_answer_to_its_dot_never_goes_again(step, action):
    """Bea is not the first on her connection: before the dot she would have gone back to the queue."""
    with ScriptedServer({(BEA, step): action}) as server:
        run = drive(channel_at(server.port, connections=1))

    assert kinds(run) == {ANA: Receipt, BEA: OutcomeUnknown, CEM: Receipt, DAN: Receipt}
    assert [line for _, line in server.heard].count(f"RCPT TO:<{BEA}>") == 1
    check_promises(run, server)


def test_a_mail_goes_back_to_the_queue_once_only():
    with ScriptedServer({(BEA, "RCPT"): DROP}) as server:
        run = drive(channel_at(server.port, connections=1))

    assert kinds(run) == {ANA: Receipt, BEA: NotSent, CEM: Receipt, DAN: Receipt}
    assert [line for _, line in server.heard].count(f"RCPT TO:<{BEA}>") == 2
    check_promises(run, server)


@pytest.mark.parametrize("action", [DROP, STALL])
def test_a_server_that_breaks_off_in_a_large_body_leaves_no_doubt(action):
    with ScriptedServer({(ANA, "BODY"): action}) as server:
        run = drive(channel_at(server.port), [ANA], body=b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 8_000_000)

    assert kinds(run) == {ANA: NotSent}
    assert run.released == []
    assert server.accepted == []


@pytest.mark.parametrize("action", [bye("421 4.3.2 shutting down"), bye("552 5.2.3 too large"), DROP, LATE_DROP])
@pytest.mark.parametrize("security", ["none", "tls"])
def test_what_the_server_says_while_the_ledger_is_busy_is_heard_before_the_dot(action, security, certificates):
    tls, authority = certificates
    with ScriptedServer({(ANA, "BODY"): action}, tls=tls if security == "tls" else None) as server:
        channel = channel_at(server.port, security=security, ca_file=authority)
        run = drive(channel, [ANA], commit=server.wait_until_alone)

    assert kinds(run) == {ANA: Rejected if "552" in str(action) else NotSent}
    assert server.accepted == []


def test_a_server_that_stands_few_connections_gets_no_more_and_all_mails():
    people = [f"p{number}@shop.example" for number in range(60)]
    with ScriptedServer(room=3) as server:
        run = drive(channel_at(server.port, connections=10, mails_per_connection=5), people)

    assert set(kinds(run).values()) == {Receipt}
    assert len(server.accepted) == 60


def test_a_connection_is_replaced_after_its_share_of_mails():
    with ScriptedServer() as server:
        run = drive(channel_at(server.port, connections=1, mails_per_connection=3))

    assert set(kinds(run).values()) == {Receipt}
    assert server.verbs(1) == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]
    assert server.verbs(2) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert server.most_open == 1


def test_many_mails_use_no_more_connections_than_allowed():
    people = [f"p{number}@shop.example" for number in range(200)]
    with ScriptedServer() as server:
        run = drive(channel_at(server.port, connections=4), people)

    assert set(kinds(run).values()) == {Receipt}
    assert sorted(person for person, _ in server.accepted) == sorted(people)
    assert server.most_open == 4


@pytest.mark.parametrize("behind_the_dot", [False, True], ids=["in the queue", "behind a dot"])
def test_a_mail_that_is_stopped_reaches_nobody_and_ends_in_no_outcome(behind_the_dot):
    async def run(channel):
        ended = {}
        async with channel.fan(str) as fan, asyncio.timeout(15):
            for tag, person in enumerate([ANA, BEA, CEM]):
                fan.give(tag, prepared(person))
            while len(ended) < 2:
                turn = await fan.turn()
                if 0 in turn.edge and not behind_the_dot:
                    fan.stop([1])
                await fan.go(turn.edge)
                if 0 in turn.edge and behind_the_dot:
                    await asyncio.sleep(0.1)  # Bea's envelope leaves with Ana's dot, whose answer is late
                    fan.stop([0, 1])
                ended |= dict(turn.ended)
        return {tag: type(outcome) for tag, outcome in ended.items()}

    with ScriptedServer({(ANA, "TAKEN"): LATE}) as server:
        ended = asyncio.run(run(channel_at(server.port, connections=1, timeout=2, dot_timeout=2)))

    assert ended == {0: Receipt, 2: Receipt}
    assert [person for person, _ in server.accepted] == [ANA, CEM]
    assert server.connections == 1 + behind_the_dot


def test_a_mail_that_ended_while_the_caller_took_it_back_is_not_reported_any_more():
    """Too much failed, so the drain lets go of what it has: what fails in that moment belongs to nobody."""

    async def run(port):
        async with channel_at(port).fan(lambda _: "") as fan, asyncio.timeout(15):
            fan.give(0, prepared(ANA, BODY))
            while not fan._ended:  # noqa: ASYNC110 -- a fan tells of it when it is asked only
                await asyncio.sleep(0.01)
            fan.stop([0])
            fan.give(1, prepared(BEA, BODY))
            ended = []
            while not ended:
                turn = await fan.turn()
                await fan.go(turn.edge)
                ended += turn.ended
            return [tag for tag, _ in ended]

    with ScriptedServer({(ANA, "RCPT"): "450 4.2.1 not now"}) as server:
        assert asyncio.run(run(server.port)) == [1]
