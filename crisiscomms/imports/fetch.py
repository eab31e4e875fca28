"""Fetching what a person names: over HTTP or HTTPS, a limited size, in limited time, from no other place than named."""

from __future__ import annotations

import http.client
import ipaddress
import time
from urllib.parse import SplitResult, urljoin, urlsplit

from crisiscomms.errors import UsageError

MOST_BYTES, SECONDS, HOPS = 20_000_000, 30.0, 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WHY = "Nothing was written."
_FOR_EXAMPLE = "Write it without a name or a password, such as https://status.example.com"


def fetch(address: str) -> bytes | None:
    """Return what stands at an address. None where the place says that there is nothing (404). Raises UsageError."""
    end = time.monotonic() + SECONDS
    first = _parts(address)
    here = address
    for _ in range(HOPS + 1):
        status, location, body = _ask(_parts(here), here, end)
        if status in _REDIRECTS:
            here = urljoin(here, location)
            to = _parts(here)
            if to.hostname != first.hostname or (first.scheme == "https" and to.scheme != "https"):
                raise UsageError(
                    f"{address} leads on to {here}", why=_WHY, fix="Name that address if it is the right one."
                )
            continue
        if status in {404, 410}:
            return None
        if status != 200:
            raise UsageError(
                f"{here} answered {status}", why=_WHY, fix="Open it in a browser, or save it and import the file."
            )
        return body
    raise UsageError(f"{address} leads from address to address", why=_WHY, fix="Name the last one.")


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f'"{address}" is not an address', why=_WHY, fix=_FOR_EXAMPLE) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise UsageError(f'"{address}" is not an address', why=_WHY, fix=_FOR_EXAMPLE)
    return parts


def _ask(parts: SplitResult, address: str, end: float) -> tuple[int, str, bytes]:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=10)
    try:
        connection.connect()
        _refuse_inside(connection, parts)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {"User-Agent": "crisiscomms import", "Accept-Encoding": "identity"}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.getheader("Content-Encoding", "identity") != "identity":
            raise UsageError(f"{address} answers packed", why=_WHY, fix="Save it, and import the file.")
        return answer.status, answer.getheader("Location", ""), _body(answer, address, end)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{address} cannot be read: {reason}", why=_WHY, fix="Check the address and the network."
        ) from error
    finally:
        connection.close()


def _refuse_inside(connection: http.client.HTTPConnection, parts: SplitResult) -> None:
    """Refuse a name that leads into a private network. This machine itself may be named."""
    there = ipaddress.ip_address(connection.sock.getpeername()[0].partition("%")[0])
    there = getattr(there, "ipv4_mapped", None) or there
    named = parts.hostname in {"localhost", "127.0.0.1", "::1"} and there.is_loopback
    if not (there.is_global or named):
        raise UsageError(
            f"{parts.hostname} leads into a private network ({there})", why=_WHY, fix="Save it, and import the file."
        )


def _body(answer: http.client.HTTPResponse, address: str, end: float) -> bytes:
    found = bytearray()
    while piece := answer.read1(65536):
        found += piece
        if len(found) > MOST_BYTES or time.monotonic() > end:
            problem = "is too large" if len(found) > MOST_BYTES else "takes too long"
            raise UsageError(f"{address} {problem}", why=_WHY, fix="Save a part of it, and import the file.")
    return bytes(found)
