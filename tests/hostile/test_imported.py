"""Every hostile text through every field of every kind of imported file: nothing active, nothing remote, on any page or feed.

In the tests each text goes through one kind of file, in the proof at length through all.
"""

import json
import math
import os
from itertools import cycle
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import feedparser
import pytest
from hostile.corpus import COUNT, kinds
from hostile.judge import judged
from imports.bench import NOW
from standins.browser import chromium, served

from crisiscomms.imports.past import Words
from crisiscomms.imports.sources import KINDS as SOURCES
from crisiscomms.imports.writing import entries
from crisiscomms.messages.compose import compose
from crisiscomms.messages.templates import packaged, voices
from crisiscomms.published import PublishedIncident
from crisiscomms.record import parse_record
from crisiscomms.website import Sources, build_site
from crisiscomms.workspace import read_workspace

CORPUS = kinds()
WORDS = Words("Untitled", "No words.", "... (cut)")
#: How many hostile texts go into one incident: each into another of its fields.
EACH = 20


def statuspage(texts):
    def incident(n, some):
        at = f"2024-01-{n % 28 + 1:02}T10:00:00Z"
        spare = cycle(some)
        updates = [
            {
                "status": next(spare) if k == 3 else "resolved",
                "body": text,
                "display_at": at,
                "affected_components": [{"name": next(spare), "new_status": next(spare)}],
            }
            for k, text in enumerate(some)
        ]
        named = {
            "id": next(spare),
            "name": next(spare),
            "impact": next(spare),
            "shortlink": next(spare),
            "postmortem_body": next(spare),
        }
        return {
            **named,
            "status": "resolved",
            "created_at": at,
            "resolved_at": at,
            "components": [{"name": next(spare)}],
            "incident_updates": updates,
        }

    return {
        "incidents.json": json.dumps(
            {"incidents": [incident(n, some) for n, some in enumerate(chunks(texts))]}
        ).encode()
    }


