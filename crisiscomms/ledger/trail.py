"""The audit trail: one entry for each change, each chained to the one before it, in the transaction of the change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from crisiscomms.ledger.tables import audit

_LAST = select(audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
_ADD = insert(audit)


def note(
    connection: Connection, at: str, who: str, what: str, entries: Iterable[tuple[str, Mapping[str, Any]]]
) -> None:
    """Write entries of one sort: pairs of what changed and details."""
    previous = connection.execute(_LAST).scalar() or ""
    rows = []
    for subject, detail in entries:
        details = json.dumps(detail, sort_keys=True, ensure_ascii=False)
        entry = {"at": at, "who": who, "what": what, "subject": subject, "detail": details}
        chained = link(previous, entry)
        rows.append({"previous": previous, "hash": chained, **entry})
        previous = chained
    if rows:
        connection.execute(_ADD, rows)


def link(previous: str, entry: Mapping[str, str]) -> str:
    """Return the hash of an entry that follows another one's hash."""
    body = json.dumps(entry, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
