"""The accounts that public posts go to."""

from __future__ import annotations

from collections.abc import Mapping

from crisiscomms.channels.base import Channel
from crisiscomms.fields import Audience
from crisiscomms.messages.compose import Account
from crisiscomms.workspace import Workspace


def accounts(channels: Mapping[str, Channel], workspace: Workspace, own: Mapping[str, Audience]) -> tuple[Account, ...]:
    """Return the accounts of every audience without a list. `own` are the audiences of one incident."""
    public = [audience for audience in workspace.audiences(own).values() if not audience.recipients]
    found = []
    for name in dict.fromkeys(name for audience in public for name in audience.channels):
        channel = channels.get(name)
        if channel is not None and channel.caps.shape == "post" and channel.caps.limit:
            language = getattr(getattr(channel, "settings", None), "language", None) or workspace.language
            found.append(Account(name, language, channel.caps.limit))
    return tuple(found)
