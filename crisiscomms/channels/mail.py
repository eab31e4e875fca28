"""From one letter to the exact bytes of one e-mail. Pure: no clock, no network, the same input gives the same bytes.

Headers are made of parts that are checked and encoded one by one, and the finished head is read back by another
parser before anyone may send it: a header that we did not mean to write is a mail that we do not send.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

from crisiscomms.channels.base import Letter, Posting, Prepared, Rejected
from crisiscomms.fields import Model, is_email, wrong
from crisiscomms.messages.prose import fill
from crisiscomms.record.tree import invisible

MOST_BYTES_A_LINE = 998
_CRLF = "\r\n"
_FOLD_AT = 76
_NOT_IN_HEADER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ue000-\ue005]")
_NOT_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ue000-\ue005]")
_ENCODED_WORD = re.compile(r"=\?.*\?=")
_MAILBOX = re.compile(r'"?(?P<name>[^"<>]*?)"? *<(?P<address>[^<>\s]+)>|(?P<bare>[^"<>\s]+)')
_ID_PART = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_LINE_END = re.compile(r"\r\n|\r|\n")


def _flaw(text: str) -> str:
    """Return why a text may not stand in a header, or an empty string. The text itself is not repeated."""
    if found := _NOT_IN_HEADER.search(text) or next(iter(invisible(text)), None):
        return f"holds the hidden character U+{ord(found[0]):04X}"
    return "holds an encoded word (=?...?=)" if _ENCODED_WORD.search(text) else ""


def _read_mailbox(given: str) -> str:
    name, address = mailbox(given)
    if flaw := _flaw(given):
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

    @property
    def list_name(self) -> str:
        """The name of the list that all mails carry."""
        return self.list_id or mailbox(self.sender)[1].rpartition("@")[2]


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
    made = hmac.digest(key, f"{list_id}\0{email.lower()}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def message_id(settings: MailSettings, letter: Letter) -> str:
    """Return the Message-ID of a letter, in its angle brackets. Raises Rejected for ids that cannot stand in one."""
    notice = letter.notice
    for name, part in (("incident", notice.incident), ("update", notice.update)):
        if not _ID_PART.fullmatch(part):
            raise Rejected(f"the {name}'s id cannot stand in a mail: use letters, digits and hyphens")
    person = hashlib.sha256(letter.email.lower().encode(errors="surrogatepass")).hexdigest()[:12]
    return f"<{notice.incident}.{notice.update}.{letter.number}.{person}@{settings.list_name}>"


def build_mail(settings: MailSettings, letter: Letter, *, key: bytes) -> Prepared:
    """Return the bytes of a letter, and its envelope: `from`, `to` and `message_id`.

    `key` signs the reader's unsubscribe token. Raises Rejected where the letter cannot be a safe mail, with a
    reason that repeats neither the letter's text nor the address.
    """
    subject, text, html = _filled(letter)
    if not is_email(letter.email) or _flaw(letter.email):
        raise Rejected("the recipient's address is not a plain e-mail address")
    for what, given in (("subject", subject), ("recipient's name", letter.name)):
        if flaw := _flaw(given):
            raise Rejected(f"the {what} {flaw}")
    boundary, body = _body(text, html)
    headers = [*_addressing(settings, letter, subject), *_list_headers(settings, letter, key)]
    headers += [("MIME-Version", "1.0"), ("Content-Type", f'multipart/alternative;{_CRLF} boundary="{boundary}"')]
    head = "".join(f"{name}: {value}{_CRLF}" for name, value in headers).encode("ascii")
    _check_head(head, [name for name, _ in headers], letter.email)
    own_id = message_id(settings, letter)
    envelope = {"from": mailbox(settings.sender)[1], "to": letter.email, "message_id": own_id}
    return Prepared(head + b"\r\n" + body, envelope)


def line_flaw(payload: bytes) -> str:
    """Return what is wrong with the lines of a mail's bytes, or an empty string."""
    lines = payload.split(b"\r\n")
    if payload.count(b"\r") >= len(lines) or payload.count(b"\n") >= len(lines):
        return "holds a line end that mail servers do not read alike"
    if max(map(len, lines)) > MOST_BYTES_A_LINE:
        return f"holds a line of more than {MOST_BYTES_A_LINE} bytes"
    return ""


def _filled(letter: Letter) -> tuple[str, str, str]:
    notice, values = letter.notice, letter.values
    try:
        return (
            re.sub(" +", " ", fill(notice.subject, values)).strip(),
            fill(notice.text, values),
            fill(notice.html, values, in_html=True),
        )
    except KeyError as error:
        raise Rejected(f"the notice cites the column {error}, and this recipient has none") from error


