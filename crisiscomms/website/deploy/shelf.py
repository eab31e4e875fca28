"""A folder of releases on this machine: each written whole, then named; the newest few are kept."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from crisiscomms.durable import sync, write_through
from crisiscomms.errors import Busy, CrisiscommsError, Place, relative
from crisiscomms.website.deploy.release import KEPT, MANIFEST, NEW, PART, Kept, Manifest, Release, sha256, short
from crisiscomms.website.files import Files

#: Linux's call for everything that waits on one disk. A wait for each file would take minutes on a large site.
_syncfs = getattr(ctypes.CDLL(None), "syncfs", None)


class Shelf:
    """The releases in one folder, each in a folder named by its digest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out, and sweep away what a killed one left. Raises Busy."""
        from filelock import FileLock, Timeout  # noqa: PLC0415 -- it brings asyncio, which nothing else here needs

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "lock")
        try:
            lock.acquire(timeout=60)
        except Timeout as error:
            raise Busy(
                f"another process is writing {relative(self.folder)}",
                place=Place(relative(self.folder)),
                why="The site shows what it showed before.",
                fix="Wait until it is done, then publish again.",
            ) from error
        try:
            for left in self.folder.glob(f"*{PART}"):
                _remove(left)
            yield
        finally:
            lock.release()

    def sweep(self, stands: str) -> None:
        """Take away the releases that a killed process wrote and nobody ever saw. `stands` is the one readers see."""
        for mark in self.folder.glob(f"*{NEW}"):
            if mark.stem != stands:
                _remove(self.folder / mark.stem)
            mark.unlink()

    def write(self, release: Release, current: Path | None) -> Path:
        """Write a release, and return its folder. A file that stands in `current` already is linked, not written."""
        folder = self.folder / release.name
        if folder.is_dir():
            _mend(release.files, folder)
            return folder
        part = folder.with_name(folder.name + PART)
        part.mkdir()
        _write(release.files, part, current)
        folder.with_name(folder.name + NEW).touch()
        part.rename(folder)
        return folder

    def carry(self, release: Path) -> None:
        """Give a release the assets of the others, for readers whose page is from one of them."""
        for other in [path for path in self.releases() if path != release][: KEPT - 1]:
            manifest = self.manifest(other)
            for name in sorted(manifest.assets) if manifest else ():
                path = release / name
                if not path.exists() and (other / name).is_file():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if not _linked(other / name, path):
                        _put(path, (other / name).read_bytes())
        _settle(release)

    def touch(self, release: Path) -> None:
        """Note that a release is the one that readers see from now on."""
        os.utime(release)
        sync(self.folder)

    def releases(self) -> list[Path]:
        """Return the folders of all releases, the one shown last first."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if path.is_dir() and path.suffix != PART]
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)

    def seen(self, name: str) -> None:
        """Note that readers saw a release as a whole."""
        (self.folder / f"{name}{NEW}").unlink(missing_ok=True)

    def prune(self, *spared: str) -> None:
        """Take away the releases that are too old to keep. Those named, by their short digests, stay."""
        others = [path for path in self.releases() if path.name not in spared]
        for path in others[KEPT - len(set(spared)) :]:
            self.seen(path.name)
            shutil.rmtree(path)

    def kept(self, stands: str) -> list[Kept]:
        """Return every release that readers saw as a whole. `stands` is the short digest of the one they see now."""
        found = []
        for path in self.releases():
            if path.with_name(path.name + NEW).exists() and path.name != stands:
                continue
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
            manifest = self.manifest(path)
            found.append(Kept(manifest.digest if manifest else path.name, at, path.name == stands))
        return found

    @staticmethod
    def manifest(release: Path) -> Manifest | None:
        """Return what a release says of itself."""
        path = release / MANIFEST
        return Manifest.read(path.read_bytes()) if path.is_file() else None

    def whole(self, kept: Kept) -> Release:
        """Return a kept release. Raises CrisiscommsError where it is no longer what it was."""
        folder = self.folder / short(kept.digest)
        manifest = self.manifest(folder)
        files = (
            {name: (folder / name).read_bytes() for name in manifest.files if (folder / name).is_file()}
            if manifest
            else {}
        )
        if not manifest or {name: sha256(body) for name, body in files.items()} != dict(manifest.files):
            raise CrisiscommsError(
                f"the release {kept.name} was changed since it was kept",
                place=Place(relative(folder)),
                why="Readers would meet pages that nobody approved. They see what they saw before.",
                fix="Go back to another one: crisiscomms site list",
            )
        return Release(manifest.digest, Files.of({**files, MANIFEST: (folder / MANIFEST).read_bytes()}))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(files: Mapping[str, bytes], folder: Path, current: Path | None) -> None:
    """Write a new folder. A file that stands in `current` already is linked."""
    made = {folder}
    for name, body in files.items():
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        if not (current and holds(current / name, body) and _linked(current / name, path)):
            path.write_bytes(body)
    _settle(folder)


def _mend(files: Mapping[str, bytes], folder: Path) -> None:
    """Write what is missing or differs in a folder that readers may be in."""
    for name, body in files.items():
        path = folder / name
        if not holds(path, body):
            path.parent.mkdir(parents=True, exist_ok=True)
            _put(path, body)
    _settle(folder)


def _put(path: Path, body: bytes) -> None:
    part = path.with_name(path.name + PART)
    write_through(part, body)
    part.replace(path)


def holds(path: Path, body: bytes) -> bool:
    """Say whether a file has exactly these bytes."""
    try:
        return path.stat().st_size == len(body) and path.read_bytes() == body
    except (FileNotFoundError, NotADirectoryError):
        return False


def _linked(old: Path, new: Path) -> bool:
    try:
        new.hardlink_to(old)
    except OSError:  # a disk that knows no hard links
        return False
    return True


def _settle(folder: Path) -> None:
    """Have the disk remember everything below a folder: at once where the system can, else file by file."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        if _syncfs is not None and _syncfs(opened) == 0:
            return
    finally:
        os.close(opened)
    for path in [folder, *folder.rglob("*")]:
        sync(path)
