"""Duties by law: what a pack asks for and the record or the messages lack, words it bans, and clocks near their end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from crisiscomms.errors import Finding, Place, Severity, did_you_mean
from crisiscomms.record.model import EVERYONE, STATUSES, Incident, Regulation
from crisiscomms.record.texts import passages
from crisiscomms.review.clocks import Ticking, clocks
from crisiscomms.review.context import Case
from crisiscomms.review.letter import Letter
from crisiscomms.review.lexicon import places
from crisiscomms.review.packs import Pack, Part, names, pack, present
from crisiscomms.review.phrases import fold, phrases_of
from crisiscomms.review.rules import rule

#: Which finding of the house says already that a field is empty. The law is then not named beside it.
_SAID = {
    "affected": "missing-affected",
    "impact": "missing-impact",
    "do_now": "missing-reader-action",
    "repair": "missing-repair",
    "contact": "missing-contact",
    "actions": "missing-corrective-action",
    "cause": "missing-cause",
}


def record_duties(case: Case, codes: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what the packs of a record miss in it. `codes` are those of what was found already.

    What the record accepts with a reason does not count as found: the law may still ask for it.
    """
    accepted = {silence.code for silence in case.incident.silence}
    said = frozenset(field for field, code in _SAID.items() if code in codes and code not in accepted)
    named = [(index, one) for index, one in enumerate(case.incident.regulation) if one.applies]
    for index, one in named:
        if one.pack in names():
            yield from _elements(case, index, one, said)
            yield from _conflicts(case, index, one, named)
        else:
            found = rule("unknown-pack", "G")
            message = f'there is no set of rules "{one.pack}".{did_you_mean(one.pack, names())}'
            where = ("regulation", index, "pack")
            fix = f"Known: {', '.join(names())}."
            yield case.finding(found.code, found.severity, where, message, found.why, fix)
    yield from (_clock(case, one) for one in clocks(case.incident, case.now) if one.state in {"out", "near"})


def _elements(case: Case, index: int, one: Regulation, said: frozenset[str]) -> Iterator[Finding]:
    known, incident = pack(one.pack), _as_read(case)
    here = STATUSES.index(case.update.status)
    for part in known.of_kind("element"):
        early = part.from_status and here < STATUSES.index(part.from_status)
        told = all(path.partition(".")[0] in said for path in part.any or part.all)
        if not early and not told and not present(part, incident, one):
            yield _missing(case, index, known, part)
    for part in known.of_kind("format"):
        if part.place == "title":
            title = fold(next(words for _, words in case.incident.title))
            lacks = [words for words in part.has if fold(words) not in title]
            if lacks:
                yield _missing(case, ("title",), known, part, lacks)


def _as_read(case: Case) -> Incident:
    """Return the incident with the contact that readers get where it names none of its own."""
    contact = case.incident.contact or case.workspace.settings.organisation.contact
    return case.incident.model_copy(update={"contact": contact})


def _missing(
    case: Case, at: int | tuple[str, ...] | Place, known: Pack, part: Part, lacks: Iterable[str] = ()
) -> Finding:
    where = ("regulation", at) if isinstance(at, int) else at
    named = ": " + ", ".join(f'"{words}"' for words in lacks) if lacks else ""
    asks = "a question: " if part.severity is Severity.QUESTION else ""
    message = f"{asks}{part.says}{named}"
    return case.finding(known.code(part.name), part.severity, where, message, why(known, part), part.fix)


def why(known: Pack, part: Part) -> str:
    """Return why a finding about a duty matters: the law asks for it. A list of things to look at, and no advice."""
    return f"{known.title} asks for it ({part.article}; as of {known.as_of}). This is a checklist, not legal advice."


def _clock(case: Case, one: Ticking) -> Finding:
    out = one.state == "out"
    severity = Severity.WARNING if out else Severity.INFO
    why = f"{one.pack.title}, {one.clock.article}; as of {one.pack.as_of}. This is a checklist, not legal advice."
    fix = one.clock.late if out else f"When it is done, write it into the record: {filing(one)}."
    return case.finding(one.pack.code("clock"), severity, ("regulation", one.entry), one.words, why, fix)


