"""What must not stand in any text of a record: HTML, links that lead astray, pictures, characters that hide."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from crisiscomms.errors import Finding, Severity
from crisiscomms.fields import is_email, is_language, shown
from crisiscomms.record.characters import code_point, find_unprintable, invisible
from crisiscomms.record.tree import Path_, Tree, scalars

#: A text without any of these can hold nothing of what is looked for here, unless it leaves ASCII.
_SUSPECT = re.compile(r"[<&\[\]=\n]|:[/\\]")
_ANGLE = re.compile(r"<(?=[A-Za-z/!?])([^<>\n]{0,500})(>?)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LINK = re.compile(r"\]\((?=\s*(?:<(?P<angled>[^>]{0,2000})>|(?P<plain>[^)]{0,2000})))")
_LINK_TITLE = re.compile(r"\s+(?:\"[^\"]*\"|'[^']*')\s*\Z")
_REFERENCE = re.compile(r"^[ \t>*+\-\d.)]*\[[^\[\]]*\]:[ \t]*\n?[ \t]*<?([^\s>]+)", re.MULTILINE)
_BARE = re.compile(r"https?:[/\\]{2}[^\s<>\"')\]]+", re.IGNORECASE)
_USER = re.compile(r"https?:[/\\]{2}[^/?#\s]*[@\\]", re.IGNORECASE)
_SAFE_LINK = re.compile(
    r"https://[\w.-]+(?::[0-9]{1,5})?(?:[/?#][^\s\\<>\"`]*)?|mailto:(?P<address>[^\s?]+)(?:\?subject=[^\s&]*)?|tel:[+0-9-]+|#[\w-]*",
    re.IGNORECASE,
)
#: Fields for the team. Nothing in them is Markdown, and they reach no page.
_FOR_THE_TEAM = frozenset({"source", "reason"})
#: Fields that end up in subjects, names of senders and headings.
_ONE_LINE = frozenset({"title", "name", "owner", "read_by", "role", "model", "reference", "phone", "file"})
_STAYS = "Readers would see something broken, or be led astray."


def unsafe(tree: Tree) -> Iterator[Finding]:
    """Yield what is unsafe in any value and any name of a file, whether the record fits the schema or not."""
    for path, span in tree.keys.items():
        for character in dict.fromkeys(invisible(str(path[-1]))):
            yield Finding("hidden-characters", Severity.ERROR, span.place, _hides(character), _STAYS, _RETYPE)
    for path, words in scalars(tree.data):
        yield from _of_value(tree, path, words)
    for path, value in tree.repeats.items():
        for below, words in [(path, value)] if isinstance(value, str) else scalars(value, path):
            yield from _of_value(tree, below, words)


def _of_value(tree: Tree, path: Path_, words: str) -> Iterator[Finding]:
    if path[0] == "notes" or (words.isascii() and not _SUSPECT.search(words)):
        return
    found = _Words(tree, path, words)
    if path[-1] not in _FOR_THE_TEAM:
        yield from found.markup()
        yield from found.links()
    yield from found.hidden()
    if "\n" in words.strip() and _is_one_line(path):
        message = "stands on more than one line, and ends up where only one fits"
        yield found.finding("", 0, "several-lines", message, "Write it on one line.")


def _is_one_line(path: Path_) -> bool:
    field = path[-2] if len(path) > 1 and is_language(str(path[-1])) else path[-1]
    return field in _ONE_LINE and path[0] != "glossary"


_RETYPE = "Delete the word and type it again."


def _hides(character: str) -> str:
    return f"holds a hidden character ({code_point(character)}) that can hide words or turn them around"


class _Words:
    """The words of one value, and where they stand."""

    def __init__(self, tree: Tree, path: Path_, words: str) -> None:
        self.tree, self.path, self.words = tree, path, words

    def finding(self, piece: str, start: int, code: str, message: str, fix: str) -> Finding:
        """Build a finding about a piece of the words. `start` tells it from the same piece further up."""
        nth = self.words.count(piece, 0, start) if piece else 0
        place = self.tree.place_of(self.path, piece, nth) if piece else self.tree.place_of_value(self.path)
        return Finding(code, Severity.ERROR, place, message, _STAYS, fix)

    def markup(self) -> Iterator[Finding]:
        for match in _ANGLE.finditer(self.words):
            inside, is_closed = match[1], match[2] == ">"
            if is_closed and (_SCHEME.match(inside) or is_email(inside)):
                continue  # an address in angle brackets: see `links`
            yield self.finding(
                match[0],
                match.start(),
                "html",
                f"holds HTML ({shown(match[0], 40)})",
                "Write plain words. **Two stars** make them bold, a blank line a new paragraph.",
            )
        start = self.words.find("![")
        if start >= 0:
            fix = "Describe it in words. Only products have pictures."
            yield self.finding("![", start, "html", "holds a picture", fix)

    def links(self) -> Iterator[Finding]:
        seen: set[int] = set()
        for start, address, is_bare in self._addresses():
            if start not in seen:
                seen.add(start)
                if _USER.match(address):
                    message = f'holds "{shown(address)}", which hides where it leads'
                    yield self.finding(address, start, "unsafe-link", message, "Write the address without @ and \\.")
                elif not is_bare and not is_safe(address):
                    message = f'links to "{shown(address)}"' if address else "holds a link that leads nowhere"
                    fix = "Link to a full address that begins with https://, or to mailto: and an e-mail address."
                    yield self.finding(address, start, "unsafe-link", message, fix)

    def _addresses(self) -> Iterator[tuple[int, str, bool]]:
        """Yield every address in the words: where it begins, what it is, and whether it is bare, not a link."""
        for match in _LINK.finditer(self.words):
            group = "plain" if match["angled"] is None else "angled"
            address = match[group] if group == "angled" else _LINK_TITLE.sub("", match[group]).rstrip()
            yield match.start(group), address, False
        for match in _REFERENCE.finditer(self.words):
            yield match.start(1), match[1], False
        for match in _ANGLE.finditer(self.words):
            if match[2] and _SCHEME.match(match[1]):
                yield match.start(1), match[1], False
        for match in _BARE.finditer(self.words):
            yield match.start(), match[0], True

    def hidden(self) -> Iterator[Finding]:
        plain = html.unescape(self.words) if "&" in self.words else self.words
        for character in dict.fromkeys([*invisible(plain), *(match[0] for match in find_unprintable(plain))]):
            start = max(self.words.find(character), 0)
            yield self.finding(character, start, "hidden-characters", _hides(character), _RETYPE)
        if "=?" in plain and "?=" in plain:
            message = "holds a coded mail header (=?...?=)"
            start = max(self.words.find("=?"), 0)
            yield self.finding("=?", start, "header-injection", message, "Write the words plainly.")


def is_safe(address: str) -> bool:
    """Say whether a link may lead to an address: https, mail or a phone, and what it shows is where it leads."""
    match = _SAFE_LINK.fullmatch(address)
    if match is None or any(not c.isprintable() for c in address):
        return False
    return not match["address"] or is_email(match["address"])
