"""`crisiscomms import`, as a person meets it: a preview, a question, and nothing that was not asked for."""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from imports import fifty
from imports.bench import bring, records

from crisiscomms.errors import UsageError
from crisiscomms.imports import fetch as fetching
from crisiscomms.imports.fetch import fetch


@pytest.fixture
def settled(office):
    office.settle()
    return office


def saved(folder, *incidents):
    path = folder / "incidents.json"
    path.write_text(json.dumps({"incidents": list(incidents)}))
    return path


@contextmanager
def serving(answers):
    """Serve bytes by path on loopback; an address to redirect to, or a number of bytes without end. Gives the address, and what was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            found = answers.get(self.path)
            self.send_response(404 if found is None else 302 if isinstance(found, str) else 200)
            if isinstance(found, str):
                self.send_header("Location", found)
            self.end_headers()
            if isinstance(found, bytes):
                self.wfile.write(found)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_the_preview_fits_a_terminal_and_without_a_yes_nothing_is_written(settled, tmp_path):
    path = saved(
        tmp_path, fifty.incident(0), {**fifty.incident(1), "name": "Very long " * 20}, {"status": "identified"}, 7
    )
    done = settled.run("import", str(path), expect=3)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(
        re.fullmatch(r"  \+ 2024-01-03 Delays number 0: webhooks & <things> +minor, 4 updates", line) for line in lines
    )
    assert "Nothing was written. To write 2 records: add --yes" in done.stdout
    assert "it is still open there" in done.stderr
    assert "it is no incident" in done.stderr
    assert records(settled) == {}


def test_an_incident_that_changed_at_its_source_is_shown_and_written_only_when_told_to(settled, tmp_path):
    one = fifty.incident(0)
    path = saved(tmp_path, one, fifty.incident(1))
    bring(settled, path)
    before = records(settled)
    one["incident_updates"][0]["body"] = "It was a cable."
    saved(tmp_path, one, fifty.incident(1))
    said = bring(settled, path)
    assert "~ changed at its source: 1" in said
    assert "Nothing new. To write again what has changed: add --changed (1)." in said
    assert records(settled) == before
    said = bring(settled, path, "--changed")
    (name,) = [name for name, text in records(settled).items() if "It was a cable." in text]
    assert f"Written: 1 record. Next: crisiscomms publish {name}" in said
    assert "Nothing new." in bring(settled, path, "--changed")


def test_what_a_person_wrote_is_never_overwritten(settled, tmp_path):
    one = fifty.incident(0)
    path = saved(tmp_path, one)
    bring(settled, path)
    (name,) = records(settled)
    settled.edit("Step 3 of incident 0.", "We found it in the end.", name)
    before = records(settled)
    assert "= as it is: 1" in bring(settled, path, "--changed")  # the source says what it said
    one["incident_updates"][0]["body"] = "It was a cable."
    saved(tmp_path, one)
    assert "! changed at its source, and here by a person: stays: 1" in bring(settled, path, "--changed")
    assert records(settled) == before
    own = settled.folder / "incidents" / "2024-01-12-delays-number-1-webhooks-things.yaml"
    own.write_text("a person's own")
    bring(settled, saved(tmp_path, fifty.incident(1)))
    assert own.read_text() == "a person's own"
    assert len(records(settled)) == 3  # under another name


def test_the_same_incident_from_another_kind_of_source_is_known_again(settled, tmp_path):
    bring(settled, saved(tmp_path, {**fifty.incident(3), "id": "code0003"}))
    feed = tmp_path / "history.atom"
    feed.write_bytes(fifty.atom())
    said = bring(settled, feed)
    assert "= here already, from another source: 1" in said
    assert "Written: 49 records" in said


def test_an_address_is_asked_for_both_lists_and_says_so(settled):
    files = {f"/api/v2/{name}": body for name, body in fifty.statuspage().items()}
    with serving(files) as (address, asked):
        said = bring(settled, address, "--json")
    told = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert asked == ["/api/v2/incidents.json", "/api/v2/scheduled-maintenances.json"]
    assert told["format"] == "crisiscomms/import/1"
    assert [told["source"], len(told["incidents"]), len(told["written"])] == ["statuspage", 50, 50]
    assert set(told["written"]) == set(records(settled))


def test_an_address_of_a_feed_is_read_as_one(settled):
    with serving({"/history.atom": fifty.atom()}) as (address, _):
        assert "atom: 50 past incidents" in bring(settled, f"{address}/history.atom")


def test_nothing_is_fetched_from_another_place_than_was_named(monkeypatch):
    with serving({"/secret": b"{}"}) as (inside, asked_inside):
        there = inside.replace("127.0.0.1", "localhost")
        answers = {
            "/a": f"{there}/secret",
            "/b": "/b",
            "/c": b"x" * 2000,
            "/d": "file:///etc/passwd",
            "/e": "/f",
            "/f": b"ok",
        }
        with serving(answers) as (address, _):
            monkeypatch.setattr(fetching, "MOST_BYTES", 1000)
            for path, words in (
                ("/a", "leads on to"),
                ("/b", "from address to address"),
                ("/c", "too large"),
                ("/d", "not an address|leads on"),
            ):
                with pytest.raises(UsageError, match=words):
                    fetch(address + path)
            assert fetch(address + "/e") == b"ok"
            assert fetch(address + "/none") is None
    assert asked_inside == []


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://example.com/", "http://user@127.0.0.1/", "http://[::1", "http:///x"]
)
def test_what_is_no_address_of_the_web_is_refused(address):
    with pytest.raises(UsageError, match="is not an address"):
        fetch(address)


def test_a_name_that_leads_into_a_private_network_is_refused(monkeypatch):
    real = fetching.http.client.socket.create_connection

    def resolve(there, *more, **options):  # as a name in somebody's zone would
        return real(("127.0.0.1", there[1]), *more, **options)

    with serving({"/": b"secret"}) as (address, asked):
        monkeypatch.setattr(fetching.http.client.socket, "create_connection", resolve)
        with pytest.raises(UsageError, match="leads into a private network"):
            fetch(address.replace("127.0.0.1", "status.example.com") + "/")
    assert asked == []


def test_what_is_nothing_we_know_is_said_with_the_way_out(settled, tmp_path):
    odd = tmp_path / "odd.json"
    odd.write_text("[1, 2]")
    for words in (
        (str(odd),),
        (str(tmp_path / "none.json"),),
        (str(odd), "--from", "jira"),
        (str(odd), "--zone", "Mars"),
    ):
        done = settled.run("import", *words, expect=2)
        assert "Fix:" in done.stderr
    assert "left out: it is not JSON" in settled.run("import", __file__, "--from", "statuspage", expect=3).stderr


@pytest.mark.parametrize(
    ("updated", "said", "moment"),
    [
        ("2024-07-03T16:00:00Z", "Jul 3, 09:00 PDT", "2024-07-03 09:00 -07:00"),
        (
            "2024-11-20T09:00:00-08:00",
            "Oct 3, 09:00 PDT",
            "2024-10-03 09:00 -07:00",
        ),  # told again once the clocks had changed
        ("2024-11-20T09:00:00-08:00", "Nov 19, 09:00 PST", "2024-11-19 09:00 -08:00"),
        ("2024-07-03T16:00:00+02:00", "Jul 3, 14:00 UTC", "2024-07-03 14:00 UTC"),
        (
            "2024-07-03T16:00:00+02:00",
            "Jul 3, 14:00 CST",
            "2024-07-03 14:00 +02:00",
        ),  # China's or America's: nobody knows
    ],
)
def test_the_zone_behind_a_time_in_a_feed_is_the_one_that_counts(settled, tmp_path, updated, said, moment):
    feed = tmp_path / "history.atom"
    feed.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><id>tag:x,2005:/history</id>
        <title>Status</title><updated>{updated}</updated><entry><id>tag:x,2005:Incident/1</id><updated>{updated}</updated>
        <link rel="alternate" type="text/html" href="https://status.example.com/incidents/abc123"/><title>It was slow</title>
        <content type="html">&lt;p&gt;&lt;small&gt;{said}&lt;/small&gt;&lt;br&gt;&lt;strong&gt;Resolved&lt;/strong&gt; -
        It works again.&lt;/p&gt;</content></entry></feed>""",
        encoding="utf-8",
    )
    bring(settled, feed)
    [record] = (settled.folder / "incidents").glob("2024-*.yaml")
    assert f"at: {moment}" in record.read_text(encoding="utf-8")


