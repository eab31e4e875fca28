"""Messages to a list: notices and corrections by mail, and what fills them in for each reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from crisiscomms.messages.corrections import told_last
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.model import Notice
from crisiscomms.messages.prose import fill, slots, to_html, to_text
from crisiscomms.messages.templates import mail_html, preheader
from crisiscomms.messages.told import Told
from crisiscomms.messages.writer import Writer
from crisiscomms.record import Recipient, Update

#: The slot that a reader's name fills.
GREETING = "reader.greeting"
#: How many different cells of a column are kept in words.
_CELLS = 4096


class Letters(Writer):
    """Writes letters, one for each audience and language."""

    def notices(self) -> Iterator[Notice]:
        """Yield for each audience, in each language they read, the notice of the newest update that is to be told to them."""
        seen: set[str] = set()
        for update in self.facts.to_tell():
            for audience in update.audiences:
                if audience not in seen and not self.facts.public(audience):
                    for language in self.facts.voices:
                        yield self._notice("notice", audience, language, update)
            seen |= set(update.audiences)

    def corrections(self) -> Iterator[Notice]:
        """Yield the correction for each audience in which somebody was told a figure that has changed since."""
        for audience in dict.fromkeys(t.audience for t in self.facts.published.told):
            updates = [self.incident.update(name) for name in told_last(self.facts, audience).values()]
            if updates and not self.facts.public(audience):  # whom no list names any more the plan names
                for language in self.facts.voices:
                    yield self._notice("correction", audience, language, max(updates, key=lambda one: one.at.at))

    def _notice(self, kind: str, audience: str, language: str, update: Update) -> Notice:
        spoken = self.words_language(language)
        told = Told(self.facts, spoken, audience, update)
        group = self.facts.workspace.audiences(self.incident.audiences)[audience]
        own = self.own_words(kind, spoken, update, audience)
        source = self.write(f"{kind}.md.j2", spoken, audience, update, own)
        if spoken != language:
            voice = self.facts.voices[language]
            told_so = voice.word("mail.other_language").format(language=voice.name_of(spoken))
            source = f"*{told_so}*\n\n{source}"
        subject = self._subject(kind, told)
        html = mail_html(subject, preheader(source), spoken, to_html(source), self.facts.voices[spoken].direction)
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
            told.word("mail.again").format(title=told.title) if kind == "notice" else "",
        )

    def _subject(self, kind: str, told: Told) -> str:
        return told.word("mail.correction" if kind == "correction" else "mail.subject").format(title=told.title)


def reader_filler(facts: Facts, language: str, columns: tuple[str, ...]) -> Callable[[Recipient], list[str | None]]:
    """Return what fills a notice's slots for one reader after the other: their greeting, and their own figures.

    They come in the order of `reader_slots`; None where a reader's list has no figure that could be counted.
    """
    spoken = language if language in facts.languages else facts.languages[0]
    voice = facts.voices[spoken]
    named, plain = voice.word("greeting.named"), voice.word("greeting.plain")
    said = [(column, _cell(facts, voice, column)) for column in columns]

    def fill_in(person: Recipient) -> list[str | None]:
        values: list[str | None] = [named.format(name=person.name) if person.name else plain]
        for column, words in said:
            values += words(person.value(column))
        return values

    return fill_in


def _cell(facts: Facts, voice: Voice, column: str) -> Callable[[str], tuple[str | None, ...]]:
    """Return what says a cell of one column in words. Many readers have the same figure, so it is said once."""
    fact = facts.incident.facts.get(column)
    if fact is None:
        return lambda written: (written,)
    unit = fact.unit

    @lru_cache(maxsize=_CELLS)
    def words(written: str) -> tuple[str | None, ...]:
        number = fact.of_reader(written)
        return (written, None) if number is None else (voice.number(number, unit), voice.counted(number, unit))

    return words


def reader_slots(facts: Facts, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of all slots that `reader_filler` fills, in one order for all readers."""
    names = [GREETING]
    for column in columns:
        names.append(f"recipient.{column}")
        if column in facts.incident.facts:
            names.append(f"recipient.{column}.with_unit")
    return tuple(names)


def filled(notice: Notice, values: Mapping[str, str]) -> Notice:
    """Return a notice as one reader gets it."""
    return notice._replace(
        subject=fill(notice.subject, values),
        again=fill(notice.again, values),
        text=fill(notice.text, values),
        html=fill(notice.html, values, in_html=True),
    )
