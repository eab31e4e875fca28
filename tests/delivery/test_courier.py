"""Many mails go through a courier, a process of its own. Readers must not notice, whoever of the two dies."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections import Counter
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from standins.office import MAIL, Office
from standins.scripted_server import DROP, ScriptedServer

PEOPLE = [f"reader{number:03}@shop.example" for number in range(60)]
OVER_MANY = ("connections = 1\n", "connections = 4\n")
PASSWORD = "planted-Passw0rd"


def prepared(office, port, *people, more=""):
    office.settle(MAIL.format(port=port).replace(*OVER_MANY) + more)
    office.people("merchants", *people or PEOPLE)
    office.record()


def couriers(office):
    """The courier processes of this office that run now."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words, folder = (path / "cmdline").read_bytes(), (path / "cwd").readlink()
        except OSError:
            continue
        if b"courier_process" in words and folder == office.root:
            found.add(int(path.name))
    return found


def test_through_a_courier_everybody_gets_the_very_same_bytes(office, mail, tmp_path):
    prepared(office, mail.port)
    office.publish()
    plain = dict(zip(mail.taken, mail.mails, strict=True))
    mail.taken.clear()
    mail.mails.clear()

    other = Office(tmp_path / "other")
    other.now = office.now
    other.always_by_courier()
    prepared(other, mail.port)
    (other.folder / "secrets/unsubscribe.key").write_text((office.folder / "secrets/unsubscribe.key").read_text())
    said = other.publish()
    assert dict(zip(mail.taken, mail.mails, strict=True)) == plain
    assert len(mail.taken) == len(PEOPLE)
    assert "60" in said
    assert "Nothing to publish" in other.publish()
    assert couriers(other) == set(), "it ends with the publish"


def test_what_servers_refuse_put_off_or_leave_open_ends_as_it_does_without_a_courier(tmp_path):
    ends = []
    for by_courier in (False, True):
        script = {
            (PEOPLE[0], "RCPT"): "550 no such mailbox",
            (PEOPLE[1], "RCPT"): "450 greylisted, try again in 90 seconds",
            (PEOPLE[2], "TAKEN"): DROP,
            (PEOPLE[3], "DOT"): "554 looks like spam",
        }
        office = Office(tmp_path / f"{by_courier}")
        if by_courier:
            office.always_by_courier()
        with ScriptedServer(script) as server:
            prepared(office, server.port, *PEOPLE[:8])
            said = office.publish(expect=None)
            rows = office.sql(
                "select recipient, state, evidence from deliveries where recipient <> '' order by recipient"
            )
            shown = [(who, state, json.loads(found or "{}").get("reason", "")) for who, state, found in rows]
            ends.append([tuple(str(one).replace(str(server.port), "PORT") for one in row) for row in shown])
        assert "Traceback" not in said
    assert ends[0] == ends[1]
    assert Counter(state for _, state, _ in ends[1]) == {"sent": 4, "failed": 2, "retry_wait": 1, "in_doubt": 1}


@pytest.mark.parametrize("victim", ["courier", "publisher"])
def test_whoever_is_killed_nobody_is_lost_and_nobody_hears_it_twice(office, mail, victim):
    office.always_by_courier()
    prepared(office, mail.port)
    process = office.start("publish", "--yes")
    killed = []

    def after(_address, count):
        if count == 25:
            killed.extend(couriers(office) if victim == "courier" else [process.pid])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    mail.after = after
    done = office.end(process)
    mail.after = lambda _address, _count: None
    assert killed
    assert done.returncode == (-signal.SIGKILL if victim == "publisher" else 6)
    assert "Traceback" not in done.stderr
    deadline = time.monotonic() + 20
    while couriers(office):
        assert time.monotonic() < deadline, "the courier outlives the publish"
        time.sleep(0.05)

    office.publish(expect=6)
    doubted = {row["recipient"] for row in json.loads(office.run("doubt", "list", "--json").stdout)["rows"]}
    assert 1 <= len(doubted) <= 4, "at most one for each connection"
    assert max(mail.counts.values()) == 1
    assert set(PEOPLE) == set(mail.counts) | doubted
    if victim == "courier":
        assert "the process that speaks to the mail server ended unexpectedly" in office.run("doubt", "list").stdout
    office.run("audit", "verify", expect=0)


def test_a_stop_by_the_keyboard_ends_both(office, mail):
    office.always_by_courier()
    prepared(office, mail.port)
    process = office.start("publish", "--yes", start_new_session=True)
    mail.after = lambda _address, count: os.killpg(process.pid, signal.SIGINT) if count == 25 else None
    done = office.end(process)
    mail.after = lambda _address, _count: None
    assert done.returncode not in {0, None}
    assert couriers(office) == set()
    office.publish(expect=None)
    doubted = {row["recipient"] for row in json.loads(office.run("doubt", "list", "--json").stdout)["rows"]}
    assert max(mail.counts.values()) == 1
    assert set(PEOPLE) == set(mail.counts) | doubted


def test_a_courier_signs_and_its_secrets_show_nowhere(office, mail):
    key = ed25519.Ed25519PrivateKey.generate()
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
    office.always_by_courier()
    prepared(office, mail.port, more='dkim_selector = "s1"\n')
    assert "email.dkim" in office.publish(expect=None), "without its key nothing is signed, and nothing goes"
    assert mail.taken == []

    office.secret("email.dkim", pem)
    said = office.publish()
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    record = b"v=DKIM1; k=ed25519; p=" + base64.b64encode(raw)
    assert len(mail.mails) == len(PEOPLE)
    assert all(dkim.verify(one, dnsfunc=lambda *_args, **_more: record) for one in mail.mails[:10])
    assert pem.splitlines()[1] not in said


def test_a_refused_login_is_said_without_the_password(office):
    office.always_by_courier()
    with ScriptedServer({("*", "AUTH"): f"535 wrong {PASSWORD}"}, offers=("AUTH PLAIN",)) as server:
        prepared(office, server.port, more='user = "northwind"\n')
        office.secret("email.password", PASSWORD)
        said = office.publish(expect=None)
    assert "refused the user name or the password" in said
    assert PASSWORD not in said
    assert PASSWORD.encode() not in (office.folder / "ledger.db").read_bytes()
    assert sum(office.states().values()) == len(PEOPLE)
    assert "sent" not in office.states()
