"""A bucket that speaks S3. It knows no switch, so files appear one by one, in an order that harms no reader.

Assets first, then pages, feeds, the list of files and the front page; what is gone is removed last. A page is never there
without its assets. The front page is replaced only if it is still the one that we found, so two who publish at once
notice each other. The releases are kept on this machine, since whatever lies in the bucket can be read by anyone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from crisiscomms.errors import Busy, CrisiscommsError
from crisiscomms.website.deploy.extras import needed
from crisiscomms.website.deploy.release import ASSETS, FRONT, MANIFEST, Kept, Manifest, Release, rank, short
from crisiscomms.website.deploy.rules import Rules
from crisiscomms.website.deploy.shelf import Shelf
from crisiscomms.website.deploy.target import standing

_WHY = "Pages that were there already may be new; the front page is as it was, and nothing that links to it was sent."
_AT_ONCE = 8


@dataclass(frozen=True)
class Bucket:
    """Where the bucket is, and how we sign in. `prefix` is the folder in it; an `endpoint` names another service than AWS."""

    name: str
    region: str
    access_key_id: str
    secret_access_key: str
    endpoint: str | None = None
    prefix: str = ""


class S3Target:
    """The site in a bucket. `shelf` is the folder in which releases are kept."""

    def __init__(self, bucket: Bucket, shelf: Path, rules: Rules) -> None:
        self._obstore: Any = needed("obstore", "s3")
        stores: Any = needed("obstore.store", "s3")
        plain = (bucket.endpoint or "").startswith("http://")
        self._store = stores.S3Store(
            bucket.name,
            prefix=bucket.prefix.strip("/") or None,
            endpoint=bucket.endpoint,
            region=bucket.region,
            access_key_id=bucket.access_key_id,
            secret_access_key=bucket.secret_access_key,
            virtual_hosted_style_request=False,
            client_options={"allow_http": plain, "timeout": timedelta(seconds=30)},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )
        self.name, self.shelf, self._rules = bucket.name, Shelf(shelf), rules

    def put(self, release: Release) -> None:
        """Put every file into the bucket, in order. Raises Busy where somebody else publishes at the same time."""
        with self.shelf.locked(), self._words():
            before, front = Manifest.read(self._read(MANIFEST)), self._tag(FRONT)
            if front and not before:
                raise CrisiscommsError(
                    f"the bucket {self.name} holds a site that we did not make",
                    why="We would have to overwrite it, so the site was not published.",
                    fix="Empty it, or name another bucket or prefix for the site.",
                )
            folder = self.shelf.write(release, None)
            known = self._known(before)
            for _, names in groupby(release.in_order(), key=rank):
                self._each(lambda name: self._put(name, release.files[name], front), names)
            self.shelf.touch(folder)
            stood = [short(before.digest)] if before else []
            for name in [folder.name, *stood]:
                self.shelf.seen(name)
            self.shelf.prune(folder.name, *stood)  # pages of what was cut short were seen too, so nothing is swept away
            self._remove(known - set(release.files) - self._still_asked_for())

    def read(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return files as they stand."""
        with self._words(), ThreadPoolExecutor(_AT_ONCE) as pool:
            wanted = list(names)
            return dict(zip(wanted, pool.map(self._read, wanted), strict=True))

    def kept(self) -> list[Kept]:
        """Return the releases that were put there from this machine."""
        stands = standing(self)
        return self.shelf.kept(short(stands.digest) if stands else "")

    def roll_back(self, to: Kept) -> None:
        """Put a kept release there again."""
        self.put(self.shelf.whole(to))

    # -- what is in the bucket ---------------------------------------------------------------------------------

    def _known(self, before: Manifest | None) -> set[str]:
        """Return every path that we may have put there: other files in the bucket are not ours to remove."""
        told = [before, *map(self.shelf.manifest, self.shelf.releases())]
        return {name for manifest in told if manifest for name in manifest.files}

    def _still_asked_for(self) -> set[str]:
        """Return the assets of all kept releases."""
        return {name for path in self.shelf.releases() if (one := self.shelf.manifest(path)) for name in one.assets}

    def _put(self, name: str, body: bytes, front: str | None) -> None:
        mode: Any = "overwrite"
        if name == FRONT:
            mode = {"e_tag": front} if front else "create"
        attributes = {"Content-Type": self._rules.type_of(name), "Cache-Control": self._rules.cache_of(name)}
        self._obstore.put(self._store, name, body, attributes=attributes, mode=mode, use_multipart=False)

    def _read(self, name: str) -> bytes | None:
        try:
            return bytes(self._obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            return None

    def _tag(self, name: str) -> str | None:
        try:
            found: str | None = self._obstore.head(self._store, name)["e_tag"]
        except FileNotFoundError:
            return None
        return found

    def _remove(self, names: Iterable[str]) -> None:
        for name in sorted(names, key=lambda name: (name.startswith(ASSETS), name)):  # pages before what they need
            self._obstore.delete(self._store, name)

    @staticmethod
    def _each(work: Callable[[str], None], names: Iterable[str]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(work, list(names)))

    @contextmanager
    def _words(self) -> Iterator[None]:
        """Turn what the bucket says into words."""
        kinds = needed("obstore.exceptions", "s3")
        try:
            yield
        except (kinds.PreconditionError, kinds.AlreadyExistsError) as error:
            raise Busy(
                f"somebody else published to the bucket {self.name} meanwhile", why=_WHY, fix="Publish again."
            ) from error
        except (kinds.PermissionDeniedError, kinds.UnauthenticatedError) as error:
            raise CrisiscommsError(
                f"the bucket {self.name} refuses us",
                why=_WHY,
                fix="Check the key, and that it may read, write, list and delete there.",
            ) from error
        except (kinds.BaseError, OSError) as error:
            said = str(error).partition("\n")[0][:300]
            raise CrisiscommsError(
                f"the bucket {self.name}: {said}",
                why=_WHY,
                fix="Check bucket, region and endpoint, then publish again.",
            ) from error
