"""What we said that is no longer so: found against what was published, marked on the pages, told to who was told it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from crisiscomms.fields import Text
from crisiscomms.messages.facts import Facts, cited_by
from crisiscomms.messages.prose import one_line
from crisiscomms.published import MAYBE_OUT, STANDING, Heard, when_said
from crisiscomms.record import TIMES
from crisiscomms.record.citations import citations
from crisiscomms.record.texts import Passage, passages
from crisiscomms.telling import PAGES, PUBLIC, Correction, Telling, Words

#: What stands on the pages beside updates and figures: once it is gone or another, the page says what it said before.
_MARKED = ("title", "not-affected", "data", "product", "cause", "responsibility", "promise")
#: What readers were asked to do, and whom to ask: it changes as things go on, but who was written to should know.
_NAMED = (*_MARKED, "do-now", "contact")


# -- what a publication says ---------------------------------------------------------------------------------------


def known_to(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Return which figures and times whose messages state: everybody's texts, the pages alone, each audience's mails.

    The messages are composed by now: what none of them cites was told to nobody.
    """
    shown = [update for update in facts.updates if not update.private]
    found = list(passages(facts.incident))
    own = [(one.entry.audience or PUBLIC, one.words) for one in facts.texts]
    open_to_all = [p.words for p in found if not p.private and (p.update is None or p.update in shown)]
    times = tuple(name for name in TIMES if getattr(facts.incident.times, name)) if shown else ()
    known = {PUBLIC: open_to_all, **{name: _heard_by(name, facts, found) for name in _listed(facts)}}
    stated = cited_by(facts.incident, [*(words for words, *_ in facts.cited), *(words for _, words in own)])
    by_name = {
        name: tuple(sorted(stated & cited_by(facts.incident, [*words, *(said for who, said in own if who == name)])))
        for name, words in known.items()
    }
    return {**by_name, PAGES: times}


def _listed(facts: Facts) -> list[str]:
    return [name for name in facts.workspace.audiences(facts.incident.audiences) if not facts.public(name)]


def _heard_by(audience: str, facts: Facts, found: Sequence[Passage]) -> list[str]:
    """Return the texts that the mails of an audience may hold."""
    due = {update.id for update in facts.updates}
    return [
        p.words
        for p in found
        if (p.audience in {None, audience} or (facts.public(p.audience or "") and not p.private))
        and (p.update is None or (p.update.id in due and audience in p.update.audiences))
    ]


def on_pages(facts: Facts) -> dict[str, Words]:
    """Return what the pages say beside updates and figures, in every language, under `page.GROUP.N`."""
    return {f"page.{group}.{n}": words for group in _NAMED for n, words in enumerate(_said(facts, group))}


def _said(facts: Facts, group: str) -> Iterator[Words]:
    incident = facts.incident
    if group == "product":
        for product in incident.affected.products:
            for lot in product.lots or ("",):
                rest = " ".join(filter(None, (product.model, lot)))
                yield {one: f"{words} {rest}".strip() for one, words in _in_all(facts, product.name).items()}
    elif group == "contact":
        contact = incident.contact or facts.workspace.settings.organisation.contact
        yield dict.fromkeys(facts.languages, " ".join(filter(None, (contact.email, contact.phone))))
    else:
        yield from (_in_all(facts, text) for text in _texts(facts, group))


def _texts(facts: Facts, group: str) -> list[Text]:
    incident = facts.incident
    cause, whose = incident.cause, incident.responsibility
    found: dict[str, list[Text | None]] = {
        "title": [incident.title],
        "not-affected": [item.text for item in incident.affected.not_affected or ()],
        "data": [*incident.affected.data_types],
        "cause": [cause.plain if cause.state == "confirmed" else None],
        "responsibility": [whose.statement if whose.level in {"ours", "shared"} else None],
        "promise": [promise.text for promise in incident.promises],
        "do-now": [item.text for item in incident.do_now or () if not item.private],
    }
    return [text for text in found[group] if text]


