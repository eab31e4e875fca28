"""All messages of one incident, composed in one go from one set of facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from crisiscomms.messages.derive import derive_facts, telling
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.letters import Letters, filled, reader_filler, reader_slots
from crisiscomms.messages.model import Messages
from crisiscomms.messages.pages import Pages
from crisiscomms.messages.posts import Account, Posts
from crisiscomms.published import PublishedIncident, Told
from crisiscomms.record import CLOSED, Handwritten, Incident, Update
from crisiscomms.telling import Telling
from crisiscomms.workspace import Workspace

__all__ = ["Account", "Composed", "compose", "filled", "moved_on", "reader_filler", "reader_slots"]


class Composed(NamedTuple):
    """What was composed: all messages, the facts behind them, and what a publication of them would tell.

    `later` holds the notices and posts of updates whose time is still to come, by update.
    """

    facts: Facts
    messages: Messages
    telling: Telling
    later: Mapping[str, Messages] = MappingProxyType({})


def compose(  # noqa: PLR0917 -- everything there is to know, each thing by its own name
    incident: Incident,
    workspace: Workspace,
    voices: Mapping[str, Voice],
    published: PublishedIncident,
    now: datetime,
    accounts: tuple[Account, ...],
    texts: tuple[Handwritten, ...] = (),
) -> Composed | None:
    """Compose everything there is to say about an incident at a moment. None while no update is due.

    `texts` are those that the team wrote in place of ours. A past incident has its page and nothing else: nobody is
    told of it.
    """
    facts = derive_facts(incident, workspace, voices, published, now, texts)
    if facts is None:
        return None
    public = facts.for_the_public()
    pages = Pages(public) if public else None
    if incident.history:
        found = tuple(pages.site(language) for language in voices) if pages else ()
        return Composed(facts, Messages(incident.id, found), telling(facts))
    letters, posts = Letters(facts), Posts(facts, accounts)
    messages = Messages(
        incident.id,
        tuple(pages.site(language) for language in voices) if pages else (),
        (*letters.notices(), *letters.corrections()),
        (*posts.posts(), *posts.correcting_posts()),
        tuple(pages.memo(language) for language in facts.languages) if pages else (),
    )
    return Composed(facts, messages, telling(facts), dict(_later(facts, accounts)))


def _later(facts: Facts, accounts: tuple[Account, ...]) -> Iterator[tuple[str, Messages]]:
    """Compose the dispatches of updates that are still to come, as they would read at their own time."""
    published = _as_if_sent(facts.published, facts.update)
    for update in facts.incident.updates:
        if update.at.at > facts.now and not moved_on(facts, update):
            then = derive_facts(facts.incident, facts.workspace, facts.voices, published, update.at.at, facts.texts)
            if then is not None and then.update is update:
                published = _as_if_sent(published, update)
                then = then._replace(corrections=())
                notices = tuple(one for one in Letters(then).notices() if one.update == update.id)
                posts = tuple(one for one in Posts(then, accounts).posts() if one.update == update.id)
                yield update.id, Messages(facts.incident.id, (), notices, posts)


def moved_on(facts: Facts, update: Update) -> str:
    """Return the update since which it is over, where another one was written before anybody knew that; else nothing."""
    before = [one for one in facts.updates if one.at.at < update.at.at]
    return before[-1].id if before and before[-1].status in CLOSED and update.status not in CLOSED else ""


def _as_if_sent(published: PublishedIncident, update: Update) -> PublishedIncident:
    """Return what will be out when an update's audiences have been told."""
    told = (Told(update.id, "", "", name, "notice", "sent") for name in update.audiences)
    return published._replace(told=(*published.told, *told))
