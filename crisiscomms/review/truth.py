"""Whether the record is true to itself: figures, times and translations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from crisiscomms.errors import Finding, Place
from crisiscomms.messages.derive import dotted, stale
from crisiscomms.record import CLOSED, Update, is_open
from crisiscomms.record.citations import split
from crisiscomms.record.commitments import commitments
from crisiscomms.record.handwritten import passage_of
from crisiscomms.record.own import WORDS
from crisiscomms.record.slips import slip_in
from crisiscomms.record.texts import STRICT, Passage, passages, texts
from crisiscomms.review.context import Case
from crisiscomms.review.figures import Figure, figures
from crisiscomms.review.joined import spelled
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import speaks_of_delay
from crisiscomms.review.rules import rule
from crisiscomms.workspace import place_of

#: So long after its time an update may go out without being called late: somebody wrote it, and others read it.
_WRITING = timedelta(minutes=15)


def record_truth(case: Case) -> Iterator[Finding]:
    """Yield what in the record contradicts itself, the clock, or what was published."""
    yield from _todos(case)
    yield from _written_out(case)
    yield from _came_late(case)
    yield from _works_and_fails(case)
    yield from _known_and_unknown(case)
    yield from _late(case)
    yield from _contact_in_all(case)
    yield from _translations(case)


def sources(case: Case) -> Iterator[tuple[Passage, Callable[..., Place]]]:
    """Yield every text of the record, and of the files it names, with what finds the place of words in it."""
    tree = case.record.tree
    for passage in passages(case.incident):
        yield passage, partial(tree.place_of, passage.path_in(tree))
    for own in case.record.texts:
        yield passage_of(own, case.incident), partial(own.tree.place_of, WORDS)


def _todos(case: Case) -> Iterator[Finding]:
    for passage, place in sources(case):
        if "TODO" in passage.words:
            yield case.error(
                "todo",
                place("TODO"),
                f"{dotted(passage.path)} is still to be written",
                "Readers would see TODO.",
                "Write it, or remove the field.",
            )
        elif slip := slip_in(passage.words.strip()):
            means, fix = f"Readers would see {passage.words.strip()}.", "Write it, or remove the field."
            yield case.error("todo", place(passage.words), f"{dotted(passage.path)} {slip}", means, fix)
    for path in (("signed_by", "name"), ("feedback", "read_by")):
        span = case.record.tree.spans.get(path)
        written = case.record.source[span.start : span.end].strip() if span else ""
        said = "is still to be written" if "TODO" in written else slip_in(written.strip("\"'"))
        if said:
            yield case.error(
                "todo", path, f"{dotted(path)} {said}", f"Readers would see {written}.", "Write the person's name."
            )


def _written_out(case: Case) -> Iterator[Finding]:
    """Find figures that a text writes out instead of citing them."""
    elsewhere = _names(case)
    for passage, place in sources(case):
        if (
            passage.path[0] in {"facts", "audiences", "contact"}
            or passage.path[:2] == ("affected", "products")
            or "TODO" in passage.words
        ):
            continue
        blanked = "".join(
            part if isinstance(part, str) else " " * len(part.written)
            for part in split(passage.words.replace("$$", "  "), case.incident.facts)
        )
        in_words = spelled(Letter("", passage.language, blanked), _counted(case, passage.language))
        for figure in (*figures(blanked, passage.language), *in_words):
            nth = sum(passage.words.startswith(figure.written, at) for at in range(figure.start))
            if figure.kind == "number" and figure.value not in elsewhere:
                yield from _mismatch(case, passage, figure, place(figure.written, nth))


def _counted(case: Case, language: str) -> frozenset[str]:
    """Return the words for what the record counts: a number in words before one of them is a figure too."""
    units = [fact.unit for fact in case.incident.facts.values()]
    return frozenset(unit.word(language, form).lower() for unit in units for form in ("one", "other"))


def _mismatch(case: Case, passage: Passage, figure: Figure, place: Place) -> Iterator[Finding]:
    same = [
        name
        for name, fact in case.incident.facts.items()
        if f"{float(fact.value):g}" == figure.value or f"{float(fact.value):.0f}" == figure.value
    ]
    if not same and passage.field == "texts":
        return  # the message itself is held to every figure that may be said
    said = "instead of cited" if same else "and is no fact of this record"
    fix = (
        f"Write ${same[0]} instead: then it changes everywhere when the fact does."
        if same
        else f"Add the figure under facts and cite it by its name, or take it out. Facts here: {', '.join(case.incident.facts) or 'none yet'}."
    )
    build = case.error if passage.field in STRICT else case.warning
    yield build(
        "fact-mismatch",
        place,
        f'"{figure.written.strip()}" is written out {said}',
        "Readers may be told a figure that nobody has checked, or two that differ.",
        fix,
    )


def _names(case: Case) -> set[str]:
    """Return the numbers that are part of names: lots, models, products, components, ids of promises."""
    incident = case.incident
    products = [
        word
        for product in incident.affected.products
        for word in (product.model or "", *product.lots, *(words for _, words in product.name))
    ]
    names = [
        *products,
        *(promise.id.replace("-", " ") for promise in incident.promises),
        *(c for c in incident.affected.components),
    ]
    names += [words for text in incident.affected.regions for _, words in text]
    return {figure.value for name in names for figure in figures(name, "en")}


def _came_late(case: Case) -> Iterator[Finding]:
    """Find the newest update coming later than the one before it had promised, without a word about that."""
    shown = [update for update in case.facts.updates if not update.private] if case.facts else []
    if len(shown) < 2 or shown[-1] is not case.update or case.update.id in case.published.dispatched():
        return
    due, update = shown[-2].next_update, shown[-1]
    if due and due.at < max(update.at.at, case.now - _WRITING) and not _owns_delay(case, update):
        yield case.warning(
            "update-came-late",
            ("updates", case.index(update), "at"),
            f'"{shown[-2].id}" had promised this update by {due}, and it comes later',
            "Readers waited for it. Who is late and does not say so seems not to have noticed.",
            "Say in its text that it comes later than promised, and that you are sorry.",
        )


def _works_and_fails(case: Case) -> Iterator[Finding]:
    """Find a fix beside an update that knows of none."""
    fixed = case.incident.times.fixed
    if fixed and case.composed and case.update.status in {"investigating", "identified"}:
        yield case.error(
            "works-and-fails",
            ("times", "fixed"),
            f'it was fixed at {fixed}, and "{case.update.id}" is still {case.update.status}',
            "The pages would say that it works again, beside words that say it does not.",
            "Remove times.fixed until it works for everyone. If it worked in between, say so in the update.",
        )


def _known_and_unknown(case: Case) -> Iterator[Finding]:
    """Find the question that `new` writes into a record, where it has its answer: what the cause is."""
    if case.facts is None or case.incident.cause.state != "confirmed" or case.incident.cause.plain is None:
        return
    voices, found = case.facts.voices, rule("known-and-unknown", "F")
    for index, unknown in enumerate(case.incident.unknowns or ()):
        asked = [
            words.strip()
            for language, words in unknown.question
            if language in voices
            if words.strip(" .?") == voices[language].word("call.unknown_cause").strip(" .?")
        ]
        if asked:
            message = f'the cause is confirmed, and "{asked[0]}" still stands among what nobody knows'
            yield case.finding(
                found.code, found.severity, ("unknowns", index, "question"), message, found.why, found.fix
            )


def _owns_delay(case: Case, update: Update) -> bool:
    """Say whether an update says that it is late, and is sorry for it. In languages without a lexicon: that it is sorry."""
    voices = case.facts.voices if case.facts else {}
    for language, words in update.text:
        if language in voices and voices[language].apologises(words) and speaks_of_delay(words, language):
            return True
    return False


def _late(case: Case) -> Iterator[Finding]:
    incident, update = case.incident, case.update
    due = update.next_update
    if case.composed and update.status not in CLOSED and due and due.at < case.now:
        yield case.warning(
            "stale-update",
            ("updates", case.index(update), "next_update"),
            f"the next update was promised for {due} and has not come",
            "Readers were promised word by then. Each hour of silence costs trust.",
            f"Write it now: crisiscomms update {incident.id} --status ... --text ...",
        )
    for index, promise in enumerate(incident.promises):
        if is_open(promise) and promise.due.at < case.now:
            yield case.warning(
                "promise-late",
                ("promises", index, "due"),
                f'the promise "{promise.id}" was due {promise.due} and is not marked as kept',
                "Readers see an open promise whose time is over.",
                "Keep it and add kept with the time, or tell readers when they have it.",
            )
    yield from _late_work(case)
    for number, unknown in enumerate(incident.unknowns or ()):
        if unknown.expected_by and unknown.expected_by.at < case.now:
            yield case.warning(
                "unknown-overdue",
                ("unknowns", number, "expected_by"),
                f"the answer was expected by {unknown.expected_by}",
                "Readers are told to expect something that is overdue.",
                "Give the answer, or a new time.",
            )


def _late_work(case: Case) -> Iterator[Finding]:
    """Find actions and repairs whose day has passed."""
    said = {"action": "this was to be done", "repair": "they were to have this"}
    for one in commitments(case.incident):
        if one.kind in said and one.due and one.due.at < case.now and not one.ended:
            yield case.warning(
                "action-late",
                one.place,
                f"{said[one.kind]} by {one.due}, and it is not marked as done",
                "Readers see that its time is over and that it is not done.",
                "Do it and add done with the time, or say in an update when it comes and why so late.",
            )


def _contact_in_all(case: Case) -> Iterator[Finding]:
    """Find words of the workspace's contact, which stand in every message, that a language has not got."""
    wanted = case.incident.languages or case.workspace.settings.organisation.languages
    contact = case.workspace.settings.organisation.contact
    for name in ("hours", "replies_within") if case.incident.contact is None and len(wanted) > 1 else ():
        text = getattr(contact, name)
        if missing := [language for language in wanted if text and text.get(language) is None]:
            yield case.warning(
                "missing-translation",
                place_of(case.workspace, ("organisation", "contact", name)),
                f"organisation.contact.{name} is not in {', '.join(missing)}",
                "It stands in every message. Readers of that language get it in the first language.",
                f'Write it as a map: {name} = {{ {text.languages[0]} = "...", {missing[0]} = "..." }}',
            )


def _translations(case: Case) -> Iterator[Finding]:
    wanted = case.incident.languages or case.workspace.settings.organisation.languages
    old = stale(case.incident, case.published.telling)
    for path, text in texts(case.incident):
        missing = [language for language in wanted if text.get(language) is None]
        if missing and len(wanted) > 1 and text.languages and path[-1] != "owner":
            yield case.warning(
                "missing-translation",
                path,
                f"{dotted(path)} is not in {', '.join(missing)}",
                "Readers of that language get it in the first language.",
                f"Add it: {json.dumps(missing[0])} with its words. Or set languages to those the record is in.",
            )
        if dotted(path) in old:
            yield case.warning(
                "stale-translation",
                path,
                f"{dotted(path)} was changed, and its words in {', '.join(old[dotted(path)])} were not",
                "Readers of that language are told something else.",
                "Change the translation as well.",
            )
