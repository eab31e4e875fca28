"""Names, addresses, and the groups of people behind them."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints

from crisiscomms.fields.base import Model, shown, wrong
from crisiscomms.fields.text import LANGUAGE, Text

SLUG = r"^[a-z0-9](-?[a-z0-9]){0,79}$"
#: The name of a law's set of rules: sections of law have points in them.
PACK = r"^[a-z0-9]([.-]?[a-z0-9]){0,79}$"
_EMAIL = re.compile(
    r"(?!\.)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}+(?<!\.)@(?!-)[A-Za-z0-9-]++(?<!-)(?:\.(?!-)[A-Za-z0-9-]++(?<!-))+"
)


def is_email(address: str) -> bool:
    """Say whether an address has the plain shape that every mail server reads alike."""
    return len(address) <= 254 and _EMAIL.fullmatch(address) is not None and ".." not in address


def _email(given: Any) -> Any:
    if not isinstance(given, str):
        raise wrong(
            "bad-address", f"should be an e-mail address, and is {shown(given)}", "Write it as name@example.org"
        )
    if not is_email(given.strip()):
        raise wrong("bad-address", f'"{shown(given)}" is not a plain e-mail address', "Write it as name@example.org")
    return given


Slug = Annotated[str, StringConstraints(pattern=SLUG)]
PackName = Annotated[str, StringConstraints(pattern=PACK)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE)]
Email = Annotated[str, BeforeValidator(_email)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@<>\"]+$")]


class Contact(Model):
    """How readers reach a person."""

    email: Email | None = None
    """The address that a person reads."""
    phone: str | None = None
    """The number, written as people dial it."""
    hours: Text | None = None
    """When someone answers."""
    replies_within: Text | None = None
    """How long an answer takes at most."""


class Audience(Model):
    """A named group of people, how they are reached, and in which languages."""

    name: Text
    """What the group is called, in words that its members would accept."""
    channels: tuple[str, ...] = ()
    """The channels that reach this group, by their names in the workspace."""
    languages: tuple[Language, ...] = ()
    """The languages this group reads. Empty: those of the workspace."""
    recipients: str | None = None
    """A CSV file with the columns email, name, language, and any column that a text cites. None: the public."""
    counted_by: str | None = None
    """The fact that says how many they are. The list must be as long."""
    required: bool = False
    """A notice that the law asks for: unsubscribing from news does not stop it."""
