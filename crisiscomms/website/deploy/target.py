"""What every place for the site can do, so that whoever publishes need not know which it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from crisiscomms.website.deploy.release import MANIFEST, Kept, Manifest, Release


class Target(Protocol):
    """One place where readers find the site. Raises CrisiscommsError where it cannot be reached or refuses."""

    def put(self, release: Release) -> None:
        """Make readers meet these files: whole, or as they were before. Doing it again changes nothing.

        What a killed process left behind is finished or taken away.
        """
        ...

    def read(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return what stands at some paths now, all of it over one line. None where nothing does."""
        ...

    def kept(self) -> list[Kept]:
        """Return the releases that can be shown again, the one shown last first."""
        ...

    def roll_back(self, to: Kept) -> None:
        """Make readers meet a kept release again."""
        ...


def standing(target: Target) -> Manifest | None:
    """Return what the release that stands there says of itself. None where there is none of ours."""
    return Manifest.read(target.read([MANIFEST])[MANIFEST])
