"""What a reader's browser is told, by real servers with the files that we write for them."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
import requests
from standins.web_servers import apache, caddy, nginx
from website.releases import files, release, style

from crisiscomms.website.deploy import FolderTarget, Release
from crisiscomms.website.deploy.rules import Rules, server_files
from crisiscomms.website.deploy.verify import differing_for_readers

SERVERS = {"nginx": nginx, "caddy": caddy, "apache": apache}
MORE = {
    "feed.rss": b"<rss/>",
    "calendar.ics": b"BEGIN:VCALENDAR",
    "404.html": b"<head></head>not here",
    "robots.txt": b"User-agent: *",
    "api/v2/components.json": b"{}",
}
SITE = Release.of(files(1) | MORE)


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with tempfile.TemporaryDirectory(prefix="crisiscomms-www-") as name:
        home = Path(name)
        home.chmod(0o755)  # these servers may run as somebody else
        folder = home / "public"
        made = server_files("http://localhost", folder, SITE.files)
        inside = {".htaccess": made["apache.htaccess"].encode()} if request.param == "apache" else {}
        site = Release.of({**files(1), **MORE, **inside})
        FolderTarget(folder).put(release(2))
        FolderTarget(folder).put(site)
        for file, text in made.items():
            (home / file).write_text(text)
        conf = {"nginx": "nginx.conf", "caddy": "Caddyfile", "apache": "apache.htaccess"}[request.param]
        with SERVERS[request.param](home, home / conf, folder) as url:
            yield url, site


def test_every_address_can_be_read_back_as_it_was_put_there(server):
    url, site = server
    assert differing_for_readers(url, site.digests) == []
    assert [one.shows for one in differing_for_readers(url, {"index.html": "0" * 64})] == [
        f"shows the release {site.name}"
    ]


@pytest.mark.parametrize("path", ["", "index.md", "api/v2/summary.json", style(1), "no/such/page"])
def test_every_answer_forbids_what_a_page_of_ours_never_does(server, path):
    answer = requests.get(f"{server[0]}/{path}", timeout=10)
    assert answer.headers["Content-Security-Policy"] == Rules.read().headers["Content-Security-Policy"]
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in answer.headers  # a hint in the file, for whoever knows that https works


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("incidents/checkout-outage/", "text/html; charset=utf-8"),
        ("incidents/checkout-outage/feed.atom", "application/atom+xml"),
        ("feed.rss", "application/rss+xml"),
        ("calendar.ics", "text/calendar; charset=utf-8"),
        ("api/v2/summary.json", "application/json"),
        ("index.md", "text/markdown; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        (style(1), "text/css; charset=utf-8"),
    ],
)
def test_each_kind_of_file_says_what_it_is(server, path, kind):
    assert requests.get(f"{server[0]}/{path}", timeout=10).headers["Content-Type"] == kind


def test_styles_are_kept_for_a_year_and_pages_for_a_minute_or_while_the_server_is_down(server):
    url, _ = server
    for path in (style(1), style(2)):  # also that of the release before
        assert (
            requests.get(f"{url}/{path}", timeout=10).headers["Cache-Control"] == "public, max-age=31536000, immutable"
        )
    for path in ("", "incidents/checkout-outage/", "api/v2/summary.json"):
        assert (
            requests.get(f"{url}/{path}", timeout=10).headers["Cache-Control"]
            == "public, max-age=60, stale-if-error=86400"
        )


def test_programs_that_ask_with_two_slashes_or_for_the_head_only_are_answered(server):
    url, site = server
    assert requests.get(f"{url}//api/v2/summary.json", timeout=10).content == site.files["api/v2/summary.json"]
    head = requests.head(f"{url}/api/v2/components.json", timeout=10)
    assert (head.status_code, head.content, head.headers["Content-Type"]) == (200, b"", "application/json")
    assert head.headers["Access-Control-Allow-Origin"] == "*"


def test_who_is_lost_sees_our_page_and_who_forgets_a_slash_is_sent_on(server):
    url, site = server
    lost = requests.get(f"{url}/no/such/page", timeout=10)
    assert (lost.status_code, lost.content) == (404, site.files["404.html"])
    assert lost.headers["Content-Type"] == "text/html; charset=utf-8"
    found = requests.get(f"{url}/incidents/checkout-outage", timeout=10)
    assert found.content == site.files["incidents/checkout-outage/index.html"]
    assert found.url == f"{url}/incidents/checkout-outage/"


def test_a_site_in_a_subfolder_is_served_there():
    with tempfile.TemporaryDirectory(prefix="crisiscomms-www-") as name:
        home = Path(name)
        home.chmod(0o755)
        FolderTarget(home / "public").put(SITE)
        (home / "nginx.conf").write_text(
            server_files("http://localhost/status/", home / "public", SITE.files)["nginx.conf"]
        )
        with nginx(home, home / "nginx.conf", home / "public") as url:
            assert differing_for_readers(f"{url}/status", SITE.digests) == []
            kept = requests.get(f"{url}/status/{style(1)}", timeout=10).headers["Cache-Control"]
            assert kept == "public, max-age=31536000, immutable"
            assert requests.get(f"{url}/status/nowhere", timeout=10).content == SITE.files["404.html"]


@pytest.mark.parametrize("host", ["netlify", "cloudflare"])
def test_hosts_of_pages_get_the_same_rules_in_their_words(host):
    text = server_files("https://status.example", Path("/srv/public"), SITE.files)[f"{host}_headers"]
    rules = {block[0]: block[1:] for block in _blocks(text)}
    assert set(Rules.read().headers) <= {line.split(":")[0].strip() for line in rules["/*"]}
    assert "  Cache-Control: public, max-age=31536000, immutable" in rules["/assets/*"]
    assert "Strict-Transport-Security" not in re.sub(r"(?m)^#.*$", "", text)
    atom = "/incidents/checkout-outage/feed.atom" if host == "netlify" else "/*.atom"
    assert rules[atom] == ["  Content-Type: application/atom+xml"]
    if host == "cloudflare":  # rules that match together are joined there, so the general one is taken back first
        assert rules["/assets/*"][0] == "  ! Cache-Control"
        assert len(rules) <= 100


def _blocks(text):
    block = []
    for line in text.splitlines():
        if line.startswith("/"):
            if block:
                yield block
            block = [line]
        elif not line.startswith("#"):
            block.append(line)
    yield block
