"""Fifty incidents of each source, with every oddity that its format is known for. The same each time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

FIRST = datetime(2024, 1, 3, 9, 15, 30, 123000, tzinfo=UTC)
COUNT = 50
STEPS = ("investigating", "identified", "monitoring", "resolved")


def start(n: int) -> datetime:
    """One every nine days and a bit: over a year and a change of the clocks."""
    return FIRST + timedelta(days=9, hours=5, minutes=7) * n


def stamp(at: datetime, n: int) -> str:
    """Milliseconds, in UTC or in the page's offset."""
    if n % 3 == 0:
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (at - timedelta(hours=7)).isoformat(timespec="milliseconds").replace("+00:00", "-07:00")


# -- Statuspage ---------------------------------------------------------------------------------------------------


def statuspage() -> dict[str, bytes]:
    """`incidents.json` and `scheduled-maintenances.json`, as files by name."""
    page = {"id": "kctbh9vrtdwd", "name": "Example", "url": "https://status.example.com", "time_zone": "Etc/UTC"}
    incidents = [incident(n) for n in range(40)]
    odd(incidents)
    planned = [maintenance(n) for n in range(40, 50)]
    del planned[1]["impact"]
    return {
        "incidents.json": json.dumps({"page": page, "incidents": incidents}).encode(),
        "scheduled-maintenances.json": json.dumps({"page": page, "scheduled_maintenances": planned}).encode(),
    }


def incident(n: int) -> dict:
    began = start(n)
    times = [began + timedelta(minutes=20 * step) for step in range(4)]
    updates = [
        {
            "id": f"up{n:03}{k}",
            "status": status,
            "body": f"Step {k} of incident {n}.<br /><br />It costs $5 &amp; more: see <a href='https://example.com/{n}'>the page</a>.",
            "incident_id": f"inc{n:09}",
            "created_at": stamp(at, n),
            "updated_at": stamp(at, n),
            "display_at": stamp(at, n),
            "affected_components": None
            if k % 2
            else [
                {
                    "code": "c1",
                    "name": "Website - Hosted checkout" if n % 2 else "Webhooks",
                    "old_status": "operational",
                    "new_status": "partial_outage",
                }
            ],
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }
        for k, (status, at) in enumerate(zip(STEPS, times, strict=True))
    ]
    return {
        "id": f"inc{n:09}",
        "name": f"Delays number {n}: webhooks & <things>",
        "status": "resolved",
        "created_at": stamp(began, n),
        "updated_at": stamp(times[-1], n),
        "monitoring_at": stamp(times[2], n),
        "resolved_at": stamp(times[3], n),
        "impact": ("none", "minor", "major", "critical", "maintenance")[n % 5],
        "shortlink": f"https://stspg.io/x{n}",
        "started_at": stamp(began, n),
        "page_id": "kctbh9vrtdwd",
        "incident_updates": updates[::-1],
        "components": [{"id": "c1", "name": "Webhooks", "status": "operational", "group": False}],
        "reminder_intervals": None,
    }


def odd(incidents: list[dict]) -> None:
    """What pages out there hold, and no documentation says."""
    for key in ("started_at", "components", "reminder_intervals", "impact", "shortlink"):
        del incidents[0][key]
    incidents[1] |= {"monitoring_at": "", "resolved_at": "null", "components": None}
    incidents[2] |= {"status": "postmortem", "postmortem_body": "## What happened\n\n* One\n* Two"}
    incidents[2]["incident_updates"].insert(0, {**incidents[2]["incident_updates"][0], "status": "postmortem"})
    incidents[3]["incident_updates"][1]["status"] = "on_fire"
    incidents[4]["incident_updates"] = None
    incidents[5]["incident_updates"] = []
    incidents[6]["name"] = None
    incidents[7]["incident_updates"][0]["body"] = None
    incidents[8]["incident_updates"][1]["body"] = ""
    incidents[9]["incident_updates"] = incidents[9]["incident_updates"][1:]  # nothing says that it was resolved
    incidents[10]["created_at"] = incidents[10]["started_at"] = "2024-03-10 02:30:00"  # no zone
    for update in incidents[11]["incident_updates"]:
        update["display_at"] = incidents[11]["created_at"]  # all in one minute
    incidents[12]["name"] = "Long " * 60
    incidents[13]["incident_updates"][0]["body"] = "word " * 5000
    del incidents[14]["id"]
    incidents[15]["impact_override"] = "critical"
    incidents[16]["name"] = "الخدمة متوقفة"
    incidents[17]["name"] = "💥"
    incidents[18]["incident_updates"].reverse()  # oldest first
    incidents[19]["incident_updates"][0]["affected_components"] = []
    incidents[20]["name"] = incidents[21]["name"] = "The same twice"
    incidents[21]["started_at"] = incidents[21]["created_at"] = incidents[20]["created_at"]


