"""Programs that are not ours read the site: feed readers, calendars, clients of Statuspage, and the schema of RFC 4287."""

import functools
import json
import subprocess
import threading
import urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sample_site import outage, recall
from standins.machine import READERS, needs, needs_reader

from crisiscomms.website.deploy import FolderTarget, Release

HERE = Path(__file__).with_name("readers")
HOSTILE = 'A <b> & "q" ]]> </script> \u2067فشلت\u2069'


def ask(kind, *about, **env):
    """Run a Python program that is not ours, and return what it understood."""
    python = needs_reader("bin/python")
    return understood([python, HERE / "read.py", kind, *about], env)


def ask_node(package, kind, about):
    """Run a program for Node that is not ours, and return what it understood."""
    node, _ = needs("node"), needs_reader(f"node_modules/{package}")
    return understood([node, HERE / "read.cjs", READERS, kind, about], {})


def understood(command, env):
    env = {"PATH": "/usr/bin:/bin", **env}
    done = subprocess.run(
        command, capture_output=True, text=True, env=env, cwd=env.get("HOME"), timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    return tmp_path_factory.mktemp("site") / "public"


@pytest.fixture
def folder(build, contents, public):
    """The folder of a site whose words are hostile here and there."""
    told = outage().entries[0]._replace(title=HOSTILE)
    files = build([outage()._replace(title=HOSTILE, entries=(told, outage().entries[1])), *contents[1:]])
    FolderTarget(public).put(Release.of(files))
    return public


@pytest.fixture
def address(folder):
    """The same site on loopback, served by Python's own web server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def every(folder, pattern):
    return [str(path) for path in sorted(folder.rglob(pattern))]


def test_every_atom_feed_is_valid_by_its_rfc(folder, build, tmp_path):
    FolderTarget(tmp_path / "empty").put(Release.of(build([])))
    whole = (folder / "feed.atom").read_text(encoding="utf-8")
    broken = {
        "no id": whole.replace("<id>", "<x:id xmlns:x='urn:x'>", 1).replace("</id>", "</x:id>", 1),
        "no author": whole[: whole.index("<author>")] + whole[whole.index("</author>") + 9 :],
        "no time": whole.replace("+01:00</updated>", "</updated>soon", 1),
        "odd tongue": whole.replace('xml:lang="en"', 'xml:lang="in English"', 1),
    }
    wrong = [tmp_path / f"{name}.atom" for name in broken]
    for path, body in zip(wrong, broken.values(), strict=True):
        path.write_text(body, encoding="utf-8")
    good = [*every(folder, "*.atom"), *every(tmp_path / "empty/", "*.atom")]
    assert len(good) == 8
    found = ask("schema", *good, *map(str, wrong))
    assert {name: found[name] for name in good} == {name: [] for name in good}
    assert all(found[str(path)] for path in wrong)


@pytest.mark.parametrize("kind", ["atom", "rss", "json"])
def test_another_feed_reader_finds_the_same_in_all_three_formats(folder, kind):
    (found,) = ask("feeds", str(folder / f"feed.{kind}")).values()
    assert found == [
        ["tag:status.northwind.example,2026:checkout-outage/cause-found", HOSTILE, "2026-11-18T11:12:00+01:00"],
        [
            "tag:status.northwind.example,2026:checkout-outage/first-notice",
            outage().entries[1].title,
            "2026-11-18T10:31:00+01:00",
        ],
        [
            "tag:status.northwind.example,2026:kettle-recall/recall",
            recall().entries[0].title,
            "2026-09-09T11:00:00+02:00",
        ],
    ]


def test_two_calendar_programs_find_the_same_events(folder):
    path = str(folder / "calendar.ics")
    (found,) = ask("calendars", path).values()
    events = {
        "next-update.checkout-outage@status.northwind.example": (
            f"Next update: {HOSTILE}",
            "2026-11-18T11:10:00",
            False,
        ),
        "promise-review.checkout-outage@status.northwind.example": (
            "Promised: We will publish the full review of this outage on this page.",
            "2026-11-25T00:00:00",
            True,
        ),
        "promise-lot-2622.kettle-recall@status.northwind.example": (
            "Kept: We will say whether lot 2622 is affected.",
            "2026-09-16T00:00:00",
            True,
        ),
    }
    assert {uid: (words, start[:19], whole) for uid, words, start, whole in found} == events
    others = {uid: (number, words, start) for uid, number, words, start in ask_node("ical.js", "calendar", path)}
    assert {uid: words for uid, (_, words, _) in others.items()} == {
        uid: words for uid, (words, _, _) in events.items()
    }
    assert all(number > 0 for uid, (number, _, _) in others.items() if "outage" in uid)
    assert others["promise-review.checkout-outage@status.northwind.example"][2] == "2026-11-25"


def test_statuscheck_reads_the_site(address):
    found = ask("statuscheck", address)
    assert found["status"] == ["major", "Major outage", "Partial System Outage"]
    assert found["incidents"] == [[HOSTILE, "identified", ["Hosted checkout", "Payments API"]]]
    assert set(found["components"]) == {"Hosted checkout", "Payments API", "Merchant dashboard"}
    assert found["components"]["Hosted checkout"] != found["components"]["Merchant dashboard"]


def test_the_prometheus_exporter_reads_the_site(address, tmp_path):
    services = tmp_path / "services.json"
    service = {"name": "Northwind Pay", "url": f"{address}api/v2/summary.json", "type": "status_page"}
    services.write_text(json.dumps({"ours": service}), encoding="utf-8")
    env = {"SERVICES_JSON_PATH": str(services), "HOME": str(tmp_path)}
    found = ask("exporter", address, **env)["ours"]
    assert (found["success"], found["status"], found["raw_status"]) == (True, 0, "major")
    assert {part["name"]: part["status"] for part in found["component_metadata"]} == {
        "Hosted checkout": "major_outage",
        "Payments API": "partial_outage",
        "Merchant dashboard": "operational",
    }
    (one,) = found["incident_metadata"]
    assert (one["name"], one["impact"], one["status"]) == (HOSTILE, "major", "identified")
    assert one["shortlink"] == "https://status.northwind.example/incidents/checkout-outage/"


def test_the_client_for_node_reads_the_site(address):
    found = ask_node("statuspage.io", "statuspage", address.rstrip("/"))
    assert found["status"]["status"]["indicator"] == "major"
    assert [part["status"] for part in found["components"]["components"]] == [
        "major_outage",
        "partial_outage",
        "operational",
    ]
    assert [one["name"] for one in found["summary"]["incidents"]] == [HOSTILE]
    assert [one["status"] for one in found["incidents"]["incidents"]] == ["identified", "resolved"]
    assert [one["status"] for one in found["unresolved"]["incidents"]] == ["identified"]
    assert found["upcoming"]["scheduled_maintenances"] == []


@pytest.mark.parametrize("path", ["api/v2/incidents.json", "/api/v2/incidents.json"])
def test_a_doubled_slash_and_a_head_request_find_the_file_too(address, path):
    with urllib.request.urlopen(f"{address}{path}") as answer:
        assert answer.headers.get_content_type() == "application/json"
        assert len(json.load(answer)["incidents"]) == 2
    with urllib.request.urlopen(urllib.request.Request(f"{address}{path}", method="HEAD")) as answer:
        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) > 1000
