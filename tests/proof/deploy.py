"""A site that is put somewhere again and again by a process that is killed at any instant, while a reader looks all the time."""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from proof.ground import Figures
from standins.s3_server import KEYS, get, make_bucket, s3_server
from standins.sftp_server import USER, sftp_server
from website.releases import PAGES, asked_for_by, named_in, release, shown

from crisiscomms.website.deploy import FolderTarget, Target
from crisiscomms.website.deploy.release import sha256
from crisiscomms.website.deploy.rules import Rules
from crisiscomms.website.deploy.s3 import Bucket, S3Target
from crisiscomms.website.deploy.sftp import SftpPlace, SftpTarget

#: How many releases take turns, and how many seconds lie between two looks of the reader.
RELEASES, PAUSE = 7, 0.01
#: Each deploy is a process of its own, and none begins with the threads of ours.
_PROCESSES = multiprocessing.get_context("forkserver")

Get = Callable[[str], bytes | None]


@dataclass
class Reader:
    """Looks at every page every 10 milliseconds, and at the style that the page asks for."""

    get: Get
    looks: int = 0
    seen: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def look(self, page: str) -> None:
        body = self.get(page)
        self.looks += 1
        if body is None:
            self.problems.append(f"{page} is missing")
            return
        digest = named_in(body)
        self.seen.add(digest)
        whole = [number for number in range(RELEASES) if release(number).digest == digest]
        if not whole or sha256(body) != release(whole[0]).digests[page]:
            self.problems.append(f"{page} is no whole page of any release")
        elif self.get(asked_for_by(body)) is None:
            self.problems.append(f"{page} of {whole[0]} has no style")

    def watch(self, stop: threading.Event) -> None:
        while not stop.wait(PAUSE):
            for page in PAGES:
                try:
                    self.look(page)
                except Exception as error:  # noqa: BLE001 -- whatever a reader meets is a finding
                    self.problems.append(repr(error))


def _trial(make: Callable[[], Target], get: Get, kills: int, most: float, chance: random.Random) -> tuple[Reader, int]:
    """Deploy and kill, again and again, while a reader looks. Returns it, and how many deploys were killed half-way.

    `most`: after so many seconds at most a deploy is killed.
    """
    make().put(release(0))
    reader, stop, cut = Reader(get), threading.Event(), 0
    watching = threading.Thread(target=reader.watch, args=(stop,))
    watching.start()
    try:
        number = 0
        while cut < kills:
            number += 1
            child = _PROCESSES.Process(target=_put, args=(make, number % RELEASES))
            child.start()
            child.join(chance.uniform(0, most))
            child.kill()
            child.join()
            cut += child.exitcode != 0
            if number % 5 == 0:
                make().put(release((number + 1) % RELEASES))
                assert shown(make()) == release((number + 1) % RELEASES).files, "a deploy after a kill is not whole"
    finally:
        stop.set()
        watching.join()
    make().put(release(1))
    assert shown(make()) == release(1).files
    assert not reader.problems, f"{len(reader.problems)} times: {reader.problems[0]}"
    return reader, cut


def _put(make: Callable[[], Target], number: int) -> None:
    make().put(release(number))


def _below(folder: Path, name: str) -> bytes | None:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        return None


def _folder(home: Path, kills: int, chance: random.Random) -> tuple[Reader, int]:
    public = home / "public"
    return _trial(partial(FolderTarget, public), partial(_below, public), kills, 0.4, chance)


def _sftp(home: Path, kills: int, chance: random.Random) -> tuple[Reader, int]:
    public = home / "www/public"
    with sftp_server(home / "keys") as server:
        place = SftpPlace("127.0.0.1", server.port, USER, str(public), server.host_key, server.key)
        return _trial(partial(SftpTarget, place), partial(_below, public), kills, 1.5, chance)


def _s3(home: Path, kills: int, chance: random.Random) -> tuple[Reader, int]:
    with s3_server() as address:
        make_bucket(address, "site")
        bucket = Bucket("site", "us-east-1", endpoint=address, **KEYS)

        def read(name: str) -> bytes | None:
            answer = get(f"{address}/site/{name}")
            return answer.content if answer.status_code == 200 else None

        return _trial(partial(S3Target, bucket, home / "shelf", Rules.read()), read, kills, 1.5, chance)


def prove(kills: int = 100, seed: int = 7) -> Figures:
    """Put a site into a folder, onto an SFTP server and into a bucket, killed at random instants, while a reader looks every
    10 ms: every page is a whole page of one release, and the style that it asks for is there.
    """
    _PROCESSES.set_forkserver_preload(["asyncssh", "filelock", "proof.deploy"])
    figures: Figures = {}
    for name, trial in {"folder": _folder, "sftp": _sftp, "s3": _s3}.items():
        with TemporaryDirectory(prefix="crisiscomms-proof-") as home:
            reader, cut = trial(Path(home), kills, random.Random(seed))
        figures |= {
            f"{name}: deploys killed half-way": cut,
            f"{name}: pages the reader looked at": reader.looks,
            f"{name}: releases it saw": len(reader.seen),
            f"{name}: pages that were no whole page, or had no style": 0,
        }
    return figures
