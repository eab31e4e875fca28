"""Other people's words, made fit for a record: Markdown in which nothing is HTML, a picture, a script, or a fact.

Everything goes the same way: what is HTML or Markdown becomes plain words, paragraphs, lists and links that lead
where they say, and every character that means something to us is escaped.
"""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from itertools import groupby
from urllib.parse import quote

from crisiscomms.messages.prose import escape, to_html
from crisiscomms.record.characters import invisible, replace_unprintable
from crisiscomms.record.safety import is_safe

#: How long one text may be. What is longer is cut, and says so.
LONGEST, LONGEST_LINE = 30_000, 200
_BARE = re.compile(r"https?:[/\\]{2}[^\s<>\"')\]]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b(https?):(?=[/\\]{2}[^/?#\s]*[@\\])", re.IGNORECASE)
_SURROGATES = re.compile("[\ud800-\udfff]")
_DROPPED = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "object",
        "svg",
        "math",
        "title",
        "head",
        "textarea",
        "select",
        "button",
        "video",
        "audio",
    ]
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "table",
        "tr",
        "section",
        "article",
        "hr",
        "dl",
        "dt",
        "dd",
        "ul",
        "ol",
        "li",
    ]
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_HAS_BLOCKS = re.compile(r"<(?:br|p|div|ul|ol|li|table|h[1-6]|blockquote)\b", re.IGNORECASE)


def from_plain(text: str, cut: str) -> str:
    """Return plain words as Markdown that says them as they are."""
    lines = [" ".join(line.split()) for line in clean(text)[: LONGEST + 1].split("\n")]
    blocks = re.split(r"\n{2,}", "\n".join(lines).strip())
    found = "\n\n".join("  \n".join(map(_escaped, block.split("\n"))) for block in blocks if block)
    return found if len(text) <= LONGEST else f"{found}\n\n{cut}"


def one_line(text: str, cut: str) -> str:
    """Return plain words as Markdown on one line: a title."""
    words = " ".join(clean(text).split())
    if len(words) > LONGEST_LINE:
        words = f"{words[:LONGEST_LINE].rsplit(' ', 1)[0]} {cut.split(' ', maxsplit=1)[0]}"
    return _escaped(words)


def from_markdown(text: str, cut: str) -> str:
    """Return somebody's Markdown as ours."""
    return from_html(to_html(clean(text)[:LONGEST]), cut, whole=len(text) <= LONGEST)


def from_html(text: str, cut: str, *, whole: bool = True) -> str:
    """Return HTML as Markdown. Where it holds no block at all, a line break is one."""
    if not _HAS_BLOCKS.search(text):
        text = text.replace("\r\n", "\n").replace("\n", "<br>")
    reader = _Reader()
    reader.feed(text[:LONGEST])
    reader.close()
    found = reader.result()
    return found if whole and len(text) <= LONGEST else f"{found}\n\n{cut}".strip()


def clean(text: str) -> str:
    """Return a text without what cannot be seen, steers others, or is no character."""
    text = _SURROGATES.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    text = text.replace("\u2028", "\n").replace("\u2029", "\n\n").replace("\x85", "\n")
    text = replace_unprintable(text, "")
    for character in set(invisible(text)):
        text = text.replace(character, "")
    return text


def _escaped(line: str) -> str:
    """Return one line of plain words as Markdown."""
    line = _SCHEME.sub("", line).replace("=?", "= ?")
    found, end = "", 0
    for match in _BARE.finditer(line):
        found += _marked(line[end : match.start()]) + "".join(map(_entity, match[0]))
        end = match.end()
    found += _marked(line[end:])
    # A line of === makes a heading of the one above it; it has no escape of its own.
    return re.sub(r"^\s*=", "&#61;", found).replace("$", "$$")


def _marked(words: str) -> str:
    # Braces are escaped where a record's words are put into a message.
    return escape(words).replace("\\{", "{").replace("\\}", "}").replace("](", "]\\(")


def _entity(character: str) -> str:
    """Return a character of an address as Markdown. A backslash in an address would seem to hide where it leads."""
    return character if character.isalnum() or character in "/:.?=,;%+#@~!'-$" else f"&#{ord(character)};"


class _Reader(HTMLParser):
    """Reads HTML into blocks of Markdown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[str] = []
        self._lines: list[str] = [""]
        self._mark = ""
        self._heading = False
        self._dropped: list[str] = []
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a line or a link."""
        if tag in _DROPPED:
            self._dropped.append(tag)
        if self._dropped:
            return
        if tag in _BLOCKS:
            self._end()
            self._heading = tag in _HEADINGS
            self._mark = "- " if tag == "li" else self._mark if tag == "p" else ""
        elif tag == "br":
            self._break()
        elif tag in {"td", "th"} and self._lines[-1]:
            self._lines[-1] += " / "
        elif tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self._lines[-1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take `<br />` and its like. What would be dropped holds nothing here."""
        if tag not in _DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """End a block or a link."""
        if tag in self._dropped:
            del self._dropped[self._dropped.index(tag) :]
        elif not self._dropped and tag in _BLOCKS:
            self._end()
        elif not self._dropped and tag == "a":
            self._end_link()

    def handle_data(self, data: str) -> None:
        """Take words."""
        if not self._dropped:
            words = re.sub(r"\s+", " ", clean(data))
            last = self._lines[-1]
            self._lines[-1] += words.lstrip() if not last or last.endswith(" ") else words

    def _break(self) -> None:
        self._end_link()
        self._lines.append("")

    def _end_link(self) -> None:
        """Put the address behind the words that led there. It becomes a link again when the line is written."""
        if self._link is None:
            return
        address, start = self._link[0].strip(), self._link[1]
        words = self._lines[-1][start:].strip()
        self._link = None
        if not words or not re.match(r"https?://[^/@\\\s]+(?:/|\Z|[?#])", address, re.IGNORECASE):
            return
        address = quote(clean(address), safe="/:?#&+,;=%~-._!@")
        head = self._lines[-1][:start]
        if is_safe(address):
            self._lines[-1] = f"{head}{_OPEN}{words}{_TO}{address}{_CLOSE}"
        elif address != words:
            self._lines[-1] = f"{head}{words} ({address})"

    def _end(self) -> None:
        self._end_link()
        lines, self._lines = [_line(line.strip()) for line in self._lines], [""]
        for full, group in groupby(lines, bool):
            if full:
                self._add(list(group))
        self._mark, self._heading = "", False

    def _add(self, lines: list[str]) -> None:
        if self._heading and len(lines) == 1 and "](" not in lines[0]:
            lines = [f"**{lines[0]}**"]
        body = "  \n".join(lines)
        if self._mark:
            body = self._mark + body.replace("\n", "\n  ")
        self._blocks.append(body)

    def result(self) -> str:
        """Return everything as Markdown."""
        self._end()
        found = ""
        for block in self._blocks:
            together = block.startswith("- ") and found.rpartition("\n\n")[2].startswith("- ")
            found += (("\n" if together else "\n\n") if found else "") + block
        return found


#: Marks of a link on its way through a line: characters that no text holds here.
_OPEN, _TO, _CLOSE = "\ue010", "\ue011", "\ue012"
_LINKED = re.compile(f"{_OPEN}([^{_TO}]*){_TO}([^{_CLOSE}]*){_CLOSE}")


def _line(line: str) -> str:
    found, end = "", 0
    for match in _LINKED.finditer(line):
        found += _escaped(line[end : match.start()])
        found += f"[{_escaped(match[1])}]({match[2]})"
        end = match.end()
    return found + _escaped(line[end:])


def plain(text: str) -> str:
    """Return HTML as plain words on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())
