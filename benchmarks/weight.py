"""What a first view of each kind of page weighs on the wire: every answer that Chromium asks for, head and gzipped body.

The site is that of the three examples and of one incident more, in five languages.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from five_languages import LANGUAGES, bench_of_five, site_of_five
from standins.browser import chromium, served, weigh

MOST = 14_000
KINDS = {
    "front page": "",
    "incident": "incidents/checkout-outage/",
    "incident with a picture": "incidents/kettle-recall/",
    "statement": "incidents/checkout-outage/statement/",
    "questions": "incidents/checkout-outage/faq/",
    "promises": "promises/",
    "history": "history/",
    "a month": "history/2026-11/",
    "not found": "404.html",
}


def main() -> None:
    """Print a table: the whole of each first view, in its heaviest language, and what it is made of."""
    with tempfile.TemporaryDirectory() as folder:
        site = site_of_five(bench_of_five(Path(folder) / "workspace"))
    print(f"{'bytes on the wire':<26} {'in all':>8} {'page':>8} {'style':>8} {'rest':>8}  requests  heaviest in")
    heaviest = 0
    with served(site) as address, chromium() as browser:
        for kind, path in KINDS.items():
            found = []
            for language in LANGUAGES:
                if language == LANGUAGES[0] or kind != "not found":
                    context = browser.new_context()
                    prefix = "" if language == LANGUAGES[0] else f"{language}/"
                    url = address + prefix + path
                    found.append((weigh(context.new_page(), url), url, language))
                    context.close()
            weights, url, language = max(found, key=lambda one: sum(one[0].values()))
            whole, page = sum(weights.values()), weights[url]
            style = sum(weight for name, weight in weights.items() if name.endswith(".css"))
            rest = whole - page - style
            print(f"{kind:<26} {whole:>8,} {page:>8,} {style:>8,} {rest:>8,}  {len(weights):>8}  {language}")
            heaviest = max(heaviest, whole)
    if heaviest > MOST:
        sys.exit(f"{heaviest:,} bytes are more than {MOST:,}.")


if __name__ == "__main__":
    main()
