"""Mails: the subject, and the words of the body. The plain part where there is one, else the HTML."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage, Message

from crisiscomms.review.texts.page import marks_of, text_of
from crisiscomms.review.texts.problems import unreadable
from crisiscomms.review.texts.written import Mark, Written, aligned

_MOST_HEAD = 60_000
_MOST_LINES = 2_000
#: A head of a part, or a subject, that no mail program writes. Reading one takes longer the longer it is.
_LONG_HEADER = re.compile(
    rb"^(?:content-[a-z-]{1,40}|subject|mime-version):(?:[^\n]|\n[ \t]){4000}", re.IGNORECASE | re.MULTILINE
)
_MOST_PARTS = 200
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_HEADER = re.compile(rb"[!-9;-~]{1,80}:")
_PROBE = 60
_AGAIN = "Save the mail again from your mail program, or paste its text into a .txt file."


def read_eml(name: str, raw: bytes) -> Written:
    """Read a mail. Raises InvalidInput."""
    head = _HEAD_END.split(raw[: _MOST_HEAD + 1], maxsplit=1)[0]
    if len(head) > _MOST_HEAD or _LONG_HEADER.search(raw):
        raise unreadable(name, "has a head that is longer than any mail's", _AGAIN)
    if raw.count(b"\n--") > _MOST_LINES:
        raise unreadable(name, "has far more parts than a letter", _AGAIN)
    if not _HEADER.match(raw.lstrip().removeprefix(b"From ")) or b"\0" in raw:
        raise unreadable(name, "is not a mail: it does not begin with From, Subject and the like", _AGAIN)
    try:
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        subject = " ".join(str(mail.get("Subject", "")).split())
        part, words = _body(name, mail)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise unreadable(name, "is broken, and cannot be read as a mail", _AGAIN) from error
    return _written(name, raw, subject, part, words)


def _body(name: str, mail: EmailMessage) -> tuple[Message, str]:
    """Return the part of a mail that holds its words, and the words as they were written."""
    if sum(1 for _ in mail.walk()) > _MOST_PARTS:
        raise unreadable(name, "has far more parts than a letter", _AGAIN)
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        locked = mail.get_content_type() in {"multipart/encrypted", "application/pkcs7-mime"}
        message = "is encrypted" if locked else "holds no text"
        raise unreadable(name, message, "Save the text itself, as .txt or .md." if locked else _AGAIN)
    return part, str(part.get_content()).replace("\r\n", "\n")


def _written(name: str, raw: bytes, subject: str, part: Message, words: str) -> Written:
    """Return the mail as a text with its subject as the title. A place is known where the file holds the words as such."""
    whole = raw.decode("ascii", "surrogateescape")
    is_html = part.get_content_type() == "text/html"
    body = text_of(name, words) if is_html else words
    text = f"{subject}\n\n{body}" if subject else body
    begins = len(text) - len(body)
    marks = [Mark(0, whole.count("\n", 0, _subject_at(whole)) + 1)] if subject else []
    payload = part.get_payload()
    start = whole.find(payload[:_PROBE]) if isinstance(payload, str) and payload else -1
    if start >= 0:
        source = whole[start : start + len(payload)].encode("ascii", "surrogateescape").decode("utf-8", "replace")
        first = whole.count("\n", 0, start) + 1
        found = marks_of(body, source, first) if is_html else aligned(body, source, first)
        marks += [mark._replace(at=mark.at + begins) for mark in found]
    return Written(name, text, tuple(marks))


def _subject_at(whole: str) -> int:
    found = re.search(r"(?im)^subject:", whole)
    return found.start() if found else 0
