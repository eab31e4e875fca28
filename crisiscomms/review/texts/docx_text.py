"""The paragraphs of a Word document, from the events of an XML parser: headings, lists, tables, links."""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from crisiscomms.review.texts.written import Mark

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_OTHER_W = "http://purl.oclc.org/ooxml/wordprocessingml/main "
_R_ID = re.compile(r"(?:/relationships) id$")
_DEEPEST = 200
#: Parts that no reader sees: deleted words, codes of fields, and the second form of what stands there already.
_UNSEEN = frozenset({"del", "moveFrom", "instrText", "delText", "Fallback"})
_PARAGRAPH, _ROW, _CELL = "p", "tr", "tc"


class Refused(Exception):
    """The document holds something that no letter does."""


class Paragraphs:
    """Reads a document into plain text. `marks` hold the number of the paragraph that each piece of text stands in."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self.links: dict[str, str] = {}
        self.number = 0
        self._text: list[str] = []
        self._length = 0
        self._line: list[str] = []
        self._deep = self._unseen = self._rows = 0
        self._in_text = self._listed = False
        self._cells: list[str] = []
        self._target: list[str] = []

    @property
    def text(self) -> str:
        """The text: one paragraph a line, and an empty line between two."""
        return "".join(self._text)

    def read_links(self, body: bytes) -> None:
        """Read where the links of the document lead."""

        def started(name: str, given: dict[str, str]) -> None:
            target = given.get("Target", "")
            if name.endswith(" Relationship") and target.startswith(("http://", "https://", "mailto:", "tel:")):
                self.links[given.get("Id", "")] = target.removeprefix("mailto:").removeprefix("tel:")

        parser = _parser()
        parser.StartElementHandler = started
        parser.Parse(body, True)  # noqa: FBT003 -- expat takes no names

    def read(self, body: bytes) -> None:
        """Read the document itself."""
        parser = _parser()
        parser.buffer_text = True
        parser.StartElementHandler = self._started
        parser.EndElementHandler = self._ended
        parser.CharacterDataHandler = self._words
        parser.Parse(body, True)  # noqa: FBT003 -- expat takes no names

    # -- what the parser meets ---------------------------------------------------------------------------------

    def _started(self, name: str, given: dict[str, str]) -> None:
        self._deep += 1
        if self._deep > _DEEPEST:
            raise Refused("its parts are nested deeper than any letter's")
        tag = name.rpartition(" ")[2]
        if self._unseen or tag in _UNSEEN:
            self._unseen += 1
            return
        if tag == "t":
            self._in_text = True
        elif tag in {"tab", "br", "cr"} and name.startswith((_W, _OTHER_W)):
            self._line.append("\n" if tag != "tab" else " ")
        elif tag == "noBreakHyphen":
            self._line.append("-")
        elif tag == "numPr":
            self._listed = True
        elif tag == _ROW:
            self._rows += 1
        elif tag == "hyperlink":
            link = next((value for key, value in given.items() if _R_ID.search(key)), "")
            self._target.append(self.links.get(link, ""))

    def _ended(self, name: str) -> None:
        self._deep -= 1
        if self._unseen:
            self._unseen -= 1
            return
        tag = name.rpartition(" ")[2]
        if tag == "t":
            self._in_text = False
        elif tag == "hyperlink":
            target = self._target.pop() if self._target else ""
            if target and target not in "".join(self._line[-20:]):
                self._line.append(f" ({target})")
        elif tag == _PARAGRAPH and name.startswith((_W, _OTHER_W)):
            self._paragraph()
        elif tag == _CELL and self._rows == 1:
            self._cells.append(" ".join(" ".join(self._line).split()))
            self._line = []
        elif tag == _ROW:
            self._rows -= 1
            if not self._rows:
                self._add(" | ".join(cell for cell in self._cells if cell), "\n")
                self._cells = []

    def _words(self, data: str) -> None:
        if self._in_text and not self._unseen:
            self._line.append(data)

    # -- what becomes of it ------------------------------------------------------------------------------------

    def _paragraph(self) -> None:
        """End a paragraph. In a table, its words wait for the end of the row."""
        if self._rows:
            self._line.append(" ")
            self._listed = False
            return
        lines = (" ".join(line.split()) for line in "".join(self._line).split("\n"))
        words = "\n".join(line for line in lines if line)
        self._add(f"- {words}" if self._listed and words else words, "\n" if self._listed else "\n\n")
        self._line, self._listed = [], False

    def _add(self, words: str, gap: str) -> None:
        if not words:
            return
        self.number += 1
        self.marks.append(Mark(self._length, self.number))
        self._text.append(words + gap)
        self._length += len(words) + len(gap)


def _parser() -> Any:
    """Return a parser that knows no entities but those of XML itself, and refuses documents that declare any."""
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: object) -> None:
        raise Refused("it declares entities of its own, which no Word document does")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser
