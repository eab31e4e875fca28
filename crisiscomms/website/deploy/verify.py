"""Reading the site back as a reader would: every address, from where readers get it, compared by digest.

Caches between us and readers may show the release before for a while, so whoever asks says how long to wait.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import local
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from crisiscomms.website.deploy.release import FOR_SERVERS, FRONT, sha256
from crisiscomms.website.deploy.target import Target

#: How many addresses are read at once, how long each may take, how large a file may be, and how far a server may send us on.
_AT_ONCE, _SECONDS, _MOST_BYTES, _MOST_HOPS = 8, (5, 20), 50_000_000, 3
#: How many files are asked of a place in one go, all of them in memory.
_IN_ONE_GO = 2000
#: How many seconds lie between two looks at what was not there yet.
_PAUSE = 2.0
_RELEASE = re.compile(rb'<meta name="release" content="([0-9a-f]{16})')


class Difference(NamedTuple):
    """One address that does not show what it should, and what it shows."""

    name: str
    shows: str


def address_of(url: str, name: str) -> str:
    """Return where readers find a file: a page by its folder."""
    plain = name.removesuffix(FRONT) if name == FRONT or name.endswith(f"/{FRONT}") else name
    return f"{url.rstrip('/')}/{quote(plain)}"


def differing(target: Target, digests: Mapping[str, str]) -> list[Difference]:
    """Return what a place itself holds differently, where no server serves it yet."""
    names, found = iter(digests), []
    while some := list(islice(names, _IN_ONE_GO)):
        found += [
            Difference(name, "is missing" if body is None else _told(body))
            for name, body in target.read(some).items()
            if body is None or sha256(body) != digests[name]
        ]
    return found


def differing_for_readers(url: str, digests: Mapping[str, str]) -> list[Difference]:
    """Return the addresses that do not show readers what they should, in order."""
    own = local()

    def look(name: str) -> Difference | None:
        if not hasattr(own, "session"):
            own.session = _session()
        shows = _shows(own.session, address_of(url, name), digests[name])
        return Difference(name, shows) if shows else None

    names = sorted(name for name in digests if name not in FOR_SERVERS)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [found for found in pool.map(look, names) if found]


def wait_for_readers(
    url: str,
    digests: Mapping[str, str],
    patience: float,
    tell: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Difference]:
    """Look until every address shows what it should, and no longer than `patience` seconds. Returns what still differs."""
    end = clock() + patience
    left = differing_for_readers(url, digests)
    while left and clock() < end:
        tell(
            f"{len(left)} of {len(digests)} addresses of {url} do not show the new site yet"
            f" ({left[0].name}: {left[0].shows}). Waiting for caches, {max(end - clock(), 0):.0f} seconds at most."
        )
        sleep(min(_PAUSE, max(end - clock(), 0.01)))
        left = differing_for_readers(url, {one.name: digests[one.name] for one in left})
    return left


def fetched(url: str, name: str) -> bytes | None:
    """Return what readers get at an address. None where there is nothing, or nobody answers."""
    import requests  # noqa: PLC0415 -- a tenth of a second that only looking outside needs

    try:
        status, body = _get(_session(), address_of(url, name))
    except (requests.RequestException, ValueError):
        return None
    return body if status == 200 else None


def _session() -> Any:
    import requests  # noqa: PLC0415

    session = requests.Session()
    session.headers["User-Agent"] = "crisiscomms (reading our own site back)"
    return session


def _shows(session: Any, address: str, digest: str) -> str:
    """Return what an address shows instead, or an empty string."""
    import requests  # noqa: PLC0415

    try:
        status, body = _get(session, address)
    except requests.Timeout:
        return "does not answer in time"
    except requests.ConnectionError:
        return "cannot be reached"
    except (requests.RequestException, ValueError) as error:
        return f"cannot be read: {error}"
    if sha256(body) == digest:
        return ""
    return f"answers {status}" if status != 200 else _told(body)


def _get(session: Any, address: str) -> tuple[int, bytes]:
    """Read an address. A server may send us on, on the same host: some shorten the addresses of pages."""
    for _ in range(_MOST_HOPS):
        with session.get(address, timeout=_SECONDS, stream=True, allow_redirects=False) as answer:
            if not answer.is_redirect:
                return answer.status_code, _body(answer.iter_content(1 << 16))
            further = answer.next.url
            if urlsplit(further).netloc != urlsplit(address).netloc:
                return answer.status_code, b""
            address = further
    raise ValueError("it is sent on and on")


def _body(parts: Iterable[bytes]) -> bytes:
    body = b""
    for part in parts:
        body += part
        if len(body) > _MOST_BYTES:
            raise ValueError("it does not end")
    return body


def _told(body: bytes) -> str:
    release = _RELEASE.search(body)
    return f"shows the release {release[1].decode()}" if release else "shows something else"
