"""What is known about a message in doubt, in words for whoever has to decide."""

import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crisiscomms.delivery.outside import Outside
    from crisiscomms.delivery.world import Room
    from crisiscomms.ledger import Row

#: Where a message stood, by the phase that the ledger names.
_STOOD = {
    "after its last byte": "All of it was handed over, and no answer came.",
    "sending": "Its end was being handed over when the worker ended. Nobody heard an answer.",
    "claimed": "A worker had it in hand, and what it wrote down last was lost. It may have gone out.",
    "the ledger is older than what was published": "It waited in the backup that was put back. It may have gone out since.",
}


class Evidence:
    """What is known about the messages of one workspace. What many of them share is read once: there may be thousands."""

    def __init__(self, room: "Room") -> None:
        self._room = room

    @cached_property
    def _outside(self) -> "Outside":
        from crisiscomms.delivery.outside import Outside

        return Outside(self._room.ledger, self._room.channels, self._room.secret, AsyncExitStack())

    def about(self, row: "Row") -> dict[str, str]:
        """Return what is known: who, which message, where it stood, when, which server, what it said last, which worker."""
        known: dict[str, str] = json.loads(row.evidence or "{}")
        host, _, process = known.get("worker", "").rpartition(":")
        title, message_id = self._message(row)
        return {
            "to": row.recipient or "everybody who reads this account",
            "message": f'"{title}"',
            "of": f'incident {row.incident}, update "{row.update_id}", by {row.channel}',
            "stood": _STOOD.get(known.get("phase", ""), known.get("phase", "") or "Nobody wrote down where it stood."),
            "since": _moment(known.get("since", "")),
            "server": known.get("host") or _server(self._room.workspace.settings.channels.get(row.channel, {})),
            "last_word": known.get("reply") or known.get("reason") or "none that anybody wrote down",
            "worker": f"{host}, process {process}" if host else "not known",
            "message_id": known.get("message_id") or message_id,
        }

    def _message(self, row: "Row") -> tuple[str, str]:
        """Return the subject of a mail as its reader sees it, or how a post begins; and the mail's Message-ID."""
        from crisiscomms.channels.base import Letter, NotSent, Rejected
        from crisiscomms.messages.compose import filled
        from crisiscomms.published import STANDING

        if row.kind in STANDING:
            return row.kind, ""
        try:
            item = self._outside.item(row)
            message_id = self._outside.prepare(row)[0].envelope.get("message_id", "")
        except (NotSent, Rejected) as error:
            return error.reason, ""
        if isinstance(item, Letter):
            return filled(item.notice, item.values).subject_for(in_thread=bool(item.thread)), message_id
        return item.post.text.partition("\n")[0][:80], message_id


def _moment(since: str) -> str:
    return f"{datetime.fromisoformat(since).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if since else "not known"


def _server(table: dict[str, Any]) -> str:
    """Return where a channel leads, as the workspace says it now."""
    if "host" in table:
        return f"{table['host']}:{table['port']}" if "port" in table else str(table["host"])
    return {"x": "X"}.get(table.get("type", ""), table.get("type", "")) or "no longer in the workspace"
