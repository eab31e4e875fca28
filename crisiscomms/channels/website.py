"""The status site as a channel: a folder that is switched as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from crisiscomms.channels.base import Caps, Receipt
from crisiscomms.errors import CrisiscommsError
from crisiscomms.fields import Model

#: Where a release says how far the audit trail reached when it was made.
ANCHOR = ".well-known/crisiscomms/anchor.json"


class WebsiteSettings(Model):
    """How the site gets to where readers find it."""

    deploy: Literal["folder"] = "folder"
    """folder: the site lands in the workspace's site folder."""


class WebsiteChannel:
    """The site in a folder. It is built as a whole, so it takes files and not messages."""

    def __init__(self, name: str, settings: WebsiteSettings, target: Path) -> None:
        self.name, self.settings, self.target = name, settings, target
        self.caps = Caps("site", leaves_machine=False, can_find=True)

    @classmethod
    def from_table(cls, name: str, table: dict[str, Any], target: Path) -> WebsiteChannel:
        """Read a channel's table. Raises pydantic's ValidationError."""
        return cls(name, WebsiteSettings.model_validate({k: v for k, v in table.items() if k != "type"}), target)

    @property
    def drawn(self) -> Path:
        """The folder beside the releases that keeps the cards of incidents from one build to the next."""
        return self.target.with_name(f".{self.target.name}-cards")

    def publish(self, files: Mapping[str, bytes]) -> Receipt:
        """Check the feeds and calendars, switch the site, and read it back. Doing it again changes nothing.

        Raises CrisiscommsError where a feed cannot be read, or the folder holds something else than what was written.
        """
        from crisiscomms.website import deploy_folder, read_back, verify_feeds  # noqa: PLC0415 -- only publishing needs it

        # What stands there already was read when it was put there.
        if broken := verify_feeds({name: files[name] for name in read_back(files, self.target)}):
            raise CrisiscommsError(
                f"the site holds what programs cannot read: {broken[0]}",
                why="Subscribers would get nothing.",
                fix="Please report this: the words of the record should never break a feed or a calendar.",
            )
        digest = deploy_folder(files, self.target)
        if differing := read_back(files, self.target):
            raise CrisiscommsError(
                f"{differing[0]} on disk is not what was written",
                why="Readers may see half a page.",
                fix="Check the disk, then publish again.",
            )
        return Receipt(digest, str(self.target))

    def anchor(self) -> str:
        """Return what the published site says of the ledger's audit trail, or an empty string where there is no site."""
        path = self.target / ANCHOR
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def prepare(self, item: Any) -> Any:
        """Refuse: a site is no message."""
        raise NotImplementedError

    def open(self, secret: Any) -> Any:
        """Refuse: a site is not sent to."""
        raise NotImplementedError
