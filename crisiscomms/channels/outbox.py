"""The outbox: messages as files, byte for byte what a real channel would have sent.

It is a kind of its own (`type = "outbox"`), and what every channel becomes in a rehearsal: the real channel's pure half
prepares, the outbox writes, and the half that reaches the outside is never opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from crisiscomms.channels.base import Caps, Channel, Letter, NotSent, Posting, Prepared, Receipt, Rejected, Sender
from crisiscomms.channels.form import MailForms
from crisiscomms.channels.mail import MailSettings
from crisiscomms.durable import rename_through, write_through
from crisiscomms.fields import Language
from crisiscomms.limits import X_POST


class OutboxSettings(MailSettings):
    """Where the files go, and which shape of message they are."""

    folder: str = "outbox"
    """The folder, from the workspace."""
    writes: Literal["mail", "post"] = "mail"
    """mail: one .eml file for each recipient. post: one .txt file for each post."""
    language: Language | None = None
    """The language of posts. Empty: the first of the workspace."""


class OutboxChannel:
    """A channel that writes files."""

    def __init__(self, name: str, settings: OutboxSettings, folder: Path, key: bytes) -> None:
        self.name, self.settings, self._folder = name, settings, folder
        self._forms = MailForms(settings, key)
        limit = X_POST if settings.writes == "post" else None
        self.caps = Caps(settings.writes, leaves_machine=False, can_find=True, limit=limit, repeats=True)

    @classmethod
    def from_table(cls, name: str, table: dict[str, Any], workspace: Path, key: bytes) -> OutboxChannel:
        """Read a channel's table. Raises pydantic's ValidationError."""
        settings = OutboxSettings.model_validate({k: v for k, v in table.items() if k != "type"})
        return cls(name, settings, workspace / settings.folder / name, key)

    def prepare(self, item: Letter | Posting) -> Prepared:
        """Return the exact bytes."""
        if isinstance(item, Letter):
            return _addressed(self._forms.prepare(item), item)
        return _addressed(Prepared((item.post.text.encode(),)), item)

    def open(self, secret: Callable[[str], str]) -> Any:
        """Open the folder. No secret is needed."""
        del secret
        return _folder(self._folder, lasting=True)


#: How much of an address a file's name holds: names have at most 255 bytes.
_LONGEST_NAME = 150


class RehearsalChannel:
    """A real channel of which only the pure half is used. Its `open` leads to a folder, so the outside cannot be reached."""

    def __init__(self, real: Channel, folder: Path) -> None:
        self.name = real.name
        self.caps = Caps(real.caps.shape, leaves_machine=False, can_find=True, limit=real.caps.limit, repeats=True)
        self.settings = getattr(real, "settings", None)
        self._prepare, self._folder = real.prepare, folder / real.name

    def prepare(self, item: Letter | Posting) -> Prepared:
        """Return the exact bytes that the real channel would send."""
        return _addressed(self._prepare(item), item)

    def open(self, secret: Callable[[str], str]) -> Any:
        """Open the folder."""
        del secret
        return _folder(self._folder, lasting=False)


def _addressed(prepared: Prepared, item: Letter | Posting) -> Prepared:
    """Add the name of the file that a message is written to: the same message, the same file."""
    if isinstance(item, Letter):
        notice = item.notice
        email = item.email.lower()
        person = re.sub(r"[^a-z0-9@.-]", "_", email)
        if person != email or len(person) > _LONGEST_NAME:  # two readers never share a file
            person = f"{person[:_LONGEST_NAME]}-{sha256(email.encode()).hexdigest()[:12]}"
        name = f"{notice.incident}/{notice.update}/{item.number}-{notice.kind}-{person}.eml"
    else:
        name = f"{item.post.incident}/{item.at:%Y%m%dT%H%M}-{item.number}-{item.post.update}-{item.post.kind}.txt"
    return prepared._replace(envelope={**prepared.envelope, "file": name})


@contextmanager
def _folder(folder: Path, *, lasting: bool) -> Iterator[Sender]:
    with _certain():
        folder.mkdir(parents=True, exist_ok=True)
    yield _FolderSender(folder, lasting=lasting)


@contextmanager
def _certain() -> Iterator[None]:
    """Say of what the disk refuses that nobody got it. Raises NotSent."""
    try:
        yield
    except OSError as error:
        raise NotSent.by_disk(error) from error


class _FolderSender:
    """Writes each message whole or not at all. A rehearsal does not wait for the disk: nobody misses its files."""

    def __init__(self, folder: Path, *, lasting: bool) -> None:
        self._root = folder.resolve()
        self._write = write_through if lasting else Path.write_bytes
        self._rename = rename_through if lasting else Path.replace

    def _path(self, prepared: Prepared) -> Path:
        path = (self._root / prepared.envelope["file"]).resolve()
        if not path.is_relative_to(self._root):
            raise Rejected("the file would land outside the outbox")
        return path

    @staticmethod
    def _body(prepared: Prepared, parent: Receipt | None) -> bytes:
        if not prepared.envelope["file"].endswith(".txt"):
            return prepared.payload
        answers = f"In reply to: {parent.id}\n\n" if parent else ""
        return answers.encode() + prepared.payload + b"\n"

    def send(self, prepared: Prepared, *, parent: Receipt | None, edge: Callable[[], None]) -> Receipt:
        """Write one file."""
        path = self._path(prepared)
        draft = path.with_name(f".{path.name}.part")
        with _certain():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(draft, self._body(prepared, parent))
        edge()
        with _certain():
            self._rename(draft, path)
        return Receipt(prepared.envelope["file"], evidence={"file": prepared.envelope["file"]})

    def find_existing(self, prepared: Prepared, *, since: datetime) -> Receipt | None:
        """Look whether the file is there with these bytes."""
        del since
        path = self._path(prepared)
        if path.is_file() and path.read_bytes().rstrip(b"\n").endswith(prepared.payload.rstrip(b"\n")):
            return Receipt(prepared.envelope["file"])
        return None
