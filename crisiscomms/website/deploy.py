"""Putting a built site where a web server reads it: a release is written whole, then switched to in one step.

`target` is a symbolic link into a folder of releases beside it. Whoever reads through it meets the release before
or the release after, and never half of one. Killed at any instant, the old release stands.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from crisiscomms.errors import Busy, CrisiscommsError, Place, relative

#: How many releases stay, so that a mistake can be taken back by hand.
KEPT = 5
_PART = ".part"


def deploy_folder(files: Mapping[str, bytes], target: Path) -> str:
    """Make `target` show these files, and return the digest of them all.

    Does nothing where it shows them already. Raises CrisiscommsError where `target` is something we did not make,
    or a path leads outside of it, and Busy where another process is at it.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 -- it brings asyncio, which nothing else here needs

    _check_paths(files, target)
    releases = target.parent / f".{target.name}-releases"
    _check_target(target, releases)
    digest = _digest(files)
    releases.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(releases / "lock", timeout=60):
            _switch(files, target, releases / digest[:16])
    except Timeout as error:
        raise Busy(
            f"another process is writing {relative(target)}",
            place=Place(relative(releases)),
            why="The site shows what it showed before.",
            fix="Wait until it is done, then publish again.",
        ) from error
    return digest


def _switch(files: Mapping[str, bytes], target: Path, release: Path) -> None:
    if target.is_symlink() and target.resolve() == release.resolve() and not read_back(files, release):
        return
    current = target.resolve() if target.is_symlink() else None
    for left in release.parent.glob(f"*{_PART}"):  # what a killed process left behind
        if left.is_symlink():
            left.unlink()
        else:
            shutil.rmtree(left)
    if release.is_dir():
        _write(files, release, None)
    else:
        part = release.with_name(release.name + _PART)
        part.mkdir()
        _write(files, part, current)
        part.rename(release)
    os.utime(release)  # the newest is the one switched to last, not the one first written
    _sync(release.parent)
    link = release.with_name(f"link{_PART}")
    link.symlink_to(Path(release.parent.name) / release.name)
    link.replace(target)
    _sync(target.parent)
    _prune(release)


def _write(files: Mapping[str, bytes], folder: Path, current: Path | None) -> None:
    """Write what is missing or differs. A file that stands in the current release already is linked, not written."""
    for name, body in files.items():
        path = folder / name
        if _holds(path, body):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if current and _holds(current / name, body) and _linked(current / name, path):
            continue
        part = path.with_name(path.name + _PART)
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    for at in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        _sync(at)


def _holds(path: Path, body: bytes) -> bool:
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


def _prune(release: Path) -> None:
    """Keep the newest releases, the one just switched to among them."""
    found = [path for path in release.parent.iterdir() if path.is_dir() and path != release]
    found.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    for path in found[KEPT - 1 :]:
        shutil.rmtree(path)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _digest(files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{hashlib.sha256(files[name]).hexdigest()} {name}\n".encode())
    return whole.hexdigest()


def _check_target(target: Path, releases: Path) -> None:
    ours = target.is_symlink() and target.parent.joinpath(target.readlink()).parent.resolve() == releases.resolve()
    if ours or not os.path.lexists(target):
        return
    what = "a link to somewhere else" if target.is_symlink() else "a folder" if target.is_dir() else "a file"
    raise CrisiscommsError(
        f"{relative(target.parent)}/{target.name} is {what} that we did not make",
        place=Place(f"{relative(target.parent)}/{target.name}"),
        why="We would have to delete it to put the site there, so the site was not published.",
        fix="Move it away, or name another folder for the site.",
    )


def _check_paths(files: Iterable[str], target: Path) -> None:
    for name in files:
        path = PurePosixPath(name)
        plain = str(path) == name and not path.is_absolute() and name not in {"", "."} and ".." not in path.parts
        if not plain or any(sign in name for sign in "\\:\0\n") or name.endswith(_PART):
            raise CrisiscommsError(
                f'"{name}" is no path for a page',
                place=Place(relative(target)),
                why="The file could land outside of the site, so nothing was published.",
                fix="Give it a path below the site's folder, with plain slashes.",
            )


def read_back(files: Mapping[str, bytes], target: Path) -> list[str]:
    """Return the names of files that are missing under `target` or differ there, in order."""
    return sorted(name for name, body in files.items() if not _holds(target / name, body))
