"""The names that a record's parts call each other by, as the file has them.

Taken from the file and not from the model: a fact whose value cannot be read is still a fact that texts may cite.
"""

from __future__ import annotations

from typing import NamedTuple

from crisiscomms.record.citations import DERIVED, TIMES
from crisiscomms.record.tree import Tree
from crisiscomms.workspace import Workspace


class Names(NamedTuple):
    """Every name that a part of the record may use. Dicts keep their order and are fast to ask."""

    facts: dict[str, None]
    audiences: dict[str, None]
    promises: dict[str, None]
    channels: dict[str, None]
    components: dict[str, None]
    times: frozenset[str]
    listed: frozenset[str]

    def citable(self) -> list[str]:
        """Return everything that a text may cite, as it is written."""
        promises = [f"promises.{promise}.due" for promise in self.promises]
        return [f"${name}" for name in (*self.facts, *DERIVED, *promises)]


def names_in(tree: Tree, workspace: Workspace) -> Names:
    """Return the names that a file and its workspace hold."""
    settings = workspace.settings
    audiences = _keys(tree, "audiences")
    promises = tree.data.get("promises")
    ids = [p.get("id") for p in promises if isinstance(p, dict)] if isinstance(promises, list) else []
    own = {name for name in audiences if ("audiences", name, "recipients") in tree.spans}
    lasting = {name for name, audience in settings.audiences.items() if audience.recipients and name not in audiences}
    return Names(
        facts=dict.fromkeys(_keys(tree, "facts")),
        audiences=dict.fromkeys([*settings.audiences, *audiences]),
        promises=dict.fromkeys(name for name in ids if isinstance(name, str)),
        channels=dict.fromkeys(settings.channels),
        components=dict.fromkeys(component.id for component in settings.site.components),
        times=frozenset(name for name in TIMES if ("times", name) in tree.spans),
        listed=frozenset(own | lasting),
    )


def _keys(tree: Tree, field: str) -> list[str]:
    return [str(path[1]) for path in tree.keys if len(path) == 2 and path[0] == field]
