"""Kind `smtp`: hands mails to a mail server, one recipient at a time, and knows at every step what a failure means.

A mail server takes a mail over when it gets the line with a single dot after the body. So the whole body goes out
first, then `edge` is called, then the dot: only a missing answer to the dot leaves anyone in doubt.
"""

from __future__ import annotations

import ipaddress
import re
import selectors
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Annotated, Any, Literal, Never

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from crisiscomms.channels.base import Caps, Letter, NotSent, OutcomeUnknown, Posting, Prepared, Receipt, Rejected
from crisiscomms.channels.mail import MailSettings, as_letter, build_mail, line_flaw, mailbox, message_id, printable
from crisiscomms.fields import is_email, wrong

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Security = Literal["none", "starttls", "tls"]
Sleep = Callable[[float], None]
#: 5xx replies that ask for a login: they are about the channel, and say nothing about this mail.
_ABOUT_LOGIN = frozenset({530, 534, 535, 538})
_WAIT = re.compile(r"\b(\d{1,5}) ?(s|sec|second|min|minute)s?\b", re.IGNORECASE)


def _loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


class SmtpSettings(MailSettings):
    """A mail server, and how it is spoken to."""

    type: Literal["smtp"] = "smtp"
    """The kind of channel."""
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
    """The mail server."""
    port: int = Field(default=587, ge=1, le=65535)
    """Its port."""
    security: Security = Field(default=None, validate_default=True)
    """How the line is protected. Without it: starttls, or none to a server on this machine."""
    user: str | None = Field(default=None, min_length=1)
    """The name to log in with. The password is the channel's secret `password`."""
    per_second: Seconds = 20.0
    """How many mails a second at most."""
    timeout: Seconds = 60.0
    """How many seconds the server has to answer each step."""
    dot_timeout: Seconds = 600.0
    """How many seconds it has to answer the end of a mail. The standard asks for ten minutes."""
    ca_file: str | None = None
    """A file with the certificate authority to trust, in PEM. Without it: those of the system."""

    @field_validator("security", mode="before")
    @classmethod
    def _by_host(cls, given: Any, info: ValidationInfo) -> Any:
        here = _loopback(info.data.get("host", "localhost"))
        if given == "none" and not here:
            raise wrong("security", "cannot be none: anyone on the way could read and change the mails")
        return given or ("none" if here else "starttls")


class SmtpChannel:
    """One mail server. `key` signs unsubscribe tokens. `sleep` waits some seconds, to keep the pace."""

    caps = Caps("mail", leaves_machine=True)

    def __init__(self, name: str, settings: SmtpSettings, key: bytes, *, sleep: Sleep = time.sleep) -> None:
        self.name, self.settings = name, settings
        self._key, self._sleep = key, sleep

    @classmethod
    def from_table(cls, name: str, table: dict[str, Any], key: bytes) -> SmtpChannel:
        """Build the channel from its table in the workspace. Raises pydantic's ValidationError."""
        return cls(name, SmtpSettings.model_validate(table), key)

    def prepare(self, item: Letter | Posting) -> Prepared:
        """Return the bytes of a letter. Raises Rejected where it cannot be a safe mail."""
        return build_mail(self.settings, as_letter(item), key=self._key)

    def message_id(self, item: Letter | Posting) -> str:
        """Return the Message-ID that the letter will carry."""
        return message_id(self.settings, as_letter(item))

    @contextmanager
    def open(self, secret: Callable[[str], str]) -> Iterator[SmtpSender]:
        """Yield a sender that connects at its first mail. Raises what `secret` raises where a login needs a password."""
        sender = SmtpSender(self.settings, secret("password") if self.settings.user else "", self._sleep)
        try:
            yield sender
        finally:
            sender.close()


