"""Where a site can be put, as a channel's table says it: a folder, a branch, a bucket, a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from crisiscomms.errors import CrisiscommsError
from crisiscomms.fields import Model, Span, Url
from crisiscomms.workspace import has_password

if TYPE_CHECKING:
    from crisiscomms.website.deploy import Target


def _no_password(given: str) -> str:
    if has_password(given):
        raise ValueError("holds a password. Write it into secrets/CHANNEL.token, and take it out here")
    return given


def _no_option(given: str) -> str:
    if given.startswith("-"):
        raise ValueError("cannot begin with a dash")
    return given


class WebsiteSettings(Model):
    """What every place has."""

    deploy: str
    """folder, git, s3 or sftp."""
    verify: bool | Url = True
    """Read every address back before anything that links to it goes out: true at [site] url, or at another address."""
    patience: Span = Span(timedelta(minutes=3))
    """How long caches may take until readers get the new site."""
    server: Literal["apache", "cloudflare", "netlify"] | None = None
    """Put this server's own file into the site too, where the server reads it there."""


class FolderSettings(WebsiteSettings):
    """The workspace's site folder, which a web server on this machine can serve."""

    deploy: Literal["folder"] = "folder"
    """A folder on this machine."""
    verify: bool | Url = False
    """As above; false until a server serves the folder: then the folder itself is read back."""


class GitSettings(WebsiteSettings):
    """A branch of a repository, for hosts of pages."""

    deploy: Literal["git"]
    """A branch of a repository."""
    remote: Annotated[str, AfterValidator(_no_password), AfterValidator(_no_option)]
    """The repository's address."""
    branch: str = Field(default="pages", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")
    """A branch that is only for the site."""
    author: str = "crisiscomms"
    """Who the commits are by."""
    email: str = "crisiscomms@localhost"
    """Their address, as commits show it to everyone."""


class S3Settings(WebsiteSettings):
    """A bucket that speaks S3."""

    deploy: Literal["s3"]
    """A bucket."""
    bucket: str
    """Its name."""
    region: str = "us-east-1"
    """Its region."""
    endpoint: Url | None = None
    """The service's address, where it is not Amazon's."""
    prefix: str = ""
    """The folder in the bucket. Empty: all of it."""


class SftpSettings(WebsiteSettings):
    """A server that speaks SFTP."""

    deploy: Literal["sftp"]
    """A server."""
    host: str
    """Its name."""
    port: int = Field(default=22, ge=1, le=65535)
    """Its port."""
    user: str
    """Who we are there."""
    path: str
    """What the web server serves: we make it a link into a folder of releases beside it."""
    host_key: str | None = None
    """The server's public key, such as "ssh-ed25519 AAAA…". Empty: as in ~/.ssh/known_hosts."""


KINDS: Mapping[str, type[WebsiteSettings]] = {
    "folder": FolderSettings,
    "git": GitSettings,
    "s3": S3Settings,
    "sftp": SftpSettings,
}


def target_of(
    settings: WebsiteSettings, name: str, folder: Path, secret: Callable[[str], str | None], now: datetime
) -> Target:
    """Return the place that a table describes. `folder` is the site's folder on this machine.

    Raises CrisiscommsError where a secret or a library is missing.
    """
    if isinstance(settings, GitSettings):
        from crisiscomms.website.deploy.git import Branch, GitTarget  # noqa: PLC0415 -- each only where it is used

        who = (settings.author, settings.email)
        return GitTarget(Branch(settings.remote, settings.branch, *who, secret("token")), now)
    if isinstance(settings, S3Settings):
        from crisiscomms.website.deploy.rules import Rules  # noqa: PLC0415
        from crisiscomms.website.deploy.s3 import Bucket, S3Target  # noqa: PLC0415

        key, private = (_needed(secret, name, short) for short in ("access_key_id", "secret_access_key"))
        bucket = Bucket(settings.bucket, settings.region, key, private, settings.endpoint, settings.prefix)
        return S3Target(bucket, folder.parent / f".{name}-releases", Rules.read())
    if isinstance(settings, SftpSettings):
        from crisiscomms.website.deploy.sftp import SftpPlace, SftpTarget  # noqa: PLC0415

        where = (settings.host, settings.port, settings.user, settings.path, settings.host_key)
        return SftpTarget(SftpPlace(*where, secret("key"), secret("password")))
    from crisiscomms.website.deploy import FolderTarget  # noqa: PLC0415

    return FolderTarget(folder)


def _needed(secret: Callable[[str], str | None], channel: str, short: str) -> str:
    found = secret(short)
    if found is None:
        raise CrisiscommsError(
            f'the {short} of channel "{channel}" is nowhere to be found',
            why="We cannot sign in there, so the site stays as it was.",
            fix=f"Write it into secrets/{channel}.{short}",
        )
    return found