def _in_all(facts: Facts, text: Text) -> dict[str, str]:
    """Return a text in each language that it has. What stands in for a translation is none: it may come at any time."""
    own = [language for language in facts.languages if text.get(language) is not None]
    return {language: one_line(facts.cite(text, language)) for language in own or facts.languages}


# -- what changed since ------------------------------------------------------------------------------------------------


def found_against(before: Telling, now: Telling) -> Iterator[Correction]:
    """Yield what a telling says otherwise than the one before it."""
    for name, shown in sorted(
        before.facts.items(), key=lambda one: TIMES.index(one[0]) if one[0] in TIMES else len(TIMES)
    ):
        to = before.told_to(name)
        if to == () or not _is_other(shown, now.facts.get(name, {})):
            continue
        one = Correction(name, dict(shown), dict(now.facts[name]), None, figure=True, heard=before.updates, to=to)
        yield one._replace(refined=_still_true(before, now, f"fact.{name}"))
    for update in before.updates:
        key, said = f"updates.{update}", f"said.{update}"
        if key in before.texts and _differs(before.texts[key], now.texts.get(key, {})):
            then, today = dict(before.texts[said]), dict(now.texts[said])
            yield Correction(key, then, today, None, figure=False, heard=before.updates)
    for group in _MARKED:
        if lost := gone(before, now, group):
            yield Correction(
                f"page.{group}", lost, gone(now, before, group), None, figure=False, heard=before.updates, to=(PAGES,)
            )


def _still_true(before: Telling, now: Telling, key: str) -> bool:
    """Say whether what readers were told of a figure was no error: it was said to be about so many, or at least.

    About 47,000 is true of all that 47,000 is the round number of.
    """
    then, today = before.texts.get(key), now.texts.get(key)
    if not then or not today or then.get("unit", today["unit"]) != today["unit"]:
        return False
    was, counted = (Decimal(told["value"]).normalize() for told in (then, today))
    if then["certainty"] == "at-least":
        return counted >= was
    return then["certainty"] == "estimated" and 2 * abs(counted - was) <= Decimal(1).scaleb(
        int(was.as_tuple().exponent)
    )


def changed_groups(before: Telling, now: Telling) -> list[str]:
    """Return what readers may have been told beside updates and figures, and does not stand there any more."""
    return [group for group in _NAMED if gone(before, now, group)]


def gone(before: Telling, now: Telling, group: str) -> Words:
    """Return the words of a group that a telling does not have any more, in each language. Empty where it has them all.

    A language that lost nothing while another did has empty words.
    """
    was, stands = _by_language(before, group), _by_language(now, group)
    # A language in which nothing stands any more is one that the record is not in now.
    lost = {
        language: _in_a_row([words for words in said if words not in stands.get(language, ())])
        for language, said in was.items()
        if language in stands or not stands
    }
    return lost if any(lost.values()) else {}


