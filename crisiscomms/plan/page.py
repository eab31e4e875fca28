"""A plan as one page that can be mailed to whoever has to look at it: every message as its readers would see it."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from crisiscomms.errors import Finding
from crisiscomms.messages.compose import filled
from crisiscomms.messages.model import Notice, Post
from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.messages.templates import page_template
from crisiscomms.plan.diff import word_diff
from crisiscomms.plan.model import IncidentPlan, Item, Plan


def plan_page(plan: Plan, organisation: str) -> str:
    """Return a self-contained HTML page. It asks for nothing from anywhere and runs no script."""
    return page_template("plan.html.j2").render(
        organisation=organisation,
        fingerprint=plan.fingerprint,
        incidents=[_incident(one) for one in plan.incidents],
    )


def _incident(one: IncidentPlan) -> dict[str, Any]:
    pages = [page for content in (one.composed.messages.site if one.composed else ()) for page in _pages(content)]
    memos = [
        {"name": f"Memo to staff, {memo.language}", "language": memo.language, "html": _clean(_now(memo.html))}
        for memo in (one.composed.messages.memos if one.composed else ())
    ]
    return {
        "id": one.id,
        "findings": [_finding(finding) for finding in one.findings],
        "items": [_item(item) for item in one.items],
        "mails": [mail for item in one.items for mail in _mails(item)],
        "posts": [_post(item) for item in one.items if isinstance(item.message, Post)],
        "pages": [*pages, *memos],
    }


def _pages(content: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{page.kind.capitalize()}, {content.language}",
            "language": content.words_language,
            "html": _clean(_now(page.html)),
        }
        for page in content.pages
    ]


def _clean(html: str) -> Markup:
    """Mark HTML as clean: it was cleaned when its message was rendered."""
    return Markup(html)  # noqa: S704


def _now(text: str) -> str:
    return text.replace(PUBLISHED_AT, "the time of publication")


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "severity": str(finding.severity),
        "place": str(finding.place),
        "message": finding.message,
        "why": finding.why,
        "fix": finding.fix,
        "code": finding.code,
    }


def _item(item: Item) -> dict[str, Any]:
    diff = word_diff(item.before, item.after) if item.before else []
    return {
        "action": str(item.action),
        "channel": item.channel,
        "title": item.title,
        "audience": item.audience,
        "language": item.language,
        "people": len(item.drafts),
        "reason": item.reason,
        "not_before": item.not_before,
        "diff": diff,
    }


def _post(item: Item) -> dict[str, Any]:
    return {"channel": item.channel, "title": item.title, "text": item.after, "action": str(item.action)}


def _mails(item: Item) -> list[dict[str, Any]]:
    """Return an item's mail as chosen readers see it: those with the lowest and highest value of each column they are shown."""
    if not isinstance(item.message, Notice) or not item.drafts:
        return []
    found = []
    for why, (email, name, *fills) in _chosen(item):
        values = dict(zip(json.loads(item.line["columns"]), fills, strict=True))
        mail = filled(item.message, {slot: value for slot, value in values.items() if value is not None})
        found.append(
            {
                "title": f"{item.title}, {item.audience}, {item.language}",
                "who": name or email,
                "why": why,
                "subject": mail.subject,
                "html": mail.html,
                "text": mail.text,
            }
        )
    return found


def _chosen(item: Item) -> list[tuple[str, list[Any]]]:
    """Return the readers worth looking at, and why: found in one pass, whatever the length of the list."""
    slots: list[str] = json.loads(item.line["columns"])
    columns = [
        (slot.split(".")[1], slots.index(slot) + 2) for slot in slots if slot.count(".") == 1 and slot != slots[0]
    ]
    first: list[Any] | None = None
    lowest: dict[str, list[Any]] = {}
    highest: dict[str, list[Any]] = {}
    for draft in item.drafts:
        person = json.loads(draft.person)
        first = first or person
        for column, at in columns:
            order = _order(person[at] or "")
            if column not in lowest or order < _order(lowest[column][at] or ""):
                lowest[column] = person
            if column not in highest or order >= _order(highest[column][at] or ""):
                highest[column] = person
    if not columns:
        return [("one of them", first)] if first else []
    return [
        (f"{which} {column}", people[column])
        for column, _ in columns
        for which, people in (("lowest", lowest), ("highest", highest))
        if column in people
    ]


def _order(value: str) -> tuple[int, float, str]:
    digits = "".join(c for c in value if c.isdecimal())
    return (0, float(digits), value) if digits else (1, 0.0, value)
