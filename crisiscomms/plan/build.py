"""Making a plan: composed messages against what is out already."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from crisiscomms.channels.accounts import accounts
from crisiscomms.messages.compose import Composed, compose
from crisiscomms.messages.model import canonical, digest, site_content
from crisiscomms.messages.prose import PUBLISHED_AT, plain_times
from crisiscomms.plan.deliveries import Deliveries
from crisiscomms.plan.dispatches import Dispatches
from crisiscomms.plan.model import NONE, Action, IncidentPlan, Item, Plan
from crisiscomms.plan.world import Choices, World
from crisiscomms.published import EVERYTHING, MAYBE_OUT, STANDING
from crisiscomms.record import Record
from crisiscomms.review import Case, review

__all__ = ["Choices", "World", "build_plan"]

MEMO = "memo"
_NONE = Choices()


def build_plan(world: World, records: list[Record], choices: Choices = _NONE) -> Plan:
    """Plan the publication of some incidents. Pure: the same world gives the same plan."""
    return Plan(tuple(_Planner(world, record, choices).plan() for record in records), world.now)


def locked(incident: str, world: World) -> str:
    """Return why a market-sensitive incident does not go, with the command that opens it."""
    there = " --rehearsal" if world.rehearsal else ""
    return (
        f'it is market-sensitive and nobody has opened it. To open it: crisiscomms unlock {incident} --by "NAME"{there}'
    )


def renamed(record: Record, world: World) -> str:
    """Return why an incident does not go that is another's by a new name, or an empty string."""
    out = world.published.incidents
    voice = next(iter(world.voices.values()))
    said = {update.id: (dict(update.text), voice.iso(update.at)) for update in record.incident.updates}
    for name in sorted(out.keys() - set(world.workspace.incidents())):
        telling = out[name].telling
        told = telling.texts if telling else {}
        if any(
            told.get(f"updates.{update}") == words and told.get(f"update.{update}", {}).get("at") in {None, at}
            for update, (words, at) in said.items()
        ):
            return (
                f'it tells what "{name}" has told, whose record is gone: everybody would hear it twice. '
                f"Call the file and its id {name} again"
            )
    return ""


def by_another_name(item: Item, world: World) -> str:
    """Return why a message does not go that another channel sent, of which the settings know nothing any more, or nothing."""
    if item.kind in STANDING or item.action is not Action.CREATE:
        return ""
    for told in world.published.of(item.incident).told:
        same = (told.update, told.kind, told.audience) == (item.update, item.kind, item.audience)
        if same and told.state in MAYBE_OUT and told.channel not in world.workspace.settings.channels:
            return (
                f'the channel "{told.channel}" sent it, and crisiscomms.toml does not name that channel any more: '
                f'they would hear it twice. Call "{item.channel}" by its old name again. A new update goes through it anyway'
            )
    return ""


