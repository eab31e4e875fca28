"""Say the right thing, once, everywhere: one incident record becomes every message people read.

    record ─> facts ─> messages ─> review ─> plan ─> delivery ─> channels ─> readers
                ▲                            ▲          │
                └──── what is published ─────┴─ ledger ─┘

Everything left of `delivery` is pure: the same record, workspace, published state and clock give the same bytes.

    from crisiscomms import find_workspace, load_record

    workspace = find_workspace(Path("my-workspace"))
    record = load_record(workspace, "checkout-outage")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crisiscomms.errors import CrisiscommsError, Finding, Place, Severity
    from crisiscomms.record import Incident, Record, load_record
    from crisiscomms.workspace import Workspace, find_workspace

__all__ = [
    "CrisiscommsError",
    "Finding",
    "Incident",
    "Place",
    "Record",
    "Severity",
    "Workspace",
    "find_workspace",
    "load_record",
]

_HOME = {
    "CrisiscommsError": "errors",
    "Finding": "errors",
    "Incident": "record",
    "Place": "errors",
    "Record": "record",
    "Severity": "errors",
    "Workspace": "workspace",
    "find_workspace": "workspace",
    "load_record": "record",
}


def __getattr__(name: str) -> Any:
    """Import a public name where it is first used: `crisiscomms --help` needs none of them."""
    if name not in _HOME:
        raise AttributeError(name)
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"crisiscomms.{_HOME[name]}"), name)
