"""The workspace room: who speaks, where to, and to whom. Read from `crisiscomms.toml`."""

from crisiscomms.workspace.folder import Workspace
from crisiscomms.workspace.read import FILE, fields_at, find_workspace, read_workspace, toml_place
from crisiscomms.workspace.secrets import secret
from crisiscomms.workspace.settings import Settings

__all__ = ["FILE", "Settings", "Workspace", "fields_at", "find_workspace", "read_workspace", "secret", "toml_place"]