class SmtpSender:
    """One connection at a time to one mail server, made when it is first needed, and again after it broke."""

    def __init__(self, settings: SmtpSettings, password: str, sleep: Sleep) -> None:
        self._settings, self._password, self._sleep = settings, password, sleep
        self._place = f"{settings.host}:{settings.port}"
        self._free_at = time.monotonic()
        self._link: smtplib.SMTP | None = None
        self._idle = False  # whether the server waits for MAIL, so that the connection can serve the next mail
        self._evidence: dict[str, str] = {}

    def send(self, prepared: Prepared, *, parent: Receipt | None, edge: Callable[[], None]) -> Receipt:  # noqa: ARG002 -- a mail names its parent in its own headers
        """Hand over one mail, in one attempt. See `Sender.send`."""
        sender, to = prepared.envelope.get("from", ""), prepared.envelope.get("to", "")
        if not is_email(sender) or not is_email(to):
            raise Rejected("the mail's envelope holds an address that is not a plain e-mail address")
        if flaw := line_flaw(prepared.payload):
            raise Rejected(f"the mail {flaw}")
        self._evidence = {"host": self._place, "message_id": prepared.envelope.get("message_id", "")}
        self._keep_pace()
        try:
            link = self._ready()
            self._idle = False
            self._ask(link, "MAIL", f"FROM:<{sender}>")
            self._ask(link, "RCPT", f"TO:<{to}>")
            self._ask(link, "DATA")
            self._put_body(link, prepared.payload)
            edge()
            return self._put_dot(link)
        finally:
            # Whatever broke it off, be it `edge` or the user: a server that never sees the dot forgets the mail.
            if not self._idle:
                self._drop()

    def find_existing(self, prepared: Prepared, *, since: datetime) -> Receipt | None:  # noqa: ARG002 -- the contract's
        """Raise NotSent: a mail server cannot be asked what it took."""
        raise NotSent("a mail server cannot be asked which mails it has taken", evidence={"host": self._place})

    def close(self) -> None:
        """Say goodbye, and close the connection. Safe to call at any time."""
        if self._link:
            with suppress(OSError):
                _patience(self._link, min(5, self._settings.timeout))
                self._link.docmd("QUIT")
        self._drop()

    def _keep_pace(self) -> None:
        now = time.monotonic()
        self._sleep(max(0.0, self._free_at - now))
        self._free_at = max(now, self._free_at) + 1 / self._settings.per_second

    def _ready(self) -> smtplib.SMTP:
        """Return a connection that waits for MAIL. Raises NotSent."""
        link, settings = self._link, self._settings
        # Servers hang up on idle clients. Nothing was said about this mail yet, so a new connection repeats nothing.
        if link and not _has_spoken(link):
            return link
        self._drop()
        self._idle = False
        try:
            self._link = link = _reach(settings)
            if settings.security == "starttls":
                link.starttls(context=_trust(settings))
            link.ehlo_or_helo_if_needed()
            if link.sock:  # The dot is a tiny packet after a large one, which the system would otherwise hold back.
                link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, ValueError) as error:
            raise self._broken("before any mail", error) from error
        if settings.user and (problem := _login(link, settings.user, self._password)):
            raise NotSent(f"{self._place} {problem}", evidence=self._evidence)
        return link

    def _ask(self, link: smtplib.SMTP, verb: str, words: str = "") -> None:
        try:
            code, reply = link.docmd(verb, words)
        except OSError as error:
            raise self._broken(f"at {verb}", error) from error
        if not (code == 354 if verb == "DATA" else 200 <= code < 300):
            if 400 <= code < 600 and code != 421 and code not in _ABOUT_LOGIN:
                with suppress(OSError):  # without this, what the server was told so far would belong to the next mail
                    self._idle = link.docmd("RSET")[0] == 250
            self._refused(f"at {verb}", code, reply)

    def _put_body(self, link: smtplib.SMTP, payload: bytes) -> None:
        """Send everything but the dot. Returns only if the server is still waiting for more."""
        ended = payload if payload.endswith(b"\r\n") else payload + b"\r\n"
        try:
            link.send(re.sub(rb"(?m)^\.", b"..", ended))
            if _has_spoken(link):
                self._refused("in the middle of the mail", *link.getreply())
        except OSError as error:
            raise self._broken("in the middle of the mail", error) from error

    def _put_dot(self, link: smtplib.SMTP) -> Receipt:
        try:
            _patience(link, self._settings.dot_timeout)
            link.send(b".\r\n")
            code, reply = link.getreply()
            _patience(link, self._settings.timeout)
        except OSError as error:
            reason = f"{self._place} did not say whether it took the mail: {_what(error)}"
            raise OutcomeUnknown(reason, evidence=self._evidence) from error
        self._idle = (200 <= code < 300 or 400 <= code < 600) and code != 421
        if 400 <= code < 600:
            self._refused("at its end", code, reply)
        evidence = {**self._evidence, "reply": f"{code} {_words(reply)}".strip()}
        if 200 <= code < 300:
            return Receipt(_words(reply) or self._evidence["message_id"], evidence=evidence)
        raise OutcomeUnknown(f"{self._place} answered the mail with neither yes nor no", evidence=evidence)

    def _refused(self, step: str, code: int, reply: bytes) -> Never:
        """Raise what a reply means that is not a yes."""
        evidence = {**self._evidence, "reply": f"{code} {_words(reply)}".strip()}
        reason = f"{self._place} refused the mail {step}: {evidence['reply']}"
        if 500 <= code < 600 and code not in _ABOUT_LOGIN:
            raise Rejected(reason, evidence=evidence)
        # Anything but a goodbye or a wish for a login is about this mail or its reader: greylisting, a full mailbox.
        only_this = step in {"at RCPT", "at its end"} and 400 <= code < 500 and code != 421 and code not in _ABOUT_LOGIN
        raise NotSent(reason, retry_after=_retry_after(evidence), evidence=evidence, only_this=only_this)

    def _broken(self, step: str, error: Exception) -> NotSent:
        evidence = dict(self._evidence)
        if isinstance(error, smtplib.SMTPResponseException):
            evidence["reply"] = f"{error.smtp_code} {_words(error.smtp_error)}"
        reason = f"the connection to {self._place} failed {step}: {_what(error)}"
        return NotSent(reason, retry_after=_retry_after(evidence), evidence=evidence)

    def _drop(self) -> None:
        if self._link:
            self._link.close()
        self._link = None


