"""All messages of one incident, composed in one go from one set of facts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from crisiscomms.fields import When
from crisiscomms.limits import Limit
from crisiscomms.messages.facts import Facts, derive_facts, telling
from crisiscomms.messages.fitting import Part, fit
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import (
    Entry,
    Memo,
    Messages,
    Notice,
    Page,
    PageKind,
    Picture,
    Post,
    PromiseLine,
    SiteContent,
    digest,
)
from crisiscomms.messages.prose import fill, one_line, plain_times, sentences, slots, to_html, to_text
from crisiscomms.messages.templates import mail_html, overrides, preheader, render
from crisiscomms.messages.told import Told
from crisiscomms.published import PublishedIncident, Telling
from crisiscomms.record import Incident, Recipient, Update
from crisiscomms.record.model import Promise
from crisiscomms.workspace import Workspace


@dataclass(frozen=True)
class Account:
    """An account that posts go to: its channel's name, its language, its limit."""

    channel: str
    language: str
    limit: Limit


@dataclass(frozen=True)
class Composed:
    """What was composed: all messages, the facts behind them, and what a publication of them would tell.

    `later` holds the notices and posts of updates whose time is still to come, by update.
    """

    facts: Facts
    messages: Messages
    telling: Telling
    later: Mapping[str, Messages] = field(default_factory=dict)


def compose(
    incident: Incident,
    workspace: Workspace,
    voices: Mapping[str, Voice],
    published: PublishedIncident,
    now: datetime,
    accounts: tuple[Account, ...],
) -> Composed | None:
    """Compose everything there is to say about an incident at a moment. None while no update is due."""
    facts = derive_facts(incident, workspace, voices, published, now)
    if facts is None:
        return None
    writer = _Writer(facts, accounts)
    messages = Messages(
        incident.id,
        tuple(writer.site(language) for language in voices),
        (*writer.notices(), *writer.corrections()),
        (*writer.posts(), *writer.correcting_posts()),
        tuple(writer.memo(language) for language in facts.languages),
    )
    return Composed(facts, messages, telling(facts), dict(_later(facts, accounts)))


def _later(facts: Facts, accounts: tuple[Account, ...]) -> Iterator[tuple[str, Messages]]:
    """Compose the dispatches of updates that are still to come, as they would read at their own time."""
    for update in facts.incident.updates:
        if update.at.at > facts.now:
            then = derive_facts(facts.incident, facts.workspace, facts.voices, facts.published, update.at.at)
            if then is not None and then.update is update:
                writer = _Writer(replace(then, corrections=()), accounts)
                yield update.id, Messages(facts.incident.id, (), tuple(writer.notices()), tuple(writer.posts()))


