"""A folder on this machine: a release is written whole, then switched to in one step.

The folder is a symbolic link into a folder of releases beside it. Whoever reads through it meets the release before
or the release after, and never half of one. Killed at any instant, the old release stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from crisiscomms.durable import sync
from crisiscomms.errors import CrisiscommsError, Place, relative
from crisiscomms.website.deploy.release import PART, Kept, Release
from crisiscomms.website.deploy.shelf import Shelf, holds


class FolderTarget:
    """The site in a folder that a web server can serve."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder.parent / f".{folder.name}-releases")

    def put(self, release: Release) -> None:
        """Switch the folder to a release. Raises CrisiscommsError where the folder is something we did not make."""
        self._check()
        with self.shelf.locked():
            stands = self._stands()
            self.shelf.sweep(stands.name if stands else "")
            if stands == self.shelf.folder / release.name and all(
                holds(stands / name, body) for name, body in release.files.items()
            ):
                return
            self._show(self.shelf.write(release, stands))

    def read(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return files as they stand."""
        paths = {name: self.folder / name for name in names}
        return {name: path.read_bytes() if path.is_file() else None for name, path in paths.items()}

    def kept(self) -> list[Kept]:
        """Return the releases beside the folder."""
        stands = self._stands()
        return self.shelf.kept(stands.name if stands else "")

    def roll_back(self, to: Kept) -> None:
        """Switch back to a kept release."""
        self._check()
        with self.shelf.locked():
            stands = self._stands()
            self.shelf.sweep(stands.name if stands else "")
            self.shelf.whole(to)
            self._show(self.shelf.folder / to.name)

    def _stands(self) -> Path | None:
        return self.shelf.folder / self.folder.readlink().name if self.folder.is_symlink() else None

    def _show(self, release: Path) -> None:
        self.shelf.carry(release)
        self.shelf.touch(release)
        link = release.with_name(f"link{PART}")
        link.symlink_to(Path(release.parent.name) / release.name)
        link.replace(self.folder)
        sync(self.folder.parent)
        self.shelf.sweep(release.name)
        self.shelf.prune(release.name)

    def _check(self) -> None:
        target, releases = self.folder, self.shelf.folder
        ours = target.is_symlink() and target.parent.joinpath(target.readlink()).parent.resolve() == releases.resolve()
        if ours or not os.path.lexists(target):
            return
        what = "a link to somewhere else" if target.is_symlink() else "a folder" if target.is_dir() else "a file"
        name = f"{relative(target.parent)}/{target.name}"
        raise CrisiscommsError(
            f"{name} is {what} that we did not make",
            place=Place(name),
            why="We would have to delete it to put the site there, so the site was not published.",
            fix="Move it away, or name another folder for the site.",
        )
