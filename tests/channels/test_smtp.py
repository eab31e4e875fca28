from __future__ import annotations

import asyncio
import datetime as dt
import email
import logging
import socket
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from email import policy

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from pydantic import ValidationError

from crisiscomms.channels.base import Caps, Letter, NotSent, OutcomeUnknown, Posting, Prepared, Rejected
from crisiscomms.channels.smtp import SmtpChannel, SmtpSettings
from crisiscomms.errors import CrisiscommsError
from crisiscomms.messages.model import Notice, Post

KEY = b"0123456789abcdef0123456789abcdef"
PASSWORD = "planted-Passw0rd"
NOTICE = Notice(
    incident="checkout-down",
    update="resolved",
    audience="merchants",
    language="en",
    kind="notice",
    subject="We failed to take your payments und bitten um Entschuldigung 🙏",
    html="<p>It was our fault.</p>",
    text="It was our fault.\n.hidden\n.\n..\nGoodbye.",
)
AT = dt.datetime(2026, 11, 18, 10, 12, tzinfo=dt.UTC)
DROP, STALL = object(), object()


def letter(address="ana@shop.example", **changes):
    return Letter(NOTICE, address, "Ana López", {}, AT, **changes)


def channel_at(port, **table):
    base = {"type": "smtp", "host": "127.0.0.1", "port": port, "sender": "Northwind <incident@northwind.example>"}
    settings = SmtpSettings.model_validate({**base, "timeout": 5, "dot_timeout": 5, "per_second": 1000, **table})
    return SmtpChannel("email", settings, KEY)


def no_secret(name):
    raise AssertionError(f"nobody needs the secret {name}")


def at_once():
    """What most of these tests do at the edge: nothing."""


async def one(fan, prepared, edge=at_once):
    """Run one mail through a fan; return its receipt, or raise how it ended, or what `edge` raises."""
    fan.give(1, prepared)
    async with asyncio.timeout(20):
        while True:
            turn = await fan.turn()
            for tag in turn.edge:
                try:
                    if asyncio.iscoroutine(waiting := edge()):
                        await waiting
                except Exception:
                    fan.stop([tag])
                    raise
                await fan.go([tag])
            for _, ended in turn.ended:
                if isinstance(ended, Exception):
                    raise ended
                return ended


def with_fan(channel, steps, secret=no_secret):
    """Open a fan, and run `steps(fan)` to its end."""

    async def run():
        async with channel.fan(secret) as fan:
            return await steps(fan)

    return asyncio.run(run())


def send(channel, edge=at_once, prepared=None, secret=no_secret):
    return with_fan(channel, lambda fan: one(fan, prepared or channel.prepare(letter()), edge), secret)


class Inbox:
    """A handler that keeps what it took over. `reply` is what it answers to the end of a mail."""

    def __init__(self, reply="250 2.0.0 Ok: queued as 4711"):
        self.mails, self.logged_in, self.reply = [], [], reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.reply is DROP:
            server.transport.abort()
            return "250 nobody reads this"
        if self.reply.startswith("2"):
            self.mails.append(envelope)
            self.logged_in.append(session.authenticated)
        return self.reply


@contextmanager
def mail_server(handler, **options):
    """Run a real mail server on loopback; yield its port."""
    wrapped = options.pop("wrapped", None)
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    ports = []

    def log_in(_server, _session, _envelope, _mechanism, data):
        good = data.login == b"northwind" and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)

    if options.pop("login", False):
        # The server does not count a line that was TLS from the start as TLS, so there it only offers the login.
        options.update(authenticator=log_in, **{"auth_require_tls" if wrapped else "auth_required": not wrapped})

    async def serve():
        server = await loop.create_server(
            lambda: SMTP(handler, hostname="mail.example", loop=loop, **options), "127.0.0.1", 0, ssl=wrapped
        )
        ports.append(server.sockets[0].getsockname()[1])
        stop = loop.create_future()
        ports.append(stop)
        ready.set()
        await stop
        server.close()
        await server.wait_closed()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)

    def run():
        loop.set_exception_handler(lambda *_: None)  # clients of these tests break off on purpose
        loop.run_until_complete(serve())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(5)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(ports[1].set_result, None)
        thread.join(5)
        assert not thread.is_alive()


