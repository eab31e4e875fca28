"""A real mail server on loopback that writes down each mail before it answers, and fails when told to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult

#: What a rule may return besides a reply: take the mail and hang up.
DROP = "drop"
GOODBYE = "421 4.3.2 going down"


class MailServer:
    """`taken` holds the address of every mail that was taken over, in order; `mails` their bytes.

    `rule` is asked after each mail, with its address and how many were taken so far: None takes it, DROP takes it and
    hangs up, and any other text is the answer; the mail is taken where it begins with 2. `at_rcpt` may refuse an address
    before that. `after` is called once a mail is taken, before the answer. `most`: how many mails it takes before it says
    goodbye to everyone.
    """

    def __init__(self, *, login: tuple[str, str] | None = None) -> None:
        self.taken: list[str] = []
        self.mails: list[bytes] = []
        self.rule: Callable[[str, int], str | None] = lambda _address, _count: None
        self.at_rcpt: Callable[[str], str | None] = lambda _address: None
        self.after: Callable[[str, int], None] = lambda _address, _count: None
        self.most: int | None = None
        self.port = 0
        self._login = login
        self._thread: threading.Thread | None = None

    @property
    def counts(self) -> Counter[str]:
        """How many mails each address got."""
        return Counter(self.taken)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(10)

    def down(self) -> None:
        """Listen no more, and cut every connection."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
            assert not self._thread.is_alive()
            self._thread = None

    def _run(self) -> None:
        self._loop.set_exception_handler(lambda *_: None)  # clients of these tests die on purpose
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        options: dict[str, Any] = {}
        if self._login:
            user, password = self._login

            def log_in(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
                good = data.login == user.encode() and data.password == password.encode()
                return AuthResult(success=good, handled=False)

            options = {"authenticator": log_in, "auth_required": True, "auth_require_tls": False}

        def protocol() -> SMTP:
            with warnings.catch_warnings():  # it warns of logins without TLS, which stay on this machine here
                warnings.simplefilter("ignore")
                return SMTP(self, hostname="mail.example", loop=self._loop, **options)

        server = await self._loop.create_server(protocol, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 5)
        await asyncio.sleep(0.01)

    # -- aiosmtpd's hooks --------------------------------------------------------------------------------------

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        refusal = GOODBYE if self.most is not None and len(self.taken) >= self.most else self.at_rcpt(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        (address,) = envelope.rcpt_tos
        said = self.rule(address, len(self.taken))
        if said in {None, DROP} or str(said).startswith("2"):
            self.taken.append(address)
            self.mails.append(envelope.content)
            self.after(address, len(self.taken))
        if said == DROP:
            server.transport.abort()
            return "250 nobody reads this"
        return said or f"250 queued as {len(self.taken)}"
