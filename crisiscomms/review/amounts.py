"""Amounts of money in letters: each reader's own must name its currency."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crisiscomms.errors import Finding
from crisiscomms.messages.cldr import currency_words
from crisiscomms.record.citations import Citation, citations
from crisiscomms.review.context import Case
from crisiscomms.review.rules import rule
from crisiscomms.review.truth import sources

#: How far from an amount its currency may stand: "12 of your euros".
_NEAR = 20
_WORD = re.compile(r"[^\W\d_]+|\S")


def record_amounts(case: Case) -> Iterator[Finding]:
    """Yield where a letter would state a reader's own amount as a number alone."""
    found, facts, out = rule("bare-amount", "F"), case.incident.facts, case.published.dispatched()
    for passage, place in sources(case):
        if passage.update is not None and passage.update.id in out:
            continue  # it went out as it is
        for cited in citations(passage.words, facts):
            fact = facts.get(cited.name) if cited.what == "recipient" and not cited.detail else None
            if fact is None or not fact.unit.currency:
                continue
            if _says_currency(passage.words, cited, fact.unit.currency, passage.language):
                continue
            where = place(cited.written, passage.words.count(cited.written, 0, cited.start))
            message = (
                f"{cited.written} is an amount of money and would read as a number alone, without {fact.unit.currency}"
            )
            fix = f"Write {cited.written}.with_unit: it says the amount with its currency, as each language does."
            yield case.finding(found.code, found.severity, where, message, found.why, fix)


def _says_currency(words: str, cited: Citation, currency: str, language: str) -> bool:
    end = cited.start + len(cited.written)
    near = f"{words[max(0, cited.start - _NEAR) : cited.start]} {words[end : end + _NEAR]}".lower()
    known = currency_words(currency, language.replace("-", "_"))
    return not known.isdisjoint(_WORD.findall(near)) or not known.isdisjoint(near.split())
