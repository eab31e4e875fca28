"""Which kinds of channel there are, and how a workspace's tables become channels."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crisiscomms.channels.base import Channel
from crisiscomms.durable import put_durably
from crisiscomms.errors import CrisiscommsError, Finding, InvalidInput, Severity, did_you_mean
from crisiscomms.workspace import Workspace, place_of

KINDS = ("website", "outbox", "smtp", "x")
#: What doubt may mean on a channel: a person decides, rather silence, or rather twice than never.
DOUBT = ("ask", "silence", "duplicate")
_KEY_BYTES = 32
#: What the plan calls the memo, and what goes through all channels.
_TAKEN = frozenset({"memo", "all"})
_WHY = "Nothing goes out through this channel until it can be read."


def channels(workspace: Workspace, *, rehearsal: Path | None = None) -> dict[str, Channel]:
    """Return the workspace's channels by name. Raises InvalidInput with everything that is wrong with their tables.

    With `rehearsal`, a folder, every channel that leads anywhere is replaced by one that writes files there.
    """
    found: dict[str, Channel] = {}
    problems: list[Finding] = []
    for name, table in workspace.settings.channels.items():
        if name in _TAKEN:
            words = f'a channel cannot be called "{name}": the plan calls something else so'
            problems.append(_problem(workspace, (name,), words, "Give it another name."))
        try:
            problems += _doubt_problems(workspace, name, table)
            found[name] = _channel(workspace, name, table, rehearsal)
        except ValidationError as error:
            problems += [_problem(workspace, (name, *entry["loc"]), _words(entry)) for entry in error.errors()]
        except LookupError:
            kind = str(table.get("type", ""))
            words = (
                f'channel "{name}" has the type "{kind}", which we do not know.{did_you_mean(kind, KINDS)}'
                if kind
                else f'channel "{name}" has no type'
            )
            problems.append(_problem(workspace, (name, "type"), words, f"Use one of: {', '.join(KINDS)}."))
    for name, audience in workspace.settings.audiences.items():
        for channel in audience.channels:
            if channel not in workspace.settings.channels:
                problems.append(
                    _problem(
                        workspace,
                        (),
                        f'audience "{name}" uses the channel "{channel}", which is not there.{did_you_mean(channel, workspace.settings.channels)}',
                        "Add a table for it under [channels], or take it out.",
                        ("audiences", name, "channels"),
                    )
                )
    if problems:
        raise InvalidInput(problems)
    return found


def _channel(workspace: Workspace, name: str, table: dict[str, Any], rehearsal: Path | None) -> Channel:
    kind = table.get("type")
    if kind == "website":
        from crisiscomms.channels.website import WebsiteChannel  # noqa: PLC0415

        target = (rehearsal or workspace.folder) / workspace.settings.site.folder
        url = workspace.settings.site.url
        return WebsiteChannel.from_table(name, table, target, url, rehearsal=rehearsal is not None)
    real = _real(workspace, name, table)
    if not rehearsal:
        return real
    from crisiscomms.channels.outbox import RehearsalChannel  # noqa: PLC0415 -- what makes mails takes long to load

    return RehearsalChannel(real, rehearsal)


def _doubt_problems(workspace: Workspace, name: str, table: dict[str, Any]) -> list[Finding]:
    """Return what is wrong with the word on doubt, which the plan reads and no channel does."""
    word = table.get("doubt", DOUBT[0])
    if word in DOUBT or table.get("type") == "website":  # a website takes no such word, and says so itself
        return []
    words = f'doubt cannot be "{word}".{did_you_mean(str(word), DOUBT)}'
    fix = "Use ask (a person decides), silence (never send it again) or duplicate (rather twice than never)."
    return [_problem(workspace, (name, "doubt"), words, fix)]


def _real(workspace: Workspace, name: str, table: dict[str, Any]) -> Channel:
    kind = table.get("type")
    table = {key: value for key, value in table.items() if key != "doubt"}
    if kind == "outbox":
        contact = workspace.settings.organisation.contact.email
        table = {"sender": f"{workspace.settings.organisation.name} <{contact}>", **table} if contact else table
        from crisiscomms.channels.outbox import OutboxChannel  # noqa: PLC0415

        return OutboxChannel.from_table(name, table, workspace.folder, unsubscribe_key(workspace))
    if kind == "smtp":
        from crisiscomms.channels.smtp import SmtpChannel  # noqa: PLC0415

        return SmtpChannel.from_table(name, table, unsubscribe_key(workspace))
    if kind == "x":
        from crisiscomms.channels.x import XChannel  # noqa: PLC0415

        return XChannel.from_table(name, table)
    raise LookupError(kind)


def unsubscribe_key(workspace: Workspace) -> bytes:
    """Return the key behind unsubscribe tokens, or a throw-away one while nothing was ever sent from here.

    Raises CrisiscommsError where it cannot be read.
    """
    path = _key_path(workspace)
    if not path.is_file():
        return secrets.token_bytes(_KEY_BYTES)
    try:
        key = bytes.fromhex(path.read_text(encoding="utf-8").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise CrisiscommsError(
            "secrets/unsubscribe.key is damaged",
            why="Nobody could tell any more who asked for no more mail, so nothing goes out.",
            fix="Put the file back from a backup, or copy it from another machine that publishes.",
        )
    return key


def keep_unsubscribe_key(workspace: Workspace, *, begun: bool = False) -> None:
    """Make the key before the first mail goes out. It stays in the workspace's `secrets` folder, readable by its owner only.

    `begun`: another machine made it already. Raises CrisiscommsError where it is not here then.
    """
    path = _key_path(workspace)
    if begun and not path.is_file():
        raise CrisiscommsError(
            "secrets/unsubscribe.key is not on this machine, and mails are out that were made with it",
            why="Nobody here could tell who asked for no more mail, so nothing goes out.",
            fix="Copy the file from the machine that published first.",
        )
    if not path.is_file():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        put_durably(path, secrets.token_hex(_KEY_BYTES).encode(), mode=0o600)


def _key_path(workspace: Workspace) -> Path:
    return workspace.folder / "secrets" / "unsubscribe.key"


def _words(entry: Any) -> str:
    field = ".".join(str(part) for part in entry["loc"])
    if entry["type"] == "extra_forbidden":
        return f'"{field}" is not a setting of this kind of channel'
    if entry["type"] == "missing":
        return f"{field} is missing"
    return f"{field}: {entry['msg'].removeprefix('Value error, ')}"


def _problem(
    workspace: Workspace,
    path: tuple[Any, ...],
    message: str,
    fix: str = "Correct the setting.",
    place: tuple[str, ...] = (),
) -> Finding:
    where = place_of(workspace, place or ("channels", *path))
    return Finding("channel", Severity.ERROR, where, message, _WHY, fix)