def _addressing(settings: MailSettings, letter: Letter, subject: str) -> list[tuple[str, str]]:
    headers = [
        ("From", _address("From", *mailbox(settings.sender))),
        ("To", _address("To", re.sub(" +", " ", letter.name).strip(), letter.email)),
    ]
    if settings.reply_to:
        headers.append(("Reply-To", _address("Reply-To", *mailbox(settings.reply_to))))
    headers += [
        ("Subject", _encoded("Subject", subject)),
        ("Date", format_datetime(letter.at)),
        ("Message-ID", message_id(settings, letter)),
    ]
    if letter.thread:
        if not _MESSAGE_ID.fullmatch(letter.thread):
            raise Rejected("the mail that this one answers has no readable Message-ID")
        headers += [("In-Reply-To", letter.thread), ("References", letter.thread)]
    return headers


def _list_headers(settings: MailSettings, letter: Letter, key: bytes) -> list[tuple[str, str]]:
    notice, name = letter.notice, settings.list_name
    headers = [("List-Id", f"<{name}>")]
    if settings.unsubscribe and not notice.required:
        address = settings.unsubscribe.replace("{token}", unsubscribe_token(key, name, letter.email))
        headers += [("List-Unsubscribe", f"<{address}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    if not _ID_PART.fullmatch(notice.audience):
        raise Rejected("the audience's id cannot stand in a mail: use letters, digits and hyphens")
    # The big receivers want the last part to name the sender, alike in all its mails, in 5 to 15 characters.
    sender = re.sub(r"[^A-Za-z0-9]+", "-", mailbox(settings.sender)[1])[:15]
    headers += [
        ("Auto-Submitted", "auto-generated"),
        ("Feedback-ID", f"{notice.incident}:{notice.update}:{notice.audience}:{sender}"),
    ]
    return headers


@lru_cache(maxsize=512)
def _encoded(header: str, text: str) -> str:
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, header_name=header).encode(linesep=_CRLF)


def _address(header: str, name: str, email: str) -> str:
    if not name:
        return email
    phrase = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"' if name.isascii() else _encoded(header, name)
    room = _FOLD_AT - len(phrase.rpartition(_CRLF)[2]) - len(header)
    return f"{phrase}{' ' if len(email) + 5 <= room else _CRLF + ' '}<{email}>"


# Notices without slots have the same body for everyone; those with slots rarely repeat, and are long.
@lru_cache(maxsize=16)
def _body(text: str, html: str) -> tuple[str, bytes]:
    """Return the boundary and the encoded body of both forms, read back to be sure."""
    forms = {"plain": _plain_bytes("text", text), "html": _plain_bytes("HTML", html)}
    # Neither encoding can produce "=_", so no body can hold its own boundary.
    boundary = "=_" + hashlib.sha256(b"\0".join(forms.values())).hexdigest()[:32]
    parts = [f"--{boundary}\r\n".encode() + _part(subtype, data) for subtype, data in forms.items()]
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    if line_flaw(body) or body.count(boundary.encode()) != len(parts) + 1:
        raise Rejected("the mail's body does not read back as it was written")
    return boundary, body


def _plain_bytes(what: str, text: str) -> bytes:
    if found := _NOT_IN_BODY.search(text):
        raise Rejected(f"the mail's {what} holds the hidden character U+{ord(found[0]):04X}")
    return _LINE_END.sub(_CRLF, text).rstrip("\r\n").encode()


def _part(subtype: str, data: bytes) -> bytes:
    # The line end is encoded along, as the encoder takes its own line ends from the first one it meets.
    quoted = binascii.b2a_qp(data + b"\r\n", istext=True)
    packed = base64.encodebytes(data).replace(b"\n", b"\r\n")
    name, body = ("quoted-printable", quoted) if len(quoted) <= len(packed) else ("base64", packed)
    read = binascii.a2b_qp(body)[:-2] if body is quoted else base64.b64decode(body)
    if read != data:
        raise Rejected("the mail's body does not read back as it was written")
    return f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {name}\r\n\r\n'.encode() + body


def _check_head(head: bytes, names: list[str], email: str) -> None:
    """Read a head as a receiver would. Raises Rejected where it says anything that we did not mean."""
    parser: Any = BytesHeaderParser(policy=policy.default)
    parsed: EmailMessage = parser.parsebytes(head)
    to: Any = parsed["To"]
    if line_flaw(head) or parsed.keys() != names or parsed.defects:
        raise Rejected("the mail's head does not read back as it was written")
    if [address.addr_spec for address in to.addresses] != [email]:
        raise Rejected("the mail's head does not read back with exactly this recipient")
