"""The ledger against what was published from it: a backup that was put back may not know who was told since."""

from __future__ import annotations

from crisiscomms.channels.website import WebsiteChannel
from crisiscomms.delivery.world import Room
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger.trail import Anchor


def published_anchors(room: Room) -> list[Anchor]:
    """Return what the published sites of a workspace say about its ledger."""
    sites = (channel for channel in room.channels.values() if isinstance(channel, WebsiteChannel))
    found = []
    for text in filter(None, (site.anchor() for site in sites)):
        try:
            found.append(Anchor.from_json(text))
        except ValueError:
            continue  # somebody else's file: it says nothing about us
    return found


def refuse_older(room: Room) -> None:
    """Raise CrisiscommsError where the ledger does not reach as far as what was published from it."""
    trail = room.ledger.trail
    for anchor in published_anchors(room):
        if not trail.holds(anchor) and not trail.accepted(anchor):
            raise CrisiscommsError(
                f"the ledger {room.ledger.store.name} is older than the published site, or not the one it was published from",
                why="It does not know who was told since, and would tell them again. Nothing was sent.",
                fix="Put the newest ledger back. If there is none: crisiscomms ledger accept. Then everything that still waits is in doubt, and you decide.",
            )
