"""What happened, when, to whom, whose doing it was, and why."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from crisiscomms.fields import Text
from crisiscomms.messages.prose import Md, one_line
from crisiscomms.messages.teller import Said, Teller
from crisiscomms.record.citations import citations
from crisiscomms.record.model import Product

#: What is told in words of its own: a service works again, and nobody contains or mends a person.
_OWN_WORDS = frozenset({("fixed", "outage"), ("contained", "conduct"), ("fixed", "conduct")})


def event_name(time: str, kind: str) -> str:
    """Return the name of the words for what happened at one of the times of an incident of a kind."""
    return f"{time}_{kind}" if (time, kind) in _OWN_WORDS else time


class Events(Teller):
    """What happened, as one audience is told it."""

    @cached_property
    def title(self) -> str:
        """The title, as plain words."""
        return one_line(self._facts.cite(self._incident.title, self.language))

    @property
    def kind(self) -> str:
        """What sort of incident: `outage`, `recall` and so on."""
        return self._incident.kind

    @property
    def severity(self) -> str:
        """How bad it is: `minor`, `major` or `critical`."""
        return self._incident.severity

    @property
    def harm(self) -> str:
        """Whether anyone is hurt or in danger: `none`, `possible` or `confirmed`."""
        return self._incident.harm

    # -- what it did -------------------------------------------------------------------------------------------

    @cached_property
    def effects(self) -> list[Md]:
        """What it did to this audience."""
        return [found for item in self._mine(self._incident.impact) if (found := self._md(item.effect))]

    @cached_property
    def felt(self) -> list[Md]:
        """What that means for this audience."""
        return [found for item in self._mine(self._incident.impact) if (found := self._md(item.felt))]

    @cached_property
    def opening(self) -> Md | None:
        """The first words of this audience's letter, once it is resolved."""
        own = [item.opening for item in self._incident.impact if item.audience == self._audience and item.opening]
        return self._md(own[0]) if own and self._facts.resolved else None

    @cached_property
    def groups(self) -> list[Said]:
        """What is said on public pages to the audiences that have a list, under their names."""
        found = []
        # What it meant to them says nothing without what it was.
        told = [item for item in self._incident.impact if not _cites_recipient(item.effect)]
        for name, audience in self._facts.workspace.audiences(self._incident.audiences).items():
            parts = {
                "name": self._md(audience.name),
                "effects": self._shown(self._incident.impact, name, "effect"),
                "felt": self._shown(told, name, "felt"),
                "do_now": self._shown(self._incident.do_now, name, "text"),
                "repair": [self._repair(item) for item in self._incident.repair if self._may_show(item, name)],
            }
            if not self._facts.public(name) and any(parts[key] for key in ("effects", "do_now", "repair")):
                found.append(Said(parts))
        return found

    def _shown(self, items: Any, audience: str, field: str) -> list[Md]:
        """Return the public texts of an audience: not private, and citing nobody's own figures."""
        chosen = [getattr(item, field) for item in items if item.audience == audience and not item.private]
        return [self._facts.cite(text, self.language) for text in chosen if text and not _cites_recipient(text)]

    def _may_show(self, repair: Any, audience: str) -> bool:
        own = any(_cites_recipient(text) for text in (repair.what, repair.how) if text)
        return repair.audience == audience and not repair.private and not own

    def _repair(self, item: Any) -> Said:
        parts = {"kind": item.kind, "what": self._md(item.what), "how": self._md(item.how), "by": self._when(item.by)}
        return Said({**parts, **self._became(item.done, item.by)})

    @cached_property
    def affected(self) -> Said:
        """Who and what is affected."""
        affected = self._incident.affected
        names = {component.id: component.name for component in self._facts.workspace.settings.site.components}
        components = [(self._md(names[name]), state) for name, state in affected.components.items()]
        return Said(
            {
                "who": self._md(affected.who),
                "components": [(name, self.word(f"component_state.{state}")) for name, state in components],
                "component_names": self._listed([str(name) for name, _ in components]),
                "regions": self._listed([str(self._md(text)) for text in affected.regions]),
                "data_types": self._listed([str(self._md(text)) for text in affected.data_types]),
                "products": [self._product(product) for product in affected.products],
            }
        )

    def _listed(self, words: list[str]) -> Md | None:
        return Md(self._voice.listed(words)) if words else None

    def _product(self, product: Product) -> Said:
        return Said(
            {
                "name": self._md(product.name),
                "model": product.model,
                "lots": self._voice.listed(product.lots) if product.lots else None,
                "lot_count": len(product.lots),
                "where_to_find": self._md(product.where_to_find),
                "sold_from": self._when(product.sold_from),
                "sold_to": self._when(product.sold_to),
                "sold_by": self._md(product.sold_by),
                "picture": self._md(product.picture.alt) if product.picture else None,
            }
        )

    @cached_property
    def not_affected(self) -> list[Said]:
        """What is certain not to be affected: `text`, and `how` we know."""
        items = self._incident.affected.not_affected
        return [Said({"text": self._md(item.text), "how": self._md(item.how_we_know)}) for item in items]

    @cached_property
    def consequences(self) -> list[Md]:
        """What may follow for those affected."""
        rules = [rule for rule in self._incident.regulation if rule.applies]
        return [found for rule in rules if (found := self._md(rule.likely_consequences))]

    # -- when --------------------------------------------------------------------------------------------------

    @cached_property
    def times(self) -> Said:
        """When it began, when we learned of it, when it was contained and fixed."""
        times = self._incident.times
        names = ("started", "noticed", "contained", "fixed")
        return Said({name: self._when(getattr(times, name), utc=True) for name in names})

    @cached_property
    def duration(self) -> str | None:
        """How long it lasted."""
        times = self._incident.times
        return self._voice.lasted(times.started, times.fixed) if times.started and times.fixed else None

    # -- whose doing, and why ----------------------------------------------------------------------------------

    @property
    def level(self) -> str:
        """Whose doing it was: `ours`, `shared`, `not-ours` or `unknown`."""
        return self._incident.responsibility.level

    @property
    def ours(self) -> bool:
        """Whether it was our doing, or partly."""
        return self.level in {"ours", "shared"}

    @cached_property
    def responsibility(self) -> Md | None:
        """What we did or left undone. Nothing while we look for the cause: nobody can know it then."""
        searching = self._update.status == "investigating" and self.cause is None
        return None if searching else self._md(self._incident.responsibility.statement)

    @cached_property
    def duty(self) -> Md | None:
        """What our duty was, when it was not our doing."""
        return self._md(self._incident.responsibility.duty)

    @cached_property
    def cause(self) -> Md | None:
        """The cause, once it is confirmed. A suspicion is not for readers."""
        return self._md(self._incident.cause.plain) if self._incident.cause.state == "confirmed" else None

    @cached_property
    def unknowns(self) -> list[Said]:
        """What is still open: `question`, when the answer is `expected`, and whether it is `late`."""
        items = self._incident.unknowns or ()
        return [
            Said(
                {
                    "question": self._md(item.question),
                    "expected": self._when(item.expected_by),
                    "late": self._is_over(item.expected_by),
                }
            )
            for item in items
        ]

    @cached_property
    def figures(self) -> list[Said]:
        """Material figures that no other text of this message states, each in its own sentence or alone."""
        facts = self._incident.facts
        return [
            Said(
                {
                    "says": self._md(facts[name].says),
                    "figure": self._facts.figure(name, self._voice),
                    "as_of": self._when(facts[name].as_of),
                }
            )
            for name in self._unsaid
        ]


def _cites_recipient(text: Text) -> bool:
    return any(c.what == "recipient" for _, words in text for c in citations(words))
