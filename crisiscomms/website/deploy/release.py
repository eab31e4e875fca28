"""A release: the whole site as it is at one moment, with its digest in every page and a list of every file's digest.

The digest in a page lets a reader, or we ourselves, tell which release a page is from. It is computed before it is
put in, so the same files give the same release.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from crisiscomms.errors import CrisiscommsError
from crisiscomms.website.files import Files

#: Lists every file of a release with its digest.
MANIFEST = ".well-known/crisiscomms/release.json"
#: Files here have their digest in their name. Readers who came a minute ago still ask for those of the release before.
ASSETS = "assets/"
#: Read by a server and never served, so nobody can read them back.
FOR_SERVERS = frozenset({".htaccess", "_headers"})
#: How many releases stay, so that a mistake can be taken back.
KEPT = 5
#: How a file or folder ends whose writing is not over.
PART = ".part"
#: Marks a release that is written and that readers have not seen yet.
NEW = ".new"
FRONT = "index.html"
_FEEDS = (".atom", ".rss", ".json", ".ics", ".xml")
_SHORT = 16
#: What no path of a page holds, and what no folder or file in it is called.
_NO_PATH = re.compile(rf'[\\:\0\r\n"]|{re.escape(PART)}\Z')
_NO_STEP = frozenset({"", ".", ".."})


class Manifest(NamedTuple):
    """What a release says of itself."""

    digest: str
    files: Mapping[str, str]

    @property
    def assets(self) -> set[str]:
        """Return the assets that its pages ask for."""
        return {name for name in self.files if name.startswith(ASSETS)}

    @classmethod
    def read(cls, body: bytes | None) -> Manifest | None:
        """Read the list of a release. None where there is none, or it is no such list."""
        try:
            plain = json.loads(body or b"")
            files = {str(name): str(digest) for name, digest in plain["files"].items()}
            check_paths(files)
            return cls(str(plain["release"]), files)
        except (ValueError, TypeError, KeyError, AttributeError, CrisiscommsError):
            return None


class Kept(NamedTuple):
    """One release that can be shown again. `at` is when readers last began to see it, as far as the place knows."""

    digest: str
    at: str
    stands: bool

    @property
    def name(self) -> str:
        """Return the short digest that people type."""
        return short(self.digest)


@dataclass(frozen=True)
class Release:
    """Every file of the site, as readers get it. Its bytes may be read only when somebody asks for them."""

    digest: str
    files: Files

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Release:
        """Make a release. Raises CrisiscommsError where a path leads outside of the site."""
        check_paths(files)
        plain = Files.of(files)
        digest = _digest(plain.digests)

        def stamped(name: str) -> bytes:
            return _stamped(plain[name], digest) if name.endswith(".html") else plain[name]

        listed = {
            name: sha256(stamped(name)) if name.endswith(".html") else plain.digests[name] for name in sorted(plain)
        }
        manifest = json.dumps({"version": 1, "release": digest, "files": listed}, indent=1)
        return cls(digest, Files(listed, stamped).and_also({MANIFEST: f"{manifest}\n".encode()}))

    @property
    def digests(self) -> Mapping[str, str]:
        """The digest of every file, the list of them included."""
        return self.files.digests

    @property
    def name(self) -> str:
        """Return the short digest that people type."""
        return short(self.digest)

    def in_order(self) -> list[str]:
        """Return the files in the order in which they may appear one by one: no page before what it needs."""
        return sorted(self.files, key=lambda name: (rank(name), name))


def sha256(body: bytes) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(body).hexdigest()


def short(digest: str) -> str:
    """Return the beginning of a digest, which names a release well enough."""
    return digest[:_SHORT]


def find(kept: Iterable[Kept], wanted: str | None) -> Kept:
    """Return the release that somebody names by its first letters, or the one before what stands.

    Raises CrisiscommsError where there is none.
    """
    known = list(kept)
    before = [one for one in known if not one.stands]
    found = before[:1] if wanted is None else [one for one in known if one.digest.startswith(wanted)]
    if len(found) != 1:
        listed = ", ".join(one.name for one in before)
        said = "no earlier release is kept" if wanted is None else f'"{wanted}" names no release that is kept'
        raise CrisiscommsError(
            said if len(found) == 0 else f'"{wanted}" names {len(found)} releases',
            why="Readers see what they saw before.",
            fix=f"Kept here: {listed}." if listed else "There is nothing to go back to.",
        )
    return found[0]


def check_paths(files: Iterable[str]) -> None:
    """Raise CrisiscommsError where a path could lead outside of the site."""
    for name in files:
        if _NO_PATH.search(name) or not _NO_STEP.isdisjoint(name.split("/")):
            raise CrisiscommsError(
                f'"{name}" is no path for a page',
                why="The file could land outside of the site, so nothing was published.",
                fix="Give it a path below the site's folder, with plain slashes.",
            )


def rank(name: str) -> int:
    """Return when a file may appear: assets, pages, feeds, the list of files, the front page."""
    if name.startswith(ASSETS):
        return 0
    if name in {MANIFEST, FRONT}:
        return 3 if name == MANIFEST else 4
    return 2 if name.endswith(_FEEDS) else 1


def _digest(digests: Mapping[str, str]) -> str:
    return sha256("".join(f"{digests[name]} {name}\n" for name in sorted(digests)).encode())


def _stamped(page: bytes, digest: str) -> bytes:
    return page.replace(b"</head>", f'<meta name="release" content="{digest}">\n</head>'.encode(), 1)
