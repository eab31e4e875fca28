"""What search engines read of a page, as JSON-LD: the same words that readers see, and nothing besides.

See https://schema.org/LiveBlogPosting and https://schema.org/FAQPage.
"""

from __future__ import annotations

import html
import json
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from markupsafe import Markup

from crisiscomms.messages.model import Entry, Page, SiteContent
from crisiscomms.messages.prose import single_spaced
from crisiscomms.record import CLOSED
from crisiscomms.website.content import TAGS, changed, sections

#: What parts words from each other, as a reader sees them.
_BLOCKS = frozenset(["blockquote", "br", "dd", "div", "dt", "h2", "h3", "h4", "hr", "li", "p", "pre", "td", "th"])


class Publisher(NamedTuple):
    """Who speaks: the organisation's name and its website."""

    name: str
    url: str


def linked_data(
    content: SiteContent, page: Page, shown: AbstractSet[str], publisher: Publisher, address: str
) -> Markup:
    """Return the JSON-LD of an incident page or a FAQ, ready to stand in a `script`; empty for other pages.

    `shown` are the ids of the updates that the page shows, `address` is the page's own.
    """
    who = {"@type": "Organization", **publisher._asdict()}
    if page.kind == "incident":
        found = _live_blog(content, page, shown, who, address)
    elif page.kind == "faq":
        found = _questions(content, page, who, address)
    else:
        return Markup()
    plain = json.dumps({"@context": "https://schema.org", **found}, ensure_ascii=False, separators=(",", ":"))
    # Nothing in it may end the element that it stands in.
    return Markup(plain.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


def _live_blog(
    content: SiteContent, page: Page, shown: AbstractSet[str], who: dict[str, str], address: str
) -> dict[str, Any]:
    times = {"coverageStartTime": content.first_at}
    if content.status in CLOSED:
        times["coverageEndTime"] = content.entries[0].at
    return {
        "@type": "LiveBlogPosting",
        "url": address,
        "headline": page.title,
        "description": page.description,
        "inLanguage": content.words_language,
        "datePublished": content.first_at,
        "dateModified": changed(content).isoformat(),
        **times,
        "author": who,
        "publisher": who,
        "liveBlogUpdate": [_update(entry, address) for entry in content.entries if entry.id in shown],
    }


def _update(entry: Entry, address: str) -> dict[str, Any]:
    return {
        "@type": "BlogPosting",
        "url": f"{address}#{entry.id}",
        "headline": entry.title,
        "articleBody": plain_text(entry.html),
        "datePublished": entry.at,
        "dateModified": entry.corrected_at or entry.at,
    }


def _questions(content: SiteContent, page: Page, who: dict[str, str], address: str) -> dict[str, Any]:
    return {
        "@type": "FAQPage",
        "url": address,
        "inLanguage": content.words_language,
        "publisher": who,
        "mainEntity": [
            {
                "@type": "Question",
                "url": f"{address}#{anchor}",
                "name": plain_text(heading),
                "acceptedAnswer": {"@type": "Answer", "text": plain_text(answer)},
            }
            for anchor, heading, answer in sections(page.html)
        ],
    }


def plain_text(body: str) -> str:
    """Return what a reader sees of some HTML, on one line."""
    words = TAGS.sub(lambda match: " " if match["name"] in _BLOCKS else "", body)
    return single_spaced(html.unescape(words))
