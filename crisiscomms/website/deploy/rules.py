"""How files are to be served: one table, of which each server gets what it understands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from crisiscomms.messages.templates import compiled, packaged

if TYPE_CHECKING:
    from jinja2 import Environment

#: The servers that we write files for: the file beside the site, and, where the server reads it there, its name in the site.
SERVERS: Mapping[str, tuple[str, str | None]] = {
    "nginx": ("nginx.conf", None),
    "caddy": ("Caddyfile", None),
    "apache": ("apache.htaccess", ".htaccess"),
    "netlify": ("netlify_headers", "_headers"),
    "cloudflare": ("cloudflare_headers", "_headers"),
}


class Rules(NamedTuple):
    """What every answer says, what kind each file is, and how long it may be kept."""

    headers: Mapping[str, str]
    hsts: str
    types: Mapping[str, str]
    caches: Mapping[str, str]

    @classmethod
    @cache
    def read(cls) -> Rules:
        """Read the table."""
        return cls(**tomllib.loads((_folder() / "rules.toml").read_text(encoding="utf-8")))

    def type_of(self, name: str) -> str:
        """Return the content type of a file."""
        return self.types.get(PurePosixPath(name).suffix.removeprefix("."), self.types["txt"])

    def cache_of(self, name: str) -> str:
        """Return how long a file may be kept: the longest folder that it is in decides."""
        return self.caches[max((folder for folder in self.caches if name.startswith(folder)), key=len)]


def server_files(url: str, folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the configuration of every server by the name of its file.

    `url` is where readers find the site, `folder` where it lies, `names` the files in it.
    """
    rules, address = Rules.read(), urlsplit(url)
    given: dict[str, Any] = {
        "rules": rules,
        "host": address.hostname or "localhost",
        "path": address.path.rstrip("/"),
        "folder": folder,
        "names": [(name, rules.type_of(name)) for name in sorted(names)],
    }
    environment = _environment()
    return {file: environment.get_template(f"{file}.j2").render(given) for file, _ in SERVERS.values()}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 -- only publishing needs it

    return Environment(  # noqa: S701 -- none of these is a page
        loader=FileSystemLoader(_folder()),
        bytecode_cache=compiled("servers", Path(__file__)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _folder() -> Path:
    return packaged("site") / "server"
