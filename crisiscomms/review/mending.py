"""What is meant by a gap, a day or a time of day in a record's text, where only one thing can be."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from crisiscomms.fields import When
from crisiscomms.messages.languages import Voice
from crisiscomms.published import PublishedIncident
from crisiscomms.record import Record
from crisiscomms.record.texts import Passage
from crisiscomms.workspace import Workspace

_NAMED = re.compile(r"\{\{\s*\$?(\w+)\s*\}\}|\$\{(\w+)\}")
_GAP = re.compile(r"[\[<]([^\]>]+)[\]>]")
_WORD = re.compile(r"\w+")


class Knowledge(NamedTuple):
    """What mends are made from: the record, the workspace, the words of each language, what is out, and the clock."""

    record: Record
    workspace: Workspace
    voices: Mapping[str, Voice]
    published: PublishedIncident
    now: datetime


@cache
def _words(language: str) -> dict[str, Any]:
    """Return the words that mending needs of a language; nothing where nobody has written them down."""
    known = tomllib.loads(files("crisiscomms.review").joinpath("mending.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = known.get(language.split("-", maxsplit=1)[0], {})
    return found


# -- gaps ------------------------------------------------------------------------------------------------------


def filling(known: Knowledge, passage: Passage, start: int, end: int) -> str | None:
    """Return what belongs into a gap: a fact by its name, our own name, or the only day that the record knows."""
    written = passage.words[start:end]
    named = _NAMED.fullmatch(written)
    if named:
        return _citation(known, passage, named[1] or named[2], end)
    gap = _GAP.fullmatch(written)
    words = _words(passage.language)
    asked = " ".join(gap[1].lower().split()) if gap else ""
    if asked in words.get("company", ()):
        return str(known.workspace.settings.organisation.name)
    if asked in words.get("date", ()):
        days = {_local(known, when).date(): _local(known, when) for when in _moments(known, passage)}
        return known.voices[passage.language].date(next(iter(days.values()))) if len(days) == 1 else None
    return None


def _citation(known: Knowledge, passage: Passage, name: str, end: int) -> str | None:
    """Return a citation of a fact or a time. Where its unit follows in the text, the number alone."""
    incident = known.record.incident
    if name in incident.facts:
        unit = incident.facts[name].unit
        follows = _WORD.search(passage.words, end)
        forms = {form.lower() for language, said in unit.forms for _, form in said if language == passage.language}
        return f"${name}.value" if follows and follows[0].lower() in forms else f"${name}"
    if name in {"started", "noticed", "contained", "fixed"} and getattr(incident.times, name):
        return f"${name}"
    return None


# -- days ------------------------------------------------------------------------------------------------------


def days_in(passage: Passage, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where a sentence of a text names a day that depends on when it is read."""
    words = _words(passage.language)
    if words:
        due = f"(?:{'|'.join(words['due'])}) (?:{'|'.join(words['weekdays'])})"
        pattern = re.compile(rf"(?<!\w)(?:{due}|{'|'.join(words['days'])})(?!\w)", re.IGNORECASE)
        yield from (found.span() for found in pattern.finditer(passage.words, start, end))


def day_meant(known: Knowledge, passage: Passage, start: int, end: int) -> str | None:
    """Return the date that some words mean which depend on when they are read.

    Only in an update, whose time says which day it is there.
    """
    words, update = _words(passage.language), passage.update
    if update is None or not words or not _alone(passage.words, start, end, words):
        return None
    said, voice = _local(known, update.at), known.voices[passage.language]
    if said.date() != update.at.at.date():  # another day where the writer is
        return None
    written = passage.words[start:end]
    if written.lower() in words["days"]:
        date = voice.date(said + timedelta(days=words["days"][written.lower()]))
        return _on(passage.words, start, date, words)
    by, _, weekday = written.partition(" ")
    if by.lower() not in words["due"] or weekday.lower() not in words["weekdays"]:
        return None
    ahead = (words["weekdays"].index(weekday.lower()) - said.weekday()) % 7
    date = voice.date(said + timedelta(days=ahead))
    # On the very day, it may mean this one or the next.
    return f"{by} {words['weekday'].format(weekday=weekday, date=date)}" if ahead else None


def _alone(text: str, start: int, end: int, words: dict[str, Any]) -> bool:
    """Say whether a day stands by itself: no part of it follows, and nothing before it makes it mean something else."""
    after = _WORD.match(text, end + 1) if text[end : end + 1] in {" ", "'", "\u2019", "-"} else None
    before = text[:start].split()[-1:]
    return (after is None or after[0].lower() not in words["part_of_day"]) and (
        not before or before[0].lower() not in words.get("never_after", ())
    )


def _on(text: str, start: int, date: str, words: dict[str, Any]) -> str:
    """Return a date as it goes on from the word before it."""
    before = text[:start].split()[-1:]
    if before and before[0].lower() in words["alone_after"]:
        return date
    said = str(words["on"]).format(date=date)
    begins = not before or before[0][-1:] in {".", "!", "?", ":"} or text[start].isupper()
    return said[0].upper() + said[1:] if begins else said


# -- zones -----------------------------------------------------------------------------------------------------


def zone_meant(known: Knowledge, passage: Passage, start: int, end: int) -> str | None:
    """Return a time of day with its zone, where all times of the record are in the organisation's and it never changed."""
    times = [when for when in _all_times(known) if not when.date_only]
    if not times or any(when.at.utcoffset() != _local(known, when).utcoffset() for when in times):
        return None
    voice = known.voices[passage.language]
    names = {voice.zone_name(when.at) for when in times}
    return f"{passage.words[start:end]} {names.pop()}" if len(names) == 1 else None


def _all_times(known: Knowledge) -> Iterator[When]:
    incident = known.record.incident
    for update in incident.updates:
        yield update.at
        if update.next_update:
            yield update.next_update
    for when in (incident.times.started, incident.times.noticed, incident.times.contained, incident.times.fixed):
        if when:
            yield when


def _moments(known: Knowledge, passage: Passage) -> Iterator[When]:
    """Yield the times that a text may mean by its date: the incident's, and the update's own."""
    times = known.record.incident.times
    yield from (when for when in (times.started, times.noticed, times.contained, times.fixed) if when)
    if passage.update:
        yield passage.update.at


def _local(known: Knowledge, when: When) -> datetime:
    return when.at.astimezone(known.workspace.zone)
