"""From bytes to text: what is no text, was saved in another way, or is too long is a problem with a place."""

from __future__ import annotations

from crisiscomms.errors import Place
from crisiscomms.fields import shown
from crisiscomms.record.characters import code_point, find_unprintable, replace_unprintable
from crisiscomms.record.tree import Tree

_MOST_UNPRINTABLE = 20
_SAVE_AS = "Save the file as UTF-8. In most editors: Save as, Encoding, UTF-8."


def decode(tree: Tree, raw: bytes) -> str | None:
    """Put the text of some bytes into `tree.source`, and return it with a stand-in for what cannot be printed.

    None where it is no text at all. Whatever is wrong is noted in the tree.
    """
    try:
        tree.source = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        _not_utf8(tree, raw, error.start)
        return None
    if tree.source.count("\0") > _MOST_UNPRINTABLE:
        tree.problem(Place(tree.file, 1), "is not a text file", _SAVE_AS)
        return None
    return _refuse_unprintable(tree)


def _not_utf8(tree: Tree, raw: bytes, at: int) -> None:
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        tree.problem(Place(tree.file, 1), "was saved as UTF-16 and not as UTF-8", _SAVE_AS)
        return
    line = raw.count(b"\n", 0, at) + 1
    before = raw[:at].rpartition(b"\n")[2].decode(errors="replace")
    where = f', from the character after "{shown(before[-20:])}" on' if before.strip() else ""
    tree.problem(Place(tree.file, line, len(before) + 1), f"is not UTF-8 text{where}", _SAVE_AS)


def _refuse_unprintable(tree: Tree) -> str:
    """Note what cannot be printed, and return the text with a stand-in for it, so that the rest can be checked too."""
    for number, match in enumerate(find_unprintable(tree.source)):
        if number == _MOST_UNPRINTABLE:
            break
        unprintable(tree, tree.place_at(match.start()), match[0])
    return replace_unprintable(tree.source, "\ufffd") if tree.problems else tree.source


def unprintable(tree: Tree, place: Place, character: str) -> None:
    """Note a character that cannot be printed."""
    tree.problem(
        place,
        f"holds a character that cannot be printed ({code_point(character)})",
        "Remove it. It often comes with text pasted from another program.",
        "unprintable",
    )
