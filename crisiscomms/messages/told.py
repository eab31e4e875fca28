"""What a template sees: the facts, said in one language, to one audience.

Templates never see the record itself. Strings of type `Md` are Markdown already; plain strings are escaped when printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property

from crisiscomms.fields import Text, When
from crisiscomms.messages.blocks import TIME, TIME_TEXT
from crisiscomms.messages.corrections import uncorrected
from crisiscomms.messages.deeds import Deeds
from crisiscomms.messages.derive import corrected_when
from crisiscomms.messages.events import event_name
from crisiscomms.messages.people import People
from crisiscomms.messages.prose import PUBLISHED_AT, Md, escape, one_line, sentences, slots, timed
from crisiscomms.messages.teller import Said
from crisiscomms.record import TIMES, Update
from crisiscomms.record.citations import citations
from crisiscomms.telling import PAGES, PUBLIC, Correction


class Told(People, Deeds):
    """The facts in one language, for one audience (None: the public), about one update (None: the newest due).

    Attributes that may have nothing to say are None or empty, so that a template can leave the part out.
    """

    # -- where we are ------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """The status of the update."""
        return self._update.status

    @property
    def status_word(self) -> str:
        """The status in words."""
        return self.word(f"status.{self._update.status}")

    @property
    def resolved(self) -> bool:
        """Whether it is over."""
        return self._facts.resolved

    @property
    def ending(self) -> str:
        """How it ended, as far as anybody may say so: `none` while it goes on, then `deeds`, `leak`, `open` or `over`.

        Where people may be hurt nothing is over: what was done is all that can be said (`deeds`), or that what got out
        stays out (`leak`). While something is due, is late or is not known it is `open`: so is a repair that has a day,
        until somebody notes that it is done.
        """
        if not self.resolved:
            return "none"
        if self.kind == "data-breach" and self.harm != "none":
            return "leak"
        if self.kind == "conduct" or self.harm != "none":
            return "deeds"
        owed = self.will or self.unknowns or self._update.next_update
        return "open" if owed or any(item.by and not item.done for item in self._shown_repair) else "over"

    @property
    def private(self) -> bool:
        """Whether the update is for its audiences only."""
        return self._update.private

    @property
    def update_id(self) -> str:
        """The update's short name."""
        return self._update.id

    @cached_property
    def at(self) -> Md:
        """The time of the update."""
        return Md(self._voice.moment(self._update.at, utc=True))

    @cached_property
    def day(self) -> Md:
        """The day of the update."""
        at = self._update.at.at
        return Md(timed(self._voice.iso(When(at, date_only=True)), self._voice.date(at)))

    @property
    def coming(self) -> When | None:
        """The time of the next update. None where it has passed."""
        due = self._update.next_update
        return None if self._is_over(due) else due

    @cached_property
    def next_update(self) -> Md | None:
        """When readers hear from us again. None where that time has passed and they heard from us since."""
        due = self._update.next_update
        return None if self._is_over(due) and self._heard_since else self._when(due, utc=True)

    @cached_property
    def overdue(self) -> Md | None:
        """That the next update is late, in a sentence. None where it is not."""
        due = self._update.next_update
        if due is None or not self._is_over(due) or self._heard_since:
            return None
        by = self._voice.in_sentence(self._voice.moment(due, utc=True), due=True)
        return Md(self.word("site.next_update_late").format(by=by))

    @cached_property
    def _heard_since(self) -> bool:
        """Whether a newer update is out, for everybody or for this audience."""
        newer = (update for update in self._facts.updates if update.at.utc > self._update.at.utc)
        return any(not update.private or self._audience in update.audiences for update in newer)

    @cached_property
    def untold(self) -> Said:
        """When it `started`, when we `noticed` it and when it was `fixed`, for a letter in which no text of the record says so."""
        texts = [self.opening] if self.opening else [*self.effects, self.responsibility]
        texts += [*self.felt, *self.do_now, self.news, self.cause]
        times, tells_fixed = self._incident.times, self._facts.tells_fixed(self._update)
        found = {"started": times.started, "noticed": times.noticed, "fixed": times.fixed if tells_fixed else None}
        return Said({name: self._unless_in(texts, when) for name, when in found.items()})

    @cached_property
    def began(self) -> Md | None:
        """When it began, for a statement in which no text of the record says so. None where we noticed it at once."""
        times = self._incident.times
        texts = [self.opening, *self.effects, self.responsibility, *self.felt, *self.do_now, self.cause]
        return None if times.started == times.noticed else self._unless_in(texts, times.started)

    def _unless_in(self, texts: Iterable[Md | None], when: When | None) -> Md | None:
        """Return a time, unless one of some texts says it."""
        told = "".join(str(text) for text in texts if text)
        return None if when and f"{TIME}{self._voice.iso(when)}{TIME_TEXT}" in told else self._when(when)

    @cached_property
    def news(self) -> Md:
        """The update's own words."""
        return self._facts.cite(self._update.text, self.language, self._update)

    @cached_property
    def links(self) -> Said:
        """The addresses of `page`, `statement`, `faq`, `feed` and `update`; `has_statement` says whether there is one."""
        addresses = self._facts.addresses
        found = {name: getattr(addresses, name)(self.language) for name in ("page", "statement", "faq", "feed")}
        update = addresses.update(self.language, self._update.id)
        return Said({**found, "update": update, "has_statement": self._facts.tells_statement})

    # -- updates and corrections -------------------------------------------------------------------------------

    @cached_property
    def updates(self) -> list[Said]:
        """The public updates that are due, newest first."""
        return [self._entry(update) for update in reversed(self._facts.updates) if not update.private]

    def _entry(self, update: Update) -> Said:
        late = self._facts.came_late(update)
        return Said(
            {
                "id": update.id,
                "status": update.status,
                "status_word": self.word(f"status.{update.status}"),
                "at": Md(self._voice.moment(update.at, utc=True)),
                "text": self._facts.cite(update.text, self.language, update),
                "next": self._when(update.next_update),
                "missed": self._when(update.next_update) if late else None,
                "came": self._when(late.at) if late else None,
                "corrections": [
                    self._correction(c) for c in self._facts.corrections if self._concerns(c, update) and self._read(c)
                ],
            }
        )

    def _concerns(self, correction: Correction, update: Update) -> bool:
        """Say whether a correction stands with an update: with those that said what was wrong, else with the newest of its time."""
        if correction.what.startswith("updates."):
            return correction.what == f"updates.{update.id}"
        facts, shown = self._incident.facts, self._facts.updates
        citing = [u for u in shown if any(c.name == correction.what for _, w in u.text for c in citations(w, facts))]
        if wrong := [u for u in citing if not correction.heard or u.id in correction.heard]:
            return update in wrong
        at = datetime.fromisoformat(correction.at) if correction.at else self._facts.now
        return update == next((u for u in reversed(shown) if u.at.at <= at and not u.private), shown[-1])

    def _read(self, correction: Correction) -> bool:
        """Say whether it was said otherwise in this language: a translation may change alone."""
        was = correction.before.get(self.language)
        return was is None or was not in {"", correction.after.get(self.language)}

    def _correction(self, correction: Correction) -> Said:
        event = event_name(correction.what, self.kind)
        return Said(
            {
                "figure": correction.figure,
                "refined": correction.refined,
                "of_page": correction.what.startswith("page."),
                "event": self.word(f"site.event_{event}") if correction.what in TIMES else "",
                "sentence": self._in_context(correction),
                "before": Md(self._in_language(correction.before)),
                "after": Md(self._after(correction)),
                "at": Md(corrected_when(correction, self._voice)),
                "iso": correction.at or PUBLISHED_AT,
            }
        )

    def _after(self, correction: Correction) -> str:
        """Return what is right: of a figure as it is now, where it was put right while this language was not spoken."""
        if correction.what in self._incident.facts and self.language not in correction.after:
            return self._facts.figure(correction.what, self._voice)
        return self._in_language(correction.after)

    def _in_language(self, words: Mapping[str, str]) -> str:
        return words.get(self.language) or next(filter(None, words.values()), "")

    @cached_property
    def corrections(self) -> list[Said]:
        """The figures and times that were put right so far. What was refined was not wrong; other words stand with their update."""
        return [self._correction(c) for c in self._facts.corrections if c.figure and not c.refined and self._read(c)]

    @cached_property
    def new_corrections(self) -> list[Said]:
        """Changed figures that those who were told the old ones have not heard of yet. Changed words stay on the page."""
        return [self._correction(c) for c in self._uncorrected]

    @cached_property
    def corrected_update(self) -> str:
        """The id of the newest update beside which the page notes one of `new_corrections`. Empty where there is none."""
        shown = [update for update in reversed(self._facts.updates) if not update.private]
        return next((u.id for u in shown if any(self._concerns(one, u) for one in self._uncorrected)), "")

    @cached_property
    def corrected_page(self) -> bool:
        """Whether the page says any of `new_corrections` too: what an audience alone was told stands on none."""
        return any(one.is_for(group) for one in self._uncorrected for group in (PUBLIC, PAGES))

    @cached_property
    def _uncorrected(self) -> list[Correction]:
        return uncorrected(self._facts, self._audience)

    def _in_context(self, correction: Correction) -> Md | None:
        """Return the sentence in which a figure stands as it is now: a number alone does not say what is counted."""
        fact = self._incident.facts.get(correction.what)
        now = self._after(correction)
        if fact is None or now != self._facts.figure(correction.what, self._voice):
            return None
        for text, update in self._texts_of(self._audience):
            words = text.get(self.language) or ""
            if all(cited.name != correction.what for cited in citations(words, self._incident.facts)):
                continue
            for sentence in sentences(one_line(self._facts.cite(text, self.language, update))):
                if now.lower() in sentence.lower() and not slots(sentence):
                    return Md(escape(sentence))
        return None

    def _texts_of(self, audience: str | None) -> Iterator[tuple[Text, Update]]:
        """Yield the texts that an audience may read, those that say most briefly what happened first, each with its update."""
        incident = self._incident
        told = [(one.audience, one.private, one.effect) for one in incident.impact]
        asked = [(one.audience, one.private, one.text) for one in incident.do_now or ()]
        owed = [(one.audience, one.private, one.what) for one in incident.repair]

        def read(found: list[tuple[str, bool, Text]]) -> Iterator[tuple[Text, Update]]:
            for whose, private, text in sorted(found, key=lambda one: one[0] != audience):
                if whose == audience or not private:
                    yield text, self._update

        yield from read(told)
        for fact in incident.facts.values():
            if fact.says:
                yield fact.says, self._update
        for update in reversed(self._facts.updates):
            if not update.private or audience in update.audiences:
                yield update.text, update
        yield from read(owed + asked)
        for action in incident.actions:
            yield action.text, self._update
