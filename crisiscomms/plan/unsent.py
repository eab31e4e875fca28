"""What a plan names although nothing of it goes: readers whom a message misses, and messages that others take the place of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crisiscomms.messages.corrections import misheard
from crisiscomms.messages.facts import Facts
from crisiscomms.plan import reasons
from crisiscomms.plan.model import Action, Item
from crisiscomms.published import Copies


def never_corrected(facts: Facts, copies: Copies, corrected: Mapping[str, int]) -> Iterator[Item]:
    """Name those who were told a figure that has changed, and are on no list any more that its correction goes to.

    `corrected` counts by channel those to whom it does.
    """
    told = [one for one in facts.published.told if one.audience]
    audiences = dict.fromkeys(one.audience for one in told)
    heard = {name: found for name in audiences if (found := misheard(facts, name))}
    for channel in dict.fromkeys(one.channel for one in told) if heard else ():
        misled = copies.still_misled(facts.incident.id, channel, heard)
        if (left := misled - corrected.get(channel, 0)) > 0:
            reason = reasons.LEFT.format(who=reasons.people(left))
            yield Item(
                Action.BLOCK, channel, "correction", facts.incident.id, facts.update.id, "correction", reason=reason
            )


def passed_over(facts: Facts) -> Iterator[Item]:
    """Name updates that reach nobody, and those that a newer one takes the place of: whoever is in both is told that alone."""
    newer: dict[str, str] = {}
    for update in facts.to_tell():
        lists = [name for name in update.audiences if not facts.public(name)]
        if update.private and not lists:
            title = f'private update "{update.id}"'
            yield Item(Action.BLOCK, "all", "update", facts.incident.id, update.id, title, reason=reasons.TO_NOBODY)
        if passed := [name for name in lists if name in newer]:
            reason = reasons.PASSED_OVER.format(who=" and ".join(passed), newer=newer[passed[0]])
            title = f'mail of "{update.id}"'
            yield Item(Action.BLOCK, "all", "update", facts.incident.id, update.id, title, reason=reason)
        newer = {**dict.fromkeys(lists, update.id), **newer}
