"""A text that somebody wrote by hand, and that stands in place of a message of ours."""

from __future__ import annotations

from typing import Literal, NamedTuple

from crisiscomms.errors import Place
from crisiscomms.fields import Language, Model
from crisiscomms.record.tree import Span, Tree

#: Where the words of a file stand in its tree.
WORDS = ("words",)


class OwnText(Model):
    """One text of your own, in one language."""

    message: Literal["statement", "faq", "notice", "post"]
    """Which message it replaces."""
    file: str
    """The Markdown file, counted from the record: checkout-outage/statement.en.md."""
    language: Language | None = None
    """The language it is in. Empty: the first."""
    update: str | None = None
    """Of a notice or a post: the update it belongs to, by its id."""
    audience: str | None = None
    """Of a notice: who gets it."""
    channel: str | None = None
    """Of a post: the account, by the name of its channel."""


class Handwritten(NamedTuple):
    """A text of the team's own as read: what it stands for, the language it is in, and its file."""

    entry: OwnText
    language: str
    tree: Tree

    @property
    def words(self) -> str:
        """The Markdown as it is written."""
        return self.tree.source

    @property
    def file(self) -> str:
        """The file, as people type it."""
        return self.tree.file

    @property
    def place_in_record(self) -> tuple[str | None, ...]:
        """What it stands for. No two texts may stand for the same."""
        entry = self.entry
        return (entry.message, self.language, entry.update, entry.audience, entry.channel)


def as_tree(name: str, source: str = "") -> Tree:
    """Return a text file as a tree of one value, so that its words are checked as those of a record are."""
    return Tree(name, source, {"words": source}, {WORDS: Span(0, len(source), Place(name, 1, 1))})