USUAL = {"CONNECT": "220 mail.example", "DATA": "354 go ahead", "BODY": None, "DOT": "250 queued as 1"}


class Scripted:
    """A mail server that follows a script: what it does at each step (CONNECT, EHLO, MAIL, RCPT, DATA, BODY, DOT, RSET)."""

    def __init__(self, **script):
        self.script, self.heard, self.mails, self.connections = script, [], [], 0
        self.stopped = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)
        assert not self.thread.is_alive()

    def _serve(self):
        while not self.stopped.is_set():
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            with client, client.makefile("rb") as lines, suppress(ConnectionError):
                client.settimeout(5)
                self._talk(client, lines)

    def _do(self, client, step):
        """Play one step; say whether to go on."""
        action = self.script.get(step, USUAL.get(step, "250 fine"))
        if isinstance(action, list):
            action = action.pop(0) if action else USUAL.get(step, "250 fine")
        if action is STALL:
            self.stopped.wait(5)
        if action is DROP or action is STALL:
            return False
        if action:
            client.sendall(action.encode() + b"\r\n")
        return True

    def _talk(self, client, lines):
        if not self._do(client, "CONNECT"):
            return
        while line := lines.readline():
            verb = line.strip().partition(b" ")[0].decode("latin-1").upper()
            self.heard.append(line.decode("latin-1").strip())
            if verb == "QUIT":
                client.sendall(b"221 bye\r\n")
                return
            if not self._do(client, verb):
                return
            if verb == "DATA" and not self.script.get("DATA") and not self._take_mail(client, lines):
                return

    def _take_mail(self, client, lines):
        mail = b""
        if not self._do(client, "BODY"):
            return False
        while (line := lines.readline()) != b".\r\n":
            if not line:
                return False
            mail += line
        if not self._do(client, "DOT"):
            return False
        self.mails.append(mail)
        return True


def test_a_mail_arrives_byte_for_byte_and_the_servers_words_are_the_receipt():
    inbox = Inbox()
    with mail_server(inbox) as port:
        channel = channel_at(port)
        receipt = send(channel)

    (envelope,) = inbox.mails
    prepared = channel.prepare(letter())
    assert envelope.content == prepared.payload
    assert (envelope.mail_from, envelope.rcpt_tos) == ("incident@northwind.example", ["ana@shop.example"])
    assert receipt.id == "2.0.0 Ok: queued as 4711"
    assert receipt.evidence == {
        "host": f"127.0.0.1:{port}",
        "reply": "250 2.0.0 Ok: queued as 4711",
        "message_id": prepared.envelope["message_id"],
    }
    message = email.message_from_bytes(envelope.content, policy=policy.default)
    assert message["Subject"] == "We failed to take your payments und bitten um Entschuldigung 🙏"
    assert message["To"].addresses[0].display_name == "Ana López"
    assert message["Message-ID"] == prepared.envelope["message_id"]


def test_lines_that_begin_with_a_dot_arrive_whole():
    inbox = Inbox()
    with mail_server(inbox) as port:
        send(channel_at(port))

    body = email.message_from_bytes(inbox.mails[0].content, policy=policy.default).get_body(("plain",))
    assert body.get_content().replace("\r\n", "\n").rstrip() == "It was our fault.\n.hidden\n.\n..\nGoodbye."


def test_many_mails_go_over_one_connection():
    with Scripted() as server:
        channel = channel_at(server.port)

        async def steps(fan):
            for name in ("ana", "bea", "cem"):
                assert (await one(fan, channel.prepare(letter(f"{name}@shop.example")))).id == "queued as 1"

        with_fan(channel, steps)

    assert server.connections == 1
    assert len(server.mails) == 3
    assert [line for line in server.heard if line.startswith("RCPT")] == [
        "RCPT TO:<ana@shop.example>",
        "RCPT TO:<bea@shop.example>",
        "RCPT TO:<cem@shop.example>",
    ]
    assert server.heard[0] == "EHLO northwind.example"
    assert server.heard[-1] == "QUIT"