def _reach(settings: SmtpSettings) -> smtplib.SMTP:
    # We introduce ourselves by the sender's domain: this machine's own name is nobody's business, and slow to find.
    own_name = mailbox(settings.sender)[1].rpartition("@")[2]
    if settings.security == "tls":
        trust = _trust(settings)
        return smtplib.SMTP_SSL(settings.host, settings.port, own_name, timeout=settings.timeout, context=trust)
    return smtplib.SMTP(settings.host, settings.port, own_name, timeout=settings.timeout)


def _trust(settings: SmtpSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise NotSent(f"the certificate authority in ca_file cannot be read: {error.strerror}") from error


def _login(link: smtplib.SMTP, user: str, password: str) -> str:
    """Log in, and return what went wrong or an empty string. Never the server's words: they may repeat the password."""
    try:
        link.login(user, password)
    except smtplib.SMTPAuthenticationError as error:
        return f"refused the user name or the password ({error.smtp_code})"
    except smtplib.SMTPServerDisconnected:
        return "hung up, or did not answer in time, while we logged in"
    except (OSError, ValueError):
        return "offers no login that we know and that can carry this user name and password"
    finally:
        link.user = link.password = ""
    return ""


def _patience(link: smtplib.SMTP, seconds: float) -> None:
    if link.sock:
        link.sock.settimeout(seconds)


def _has_spoken(link: smtplib.SMTP) -> bool:
    """Say whether the server said something unasked, or hung up."""
    if not link.sock or (isinstance(link.sock, ssl.SSLSocket) and link.sock.pending()):
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(link.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _what(error: Exception) -> str:
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_words(error.smtp_error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server hung up"
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _words(reply: bytes | str) -> str:
    return printable(reply if isinstance(reply, str) else reply.decode(errors="replace"))


def _retry_after(evidence: dict[str, str]) -> float | None:
    match = _WAIT.search(evidence.get("reply", ""))
    return float(match[1]) * (60 if match[2].lower().startswith("m") else 1) if match else None
