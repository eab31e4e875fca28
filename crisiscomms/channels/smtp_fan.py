"""Many connections to one mail server, driven in turns: which mail goes over which, and how carefully they are opened."""

from __future__ import annotations

import asyncio
import select
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic

from crisiscomms.channels.base import Outcome, Prepared, Rejected, Turn
from crisiscomms.channels.smtp import SmtpSettings
from crisiscomms.channels.smtp_body import Writer
from crisiscomms.channels.smtp_line import DOT, EDGE, OVER, Line, Mail
from crisiscomms.channels.smtp_reach import NotReachedError, Reached, reach, trust
from crisiscomms.channels.smtp_words import HUNG_UP, SILENT, unreached

#: Rounds of the loop in which mails may still come to their edge, before a turn with less than half of the connections.
_GATHERING = 3
#: Seconds between attempts to connect after a failure: the first pause, and the longest.
_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
#: Rounds of the loop until all that the system holds has reached a line: a broken connection takes three, over TLS five.
_HEARING = 5
#: Seconds for goodbyes.
_GOODBYE = 5.0


class SmtpFan:
    """See `Fan`. Belongs to the event loop that it is made in. `sign` returns the header that signs a mail."""

    def __init__(self, settings: SmtpSettings, password: str, sign: Callable[[bytes], bytes] | None = None) -> None:
        self._settings, self._password, self._sign = settings, password, sign
        self._place = f"{settings.host}:{settings.port}"
        self._loop = asyncio.get_running_loop()
        self._writer = Writer()
        self._trust: ssl.SSLContext | None = None
        self._mails: dict[int, Mail] = {}
        self._queue: deque[Mail] = deque()
        self._lines: set[Line] = set()
        self._idle: list[Line] = []
        self._reaching: set[asyncio.Task[Reached]] = set()
        # How many connections the server is known to stand: none before the first. More are tried one by one.
        self._room = 0
        self._pause, self._not_before = _PAUSE, 0.0
        self._closed = False
        self._edge: list[Mail] = []
        self._ended: list[tuple[int, Outcome]] = []
        self._news = asyncio.Event()
        self._fault: BaseException | None = None
        self._beat = min(1.0, settings.timeout / 4, settings.dot_timeout / 4)
        self._timer = self._loop.call_later(self._beat, self._tick)

    # -- what the drain asks for -------------------------------------------------------------------------------

    def give(self, tag: int, prepared: Prepared) -> None:
        """See `Fan.give`. A mail that must not be sent ends as Rejected, and no server hears of it."""
        pieces = (self._sign(prepared.payload), *prepared.pieces) if self._sign else prepared.pieces
        try:
            mail = Mail(
                tag,
                self._writer.commands(prepared),
                pieces if prepared.ready else (self._writer.body(b"".join(pieces)),),
                {"host": self._place, "message_id": prepared.envelope.get("message_id", "")},
            )
        except Rejected as refusal:
            self._ended.append((tag, refusal))
            self._news.set()
            return
        self._mails[tag] = mail
        self._queue.append(mail)
        if self._idle or len(self._lines) < self._settings.connections:
            self._spread()

    async def turn(self) -> Turn:
        """See `Fan.turn`."""
        if not (self._ended or self._edge):
            self._news.clear()
            await self._news.wait()
        # However much there is to report, the connections get their share of time; and a turn of many costs little more
        # than one of few.
        for _ in range(_GATHERING):
            await asyncio.sleep(0)
            if 2 * len(self._edge) >= self._settings.connections:
                break
        if self._fault:
            raise self._fault
        edge, self._edge = self._edge, []
        ended, self._ended = self._ended, []
        return Turn([mail.tag for mail in edge if mail.stage == EDGE], ended)

    async def go(self, tags: Iterable[int]) -> None:
        """See `Fan.go`."""
        mails = [mail for tag in tags if (mail := self._mails.get(tag))]
        # A dot after a goodbye that came while the caller was busy would leave doubt for nothing.
        for _ in range(_HEARING if _spoken_to(mails) else 0):
            await asyncio.sleep(0)
        for mail in mails:
            if mail.stage == EDGE and mail.line:
                mail.line.put_dot(mail)

    def stop(self, tags: Iterable[int]) -> None:
        """See `Fan.stop`."""
        tags = frozenset(tags)
        # What ended while the caller was busy is no news any more: the caller has taken it back.
        self._ended = [(tag, outcome) for tag, outcome in self._ended if tag not in tags]
        for tag in tags:
            mail = self._mails.get(tag)
            if mail is None or mail.stage == DOT:
                continue
            del self._mails[tag]
            if mail.line is None:
                self._queue.remove(mail)
            else:
                mail.line.stop(mail)

    async def close(self) -> None:
        """See `Fan.close`."""
        self._closed = True
        self._timer.cancel()
        self._queue.clear()
        for task in self._reaching:
            task.cancel()
        await asyncio.gather(*self._reaching, return_exceptions=True)
        for line in list(self._lines):
            line.quit()
        await self._until_gone(min(_GOODBYE, self._settings.timeout))
        for line in list(self._lines):
            line.drop()
        await self._until_gone(_GOODBYE)

    # -- what lines report -------------------------------------------------------------------------------------

    def following(self) -> Mail | None:
        """See `Hub.following`."""
        return self._queue.popleft() if self._queue else None

    def back(self, mail: Mail) -> None:
        """See `Hub.back`."""
        self._queue.appendleft(mail)

    def at_edge(self, mail: Mail) -> None:
        """See `Hub.at_edge`."""
        self._edge.append(mail)
        self._news.set()

    def ended(self, mail: Mail, outcome: Outcome) -> None:
        """See `Hub.ended`."""
        del self._mails[mail.tag]
        self._ended.append((mail.tag, outcome))
        self._news.set()

    def idle(self, line: Line) -> None:
        """See `Hub.idle`."""
        self._idle.append(line)

    def gone(self, line: Line) -> None:
        """See `Hub.gone`."""
        self._lines.discard(line)
        if line in self._idle:
            self._idle.remove(line)
        self._news.set()
        self._spread()

    # -- connections -------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = monotonic()
        for line in list(self._lines):
            if now >= line.deadline:
                line.drop(SILENT)
        self._spread()
        self._news.set()
        self._timer = self._loop.call_later(self._beat, self._tick)

    def _spread(self) -> None:
        """Bring the queue to idle lines, and reach out for more where they are too few."""
        while self._queue and self._idle:
            self._idle.pop().serve()
        while self._may_reach() and len(self._queue) > len(self._reaching) + sum(line.resting for line in self._lines):
            task = self._loop.create_task(self._reach())
            self._reaching.add(task)
            task.add_done_callback(self._reached)

    def _may_reach(self) -> bool:
        count = len(self._lines) + len(self._reaching)
        if self._closed or count >= self._settings.connections:
            return False
        return count < self._room or (not self._reaching and monotonic() >= self._not_before)

    async def _reach(self) -> Reached:
        if self._trust is None and self._settings.security != "none":
            self._trust = trust(self._settings)
        return await reach(self._settings, self._password, self._trust)

    def _reached(self, task: asyncio.Task[Reached]) -> None:
        self._reaching.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None and task.result().transport.is_closing():
            # Nobody hears of its end any more: as a line it would take a place for ever.
            error = NotReachedError(f"the connection to {self._place} failed before any mail: {HUNG_UP}")
        if error is None:
            settings = self._settings
            line = Line(
                self,
                task.result(),
                timeout=settings.timeout,
                dot_timeout=settings.dot_timeout,
                most=settings.mails_per_connection,
            )
            self._lines.add(line)
            if len(self._lines) > self._room:
                self._room, self._pause = settings.connections, _PAUSE
            line.serve()
            self._spread()
        elif isinstance(error, NotReachedError):
            self._not_reached(error)
        else:
            self._fault = error
            self._news.set()

    def _not_reached(self, error: NotReachedError) -> None:
        """Let one mail stand for all that wait, and none where another connection can still carry them."""
        self._room = len(self._lines)
        if (now := monotonic()) >= self._not_before:
            self._not_before, self._pause = now + self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        if self._queue and not self._lines and not self._reaching:
            mail = self._queue.popleft()
            mail.stage = OVER
            self.ended(mail, unreached(mail.evidence, error.reason, error.reply))

    async def _until_gone(self, seconds: float) -> None:
        end = monotonic() + seconds
        while self._lines and (left := end - monotonic()) > 0:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)


def _spoken_to(mails: Iterable[Mail]) -> bool:
    """Say whether the server said anything about mails at their edge, where it has nothing to say, or hung up."""
    poll = select.poll()
    for mail in mails:
        if mail.line:
            poll.register(mail.line.descriptor, select.POLLIN)
    return bool(poll.poll(0))
