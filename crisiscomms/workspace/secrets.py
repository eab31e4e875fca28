"""Secrets: looked up by name where they are used, and never printed."""

from __future__ import annotations

import os
import re

from crisiscomms.errors import CrisiscommsError, relative
from crisiscomms.workspace.folder import Workspace


def secret(workspace: Workspace, channel: str, name: str) -> str:
    """Return a secret of a channel. Raises CrisiscommsError that names where it was looked for, never its value.

    Looked for in this order: the keyring (service `crisiscomms`, user `CHANNEL.NAME`), the file
    `secrets/CHANNEL.NAME` in the workspace, the environment variable `CRISISCOMMS_CHANNEL_NAME`, which is meant
    for CI only.
    """
    found = find_secret(workspace, channel, name)
    if found is not None:
        return found
    path = workspace.folder / "secrets" / f"{channel}.{name}"
    raise CrisiscommsError(
        f'the {name} of channel "{channel}" is nowhere to be found',
        why="We cannot sign in there, so nothing goes out through it.",
        fix=f"Write it into {relative(path)}, or into the keyring: keyring set crisiscomms {channel}.{name}",
    )


def find_secret(workspace: Workspace, channel: str, name: str) -> str | None:
    """Return a secret if it is anywhere. Looked for as `secret` does."""
    path = workspace.folder / "secrets" / f"{channel}.{name}"
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    variable = re.sub(r"\W", "_", f"CRISISCOMMS_{channel}_{name}").upper()
    if variable in os.environ:
        return os.environ[variable]
    return _from_keyring(f"{channel}.{name}")


def _from_keyring(user: str) -> str | None:
    import keyring  # noqa: PLC0415 -- a tenth of a second that only real channels need
    import keyring.errors  # noqa: PLC0415

    try:
        return keyring.get_password("crisiscomms", user)
    except keyring.errors.KeyringError:
        return None
