"""A workspace: a folder with its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from crisiscomms.fields import SLUG, Audience, Reading
from crisiscomms.workspace.settings import Settings

_is_id = re.compile(SLUG).fullmatch


def is_url(ledger: str) -> bool:
    """Say whether a workspace's `ledger` names a PostgreSQL database, and not a file."""
    return ledger.startswith(("postgresql://", "postgresql+psycopg://", "postgres://"))


class Workspace(NamedTuple):
    """A folder with its settings."""

    folder: Path
    settings: Settings

    @property
    def reading(self) -> Reading:
        """What bare strings in records mean here."""
        return Reading(self.settings.organisation.timezone, self.language)

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's zone."""
        return ZoneInfo(self.settings.organisation.timezone)

    @property
    def language(self) -> str:
        """The first language: the one records are written in."""
        return self.settings.organisation.languages[0]

    def record_path(self, incident: str) -> Path:
        """Return where the record of an incident stands."""
        return self.folder / "incidents" / f"{incident}.yaml"

    def incidents(self) -> tuple[str, ...]:
        """Return the ids of all records, in order. Files that could be none by their names are `strays`."""
        found = (path.stem for path in (self.folder / "incidents").glob("*.yaml"))
        return tuple(sorted(name for name in found if _is_id(name)))

    def strays(self) -> tuple[str, ...]:
        """Return the names of files beside the records that somebody may take for one. Hidden ones are nobody's."""
        near = (path for path in (self.folder / "incidents").glob("*.*") if path.suffix.lower() in {".yaml", ".yml"})
        return tuple(
            sorted(
                path.name
                for path in near
                if not path.name.startswith(".") and not (path.suffix == ".yaml" and _is_id(path.stem))
            )
        )

    def audiences(self, own: Mapping[str, Audience]) -> dict[str, Audience]:
        """Return the lasting audiences and an incident's own, by name."""
        return {**self.settings.audiences, **own}

    def rank(self, audience: str) -> int:
        """Return an audience's place in the order of notice, from 0."""
        order = self.settings.order.audiences
        return order.index(audience) if audience in order else len(order)