def atom(texts):
    def xml(text):
        return escape(
            "".join(
                c
                for c in text
                if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\uffff\ufdd0")
            )
        )

    body = ""
    for n, some in enumerate(chunks(texts)):
        inner = "".join(
            f"<p><small>Jan <var>{n % 28 + 1}</var>, <var>10:00</var> UTC</small><br><strong>{'Resolved' if k else text}</strong> - {text}</p>"
            for k, text in enumerate(some)
        )
        body += f"<entry><id>{xml(some[0])}</id><title type='{'html' if n % 2 else 'text'}'>{xml(some[1 % len(some)])}</title><link href='https://x.example/{n}'/><updated>2024-01-{n % 28 + 1:02}T10:00:00Z</updated><content type='html'>{xml(inner)}</content></entry>"
    return {"history.atom": f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{body}</feed>'.encode()}


def cstate(texts):
    files = {}
    for n, some in enumerate(chunks(texts)):
        head = {"title": some[0], "affected": [one.replace("\0", "") for one in some[1:4]], "severity": some[-1][:30]}
        lines = "\n".join(f"{key}: {json.dumps(printable(value))}" for key, value in head.items())
        body = "".join(
            f'*{"Resolved" if k else text[:40]}* - {text} {{{{< track "2024-01-{n % 28 + 1:02} 10:00:00" >}}}}\n\n'
            for k, text in enumerate(some)
        )
        files[f"issue-{n}.md"] = (
            f"---\n{lines}\ndate: 2024-01-{n % 28 + 1:02} 10:00:00\nresolved: true\n---\n{body}".encode(
                errors="replace"
            )
        )
    return files


def printable(value):
    if isinstance(value, list):
        return [printable(one) for one in value]
    return "".join(c for c in value if c.isprintable() or c == "\n") or "x"


def upptime(texts):
    issues = []
    for n, some in enumerate(chunks(texts)):
        at = f"2024-01-{n % 28 + 1:02}T10:00:00Z"
        comments = [{"created_at": at, "body": text} for text in some]
        body = f"<!--\nstart: {at}\nexpectedDown: {some[1 % len(some)]}\n-->\n{some[0]}"
        issues.append(
            {
                "number": n,
                "title": some[0],
                "labels": ["maintenance" if n % 2 else "status"],
                "state": "closed",
                "created_at": at,
                "closed_at": at,
                "body": body,
                "comments": comments,
            }
        )
    return {"issues.json": json.dumps(issues).encode()}


def chunks(texts):
    return [texts[n : n + EACH] for n in range(0, len(texts), EACH)]


WRITERS = {"statuspage": statuspage, "atom": atom, "cstate": cstate, "upptime": upptime}
#: Each kind of file takes one share of the texts.
SHARES = 1 if os.environ.get("CRISISCOMMS_PROVE") else len(WRITERS)


def share(source, kind):
    """Return the texts of one kind that go through one kind of file."""
    return CORPUS[kind][list(WRITERS).index(source) % SHARES :: SHARES]


@pytest.fixture
def workspace(office):
    office.settle()
    return read_workspace(office.folder)


def brought(workspace, source, texts):
    """Bring hostile texts in, and return the site that they make, with how many incidents stand on it."""
    gathered = SOURCES[source](WRITERS[source](texts), source, WORDS, ZoneInfo("UTC"), NOW)
    found, refused = entries(gathered.incidents, source, workspace, NOW)
    assert [str(finding.message) for finding in (*gathered.findings, *refused)] == [], (
        "hostile words are made harmless, not a reason to lose an incident"
    )
    spoken, contents = voices(workspace), []
    for entry in found:
        incident = parse_record(workspace, entry.text, workspace.record_path(entry.id)).incident
        contents += compose(incident, workspace, spoken, PublishedIncident(), NOW, ()).messages.site
    return build_site(workspace, Sources.of(contents), spoken, layouts=packaged("site"), now=NOW), len(found)


def test_there_are_three_hundred_of_each_kind():
    assert {name: len(set(texts)) for name, texts in CORPUS.items()} == dict.fromkeys(CORPUS, COUNT)
    assert len(CORPUS) >= 13


@pytest.mark.parametrize("source", WRITERS)
@pytest.mark.parametrize("kind", CORPUS)
def test_nothing_active_or_remote_reaches_a_page_or_a_feed(workspace, source, kind):
    texts = share(source, kind)
    files, count = brought(workspace, source, texts)
    assert count == math.ceil(len(texts) / EACH)
    for name, body in files.items():
        if name.endswith(".html"):
            assert list(judged(body.decode())) == [], name
        elif name.endswith((".atom", ".rss")):
            for entry in feedparser.parse(body, sanitize_html=False).entries:
                for piece in (*(one.value for one in entry.get("content", ())), entry.get("summary", "")):
                    assert list(judged(piece, whole=False)) == [], name
        if name.endswith((".html", ".md", ".atom", ".xml", ".json")):
            text = body.decode()
            assert not [c for c in "\u202a\u202b\u202d\u202e\u2066\u2067\ue000\ue003\ue005\0" if c in text], name


def test_chromium_asks_nobody_and_opens_no_dialog(workspace):
    """The worst of each kind on one site, read by a real browser: without the policy of the page, which would hide a mistake."""
    asked, dialogs = [], []
    with chromium() as browser:
        for source in WRITERS:
            texts = [text for kind in CORPUS for text in share(source, kind)[: EACH // SHARES]]
            files, _ = brought(workspace, source, texts)
            bare = {name: body.replace(b"Content-Security-Policy", b"X-None") for name, body in files.items()}
            with served(bare) as address:
                page = browser.new_page(java_script_enabled=True)
                page.on(
                    "request", lambda request, here=address: request.url.startswith(here) or asked.append(request.url)
                )
                page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
                for name in bare:
                    if name.startswith("incidents/") and name.endswith("index.html"):
                        page.goto(address + name.removesuffix("index.html"), wait_until="load")
                page.close()
    assert asked == []
    assert dialogs == []


@pytest.mark.parametrize(
    "body",
    [
        "<p onclick=x>",
        "<script>1</script>",
        "<a href='javascript:1'>x</a>",
        "<img src=https://evil.invalid/x>",
        "<p style='background:url(x)'>",
        "<a href=//evil.invalid>x</a>",
        "<svg><use href='https://evil.invalid/#a'></use></svg>",
        "<iframe></iframe>",
        "<a href='https://a@evil.invalid/'>x</a>",
        "<meta http-equiv=refresh content=0>",
    ],
)
def test_the_judge_sees_what_is_active(body):
    assert list(judged(f"<!DOCTYPE html><body>{body}"))
