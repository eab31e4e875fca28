"""What can be mended without changing what it says: a gap that has one filling, a day, a zone. For `check --fix`.

A mend never touches what readers were told already: changing that is a correction, and a person makes it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from crisiscomms.errors import Finding, Place
from crisiscomms.record import Update
from crisiscomms.record.names import Names, names_in
from crisiscomms.record.texts import Passage, passages
from crisiscomms.record.tree import Tree
from crisiscomms.review.hours import bare_clocks
from crisiscomms.review.letter import Letter
from crisiscomms.review.mending import Knowledge, day_meant, days_in, filling, zone_meant
from crisiscomms.review.scan import scan
from crisiscomms.workspace import Workspace

_CITED = re.compile(r"\$([A-Za-z_]\w*)")
#: How like a known name a misspelt one must be, and no other may be.
_LIKE = 0.8


class Mend(NamedTuple):
    """One change inside a line: what stands there, what is to stand there instead, and the rule that asks for it."""

    code: str
    place: Place
    written: str
    instead: str


def mends(known: Knowledge) -> Iterator[Mend]:
    """Yield what can be mended in a record, each place once."""
    told: set[Place] = set()
    for passage in passages(known.record.incident):
        if passage.language in known.voices and "TODO" not in passage.words and not _was_told(known, passage.update):
            for mend in _in_passage(known, passage):
                if mend.place not in told:
                    told.add(mend.place)
                    yield mend


def _was_told(known: Knowledge, update: Update | None) -> bool:
    """Say whether an update is out, or older than the newest that is due: what was said then was judged then."""
    if update is None:
        return False
    telling = known.published.telling
    out = {told.update for told in known.published.told} | set(telling.updates if telling else ())
    due = [one for one in known.record.incident.updates if one.at.at <= known.now]
    return update.id in out or bool(due and update.at.at < due[-1].at.at)


def _in_passage(known: Knowledge, passage: Passage) -> Iterator[Mend]:
    tree = known.record.tree
    for code, start, end in flaws(passage):
        written, instead = passage.words[start:end], _MEANT[code](known, passage, start, end)
        place = _place(tree, passage, written, start)
        if instead is not None and place is not None and _may_stand(tree, place, instead):
            yield Mend(code, place, written, instead)


_MEANT = {"template-leftover": filling, "relative-date": day_meant, "missing-timezone": zone_meant}
#: The rules whose findings may be mended.
CODES = frozenset(_MEANT)


def flaws(passage: Passage) -> Iterator[tuple[str, int, int]]:
    """Yield what may be mended in one text: the rule, and the words by where they begin and end.

    A rule speaks once about a sentence; of the days that depend on when they are read, all are found there.
    """
    letter = Letter("notice", passage.language, passage.words, template="record")
    for verdict in scan(letter):
        hit, here = verdict.hit, verdict.hit.sentence
        if verdict.rule.code == "template-leftover":
            yield verdict.rule.code, hit.start, hit.end
        elif verdict.rule.code == "relative-date":
            yield from ((verdict.rule.code, *span) for span in days_in(passage, here.start, here.end))
    yield from (("missing-timezone", *span) for span in bare_clocks(passage))


def _place(tree: Tree, passage: Passage, written: str, start: int) -> Place | None:
    """Return where some words of a text stand in the file. None where the file writes them in another way."""
    path = passage.path_in(tree)
    span = tree.spans.get(path)
    if span is None or "\n" in written or not written:
        return None
    if tree.source.count(written, span.start, span.end) != passage.words.count(written):
        return None
    return tree.place_of(path, written, passage.words.count(written, 0, start))


def _may_stand(tree: Tree, place: Place, instead: str) -> bool:
    """Say whether the new words may stand there. A comma would end a text without quotation marks between brackets."""
    line = tree.source.split("\n")[place.line - 1]
    before = line[: place.column - 1]
    return not ("," in instead and re.search(r"[\[{]", before) and not re.search(r"[\"']", before))


def cited(findings: Iterable[Finding], tree: Tree, workspace: Workspace) -> Iterator[Mend]:
    """Yield citations that are misspelt in a record that cannot be read, where one known name alone is like them."""
    wrong = [finding for finding in findings if finding.code == "bad-citation" and finding.place.line]
    if not wrong or not isinstance(tree.data, dict):
        return
    names = names_in(tree, workspace)
    known = _citable(names)
    lines = tree.source.split("\n")
    for finding in wrong:
        line = lines[finding.place.line - 1] if finding.place.line <= len(lines) else ""
        match = _CITED.match(line, max(finding.place.column - 1, 0))
        if finding.place.file != tree.file or match is None or match[1] in {*known, "recipient", "promises"}:
            continue
        near = difflib.get_close_matches(match[1], known, n=2, cutoff=_LIKE)
        if len(near) == 1:
            yield Mend(finding.code, finding.place, match[0], f"${near[0]}")


def _citable(names: Names) -> list[str]:
    """Return the names that a text of this record may cite now."""
    derived = [*names.times, "status", "next_update", "page"]
    return [*names.facts, *derived, *(["duration"] if names.times >= {"started", "fixed"} else [])]


def applied(text: str, found: Iterable[Mend]) -> str:
    """Return the text of a file with some mends made. Line ends and everything else stay as they are."""
    lines = text.split("\n")
    for mend in sorted(found, key=lambda one: one.place, reverse=True):
        number, start = mend.place.line - 1, mend.place.column - 1
        if number < len(lines) and lines[number].startswith(mend.written, start):
            line = lines[number]
            lines[number] = line[:start] + mend.instead + line[start + len(mend.written) :]
    return "\n".join(lines)


def marked(findings: Iterable[Finding], found: Iterable[Mend]) -> tuple[Finding, ...]:
    """Return findings, those that can be mended marked as such."""
    places = {(mend.code, mend.place) for mend in found}
    return tuple(
        replace(finding, mendable=True) if (finding.code, finding.place) in places else finding for finding in findings
    )
