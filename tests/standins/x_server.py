"""A stand-in for X's API v2 on loopback: keeps what it is sent, and fails when told to.

    with XServer() as x:
        x.faults.append("drop-after")
        ... post to x.url ...
        assert [post["text"] for post in x.posts] == ["Sorry."]

It shortens addresses, escapes, weighs and refuses duplicates as X does, and checks OAuth 1 signatures. Its clock stands
at `now` and moves a second with each post.

Faults, one for each coming POST (`faults`) or GET (`read_faults`), "" for none:
    refuse         cut the connection before the request is read
    stall          take nothing and stay silent until `release()`, at most 30 seconds
    drop-after     take the post, then cut the connection
    garbled-after  take the post, then answer 201 without JSON
    500-after      take the post, then answer 500; any status does
    403-parent     the post above is not visible yet
    echo           refuse, and repeat the Authorization header and `leak` in the answer
    redirect       answer 307
    401, 429, 500  answer that, and take nothing; any status does
A GET knows refuse, stall, any status, and
    garbled        answer 200 without JSON
    partial        answer 200 without the posts that it counts
`down()` is a server that is not there: connections are refused.
"""

from __future__ import annotations

import base64
import hmac
import html
import json
import re
import socket
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

from oauthlib.oauth1.rfc5849 import signature
from twitter_text import parse_tweet
from twitter_text.extract_urls import extract_urls_with_indices

USER = "2244994945"
KEYS = {"api_key": "ck-1", "api_secret": "cs-2", "access_token": f"{USER}-at-3", "access_secret": "as-4"}
RESET = 900
_DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
_NO_PARENT = "You attempted to reply to a Tweet that is deleted or not visible to you."
_ISO = "%Y-%m-%dT%H:%M:%S.000Z"


