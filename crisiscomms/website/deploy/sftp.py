"""A server that speaks SFTP: a release is uploaded beside the others, then switched to in one step.

The same as a folder on this machine, at the other end of a line. Nothing but the protocol is needed there: no shell.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from crisiscomms.errors import Busy, CrisiscommsError
from crisiscomms.website.deploy.extras import needed
from crisiscomms.website.deploy.release import KEPT, MANIFEST, NEW, PART, Kept, Manifest, Release, sha256

_T = TypeVar("_T")
#: How many files travel at once.
_AT_ONCE = 8
_WHY = "Readers see what they saw before."


@dataclass(frozen=True)
class SftpPlace:
    """Where the server is, and how we know each other. `path` is what the web server serves; `host_key` its public key."""

    host: str
    port: int
    user: str
    path: str
    host_key: str | None = None
    key: str | None = None
    password: str | None = None


class SftpTarget:
    """The site on a server that speaks SFTP."""

    def __init__(self, place: SftpPlace) -> None:
        self.place = place
        parent, name = posixpath.split(place.path.rstrip("/"))
        self._releases = posixpath.join(parent, f".{name}-releases")
        self._link = posixpath.join(parent, name)
        self._ssh: Any = needed("asyncssh", "sftp")

    def put(self, release: Release) -> None:
        """Upload a release, then switch to it."""
        self._do(lambda sftp: self._put(sftp, release))

    def read(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return files as they stand."""
        wanted = list(names)

        async def bodies(sftp: Any) -> list[bytes | None]:
            return await _all(self._read(sftp, posixpath.join(self._link, name)) for name in wanted)

        return dict(zip(wanted, self._do(bodies), strict=True))

    def kept(self) -> list[Kept]:
        """Return the releases on the server."""
        return self._do(self._kept)

    def roll_back(self, to: Kept) -> None:
        """Switch back to a release that is still on the server."""
        self._do(lambda sftp: self._back(sftp, to))

    # -- what is done there ------------------------------------------------------------------------------------

    async def _put(self, sftp: Any, release: Release) -> None:
        await sftp.makedirs(self._releases, exist_ok=True)
        stands = await self._stands(sftp)
        await self._sweep(sftp, stands)
        folder = self._at(release.name)
        differing = await self._differing(sftp, folder, release.digests)
        if stands == release.name and not differing:
            return
        if await sftp.isdir(folder):
            await self._write(sftp, folder, {name: release.files[name] for name in differing})
        else:
            await self._write(sftp, folder + PART, release.files)
            await self._store(sftp, folder + NEW, b"")
            await sftp.posix_rename(folder + PART, folder)
        await self._show(sftp, release.name, stands)

    async def _back(self, sftp: Any, to: Kept) -> None:
        stands = await self._stands(sftp)
        await self._sweep(sftp, stands)
        folder = self._at(to.name)
        manifest = Manifest.read(await self._read(sftp, posixpath.join(folder, MANIFEST)))
        if not manifest or await self._differing(sftp, folder, manifest.files):
            raise CrisiscommsError(
                f"the release {to.name} was changed since it was kept", why=_WHY, fix="Go back to another one."
            )
        await self._show(sftp, to.name, stands)

    async def _show(self, sftp: Any, name: str, stood: str) -> None:
        """Switch, unless somebody else did meanwhile, and take away what is too old."""
        await self._carry(sftp, name)
        newest = max([(await sftp.stat(self._at(one))).mtime for one in await self._names(sftp)], default=0)
        now = max(int(datetime.now(UTC).timestamp()), newest + 1)  # the protocol knows whole seconds only
        await sftp.utime(self._at(name), times=(now, now))
        link = self._at(f"link{PART}")
        await sftp.symlink(posixpath.join(posixpath.basename(self._releases), name), link)
        if await self._stands(sftp) != stood:
            raise Busy(f"somebody else published to {self._where} meanwhile", why=_WHY, fix="Publish again.")
        await sftp.posix_rename(link, self._link)
        await self._sweep(sftp, name)
        others = [one for one in await self._names(sftp) if one != name]
        for old in others[KEPT - 1 :]:
            await sftp.rmtree(self._at(old))

    async def _carry(self, sftp: Any, name: str) -> None:
        """Give a release the assets of the others, for readers whose page is from one of them."""
        for other in [one for one in await self._names(sftp) if one != name][: KEPT - 1]:
            manifest = Manifest.read(await self._read(sftp, posixpath.join(self._at(other), MANIFEST)))
            for asset in sorted(manifest.assets) if manifest else ():
                old, new = posixpath.join(self._at(other), asset), posixpath.join(self._at(name), asset)
                if await sftp.exists(new) or not await sftp.exists(old):
                    continue
                await sftp.makedirs(posixpath.dirname(new), exist_ok=True)
                try:
                    await sftp.link(old, new)
                except self._ssh.SFTPError:  # a server that knows no hard links
                    await self._store(sftp, new, await self._read(sftp, old) or b"")

    async def _sweep(self, sftp: Any, stands: str) -> None:
        """Take away what a killed process left: half a release, or one that nobody ever saw."""
        for name in await sftp.listdir(self._releases) if await sftp.isdir(self._releases) else ():
            path = self._at(name)
            if name.endswith(NEW):
                unseen = path.removesuffix(NEW)
                if posixpath.basename(unseen) != stands and await sftp.isdir(unseen):
                    await sftp.rmtree(unseen)
                await sftp.remove(path)
            elif name.endswith(PART):
                await (
                    sftp.remove(path) if await sftp.islink(path) or not await sftp.isdir(path) else sftp.rmtree(path)
                )

    async def _stands(self, sftp: Any) -> str:
        """Return which release the link leads to. Raises CrisiscommsError where it is something we did not make."""
        if not await sftp.lexists(self._link):
            return ""
        leads = await sftp.readlink(self._link) if await sftp.islink(self._link) else ""
        if posixpath.basename(posixpath.dirname(leads)) != posixpath.basename(self._releases):
            raise CrisiscommsError(
                f"{self._where} is something that we did not make",
                why="We would have to delete it to put the site there, so the site was not published.",
                fix="Move it away on the server, or name another path for the site.",
            )
        return posixpath.basename(leads)

    async def _names(self, sftp: Any) -> list[str]:
        """Return the releases, the one shown last first."""
        if not await sftp.isdir(self._releases):
            return []
        found = [
            ((entry.attrs.mtime, entry.attrs.mtime_ns or 0), entry.filename)
            for entry in await sftp.readdir(self._releases)
            if not entry.filename.startswith(".") and not entry.filename.endswith((PART, NEW))
        ]
        return [name for _, name in sorted(found, reverse=True)]

    async def _kept(self, sftp: Any) -> list[Kept]:
        stands, found = await self._stands(sftp), []
        for name in await self._names(sftp):
            manifest = Manifest.read(await self._read(sftp, posixpath.join(self._at(name), MANIFEST)))
            at = datetime.fromtimestamp((await sftp.stat(self._at(name))).mtime, UTC)
            found.append(Kept(manifest.digest if manifest else name, at.isoformat(timespec="seconds"), name == stands))
        return found

    # -- files -------------------------------------------------------------------------------------------------

    async def _differing(self, sftp: Any, folder: str, digests: Mapping[str, str]) -> list[str]:
        """Return which files are missing in a folder, or are something else there."""
        if not await sftp.isdir(folder):
            return list(digests)

        async def differs(name: str) -> bool:
            body = await self._read(sftp, posixpath.join(folder, name))
            return body is None or sha256(body) != digests[name]

        return [
            name for name, other in zip(digests, await _all(differs(name) for name in digests), strict=True) if other
        ]

    async def _write(self, sftp: Any, folder: str, files: Mapping[str, bytes]) -> None:
        for parent in sorted({posixpath.dirname(posixpath.join(folder, name)) for name in files} | {folder}):
            await sftp.makedirs(parent, exist_ok=True)
        await _all(self._store(sftp, posixpath.join(folder, name), body) for name, body in files.items())

    async def _store(self, sftp: Any, path: str, body: bytes) -> None:
        async with sftp.open(path + PART, "wb") as file:
            await file.write(body)
            with suppress(self._ssh.SFTPError):  # not every server can be asked to write through to its disk
                await file.fsync()
        await sftp.posix_rename(path + PART, path)

    async def _read(self, sftp: Any, path: str) -> bytes | None:
        try:
            async with sftp.open(path, "rb") as file:
                body: bytes = await file.read()
                return body
        except (self._ssh.SFTPNoSuchFile, self._ssh.SFTPNoSuchPath):
            return None

    def _at(self, name: str) -> str:
        return posixpath.join(self._releases, name)

    # -- the line ----------------------------------------------------------------------------------------------

    @property
    def _where(self) -> str:
        return f"{self.place.host}:{self.place.path}"

    def _do(self, work: Callable[[Any], Awaitable[_T]]) -> _T:
        """Do something there. Whoever publishes may be in the middle of sending, so it gets a thread of its own."""

        async def all_of_it() -> _T:
            async with self._session() as sftp:
                return await work(sftp)

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, _plain(all_of_it(), self._ssh, self._where)).result()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Any]:
        place, ssh = self.place, self._ssh
        options: dict[str, Any] = {"known_hosts": ssh.import_known_hosts(self._known()), "config": None}
        if place.key:
            options["client_keys"] = [ssh.import_private_key(place.key)]
        if place.password:
            options |= {"password": place.password, "client_keys": options.get("client_keys")}
        async with (
            ssh.connect(place.host, place.port, username=place.user, connect_timeout=20, **options) as connection,
            connection.start_sftp_client() as sftp,
        ):
            yield sftp

    def _known(self) -> str:
        """Return the keys by which we know the server: the one in the settings, else those that this user has seen."""
        if self.place.host_key:
            named = self.place.host if self.place.port == 22 else f"[{self.place.host}]:{self.place.port}"
            return f"{named} {self.place.host_key}\n"
        seen = Path.home() / ".ssh" / "known_hosts"
        return seen.read_text(encoding="utf-8") if seen.is_file() else ""


async def _all(work: Iterable[Awaitable[_T]]) -> list[_T]:
    """Do many things, some at once."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(single: Awaitable[_T]) -> _T:
        async with free:
            return await single

    return await asyncio.gather(*map(one, work))


async def _plain(work: Coroutine[Any, Any, _T], ssh: Any, where: str) -> _T:
    """Turn what the line says into words."""
    try:
        return await work
    except ssh.HostKeyNotVerifiable as error:
        raise CrisiscommsError(
            f"the key of {where} is not one that we know: {error.reason}",
            why="It may be another machine that pretends to be yours. Nothing was sent to it.",
            fix="Ask whoever runs the server for its public key, and set host_key in the channel's table.",
        ) from error
    except ssh.PermissionDenied as error:
        raise CrisiscommsError(
            f"{where} does not let us in: {error.reason}", why=_WHY, fix="Check user, key and password of the channel."
        ) from error
    except (ssh.Error, ssh.KeyImportError, OSError) as error:
        raise CrisiscommsError(
            f"{where}: {getattr(error, 'reason', None) or error}", why=_WHY, fix="Check the server, then publish again."
        ) from error