class _Writer:
    """Writes the messages of one set of facts."""

    def __init__(self, facts: Facts, accounts: tuple[Account, ...]) -> None:
        self.facts, self.accounts = facts, accounts
        self.incident = facts.incident
        self.own = overrides(facts.workspace)

    def _words_language(self, language: str) -> str:
        return language if language in self.facts.languages else self.facts.languages[0]

    def _write(self, template: str, language: str, audience: str | None = None, update: Update | None = None) -> str:
        """Render a template; once more with those material figures that it did not state by itself."""
        voice = self.facts.voices[language]
        source = render(template, voice, self.own, t=Told(self.facts, language, audience, update))
        said = plain_times(source)
        unsaid = tuple(
            name
            for name, fact in self.incident.facts.items()
            if fact.material and _bare(self.facts.figure(name, voice)) not in _bare(said)
        )
        if not unsaid:
            return source
        return render(template, voice, self.own, t=Told(self.facts, language, audience, update, unsaid))

    # -- the site ----------------------------------------------------------------------------------------------

    def site(self, language: str) -> SiteContent:
        """Return what this incident puts on the site in one language."""
        facts, spoken = self.facts, self._words_language(language)
        told = Told(facts, spoken)
        kinds: list[PageKind] = ["incident", "faq", *(["statement"] if facts.tells_statement else [])]  # type: ignore[list-item]
        public = [update for update in facts.updates if not update.private]
        newest = public[-1] if public else facts.update
        components = self.facts.workspace.settings.site.components
        states = self.incident.affected.components
        return SiteContent(
            incident=self.incident.id,
            language=language,
            words_language=spoken,
            title=told.title,
            kind=self.incident.kind,
            severity=self.incident.severity,
            status=newest.status,
            first_at=_iso(self.incident.updates[0].at),
            updated_at=_iso(newest.at),
            next_update=_iso(newest.next_update) if newest.next_update else None,
            summary=to_html(str(facts.cite(newest.text, spoken, newest))),
            pages=tuple(self._page(kind, spoken, told.title) for kind in kinds),
            entries=tuple(self._entry(update, spoken) for update in reversed(public)),
            promises=tuple(self._promise(promise, spoken) for promise in self.incident.promises),
            components=tuple(
                (one_line(str(facts.cite(c.name, spoken))), states[c.id]) for c in components if c.id in states
            ),
            pictures=tuple(self._pictures()),
        )

    def _page(self, kind: PageKind, language: str, title: str) -> Page:
        source = self._write(f"{kind}.md.j2", language)
        text = to_text(source)
        summary = next((line for line in text.split("\n")[1:] if len(line) > 40), title)
        return Page(
            kind, self.facts.addresses.path(kind), title, _shorten(summary), to_html(source), text, _twin(source)
        )

    def _entry(self, update: Update, language: str) -> Entry:
        told = Told(self.facts, language, None, update)
        shown = next(entry for entry in Told(self.facts, language).updates if entry.id == update.id)
        source = render("entry.md.j2", self.facts.voices[language], self.own, t=told, update=shown)
        corrected = max((item.iso for item in shown.corrections), default=None)
        return Entry(
            update.id,
            update.status,
            _iso(update.at),
            f"{told.status_word}: {told.title}",
            to_html(source),
            to_text(source),
            corrected,
        )

    def _promise(self, promise: Promise, language: str) -> PromiseLine:
        source = str(self.facts.cite(promise.text, language))
        kept = _iso(promise.kept) if promise.kept else None
        return PromiseLine(
            promise.id,
            to_html(source),
            one_line(source),
            _iso(promise.due),
            one_line(str(self.facts.cite(promise.owner, language))),
            kept,
        )

    def _pictures(self) -> Iterator[Picture]:
        for product in self.incident.affected.products:
            if product.picture:
                path = self.facts.workspace.folder / "incidents" / product.picture.file
                body = path.read_bytes()
                yield Picture(f"assets/{path.stem}.{digest(body)[:8]}{path.suffix}", base64.b64encode(body).decode())

    # -- dispatches --------------------------------------------------------------------------------------------

    def notices(self) -> Iterator[Notice]:
        """Yield the notice of the newest update, for each audience it names and each language they read."""
        update = self.facts.update
        for audience in update.audiences:
            if not self.facts.public(audience):
                for language in self.facts.voices:
                    yield self._notice("notice", audience, language, update)

    def corrections(self) -> Iterator[Notice]:
        """Yield the correction for each audience that was told a figure that has changed since."""
        if not Told(self.facts, self.facts.languages[0]).new_corrections:
            return
        told = {t.audience: t.update for t in self.facts.published.told if t.recipient}
        for audience, update in told.items():
            for language in self.facts.voices:
                yield self._notice("correction", audience, language, self.incident.update(update))

    def _notice(self, kind: str, audience: str, language: str, update: Update) -> Notice:
        spoken = self._words_language(language)
        told = Told(self.facts, spoken, audience, update)
        group = self.facts.workspace.audiences(self.incident.audiences)[audience]
        source = self._write(f"{kind}.md.j2", spoken, audience, update)
        if spoken != language:
            source = f"*{self.facts.voices[language].word('mail.other_language')}*\n\n{source}"
        subject = self._subject(kind, told, audience)
        html = mail_html(subject, preheader(source), spoken, to_html(source))
        columns = tuple(dict.fromkeys(name.split(".")[1] for name in slots(source) if name.startswith("recipient.")))
        return Notice(
            self.incident.id,
            update.id,
            audience,
            language,
            kind,
            subject,
            html,
            to_text(source),
            columns,
            group.required,
        )

    def _subject(self, kind: str, told: Told, audience: str) -> str:
        again = any(t.audience == audience and t.update != self.facts.update.id for t in self.facts.published.told)
        form = "correction" if kind == "correction" else "again" if again else "subject"
        return told.word(f"mail.{form}").format(title=told.title)

    # -- posts -------------------------------------------------------------------------------------------------

    def posts(self) -> Iterator[Post]:
        """Yield the newest update's post for each account."""
        update = self.facts.update
        if update.private:
            return
        for account in self.accounts:
            language = self._words_language(account.language)
            told = Told(self.facts, language, None, update)
            yield Post(
                self.incident.id,
                update.id,
                account.channel,
                language,
                "post",
                self._fitted(told, update, account),
                told.links.update,
            )

    def _fitted(self, told: Told, update: Update, account: Account) -> str:
        """Return the fullest post that fits: shorter times first, then a shorter apology, then the shortest thing to do."""
        post = ""
        for brevity in range(4):
            post = fit(self._parts(told, update, brevity), told.links.update, account.limit)
            if account.limit.fits(post):
                break
        return post

    def _parts(self, told: Told, update: Update, brevity: int) -> list[Part]:
        say, voice = told.word, self.facts.voices[told.language]
        brief = brevity > 0
        text = one_line(self.facts.cite(update.short or update.text, told.language, update, brief=brief))
        spoken = sentences(text)
        sorry = [n for n, sentence in enumerate(spoken, 1) if voice.apologises(sentence)]
        if brevity > 1 and sorry and sorry[0] > 1:
            text, sorry = " ".join(s for s in spoken if not voice.apologises(s)), []
        parts = [Part(say("post.lead").format(status=told.status_word, text=text), max([1, *sorry]))]
        if told.ours and not sorry and (voice.apologises(" ".join(spoken)) or self.facts.resolved or told.cause):
            parts.append(Part(say("post.sorry"), 1))
        to_do = one_line(" ".join(told.do_now))
        parts.append(Part(min(sentences(to_do), key=len, default="") if brevity > 2 else to_do, 1))
        if update.next_update:
            time = (
                voice.brief(update.next_update, update.at.at)
                if brief
                else voice.by_clock(update.next_update, update.at.at)
            )
            form = "post.next" if "T" in time.split("\ue001", maxsplit=1)[0] else "post.next_day"
            parts.append(Part(say(form).format(time=plain_times(time)), 9))
        return parts

    def correcting_posts(self) -> Iterator[Post]:
        """Yield a correction on each account that posted a figure that has changed since."""
        told = {t.channel: t.update for t in self.facts.published.told if not t.recipient}
        for account in self.accounts:
            language = self._words_language(account.language)
            changed = Told(self.facts, language).new_corrections
            if changed and account.channel in told:
                say = self.facts.voices[language].word
                text = " ".join(
                    one_line(say("post.correction").format(before=c.before, after=c.after)) for c in changed
                )
                link = self.facts.addresses.update(language, told[account.channel])
                yield Post(
                    self.incident.id,
                    told[account.channel],
                    account.channel,
                    language,
                    "correction",
                    f"{text}\n{link}",
                    link,
                )

    # -- staff -------------------------------------------------------------------------------------------------

    def memo(self, language: str) -> Memo:
        """Return the memo to staff."""
        source = self._write("memo.md.j2", language)
        return Memo(
            self.incident.id,
            language,
            Told(self.facts, language).title,
            to_html(source),
            to_text(source),
            _twin(source),
        )


