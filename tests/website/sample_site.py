"""A payment outage in two languages, a recall in one, and how the tests read the site that they make."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import html5lib

from crisiscomms.fields import Reading
from crisiscomms.messages.model import Entry, Page, Picture, PromiseLine, SiteContent, canonical, digest
from crisiscomms.messages.prose import timed, to_html, to_text
from crisiscomms.website.briefs import brief_of
from crisiscomms.workspace import Settings

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
SITE = "https://status.northwind.example"
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240"><rect x="90" y="60" width="120" height="150" rx="18" fill="#8b939c"/></svg>'

OUTAGE_EN = """# Card payments failed at checkout

## What happened {{#what-happened}}

On 18 November, people who paid by card in the European Union saw an error. 1,719 payments did not go through. We
changed how payments are routed and did not test the change with European cards. That was our failure, and we are sorry.

[Our statement, signed by Maren Vogt]({site}/incidents/checkout-outage/statement/)

## Am I affected? {{#am-i-affected}}

**Merchants whose payments failed:** A failed payment in your shop looks like your failure. It was ours.

- Card numbers and personal data were not exposed.
- Payments that were confirmed to your customers are complete.

> ## Not a heading of this page
> Somebody quoted it.

## What should I do? {{#what-to-do}}

If your payment failed, no money was taken. You can pay again. Write to
[help@northwind.example](mailto:help@northwind.example) or call +49 30 5550 0100.

## When do I hear more? {{#when-next}}

By {due}, on this page, even if there is nothing new to say.

[More questions and answers]({site}/incidents/checkout-outage/faq/)

## Updates {{#updates}}

### Cause found, {second} {{#cause-found}}

The failures began with a change we made at 10:12. We are undoing it.

### Investigating, {first} {{#first-notice}}

Card payments in the European Union are failing at checkout. We are looking for the cause.
"""
OUTAGE_DE = """# Kartenzahlungen schlugen an der Kasse fehl

## Was geschehen ist {{#what-happened}}

Am 18. November sahen Menschen, die in der Europäischen Union mit Karte zahlten, eine Fehlermeldung. Das war unser
Fehler, und es tut uns leid. [Unsere Erklärung]({site}/de/incidents/checkout-outage/statement/)

## Was soll ich tun? {{#what-to-do}}

Wenn Ihre Zahlung fehlschlug, wurde kein Geld abgebucht. Sie können noch einmal zahlen.

## Meldungen {{#updates}}

### Ursache gefunden, {second} {{#cause-found}}

Die Fehler begannen mit einer Änderung von uns. Wir nehmen sie zurück.

### Wir suchen die Ursache, {first} {{#first-notice}}

Kartenzahlungen in der Europäischen Union schlagen an der Kasse fehl. Wir suchen die Ursache.
"""
STATEMENT = """# Card payments failed at checkout

We are sorry. On the morning of 18 November you could not rely on us, and your customers stood at the till with a card
that did not work. 1,719 payments failed.

We switched card payments to a new route. The new route rejected cards whose holder must confirm a payment. We had
tested only with cards that do not ask.

What we will do, and by when:

- We will publish the full review of this outage on this page. By 25 November 2026. Maren Vogt answers for it.

We owe you more than words. We refund the fees of every payment you took that day. You do not need to ask.

Everything we said along the way stands on [the page about this]({site}/incidents/checkout-outage/).

Maren Vogt  
Chief Operating Officer, Northwind Pay
"""  # noqa: W291 -- two spaces are a line break in Markdown
FAQ = """# Card payments failed at checkout: questions and answers

The whole story stands on [the page about this]({site}/incidents/checkout-outage/).

## Was any customer charged twice? {{#question-1}}

No. We compared every payment of that morning with the banks' files.

## Is it true? "Northwind was hacked." {{#rumour-1}}

