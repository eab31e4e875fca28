"""Every hostile text through every text field of a record and every column of a list: refused in words, or harmless."""

import csv
import json
import os
import re
from email import message_from_bytes
from email.policy import default

import pytest
from hostile.corpus import COUNT, kinds
from hostile.judge import judged
from imports.bench import NOW
from standins.office import MAIL

from crisiscomms.errors import InvalidInput
from crisiscomms.messages.compose import compose
from crisiscomms.messages.templates import voices
from crisiscomms.published import PublishedIncident
from crisiscomms.record import parse_record
from crisiscomms.record.recipients import read_recipients
from crisiscomms.workspace import read_workspace

CORPUS = kinds()
#: A record with one text in every field takes a tenth of a second to compose: `./run prove hostile` tries them all, and this
#: one in so many.
EVERY = 1 if os.environ.get("CRISISCOMMS_PROVE") else 15
AT = "2026-05-30 10:00"
HEADS = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted", "feedback-id"}


def record(long="Words.", line="Words"):
    """Return a resolved record with every text field there is: those that hold paragraphs, and those that hold a line."""
    who = "everyone"
    return {
        "id": "hostile",
        "title": line,
        "kind": "recall",
        "severity": "minor",
        "harm": "none",
        "times": {"started": AT, "noticed": AT, "fixed": AT},
        "responsibility": {"level": "ours", "statement": long, "duty": long},
        "facts": {"count": {"value": 3, "unit": "people", "material": True, "says": long}},
        "audiences": {"staff": {"name": line, "channels": ["email"], "recipients": "../lists/staff.csv"}},
        "affected": {
            "who": long,
            "regions": [long],
            "data_types": [long],
            "products": [{"name": line, "model": line, "lots": [long], "where_to_find": long, "sold_by": long}],
            "not_affected": [{"text": long, "how_we_know": long}],
        },
        "impact": [{"audience": one, "effect": long, "felt": long, "opening": long} for one in (who, "staff")],
        "cause": {"state": "confirmed", "confirmed_at": AT, "plain": long},
        "unknowns": [{"question": long}],
        "actions": [{"kind": "fix", "text": long, "due": "2026-12-01", "owner": line}],
        "do_now": [{"audience": who, "text": long}],
        "repair": [{"audience": who, "kind": "refund", "what": long, "how": long}],
        "promises": [{"id": "review", "text": long, "due": "2026-12-01", "owner": line}],
        "questions": [{"ask": long, "answer": long}],
        "rumours": [{"claim": long, "answer": long}],
        "feedback": {"question": long, "channel": "help@northwind.example", "read_by": line},
        "lessons": [long],
        "signed_by": {"name": line, "role": line},
        "glossary": {"word": long},
        "updates": [
            {"id": "one", "at": AT, "status": "investigating", "text": long, "short": long, "audiences": ["staff"]},
            {"id": "two", "at": "2026-05-30 11:00", "status": "resolved", "text": long, "audiences": ["staff"]},
        ],
    }


@pytest.fixture
def workspace(office):
    office.settle(MAIL.format(port=1))
    office.people("staff", "staff@shop.example")
    return read_workspace(office.folder)


def shown(workspace, spoken, data):
    """Yield everything that readers would be shown of a record, as pages or pieces of pages."""
    text = json.dumps(data, ensure_ascii=False)
    incident = parse_record(workspace, text, workspace.record_path("hostile")).incident
    composed = compose(incident, workspace, spoken, PublishedIncident(), NOW, ())
    for content in composed.messages.site:
        yield from (page.html for page in content.pages)
        yield from (entry.html for entry in content.entries)
        yield from (promise.html for promise in content.promises)
        yield content.summary
    yield from (memo.html for memo in composed.messages.memos)
    yield from (notice.html for notice in composed.messages.notices)


@pytest.mark.parametrize("kind", CORPUS)
def test_text_fields_hold_nothing_active_or_are_refused(workspace, kind):
    spoken, through = voices(workspace), 0
    for text in CORPUS[kind][::EVERY]:
        short = " ".join(text.split())
        for data in (record(text, short), record(long=text), record(line=text), record(line=short)):
            try:
                bodies = list(shown(workspace, spoken, data))
            except InvalidInput:  # in words, with its place: anything else that is raised is a defect
                continue
            through += 1
            for body in dict.fromkeys(bodies):
                assert list(judged(body, whole=body.startswith("<!"))) == [], text
            if data["title"] == short and data["lessons"] == [text]:
                break  # every field has been shown with it
    if kind in {"paths", "templates"}:
        assert through, "some of these are harmless words, and must not be refused"


def test_harmless_words_are_not_refused_so_that_the_fields_are_really_shown(workspace):
    bodies = " ".join(shown(workspace, voices(workspace), record(long="Zwiebel fisch.", line="Zander")))
    assert bodies.count("Zwiebel fisch.") > 40
    assert "Zander" in bodies


@pytest.mark.parametrize("kind", CORPUS)
def test_columns_of_a_list_hold_nothing_active_or_their_row_is_named(office, kind):
    """A hostile name and a hostile column for each of 300 people, and mails in a rehearsal to those whose row is good."""
    office.settle(MAIL.format(port=1))
    path = office.folder / "lists" / "merchants.csv"
    rows = [(f"reader{n}@shop.example", text, text[::-1] if n % 2 else text) for n, text in enumerate(CORPUS[kind])]
    rows += [(text, "Plain", "plain") for text in CORPUS[kind]]
    rows += [("plain@shop.example", "Plain Reader", "one, two")]
    good = [row for row in rows if is_good(path, [row])]
    assert ("plain@shop.example", "Plain Reader", "one, two") in good
    write(path, list({row[0].lower(): row for row in good}.values()))
    office.record()
    effect = '"merchants", "effect": "'
    office.edit(f"{effect}Card payments", f"{effect}Yours is $recipient.figure, and card payments")
    said = office.publish("--rehearsal")
    mails = [office.folder / "rehearsal" / name for name in office.outbox()]
    assert len(mails) == len({row[0].lower() for row in good}), said
    for mail in mails:
        parsed = message_from_bytes(mail.read_bytes(), policy=default)
        names = [name.lower() for name in parsed]
        assert {name for name in names if not name.startswith(("list-", "x-crisiscomms"))} <= HEADS
        assert len(names) == len(set(names))
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", mail.read_bytes()) or b"\r\n" not in mail.read_bytes()
        body = parsed.get_body(("html",)).get_content()
        assert list(judged(body)) == [], mail.name


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        csv.writer(file).writerows([("email", "name", "figure"), *rows])


def is_good(path, rows):
    try:
        write(path, rows)
    except csv.Error:  # cannot be written as CSV at all
        return False
    return not read_recipients(path).problems


def test_the_corpus_is_whole():
    assert all(len(texts) == COUNT for texts in CORPUS.values())