class _Planner:
    """Plans one incident."""

    def __init__(self, world: World, record: Record, choices: Choices) -> None:
        self.world, self.record, self.choices = world, record, choices
        self.incident = record.incident
        self.ledger = Deliveries(world, record)
        self.published = self.ledger.published

    def plan(self) -> IncidentPlan:
        """Plan it."""
        world = self.world
        posting = accounts(world.channels, world.workspace, self.incident.audiences)
        texts = self.record.texts
        composed = compose(self.incident, world.workspace, world.voices, self.published, world.now, posting, texts)
        findings = review(Case(self.record, world.workspace, self.published, world.now, composed), posting)
        if composed is None:
            return IncidentPlan(self.record, None, findings)
        dispatches = Dispatches(world, self.record, self.choices, composed, self.ledger)
        found = [*self._site(composed), *self._memos(composed), *dispatches.due(), *dispatches.later()]
        twice = "" if self.published.telling else renamed(self.record, world)
        stale = dispatches.out_of_date()
        found = [self._blocked(one, stale) if stale and one.kind in STANDING and one.drafts else one for one in found]
        items = [self._held(self._locked(self._once(item, twice))) for item in found]
        unwanted = self.ledger.unwanted(items)
        items += dispatches.called_off(unwanted)
        return IncidentPlan(self.record, composed, findings, tuple(items), self.ledger.bodies, unwanted.ids)

    def _once(self, item: Item, twice: str) -> Item:
        why = twice or by_another_name(item, self.world)
        return self._blocked(item, why) if why else item

    def _held(self, item: Item) -> Item:
        holds = self.world.published.holds
        scope = next((s for s in (item.incident, f"channel:{item.channel}", EVERYTHING) if s in holds), None)
        if scope is None or item.action in {Action.KEEP, Action.BLOCK}:
            return item
        return self._blocked(item, f"{scope} is on hold: {holds[scope]}")

    def _locked(self, item: Item) -> Item:
        """Block everything of a market-sensitive incident, the memo too, until a named person opened it."""
        if not self.incident.market_sensitive or item.action in {Action.KEEP, Action.BLOCK}:
            return item
        return (
            item if self.world.opened(self.incident.id) else self._blocked(item, locked(self.incident.id, self.world))
        )

    @staticmethod
    def _blocked(item: Item, why: str) -> Item:
        return replace(item, action=Action.BLOCK, reason=why, drafts=NONE, held=True)

    # -- what stands -------------------------------------------------------------------------------------------

    def _site(self, composed: Composed) -> Iterator[Item]:
        """Plan the site: all languages are one delivery, since the site is switched as a whole."""
        contents = composed.messages.site
        digests = {content.language: self.ledger.keep(content) for content in contents}
        pages = ", ".join(dict.fromkeys(page.kind for content in contents for page in content.pages))
        after = "\n\n".join(page.text for content in contents for page in content.pages)
        for channel in self.world.channels.values():
            if channel.caps.shape != "site":
                continue
            stands = self.published.site and self._is_there(channel.name, "site")
            item = Item(
                Action.REVISE if stands else Action.CREATE,
                channel.name,
                "site",
                self.incident.id,
                composed.facts.update.id,
                f"pages: {pages}",
                before=self._seen(composed) if stands else "",
                after=plain_times(after).replace(PUBLISHED_AT, "now"),
                digest=digest(canonical(digests)),
                leaves=channel.caps.leaves_machine,
            )
            yield self._stands(item, composed, digests, same=digests == dict(self.published.site), rank=0)

    def _seen(self, composed: Composed) -> str:
        """Return what stands on the site now, in the order of what would stand there."""
        site = self.published.site
        languages = [content.language for content in composed.messages.site if content.language in site]
        contents = [site_content(self.world.read(site[language])) for language in languages]
        return "\n\n".join(page.text for content in contents for page in content.pages)

    def _memos(self, composed: Composed) -> Iterator[Item]:
        if self.incident.history:
            return
        memos, stand = composed.messages.memos, self.published.memos
        digests = {memo.language: self.ledger.keep(memo) for memo in memos}
        before = [json.loads(self.world.read(stand[m.language]))["text"] for m in memos if m.language in stand]
        item = Item(
            Action.REVISE if stand else Action.CREATE,
            MEMO,
            "memo",
            self.incident.id,
            composed.facts.update.id,
            "memo to staff",
            before="\n\n".join(before),
            after="\n\n".join(memo.text for memo in memos).replace(PUBLISHED_AT, "now"),
            digest=digest(canonical(digests)),
        )
        yield self._stands(item, composed, digests, same=digests == dict(stand), rank=1)

    def _is_there(self, channel: str, kind: str) -> bool:
        """Say whether anything of this incident was ever put at a channel's addresses."""
        return any((told.channel, told.kind) == (channel, kind) for told in self.published.told)

    def _stands(self, item: Item, composed: Composed, digests: dict[str, str], *, same: bool, rank: int) -> Item:
        """Return an item with its delivery, unless that is what stands there, or waits to be tried again."""
        if same and self._is_there(item.channel, item.kind):
            return replace(item, action=Action.KEEP)
        line = self.ledger.line(composed.facts.update, item.channel, item.kind, digests, rank=rank)
        if self.ledger.again(line):
            return replace(item, action=Action.KEEP, reason="it waits to be written again")
        return replace(item, line=line, drafts=self.ledger.single(line))
