"""Putting a built site where readers find it: whole, or not at all; and reading it back from there."""

from crisiscomms.website.deploy.folder import FolderTarget
from crisiscomms.website.deploy.release import MANIFEST, Kept, Manifest, Release, find
from crisiscomms.website.deploy.target import Target, standing

__all__ = ["MANIFEST", "FolderTarget", "Kept", "Manifest", "Release", "Target", "find", "standing"]