def maintenance(n: int) -> dict:
    began = start(n)
    words = ("scheduled", "in_progress", "verifying", "completed")
    found = incident(n)
    del found["reminder_intervals"]
    for update, status in zip(found["incident_updates"], words[::-1], strict=True):
        update["status"] = status
    ends = stamp(began + timedelta(hours=2), n)
    times = {"scheduled_for": stamp(began, n), "scheduled_until": ends, "resolved_at": None if n % 2 else ends}
    return {**found, **times, "status": "completed", "impact": ("maintenance", "none", "minor")[n % 3]}


# -- history.atom -------------------------------------------------------------------------------------------------


def atom() -> bytes:
    """As Statuspage writes it: no year in any body, and a mark of each in its own tag."""
    entries = "".join(atom_entry(n) for n in reversed(range(COUNT)))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">
  <id>tag:status.example.com,2005:/history</id>
  <link rel="alternate" type="text/html" href="https://status.example.com"/>
  <link rel="self" type="application/atom+xml" href="https://status.example.com/history.atom"/>
  <title>Example Status - Incident History</title>
  <updated>2025-06-01T00:00:00Z</updated>
  <author><name>Example</name></author>
{entries}</feed>""".encode()


def atom_entry(n: int) -> str:
    began = datetime(2023, 12, 31, 23, 40, tzinfo=UTC) if n == 0 else start(n)
    zone, offset = ("UTC", timedelta(0)) if n % 3 else ("PST", timedelta(hours=-8))
    times = [began + timedelta(minutes=20 * step) for step in range(4)]
    words = ["Investigating", "Update", "Monitoring", "Resolved"]
    if n % 10 == 4:
        words = ["Scheduled", "In progress", "Verifying", "Completed"]
    body = "<p>THIS IS A SCHEDULED EVENT</p>" if n % 10 == 4 else ""
    for said, at in reversed(list(zip(words, times, strict=True))):
        local = at + offset
        body += (
            f"<p><small>{local:%b} <var data-var='date'>{local.day:2}</var>, <var data-var='time'>{local:%H:%M}</var> {zone}</small>"
            f"<br><strong>{said}</strong> - Text of {said.lower()} in {n} &amp; 50% of $money.<br />Second line.</p>"
        )
    if n == 7:
        body = "Nothing but words."
    ended = (times[-1] + offset).isoformat().replace("+00:00", "Z" if zone == "UTC" else "-08:00")
    link = (
        ""
        if n == 8
        else f'<link rel="alternate" type="text/html" href="https://status.example.com/incidents/code{n:04}"/>'
    )
    title = "" if n == 9 else escape(f"Slow answers, number {n} <b>")
    return f"""  <entry>
    <id>tag:status.example.com,2005:Incident/{2100000 + n}</id>
    <published>{ended}</published>
    <updated>{ended}</updated>
    {link}
    <title>{title}</title>
    <content type="html">{escape(body)}</content>
  </entry>