def _by_language(telling: Telling, group: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, words in telling.texts.items():
        for language, said in words.items() if key.startswith(f"page.{group}.") else ():
            found.setdefault(language, []).append(said)
    return found


def _in_a_row(said: Sequence[str]) -> str:
    """Return sentences one after the other, and what is no sentence with a comma after it."""
    return " ".join(words if words.endswith((".", "!", "?", "\u061f")) else f"{words}," for words in said).rstrip(",")


def _differs(before: Words, now: Words) -> bool:
    """Say whether some words are others now, in any language that both are in."""
    return any(now.get(language) not in {None, words} for language, words in before.items())


def _is_other(before: Words, now: Words) -> bool:
    """Say whether a figure is another now: in all languages that both are in. In one alone it is only put otherwise."""
    both = before.keys() & now.keys()
    return bool(both) and all(before[language] != now[language] for language in both)


# -- who is still to hear of it ----------------------------------------------------------------------------------------


def uncorrected(facts: Facts, audience: str | None) -> list[Correction]:
    """Return the figures that some of an audience (None: who reads posts) were told wrong and have not been told right.

    One that changed several times is told once: from all that they heard of it to what it is now.
    """
    return [_joined(facts, [one for one, _ in chain]) for chain in _wrong(facts, audience)]


def misheard(facts: Facts, audience: str | None) -> tuple[Heard, ...]:
    """Return when an audience (None: who reads posts) heard a figure that has changed: who did needs a correction."""
    return tuple(dict.fromkeys(heard for chain in _wrong(facts, audience) for _, heard in chain))


def told_last(facts: Facts, audience: str | None) -> dict[str, str]:
    """Return the newest update with which each channel told an audience (None: who reads posts) something that is wrong now."""
    order = {update.id: number for number, update in enumerate(facts.updates)}
    wrong = {update for heard in misheard(facts, audience) for update in heard.updates or order}
    told = [
        t
        for t in facts.published.told
        if t.audience == (audience or PUBLIC)
        and t.state in MAYBE_OUT
        and t.kind not in STANDING
        and t.update in wrong & order.keys()
    ]
    return {t.channel: t.update for t in sorted(told, key=lambda t: order[t.update])}


def _wrong(facts: Facts, audience: str | None) -> list[list[tuple[Correction, Heard]]]:
    """Return for each figure what some of an audience heard of it that is no longer so, and when."""
    chains: dict[str, list[tuple[Correction, Heard]]] = {}
    posted = _posted(facts) if audience is None else None
    for one, heard in when_said(facts.corrections):
        if one.figure and one.is_for(audience or PUBLIC) and (posted is None or one.what in posted):
            chains.setdefault(one.what, []).append((one, heard))
    return [found for chain in chains.values() if (found := _still(facts, audience, chain))]


def _posted(facts: Facts) -> set[str]:
    """Return the figures and times that posts state, or did: those of an update and of what to do now. Pages say more."""
    incident, before = facts.incident, facts.published.telling
    texts = [text for update in incident.updates for text in (update.text, update.short) if text]
    texts += [item.text for item in incident.do_now or () if not item.private]
    words = [said for text in texts for _, said in text]
    words += [own.words for own in facts.texts if own.entry.message == "post"]
    for key, published in before.texts.items() if before else ():
        words += published.values() if key.startswith("updates.") else ()
    return {citation.name for one in words for citation in citations(one, incident.facts)}


def _still(
    facts: Facts, audience: str | None, chain: Sequence[tuple[Correction, Heard]]
) -> list[tuple[Correction, Heard]]:
    now = chain[-1][0].after
    chain = _but_refined(chain)
    if not chain:
        return []
    if facts.published.misled is None:
        # What was published while nothing else went out stood on the pages only.
        said = [chain[0], *(one for earlier, one in pairwise(chain) if set(one[0].heard) != set(earlier[0].heard))]
    else:
        misled, group = facts.published.misled, audience or PUBLIC
        said = [one for one in chain if group in misled.get(one[1].span, ())]
    wrong = [(one, heard) for one, heard in said if one.before != now]
    # The last stands for what it is now.
    return [(one._replace(after=now), heard) for one, heard in wrong]


def _but_refined(chain: Sequence[tuple[Correction, Heard]]) -> Sequence[tuple[Correction, Heard]]:
    """Return a chain up to its last error: what was only refined since then is no reason to write to anyone."""
    errors = [number for number, (one, _) in enumerate(chain, 1) if not one.refined]
    return chain[: errors[-1]] if errors else ()


def _joined(facts: Facts, chain: Sequence[Correction]) -> Correction:
    """Return one correction for several of the same figure."""
    wrong = [one for number, one in enumerate(chain) if all(one.before != other.before for other in chain[:number])]
    languages = {language for one in wrong for language in one.before}
    before: Mapping[str, str] = {
        language: facts.voices[language].either([one.before[language] for one in wrong if language in one.before])
        for language in languages
        if language in facts.voices
    }
    return chain[-1]._replace(
        before=before, refined=False, heard=tuple(dict.fromkeys(name for one in wrong for name in one.heard))
    )
