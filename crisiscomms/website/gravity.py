"""How bad it is: the severities in their order, and the colour that says so."""

from __future__ import annotations

from collections.abc import Iterable

from crisiscomms.messages.model import SiteContent
from crisiscomms.record import CLOSED
from crisiscomms.website.briefs import Brief

#: From the gravest to the lightest.
SEVERITIES = ("critical", "major", "minor")


def tone(contents: Iterable[SiteContent | Brief]) -> str:
    """Return the colour that says how bad it is: that of the gravest that is open."""
    open_ = {content.severity for content in contents if content.status not in CLOSED}
    return "down" if "critical" in open_ else "open" if open_ else "calm"
