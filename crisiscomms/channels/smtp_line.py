"""The dialogue on one connection: which mail is how far, and what each reply means for it.

Where the server takes commands in groups, the dot of one mail and MAIL, RCPT, DATA of the next leave in one write, so that a
mail costs one round trip. Replies come in the order of the commands; `_expected` holds who waits for which.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Protocol

from crisiscomms.channels import smtp_words as meaning
from crisiscomms.channels.base import Outcome
from crisiscomms.channels.smtp_reach import Reached
from crisiscomms.channels.smtp_words import GOODBYE, HUNG_UP, Evidence, keeps_line, parted, what, words

_MOST_SAID = 65_536
_SPACE = 8192
_MIDDLE = "in the middle of the mail"
#: How far a mail is, in order (an Enum would cost a tenth of the time that a mail may take). OVER: it ended. STOPPED: the
#: caller broke it off while its commands were on their way.
QUEUED, OPENED, BODY, EDGE, DOT, OVER, STOPPED = range(7)


class Mail:
    """One mail on its way. `commands` are its MAIL, RCPT and DATA, `body` is everything else but the dot, in pieces."""

    __slots__ = ("again", "body", "commands", "evidence", "line", "stage", "tag")

    def __init__(self, tag: int, commands: bytes, body: Sequence[bytes], evidence: Evidence) -> None:
        self.tag, self.commands, self.body, self.evidence = tag, commands, body, evidence
        self.stage = QUEUED
        self.line: Line | None = None
        self.again = True  # whether it may go back to the queue where the server hung up on it as on any other


class Hub(Protocol):
    """Where lines get their mails, and report to."""

    def following(self) -> Mail | None:
        """Return the next mail of the queue."""
        ...

    def back(self, mail: Mail) -> None:
        """Take back a mail of which the server has seen no more than its envelope."""
        ...

    def at_edge(self, mail: Mail) -> None:
        """Note a mail that is with the server whole, but for the dot."""
        ...

    def ended(self, mail: Mail, outcome: Outcome) -> None:
        """Note how a mail ended."""
        ...

    def idle(self, line: Line) -> None:
        """Note a line that waits for a mail."""
        ...

    def gone(self, line: Line) -> None:
        """Note a line that is closed."""
        ...


class Line(asyncio.BufferedProtocol):
    """One connection to a mail server, for at most `most` mails. `timeout` and `dot_timeout` are in seconds."""

    def __init__(self, hub: Hub, reached: Reached, *, timeout: float, dot_timeout: float, most: int) -> None:
        self._hub, self._transport, self._pipelining = hub, reached.transport, reached.pipelining
        self._timeout, self._dot_timeout, self._left, self._most = timeout, dot_timeout, most, most
        self._expected: deque[tuple[str, Mail | None]] = deque()
        self._mail: Mail | None = None  # the one whose body is out, and whose dot is not
        self._rest, self._said = b"", b""
        self._space = memoryview(bytearray(_SPACE))
        self._paused = self._closed = False
        self.deadline = math.inf
        self.descriptor: int = reached.transport.get_extra_info("socket").fileno()
        # The edge lies where the whole body is with the system, so we hear of every byte that is not.
        reached.transport.set_write_buffer_limits(high=1, low=0)
        reached.transport.set_protocol(self)
        self._hear(reached.heard)

    # -- what the fan asks for ---------------------------------------------------------------------------------

    @property
    def resting(self) -> bool:
        """Whether no mail is on it, so that the next may soon be."""
        return self._left > 0 and not (self._mail or self._closed or any(mail for _, mail in self._expected))

    def serve(self) -> None:
        """Start the next mail of the queue, or say goodbye after the last one for this line."""
        if self._expected or self._mail or self._closed:
            return
        if not self._left:
            self._expected.append(("QUIT", None))
            self._write(b"QUIT\r\n")
        elif opening := self._open_next():
            self._write(opening)
        else:
            self._hub.idle(self)

    def put_dot(self, mail: Mail) -> None:
        """End a mail that is at its edge, and begin the next in the same write."""
        self._mail, mail.stage = None, DOT
        self._expected.append(("DOT", mail))
        self._transport.write(b".\r\n" + (self._open_next() if self._pipelining else b""))
        self.deadline = monotonic() + self._dot_timeout

    def stop(self, mail: Mail) -> None:
        """Break a mail off: without its dot the server forgets it."""
        mail.stage = STOPPED
        if not any(step == "DOT" for step, _ in self._expected):
            self.drop()

    def quit(self) -> None:
        """Say goodbye. A mail that is under way is dropped with the line."""
        self._left = 0
        if self._mail or any(mail for _, mail in self._expected):
            self.drop()
        else:
            self.serve()

    # -- what the server does ----------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where replies go. The usual protocol makes a quarter of a megabyte for each."""
        del sizehint
        return self._space

    def buffer_updated(self, nbytes: int) -> None:
        """Read what came."""
        self._hear(bytes(self._space[:nbytes]))

    def _hear(self, data: bytes) -> None:
        """Read replies, however they were cut into packets."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self._closed:
                break
            self._read(line)
        if self._closed:
            return
        if len(self._rest) + len(self._said) > _MOST_SAID:
            self.drop("the server talks without end")
        elif lines and not (self._expected and self._expected[0][0] == "DOT"):
            self.deadline = monotonic() + self._timeout if self._expected or self._paused else math.inf

    def pause_writing(self) -> None:
        """Note that the system takes no more for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on where the body had to wait."""
        self._paused = False
        if self._mail and self._mail.stage == BODY:
            self._reach_edge(self._mail)

    def connection_lost(self, exc: Exception | None) -> None:
        """Settle what was under way."""
        self.drop(HUNG_UP if exc is None else what(exc))
        self._hub.gone(self)

    # -- the dialogue ------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        self.deadline = monotonic() + self._timeout
        self._transport.write(data)

    def _open_next(self) -> bytes:
        """Take the next mail from the queue, and return what to say about it first."""
        mail = self._hub.following() if self._left else None
        if mail is None:
            return b""
        # The first mail of a connection never goes back to the queue: it is what the server may have hung up on.
        mail.again = mail.again and self._left < self._most
        mail.stage, mail.line = OPENED, self
        self._left -= 1
        if self._pipelining:
            self._expected.extend((("MAIL", mail), ("RCPT", mail), ("DATA", mail)))
            return mail.commands
        self._expected.append(("MAIL", mail))
        return mail.commands[: mail.commands.index(b"\n") + 1]

    def _read(self, line: bytes) -> None:
        """Read one line of a reply."""
        code, said, goes_on = parted(line)
        if goes_on:
            self._said += said + b"\n"
            return
        if self._said:
            said, self._said = self._said + said, b""
        if not self._expected:
            self._hear_unasked(code, said)
            return
        step, mail = self._expected.popleft()
        stage = mail.stage if mail else OVER
        if stage == OPENED and step != "DATA" and self._pipelining and 200 <= code < 300:
            return  # half of all replies: nothing is to be done until that to DATA
        if mail is None or stage == OVER:
            self._settle(step, code)
        elif stage == STOPPED:
            self.drop()
        elif step == "DOT":
            self._end(mail, code, said)
        elif code == 354 if step == "DATA" else 200 <= code < 300:
            self._advance(step, mail)
        else:
            self._refuse(step, mail, code, said)

    def _advance(self, step: str, mail: Mail) -> None:
        if step == "DATA":
            self._mail, mail.stage = mail, BODY
            self._write(b"".join(mail.body))
            if not self._paused:
                self._reach_edge(mail)
        else:
            commands = mail.commands.splitlines(keepends=True)
            self._expected.append(("RCPT", mail) if step == "MAIL" else ("DATA", mail))
            self._write(commands[1 if step == "MAIL" else 2])

    def _reach_edge(self, mail: Mail) -> None:
        mail.stage, self.deadline = EDGE, math.inf
        self._hub.at_edge(mail)

    def _refuse(self, step: str, mail: Mail, code: int, said: bytes) -> None:
        if code == GOODBYE and mail.again:
            self._expected.appendleft((step, mail))
            self.drop()
            return
        self._over(mail, meaning.refused(mail.evidence, f"at {step}", code, words(said)))
        if not keeps_line(code):
            self.drop()
        elif step == "DATA" or not self._pipelining:
            self._reset()

    def _settle(self, step: str, code: int) -> None:
        """Read a reply that no mail waits for any more."""
        went_well = 200 <= code < 300
        if code == GOODBYE or step == "QUIT" or (step == "RSET" and not went_well) or (step == "RCPT" and went_well):
            self.drop()  # the last: it refused MAIL and takes the recipient, who must not get an empty mail
        elif step == "DATA" and code == 354:
            # Nobody is left to get this mail, but the server waits for its end (RFC 2920, section 3.1).
            self._expected.append(("END", None))
            self._write(b".\r\n")
        elif step == "DATA":
            self._reset()
        else:
            self.serve()

    def _reset(self) -> None:
        """Make the server forget what it was told of a mail, or it would belong to the next one."""
        self._expected.append(("RSET", None))
        self._write(b"RSET\r\n" + (self._open_next() if self._pipelining else b""))

    def _end(self, mail: Mail, code: int, said: bytes) -> None:
        if 200 <= code < 300:
            self._over(mail, meaning.accepted(mail.evidence, code, words(said)))
            self.serve()
        elif 400 <= code < 600:
            self._over(mail, meaning.refused(mail.evidence, "at its end", code, words(said)))
            if code == GOODBYE:
                self.drop()
            else:
                self.serve()
        else:
            self._over(mail, meaning.unclear(mail.evidence, code, words(said)))
            self.drop()

    def _hear_unasked(self, code: int, said: bytes) -> None:
        if self._mail:
            self._over(self._mail, meaning.refused(self._mail.evidence, _MIDDLE, code, words(said)))
        self.drop()

    def _over(self, mail: Mail, outcome: Outcome) -> None:
        mail.stage = OVER
        self._hub.ended(mail, outcome)

    def drop(self, reason: str = HUNG_UP) -> None:
        """Cut the connection, and settle every mail on it, in the order in which the server heard of them."""
        if self._closed:
            return
        self._closed, self.deadline = True, math.inf
        self._transport.abort()
        doubt = False
        for step, mail in [("", self._mail), *self._expected]:
            if mail is None or mail.stage in {OVER, STOPPED, QUEUED}:
                continue
            if mail.stage == OPENED and mail.again and (doubt or reason == HUNG_UP):
                mail.again, mail.stage, mail.line = False, QUEUED, None
                self._hub.back(mail)
            elif mail.stage == DOT:
                doubt = True
                self._over(mail, meaning.silent(mail.evidence, reason))
            else:
                self._over(mail, meaning.broken(mail.evidence, f"at {step}" if step else _MIDDLE, reason))