def test_the_edge_lies_between_the_body_and_the_dot():
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        waiting = threading.Event()

        def serve():
            client, _ = listening.accept()
            with client, client.makefile("rb") as lines:
                client.sendall(b"220 hello\r\n")
                for _ in range(3):
                    lines.readline()
                    client.sendall(b"250 fine\r\n")
                lines.readline()
                client.sendall(b"354 go ahead\r\n")
                for line in lines:
                    if line == b".\r\n":
                        break
                    if line.startswith(b"--=_") and line.endswith(b"--\r\n"):
                        seen.append("body")
                        waiting.set()
                seen.append("dot")
                client.sendall(b"250 queued as 9\r\n")
                lines.readline()

        thread = threading.Thread(target=serve)
        thread.start()

        def edge():
            assert waiting.wait(5)
            time.sleep(0.05)
            seen.append("edge")

        receipt = send(channel_at(listening.getsockname()[1]), edge)
        thread.join(5)

    assert seen == ["body", "edge", "dot"]
    assert receipt.id == "queued as 9"


@pytest.mark.parametrize("breaking", [RuntimeError("the lease is gone"), NotSent("approval was withdrawn")])
def test_an_edge_that_raises_keeps_the_mail_from_going_out(breaking):
    def edge():
        raise breaking

    with Scripted() as server:
        channel = channel_at(server.port)

        async def steps(fan):
            with pytest.raises(type(breaking)) as raised:
                await one(fan, channel.prepare(letter()), edge)
            await one(fan, channel.prepare(letter("bea@shop.example")))
            return raised.value

        raised = with_fan(channel, steps)

    assert raised is breaking
    assert server.connections == 2
    assert len(server.mails) == 1
    assert b"bea@shop.example" in server.mails[0]


def outcome(server, timeout=5.0, dot_timeout=5.0):
    """Try one mail; return what was raised, and how often the edge was crossed."""
    edges = []
    channel = channel_at(server.port, timeout=timeout, dot_timeout=dot_timeout)
    with pytest.raises((NotSent, Rejected, OutcomeUnknown)) as raised:
        send(channel, lambda: edges.append(1))
    return raised.value, len(edges)


BEFORE_THE_DOT = ["CONNECT", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("step", [*BEFORE_THE_DOT, "EHLO"])
def test_a_line_cut_before_the_dot_means_not_sent(step):
    with Scripted(**{step: DROP}) as server:
        error, edges = outcome(server)

    assert isinstance(error, NotSent)
    assert "hung up" in error.reason
    assert edges == 0
    assert error.evidence["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("step", [*BEFORE_THE_DOT, "EHLO"])
def test_silence_before_the_dot_means_not_sent(step):
    with Scripted(**{step: STALL}) as server:
        error, edges = outcome(server, timeout=0.1)

    assert isinstance(error, NotSent)
    assert "no answer in time" in error.reason
    assert edges == 0


@pytest.mark.parametrize("step", BEFORE_THE_DOT)
@pytest.mark.parametrize("code", ["421", "451"])
def test_a_passing_refusal_means_not_sent_and_keeps_the_servers_words(step, code):
    with Scripted(**{step: f"{code} 4.7.1 try again in 300 seconds"}) as server:
        error, edges = outcome(server)

    assert isinstance(error, NotSent)
    assert error.evidence["reply"] == f"{code} 4.7.1 try again in 300 seconds"
    assert error.retry_after == 300
    assert edges == 0


def test_a_wish_for_patience_of_months_is_heeded_for_hours():
    with Scripted(RCPT="451 4.7.1 try again in 99999 minutes") as server:
        error, _ = outcome(server)

    assert error.retry_after == 6 * 3600


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_lasting_refusal_of_the_mail_is_final(step):
    with Scripted(**{step: "550 5.1.1 no such user"}) as server:
        error, edges = outcome(server)

    assert isinstance(error, Rejected)
    assert error.evidence["reply"] == "550 5.1.1 no such user"
    assert "no such user" in error.reason
    assert edges == 0


@pytest.mark.parametrize("script", [{"CONNECT": "554 go away"}, {"EHLO": "554 go away", "HELO": "554 go away"}])
def test_a_server_that_turns_us_away_has_refused_no_mail(script):
    with Scripted(**script) as server:
        error, edges = outcome(server)

    assert isinstance(error, NotSent)
    assert error.evidence["reply"] == "554 go away"
    assert edges == 0


def test_a_server_that_asks_for_a_login_has_refused_no_mail():
    with Scripted(MAIL="530 5.7.0 Authentication required") as server:
        error, _ = outcome(server)

    assert isinstance(error, NotSent)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("452 4.3.1 disk full", NotSent), ("421 4.3.2 shutting down", NotSent), ("554 5.7.1 spam", Rejected)],
)
def test_a_refusal_of_the_whole_mail_is_certain(reply, kind):
    with Scripted(DOT=reply) as server:
        error, edges = outcome(server)

    assert isinstance(error, kind)
    assert error.evidence["reply"] == reply
    assert edges == 1


@pytest.mark.parametrize("action", [DROP, STALL, "hello?", "354 more?", "25"])
def test_no_clear_answer_to_the_dot_leaves_doubt(action):
    with Scripted(DOT=action) as server:
        error, edges = outcome(server, dot_timeout=0.1)

    assert isinstance(error, OutcomeUnknown)
    assert edges == 1
    assert error.evidence["message_id"].startswith("<checkout-down.resolved.0.")


def test_a_real_server_that_dies_after_taking_the_mail_leaves_doubt():
    with mail_server(Inbox(DROP)) as port, pytest.raises(OutcomeUnknown, match="did not say"):
        send(channel_at(port))


def test_the_dot_has_more_time_than_the_verbs():
    class Slow(Inbox):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            await asyncio.sleep(0.4)
            return await super().handle_DATA(server, session, envelope)

    with mail_server(Slow()) as port:
        assert send(channel_at(port, timeout=0.2, dot_timeout=5)).id.endswith("4711")


def test_a_server_that_gives_up_during_the_body_leaves_no_doubt():
    with Scripted(BODY="421 4.3.2 shutting down") as server:
        channel = channel_at(server.port)
        edges = []

        with pytest.raises(NotSent, match="in the middle"):
            # The ledger takes its time, so that the server's words are there before the dot.
            send(channel, lambda: edges.append(time.sleep(0.1)))

    assert len(edges) <= 1
    assert server.mails == []


def test_nobody_listening_means_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(NotSent, match="refused"):
        send(channel_at(port))


