"""Whether a record stands by what was published from it: promises, updates, figures, and what the pages said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from crisiscomms.errors import Finding
from crisiscomms.fields import When, shown
from crisiscomms.messages.corrections import changed_groups
from crisiscomms.messages.prose import one_line
from crisiscomms.published import STANDING, WAITING
from crisiscomms.record.commitments import commitments
from crisiscomms.record.texts import passages
from crisiscomms.record.tree import Path_
from crisiscomms.review.context import Case, short
from crisiscomms.review.figures import figures
from crisiscomms.review.lexicon import speaks_of_delay
from crisiscomms.review.rules import rule
from crisiscomms.telling import PAGES, Telling

_DIRECTIONS = re.compile("[\u200e\u200f\u2066-\u2069]")
_QUESTION = re.compile(r"unknowns\.\d+\.question")
#: Where the answer to a question may stand.
_ANSWERS = frozenset({"cause", "questions", "rumours", "affected", "impact"})
#: What the parts of a page are called that readers may have been told.
_CALLED = {
    "title": "the title",
    "not-affected": "what was not affected",
    "data": "which data",
    "product": "the products and lots",
    "cause": "the cause",
    "responsibility": "whose doing it was",
    "promise": "a promise",
    "do-now": "what to do now",
    "contact": "whom to ask",
}


def stands_by_its_word(case: Case) -> Iterator[Finding]:
    """Yield where a record no longer says what was published from it."""
    before = case.published.telling
    if before is None or case.incident.history:
        return
    yield from _promises(case, before)
    yield from _postponed(case, before)
    yield from _dropped(case, before)
    yield from _unanswered(case, before)
    yield from _updates(case, before)
    yield from _figures(case, before)
    yield from _told_otherwise(case, before)


def _finding(case: Case, code: str, place: Path_, message: str) -> Finding:
    found = rule(code, "F")
    return case.finding(code, found.severity, place, message, found.why, found.fix)


def _promises(case: Case, before: Telling) -> Iterator[Finding]:
    """Yield promises that are gone, or of which the record says something else became than was published."""
    now = {promise.id: (number, promise) for number, promise in enumerate(case.incident.promises)}
    words = {said for promise in case.incident.promises for _, said in promise.text}
    for key, stood in before.texts.items():
        kind, _, name = key.partition(".")
        if kind != "promise":
            continue
        if name not in now:
            said = before.texts.get(f"promised.{name}", {})
            if words.isdisjoint(said.values()):
                told = _in_first(case, said) or name
                yield _finding(case, "commitment-dropped", ("promises",), f'"{short(told)}" was promised and is gone')
            continue
        number, promise = now[name]
        for field, state in (("kept", promise.kept), ("broken", promise.broken)):
            if stood[field] and not state:
                message = f'"{name}" was published as {field}, and is not marked so any more'
                yield _finding(case, "commitment-dropped", ("promises", number), message)
        voice = case.facts.voices[case.facts.languages[0]] if case.facts else None
        if voice and (promise.kept or promise.broken) and _is_after(voice.iso(promise.due), stood["due"]):
            message = f'"{name}" was promised for {stood["due"]}, and is now said to have been due {promise.due}'
            yield _finding(case, "commitment-dropped", ("promises", number, "due"), message)


def _is_after(now: str, then: str) -> bool:
    """Say whether one time is later than another, as tellings hold them. A day counts as all of it."""
    return now[:10] > then[:10] or (now[:10] == then[:10] and "T" in then and now > then)


def _postponed(case: Case, before: Telling) -> Iterator[Finding]:
    """Yield what comes later than it was promised for, without a word about that day."""
    voices = case.composed.facts.voices if case.composed else {}
    for one in commitments(case.incident):
        if before.texts.get(f"deed.{one.key}", {}).get("done") and not one.ended:
            message = f'"{shown(one.name)}" was published as done, and is not marked so any more'
            yield _finding(case, "commitment-dropped", one.place[:2], message)
        if one.due is None or (one.ended and one.kind == "promise"):
            continue
        for language, was in _first_language_first(case, before.texts.get(f"due.{one.key}", {})):
            due = one_line(voices[language].moment(one.due)) if language in voices else was
            late = _is_later(case, one.due, was, language)
            in_time = one.ended and not _is_later(case, one.ended, was, language, strictly=True)
            if due != was and late and not in_time and not _explained(case, was, language):
                message = f'"{shown(one.name)}" was promised for {_plain(was)}, and is now due {_plain(due)}'
                yield _finding(case, "commitment-dropped", one.place, message)
                break


def _dropped(case: Case, before: Telling) -> Iterator[Finding]:
    """Yield work and repairs that readers wait for, and that the record has no longer. Other words for one are no loss."""
    now = {one.key for one in commitments(case.incident)}
    for kind, field, verb in (("action", "actions", "to be done"), ("repair", "repair", "owed")):
        stood = {key.partition(".")[2]: done for key, done in before.texts.items() if key.startswith(f"deed.{kind}: ")}
        fewer = len(stood) - len(getattr(case.incident, field))
        gone = [key for key, done in stood.items() if key not in now and not done["done"]]
        if fewer <= 0 or not gone or all(_told_why(case, before, key) for key in gone):
            continue
        names = " or ".join(f'"{short(key.partition(": ")[2])}"' for key in gone)
        build = case.error if kind == "repair" else case.warning  # work may have become part of other work
        found = rule("commitment-dropped", "F")
        yield build(found.code, (field,), f"{names} was published as {verb}, and is gone", found.why, found.fix)


def _told_why(case: Case, before: Telling, key: str) -> bool:
    """Say whether a new update may tell why something is not to come: one that names its day, where it had one."""
    due = before.texts.get(f"due.{key}", {})
    return any(_explained(case, was, language) for language, was in due.items()) if due else _speaks(case, before)


def _speaks(case: Case, before: Telling) -> bool:
    """Say whether there is an update that is not published yet."""
    return any(update.id not in before.updates for update in case.incident.updates)


def _unanswered(case: Case, before: Telling) -> Iterator[Finding]:
    """Yield open questions that are gone, where nothing that is new in the record could be their answer."""
    stood = [words for key, words in before.texts.items() if _QUESTION.fullmatch(key)]
    now = {words for unknown in case.incident.unknowns or () for _, words in unknown.question}
    known = {words for texts in before.texts.values() for words in texts.values()}
    answers = any(p.field in _ANSWERS and p.words not in known for p in passages(case.incident))
    if len(stood) <= len(case.incident.unknowns or ()) or answers or _speaks(case, before):
        return
    for question in stood:
        if now.isdisjoint(question.values()):
            message = f'"{short(_in_first(case, question))}" was published as an open question, and is gone'
            yield _finding(case, "question-dropped", ("unknowns",), message)


def _updates(case: Case, before: Telling) -> Iterator[Finding]:
    """Yield updates that readers have, and that are gone, or are said to have been at another time or to mean another."""
    there = {update.id: update for update in case.incident.updates}
    voice = case.facts.voices[case.facts.languages[0]] if case.facts else None
    for name in before.updates:
        update = there.get(name)
        if update is None:
            message = f'the update "{name}" is published and no longer in the record'
            yield _finding(case, "update-gone", ("updates",), message)
            continue
        stood = before.texts.get(f"update.{name}")
        if stood is None or voice is None:
            continue
        coming = voice.iso(update.next_update) if update.next_update else ""
        now = {"at": voice.iso(update.at), "status": update.status, "next_update": coming}
        for field, value in now.items():
            if not _same(value, stood[field]):
                message = (
                    f'"{name}" was published with {field} {stood[field] or "left out"}, and has {value or "none"} now'
                )
                yield _finding(case, "update-rewritten", ("updates", case.index(update)), message)


def _same(now: str, then: str) -> bool:
    """Say whether two words are the same, or two moments: an organisation may have moved to another zone."""
    if "T" in now and "T" in then:
        return datetime.fromisoformat(now) == datetime.fromisoformat(then)
    return now == then


def _figures(case: Case, before: Telling) -> Iterator[Finding]:
    """Yield figures that readers were told, and that the record has no longer under their name."""
    for name in before.facts:
        groups = [group for group in before.told_to(name) or () if group != PAGES]
        if groups and name not in case.incident.facts and not hasattr(case.incident.times, name):
            said = _in_first(case, before.facts[name])
            message = f"readers were told {name}: {said}, and the record has no such fact any more"
            yield _finding(case, "fact-gone", ("facts",), message)


def _told_otherwise(case: Case, before: Telling) -> Iterator[Finding]:
    """Yield what readers were written that is otherwise now, where no new update goes to them that could tell them."""
    if case.composed is None:
        return
    fresh = [update for update in case.composed.facts.updates if update.id not in before.updates]
    public = any(not update.private for update in fresh)
    hear = {name for update in fresh for name in update.audiences}
    # Posts and pages have a new update for everyone.
    told = [
        one
        for one in case.published.told
        if one.kind not in STANDING
        and one.state not in WAITING
        and (one.audience not in hear if one.audience else not public)
    ]
    new = (one for one in case.composed.facts.corrections if one.at is None and not one.figure)
    words = [one.what.partition(".")[2] for one in new if one.what.startswith("updates.")]
    rewritten = [name for name in words if any(one.update == name for one in told)]
    groups = changed_groups(before, case.composed.telling) if told else []
    if changed := [*(f'the words of "{name}"' for name in rewritten), *(_CALLED[group] for group in groups)]:
        count = sum(one.count for one in told if one.audience and (groups or one.update in rewritten))
        whom = f"{count:,} mails are out, and what they say" if count != 1 else "1 mail is out, and what it says"
        ids = [update.id for update in case.incident.updates]
        place: Path_ = ("updates",) if groups else ("updates", ids.index(rewritten[0]))
        yield _finding(case, "told-changed", place, f"{whom} is changed: {', '.join(changed)}")


def _is_later(case: Case, when: When, was: str, language: str, *, strictly: bool = False) -> bool:
    """Say whether a time is later than one that was published, or (unless `strictly`) of the same day.

    A day that cannot be read counts as sooner.
    """
    days = (day.split(".") for day in _days(was, language))
    found = [tuple(int(part) for part in reversed(day)) for day in days if all(day)]
    at = when.at.astimezone(case.workspace.zone)
    day = (at.year, at.month, at.day)
    return not found or day > found[0] or (day == found[0] and not strictly)


def _explained(case: Case, said: str, language: str) -> bool:
    """Say whether an update that was not dispatched yet names the day that was promised, with its year or without."""
    out = case.published.dispatched()
    new = [
        p
        for p in passages(case.incident)
        if p.update is not None and p.update.id not in out and speaks_of_delay(p.words, p.language)
    ]
    days = _days(said, language)
    named = {day for passage in new for day in _days(passage.words, passage.language)}
    short = {day[: day.rindex(".") + 1] for day in days}
    return not named.isdisjoint(days | short) or any(said in one_line(passage.words) for passage in new)


def _first_language_first(case: Case, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what was said in each language. Those who wrote the record read its first one: that comes first."""
    first = case.facts.languages[0] if case.facts else case.workspace.language
    return sorted(words.items(), key=lambda said: said[0] != first)


def _in_first(case: Case, words: Mapping[str, str]) -> str:
    return next((_plain(said) for _, said in _first_language_first(case, words)), "")


def _plain(words: str) -> str:
    """Return words without the signs that hold two directions of writing apart."""
    return _DIRECTIONS.sub("", words)


def _days(words: str, language: str) -> set[str]:
    """Return the days that a text names, as 25.11.2026, or 25.11. where it leaves out the year."""
    return {figure.value for figure in figures(words, language) if figure.kind == "date"}
