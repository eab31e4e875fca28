"""What a template sees: the facts, said in one language, to one audience.

Templates never see the record itself. Strings of type `Md` are Markdown already; plain strings are escaped when printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crisiscomms.fields import Contact, Text, When
from crisiscomms.messages.facts import Facts, corrected_when
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.prose import PUBLISHED_AT, Md, one_line, slot, timed
from crisiscomms.published import Correction
from crisiscomms.record import Update
from crisiscomms.record.citations import citations
from crisiscomms.record.model import Action, Promise


@dataclass(frozen=True)
class Said:
    """A named bundle of things a template can print. A name it does not have is an error, not an empty string."""

    parts: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.parts[name]
        except KeyError:
            raise AttributeError(name) from None


class Told:
    """The facts in one language, for one audience (None: the public), about one update (None: the newest due).

    Attributes that may have nothing to say are None or empty, so that a template can leave the part out.
    """

    def __init__(
        self,
        facts: Facts,
        language: str,
        audience: str | None = None,
        update: Update | None = None,
        unsaid: tuple[str, ...] = (),
    ) -> None:
        self._facts, self.language, self._audience = facts, language, audience
        self._update = update or facts.update
        self._incident = facts.incident
        self._voice: Voice = facts.voices[language]
        self._unsaid = unsaid

    # -- small tools -------------------------------------------------------------------------------------------

    def _md(self, text: Text | None, update: Update | None = None) -> Md | None:
        return self._facts.cite(text, self.language, update or self._update) if text else None

    def _when(self, when: When | None, *, utc: bool = False) -> Md | None:
        return Md(self._voice.moment(when, utc=utc)) if when else None

    def _mine(self, items: Any) -> list[Any]:
        """Return what is for this audience: its own, or else what is for everyone. Private things only for their own."""
        own = [item for item in items if item.audience == self._audience]
        return own or [item for item in items if self._facts.public(item.audience) and not item.private]

    def word(self, name: str) -> str:
        """Return a short word of this language."""
        return self._voice.word(name)

    # -- who speaks --------------------------------------------------------------------------------------------

    @cached_property
    def org(self) -> Said:
        org = self._facts.workspace.settings.organisation
        return Said({"name": org.name, "short": org.short_name or org.name, "url": org.url})

    @cached_property
    def contact(self) -> Said:
        contact = self._incident.contact or self._facts.workspace.settings.organisation.contact
        return self._contact(contact)

    def _contact(self, contact: Contact) -> Said:
        return Said(
            {
                "email": contact.email,
                "phone": contact.phone,
                "hours": self._md(contact.hours),
                "replies_within": self._md(contact.replies_within),
            }
        )

    @cached_property
    def press(self) -> Said | None:
        press = self._facts.workspace.settings.organisation.press
        return Said({"name": press.name, "email": press.email, "phone": press.phone}) if press else None

    @cached_property
    def signed(self) -> Said | None:
        by = self._incident.signed_by
        return Said({"name": by.name, "role": self._md(by.role)}) if by else None

    # -- what and where we are ---------------------------------------------------------------------------------

    @cached_property
    def title(self) -> str:
        return one_line(self._facts.cite(self._incident.title, self.language))

    @property
    def kind(self) -> str:
        return self._incident.kind

    @property
    def severity(self) -> str:
        return self._incident.severity

    @property
    def harm(self) -> str:
        return self._incident.harm

    @property
    def level(self) -> str:
        return self._incident.responsibility.level

    @property
    def ours(self) -> bool:
        return self.level in {"ours", "shared"}

    @property
    def status(self) -> str:
        return self._update.status

    @property
    def status_word(self) -> str:
        return self.word(f"status.{self._update.status}")

    @property
    def resolved(self) -> bool:
        return self._facts.resolved

    @cached_property
    def at(self) -> Md:
        return Md(self._voice.moment(self._update.at, utc=True))

    @cached_property
    def day(self) -> Md:
        return Md(
            timed(self._voice.iso(When(self._update.at.at, date_only=True)), self._voice.date(self._update.at.at))
        )

    @cached_property
    def next_update(self) -> Md | None:
        return self._when(self._update.next_update, utc=True)

    @cached_property
    def next_clock(self) -> Md | None:
        due = self._update.next_update
        return Md(self._voice.by_clock(due, self._update.at.at)) if due else None

    @cached_property
    def news(self) -> Md:
        return self._facts.cite(self._update.text, self.language, self._update)

    @property
    def update_id(self) -> str:
        return self._update.id

    @cached_property
    def links(self) -> Said:
        addresses = self._facts.addresses
        found = {name: getattr(addresses, name)(self.language) for name in ("page", "statement", "faq", "feed")}
        return Said(
            {
                **found,
                "update": addresses.update(self.language, self._update.id),
                "has_statement": self._facts.tells_statement,
            }
        )

    # -- what it did -------------------------------------------------------------------------------------------

    @cached_property
    def effects(self) -> list[Md]:
        return [found for item in self._mine(self._incident.impact) if (found := self._md(item.effect))]

    @cached_property
    def felt(self) -> list[Md]:
        return [found for item in self._mine(self._incident.impact) if (found := self._md(item.felt))]

    @cached_property
    def opening(self) -> Md | None:
        own = [item.opening for item in self._incident.impact if item.audience == self._audience and item.opening]
        return self._md(own[0]) if own and self.resolved else None

    @cached_property
    def groups(self) -> list[Said]:
        """What is said on public pages to the audiences that have a list, under their names."""
        found = []
        for name, audience in self._facts.workspace.audiences(self._incident.audiences).items():
            parts = {
                "name": self._md(audience.name),
                "effects": self._shown(self._incident.impact, name, "effect"),
                "felt": self._shown(self._incident.impact, name, "felt"),
                "do_now": self._shown(self._incident.do_now, name, "text"),
                "repair": [self._repair(r) for r in self._incident.repair if r.audience == name and not r.private],
            }
            if not self._facts.public(name) and any(parts[key] for key in ("effects", "felt", "do_now", "repair")):
                found.append(Said(parts))
        return found

    def _shown(self, items: Any, audience: str, field: str) -> list[Md]:
        """Return the public texts of an audience: not private, and citing nobody's own figures."""
        chosen = [getattr(item, field) for item in items if item.audience == audience and not item.private]
        return [self._facts.cite(text, self.language) for text in chosen if text and not self._cites_recipient(text)]

    def _cites_recipient(self, text: Text) -> bool:
        return any(c.what == "recipient" for _, words in text for c in citations(words))

    @cached_property
    def affected(self) -> Said:
        affected = self._incident.affected
        names = {component.id: component.name for component in self._facts.workspace.settings.site.components}
        return Said(
            {
                "who": self._md(affected.who),
                "components": [
                    (self._md(names[name]), self.word(f"component_state.{state}"))
                    for name, state in affected.components.items()
                ],
                "regions": self._listed(affected.regions),
                "data_types": self._listed(affected.data_types),
                "products": [self._product(product) for product in affected.products],
            }
        )

    def _listed(self, texts: tuple[Text, ...]) -> Md | None:
        return Md(self._voice.listed([str(self._md(text)) for text in texts])) if texts else None

    def _product(self, product: Any) -> Said:
        return Said(
            {
                "name": self._md(product.name),
                "model": product.model,
                "lots": self._voice.listed(product.lots) if product.lots else None,
                "where_to_find": self._md(product.where_to_find),
                "sold_from": self._when(product.sold_from),
                "sold_to": self._when(product.sold_to),
                "sold_by": self._md(product.sold_by),
                "picture": self._md(product.picture.alt) if product.picture else None,
            }
        )

    @cached_property
    def not_affected(self) -> list[Said]:
        return [
            Said({"text": self._md(item.text), "how": self._md(item.how_we_know)})
            for item in self._incident.affected.not_affected
        ]

    # -- when --------------------------------------------------------------------------------------------------

    @cached_property
    def times(self) -> Said:
        times = self._incident.times
        return Said(
            {name: self._when(getattr(times, name), utc=True) for name in ("started", "noticed", "contained", "fixed")}
        )

    @cached_property
    def duration(self) -> str | None:
        times = self._incident.times
        return self._voice.duration(times.fixed.at - times.started.at) if times.started and times.fixed else None

    # -- whose doing, and why ----------------------------------------------------------------------------------

    @cached_property
    def responsibility(self) -> Md | None:
        return self._md(self._incident.responsibility.statement)

    @cached_property
    def duty(self) -> Md | None:
        return self._md(self._incident.responsibility.duty)

    @cached_property
    def cause(self) -> Md | None:
        """The cause, once it is confirmed. A suspicion is not for readers."""
        return self._md(self._incident.cause.plain) if self._incident.cause.state == "confirmed" else None

    @cached_property
    def unknowns(self) -> list[Said]:
        return [
            Said({"question": self._md(item.question), "expected": self._when(item.expected_by)})
            for item in self._incident.unknowns or ()
        ]

    # -- what is done, what will be, what is owed --------------------------------------------------------------

    @cached_property
    def done(self) -> list[Said]:
        return [self._action(action) for action in self._incident.actions if action.done]

    @cached_property
    def will(self) -> list[Said]:
        """Actions that are not done and promises that are not kept: everything that is still to come, by its time."""
        open_ = [a for a in self._incident.actions if not a.done] + [p for p in self._incident.promises if not p.kept]
        return [
            self._action(item)
            for item in sorted(open_, key=lambda item: item.due.utc if item.due else self._facts.update.at.utc)
        ]

    @cached_property
    def prevention(self) -> list[Said]:
        return [self._action(action) for action in self._incident.actions if action.kind == "prevent"]

    def _action(self, item: Action | Promise) -> Said:
        done = item.done if isinstance(item, Action) else item.kept
        return Said(
            {
                "text": self._md(item.text),
                "done": self._when(done),
                "due": self._when(item.due),
                "owner": self._md(item.owner),
            }
        )

    @cached_property
    def kept(self) -> list[Said]:
        return [self._action(promise) for promise in self._incident.promises if promise.kept]

    @cached_property
    def do_now(self) -> list[Md]:
        return [found for item in self._mine(self._incident.do_now) if (found := self._md(item.text))]

    @cached_property
    def repair(self) -> list[Said]:
        return [self._repair(item) for item in self._mine(self._incident.repair)]

    def _repair(self, item: Any) -> Said:
        return Said(
            {"kind": item.kind, "what": self._md(item.what), "how": self._md(item.how), "by": self._when(item.by)}
        )

    @cached_property
    def lessons(self) -> list[Md]:
        return [self._facts.cite(lesson, self.language) for lesson in self._incident.lessons]

    @cached_property
    def feedback(self) -> Said | None:
        feedback = self._incident.feedback
        if not feedback:
            return None
        return Said(
            {
                "question": self._md(feedback.question),
                "channel": feedback.channel,
                "read_by": feedback.read_by,
                "closes": self._when(feedback.closes),
            }
        )

    @cached_property
    def questions(self) -> list[Said]:
        return [
            Said({"ask": one_line(str(self._md(q.ask))), "answer": self._md(q.answer)})
            for q in self._incident.questions
        ]

    @cached_property
    def rumours(self) -> list[Said]:
        return [
            Said({"claim": one_line(str(self._md(r.claim))), "answer": self._md(r.answer)})
            for r in self._incident.rumours
        ]

    @cached_property
    def consequences(self) -> list[Md]:
        return [
            found
            for rule in self._incident.regulation
            if rule.applies and (found := self._md(rule.likely_consequences))
        ]

    @cached_property
    def officer(self) -> Said | None:
        found = [
            rule.data_protection_officer
            for rule in self._incident.regulation
            if rule.applies and rule.data_protection_officer
        ]
        return Said({"name": found[0].name, "email": found[0].email}) if found else None

    # -- figures, updates, corrections -------------------------------------------------------------------------

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

    @cached_property
    def updates(self) -> list[Said]:
        """The public updates that are due, newest first."""
        return [self._entry(update) for update in reversed(self._facts.updates) if not update.private]

    def _entry(self, update: Update) -> Said:
        return Said(
            {
                "id": update.id,
                "status": update.status,
                "status_word": self.word(f"status.{update.status}"),
                "at": Md(self._voice.moment(update.at, utc=True)),
                "text": self._facts.cite(update.text, self.language, update),
                "next": self._when(update.next_update),
                "corrections": [self._correction(c) for c in self._facts.corrections if self._concerns(c, update)],
            }
        )

    def _concerns(self, correction: Correction, update: Update) -> bool:
        if not correction.figure:
            return correction.what == f"updates.{update.id}"
        return any(
            c.name == correction.what for _, words in update.text for c in citations(words, self._incident.facts)
        )

    def _correction(self, correction: Correction) -> Said:
        before, after = (self._in_language(words) for words in (correction.before, correction.after))
        return Said(
            {
                "figure": correction.figure,
                "before": Md(before),
                "after": Md(after),
                "at": Md(corrected_when(correction, self._voice)),
                "iso": correction.at or PUBLISHED_AT,
            }
        )

    def _in_language(self, words: Any) -> str:
        return str(words.get(self.language) or next(iter(words.values()), ""))

    @cached_property
    def corrections(self) -> list[Said]:
        return [self._correction(c) for c in self._facts.corrections]

    @cached_property
    def new_corrections(self) -> list[Said]:
        """Changed figures that those who were told the old ones have not heard of yet. Changed words stay on the page."""
        return [self._correction(c) for c in self._facts.corrections if c.figure and not c.dispatched]

    # -- the reader --------------------------------------------------------------------------------------------

    @property
    def greeting(self) -> Md:
        """How the reader is greeted: filled in for each."""
        return Md(slot("reader.greeting"))

    @cached_property
    def audience_name(self) -> Md | None:
        found = self._facts.workspace.audiences(self._incident.audiences).get(self._audience or "")
        return self._md(found.name) if found else None
