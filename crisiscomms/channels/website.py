"""The status site as a channel: it is put where readers find it as a whole, so it takes files and not messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crisiscomms.channels.base import Caps, Receipt
from crisiscomms.channels.places import KINDS, FolderSettings, WebsiteSettings, target_of
from crisiscomms.errors import CrisiscommsError
from crisiscomms.fields import Model

if TYPE_CHECKING:
    from crisiscomms.website import Files
    from crisiscomms.website.deploy import Target
    from crisiscomms.website.deploy.verify import Difference

#: Where a release says how far the audit trail reached when it was made.
ANCHOR = ".well-known/crisiscomms/anchor.json"
#: Returns a secret of the channel by its short name, or None where there is none.
FindSecret = Callable[[str], str | None]


class _AnyKind(Model):
    """Only which kind of place it is."""

    deploy: Literal["folder", "git", "s3", "sftp"] = "folder"


class WebsiteChannel:
    """The site. `folder` is where it lies on this machine, or would; `url` where readers find it."""

    def __init__(self, name: str, settings: WebsiteSettings, folder: Path, url: str) -> None:
        self.name, self.settings, self.folder, self.url = name, settings, folder, url.rstrip("/")
        self.caps = Caps("site", leaves_machine=settings.deploy != "folder", can_find=True)

    @classmethod
    def from_table(
        cls, name: str, table: dict[str, Any], folder: Path, url: str, *, rehearsal: bool = False
    ) -> WebsiteChannel:
        """Read a channel's table. A rehearsal reads it, and uses a folder. Raises pydantic's ValidationError."""
        given = {key: value for key, value in table.items() if key != "type"}
        kind = _AnyKind.model_validate({key: given[key] for key in given if key == "deploy"}).deploy
        settings = KINDS[kind].model_validate(given)
        return cls(name, FolderSettings() if rehearsal else settings, folder, url)

    def target(self, secret: FindSecret, at: datetime | None = None) -> Target:
        """Return where the site is put. What is done there and has a date gets `at`, or the time it is now.

        Raises CrisiscommsError where a secret or a library is missing.
        """
        return target_of(self.settings, self.name, self.folder, secret, at or datetime.now(UTC))

    @property
    def drawn(self) -> Path:
        """The folder beside the releases that keeps the cards of incidents from one build to the next."""
        return self.folder.with_name(f".{self.folder.name}-cards")

    @property
    def kept(self) -> Path:
        """The file beside the releases that keeps every other piece of the site for the next build."""
        return self.folder.with_name(f".{self.folder.name}-pieces") / "kept.sqlite"

    def publish(self, files: Files, secret: FindSecret, tell: Callable[[str], None], at: datetime) -> Receipt:
        """Check the feeds and calendars, put the site there, and read it back. Doing it again changes nothing.

        `tell` is told what we wait for, `at` is the time of the update. Raises CrisiscommsError where a feed cannot be
        read, or readers do not get what was put there.
        """
        from crisiscomms.website import Files, verify_feeds  # noqa: PLC0415 -- only publishing needs it
        from crisiscomms.website.deploy import Release, standing  # noqa: PLC0415

        release = Release.of(files.and_also(self._configured(files)))
        target = self.target(secret, at)
        before = standing(target)
        known = before.files if before else {}
        # What stands there already was read when it was put there.
        changed = {name: found for name, found in files.digests.items() if known.get(name) != release.digests[name]}
        if broken := verify_feeds(Files(changed, files.__getitem__)):
            raise CrisiscommsError(
                f"the site holds what programs cannot read: {broken[0]}",
                why="Subscribers would get nothing.",
                fix="Please report this: the words of the record should never break a feed or a calendar.",
            )
        target.put(release)
        if left := self.differing(target, release.digests, tell):
            raise _not_shown(left, self.read_from)
        return Receipt(release.digest, self.read_from or str(self.folder))

    @property
    def place(self) -> str:
        """Return where the site is put, in words for people."""
        told = self.settings.model_dump()
        names = [str(told[key]) for key in ("remote", "branch", "bucket", "host", "path") if key in told]
        return " ".join(names) if names else str(self.folder)

    @property
    def read_from(self) -> str:
        """Return the address at which the site is read back. Empty: only the place itself is."""
        verify = self.settings.verify
        return verify.rstrip("/") if isinstance(verify, str) else self.url if verify else ""

    def differing(
        self, target: Target, digests: Mapping[str, str], tell: Callable[[str], None] | None
    ) -> list[Difference]:
        """Return what readers get differently. With `tell` we wait for caches, without we look once."""
        from crisiscomms.website.deploy.verify import differing, wait_for_readers  # noqa: PLC0415

        if not self.read_from:
            return differing(target, digests)
        patience = self.settings.patience.length.total_seconds() if tell else 0.0
        return wait_for_readers(self.read_from, digests, patience, tell or (lambda _line: None))

    def _configured(self, files: Iterable[str]) -> dict[str, bytes]:
        """Write every server's configuration beside the site, and return the file that belongs into the site itself."""
        from crisiscomms.website.deploy.rules import SERVERS, server_files  # noqa: PLC0415

        made = server_files(self.url, self.folder, files)
        beside = self.folder.parent / "server"
        beside.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            path = beside / name
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
        if not self.settings.server:
            return {}
        file, inside = SERVERS[self.settings.server]
        return {inside: made[file].encode()} if inside else {}

    def anchor(self) -> str:
        """Return what the published site says of the ledger's audit trail, or an empty string where nobody can say."""
        if self.settings.deploy == "folder":
            path = self.folder / ANCHOR
            return path.read_text(encoding="utf-8") if path.is_file() else ""
        if not self.read_from:
            return ""
        from crisiscomms.website.deploy.verify import fetched  # noqa: PLC0415

        return (fetched(self.read_from, ANCHOR) or b"").decode(errors="replace")

    def prepare(self, item: Any) -> Any:
        """Refuse: a site is no message."""
        raise NotImplementedError

    def open(self, secret: Any) -> Any:
        """Refuse: a site is not sent to."""
        raise NotImplementedError


def _not_shown(left: list[Difference], where: str) -> CrisiscommsError:
    first, others = left[0], len(left) - 1
    more = f", and {others} more" if others else ""
    if not where:
        return CrisiscommsError(
            f"{first.name} is not what was written: it {first.shows}{more}",
            why="Readers may see half a page.",
            fix="Check the disk, then publish again.",
        )
    return CrisiscommsError(
        f"readers do not get the new site yet: {where}/{first.name} {first.shows}{more}",
        why="A message that links to it would lead them astray, so none was sent.",
        fix="Check the server and its caches, then publish again; crisiscomms site verify says what is left",
    )
