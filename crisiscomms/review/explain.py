"""A rule in words: for `check --explain`, and for the page that lists all of them."""

from __future__ import annotations

from crisiscomms.errors import Severity
from crisiscomms.review.conditions import in_words
from crisiscomms.review.explain_duties import duties_page, explain_duty
from crisiscomms.review.packs import PREFIX
from crisiscomms.review.rules import FAMILIES, HOW, WEIGHT, Rule, family, rules
from crisiscomms.review.rules import rule as find


def weight(rule: Rule) -> list[str]:
    """Return how much a rule weighs, and what changes that, a sentence each."""
    said = [f"It is {WEIGHT[rule.severity]}."]
    for severity, conditions in (
        (Severity.ERROR, rule.error_when),
        (Severity.WARNING, rule.warning_when),
        (Severity.INFO, rule.info_when),
    ):
        said += [f"It is {WEIGHT[severity]} when {in_words(condition)}." for condition in conditions]
    said += [f"It weighs one level less when {in_words(condition)}." for condition in rule.excused_by]
    said += [f"It says nothing when {in_words(condition)}." for condition in rule.off_when]
    said += [f"It says nothing beside [{code}], which says the same more plainly." for code in rule.yields_to]
    return [*said, rule.more] if rule.more else said


def explain(code: str) -> str:
    """Return everything about one rule, for the terminal. Raises UsageError that names the nearest code."""
    if code.startswith(PREFIX):
        return explain_duty(code)
    rule = find(code)
    lines = [
        f"{rule.code}: {rule.what}",
        f"  {FAMILIES[rule.family]}. How it is found: {HOW[rule.how]}.",
        "",
        f"  Why it matters: {rule.why}",
        f"  Source: {rule.source}.",
        "",
        *(f"  {line}" for line in weight(rule)),
        "",
        f"  Bad:  {_indented(rule.bad)}",
        f"  Good: {_indented(rule.good)}",
        "  Not flagged:",
        *(f"    {_indented(spared)}" for spared in rule.spares),
        "",
        f"  Fix: {rule.fix}",
        f"  If it is right all the same, the record says why: silence: [{{ code: {rule.code}, reason: ... }}]",
    ]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return text.replace("\n", "\n        ")


def page() -> str:
    """Return the page that lists every rule, in Markdown."""
    known = rules()
    lines = [
        "# The rules of the review",
        "",
        f"{len(known)} rules in {len(FAMILIES)} families. This page is made from the same data as the review itself, by",
        "`./run docs`. In the terminal: `crisiscomms check --explain CODE`.",
        "",
        "A rule is silenced in a record with a reason, which everyone who reviews sees:",
        "`silence: [{ code: CODE, reason: why it is right here }]`.",
    ]
    for letter, title in FAMILIES.items():
        lines += ["", f"## {title}"]
        for rule in family(letter).values():
            lines += ["", *_entry(rule)]
    lines += duties_page()
    return "\n".join(lines) + "\n"


def _entry(rule: Rule) -> list[str]:
    spared = " ".join(f"“{_one_line(words)}”" for words in rule.spares)
    return [
        f"### {rule.code}",
        "",
        f"{rule.what[0].upper()}{rule.what[1:]}{'' if rule.what.endswith('?') else '.'} {rule.why}",
        "",
        f"- Found by: {HOW[rule.how]}. {' '.join(weight(rule))}",
        f"- Bad: “{_one_line(rule.bad)}”",
        f"- Good: “{_one_line(rule.good)}”",
        f"- Not flagged: {spared}",
        f"- Fix: {rule.fix}",
        f"- Source: {rule.source}.",
    ]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
