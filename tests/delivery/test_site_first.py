"""The site is read back as readers see it, and only then does anything go out that links to it."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack

import pytest
from standins.office import MAIL, TEN
from standins.s3_server import KEYS, get, make_bucket, s3_server
from standins.sftp_server import USER, sftp_server
from standins.web_servers import Plain

SITE = 'verify = "{url}"\npatience = "{patience} minutes"\n'


@pytest.fixture
def web(office):
    with Plain(office.folder / "public").serving() as server:
        yield server


@pytest.fixture
def ready(office, mail, web):
    office.settle(SITE.format(url=web.url, patience=0), MAIL.format(port=mail.port))
    office.people("merchants", *TEN)
    office.record()
    return office


def test_no_mail_goes_out_while_readers_do_not_get_the_site(ready, mail, web):
    web.down = True
    said = ready.publish(expect=6)
    assert "readers do not get the new site yet" in said
    assert "answers 503" in said
    assert "nothing that links to it was sent" in said
    assert mail.counts == {}

    web.down = False
    ready.publish()
    assert mail.counts == dict.fromkeys(TEN, 1)
    assert "/" in web.asked
    assert "/incidents/checkout/" in web.asked
    assert "/.well-known/crisiscomms/release.json" in web.asked


def test_a_cache_that_shows_the_release_before_is_waited_for_and_the_operator_is_told(ready, mail, web, tmp_path):
    ready.settle(SITE.format(url=web.url, patience=2), MAIL.format(port=mail.port))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "index.html").write_text(
        '<head><meta name="release" content="' + "0123456789abcdef" * 4 + '"></head>'
    )
    web.stale = tmp_path / "old"
    process = ready.start("publish", "--yes")
    line = process.stderr.readline()
    assert "do not show the new site yet" in line
    assert "Waiting for caches" in line
    assert mail.counts == {}
    web.stale = None
    done = ready.end(process)
    assert done.returncode == 0, done.stderr
    assert mail.counts == dict.fromkeys(TEN, 1)


def test_readers_can_be_shown_an_earlier_release_and_the_next_update_brings_the_newest(ready, web):
    ready.publish()
    first = json.loads(ready.run("site", "list", "--json", expect=0).stdout)["releases"]
    ready.record({}, {"id": "second", "minutes": -1, "text": "We are sorry: card payments still fail for some of you."})
    ready.publish()
    page = ready.folder / "public/incidents/checkout/index.html"
    assert "still fail" in page.read_text()

    said = ready.run("site", "rollback", expect=0).stdout
    assert f"Readers see release {first[0]['release'][:16]} again" in said
    assert "The next publish that changes a page puts the newest site back" in said
    assert "still fail" not in page.read_text()
    assert ready.run("site", "verify", expect=0)
    held = [json.loads(line) for line in ready.run("audit", "export", expect=0).stdout.splitlines()]
    (entry,) = [one for one in held if "site rolled back" in json.dumps(one)]
    assert first[0]["release"] in json.dumps(entry)
    ready.run("audit", "verify", expect=0)

    listed = json.loads(ready.run("site", "list", "--json", expect=0).stdout)["releases"]
    assert [one["release"] for one in listed if one["readers_see_it"]] == [first[0]["release"]]
    ready.record(
        {},
        {"id": "second", "minutes": -1, "text": "We are sorry: card payments still fail for some of you."},
        {"id": "third", "minutes": -0.5, "text": "We are sorry. We have found the cause, and are undoing it."},
    )
    ready.publish()
    assert "still fail" in page.read_text()
    assert "undoing it" in page.read_text()


def test_verify_names_every_address_that_is_not_as_published(ready, web):
    ready.publish()
    (ready.folder / "public/index.html").write_text("changed by hand")
    (ready.folder / "public/incidents/checkout/feed.atom").unlink()
    told = json.loads(ready.run("site", "verify", "--json", expect=6).stdout)
    assert {one["path"]: one["shows"] for one in told["differing"]} == {
        "index.html": "shows something else",
        "incidents/checkout/feed.atom": "answers 404",
    }


def test_rolling_back_where_there_is_nothing_to_go_back_to_says_so(ready):
    ready.publish()
    done = ready.run("site", "rollback", expect=1)
    assert "no earlier release is kept" in done.stderr
    assert "names no release that is kept" in ready.run("site", "rollback", "--to", "feed", expect=1).stderr


def test_a_rehearsal_never_reaches_the_real_place(ready):
    ready.settle('deploy = "sftp"\nhost = "127.0.0.1"\nport = 1\nuser = "a"\npath = "/www"\n')
    ready.record(audiences=())
    ready.publish("--rehearsal")
    assert (ready.folder / "rehearsal/public/index.html").is_file()
    assert not (ready.folder / "public").exists()


@pytest.mark.parametrize("kind", ["sftp", "s3", "git"])
def test_a_site_elsewhere_is_put_there_and_only_then_do_mails_go_out(office, mail, kind, tmp_path):
    """From the channel's table and its secrets to the reader, with what each place needs."""
    with ExitStack() as stack:
        table, read = PLACES[kind](office, stack, tmp_path)
        office.settle(f'deploy = "{kind}"\n{table}\n', MAIL.format(port=mail.port))
        office.people("merchants", *TEN)
        office.record()
        office.publish()
        assert mail.counts == dict.fromkeys(TEN, 1)
        assert b"card payments are failing" in read("incidents/checkout/index.html")
        assert "Nothing to publish" in office.publish()
        office.run("site", "verify", expect=0)
        office.run("audit", "verify", expect=0)
        listed = json.loads(office.run("site", "list", "--json", expect=0).stdout)["releases"]
        assert [one["readers_see_it"] for one in listed] == [True]
        assert not (office.folder / "public").exists()


def _sftp(office, stack, tmp_path):
    server = stack.enter_context(sftp_server(tmp_path / "keys"))
    public = tmp_path / "www/public"
    web = stack.enter_context(Plain(public).serving())
    office.secret("website.key", server.key)
    place = (
        f'host = "127.0.0.1"\nport = {server.port}\nuser = "{USER}"\npath = "{public}"\nhost_key = "{server.host_key}"'
    )
    return f"{place}\n{SITE.format(url=web.url, patience=0)}", lambda name: (public / name).read_bytes()


def _s3(office, stack, _tmp_path):
    address = stack.enter_context(s3_server())
    make_bucket(address, "site")
    for name, value in KEYS.items():
        office.secret(f"website.{name}", value)
    table = f'bucket = "site"\nendpoint = "{address}"\nverify = false'
    return table, lambda name: get(f"{address}/site/{name}").content


def _git(_office, _stack, tmp_path):
    remote = tmp_path / "pages.git"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)

    def read(name):
        return subprocess.run(["git", "-C", remote, "show", f"pages:{name}"], capture_output=True, check=True).stdout

    return f'remote = "{remote}"\nverify = false', read


PLACES = {"sftp": _sftp, "s3": _s3, "git": _git}


def test_a_secret_that_is_missing_is_named_and_nothing_goes_out(office, mail):
    office.settle('deploy = "s3"\nbucket = "site"\nendpoint = "http://127.0.0.1:1"\n', MAIL.format(port=mail.port))
    office.people("merchants", *TEN)
    office.record()
    said = office.publish(expect=6)
    assert "secrets/website.access_key_id" in said
    assert mail.counts == {}
