"""From a prepared mail to what is written for it: checked addresses, checked lines, dots doubled (RFC 5321, 4.5.2)."""

from __future__ import annotations

from crisiscomms.channels.base import Prepared, Rejected
from crisiscomms.channels.mail import line_flaw
from crisiscomms.fields import is_email

_END_OF_HEAD = b"\r\n\r\n"


class Writer:
    """Remembers the last body: most mails of a notice have the same, and checking it costs more than sending it."""

    def __init__(self) -> None:
        self._sender = ""
        self._plain, self._doubled = b"", b""

    def commands(self, prepared: Prepared) -> bytes:
        """Return MAIL, RCPT and DATA. Raises Rejected."""
        sender, to = prepared.envelope.get("from", ""), prepared.envelope.get("to", "")
        if not is_email(to) or (sender != self._sender and not is_email(sender)):
            raise Rejected("the mail's envelope holds an address that is not a plain e-mail address")
        self._sender = sender
        return f"MAIL FROM:<{sender}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode("ascii")

    def body(self, payload: bytes) -> bytes:
        """Return everything but the dot. Raises Rejected where another mail could hide in it."""
        cut = payload.find(_END_OF_HEAD) + 2
        plain = payload[cut:]
        if plain != self._plain:
            self._doubled, self._plain = _doubled(plain), plain
        return _doubled(payload[:cut]) + self._doubled


def _doubled(lines: bytes) -> bytes:
    if flaw := line_flaw(lines):
        raise Rejected(f"the mail {flaw}")
    ended = lines if lines.endswith(b"\r\n") or not lines else lines + b"\r\n"
    doubled = ended.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled
