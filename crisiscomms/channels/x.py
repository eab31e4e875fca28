"""Posts on X, through tweepy.

What became of a post is read from where the attempt broke, not from the kind of error: before the first byte of the
request it is not sent, after it only X's own answer decides, and silence is doubt. X keeps no key of ours, so doubt
is settled by reading the account's own timeline. X refuses the same text twice, which is doubt of the same sort: the
text that is out already may be ours.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import mktime_tz, parsedate_tz
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from crisiscomms.channels import base
from crisiscomms.channels.base import Letter, NotSent, OutcomeUnknown, Posting, Prepared, Receipt, Rejected
from crisiscomms.fields import Language, Model, wrong
from crisiscomms.limits import X_POST

Clock = Callable[[], datetime]
SECRETS = ("api_key", "api_secret", "access_token", "access_secret")
PAGES, PAGE = 5, 100
_API = re.compile(r"(https://[A-Za-z0-9.-]+|http://(localhost|127(\.\d{1,3}){3}|\[::1\]))(:\d{1,5})?/?")


def _api(address: str) -> str:
    if not _API.fullmatch(address):
        raise wrong("api", f'"{address}" should be https and a host alone, such as https://api.x.com')
    return address.rstrip("/")


class XSettings(Model):
    """The table of an account on X. Its four secrets are api_key, api_secret, access_token and access_secret."""

    type: Literal["x"] = "x"
    """The kind of channel."""
    language: Language | None = None
    """The language the account posts in. None: the workspace's first."""
    handle: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,15}$")] | None = None
    """The account's name without @, for the addresses of its posts."""
    api: Annotated[str, AfterValidator(_api)] = "https://api.x.com"
    """Where X's API stands. Plain http is for this machine only."""
    timeout: float = Field(default=20.0, gt=0, le=600)
    """How many seconds X may take to connect, and to answer."""

    def url(self, post: str) -> str:
        """Return the address of a post."""
        return f"https://x.com/{self.handle or 'i'}/status/{post}"


class XChannel:
    """One account on X. `clock` is asked only where X does not tell the time itself."""

    caps = base.Caps(shape="post", leaves_machine=True, can_find=True, limit=X_POST)

    def __init__(self, name: str, settings: XSettings, *, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.name, self.settings, self._clock = name, settings, clock

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, Any]) -> Self:
        """Build the channel from its table in the workspace. Raises pydantic's ValidationError."""
        return cls(name, XSettings.model_validate(dict(table)))

    def prepare(self, item: Letter | Posting) -> Prepared:
        """Return the text in UTF-8, with the post's link and time beside it. Raises TypeError for a letter."""
        if not isinstance(item, Posting):
            raise TypeError("X takes posts, not letters")
        return Prepared((item.post.text.encode(),), {"link": item.post.link, "at": item.at.isoformat()})

    def open(self, secret: Callable[[str], str]) -> AbstractContextManager[base.Sender]:
        """Fetch the four secrets. Nothing is connected before the first send. Raises what `secret` raises."""
        return nullcontext(XSender(self.settings, {name: secret(name).strip() for name in SECRETS}, self._clock))


@dataclass(slots=True)
class _Attempt:
    """How far one attempt came: whether any of it may have left, X's whole answer, what `edge` raised, why it broke."""

    edge: Callable[[], None] = lambda: None
    begun: bool = False
    answer: Any = None
    stopped: Exception | None = None
    broke: str = ""


class XSender:
    """Sends to one account, and looks through it. Every attempt has a connection of its own."""

    def __init__(self, settings: XSettings, secrets: Mapping[str, str], clock: Clock) -> None:
        self._settings, self._secrets, self._clock = settings, secrets, clock

    def send(self, prepared: Prepared, *, parent: Receipt | None, edge: Callable[[], None]) -> Receipt:
        """Post once. Raises NotSent, Rejected, OutcomeUnknown, or what `edge` raises.

        `edge` is called when the connection stands (name, route and certificate in order) and nothing of the request
        has left. A parent without an id, such as one that a person vouched for, leaves the post outside the thread.
        """
        post = {"text": prepared.payload.decode(), "in_reply_to_tweet_id": (parent and parent.id) or None}
        attempt = self._ask(_Attempt(edge), "create_tweet", **post)
        if attempt.stopped is not None:
            raise attempt.stopped
        if attempt.answer is not None:
            return self._receipt(attempt.answer, is_reply=parent is not None)
        if attempt.begun:
            raise OutcomeUnknown(f"the connection to X broke before it answered ({attempt.broke})")
        raise NotSent(f"X cannot be reached ({attempt.broke})")

    def _receipt(self, answer: Any, *, is_reply: bool) -> Receipt:
        status, words, evidence = answer.status_code, self._words(answer), self._evidence(answer)
        if 200 <= status < 300:
            post = _body(answer, "data").get("id")
            if isinstance(post, str) and post.isdecimal():
                return Receipt(post, self._settings.url(post), evidence)
            raise OutcomeUnknown("X took the post and did not say under which id", evidence=evidence)
        if status == 429:
            raise NotSent(f"X asks us to wait: {words}", retry_after=self._wait(answer), evidence=evidence)
        if status >= 500 or status == 408:
            raise OutcomeUnknown(f"X failed after it was asked ({status}): {words}", evidence=evidence)
        if status in {401, 402}:  # about our keys and our account, and not about this post
            raise NotSent(f"X does not let us post ({status}): {words}", evidence=evidence)
        if status == 403 and "duplicate" in words.lower():
            raise OutcomeUnknown(f"X has this text already, maybe from us: {words}", evidence=evidence)
        if status == 403 and is_reply and "deleted or not visible" in words.lower():
            # X's copies lag: a post made a moment ago cannot be answered everywhere yet.
            raise NotSent(f"X does not show the post above yet: {words}", retry_after=5.0, evidence=evidence)
        raise Rejected(f"X refused the post ({status}): {words}", evidence=evidence)

    def find_existing(self, prepared: Prepared, *, since: datetime) -> Receipt | None:
        """Look through the account's own posts from an hour before `since` for one with this text.

        The text must be equal once X's changes to it are undone. It holds the link, which no other update has, so
        equal text is ours; the link under other words is a quote. None means that every post since then was read;
        raises NotSent where that cannot be. A post that X shows too late and we send again, it refuses as duplicate.
        """
        wanted, user, page = plain(prepared.payload.decode()), _body(self._read("get_me"), "data").get("id"), None
        if not isinstance(user, str) or not user.isdecimal():
            raise NotSent("X did not say which account this is")
        query = {"id": user, "start_time": since - timedelta(hours=1), "tweet_fields": ["entities", "created_at"]}
        for _ in range(PAGES):
            answer = self._read("get_users_tweets", max_results=PAGE, pagination_token=page, **query)
            posts, page = _timeline(answer)
            for post in posts:
                if plain(str(post["text"]), (post.get("entities") or {}).get("urls") or ()) == wanted:
                    found = {"found": "timeline", "created_at": str(post.get("created_at", ""))}
                    return Receipt(str(post["id"]), self._settings.url(str(post["id"])), found)
            if page is None:
                return None
        raise NotSent(f"the account has more than {PAGES * PAGE} posts since then: we cannot look through all of them")

    def _read(self, call: str, **arguments: Any) -> Any:
        attempt = self._ask(_Attempt(), call, user_auth=True, **arguments)
        if (answer := attempt.answer) is None:
            raise NotSent(f"X cannot be asked now ({attempt.broke})")
        if answer.status_code != 200:
            reason = f"X does not let us look at the account ({answer.status_code}): {self._words(answer)}"
            raise NotSent(reason, retry_after=self._wait(answer), evidence=self._evidence(answer))
        return answer

    def _ask(self, attempt: _Attempt, call: str, **arguments: Any) -> _Attempt:
        """Call one method of tweepy's client, and say how far it came. Raises none of tweepy's errors."""
        import logging  # noqa: PLC0415 -- with tweepy a fifth of a second that only real posts need

        import requests  # noqa: PLC0415
        import tweepy  # noqa: PLC0415

        for name in list(logging.root.manager.loggerDict):  # they log headers, tokens and signatures
            if name.partition(".")[0] in {"tweepy", "requests_oauthlib", "oauthlib"}:
                logging.getLogger(name).setLevel(logging.WARNING)
        client = tweepy.Client(None, *(self._secrets[name] for name in SECRETS), return_type=requests.Response)
        with _session(self._settings, attempt) as client.session:
            try:
                getattr(client, call)(**arguments)
            except Exception as error:  # noqa: BLE001 -- the attempt itself says what any error means
                attempt.broke = self._veil(_root(error))
        return attempt

    def _veil(self, text: str) -> str:
        """Blot out our secrets in what X, or a server in between, says about them."""
        for value in sorted(filter(None, self._secrets.values()), key=len, reverse=True):
            text = text.replace(value, "***").replace(quote(value, safe=""), "***")
        return text

    def _words(self, answer: Any) -> str:
        """Return what X says in an error, on one line."""
        body = _body(answer)
        errors = body.get("errors")
        told = [e.get("message") for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
        words = [str(word) for word in (*told, body.get("detail") or body.get("title")) if word]
        return self._veil(" ".join(" ".join(dict.fromkeys(words or [str(answer.reason)])).split()))[:500]

    def _evidence(self, answer: Any) -> dict[str, str]:
        limits = {key.lower(): self._veil(told) for key, told in answer.headers.items() if "-limit-" in key.lower()}
        return {"status": str(answer.status_code), **limits}

    def _wait(self, answer: Any) -> float | None:
        """Return for how many seconds X asks us to wait, by its own clock where it shows one; None if it does not."""
        told = self._evidence(answer)
        spent = [name for name in told if told.get(name.replace("-reset", "-remaining"), "0") == "0"]
        resets = [float(told[name]) for name in spent if name.endswith("-reset") and told[name].isdecimal()]
        if answer.status_code != 429 or not resets:
            return None
        date = parsedate_tz(answer.headers.get("date", ""))
        return max(0.0, max(resets) - (mktime_tz(date) if date else self._clock().timestamp()))


def _session(settings: XSettings, attempt: _Attempt) -> Any:
    """Return a session that keeps to our host and time, repeats and follows nothing, and notes how far it came."""
    import requests  # noqa: PLC0415
    from requests.adapters import HTTPAdapter  # noqa: PLC0415

    session: Any = requests.Session()
    adapter: Any = HTTPAdapter(max_retries=0)
    request, pool_of = session.request, adapter.get_connection_with_tls_context

    def ask(method: str, url: str, **options: Any) -> Any:
        options |= {"timeout": settings.timeout, "allow_redirects": False}
        attempt.answer = request(method, settings.api + urlsplit(url).path, **options)
        return attempt.answer

    def edged_pool(*args: Any, **options: Any) -> Any:
        pool = pool_of(*args, **options)
        pool.ConnectionCls = lambda *args, **options: _edged(type(pool).ConnectionCls(*args, **options), attempt)
        return pool

    session.request, adapter.get_connection_with_tls_context = ask, edged_pool
    session.trust_env = settings.api.startswith("https:")  # http is this machine: no proxy in between
    session.mount(settings.api, adapter)
    return session


def _edged(connection: Any, attempt: _Attempt) -> Any:
    """Put the edge between connecting and the first byte, which nobody can see from further out."""
    request = connection.request

    def after_edge(*args: Any, **options: Any) -> None:
        if connection.sock is None:
            connection.connect()
        try:
            attempt.edge()
        except Exception as error:
            # Kept aside, because urllib3 swallows a broken pipe, even one of the ledger's, and would go on.
            attempt.stopped = error
            raise RuntimeError("stopped at the edge") from error
        attempt.begun = True
        request(*args, **options)

    connection.request = after_edge
    return connection


def _root(error: BaseException) -> str:
    """Return the innermost words: the outer ones speak of retries that we do not make."""
    inner = (getattr(error, "reason", None), error.__cause__, *error.args)
    found = next((e for e in inner if isinstance(e, BaseException)), None)
    return _root(found) if found else f"{type(error).__name__}: {error}"


def _body(answer: Any, part: str = "") -> dict[str, Any]:
    try:
        body = json.loads(answer.content)
        found = body[part] if part else body
    except (ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _timeline(answer: Any) -> tuple[list[dict[str, Any]], str | None]:
    """Return the posts of one page and the next page's token. Raises NotSent where it is not a page."""
    body = _body(answer)
    posts, meta = body.get("data", []), body.get("meta")
    told = isinstance(posts, list) and all(isinstance(post, dict) and {"id", "text"} <= post.keys() for post in posts)
    if not told or not isinstance(meta, dict) or len(posts) != meta.get("result_count"):
        raise NotSent("X gave us no timeline that we can read")
    return posts, meta.get("next_token") or None


def plain(text: str, urls: Iterable[Mapping[str, str]] = ()) -> str:
    """Return a text as it compares: what X changes on the way is the same before and after.

    X puts short addresses for ours (`urls` says which), composes accents, escapes &, < and >, trims and folds spaces,
    writes a scheme before bare addresses, and may put mentions before an answer.
    """
    for url in urls:
        text = text.replace(url["url"], url.get("expanded_url") or url["url"])
    before = None
    while before != text:
        before, text = text, text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    text = " ".join(re.sub(r"https?://", "", unicodedata.normalize("NFC", text), flags=re.IGNORECASE).split())
    return re.sub(r"/(?=\s|$)", "", re.sub(r"^(@\w{1,15}\s+)+", "", text))
