"""The workspace room: who speaks, where to, and to whom. Read from `crisiscomms.toml`."""

from crisiscomms.workspace.colours import palette
from crisiscomms.workspace.folder import Workspace, is_url
from crisiscomms.workspace.look import Look
from crisiscomms.workspace.read import FILE, fields_at, find_workspace, place_of, read_workspace, set_ledger
from crisiscomms.workspace.secrets import find_secret, secret
from crisiscomms.workspace.settings import Component, Settings, has_password

__all__ = [
    "FILE",
    "Component",
    "Look",
    "Settings",
    "Workspace",
    "fields_at",
    "find_secret",
    "find_workspace",
    "has_password",
    "is_url",
    "palette",
    "place_of",
    "read_workspace",
    "secret",
    "set_ledger",
]
