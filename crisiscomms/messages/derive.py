"""The one derivation: from a record, what is published and the clock to the facts that every message is written from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from crisiscomms.fields import When
from crisiscomms.messages.addresses import Addresses
from crisiscomms.messages.corrections import found_against, known_to, on_pages
from crisiscomms.messages.facts import Facts
from crisiscomms.messages.languages import Voice
from crisiscomms.messages.prose import PUBLISHED_AT, one_line
from crisiscomms.published import PublishedIncident
from crisiscomms.record import TIMES, Handwritten, Incident, Update
from crisiscomms.record.commitments import commitments
from crisiscomms.record.texts import texts
from crisiscomms.telling import Correction, Telling
from crisiscomms.workspace import Workspace


def derive_facts(  # noqa: PLR0917 -- everything there is to know, each thing by its own name
    incident: Incident,
    workspace: Workspace,
    voices: Mapping[str, Voice],
    published: PublishedIncident,
    now: datetime,
    texts: tuple[Handwritten, ...] = (),
) -> Facts | None:
    """Derive the facts of an incident at a moment. None while none of its updates is due."""
    due = tuple(update for update in incident.updates if update.at.at <= now and _needs_are_kept(incident, update))
    if not due:
        return None
    addresses = Addresses(workspace.settings.site.url, incident.id, workspace.language)
    facts = Facts(incident, workspace, voices, published, now, due[-1], due, addresses, {}, (), texts)
    return facts._replace(corrections=_corrections(facts))


def _needs_are_kept(incident: Incident, update: Update) -> bool:
    kept = {promise.id for promise in incident.promises if promise.kept}
    return kept.issuperset(update.needs)


def telling(facts: Facts) -> Telling:
    """Return what a publication of these facts says, for the next one to compare with. Its messages are composed by now."""
    shown = {
        name: {voice.language: facts.figure(name, voice) for voice in _voices(facts)} for name in facts.incident.facts
    }
    for name in TIMES:
        when = getattr(facts.incident.times, name)
        if when:
            shown[name] = {voice.language: voice.moment(when) for voice in _voices(facts)}
    sources = {dotted(path): dict(text) for path, text in texts(facts.incident)}
    updates = tuple(update.id for update in facts.updates)
    said = {f"updates.{update.id}": dict(update.text) for update in facts.updates}
    read = {
        f"said.{update.id}": {
            language: one_line(facts.cite(update.text, language, update)) for language in facts.languages
        }
        for update in facts.updates
    }
    due = {
        f"due.{one.key}": {voice.language: one_line(voice.moment(one.due)) for voice in _voices(facts)}
        for one in commitments(facts.incident)
        if one.due
    }
    kept = {**dict(_promised(facts)), **dict(_done(facts)), **dict(_dated(facts))}
    sure = {
        f"fact.{name}": {
            "value": str(fact.value),
            "certainty": fact.certainty,
            "unit": fact.unit.currency or fact.unit.word(facts.languages[0], "other"),
        }
        for name, fact in facts.incident.facts.items()
    }
    old = {f"stale.{key}": words for key, words in stale(facts.incident, facts.published.telling).items()}
    everything = {**old, **sure, **sources, **said, **read, **due, **on_pages(facts), **kept}
    return Telling(shown, everything, updates, facts.corrections, dict(_known(facts)))


def _known(facts: Facts) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield which figures and times each audience was told: a letter in our words says when it was what."""
    said = {name for name in ("started", "noticed") if getattr(facts.incident.times, name)}
    own = {(one.entry.update, one.entry.audience) for one in facts.texts if one.entry.message == "notice"}
    written = [(one, name) for one in facts.updates for name in one.audiences if (one.id, name) not in own]
    for name, known in known_to(facts).items():
        mine = [one for one, to in written if to == name and not facts.public(name)]
        when = {*(said if mine else ()), *(("fixed",) if any(map(facts.tells_fixed, mine)) else ())}
        yield name, tuple(sorted({*known, *when})) if when else known


def _promised(facts: Facts) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what stands of each promise: by when, and what a person said became of it."""
    voice = facts.voices[facts.languages[0]]
    for promise in facts.incident.promises:
        times = {"due": promise.due, "kept": promise.kept, "broken": promise.broken}
        yield f"promised.{promise.id}", dict(promise.text)
        yield f"promise.{promise.id}", {name: voice.iso(when) if when else "" for name, when in times.items()}
        if first := facts.first_due(promise):
            yield f"first.{promise.id}", {"due": voice.iso(first)}


def _done(facts: Facts) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield of each action and repair when it was done."""
    voice = facts.voices[facts.languages[0]]
    for one in commitments(facts.incident):
        if one.kind != "promise":
            yield f"deed.{one.key}", {"done": voice.iso(one.ended) if one.ended else ""}


def _dated(facts: Facts) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield of each update when it was, how it stood then, and by when it promised the next."""
    voice = facts.voices[facts.languages[0]]
    for update in facts.updates:
        coming = voice.iso(update.next_update) if update.next_update else ""
        yield f"update.{update.id}", {"at": voice.iso(update.at), "status": update.status, "next_update": coming}


def _voices(facts: Facts) -> list[Voice]:
    return [facts.voices[language] for language in facts.languages]


def stale(incident: Incident, before: Telling | None) -> dict[str, dict[str, str]]:
    """Return the translations of which the first language has said something else since, by the text's path with dots.

    They stay so, however often they are published, until somebody changes them.
    """
    found: dict[str, dict[str, str]] = {}
    told = before.texts if before else {}
    for path, text in texts(incident) if told else ():
        was, known = told.get(dotted(path), {}), told.get(f"stale.{dotted(path)}", {})
        changed = was.get(text.languages[0]) not in {None, text.words[0][1]} if text.languages else False
        left = {name: words for name, words in text.words[1:] if was.get(name) == words and (changed or name in known)}
        if left:
            found[dotted(path)] = left
    return found


def dotted(path: tuple[str | int, ...]) -> str:
    """Print a path of the record with dots."""
    return ".".join(str(part) for part in path)


def _corrections(facts: Facts) -> tuple[Correction, ...]:
    """Return past corrections, and those that this record makes to what was published."""
    before = facts.published.telling
    if before is None or facts.incident.history:
        return ()
    return (*before.corrections, *found_against(before, telling(facts)))


def corrected_when(correction: Correction, voice: Voice) -> str:
    """Return when a correction was published, in words; the mark of publication where that is still to come."""
    if correction.at is None:
        return PUBLISHED_AT
    return voice.moment(When(datetime.fromisoformat(correction.at)), utc=True)
