"""A branch of a git repository, as hosts of pages read it: one commit for each release.

The branch moves whole or not at all, and only if it is still where we found it. The same files on the same commit give the
same commit.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crisiscomms.errors import Busy, CrisiscommsError
from crisiscomms.website.deploy.release import KEPT, MANIFEST, Kept, Manifest, Release, sha256
from crisiscomms.website.files import Files

#: How far back we look for releases that may be shown again.
_DEPTH = 4 * KEPT
#: What a host of pages wants in the branch, besides the site: no other tool is to work on it, and a domain's name.
_HOSTS, _DOMAIN = ".nojekyll", "CNAME"
_WHY = "Readers see what they saw before."
#: What a commit of ours says of the release in it.
_TRAILER = "Crisiscomms-Release"
#: How many seconds one step of git may take.
_PATIENCE = 300.0


@dataclass(frozen=True)
class Branch:
    """Which branch, and as whom. `token` is for https; over ssh git's own keys are used."""

    remote: str
    name: str
    author: str
    email: str
    token: str | None = None


class GitTarget:
    """The site in a branch. `clock` dates the commits."""

    def __init__(self, branch: Branch, clock: datetime) -> None:
        if not shutil.which("git"):
            raise CrisiscommsError("git is not installed here", why=_WHY, fix="Install git, then publish again.")
        self.branch, self._at = branch, clock

    def put(self, release: Release) -> None:
        """Add a commit with exactly these files, and move the branch to it. Raises Busy where it moved meanwhile."""
        with self._repository() as repository:
            tip = repository.tip
            stands = repository.manifest(tip)
            if tip and not stands:
                raise CrisiscommsError(
                    f"the branch {self.branch.name} holds something that we did not make",
                    why="We would have to overwrite it, so the site was not published.",
                    fix="Name a branch that is only for the site.",
                )
            if stands and stands.digest == release.digest and repository.differing(release) == []:
                return
            repository.push(repository.commit(release, self._at))

    def read(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return files of the branch."""
        with self._repository() as repository:
            return repository.bodies(repository.tip, names)

    def kept(self) -> list[Kept]:
        """Return the releases among the last commits of the branch."""
        with self._repository() as repository:
            return repository.kept()

    def roll_back(self, to: Kept) -> None:
        """Add a commit with the files of an earlier one."""
        with self._repository() as repository:
            commit = repository.commit_of(to.digest)
            manifest = repository.manifest(commit)
            if not manifest:
                raise CrisiscommsError(f"the release {to.name} is no longer in the branch", why=_WHY)
            found = repository.bodies(commit, [*manifest.files, MANIFEST])
            files = {name: body or b"" for name, body in found.items()}
            if any(sha256(files[name]) != digest for name, digest in manifest.files.items()):
                raise CrisiscommsError(
                    f"the release {to.name} was changed since it was kept", why=_WHY, fix="Go back to another one."
                )
            repository.push(repository.commit(Release(manifest.digest, Files.of(files)), self._at))

    @contextmanager
    def _repository(self) -> Iterator[_Repository]:
        with tempfile.TemporaryDirectory(prefix="crisiscomms-") as folder:
            repository = _Repository(Path(folder), self.branch)
            repository.fetch()
            yield repository


class _Repository:
    """A repository that lives only as long as the work in it, so that nothing half done is found by the next."""

    def __init__(self, folder: Path, branch: Branch) -> None:
        self.folder, self.branch, self.tip = folder, branch, ""
        self._listed: dict[str, dict[str, str]] = {}
        self._run("init", "--quiet", "--bare", ".")

    def fetch(self) -> None:
        """Get the last commits of the branch. There are none where it does not exist yet."""
        ref = f"refs/heads/{self.branch.name}"
        listed = self._run("ls-remote", "--", self.branch.remote, ref).decode()
        if listed.strip():
            self._run("fetch", "--quiet", f"--depth={_DEPTH}", "--", self.branch.remote, f"+{ref}:refs/site")
            self.tip = self._run("rev-parse", "refs/site").decode().strip()

    def releases(self) -> dict[str, tuple[str, str]]:
        """Return the newest commit of each release that we fetched, and when it was made, newest first."""
        found: dict[str, tuple[str, str]] = {}
        told = f"--format=%H %cI %(trailers:key={_TRAILER},valueonly,separator=%x20)"
        for line in self._run("log", "--first-parent", told, self.tip).decode().splitlines() if self.tip else ():
            commit, at, *said = line.split()
            # A commit of somebody else's may have our list of files, and not our word for it.
            if said and said[0] not in found and (made := self.manifest(commit)) and made.digest == said[0]:
                found[made.digest] = commit, at
            if len(found) == KEPT:
                break
        return found

    def kept(self) -> list[Kept]:
        """Return the releases."""
        return [Kept(digest, at, commit == self.tip) for digest, (commit, at) in self.releases().items()]

    def commit_of(self, digest: str) -> str:
        """Return the newest commit of a release, or an empty string."""
        return self.releases().get(digest, ("", ""))[0]

    def manifest(self, commit: str) -> Manifest | None:
        """Return what a commit's release says of itself."""
        return Manifest.read(self.bodies(commit, [MANIFEST])[MANIFEST])

    def bodies(self, commit: str, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return files of a commit, all asked for at once. None for those that it does not have."""
        blobs = self.blobs(commit)
        found: dict[str, bytes | None] = dict.fromkeys(names)
        there = [name for name in found if name in blobs]
        asked = "".join(f"{blobs[name]}\n" for name in there)
        told, at = self._run("cat-file", "--batch=%(objectsize)", given=asked.encode()), 0
        for name in there:
            start = told.index(b"\n", at) + 1
            end = start + int(told[at:start])
            found[name], at = told[start:end], end + 1
        return found

    def blobs(self, commit: str) -> dict[str, str]:
        """Return the id of every file of a commit; nothing before the first."""
        if commit not in self._listed:
            listed = self._run("ls-tree", "-r", "-z", commit).decode().split("\0") if commit else []
            self._listed[commit] = {line.partition("\t")[2]: line.split()[2] for line in filter(None, listed)}
        return self._listed[commit]

    def differing(self, release: Release) -> list[str]:
        """Return which files of a release the branch does not have as they are."""
        stands = self.bodies(self.tip, release.files)
        return [name for name, body in release.files.items() if stands[name] != body]

    def commit(self, release: Release, at: datetime) -> str:
        """Make the commit, with the assets of the releases before, and return its id."""
        parts = [self._head(release, at)]
        for name, body in release.files.and_also({_HOSTS: b""}).items():
            parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(body), body))
        carried: dict[str, str] = {}
        for digest, (commit, _) in list(self.releases().items())[: KEPT - 1]:
            manifest, blobs = self.manifest(commit), self.blobs(commit)
            if manifest and digest != release.digest:
                carried |= {name: blobs[name] for name in manifest.assets & blobs.keys() if name not in carried}
        if _DOMAIN in (blobs := self.blobs(self.tip)):
            carried[_DOMAIN] = blobs[_DOMAIN]
        for name, blob in sorted(carried.items()):
            if name not in release.files:
                parts.append(f"M 100644 {blob} {name}\n".encode())
        self._run("fast-import", "--quiet", given=b"".join(parts))
        return self._run("rev-parse", "refs/new").decode().strip()

    def _head(self, release: Release, at: datetime) -> bytes:
        words = f"Publish {release.name}\n\n{_TRAILER}: {release.digest}\n".encode()
        who = f"{_plain(self.branch.author)} <{_plain(self.branch.email)}> {int(at.timestamp())} +0000"
        lines = f"commit refs/new\nauthor {who}\ncommitter {who}\ndata {len(words)}\n".encode()
        parent = f"from {self.tip}\n" if self.tip else ""
        return lines + words + f"{parent}deleteall\n".encode()

    def push(self, commit: str) -> None:
        """Move the branch, if it is still where we found it. Raises Busy."""
        ref = f"refs/heads/{self.branch.name}"
        try:
            self._run(
                "push", "--quiet", f"--force-with-lease={ref}:{self.tip}", "--", self.branch.remote, f"{commit}:{ref}"
            )
        except CrisiscommsError as error:
            if "stale info" in error.problem or "fetch first" in error.problem or "cannot lock ref" in error.problem:
                raise Busy(
                    f"somebody else moved the branch {self.branch.name} meanwhile", why=_WHY, fix="Publish again."
                ) from error
            raise

    def _run(self, *words: str, given: bytes | None = None) -> bytes:
        command = ["git", "-c", "core.quotePath=false", "-c", "gc.auto=0", *words]
        try:
            done = subprocess.run(  # noqa: S603 -- no shell, and every address comes after "--"
                command,
                cwd=self.folder,
                env=self._environment(),
                input=given or b"",
                capture_output=True,
                check=False,
                timeout=_PATIENCE,
            )
        except subprocess.TimeoutExpired as error:
            raise CrisiscommsError(
                f"git {words[0]} did not end within {_PATIENCE:.0f} seconds",
                why=_WHY,
                fix="Look whether the remote answers, then publish again.",
            ) from error
        if done.returncode:
            said = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
            told = "; ".join(line for line in said if not line.startswith(("hint:", "To ")))[:500]
            raise CrisiscommsError(
                f"git {words[0]}: {told}", why=_WHY, fix="Check the repository and who may write to it."
            )
        return done.stdout

    def _environment(self) -> Mapping[str, str]:
        """Return what git is to see: never a prompt, never an unknown host, and the token where nobody else can read it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        strict = {
            "GIT_DIR": str(self.folder),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file:https:ssh",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes",
            "LC_ALL": "C",
        }
        if self.branch.token:
            basic = base64.b64encode(f"x-access-token:{self.branch.token}".encode()).decode()
            strict |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self.branch.remote}.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
            }
        return {**kept, **strict}


def _plain(words: str) -> str:
    """Return a name that cannot be taken for the end of its line."""
    return "".join(sign for sign in words if sign not in "<>\r\n\0").strip()
