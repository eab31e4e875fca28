"""Incidents from a cState site: one Markdown file each in `content/issues`, with its facts in YAML at its head."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from crisiscomms.imports.given import text
from crisiscomms.imports.past import Draft, Gathered, LeftOut, Sorting, Step, Weight, Words
from crisiscomms.imports.times import read_time
from crisiscomms.imports.words import from_markdown
from crisiscomms.record.model import ComponentState
from crisiscomms.record.reader import parse_tree

_SEVERITIES: dict[str, tuple[Weight, ComponentState]] = {
    "down": ("critical", "major_outage"),
    "disrupted": ("major", "partial_outage"),
    "notice": ("minor", "degraded_performance"),
}
_YES = frozenset({"true", "yes", "on"})
_HEAD = re.compile(r"\A\s*---[ ]*\n(.*?)^---[ ]*$\n?(.*)\Z", re.DOTALL | re.MULTILINE)
_TRACK = re.compile(r"\{\{[<%]\s*track\s+\"?([^\"}>%]*)\"?\s*[>%]\}\}")
_SHORTCODE = re.compile(r"\{\{[<%].*?[>%]\}\}", re.DOTALL)
#: Where an update begins: its status in stars at the start of a line.
_UPDATE = re.compile(
    r"^[ ]{0,3}(?:\*{1,3}|_{1,2})([^*_\n]{1,60}?)(?:\*{1,3}|_{1,2})[ ]*(?:-|\u2013|\u2014|:)?[ ]*", re.MULTILINE
)
_RULE = re.compile(r"^[ ]{0,3}(?:-{3,}|\*{3,}|_{3,})[ ]*$", re.MULTILINE)

_NO_TEXT = LeftOut("it is not UTF-8", "Save it as UTF-8 text, then import again.", unreadable=True)
_NO_HEAD = LeftOut("its head cannot be read", "It begins with --- and ends with ---. Correct it.", unreadable=True)
_DRAFT = LeftOut("it is a draft", "Nobody has seen it. Take out draft: true to bring it in.")
_OTHER = LeftOut("it is no issue", "Only section: issue is brought in.")


def gather(files: Mapping[str, bytes], source: str, words: Words, zone: tzinfo, now: datetime) -> Gathered:
    """Return the incidents of a folder of issues. A file that cannot be read, or is a draft, is left out and named."""
    sorting = Sorting(source, words, now)
    for name, body in files.items():
        try:
            sorting.take(_draft(name, body, words, zone))
        except LeftOut as reason:
            sorting.leave(name, reason)
    return sorting.result()


def _draft(name: str, body: bytes, words: Words, zone: tzinfo) -> Draft:
    try:
        whole = body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise _NO_TEXT from None
    match = _HEAD.match(whole)
    if not match:
        raise _NO_HEAD
    tree = parse_tree(match[1].encode(), name)
    head: Any = tree.data
    if not isinstance(head, dict) or tree.problems:
        raise _NO_HEAD
    if _is(head, "draft"):
        raise _DRAFT
    if str(head.get("section") or "issue") != "issue":
        raise _OTHER
    started, ended = read_time(head.get("date"), zone), read_time(head.get("resolvedWhen"), zone)
    weight, state = _SEVERITIES.get(str(head.get("severity")).lower(), ("minor", "degraded_performance"))
    systems = head.get("affected")
    listed = systems if isinstance(systems, list) else [systems]
    over = _is(head, "resolved") or _is(head, "informational")
    steps = tuple(_steps(match[2], words, zone, started, ended))
    if ended is None and over:
        ended = max((step.at for step in steps if step.at), default=started)
    return Draft(
        name.removesuffix(".md"),
        text(head.get("title")),
        weight,
        over,
        started,
        ended,
        steps,
        tuple((one.strip(), state) for one in listed if isinstance(one, str) and one.strip()),
    )


def _is(head: dict[str, Any], name: str) -> bool:
    return text(head.get(name)).strip().lower() in _YES


def _steps(body: str, words: Words, zone: tzinfo, started: datetime | None, ended: datetime | None) -> Iterator[Step]:
    """Yield the updates of a body, oldest first. It has them newest first, each with its time where it is tracked."""
    starts = [match for match in _UPDATE.finditer(body) if match[1].strip()]
    first = starts[0].start() if starts else len(body)
    lead = _markdown(body[:first], words)
    ends = [match.start() for match in starts[1:]] + [len(body)] * bool(starts)
    for match, end in reversed(list(zip(starts, ends, strict=True))):
        piece = body[match.end() : end]
        tracked = _TRACK.search(piece)
        said = match[1].strip()
        late = re.sub(r"\W", "", said).lower() in {"postmortem", "resolved"}
        at = read_time(tracked[1].strip(), zone) if tracked else None
        yield Step(at or (ended if late else None), said, _markdown(piece, words))
    if lead:
        yield Step(ended if starts else started, "", lead)


def _markdown(piece: str, words: Words) -> str:
    return from_markdown(_RULE.sub("", _SHORTCODE.sub("", _TRACK.sub("", piece))), words.cut)
