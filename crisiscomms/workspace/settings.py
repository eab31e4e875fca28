"""The settings of a workspace: what may stand in `crisiscomms.toml`.

Tables of channels stay raw here: only the channel itself knows what belongs in its table.
"""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from crisiscomms.fields import Audience, Contact, Email, Language, Model, Slug, Span, Text, Url, wrong
from crisiscomms.workspace.look import Look


class Press(Model):
    """Who answers journalists."""

    name: str
    """The person's name."""
    email: Email
    """Their address."""
    phone: str | None = None
    """Their number."""


class Organisation(Model):
    """Who speaks."""

    name: str
    """The full name."""
    short_name: str | None = None
    """A shorter one, for posts."""
    url: Url
    """The website."""
    timezone: str = "UTC"
    """The zone of all times without one of their own."""
    languages: tuple[Language, ...] = Field(default=("en",), min_length=1)
    """The first is the one records are written in."""
    contact: Contact = Contact()
    """How people reach someone."""
    press: Press | None = None
    """Who answers journalists."""


class Component(Model):
    """A part of the service that people know by name."""

    id: Slug
    """The name that records use."""
    name: Text
    """The name that readers see."""


class Site(Model):
    """The status site."""

    url: Url
    """Its public address."""
    folder: str = "public"
    """Where the built site lands."""
    components: tuple[Component, ...] = ()
    """The parts of the service."""
    look: Look = Look()
    """The organisation's own logo, colours and fonts."""


class Cadence(Model):
    """How often readers hear from us until it is resolved."""

    critical: Span = Span(timedelta(minutes=30))
    """For a critical incident."""
    major: Span = Span(timedelta(hours=1))
    """For a major one."""
    minor: Span = Span(timedelta(hours=4))
    """For a minor one."""


class Approval(Model):
    """How many other people must approve a plan that leaves this machine."""

    critical: int = Field(default=2, ge=0)
    """For a critical incident."""
    major: int = Field(default=1, ge=0)
    """For a major one."""
    minor: int = Field(default=0, ge=0)
    """For a minor one."""


class Order(Model):
    """After the site: who hears first."""

    audiences: tuple[str, ...] = ()
    """The audiences, first to last. Those left out come last."""
    head_start: Span = Span(timedelta(0))
    """How long each waits after the one before."""


def has_password(address: str) -> bool:
    """Say whether a database's address holds a password."""
    return re.match(r"[a-z+]+://[^/@]*:[^/]*@", address) is not None


def _read_ledger(given: str) -> str:
    if has_password(given):
        raise wrong("ledger", "holds a password. Write it into secrets/ledger.password, and take it out here")
    return given


class Settings(Model):
    """The whole of `crisiscomms.toml`."""

    organisation: Organisation
    """Who speaks."""
    site: Site
    """The status site."""
    cadence: Cadence = Cadence()
    """How often readers hear from us."""
    approval: Approval = Approval()
    """How many others must approve."""
    order: Order = Order()
    """Who hears first."""
    channels: dict[Slug, dict[str, Any]] = Field(default_factory=dict)
    """Where messages go, each with its type."""
    audiences: dict[Slug, Audience] = Field(default_factory=dict)
    """The lasting groups of people."""
    memos: str = "memos"
    """The folder where memos to staff are written."""
    ledger: Annotated[str, AfterValidator(_read_ledger)] = "ledger.db"
    """The file of the ledger, or postgresql://USER@HOST/NAME: a database that many machines share."""
    rehearsal: bool = False
    """true: everything is played into files."""
