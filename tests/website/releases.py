"""Made-up releases for the tests of where a site is put: every page names a style that only its release has."""

from __future__ import annotations

import re

from crisiscomms.website.deploy import MANIFEST, Release, standing
from crisiscomms.website.deploy.release import sha256

PAGES = ("index.html", "incidents/checkout-outage/index.html", "de/index.html")
OTHERS = ("incidents/checkout-outage/feed.atom", "api/v2/summary.json", "index.md")


def style(number):
    return f"assets/style.{number:08x}.css"


def files(number):
    body = (
        f'<html><head><link rel="stylesheet" href="/{style(number)}"></head><body>{number} {"-" * 9000}</body></html>'
    )
    pages = {name: f"{body}{name}\n".encode() for name in PAGES}
    return {
        **pages,
        **{name: f"{name} of {number}\n".encode() for name in OTHERS},
        style(number): f"/* {number} */".encode(),
    }


def release(number):
    return Release.of(files(number))


def named_in(page):
    """Return the release that a page says it is from."""
    return re.search(rb'<meta name="release" content="([0-9a-f]{64})">', page)[1].decode()


def asked_for_by(page):
    return re.search(rb'href="/(assets/[^"]+)"', page)[1].decode()


def shown(target):
    """Return the files of the site that stands there, by the list that it brings. Fails where one is not what it says."""
    manifest = standing(target)
    found = target.read(manifest.files)
    assert {name: sha256(body) for name, body in found.items()} == manifest.files
    return {**found, MANIFEST: body(target, MANIFEST)}


def body(target, name):
    """Return one file as it stands."""
    return target.read([name])[name]