@pytest.mark.parametrize("refusal", ["450 later", "550 never"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
def test_after_a_refusal_the_next_mail_goes_over_the_same_connection(step, refusal):
    with Scripted(**{step: [refusal]}) as server:
        if step == "DATA":
            server._take_mail = lambda *_: True
        channel = channel_at(server.port)

        async def steps(fan):
            with pytest.raises((NotSent, Rejected)):
                await one(fan, channel.prepare(letter()))
            if step != "DATA":
                await one(fan, channel.prepare(letter("bea@shop.example")))

        with_fan(channel, steps)

    assert server.connections == 1
    assert ("RSET" in [line.upper() for line in server.heard]) is (step != "DOT")


@pytest.mark.parametrize("script", [{"DOT": [DROP]}, {"RCPT": [DROP]}, {"MAIL": ["421 bye"]}, {"DOT": ["421 bye"]}])
def test_after_a_break_the_next_mail_goes_over_a_new_connection(script):
    with Scripted(**script) as server:
        channel = channel_at(server.port)

        async def steps(fan):
            with pytest.raises((NotSent, OutcomeUnknown)):
                await one(fan, channel.prepare(letter()))
            await one(fan, channel.prepare(letter("bea@shop.example")))

        with_fan(channel, steps)

    assert server.connections == 2
    assert b"bea@shop.example" in server.mails[-1]


def test_a_connection_that_the_server_closed_while_idle_costs_no_mail():
    with Scripted() as server:
        server._take_mail = lambda client, lines: Scripted._take_mail(server, client, lines) and False
        channel = channel_at(server.port)

        async def steps(fan):
            for name in ("ana", "bea"):
                await one(fan, channel.prepare(letter(f"{name}@shop.example")))
                await asyncio.sleep(0.05)

        with_fan(channel, steps)

    assert server.connections == 2
    assert len(server.mails) == 2


def test_the_drain_learns_how_many_and_how_fast():
    caps = channel_at(1, per_second=0.5, connections=3).caps

    assert (caps.fans, caps.connections, caps.per_second) == (True, 3, 0.5)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mails_go_over_a_verified_tls_line_with_a_login(certificates, security):
    context, authority = certificates
    options = {"tls_context": context} if security == "starttls" else {"wrapped": context}
    inbox = Inbox()
    with mail_server(inbox, login=True, **options) as port:
        channel = channel_at(port, security=security, ca_file=authority, user="northwind")
        receipt = send(channel, secret={"password": PASSWORD}.__getitem__)

    assert receipt.id == "2.0.0 Ok: queued as 4711"
    assert inbox.logged_in == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_with_a_certificate_that_we_do_not_trust_gets_no_mail(certificates, security):
    context, _ = certificates
    options = {"tls_context": context} if security == "starttls" else {"wrapped": context}
    inbox = Inbox()
    with mail_server(inbox, **options) as port, pytest.raises(NotSent, match="not to be trusted"):
        send(channel_at(port, security=security))

    assert inbox.mails == []


@pytest.mark.parametrize(("security", "words"), [("starttls", "STARTTLS"), ("tls", "failed before any mail")])
def test_a_server_without_tls_gets_no_mail(security, words):
    with Scripted(EHLO="250 mail.example") as server, pytest.raises(NotSent, match=words):
        send(channel_at(server.port, security=security, timeout=0.5))

    assert not [line for line in server.heard if line.startswith("MAIL")]


def test_an_authority_that_cannot_be_read_is_named(tmp_path):
    with Scripted() as server, pytest.raises(NotSent, match="ca_file"):
        send(channel_at(server.port, security="tls", ca_file=str(tmp_path / "missing.pem")))


def all_texts(error):
    """Everything that a log could hold of an exception and those behind it."""
    seen, texts = set(), []
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        texts += [repr(error), str(error), repr(vars(error)), *traceback.format_exception(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def test_a_refused_login_means_not_sent_and_never_shows_the_password(certificates, caplog, capfd):
    context, authority = certificates
    caplog.set_level(logging.DEBUG, logger="crisiscomms")
    inbox = Inbox()
    with mail_server(inbox, login=True, tls_context=context) as port:
        channel = channel_at(port, security="starttls", ca_file=authority, user="someone")
        with pytest.raises(NotSent, match="refused the user name or the password") as raised:
            send(channel, secret=lambda _: PASSWORD)

    assert inbox.mails == []
    assert PASSWORD not in all_texts(raised.value)
    assert PASSWORD not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("crisiscomms"))
    assert PASSWORD not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "script",
    [
        {"EHLO": "250-mail.example\r\n250 AUTH PLAIN", "AUTH": f"535 wrong password {PASSWORD}"},
        {"EHLO": "250-mail.example\r\n250 AUTH PLAIN", "AUTH": f"454 come back with {PASSWORD}"},
        {"EHLO": "250-mail.example\r\n250 AUTH PLAIN", "AUTH": DROP},
        {"EHLO": "250-mail.example\r\n250 AUTH PLAIN", "AUTH": STALL},
        {"EHLO": "250-mail.example\r\n250 AUTH UNHEARD-OF"},
        {"EHLO": "250 mail.example"},
    ],
)
@pytest.mark.parametrize("password", [PASSWORD, PASSWORD + "\n", PASSWORD + "ü"])
def test_however_a_login_fails_the_password_stays_secret(script, password):
    with Scripted(**script) as server:
        channel = channel_at(server.port, user="northwind", timeout=0.1)

        async def steps(fan):
            with pytest.raises(NotSent) as raised:
                await one(fan, channel.prepare(letter()))
            return raised, f"{fan!r} {channel!r}"

        raised, shown = with_fan(channel, steps, lambda _: password)

    assert PASSWORD not in all_texts(raised.value) + shown
    assert not [line for line in server.heard if line.startswith("MAIL")]


def test_a_password_that_is_nowhere_stops_everything_before_the_first_mail():
    def nowhere(name):
        raise CrisiscommsError(f"the {name} is nowhere to be found")

    with pytest.raises(CrisiscommsError, match="password is nowhere"):
        send(channel_at(1, user="northwind"), secret=nowhere)


@pytest.mark.parametrize(
    "envelope",
    [
        {"from": "incident@northwind.example", "to": "a@b.example>\r\nRCPT TO:<evil@else.example"},
        {"from": "incident@northwind.example", "to": '"a\rb"@c.example'},
        {"from": "incident", "to": "a@b.example"},
        {},
    ],
)
def test_an_envelope_that_was_tampered_with_never_reaches_the_server(envelope):
    with Scripted() as server:
        channel = channel_at(server.port)
        with pytest.raises(Rejected, match="address"):
            send(channel, prepared=Prepared((b"Subject: x\r\n\r\nbody\r\n",), envelope))

    assert server.connections == 0


@pytest.mark.parametrize("body", [b"a\n.\nMAIL FROM:<evil@else.example>\r\n", b"a\r.\r\r\n", b"x" * 999])
def test_bytes_that_could_smuggle_a_second_mail_never_reach_the_server(body):
    envelope = {"from": "incident@northwind.example", "to": "ana@shop.example"}
    with Scripted() as server:
        channel = channel_at(server.port)
        with pytest.raises(Rejected):
            send(channel, prepared=Prepared((b"Subject: x\r\n\r\n" + body,), envelope))

    assert server.connections == 0


def test_a_body_without_a_last_line_end_still_ends_before_the_dot():
    envelope = {"from": "incident@northwind.example", "to": "ana@shop.example"}
    with Scripted() as server:
        send(channel_at(server.port), prepared=Prepared((b"Subject: x\r\n\r\n.body",), envelope))

    assert server.mails == [b"Subject: x\r\n\r\n..body\r\n"]


def test_an_open_channel_that_sends_nothing_connects_to_nobody():
    with Scripted() as server:
        with_fan(channel_at(server.port), lambda fan: fan.turn())

    assert server.connections == 0


def test_a_mail_server_cannot_be_asked_what_it_has():
    assert channel_at(1).caps == Caps(
        "mail", leaves_machine=True, can_find=False, fans=True, connections=16, per_second=1000
    )


def test_a_mail_server_is_only_spoken_to_through_a_fan():
    with pytest.raises(TypeError, match="fan"):
        channel_at(1).open(no_secret)


def test_a_mail_channel_takes_no_posts():
    post = Posting(Post("i", "u", "email", "en", "post", "text", "https://x.example"), AT)
    with pytest.raises(TypeError):
        channel_at(1).prepare(post)


MINIMAL = {"type": "smtp", "host": "mail.northwind.example", "sender": "incident@northwind.example"}


@pytest.mark.parametrize(
    ("host", "security"),
    [("mail.northwind.example", "starttls"), ("127.0.0.1", "none"), ("::1", "none"), ("localhost", "none")],
)
def test_the_line_is_protected_unless_it_stays_on_this_machine(host, security):
    channel = SmtpChannel.from_table("email", {**MINIMAL, "host": host}, KEY)

    assert channel.name == "email"
    assert channel.settings.security == security
    assert (channel.settings.port, channel.settings.timeout, channel.settings.dot_timeout) == (587, 60, 600)


@pytest.mark.parametrize(
    "wrong",
    [
        {"security": "none"},
        {"security": "ssl"},
        {"port": 0},
        {"port": 70000},
        {"per_second": 0},
        {"connections": 0},
        {"connections": 101},
        {"mails_per_connection": 0},
        {"mails_per_connection": 1_000_001},
        {"timeout": -1},
        {"dot_timeout": float("inf")},
        {"host": "mail example"},
        {"user": ""},
        {"type": "x"},
        {"sender": "nobody"},
        {"password": "in the open"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValidationError) as refusal:
        SmtpChannel.from_table("email", {**MINIMAL, **wrong}, KEY)

    assert [error["loc"] for error in refusal.value.errors()] == [(next(iter(wrong)),)]