"""


# -- cState -------------------------------------------------------------------------------------------------------


def cstate() -> dict[str, str]:
    """Files of `content/issues` by name."""
    return {f"{start(n):%Y-%m-%d}-issue-{n}.md": issue(n) for n in range(COUNT)} | {
        "_index.md": "---\ntitle: Issues\n---\n"
    }


def issue(n: int) -> str:
    began = start(n).replace(microsecond=0)
    ended = began + timedelta(hours=1)
    plain = f"{began:%Y-%m-%d %H:%M:%S}" if n % 2 else began.isoformat().replace("+00:00", "Z")
    head = [
        f"title: Slow pages number {n}",
        f"date: {plain}",
        "resolved: true",
        f"resolvedWhen: {ended:%Y-%m-%d %H:%M:%S}",
        f"severity: {('down', 'disrupted', 'notice')[n % 3]}",
        "affected:",
        "  - Hosted checkout",
        "  - API",
        "section: issue",
    ]
    body = (
        f'*Resolved* - It works again {{{{< track "{ended:%Y-%m-%d %H:%M:%S}" >}}}}\n\n'
        f'**Monitoring** - We **watch** it, [see](https://example.com/{n}). {{{{< track "{began + timedelta(minutes=30):%Y-%m-%d %H:%M:%S}" >}}}}\n\n'
        f'*Investigating* - We look for it. It costs $price. {{{{< track "{began:%Y-%m-%d %H:%M:%S}" >}}}}\n'
    )
    if n == 1:
        body = f"*Post-mortem*\n\nA cable.\n\n- one\n- two\n\n---\n\n{body}"
    if n == 2:
        head[2:4] = ["resolved: true", 'resolvedWhen: ""']
    if n == 3:
        body = "Only words, and no steps.\n\n{{< unknown >}}"
    if n == 4:
        head[5:8] = ["affected: []"]
    if n == 5:
        head[2:3] = ["informational: true", "pin: true", "automated: true", "id: x5"]
    if n == 6:
        head[0] = 'title: ""'
    if n == 7:
        body = "*Investigating* - No time.\n\n*Identified* - None either.\n"
    if n == 8:
        body = ""
    return (
        ("\ufeff" if n == 9 else "")
        + "---\n"
        + "\n".join(head)
        + "\n---\n"
        + body.replace("\n", "\r\n" if n == 10 else "\n")
    )


# -- Upptime ------------------------------------------------------------------------------------------------------


def upptime() -> bytes:
    """Issues as GitHub's API gives them, and as `gh` does, with their comments inside and beside them."""
    issues = [upptime_issue(n) for n in range(COUNT)]
    issues += [{"number": 900, "title": "A question", "labels": [{"name": "question"}], "state": "open", "body": None}]
    beside = [
        {
            "issue_url": "https://api.github.com/repos/example/upptime/issues/2",
            "created_at": "2024-01-25T00:00:00Z",
            "body": "**Resolved:** It is back up in `1a2b` after 20 minutes.",
        }
    ]
    return json.dumps({"issues": issues, "comments": beside}).encode()


def upptime_issue(n: int) -> dict:
    began = start(n).replace(microsecond=0)
    ended = began + timedelta(minutes=42)
    said = f"{began:%Y-%m-%dT%H:%M:%SZ}", f"{ended:%Y-%m-%dT%H:%M:%SZ}"
    if n % 5 == 4:
        until = began + timedelta(hours=3)
        block = f"<!--\nstart: {began:%Y-%m-%dT%H:%M:%S.000Z}\nend: {until:%Y-%m-%dT%H:%M:%S.000Z}\nexpectedDown: api, Hosted checkout\nexpectedDegraded: docs\n-->\n"
        return {
            "number": n,
            "title": f"Maintenance {n}",
            "labels": ["maintenance"],
            "createdAt": said[0],
            "closedAt": None if n % 2 else said[1],
            "state": "OPEN" if n % 2 else "CLOSED",
            "body": f"{block}We move the *servers*.",
            "url": f"https://github.com/example/upptime/issues/{n}",
        }
    down = n % 2 == 0
    return {
        "number": n,
        "title": "🛑 Hosted checkout is down" if down else "⚠️ API has degraded performance",
        "labels": [{"name": "status"}, {"name": "hosted-checkout"}],
        "created_at": said[0],
        "closed_at": said[1],
        "state": "closed",
        "body": None
        if n == 5
        else f"In [`abc{n}`](https://github.com/example/upptime/commit/abc{n}), it (http://example.com) was **down**:\n- HTTP code: 500\n- Response time: 12 ms\n",
        "comments": 1
        if n == 2
        else [{"created_at": said[1], "body": f"**Resolved:** It is back up after {n} minutes."}],
        "html_url": f"https://github.com/example/upptime/issues/{n}",
    }
