"""`crisiscomms check --fix`: the changes that change nothing of what is said, shown first, then made."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crisiscomms.errors import Finding, InvalidInput, UsageError, relative

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room
    from crisiscomms.record import Record
    from crisiscomms.review.fixes import Mend

_MARK = "\ufeff"
#: A mend may uncover another; so often we look again.
_ROUNDS = 10
_AT_ONCE = 200


class Mended(NamedTuple):
    """One file as it is, and as it would be."""

    path: Path
    before: bytes
    after: bytes

    def diff(self) -> list[str]:
        """Return what would change, as a unified diff."""
        name = relative(self.path)
        old, new = (side.decode().removeprefix(_MARK).splitlines() for side in (self.before, self.after))
        return list(difflib.unified_diff(old, new, f"{name}, as it is", f"{name}, mended", lineterm="", n=1))


def mend(room: Room, ids: Sequence[str], *, yes: bool, no_input: bool, err: bool) -> None:
    """Show what can be mended, ask, and write it. A file that somebody changed meanwhile is left alone."""
    from crisiscomms.cli.words import count, paint, say, visible

    found = list(_all(room, ids))
    if not found:
        say("Nothing can be mended without changing what it says.", err=err)
        return
    colours = {"+": "green", "-": "red"}
    for one in found:
        for line in one.diff():
            say(paint(visible(line), colours[line[0]]) if line[:1] in colours else visible(line), err=err)
        say(err=err)
    if not _agreed(yes=yes, no_input=no_input, err=err):
        say("Nothing was changed. To make these changes: check --fix --yes", err=err)
        return
    for one in found:
        _write(one)
    say(f"{count(len(found), 'file')} mended: {', '.join(relative(one.path) for one in found)}", err=err)


def _agreed(*, yes: bool, no_input: bool, err: bool) -> bool:
    from crisiscomms.cli.words import answer, say

    if yes or no_input or not sys.stdin.isatty():
        return yes
    say("Make these changes? [y/N]", err=err)
    return answer().lower() in {"y", "yes"}


def _write(one: Mended) -> None:
    from crisiscomms.record.edit import put

    if one.path.read_bytes() != one.before:
        raise UsageError(
            f"{relative(one.path)} was changed while you looked",
            why="Writing it now would undo that change.",
            fix="Look again: crisiscomms check --fix",
        )
    put(one.path, one.after)


def _all(room: Room, ids: Sequence[str]) -> Iterator[Mended]:
    for name in ids or room.workspace.incidents():
        path = room.workspace.record_path(name)
        if not path.is_file():
            continue
        before = path.read_bytes()
        try:
            text = before.decode()
        except UnicodeDecodeError:
            continue
        after = _mended(room, path, text, every=bool(ids)).encode()
        if after != before:
            yield Mended(path, before, after)


def _mended(room: Room, path: Path, text: str, *, every: bool) -> str:
    """Return the text of a record with everything mended that can be. `every`: a record that is over, too."""
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    for _ in range(_ROUNDS):
        record, problems = _read(room, path, text)
        if record and not every and not room.is_open(record):
            break
        changed = _better(room, path, text, record, problems)
        if changed == text:
            break
        text = changed
    return mark + text


def _read(room: Room, path: Path, text: str) -> tuple[Record | None, tuple[Finding, ...]]:
    from crisiscomms.record import parse_record

    try:
        return parse_record(room.workspace, text.replace("\r\n", "\n"), path), ()
    except InvalidInput as error:
        return None, error.findings


def _better(room: Room, path: Path, text: str, record: Record | None, problems: Sequence[Finding]) -> str:
    """Return the text with those mends made that leave it no worse, all together or one by one."""
    from crisiscomms.record.reader import parse_tree
    from crisiscomms.review.fixes import applied, cited

    tree = parse_tree(text.encode(), relative(path))
    found = list(mends_of(room, record) if record else cited(problems, tree, room.workspace))
    for some in [found, *([one] for one in found)]:
        changed = applied(text, some)
        read, left = _read(room, path, changed)
        if changed != text and (_same(record, read, some) if record else len(left) < len(problems)):
            return changed
    return text


def _same(before: Record, after: Record | None, some: Sequence[Mend]) -> bool:
    """Say whether a record says the same as before, save for the words that were mended."""
    from crisiscomms.record.texts import passages

    if after is None:
        return False
    old = [passage.words for passage in passages(before.incident)]
    new = [passage.words for passage in passages(after.incident)]
    differ = [pair for pair in zip(old, new, strict=False) if pair[0] != pair[1]]
    return len(old) == len(new) and all(any(mend.instead in changed for mend in some) for _, changed in differ)


def mends_of(room: Room, record: Record) -> Iterator[Mend]:
    """Yield what can be mended in a record."""
    from crisiscomms.review.fixes import mends
    from crisiscomms.review.mending import Knowledge

    told = room.published().of(record.incident.id)
    return islice(mends(Knowledge(record, room.workspace, room.voices, told, room.clock())), _AT_ONCE)


def marked_unread(room: Room, problems: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return what keeps records from being read, with what can be mended marked as such."""
    from crisiscomms.record.reader import read_tree
    from crisiscomms.review.fixes import cited, marked

    wrong = {finding.place.file for finding in problems if finding.code == "bad-citation"}
    for name in room.workspace.incidents() if wrong else ():
        path = room.workspace.record_path(name)
        if relative(path) in wrong:
            problems = marked(problems, cited(problems, read_tree(path, relative(path)), room.workspace))
    return tuple(problems)