No. The fault was a change of our own, described [above]({site}/incidents/checkout-outage/#what-happened).
"""
RECALL = """# Stop using the Fjord K2 kettle. Its handle can come off.

## What happened {{#what-happened}}

The handle of a full kettle can come off, and boiling water can spill. At least 2 burns have been reported to us.
We are sorry.

## What should I do? {{#what-to-do}}

Stop using every Fjord K2 now. Bring it to any store. You need no receipt.

| Model | Lots |
|---|---|
| K2-1700 | 2619, 2620 and 2621 |

## Updates {{#updates}}

### Cause found, {first} {{#recall}}

We are recalling the Fjord K2. We sold 12,400 kettles. Stop using it now.
"""


def page(kind: str, incident: str, source: str, **times: str) -> Page:
    source = source.format(site=SITE, **times)
    folder = "" if kind == "incident" else f"{kind}/"
    title = source.split("\n", 1)[0].removeprefix("# ")
    text = to_text(source)
    return Page(kind, f"incidents/{incident}/{folder}", title, text.split("\n")[2][:150], to_html(source), text, text)


def entry(name: str, status: str, at: str, title: str, words: str) -> Entry:
    return Entry(name, status, at, title, to_html(words), to_text(words))


FIRST = timed("2026-11-18T10:31+01:00", "10:31 CET on 18 November 2026 (09:31 UTC)")
SECOND = timed("2026-11-18T11:12+01:00", "11:12 CET on 18 November 2026 (10:12 UTC)")
DUE = timed("2026-11-18T12:10+01:00", "12:10 CET on 18 November 2026 (11:10 UTC)")


TEXTS = {
    "en": {
        "title": "Card payments failed at checkout",
        "page": OUTAGE_EN,
        "newest": "The failures began with a change we made at 10:12. We are undoing it.",
        "first": "Card payments are failing at checkout. We are looking for the cause.",
        "promise": "We will publish the full review of this outage on this page.",
        "part": "Hosted checkout",
    },
    "de": {
        "title": "Kartenzahlungen schlugen an der Kasse fehl",
        "page": OUTAGE_DE,
        "newest": "Die Fehler begannen mit einer Änderung von uns. Wir nehmen sie zurück.",
        "first": "Kartenzahlungen schlagen fehl. Wir suchen die Ursache.",
        "promise": "Wir werden auf dieser Seite den vollständigen Bericht veröffentlichen.",
        "part": "Kasse",
    },
}


def outage(language: str = "en") -> SiteContent:
    said = TEXTS[language]
    title, promise = said["title"], said["promise"]
    return SiteContent(
        incident="checkout-outage",
        language=language,
        words_language=language,
        title=title,
        kind="outage",
        severity="major",
        status="identified",
        first_at="2026-11-18T10:31:00+01:00",
        updated_at="2026-11-18T11:12:00+01:00",
        next_update="2026-11-18T12:10:00+01:00",
        summary=to_html(said["newest"]),
        pages=(
            page("incident", "checkout-outage", said["page"], first=FIRST, second=SECOND, due=DUE),
            page("faq", "checkout-outage", FAQ),
            page("statement", "checkout-outage", STATEMENT),
        ),
        entries=(
            entry("cause-found", "identified", "2026-11-18T11:12:00+01:00", f"Cause found: {title}", said["newest"]),
            entry(
                "first-notice", "investigating", "2026-11-18T10:31:00+01:00", f"Investigating: {title}", said["first"]
            ),
        ),
        promises=(PromiseLine("review", to_html(promise), promise, "2026-11-25T23:59:59+01:00", "Maren Vogt", None),),
        components=((said["part"], "major_outage"), ("Payments API", "partial_outage")),
    )


def recall(language: str = "en") -> SiteContent:
    words = "We are recalling the Fjord K2. We sold 12,400 kettles. Stop using it now."
    told = "We will say whether lot 2622 is affected."
    first = timed("2026-09-09T11:00+02:00", "11:00 CEST on 9 September 2026 (09:00 UTC)")
    incident = page("incident", "kettle-recall", RECALL, first=first)
    shown = '<img src="assets/fjord-k2.1a2b3c4d.svg" alt="A grey kettle with a black handle.">'
    incident = incident._replace(html=incident.html.replace("<h2", f"<p>{shown}</p>\n<h2", 1))
    return SiteContent(
        incident="kettle-recall",
        language=language,
        words_language="en",
        title="Stop using the Fjord K2 kettle. Its handle can come off.",
        kind="recall",
        severity="critical",
        status="resolved",
        first_at="2026-09-09T11:00:00+02:00",
        updated_at="2026-09-09T11:00:00+02:00",
        next_update=None,
        summary=to_html(words),
        pages=(incident,),
        entries=(
            entry(
                "recall",
                "identified",
                "2026-09-09T11:00:00+02:00",
                "Cause found: Stop using the Fjord K2 kettle",
                words,
            ),
        ),
        promises=(
            PromiseLine(
                "lot-2622", to_html(told), told, "2026-09-16T23:59:59+02:00", "Oskar Lind", "2026-09-15T17:00:00+02:00"
            ),
        ),
        components=(),
        pictures=(Picture("assets/fjord-k2.1a2b3c4d.svg", base64.b64encode(PICTURE).decode()),),
    )


def settings(url: str = SITE, **organisation: object) -> Settings:
    told = {
        "name": "Northwind Pay",
        "url": "https://northwind.example",
        "timezone": "Europe/Berlin",
        "languages": ["en", "de"],
        "contact": {
            "email": "help@northwind.example",
            "phone": "+49 30 5550 0100",
            "hours": {"en": "every day, 07:00-23:00", "de": "täglich, 07:00-23:00"},
            "replies_within": "2 hours",
        },
        **organisation,
    }
    components = [
        {"id": "checkout", "name": {"en": "Hosted checkout", "de": "Kasse"}},
        {"id": "payments-api", "name": "Payments API"},
        {"id": "dashboard", "name": {"en": "Merchant dashboard", "de": "Händlerbereich"}},
    ]
    data = {"organisation": told, "site": {"url": url, "components": components}}
    return Settings.model_validate(data, context=Reading("Europe/Berlin", "en"))


def parsed(body: bytes) -> Element:
    """Parse a page as strictly as a parser can: any error in the markup raises."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(body.decode())


def pages(site: dict[str, bytes]) -> dict[str, Element]:
    return {name: parsed(body) for name, body in site.items() if name.endswith(".html")}


def text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def one(element: Element, path: str) -> Element:
    found = element.findall(path)
    assert len(found) == 1, f"{len(found)} of {path}"
    return found[0]


def briefs(*contents):
    """Return what lists know of some incidents."""
    bodies = [canonical(content) for content in contents]
    return [brief_of(digest(body), body, SITE, ZoneInfo("Europe/Berlin")) for body in bodies]