def test_a_maintenance_began_when_it_was_planned_for_and_not_when_it_was_announced(settled, tmp_path):
    planned = {**fifty.incident(1), "status": "completed", "scheduled_for": "2024-05-10T02:00:00Z"}
    planned |= {"created_at": "2024-05-01T09:00:00Z", "started_at": "2024-05-01T09:00:00Z"}
    planned |= {"resolved_at": "2024-05-10T03:58:00Z"}
    bring(settled, saved(tmp_path, planned))
    [record] = (settled.folder / "incidents").glob("2024-*.yaml")
    assert "started: 2024-05-10 02:00" in record.read_text(encoding="utf-8")


def test_a_file_in_another_encoding_is_named_and_not_guessed_at(settled, tmp_path):
    folder = tmp_path / "content/issues"
    folder.mkdir(parents=True)
    head = "---\ntitle: Störung\ndate: 2024-05-01 09:00:00\nresolved: true\nresolvedWhen: 2024-05-01 10:00:00\nsection: issue\n---\n"
    (folder / "one.md").write_bytes(f"{head}Es ging nicht.\n".encode("latin-1"))
    done = settled.run("import", str(folder), "--yes", expect=3)
    assert "it is not UTF-8" in " ".join((done.stdout + done.stderr).split())
    assert not list((settled.folder / "incidents").glob("2024-*.yaml"))