def reader_values(facts: Facts, language: str, columns: tuple[str, ...], person: Recipient) -> dict[str, str]:
    """Return what fills a notice's slots for one reader: their greeting, and their own figures in their language."""
    spoken = language if language in facts.languages else facts.languages[0]
    voice = facts.voices[spoken]
    greeting = voice.word("greeting.named").format(name=person.name) if person.name else voice.word("greeting.plain")
    values = {"reader.greeting": greeting}
    for column in columns:
        written = person.value(column)
        fact = facts.incident.facts.get(column)
        number = int(written) if fact and written.isdecimal() else None
        values[f"recipient.{column}"] = voice.number(number) if number is not None else written
        if fact and number is not None:
            values[f"recipient.{column}.with_unit"] = voice.counted(number, fact.unit)
    return values


def filled(notice: Notice, values: Mapping[str, str]) -> Notice:
    """Return a notice as one reader gets it."""
    return replace(
        notice,
        subject=fill(notice.subject, values),
        text=fill(notice.text, values),
        html=fill(notice.html, values, in_html=True),
    )


def _twin(source: str) -> str:
    """Return Markdown as other programs read it: without the marks of times, and without our anchors."""
    return re.sub(r" \{#[\w-]+\}$", "", plain_times(source), flags=re.MULTILINE)


def _bare(text: str) -> str:
    """Return text as figures are looked for in it: without the differences that a sentence's start makes."""
    return text.lower()


def _iso(when: When) -> str:
    return when.at.isoformat(timespec="seconds")


def _shorten(text: str, most: int = 160) -> str:
    words = " ".join(text.split())
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0] + " ..."
