"""The rules that tie a record's parts together: names that must exist, times that must run forwards, files that must be there.

What stands here makes a record unreadable, so that no message could be derived from it. Whether the messages
are true and fit to send is for review.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from crisiscomms.errors import Finding, Severity
from crisiscomms.fields import When, shown
from crisiscomms.published import EVERYTHING
from crisiscomms.record.citations import TIMES
from crisiscomms.record.files import find_file
from crisiscomms.record.model import CLOSED, Incident
from crisiscomms.record.names import Names
from crisiscomms.record.tree import Path_, Tree
from crisiscomms.record.wording import hint, listed
from crisiscomms.workspace import Workspace

_STAYS = "Readers would see something broken, or be led astray."
#: Names that one of the systems a status site may be copied to keeps for itself.
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


def incoherences(incident: Incident, tree: Tree, names: Names, workspace: Workspace, path: Path) -> Iterator[Finding]:
    """Yield everything that does not fit together. All of it, not the first. What has no place in the file is passed over."""
    check = _Coherence(incident, tree, names)
    yield from check.id(path)
    yield from check.names_of_audiences()
    yield from check.names_of_updates()
    yield from check.ids()
    yield from check.outcomes()
    yield from check.pictures(workspace, path)
    yield from check.times()
    yield from check.updates()
    yield from check.history()


class _Coherence:
    def __init__(self, incident: Incident, tree: Tree, names: Names) -> None:
        self.incident, self.tree, self.names = incident, tree, names

    def finding(self, code: str, path: Path_, message: str, fix: str, why: str = _STAYS) -> Finding:
        return Finding(code, Severity.ERROR, self.tree.place_of_value(path), message, why, fix)

    def id(self, path: Path) -> Iterator[Finding]:
        given = self.incident.id
        if ("id",) not in self.tree.spans:
            return
        if given != path.stem:
            yield self.finding(
                "wrong-id",
                ("id",),
                f'id is "{given}", and the file is called {path.name}',
                f"Make them the same: rename the file to {given}.yaml, or the id to {path.stem}.",
            )
        if given in _RESERVED:
            message = f'"{given}" is a name that Windows keeps for itself: no folder there can be called so'
            yield self.finding("bad-name", ("id",), message, f"Choose another name, for example {given}-incident.")
        if given == EVERYTHING:
            message = f'"{given}" is what you say to stop all incidents: crisiscomms hold {given}'
            yield self.finding("bad-name", ("id",), message, "Choose another name.")

    def _known(self, what: str, name: str, known: Mapping[str, None], path: Path_) -> Iterator[Finding]:
        if name not in known and (path in self.tree.spans or path in self.tree.keys):
            message = f'there is no {what} "{shown(name)}".{hint(name, known)}'
            yield self.finding(f"unknown-{what}", path, message, f"Known: {listed(known)}.")

    def names_of_audiences(self) -> Iterator[Finding]:
        incident = self.incident
        for field in ("impact", "do_now", "repair"):
            for index, item in enumerate(getattr(incident, field)):
                yield from self._known("audience", item.audience, self.names.audiences, (field, index, "audience"))
        for index, rule in enumerate(incident.regulation):
            for number, reader in enumerate(rule.audiences):
                where: Path_ = ("regulation", index, "audiences", number)
                yield from self._known("audience", reader, self.names.audiences, where)
        told = {name for update in incident.updates for name in update.audiences}
        for name, audience in incident.audiences.items():
            for index, channel in enumerate(audience.channels):
                where = ("audiences", name, "channels", index)
                yield from self._known("channel", channel, self.names.channels, where)
            if audience.recipients and not audience.channels and name in told:
                message = f'"{name}" has a list of people and no channel, so nobody on it would hear anything'
                known = listed(self.names.channels)
                yield self.finding("no-channel", ("audiences", name), message, f"Add channels: [...]. Known: {known}.")
            if audience.counted_by:
                where = ("audiences", name, "counted_by")
                yield from self._known("fact", audience.counted_by, self.names.facts, where)
        for component in incident.affected.components:
            where = ("affected", "components", component)
            yield from self._known("component", component, self.names.components, where)

    def names_of_updates(self) -> Iterator[Finding]:
        for index, update in enumerate(self.incident.updates):
            for number, audience in enumerate(update.audiences):
                where: Path_ = ("updates", index, "audiences", number)
                yield from self._known("audience", audience, self.names.audiences, where)
            for number, promise in enumerate(update.needs):
                yield from self._known("promise", promise, self.names.promises, ("updates", index, "needs", number))

    def ids(self) -> Iterator[Finding]:
        incident = self.incident
        for field, ids in (
            ("updates", [u.id for u in incident.updates]),
            ("promises", [p.id for p in incident.promises]),
        ):
            first = {name: index for index, name in reversed(list(enumerate(ids)))}
            for index, name in enumerate(ids):
                if first[name] != index and (field, index, "id") in self.tree.spans:
                    line = self.tree.place((field, first[name], "id")).line
                    yield self.finding(
                        "duplicate-id",
                        (field, index, "id"),
                        f'"{name}" is the id of two entries of {field}; the first is on line {line}',
                        "Give each its own id. It is part of an address.",
                    )

    def outcomes(self) -> Iterator[Finding]:
        for index, promise in enumerate(self.incident.promises):
            if promise.kept and promise.broken:
                yield self.finding(
                    "kept-and-broken",
                    ("promises", index, "broken"),
                    f'the promise "{promise.id}" is marked as kept and as broken',
                    "Keep one. What was broken and came later stays broken: say in an update that it is done now.",
                )

    def pictures(self, workspace: Workspace, path: Path) -> Iterator[Finding]:
        for index, product in enumerate(self.incident.affected.products):
            where: Path_ = ("affected", "products", index, "picture", "file")
            if product.picture and where in self.tree.spans:
                _, problem = find_file(workspace.folder, path.parent, product.picture.file)
                if problem:
                    yield self.finding(problem.code, where, problem.message, problem.fix)

    def times(self) -> Iterator[Finding]:
        yield from self._order(("times",), [(name, getattr(self.incident.times, name)) for name in TIMES])
        for index, product in enumerate(self.incident.affected.products):
            sold: list[tuple[str, When | None]] = [("sold_from", product.sold_from), ("sold_to", product.sold_to)]
            yield from self._order(("affected", "products", index), sold)

    def _order(self, path: Path_, times: Iterable[tuple[str, When | None]]) -> Iterator[Finding]:
        there = [(name, when) for name, when in times if when and (*path, name) in self.tree.spans]
        for (before, first), (after, second) in pairwise(there):
            if second.at < first.at:
                yield self.finding(
                    "time-backwards",
                    (*path, after),
                    f"{after} ({_said(second)}) is before {before} ({_said(first)})",
                    "Correct one of the two times.",
                    "Readers would be told of an end before the beginning.",
                )

    def updates(self) -> Iterator[Finding]:
        updates = [(i, u) for i, u in enumerate(self.incident.updates) if ("updates", i, "at") in self.tree.spans]
        for (_, above), (index, update) in pairwise(updates):
            # What others wrote long ago may hold two updates of one minute.
            if update.at.at < above.at.at or (update.at.at == above.at.at and not self.incident.history):
                yield self.finding(
                    "time-backwards",
                    ("updates", index, "at"),
                    f'update "{update.id}" ({_said(update.at)}) is not later than the one above it ({_said(above.at)})',
                    "Keep updates in the order of their times, oldest first.",
                    "Readers would see the news in the wrong order.",
                )
        for index, update in updates:
            if update.next_update and update.next_update.at <= update.at.at:
                yield self.finding(
                    "time-backwards",
                    ("updates", index, "next_update"),
                    f"the next update ({_said(update.next_update)}) is not later than this one ({_said(update.at)})",
                    "Give a later time, or remove next_update if this is the last update.",
                    "People would be told to expect news in the past.",
                )

    def history(self) -> Iterator[Finding]:
        """Yield what a past incident cannot have: an end that is still to come, and readers who are told."""
        if not self.incident.history:
            return
        last = len(self.incident.updates) - 1
        if self.incident.status not in CLOSED:
            message = "is not over, and past incidents are"
            fix = "Take out history, and it is an incident like any other. Or add an update that resolves it."
            yield self.finding("open-history", ("updates", last, "status"), message, fix)
        for index, update in enumerate(self.incident.updates):
            if update.audiences:
                message = "names who is told, and nobody is told of a past incident"
                yield self.finding("told-history", ("updates", index, "audiences"), message, "Take out audiences.")


def _said(when: When) -> str:
    return f"{when}" if when.date_only else f"{when} {when.at.tzname()}"
