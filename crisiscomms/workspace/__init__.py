"""The workspace room: who speaks, where to, and to whom. Read from `crisiscomms.toml`."""

from crisiscomms.workspace.colours import palette
from crisiscomms.workspace.folder import Workspace, is_url
from crisiscomms.workspace.look import Look
from crisiscomms.workspace.read import FILE, fields_at, find_workspace, read_workspace, set_ledger, toml_place
from crisiscomms.workspace.secrets import find_secret, secret
from crisiscomms.workspace.settings import Settings, has_password

__all__ = [
    "FILE",
    "Look",
    "Settings",
    "Workspace",
    "fields_at",
    "find_secret",
    "find_workspace",
    "has_password",
    "is_url",
    "palette",
    "read_workspace",
    "secret",
    "set_ledger",
    "toml_place",
]
