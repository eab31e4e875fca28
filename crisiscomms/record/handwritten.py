"""The texts of one's own that a record names: each read, and held to the rules of a record's texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from crisiscomms.errors import Finding, Place, Severity, relative
from crisiscomms.fields import Flaw, shown
from crisiscomms.record.cited import unciteable
from crisiscomms.record.decoding import decode
from crisiscomms.record.files import find_file
from crisiscomms.record.model import Incident
from crisiscomms.record.names import Names
from crisiscomms.record.own import WORDS, Handwritten, OwnText, as_tree
from crisiscomms.record.recipients import Recipients
from crisiscomms.record.safety import unsafe
from crisiscomms.record.texts import Passage
from crisiscomms.record.tree import Path_, Tree
from crisiscomms.record.wording import hint, listed
from crisiscomms.workspace import Workspace

#: No letter is longer than this.
MOST_BYTES = 200_000
_STAYS = "The message you wrote would not be the one that readers get."
_TITLE = re.compile(r"#[ \t]|[^\n]+\n=+[ \t]*$", re.MULTILINE)
#: Deeper than this no list is nested: by signs on one line, or by spaces before it.
_DEEP = re.compile(
    r"^(?![ \t]*([-*_])(?:[ \t]*\1)*[ \t]*$)(?:[ \t]{0,8}(?:>|(?:\d{1,9}[.)]|[-*+])(?=[ \t]))){12}|^[ \t>]{60}",
    re.MULTILINE,
)
_MOST_BRACKETS = 100
_MOST_SIGNS = 1000
#: What each message needs to be known by, besides its language.
_KNOWN_BY = {"statement": (), "faq": (), "notice": ("update", "audience"), "post": ("update", "channel")}


class OwnTexts:
    """The texts of one's own of a record. `found` are those that could be read, `problems` what is wrong with the others."""

    def __init__(self, incident: Incident, tree: Tree, names: Names, workspace: Workspace, path: Path) -> None:
        self.incident, self.tree, self.names = incident, tree, names
        self.workspace, self.folder = workspace, path.parent
        self.found: list[Handwritten] = []
        self.problems: list[Finding] = []
        for index, entry in enumerate(incident.texts):
            if ("texts", index) in tree.spans:
                self.problems += self._wrong_names(index, entry)
                self._read(index, entry)

    def unfit(self, lists: Mapping[str, Recipients]) -> Iterator[Finding]:
        """Yield what must not stand in the words themselves, and what they cite that is not there."""
        for one in self.found:
            yield from unsafe(one.tree)
            if title := _TITLE.match(one.words.lstrip("\n")):
                place = one.tree.place_of(WORDS, title[0])
                message = "begins with a title, and the message has one already: the record's"
                yield Finding("own-title", Severity.ERROR, place, message, "Readers would see two titles.", _LESS)
            yield from unciteable(passage_of(one, self.incident), one.tree, WORDS, self.names, lists)

    # -- what the entry says -----------------------------------------------------------------------------------

    def _wrong_names(self, index: int, entry: OwnText) -> Iterator[Finding]:
        needed = _KNOWN_BY[entry.message]
        for name in ("update", "audience", "channel"):
            given, where = getattr(entry, name), ("texts", index, name)
            if name in needed and given is None:
                message = f"a {entry.message} of your own does not say which {name} it is for"
                yield self._finding("missing-field", ("texts", index), message, f"Add {name}.")
            elif name not in needed and given is not None:
                message = f"a {entry.message} has no {name}: there is one for everybody"
                yield self._finding("unknown-key", where, message, f"Remove the line {name}.")
            elif given is not None:
                yield from self._unknown(where, name, given)
        yield from self._wrong_reader(index, entry)

    def _unknown(self, where: Path_, name: str, given: str) -> Iterator[Finding]:
        known = {
            "update": [update.id for update in self.incident.updates],
            "audience": list(self.names.listed),
            "channel": list(self.names.channels),
        }[name]
        if given not in known:
            message = f'{name} "{shown(given)}" is not known here.{hint(given, known)}'
            yield self._finding("unknown-name", where, message, f"Known: {listed(sorted(known))}.")

    def _wrong_reader(self, index: int, entry: OwnText) -> Iterator[Finding]:
        """Yield a language that nobody gets, and an update that does not go to the audience."""
        spoken = self.incident.languages or self.workspace.settings.organisation.languages
        if entry.language and entry.language not in spoken:
            fix = f"Languages of this record: {listed(spoken)}."
            message = f'language "{entry.language}" is none that this record is told in'
            yield self._finding("bad-language", ("texts", index, "language"), message, fix)
        told = next((update.audiences for update in self.incident.updates if update.id == entry.update), None)
        if entry.audience in self.names.listed and told is not None and entry.audience not in told:
            message = f'update "{entry.update}" does not go to {entry.audience}'
            fix = f"Name {entry.audience} under audiences of that update, or name another update."
            yield self._finding("unknown-name", ("texts", index, "audience"), message, fix)

    def _finding(self, code: str, path: Path_, message: str, fix: str) -> Finding:
        return Finding(code, Severity.ERROR, self.tree.place_of_value(path), message, _STAYS, fix)

    # -- what the file says ------------------------------------------------------------------------------------

    def _read(self, index: int, entry: OwnText) -> None:
        where: Path_ = ("texts", index, "file")
        if where not in self.tree.spans:
            return
        file, flaw = find_file(self.workspace.folder, self.folder, entry.file)
        if flaw is None and file.suffix.lower() != ".md":
            flaw = Flaw(
                "not-markdown",
                f'"{shown(entry.file)}" is no Markdown file',
                "Save it as plain text, under a name that ends in .md. To look at other files: crisiscomms check FILE --as statement",
            )
        if flaw:
            near = hint(file.name, _beside(file)) if flaw.code == "missing-file" else ""
            self.problems.append(self._finding(flaw.code, where, f"file: {flaw.message}.{near}", flaw.fix))
            return
        one = Handwritten(entry, entry.language or self.workspace.language, read_file(file))
        self.problems += one.tree.problems
        twin = next((other for other in self.found if other.place_in_record == one.place_in_record), None)
        if twin:
            message = f"two files stand for the same message: {twin.file} and {one.file}"
            self.problems.append(self._finding("duplicate-key", where, message, "Keep one of the two."))
        if not one.tree.problems:
            self.found.append(one)


