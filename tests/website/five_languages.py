"""The site of the three examples, and of one incident more that is told in all of its five languages."""

import json
from datetime import UTC, datetime
from pathlib import Path

from example_room import FINAL, Bench, copy_example, source_of
from sample_site import ROOT

from crisiscomms.messages.templates import voices
from crisiscomms.website import Sources, build_site
from crisiscomms.workspace import read_workspace

LANGUAGES = ("en", "de", "fr", "es", "ar")
NOW = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)
PARCELS = (Path(__file__).with_name("parcel-delay.yaml")).read_text(encoding="utf-8")


#: What the workspace says of its contact, in the languages that it has not got.
CONTACT = (
    {
        "de": 'de = "täglich, 07:00-23:00 Uhr"',
        "more": 'fr = "tous les jours, 07:00-23:00", es = "todos los días, 07:00-23:00", ar = "كل يوم، 07:00-23:00"',
    },
    {"de": 'de = "2 Stunden"', "more": 'fr = "2 heures", es = "2 horas", ar = "ساعتين"'},
)


def bench_of_five(folder):
    """Return a bench in a copy of the example workspace whose site is in five languages."""
    settings = copy_example(folder) / "crisiscomms.toml"
    two, five = 'languages = ["en", "de"]  ', f"languages = {json.dumps(LANGUAGES)}  "
    words = settings.read_text(encoding="utf-8")
    assert two in words
    words = words.replace(two, five, 1)
    for said in CONTACT:
        assert said["de"] in words
        words = words.replace(said["de"], f"{said['de']}, {said['more']}", 1)
    settings.write_text(words, encoding="utf-8")
    return Bench(read_workspace(folder))


def contents_of_five(bench):
    """Return what the three examples and the parcels put on the site."""
    sources = [(source_of(incident), now) for incident, now in FINAL.items()] + [(PARCELS, "2026-11-17 13:05")]
    return [content for source, now in sources for content in bench.read(source, now).composed.messages.site]


def site_of_five(bench, **more):
    """Return every file of their site."""
    return build_site(
        bench.workspace,
        Sources.of(contents_of_five(bench)),
        voices(bench.workspace),
        layouts=ROOT / "site",
        **{"now": NOW, **more},
    )
