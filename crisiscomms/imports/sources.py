"""What a person names as the source: which kind it is, and its files. With `fetch` the only place that reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from crisiscomms.errors import UsageError
from crisiscomms.imports import atom, cstate, statuspage, upptime
from crisiscomms.imports.fetch import MOST_BYTES, fetch
from crisiscomms.imports.past import Gathered

#: Each kind of source, and what reads its files.
KINDS: dict[str, Callable[..., Gathered]] = {
    "statuspage": statuspage.gather,
    "atom": atom.gather,
    "cstate": cstate.gather,
    "upptime": upptime.gather,
}
_API = ("api/v2/incidents.json", "api/v2/scheduled-maintenances.json")
_FEEDS = (".atom", ".rss", ".xml")
_MOST_FILES = 10_000
_WHY = "Nothing was written."


class Source(NamedTuple):
    """A source that was read: its kind, its files by name, and the addresses that were asked."""

    kind: str
    files: dict[str, bytes]
    asked: tuple[str, ...] = ()


def read_source(given: str, kind: str | None) -> Source:
    """Read what a person names. Raises UsageError where it cannot be read, or is nothing we know."""
    if "://" in given:
        return _address(given, kind)
    path = Path(given)
    if path.is_dir():
        return _folder(path, kind)
    if not path.is_file():
        raise UsageError(
            f"there is no file or folder {given}", why=_WHY, fix="Name a file, a folder, or an address with https://."
        )
    body = _read(path)
    found = kind or _kind_of(path.name, body)
    if found is None:
        raise _unknown(given)
    return Source(found, {path.name: body})


def _unknown(given: str) -> UsageError:
    fix = f"Say what it is, with --from and one of: {', '.join(KINDS)}."
    return UsageError(f"{given} is nothing that we know how to read", why=_WHY, fix=fix)


def _address(given: str, kind: str | None) -> Source:
    end = given.partition("?")[0].rstrip("/")
    if end.endswith((*_FEEDS, ".json")):
        asked = [given]
    elif kind == "atom":
        asked = [f"{end}/history.atom"]
    else:
        base = end.removesuffix("/api/v2")
        asked = [f"{base}/{path}" for path in _API]
    files = {address: body for address in asked if (body := fetch(address)) is not None}
    if not files:
        raise UsageError(
            f"there is nothing at {asked[0]}", why=_WHY, fix="Check the address, or save it and import the file."
        )
    found = kind or _kind_of(*next(iter(files.items())))
    if found is None or found == "cstate":
        raise _unknown(given)
    return Source(found, files, tuple(asked))


def _folder(path: Path, kind: str | None) -> Source:
    issues = path / "content" / "issues"
    root = issues if issues.is_dir() else path
    for known, endings in (("cstate", (".md",)), (kind or "", (".json", *_FEEDS))):
        files = {} if kind not in {None, known} else dict(_files(root, endings))
        if files:
            found = known or _kind_of(*next(iter(files.items())))
            if found is None:
                break
            return Source(found, files)
    raise _unknown(str(path))


def _files(root: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder, in order. A link may lead anywhere, and is not followed."""
    paths = [path for path in sorted(root.rglob("*")) if path.suffix in endings and not path.name.startswith("_index.")]
    for path in paths[:_MOST_FILES]:
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(root).as_posix(), _read(path)


def _read(path: Path) -> bytes:
    if path.stat().st_size > MOST_BYTES:
        raise UsageError(f"{path} is too large", why=_WHY, fix=f"At most {MOST_BYTES // 1_000_000} MB are read.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", why=_WHY) from error


def _kind_of(name: str, body: bytes) -> str | None:
    """Return the kind of a file by what stands in it. None where that is nothing we know."""
    start = body[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        return "atom"
    if name.endswith(".md"):
        return "cstate"
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(plain, dict):
        if plain.keys() & {"incidents", "scheduled_maintenances"}:
            return "statuspage"
        plain = plain.get("issues")
    keys = {key for one in plain if isinstance(one, dict) for key in one} if isinstance(plain, list) else set()
    if keys & {"incident_updates", "impact", "shortlink"}:
        return "statuspage"
    return "upptime" if "number" in keys else None
