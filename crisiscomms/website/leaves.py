"""A page before it is rendered: which layout, where it stands, what it is called, and what its layout is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crisiscomms.messages.model import Page, SiteContent
from crisiscomms.website.paging import Part
from crisiscomms.website.speech import Speech


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page: its layout, its path below its language's root, and what the layout is given besides.

    `section` is the path of the list that it belongs to, for navigation.
    """

    layout: str
    path: str
    title: str
    description: str
    given: Mapping[str, Any] = field(default_factory=dict)
    content: SiteContent | None = None
    page: Page | None = None
    section: str = ""


def numbered(speech: Speech, title: str, part: Part[Any]) -> str:
    """Return the title of a part of a list: no two pages have the same."""
    if part.number == 1:
        return title
    return f"{title}, {speech.plain('page', number=str(part.number), count=str(part.of))}"