class XServer:
    """X, as one account sees it. `posts` are dicts of id, text, reply_to and at, oldest first."""

    def __init__(self, *, keys: dict[str, str] | None = None, now: datetime = datetime(2030, 1, 2, tzinfo=UTC)) -> None:
        self.keys, self.now = keys or KEYS, now
        self.posts: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.faults: deque[str] = deque()
        self.read_faults: deque[str] = deque()
        self.headers: dict[str, str] = {}
        self.leak = ""
        self.lock = threading.Lock()
        self.released = threading.Event()
        self._port = 0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def attempts(self) -> int:
        """How many posts were asked for, taken or not."""
        return sum(method == "POST" for method, _ in self.requests)

    def release(self) -> None:
        """Let every stalled request go."""
        self.released.set()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Stop listening for a while, on the same port."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def take(self, text: str, reply_to: str | None = None, *, at: datetime | None = None) -> dict[str, Any]:
        """Keep a post, as if somebody had written it by hand."""
        self.now += timedelta(seconds=1)
        post = {"id": str(1900000000000000001 + len(self.posts)), "text": text, "reply_to": reply_to}
        self.posts.append(post | {"at": at or self.now})
        return self.posts[-1]

    def _start(self) -> None:
        handler = type("Handler", (_Handler,), {"x": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._server.daemon_threads = False  # so that closing waits for them
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def _stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    x: XServer

    def do_POST(self) -> None:
        self._handle(self.x.faults, self._post)

    def do_GET(self) -> None:
        self._handle(self.x.read_faults, self._get)

    def _handle(self, faults: deque[str], act: Any) -> None:
        self.close_connection = True
        with self.x.lock:
            self.x.requests.append((self.command, self.path))
            fault = faults.popleft() if faults else ""
        if fault == "refuse":
            self._cut()
            return
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault == "stall":
            self.x.released.wait(30)
            self._cut()
            return
        if not self._signed():
            self._problem(401)
            return
        with self.x.lock:
            act(fault)

    def _post(self, fault: str) -> None:
        asked = json.loads(self.body)
        text, reply_to = asked.get("text", ""), (asked.get("reply") or {}).get("in_reply_to_tweet_id")
        if fault == "echo":
            said = f"{self.headers['Authorization']} {self.x.leak}"
            self._problem(400, said, errors=[{"message": said}], headers={"x-rate-limit-limit": self.x.leak})
        elif fault == "redirect":
            self._answer(307, {}, {"Location": "/2/tweets"})
        elif fault.isdecimal():
            self._problem(int(fault))
        elif fault == "403-parent" or (reply_to and reply_to not in {post["id"] for post in self.x.posts}):
            self._problem(403, _NO_PARENT)
        elif any(post["text"] == text for post in self.x.posts):
            self._problem(403, _DUPLICATE)
        elif parse_tweet(text).weightedLength > 280:
            self._problem(403, "Your Tweet text is too long.")
        elif not text:
            self._problem(400, errors=[{"message": "text: is missing"}])
        else:
            self._taken(self.x.take(text, reply_to), fault)

    def _taken(self, post: dict[str, Any], fault: str) -> None:
        if fault == "drop-after":
            self._cut()
        elif fault == "garbled-after":
            self._answer(201, "<html>Welcome to X</html>")
        elif fault:
            self._problem(int(fault.removesuffix("-after")))
        else:
            self._answer(201, {"data": {"id": post["id"], "text": shortened(post["text"])[0]}})

    def _get(self, fault: str) -> None:
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        if fault == "garbled":
            self._answer(200, "<html>Welcome to X</html>")
        elif fault == "partial":
            self._answer(200, {"meta": {"result_count": 1}, "errors": [{"title": "Not Found"}]})
        elif fault.isdecimal():
            self._problem(int(fault))
        elif path == "/2/users/me":
            self._answer(200, {"data": {"id": USER, "name": "Fjord", "username": "fjord"}})
        elif path == f"/2/users/{USER}/tweets":
            self._timeline(query)
        else:
            self._problem(404)

    def _timeline(self, query: dict[str, str]) -> None:
        most, start = int(query.get("max_results", 10)), int(query.get("pagination_token", "p0")[1:])
        if not 5 <= most <= 100:
            self._problem(400, errors=[{"message": f"max_results {most} is not between 5 and 100"}])
            return
        since = query.get("start_time", "2010-11-06T00:00:00Z")
        since_time = datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        seen = [post for post in reversed(self.x.posts) if post["at"] >= since_time]
        page = [_shown(post, query.get("tweet.fields", "").split(",")) for post in seen[start : start + most]]
        meta: dict[str, Any] = {"result_count": len(page)}
        if start + most < len(seen):
            meta["next_token"] = f"p{start + most}"
        self._answer(200, {"data": page, "meta": meta} if page else {"meta": meta})

    def _signed(self) -> bool:
        """Check the OAuth 1 signature over the address that was really asked."""
        header = self.headers.get("Authorization", "")
        if not header.startswith("OAuth "):
            return False
        path, _, query = self.path.partition("?")
        told = signature.collect_parameters(query, headers={"Authorization": header}, exclude_oauth_signature=False)
        keys, given = self.x.keys, dict(told)
        base = signature.signature_base_string(
            self.command,
            signature.base_string_uri(self.x.url + path),
            signature.normalize_parameters([pair for pair in told if pair[0] != "oauth_signature"]),
        )
        secret = f"{quote(keys['api_secret'], safe='')}&{quote(keys['access_secret'], safe='')}"
        signed = base64.b64encode(hmac.digest(secret.encode(), base.encode(), "sha1")).decode()
        expected = (keys["api_key"], keys["access_token"], signed)
        return expected == tuple(given.get(f"oauth_{name}") for name in ("consumer_key", "token", "signature"))

    def _problem(self, status: int, detail: str = "", **more: Any) -> None:
        phrase = HTTPStatus(status).phrase
        headers = more.pop("headers", {})
        if status == 429:
            headers["x-rate-limit-remaining"] = "0"
        body = {"title": phrase, "detail": detail or phrase, "type": "about:blank", "status": status, **more}
        self._answer(status, body, headers)

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        reset = str(int(self.x.now.timestamp()) + RESET)
        limits = {"x-rate-limit-limit": "100", "x-rate-limit-remaining": "99", "x-rate-limit-reset": reset}
        self.send_response(status)
        for name, value in {**limits, **(headers or {}), **self.x.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(raw)

    def _cut(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.x.now, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the library's name
        pass


def shortened(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Return a text as X shows it, with its addresses shortened, and what they stand for."""
    text = unicodedata.normalize("NFC", text).strip()
    shown, done, urls = "", 0, []
    for number, found in enumerate(extract_urls_with_indices(text)):
        start, end = found["indices"]
        short = f"https://t.co/{number:010d}"
        shown += html.escape(text[done:start], quote=False)
        full = found["url"] if re.match("https?://", found["url"]) else f"http://{found['url']}"
        at = {"start": len(shown), "end": len(shown) + len(short)}
        urls.append({**at, "url": short, "expanded_url": full, "display_url": full[:30] + "…"})
        shown, done = shown + short, end
    return shown + html.escape(text[done:], quote=False), urls


def _shown(post: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    text, urls = shortened(post["text"])
    shown = {"id": post["id"], "text": text, "edit_history_tweet_ids": [post["id"]]}
    if "created_at" in fields:
        shown["created_at"] = post["at"].strftime(_ISO)
    if "entities" in fields and urls:
        shown["entities"] = {"urls": urls}
    return shown


if __name__ == "__main__":
    with XServer() as server:
        print(server.url, flush=True)  # noqa: T201 -- whoever started it reads where it is
        while True:
            time.sleep(60)
