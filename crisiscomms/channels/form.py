"""From a notice to the exact bytes of its mails. Pure: no clock, no network, the same input gives the same bytes.

What is the same for everyone is encoded once, and a sample of the finished mail is read back by another parser before
anyone is written to: a header that we did not mean to write is a mail that we do not send. Per reader only what is
theirs is encoded, and read back again wherever it is more than plain letters.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email.errors import MultipartInvariantViolationDefect
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from crisiscomms.channels import encoding
from crisiscomms.channels.base import Letter, Posting, Prepared, Rejected
from crisiscomms.channels.mail import (
    ID_PART,
    MailSettings,
    as_letter,
    line_flaw,
    mail_id,
    mailbox,
    message_id,
    unsubscribe_token,
)
from crisiscomms.messages.model import Notice
from crisiscomms.messages.prose import fill, slots

if TYPE_CHECKING:
    from email.message import EmailMessage

#: How many notices a channel keeps ready: those of one update, in all its audiences and languages.
MOST_FORMS = 64
_MESSAGE_ID = re.compile(r"(?!.*=\?)<[!-;=?A-~]{1,400}@[!-;=?A-~]{1,400}>")
_ADDRESSING = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References")
_LIST = ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Feedback-ID")
_HEADERS = (*_ADDRESSING, *_LIST, "MIME-Version", "Content-Type")
_TRYING = "Ana & Éva <b> = 1 ."


class MailForm:
    """One notice, made ready to be addressed. `at` dates its mails, `key` signs the readers' unsubscribe tokens.

    Raises Rejected where the notice cannot be a safe mail, with a reason that does not repeat its text.
    """

    def __init__(self, settings: MailSettings, notice: Notice, at: datetime, *, key: bytes) -> None:
        self.notice, self.at = notice, at
        self._settings, self._key = settings, key
        self._sender = mailbox(settings.sender)[1]
        subjects = {words for words in (notice.subject, notice.again) if words and not slots(words)}
        self._subjects = {words: encoding.subject(words)[0] for words in subjects}
        self._to = f"From: {encoding.address('From', *mailbox(settings.sender))}\r\nTo: "
        reply_to = settings.reply_to and encoding.address("Reply-To", *mailbox(settings.reply_to))
        self._about = f"\r\nReply-To: {reply_to}\r\nSubject: " if reply_to else "\r\nSubject: "
        self._dated = f"\r\nDate: {format_datetime(at)}\r\nMessage-ID: "
        self._list, self._unsubscribe = settings.list_name, settings.unsubscribe or ""
        self._list_id = f"List-Id: <{self._list}>\r\n"
        self._lets_go = bool(self._unsubscribe) and not notice.required
        words = f"{notice.subject}\0{notice.text}\0{notice.html}".encode(errors="surrogatepass")
        boundary = f"=_{hashlib.sha256(words).hexdigest()[:32]}"
        self._rest = (
            f"Auto-Submitted: auto-generated\r\nFeedback-ID: {self._feedback_id()}\r\nMIME-Version: 1.0\r\n"
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
        )
        self._body: list[Any] = [*encoding.body(boundary, notice.text, notice.html)]
        self._own = [(at, piece) for at, piece in enumerate(self._body) if not isinstance(piece, bytes)]
        self._try(boundary)

    def prepare(self, letter: Letter) -> Prepared:
        """Return the bytes of a letter, and its envelope: `from`, `to` and `message_id`.

        Raises Rejected where it cannot be a safe mail, with a reason that repeats neither its text nor the address.
        """
        to, plain = encoding.recipient(letter.name, letter.email)
        own_id = mail_id(letter.notice.incident, letter.notice.update, letter.number, letter.email, self._list)
        token = unsubscribe_token(self._key, self._list, letter.email) if self._lets_go else ""
        try:
            subject, plain_subject = self._subject_of(letter)
            body = self._body.copy()
            for at, slot in self._own:
                body[at] = slot.filled(letter.values)
        except KeyError as error:
            raise Rejected(f"the notice cites the column {error}, and this recipient has none") from error
        head = (
            f"{self._to}{to}{self._about}{subject}{self._dated}{own_id}\r\n"
            f"{_threading(letter)}{self._listing(token)}{self._rest}"
        ).encode("ascii")
        if not (plain and plain_subject):
            self._read_back(head, letter)
        envelope = {"from": self._sender, "to": letter.email, "message_id": own_id}
        return Prepared((head, *body), envelope, token, ready=True)

    def _subject_of(self, letter: Letter) -> tuple[str, bool]:
        """Return the subject and whether it is plain. One without slots is read back with the form."""
        words = self.notice.subject_for(in_thread=bool(letter.thread))
        ready = self._subjects.get(words)
        return (ready, True) if ready else encoding.subject(fill(words, letter.values))

    def _feedback_id(self) -> str:
        notice = self.notice
        if not ID_PART.fullmatch(notice.audience):
            raise Rejected("the audience's id cannot stand in a mail: use letters, digits and hyphens")
        # The big receivers want the last part to name the sender, alike in all its mails, in 5 to 15 characters.
        sender = re.sub(r"[^A-Za-z0-9]+", "-", self._sender)[:15]
        return f"{notice.incident}:{notice.update}:{notice.audience}:{sender}"

    def _listing(self, token: str) -> str:
        """Return the headers that name the list, and the way out of it."""
        if not token:
            return self._list_id
        address = self._unsubscribe.replace("{token}", token)
        return f"{self._list_id}List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"

    def _try(self, boundary: str) -> None:
        """Read a sample of the mail as a receiver would. Raises Rejected where it says anything that we did not mean."""
        notice = self.notice
        values = dict.fromkeys(slots(notice.subject + notice.again + notice.text + notice.html), _TRYING)
        sample = Letter(notice, "ana@example.org", "Ana", values, self.at, thread="<a@example.org>")
        payload = self.prepare(sample).payload
        self._read_back(payload[: payload.index(b"\r\n\r\n") + 4], sample)
        parts: list[Any] = list(_receivers().whole.parsebytes(payload).iter_parts())
        filled = fill(notice.text, values), fill(notice.html, values, in_html=True)
        meant = [encoding.plain_bytes(*form) for form in zip(("plain", "html"), filled, strict=True)]
        read = [part.get_payload(decode=True).rstrip(b"\r\n") for part in parts]
        if (
            line_flaw(payload)
            or payload.count(boundary.encode()) != 1 + len(meant) + 1
            or any(part.defects for part in parts)
            or read != [form.rstrip(b"\r\n") for form in meant]
        ):
            raise Rejected("the mail's body does not read back as it was written")

    def _read_back(self, head: bytes, letter: Letter) -> None:
        """Read a head as a receiver would. Raises Rejected where it says anything that we did not mean."""
        absent = set() if self._settings.reply_to else {"Reply-To"}
        absent |= set() if letter.thread else {"In-Reply-To", "References"}
        if not self._lets_go:
            absent |= {"List-Unsubscribe", "List-Unsubscribe-Post"}
        names = [name for name in _HEADERS if name not in absent]
        parsed: EmailMessage = _receivers().head.parsebytes(head)
        to: Any = parsed["To"]
        # Pythons before 3.11.4 miss the parts below a head that is read alone, and call that a flaw of the head.
        flaws = [flaw for flaw in parsed.defects if not isinstance(flaw, MultipartInvariantViolationDefect)]
        if line_flaw(head) or parsed.keys() != names or flaws:
            raise Rejected("the mail's head does not read back as it was written")
        if [address.addr_spec for address in to.addresses] != [letter.email]:
            raise Rejected("the mail's head does not read back with exactly this recipient")


class MailForms:
    """The pure half of a channel that mails: it keeps its notices ready to be addressed. Posts raise TypeError."""

    def __init__(self, settings: MailSettings, key: bytes) -> None:
        self._settings, self._key = settings, key
        self._ready: dict[int, MailForm] = {}

    def prepare(self, item: Letter | Posting) -> Prepared:
        """Return the bytes of a letter, and its envelope. See `MailForm.prepare`."""
        letter = as_letter(item)
        form = self._ready.get(id(letter.notice))
        # The form keeps its notice alive, so an id stands for that very notice as long as the form is here.
        if form is None or form.at != letter.at:
            form = MailForm(self._settings, letter.notice, letter.at, key=self._key)
            kept = self._ready if len(self._ready) < MOST_FORMS else {}
            self._ready = {**kept, id(letter.notice): form}
        return form.prepare(letter)

    def message_id(self, item: Letter | Posting) -> str:
        """Return the Message-ID that a letter will carry."""
        return message_id(self._settings, as_letter(item))


def build_mail(settings: MailSettings, letter: Letter, *, key: bytes) -> Prepared:
    """Return the bytes of a single letter, and its envelope. See `MailForm.prepare`."""
    return MailForm(settings, letter.notice, letter.at, key=key).prepare(letter)


class _Receivers(NamedTuple):
    """What reads a whole mail, and its head alone, as receivers would."""

    whole: Any
    head: Any


@cache
def _receivers() -> _Receivers:
    """Return them, once the first mail is made: who only reads a workspace waits for none of their parsers."""
    from email import policy  # noqa: PLC0415
    from email.parser import BytesHeaderParser, BytesParser  # noqa: PLC0415

    return _Receivers(BytesParser(policy=policy.default), BytesHeaderParser(policy=policy.default))


def _threading(letter: Letter) -> str:
    if not letter.thread:
        return ""
    if not _MESSAGE_ID.fullmatch(letter.thread):
        raise Rejected("the mail that this one answers has no readable Message-ID")
    return f"In-Reply-To: {letter.thread}\r\nReferences: {letter.thread}\r\n"