def filing(one: Ticking) -> str:
    """Return the line by which a record says that a report was filed."""
    first = one.clock.report == one.pack.clocks[0].report
    return "filed_at: TIME" if first else f"filed: {{ {one.clock.report}: TIME }}"


def _conflicts(case: Case, index: int, one: Regulation, named: list[tuple[int, Regulation]]) -> Iterator[Finding]:
    """Yield packs that want different words for the same readers: only their audiences tell them apart."""
    for _, other in named:
        if other.pack not in pack(one.pack).conflicts:
            continue
        same = sorted(set(one.audiences) & set(other.audiences))
        if one.audiences and other.audiences and not same:
            continue
        found = rule("packs-conflict", "G")
        readers = ", ".join(same) or "the same readers"
        message = f"{one.pack} and {other.pack} want different words, and both are about {readers}"
        where = ("regulation", index)
        yield case.finding(found.code, found.severity, where, message, found.why, found.fix)


# -- what the messages say -----------------------------------------------------------------------------------------


def message_duties(case: Case, letters: Iterable[Letter]) -> Iterator[Finding]:
    """Yield banned words and missing headings in the messages that a pack is about."""
    packs = [(one, pack(one.pack)) for one in case.incident.regulation if one.applies and one.pack in names()]
    packs = [(one, known) for one, known in packs if any(part.kind != "element" for part in known.parts)]
    told: set[tuple[str, Place, str]] = set()
    for letter in letters if packs else ():
        for one, known in packs:
            if _is_about(one, letter):
                for found in (*_banned(case, known, letter), *_headings(case, known, letter)):
                    key = (found.code, found.place, found.message.partition(" says ")[2])
                    if key not in told:
                        told.add(key)
                        yield found


def _is_about(one: Regulation, letter: Letter) -> bool:
    """Say whether a pack is about a message: its audiences, or everything but the memo to staff where it names none."""
    if letter.kind == "memo":
        return False
    return not one.audiences or (letter.audience or EVERYONE) in one.audiences


def banned(part: Part, letter: Letter) -> Iterator[tuple[int, int]]:
    """Yield where words stand that a pack bans. Once a sentence is enough."""
    seen: set[int] = set()
    for start, end in places(phrases_of(part.phrases), letter):
        sentence = letter.sentence_at(start).number
        if sentence not in seen:
            seen.add(sentence)
            yield start, end


def _banned(case: Case, known: Pack, letter: Letter) -> Iterator[Finding]:
    if not letter.language.startswith("en"):
        return  # the words are written down in English only
    for part in known.of_kind("banned"):
        for start, end in banned(part, letter):
            words = " ".join(letter.text[start:end].split())
            asks = "a question: " if part.severity is Severity.QUESTION else ""
            message = f'the {letter.name} says "{words}": {asks}{part.says}'
            place = letter.place(start) if letter.written else _source(case, words) or letter.place()
            reason = f"{known.title}, {part.article}; as of {known.as_of}. This is a checklist, not legal advice."
            yield case.finding(known.code(part.name), part.severity, place, message, reason, part.fix)


def _source(case: Case, words: str) -> Place | None:
    """Return where some words stand in the record's texts."""
    for passage in passages(case.incident):
        at = fold(passage.words).find(fold(words))
        if at >= 0:
            tree = case.record.tree
            return tree.place_of(passage.path_in(tree), passage.words[at : at + len(words)])
    return None


def _headings(case: Case, known: Pack, letter: Letter) -> Iterator[Finding]:
    if letter.kind != "notice" or not letter.language.startswith("en"):
        return
    for part in known.of_kind("format"):
        lacks = [words for words in part.has if fold(words) not in letter.folded]
        if part.place == "letters" and lacks:
            place = letter.place()
            yield _missing(case, place, known, part, lacks)
