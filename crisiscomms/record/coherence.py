"""The rules that tie a record's parts together: names that must exist, times that must run forwards, texts that are safe.

What stands here makes a record unreadable, so that no message could be derived from it. Whether the messages
are true and fit to send is for review.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from crisiscomms.errors import Finding, Severity, did_you_mean
from crisiscomms.record.citations import citations, known_names
from crisiscomms.record.model import Incident
from crisiscomms.record.recipients import Recipients
from crisiscomms.record.texts import Passage, passages
from crisiscomms.record.tree import Path_, Tree, invisible, scalars
from crisiscomms.workspace import Workspace

_HTML = re.compile(r"<(?:[a-zA-Z][^>\n]*>|[a-zA-Z/!?])")
_LINK = re.compile(r"\]\(\s*<?\s*([^)\s>]*)|<([a-zA-Z][a-zA-Z0-9+.-]*:[^>\s]*)>|^\s*\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_SAFE_LINK = re.compile(r"(https?://[^\s@]+|mailto:[^\s]+|tel:[+0-9-]+|#[\w-]*)")
_STAYS = "Readers would see something broken, or be led astray."


def incoherences(
    incident: Incident, tree: Tree, workspace: Workspace, lists: Mapping[str, Recipients], path: Path
) -> Iterator[Finding]:
    """Yield everything that does not fit together. All of it, not the first."""
    check = _Coherence(incident, tree, workspace, lists)
    if incident.id != path.stem:
        yield check.finding(
            "wrong-id",
            ("id",),
            f'id is "{incident.id}", and the file is called {path.name}',
            f"Make them the same: rename the file to {incident.id}.yaml, or the id to {path.stem}.",
        )
    yield from check.names()
    yield from check.times()
    for passage in passages(incident):
        where = (*passage.path, passage.language)
        yield from unsafe_words(tree, where if where in tree.spans else passage.path, passage.words)
        yield from check.citations(passage)
    yield from _plain_words(tree)


def unsafe_scalars(tree: Tree) -> Iterator[Finding]:
    """Yield what is unsafe in any value of a file that does not fit the schema, so that nothing waits for a second run."""
    for path, words in scalars(tree.data):
        if path[0] != "notes":
            yield from unsafe_words(tree, path, words)


def unsafe_words(tree: Tree, path: Path_, words: str) -> Iterator[Finding]:
    """Yield what must not stand in a text: HTML, links that lead astray, pictures, characters that hide."""

    def finding(words: str, code: str, message: str, fix: str) -> Finding:
        return Finding(code, Severity.ERROR, tree.place_of(path, words), message, _STAYS, fix)

    for match in _HTML.finditer(words):
        yield finding(
            match[0],
            "html",
            f"holds HTML ({match[0][:40]})",
            "Write plain words. **Two stars** make them bold, a blank line a new paragraph.",
        )
    for match in _LINK.finditer(words):
        address = match[1] or match[2] or match[3] or ""
        if not _SAFE_LINK.fullmatch(address):
            yield finding(
                match[0],
                "unsafe-link",
                f'links to "{address[:60]}"',
                "Link to a full https:// address, without a user name in it.",
            )
    if "![" in words:
        yield finding("![", "html", "holds a picture", "Describe it in words. Only products have pictures.")
    for character in dict.fromkeys(invisible(words)):
        yield finding(
            character,
            "hidden-characters",
            f"holds a hidden character (U+{ord(character):04X}) that can turn words around",
            "Delete the word and type it again.",
        )
    if "=?" in words and "?=" in words:
        yield finding("=?", "header-injection", "holds a coded mail header (=?...?=)", "Write the words plainly.")


def _plain_words(tree: Tree) -> Iterator[Finding]:
    """Check the short words that are not Markdown: names and numbers that end up in headers and pages."""
    for path, words in scalars(tree.data):
        if path[-1] in {"name", "owner", "read_by", "model", "reference", "phone"}:
            yield from unsafe_words(tree, path, words)


class _Coherence:
    def __init__(self, incident: Incident, tree: Tree, workspace: Workspace, lists: Mapping[str, Recipients]) -> None:
        self.incident, self.tree, self.workspace, self.lists = incident, tree, workspace, lists
        self.audiences = workspace.audiences(incident.audiences)

    def finding(self, code: str, path: Path_, message: str, fix: str, why: str = _STAYS) -> Finding:
        place = self.tree.spans[path].place if path in self.tree.spans else self.tree.place(path)
        return Finding(code, Severity.ERROR, place, message, why, fix)

    def _known(self, what: str, name: str, known: list[str], path: Path_) -> Iterator[Finding]:
        if name not in known:
            shown = ", ".join(known) or "none yet"
            yield self.finding(
                f"unknown-{what}", path, f'there is no {what} "{name}".{did_you_mean(name, known)}', f"Known: {shown}."
            )

    def names(self) -> Iterator[Finding]:
        incident = self.incident
        audiences = list(self.audiences)
        for field in ("impact", "do_now", "repair"):
            for index, item in enumerate(getattr(incident, field)):
                yield from self._known("audience", item.audience, audiences, (field, index, "audience"))
        for name, audience in incident.audiences.items():
            for index, channel in enumerate(audience.channels):
                yield from self._known(
                    "channel", channel, list(self.workspace.settings.channels), ("audiences", name, "channels", index)
                )
            if audience.counted_by:
                yield from self._known(
                    "fact", audience.counted_by, list(incident.facts), ("audiences", name, "counted_by")
                )
        components = [component.id for component in self.workspace.settings.site.components]
        for component in incident.affected.components:
            yield from self._known("component", component, components, ("affected", "components", component))
        yield from self._update_names(audiences)
        yield from self._pictures()

    def _update_names(self, audiences: list[str]) -> Iterator[Finding]:
        promises = [promise.id for promise in self.incident.promises]
        for field, ids in (("updates", [u.id for u in self.incident.updates]), ("promises", promises)):
            for index, name in enumerate(ids):
                if name in ids[:index]:
                    yield self.finding(
                        "duplicate-id",
                        (field, index, "id"),
                        f'"{name}" is the id of an earlier entry of {field}',
                        "Give each its own id. It is part of an address.",
                    )
        if not self.incident.updates:
            yield self.finding(
                "missing-field",
                ("updates",),
                "updates is empty",
                "Add the first update: crisiscomms update ID --status investigating --text ...",
            )
        for index, update in enumerate(self.incident.updates):
            for number, audience in enumerate(update.audiences):
                yield from self._known("audience", audience, audiences, ("updates", index, "audiences", number))
            for number, promise in enumerate(update.needs):
                yield from self._known("promise", promise, promises, ("updates", index, "needs", number))

    def _pictures(self) -> Iterator[Finding]:
        folder = self.workspace.folder
        for index, product in enumerate(self.incident.affected.products):
            if product.picture:
                file = (folder / "incidents" / product.picture.file).resolve()
                if not file.is_relative_to(folder.resolve()) or not file.is_file():
                    yield self.finding(
                        "missing-file",
                        ("affected", "products", index, "picture", "file"),
                        f"{product.picture.file} is not in the workspace",
                        "Put the picture into the workspace, and write its path from the folder of the record.",
                    )

    def times(self) -> Iterator[Finding]:
        times = self.incident.times
        order = [
            (name, getattr(times, name))
            for name in ("started", "noticed", "contained", "fixed")
            if getattr(times, name)
        ]
        for (before, first), (after, second) in zip(order, order[1:], strict=False):
            if second.at < first.at:
                yield self.finding(
                    "time-backwards",
                    ("times", after),
                    f"{after} ({second}) is before {before} ({first})",
                    "Correct one of the two times.",
                    "Readers would be told of an end before the beginning.",
                )
        updates = self.incident.updates
        for index, (before_update, update) in enumerate(zip(updates, updates[1:], strict=False), 1):
            if update.at.at <= before_update.at.at:
                yield self.finding(
                    "time-backwards",
                    ("updates", index, "at"),
                    f'update "{update.id}" ({update.at}) is not later than the one above it ({before_update.at})',
                    "Keep updates in the order of their times, oldest first.",
                    "Readers would see the news in the wrong order.",
                )
        for index, update in enumerate(updates):
            if update.next_update and update.next_update.at <= update.at.at:
                yield self.finding(
                    "time-backwards",
                    ("updates", index, "next_update"),
                    f"the next update ({update.next_update}) is promised for before this one ({update.at})",
                    "Give a later time, or remove next_update if this is the last update.",
                    "People would be told to expect news in the past.",
                )

    def citations(self, passage: Passage) -> Iterator[Finding]:
        incident = self.incident
        where = (*passage.path, passage.language)
        path = where if where in self.tree.spans else passage.path
        for citation in citations(passage.words, incident.facts):
            problem = ""
            if citation.what == "unknown" or (
                citation.what == "promise"
                and (citation.detail != "due" or citation.name not in [p.id for p in incident.promises])
            ):
                problem = f"cites {citation.written}, which the record does not have.{did_you_mean(citation.written[1:], known_names(incident))}"
                fix = f"Known: {', '.join('$' + name for name in known_names(incident))}. For a dollar sign write $$."
            elif citation.what == "recipient":
                problem, fix = self._column(passage, citation.name, citation.detail)
            elif citation.what == "time" and getattr(incident.times, citation.name) is None:
                problem, fix = (
                    f"cites {citation.written}, and times.{citation.name} is not known yet",
                    f"Add times.{citation.name}, or say it without the time.",
                )
            elif citation.name == "duration" and not (incident.times.started and incident.times.fixed):
                problem, fix = (
                    "cites $duration, and times.started or times.fixed is not known yet",
                    "Add both times, or say it without the duration.",
                )
            if problem:
                yield Finding(
                    "bad-citation",
                    Severity.ERROR,
                    self.tree.place_of(path, citation.written),
                    problem,
                    "Readers would see a name with a dollar sign instead of the figure.",
                    fix,
                )

    def _column(self, passage: Passage, column: str, detail: str) -> tuple[str, str]:
        owners = (
            [passage.audience]
            if passage.audience
            else list(passage.update.audiences)
            if passage.update and passage.private
            else []
        )
        if not owners or any(owner not in self.lists for owner in owners if owner in self.audiences):
            return (
                f"cites $recipient.{column} in a text that everyone may read",
                "Only the texts of an audience with a list may cite its columns.",
            )
        for owner in owners:
            people = self.lists.get(owner)
            if people and not people.problems and column not in people.columns:
                return (
                    f'cites $recipient.{column}, and the list of {owner} has no column "{column}".{did_you_mean(column, people.columns)}',
                    f"Columns of {people.file}: {', '.join(people.columns)}.",
                )
        if detail and column not in self.incident.facts:
            return (
                f"cites $recipient.{column}.with_unit, and there is no fact {column} to take the unit from",
                "Name the column like the fact it counts.",
            )
        return "", ""
