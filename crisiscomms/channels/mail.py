"""Who mails are from, and what tells each mail and each reader apart: Message-IDs and unsubscribe tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from functools import cached_property, lru_cache
from typing import Annotated

from pydantic import AfterValidator, StringConstraints, ValidationInfo, field_validator

from crisiscomms.channels.base import Letter, Posting, Rejected
from crisiscomms.channels.encoding import header_flaw
from crisiscomms.fields import Model, is_email, wrong

MOST_BYTES_A_LINE = 998
ID_PART = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_MAILBOX = re.compile(r'"?(?P<name>[^"<>]*?)"? *<(?P<address>[^<>\s]+)>|(?P<bare>[^"<>\s]+)')


def _read_mailbox(given: str) -> str:
    name, address = mailbox(given)
    if flaw := header_flaw(given):
        raise wrong("mailbox", flaw)
    if not is_email(address):
        raise wrong(
            "mailbox",
            f'"{given}" is not an address with or without a name. Write it as Northwind Pay <incident@northwind.example>',
        )
    return f"{name} <{address}>" if name else address


def _read_unsubscribe(given: str) -> str:
    bare = given.replace("{token}", "")
    if "{token}" not in given:
        raise wrong("unsubscribe", "must contain {token}: it stands for the reader")
    if not re.fullmatch(r"https://[!#-;=?-z|~]+", bare):
        raise wrong("unsubscribe", "should be an https address in plain characters")
    return given


Mailbox = Annotated[str, StringConstraints(max_length=500), AfterValidator(_read_mailbox)]
ListId = Annotated[str, StringConstraints(max_length=250, pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")]
Selector = Annotated[str, StringConstraints(max_length=63, pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")]
Unsubscribe = Annotated[str, StringConstraints(max_length=800), AfterValidator(_read_unsubscribe)]


class MailSettings(Model):
    """Who a mail is from, and which list it belongs to."""

    sender: Mailbox
    """The sender: an address, or Name <address>."""
    reply_to: Mailbox | None = None
    """Where answers go, if not to the sender."""
    list_id: ListId | None = None
    """The lasting name of the list, in the form of a domain. Without it: the sender's domain."""
    unsubscribe: Unsubscribe | None = None
    """The https address that stops these mails. {token} stands for the reader."""
    dkim_selector: Selector | None = None
    """The name of our public key in the DNS. With it, a mail server is handed signed mails; an outbox holds them unsigned.
    The private key is the channel's secret `dkim`."""
    dkim_domain: ListId | None = None
    """The domain that signs: the sender's, or one above it. Without it: the sender's domain."""

    @field_validator("dkim_domain")
    @classmethod
    def _above_the_sender(cls, given: str | None, info: ValidationInfo) -> str | None:
        domain = mailbox(info.data.get("sender", ""))[1].rpartition("@")[2].lower()
        if given and domain and not f".{domain}".endswith(f".{given.lower()}"):
            raise wrong("dkim_domain", f"{given} is neither the sender's domain, {domain}, nor one above it")
        if given and info.data.get("dkim_selector", "") is None:
            raise wrong("dkim_domain", "signs nothing without a dkim_selector, which names the key")
        return given

    @cached_property
    def domain(self) -> str:
        """The sender's domain."""
        return mailbox(self.sender)[1].rpartition("@")[2]

    @cached_property
    def list_name(self) -> str:
        """The name of the list that all mails carry."""
        return self.list_id or self.domain


@lru_cache(maxsize=64)
def mailbox(given: str) -> tuple[str, str]:
    """Split `Name <address>` or a bare address into name and address. The address is empty where neither fits."""
    match = _MAILBOX.fullmatch(given.strip())
    return (match["name"] or "", match["address"] or match["bare"]) if match else ("", "")


def printable(words: str) -> str:
    """Return a server's words as they may be shown: one line, nothing hidden, at most 500 characters."""
    return "".join(c if c.isprintable() else " " for c in words)[:500].strip()


def as_letter(item: Letter | Posting) -> Letter:
    """Return the item if it is a letter. Raises TypeError: only a mistake in our own code brings a post here."""
    if isinstance(item, Letter):
        return item
    raise TypeError("mail channels take letters, not posts")


def unsubscribe_token(key: bytes, list_id: str, email: str) -> str:
    """Return what stands for one reader of one list in an address: nobody without the key can make or read it."""
    if not key:
        raise ValueError("a token made with an empty key could be guessed")
    made = _token_of(key, list_id).copy()
    made.update(email.lower().encode(errors="surrogatepass"))
    return base64.urlsafe_b64encode(made.digest()).decode().rstrip("=")


@lru_cache(maxsize=64)
def _token_of(key: bytes, list_id: str) -> hmac.HMAC:
    """Return the token's making as far as all readers of a list share it."""
    return hmac.new(key, f"{list_id}\0".encode(errors="surrogatepass"), "sha256")


def mail_id(incident: str, update: str, number: int, email: str, list_name: str) -> str:
    """Return the Message-ID of the mail about one update to one reader, in its angle brackets.

    `number` is 0, then counts corrections and resends. Raises Rejected for ids that cannot stand in it.
    """
    person = hashlib.sha256(email.lower().encode(errors="surrogatepass")).hexdigest()[:12]
    return f"<{_id_start(incident, update)}.{number}.{person}@{list_name}>"


@lru_cache(maxsize=64)
def _id_start(incident: str, update: str) -> str:
    for what, part in (("incident", incident), ("update", update)):
        if not ID_PART.fullmatch(part):
            raise Rejected(f"the {what}'s id cannot stand in a mail: use letters, digits and hyphens")
    return f"{incident}.{update}"


def message_id(settings: MailSettings, letter: Letter) -> str:
    """Return the Message-ID of a letter, in its angle brackets. Raises Rejected for ids that cannot stand in one."""
    notice = letter.notice
    return mail_id(notice.incident, notice.update, letter.number, letter.email, settings.list_name)


def line_flaw(payload: bytes) -> str:
    """Return what is wrong with the lines of a mail's bytes, or an empty string."""
    ends = payload.count(b"\r\n")
    if payload.count(b"\r") != ends or payload.count(b"\n") != ends:
        return "holds a line end that mail servers do not read alike"
    # A line end in each stretch of half a line's length leaves no room for one that is too long: most mails end here.
    half = MOST_BYTES_A_LINE // 2
    if all(payload.find(b"\n", at, at + half) >= 0 for at in range(0, len(payload) - half, half)):
        return ""
    if max(map(len, payload.split(b"\r\n"))) > MOST_BYTES_A_LINE:
        return f"holds a line of more than {MOST_BYTES_A_LINE} bytes"
    return ""
