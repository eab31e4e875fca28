"""Incidents and maintenance from Upptime: issues of a repository as JSON, from GitHub's API or `gh issue list --json`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from crisiscomms.imports.given import items, read_json, text
from crisiscomms.imports.past import Draft, Gathered, LeftOut, Sorting, Step, Weight, Words, worst
from crisiscomms.imports.times import read_time
from crisiscomms.imports.words import from_markdown
from crisiscomms.record.model import ComponentState

_TITLE = re.compile(r"^\W*(?P<name>.*?) (?P<what>is down|has degraded performance)\W*$", re.DOTALL)
_COMMENT = re.compile(r"\A\s*<!--(.*?)-->", re.DOTALL)
_FIELD = re.compile(r"^[ \t]*(start|end|expectedDown|expectedDegraded)[ \t]*:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_RESOLVED = re.compile(r"\A\s*\*\*Resolved:?\*\*:?\s*", re.IGNORECASE)

_AGAIN = "gh issue list --state all --json ..."
_NOT_ONE = LeftOut("it is no issue", "Look at it there, then import again.", unreadable=True)
_OTHER = LeftOut(
    "it is neither an incident nor maintenance", "Only issues labelled status or maintenance are brought in."
)


def gather(files: Mapping[str, bytes], source: str, words: Words, zone: tzinfo, now: datetime) -> Gathered:
    """Return the incidents of some files of issues. What is no incident is left out and named."""
    sorting = Sorting(source, words, now)
    issues, comments = [], []
    for _, plain in read_json(files, _AGAIN, sorting):
        parts = plain if isinstance(plain, dict) else {"issues": plain}
        issues += items(parts.get("issues"))
        comments += items(parts.get("comments"))
    for issue in issues:
        if not isinstance(issue, dict) or not isinstance(issue.get("number"), int):
            sorting.leave("", _NOT_ONE)
        elif "pull_request" in issue or not _labels(issue) & {"status", "maintenance"}:
            sorting.leave(text(issue.get("title")), _OTHER)
        else:
            sorting.take(_draft(issue, comments, words, zone, now))
    return sorting.result()


def _labels(issue: dict[str, Any]) -> set[str]:
    named = (one.get("name") if isinstance(one, dict) else one for one in items(issue.get("labels")))
    return {name.lower() for name in named if isinstance(name, str)}


def _time(given: dict[str, Any], name: str, zone: tzinfo) -> datetime | None:
    """Read a time that the API calls `closed_at`, and `gh` calls `closedAt`."""
    short = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
    return read_time(given.get(name) or given.get(short), zone)


def _draft(issue: dict[str, Any], comments: list[Any], words: Words, zone: tzinfo, now: datetime) -> Draft:
    body, title = text(issue.get("body")), text(issue.get("title")).strip()
    planned = "maintenance" in _labels(issue)
    head = _COMMENT.match(body) if planned else None
    fields = dict(_FIELD.findall(head[1])) if head else {}
    start, end = read_time(fields.get("start"), zone), read_time(fields.get("end"), zone)
    created, closed = _time(issue, "created_at", zone), _time(issue, "closed_at", zone)
    over = text(issue.get("state")).lower() == "closed" or closed is not None or (end is not None and end <= now)
    name = _TITLE.match(title)
    weight: Weight = "major" if name and name["what"] == "is down" else "minor"
    told = from_markdown(body[head.end() :] if head else body, words.cut)
    first = Step(created or start, "scheduled" if planned else "investigating", told)
    address = text(issue.get("html_url") or issue.get("url"))
    return Draft(
        "/".join(address.rstrip("/").split("/")[-4:]) if "/issues/" in address else str(issue["number"]),
        re.sub(r"^[^\w\"'(\[]+", "", title),
        weight,
        over,
        start or created,
        (end or closed) if planned else closed,
        (first, *_told(issue, comments, words, zone)),
        worst(_components(fields, name)),
        planned=planned and start is not None,
    )


def _told(issue: dict[str, Any], comments: list[Any], words: Words, zone: tzinfo) -> Iterator[Step]:
    """Yield the comments of an issue: those inside it, or those of a list that name it."""
    number = f"/issues/{issue['number']}"
    own = [*items(issue.get("comments"))]
    own += [one for one in comments if isinstance(one, dict) and text(one.get("issue_url")).endswith(number)]
    for one in own:
        if isinstance(one, dict):
            body = text(one.get("body"))
            resolved = _RESOLVED.match(body)
            told = from_markdown(body[resolved.end() :] if resolved else body, words.cut)
            yield Step(_time(one, "created_at", zone), "resolved" if resolved else "", told)


def _components(fields: Mapping[str, str], name: re.Match[str] | None) -> Iterator[tuple[str, ComponentState]]:
    states: dict[str, ComponentState] = {"expectedDown": "major_outage", "expectedDegraded": "degraded_performance"}
    for field, state in states.items():
        for one in fields.get(field, "").split(","):
            if one.strip():
                yield one.strip(), state
    if name and name["name"].strip():
        yield name["name"].strip(), "major_outage" if name["what"] == "is down" else "degraded_performance"
