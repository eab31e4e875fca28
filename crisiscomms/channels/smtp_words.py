"""What a mail server's answers, and its silence, mean for a mail."""

from __future__ import annotations

import os
import re
import ssl
from functools import lru_cache
from socket import gaierror

from aiosmtplib.errors import SMTPResponseException, SMTPServerDisconnected

from crisiscomms.channels.base import NotSent, OutcomeUnknown, Receipt, Rejected
from crisiscomms.channels.mail import printable

Evidence = dict[str, str]
HUNG_UP = "the server hung up"
SILENT = "no answer in time"
GOODBYE = 421
#: 5xx replies that ask for a login: they are about the channel, and say nothing about this mail.
_ABOUT_LOGIN = frozenset({530, 534, 535, 538})
_WAIT = re.compile(r"\b(\d{1,5}) ?(s|sec|second|min|minute)s?\b", re.IGNORECASE)
#: What servers say that put off every reader whom they do not know yet.
_GREYLISTED = re.compile(r"gr[ae]y[- ]?list|\b4\.7\.1 .*\b(later|come back)\b", re.IGNORECASE)
#: For how many seconds a server's wish for patience is heeded at most: readers wait, and a mistyped number may be months.
_LONGEST_WISH = 6 * 3600.0
_ERRNO = re.compile(r"\[Errno (\d+)\]")


@lru_cache(maxsize=64)
def parted(line: bytes) -> tuple[int, bytes, bool]:
    """Return the code of a reply's line, its words, and whether the reply goes on after it. Servers say the same all day."""
    try:
        code = int(line[:3])
    except ValueError:
        code = -1
    return code, line[4:].strip(), line[3:4] == b"-"


def keeps_line(code: int) -> bool:
    """Say whether a refusal is about the mail, so that the connection can serve the next one."""
    return 400 <= code < 600 and code != GOODBYE and code not in _ABOUT_LOGIN


def accepted(evidence: Evidence, code: int, said: str) -> Receipt:
    """Return the receipt of a mail that the server took."""
    return Receipt(said or evidence["message_id"], evidence={**evidence, "reply": f"{code} {said}".strip()})


def refused(evidence: Evidence, step: str, code: int, said: str) -> NotSent | Rejected:
    """Return what a reply means that is not a yes. `step` is such as "at RCPT"."""
    evidence = {**evidence, "reply": f"{code} {said}".strip()}
    reason = f"{evidence['host']} refused the mail {step}: {evidence['reply']}"
    if 500 <= code < 600 and code not in _ABOUT_LOGIN:
        return Rejected(reason, evidence=evidence)
    # Anything but a goodbye or a wish for a login is about this mail or its reader: greylisting, a full mailbox.
    only_this = step in {"at RCPT", "at its end"} and 400 <= code < 500 and code != GOODBYE
    greylisted = only_this and _GREYLISTED.search(evidence["reply"]) is not None
    wait = _retry_after(evidence)
    return NotSent(reason, retry_after=wait, evidence=evidence, only_this=only_this, in_passing=greylisted)


def unreached(evidence: Evidence, reason: str, reply: str) -> NotSent:
    """Return what it means that no connection could be made. `reply` holds the server's words, if it may be shown."""
    evidence = {**evidence, "reply": reply} if reply else evidence
    return NotSent(reason, retry_after=_retry_after(evidence), evidence=evidence)


def broken(evidence: Evidence, step: str, what: str) -> NotSent:
    """Return what a connection means that broke before the dot."""
    reason = f"the connection to {evidence['host']} failed {step}: {what}"
    return NotSent(reason, evidence=evidence)


def silent(evidence: Evidence, what: str) -> OutcomeUnknown:
    """Return what a connection means that broke after the dot."""
    return OutcomeUnknown(f"{evidence['host']} did not say whether it took the mail: {what}", evidence=evidence)


def unclear(evidence: Evidence, code: int, said: str) -> OutcomeUnknown:
    """Return what an answer to the dot means that is none."""
    evidence = {**evidence, "reply": f"{code} {said}".strip()}
    return OutcomeUnknown(f"{evidence['host']} answered the mail with neither yes nor no", evidence=evidence)


def words(said: bytes | str) -> str:
    """Return a server's words as they may be shown."""
    text = said if isinstance(said, str) else said.decode(errors="replace")
    return text.strip() if text.isprintable() and len(text) <= 500 else printable(text)


def what(error: BaseException) -> str:
    """Return in words what broke a connection."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, TimeoutError):
            return SILENT
        if isinstance(behind, SMTPResponseException):
            return f"{behind.code} {words(behind.message)}"
        if isinstance(behind, ssl.SSLCertVerificationError):
            return f"its certificate is not to be trusted: {behind.verify_message}"
        if isinstance(behind, SMTPServerDisconnected | ConnectionResetError | BrokenPipeError):
            return HUNG_UP
        error, behind = behind, behind.__cause__
    if not isinstance(error, OSError) or isinstance(error, ssl.SSLError | gaierror):
        return getattr(error, "strerror", "") or str(error)
    # The event loop wraps the system's words in its own, with an address for each attempt.
    found = _ERRNO.search(str(error))
    return os.strerror(int(found[1])) if found else str(error)


def _retry_after(evidence: Evidence) -> float | None:
    match = _WAIT.search(evidence.get("reply", ""))
    if match is None:
        return None
    return min(float(match[1]) * (60 if match[2].lower().startswith("m") else 1), _LONGEST_WISH)
