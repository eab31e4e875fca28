"""Messages that stand: the pages of the site, what lists and feeds say, and the memo to staff."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import datetime

from crisiscomms.fields import Text
from crisiscomms.messages.model import Entry, Memo, Page, PageKind, Picture, PromiseLine, SiteContent, digest
from crisiscomms.messages.prose import PUBLISHED_AT, one_line, plain_times, sentences, single_spaced, to_html, to_text
from crisiscomms.messages.teller import Said
from crisiscomms.messages.templates import render
from crisiscomms.messages.told import Told
from crisiscomms.messages.writer import Writer, iso
from crisiscomms.record import Update
from crisiscomms.record.model import Promise

_DOWN = frozenset({"degraded_performance", "partial_outage", "major_outage"})


class Pages(Writer):
    """Writes what stands at an address and is revised. Its facts are those that the public may know."""

    def site(self, language: str) -> SiteContent:
        """Return what this incident puts on the site in one language."""
        facts, spoken = self.facts, self.words_language(language)
        told = Told(facts, spoken)
        shown = {entry.id: entry for entry in told.updates}
        past = self.incident.history is not None
        kinds: list[PageKind] = ["incident"]
        kinds += [] if past else ["faq"]
        kinds += ["statement"] if facts.tells_statement else []
        components = self.facts.workspace.settings.site.components
        states = dict(self.incident.affected.components)
        if self.incident.times.fixed:  # it worked again, so nothing is down or slow, whoever still counts what failed
            states |= {name: "operational" for name, state in states.items() if state in _DOWN}
        return SiteContent(
            incident=self.incident.id,
            language=language,
            words_language=spoken,
            title=told.title,
            kind=self.incident.kind,
            severity=self.incident.severity,
            status=facts.update.status,
            first_at=iso(facts.updates[0].at),
            updated_at=self._changed(),
            next_update=iso(facts.update.next_update) if facts.update.next_update else None,
            summary=to_html(str(facts.cite(facts.update.text, spoken))),
            pages=tuple(self._page(kind, spoken, told.title, self._not_in(language)) for kind in kinds),
            entries=tuple(self._entry(update, spoken, shown[update.id]) for update in reversed(facts.updates)),
            promises=tuple(self._promise(promise, spoken) for promise in self.incident.promises),
            components=tuple(
                (one_line(str(facts.cite(c.name, spoken))), states[c.id]) for c in components if c.id in states
            ),
            pictures=tuple(self._pictures(spoken)),
            times=tuple(self._times()),
            past=past,
            contact=tuple(self._contact(spoken)),
        )

    def _changed(self) -> str:
        """Return when the page last had something new to say: an update, a correction, a promise or a deed that is done.

        A day alone counts from its beginning: an update of that day says more exactly when it was.
        """
        facts = self.facts
        if any(one.at is None for one in facts.corrections):
            return PUBLISHED_AT
        found = [(when.begins, iso(when)) for when in (facts.update.at, facts.newest_deed) if when]
        found += [(datetime.fromisoformat(one.at), one.at) for one in facts.corrections if one.at]
        return max((one for one in found if one[0] <= facts.now), key=lambda one: one[0])[1]

    def _not_in(self, language: str) -> str:
        """Return the sentence that a text is not in a language yet. Empty where it is."""
        spoken, voice = self.words_language(language), self.facts.voices[language]
        return "" if spoken == language else voice.word("site.not_translated").format(language=voice.name_of(spoken))

    def _page(self, kind: PageKind, language: str, title: str, not_translated: str) -> Page:
        template = "past.md.j2" if self.incident.history else f"{kind}.md.j2"
        own = self.own_words(kind, language)
        source = self.write(template, language, own=own)
        told = self._what_happened(language) if own is None else to_text(own)
        words, html, text, twin = _shorten(told) or title, to_html(source), to_text(source), _twin(source)
        if not_translated:  # the layout of the page says so too, but its twin has none
            heading, below = twin.split("\n", 1)
            twin = f"{heading}\n\n*{not_translated}*\n{below}"
        return Page(kind, self.facts.addresses.path(kind), title, words, html, text, twin)

    def _what_happened(self, language: str) -> str:
        """Return what happened, as whoever is sent a page's address should read it before the page itself."""
        told = Told(self.facts, language)
        if self.incident.history:
            return one_line(told.updates[-1].text)  # its first words, as they were written then
        return " ".join(map(one_line, told.effects)) or one_line(told.news)

    def _contact(self, language: str) -> Iterator[tuple[str, str]]:
        """Yield what a contact of this incident's own says: no page sends its readers to anyone else."""
        for name, said in self.incident.contact or ():
            if said:
                yield name, one_line(str(self.facts.cite(said, language))) if isinstance(said, Text) else said

    def _entry(self, update: Update, language: str, shown: Said) -> Entry:
        told = Told(self.facts, language, None, update)
        source = render("entry.md.j2", self.facts.voices[language], self.own, t=told, update=shown)
        corrected = max((item.iso for item in shown.corrections), default=None)
        late = update.next_update if self.facts.came_late(update) else None
        return Entry(
            update.id,
            update.status,
            iso(update.at),
            f"{told.status_word}: {told.title}",
            to_html(source),
            to_text(source),
            corrected,
            iso(late) if late else None,
        )

    def _promise(self, promise: Promise, language: str) -> PromiseLine:
        source, first = str(self.facts.cite(promise.text, language)), self.facts.first_due(promise)
        return PromiseLine(
            promise.id,
            to_html(source),
            one_line(source),
            iso(promise.due),
            one_line(str(self.facts.cite(promise.owner, language))),
            iso(promise.kept) if promise.kept else None,
            iso(promise.broken) if promise.broken else None,
            iso(first) if first else None,
        )

    def _times(self) -> Iterator[tuple[str, str]]:
        for name in ("started", "noticed", "contained", "fixed"):
            if when := getattr(self.incident.times, name):
                yield name, iso(when)

    def _pictures(self, language: str) -> Iterator[Picture]:
        for product in self.incident.affected.products:
            if product.picture:
                path = self.facts.workspace.folder / "incidents" / product.picture.file
                body = path.read_bytes()
                alt = one_line(str(self.facts.cite(product.picture.alt, language)))
                name = f"assets/{path.stem}.{digest(body)[:8]}{path.suffix}"
                yield Picture(name, base64.b64encode(body).decode(), alt)

    def memo(self, language: str) -> Memo:
        """Return the memo to staff."""
        source = self.write("memo.md.j2", language)
        return Memo(
            self.incident.id,
            language,
            Told(self.facts, language).title,
            to_html(source),
            to_text(source),
            _twin(source),
        )


def _twin(source: str) -> str:
    """Return Markdown as other programs read it: without the marks of times, and without our anchors."""
    return re.sub(r" \{#[\w-]+\}$", "", plain_times(source), flags=re.MULTILINE)


#: How long the description of a page is meant to be, how long its first sentence may be before it is cut, and how much
#: of it says too little: a greeting, or that we are sorry.
_DESCRIPTION, _LONGEST, _LITTLE = 160, 320, 40


def _shorten(text: str) -> str:
    """Return the first sentences of a text. A sentence that is cut ends before any figure: half a date is another date."""
    found = ""
    for sentence in sentences(single_spaced(text)):
        if len(found) > _LITTLE and len(found) + 1 + len(sentence) > _DESCRIPTION:
            break
        found = f"{found} {sentence}".strip()
    if len(found) <= _LONGEST:
        return found
    words = found[:_DESCRIPTION].split()[:-1]
    while len(words) > 1 and any(sign.isdecimal() for sign in "".join(words[-2:])):
        words.pop()
    return f"{' '.join(words)} ..."
