"""Reaching a mail server: connection, TLS and login, up to where it waits for the first mail."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import cast

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPAuthenticationError, SMTPException, SMTPHeloError, SMTPResponseException

from crisiscomms.channels.mail import mailbox
from crisiscomms.channels.smtp import SmtpSettings
from crisiscomms.channels.smtp_words import HUNG_UP, what, words


@dataclass(frozen=True, slots=True)
class Reached:
    """A connection that waits for MAIL. `pipelining`: whether the server takes commands in groups (RFC 2920)."""

    transport: asyncio.Transport
    pipelining: bool
    heard: bytes
    """What the server said already, unasked."""


class NotReachedError(Exception):
    """No connection. `reply` holds the server's own words, unless they may repeat the password."""

    def __init__(self, reason: str, reply: str = "") -> None:
        super().__init__(reason)
        self.reason, self.reply = reason, reply


def trust(settings: SmtpSettings) -> ssl.SSLContext:
    """Return whom to trust. Raises NotReachedError."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise NotReachedError(f"the certificate authority in ca_file cannot be read: {error.strerror}") from None


async def reach(settings: SmtpSettings, password: str, context: ssl.SSLContext | None) -> Reached:
    """Connect and log in. Raises NotReachedError."""
    place = f"{settings.host}:{settings.port}"
    client = SMTP(
        hostname=settings.host,
        port=settings.port,
        # We introduce ourselves by the sender's domain: this machine's own name is nobody's business, and slow to find.
        local_hostname=mailbox(settings.sender)[1].rpartition("@")[2],
        timeout=settings.timeout,
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        tls_context=context,
    )
    await _refusals(client.connect(), place)
    transport = cast("asyncio.Transport | None", client.transport)
    if transport is None:  # it hung up right after its greeting
        client.close()
        raise NotReachedError(f"the connection to {place} failed before any mail: {HUNG_UP}")
    try:
        await _refusals(_greet(client), place)
        if settings.user:
            await _login(client, settings.user, password, place)
        heard = _heard(client, place)
    except BaseException:
        # A TLS connection that is only closed waits for the other side to agree, and would outlive us.
        transport.abort()
        client.close()
        raise
    return Reached(transport, client.supports_extension("pipelining"), heard)


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        await client.helo()


async def _refusals(step: Awaitable[object], place: str) -> None:
    """Take a step, and say what went wrong. Raises NotReachedError."""
    try:
        await step
    except (OSError, ValueError, SMTPException) as error:
        reply = f"{error.code} {words(error.message)}" if isinstance(error, SMTPResponseException) else ""
        raise NotReachedError(f"the connection to {place} failed before any mail: {what(error)}", reply) from None


async def _login(client: SMTP, user: str, password: str, place: str) -> None:
    """Log in. Raises NotReachedError, never with the server's words: they may repeat the password."""
    try:
        await client.login(user, password)
    except SMTPAuthenticationError as error:
        problem = f"refused the user name or the password ({error.code})"
    except OSError:
        problem = "hung up, or did not answer in time, while we logged in"
    except (ValueError, SMTPException):
        problem = "offers no login that we know and that can carry this user name and password"
    else:
        return
    raise NotReachedError(f"{place} {problem}")


def _heard(client: SMTP, place: str) -> bytes:
    """Return what came behind the last reply: it would be lost. Raises NotReachedError."""
    if client.protocol is None:
        raise NotReachedError(f"the connection to {place} failed before any mail: {HUNG_UP}")
    return bytes(client.protocol._buffer)  # noqa: SLF001 -- there is no other way to it
