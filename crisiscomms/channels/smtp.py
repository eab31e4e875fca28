"""Kind `smtp`: a mail server, spoken to over many connections at once.

How it is spoken to stands in `smtp_fan` (who gets which connection), `smtp_line` (the dialogue on one), `smtp_reach`
(connecting, TLS, login) and `smtp_words` (what each answer means).
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, Literal, Never

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from crisiscomms.channels.base import Caps, Fan, Letter, Posting, Prepared
from crisiscomms.channels.form import MailForms
from crisiscomms.channels.mail import MailSettings
from crisiscomms.fields import wrong

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Security = Literal["none", "starttls", "tls"]


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
    connections: int = Field(default=16, ge=1, le=100)
    """How many connections at most at one time."""
    mails_per_connection: int = Field(default=100, ge=1, le=1_000_000)
    """How many mails go over one connection before another takes its place. Many servers want it so."""
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
    """One mail server. `key` signs unsubscribe tokens."""

    def __init__(self, name: str, settings: SmtpSettings, key: bytes) -> None:
        self.name, self.settings, self._forms = name, settings, MailForms(settings, key)
        self.caps = Caps(
            "mail",
            leaves_machine=True,
            fans=True,
            connections=settings.connections,
            per_second=settings.per_second,
        )

    @classmethod
    def from_table(cls, name: str, table: dict[str, Any], key: bytes) -> SmtpChannel:
        """Build the channel from its table in the workspace. Raises pydantic's ValidationError."""
        return cls(name, SmtpSettings.model_validate(table), key)

    def prepare(self, item: Letter | Posting) -> Prepared:
        """Return the bytes of a letter. Raises Rejected where it cannot be a safe mail."""
        return self._forms.prepare(item)

    def open(self, secret: Callable[[str], str]) -> Never:
        """Refuse: mails go through `fan`. Raises TypeError: only a mistake in our own code comes here."""
        del secret
        raise TypeError("a mail server is spoken to through fan")

    def _signer(self, secret: Callable[[str], str]) -> Callable[[bytes], bytes] | None:
        """Return what signs a mail's bytes, or None where the settings name no key. Raises CrisiscommsError."""
        from crisiscomms.channels.dkim import signer  # noqa: PLC0415 -- only sending needs it

        made = signer(self.settings, secret)
        return made.sign if made else None

    @asynccontextmanager
    async def fan(self, secret: Callable[[str], str]) -> AsyncIterator[Fan]:
        """Yield a fan that connects at its first mail. Raises what `secret` raises where a login needs a password."""
        from crisiscomms.channels.smtp_fan import SmtpFan  # noqa: PLC0415 -- only sending needs it

        password = secret("password") if self.settings.user else ""
        fan = SmtpFan(self.settings, password, self._signer(secret))
        try:
            yield fan
        finally:
            await fan.close()