_LESS = "Remove the line. Headings inside the text begin with ##."


def _beside(file: Path) -> list[str]:
    try:
        return [other.name for other in file.parent.iterdir()]
    except OSError:
        return []


def read_file(file: Path) -> Tree:
    """Read a text file. What is wrong with it is in the tree's problems."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except OSError as error:
        tree = as_tree(relative(file))
        tree.problem(Place(tree.file), f"cannot be opened: {error.strerror}", "Check that you may read it.")
        return tree
    return parse_text(raw, relative(file))


def parse_text(raw: bytes, name: str) -> Tree:
    """Read text from bytes. What is wrong with it is in the tree's problems."""
    tree = as_tree(name)
    if len(raw) > MOST_BYTES:
        message = f"is longer than a letter may be ({MOST_BYTES:,} bytes)"
        tree.problem(Place(name), message, "Nobody reads that much. Name a file with the letter alone.")
    elif (text := decode(tree, raw)) is not None:
        read = as_tree(name, text)
        read.problems = tree.problems
        if not text.strip():
            read.problem(Place(name, 1), "is empty", "Write the text, or take the file out of the record.", "empty")
        _refuse_mazes(read)
        return read
    return tree


def _refuse_mazes(tree: Tree) -> None:
    """Note what no person writes, and what a reader of Markdown would look at for hours: brackets by the hundred, lists in lists."""
    fix = "Take it out: it is left over from another program."
    deep = _DEEP.search(tree.source)
    if deep:
        tree.problem(tree.place_at(deep.start()), "has lists or quotes inside each other without end", fix)
    if max(tree.source.count("<"), tree.source.count("&")) > _MOST_SIGNS:
        tree.problem(Place(tree.file, 1), f"holds more than {_MOST_SIGNS:,} of the signs < or &", fix)
    at = 0
    for paragraph in tree.source.split("\n\n"):
        if paragraph.count("[") > _MOST_BRACKETS or paragraph.count("<") > _MOST_BRACKETS:
            tree.problem(tree.place_at(at), f"holds more than {_MOST_BRACKETS} brackets in one paragraph", fix)
            return
        at += len(paragraph) + 2


def passage_of(one: Handwritten, incident: Incident) -> Passage:
    """Return a text of one's own as the passage that its citations are read from."""
    update = next((update for update in incident.updates if update.id == one.entry.update), None)
    private = bool(update and update.private)
    return Passage(("texts", one.entry.file), one.language, one.words, one.entry.audience, private, update)
