"""The ledger by itself: rows move by compare-and-set along the allowed ways, and every move is in the audit trail."""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crisiscomms.channels.base import Caps, Posting, Prepared, Receipt
from crisiscomms.delivery.drain import Drain
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, Stage, State
from crisiscomms.ledger.states import MOVES, TERMINAL
from crisiscomms.ledger.tables import audit, deliveries, refuse_network
from crisiscomms.messages.model import Post, canonical, digest
from crisiscomms.published import Telling

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
AT = "2026-11-18T11:00:00+00:00"
BOOT = "this boot"
TELLING = Telling({}, {}, (), ()).to_json()


@pytest.fixture
def clock():
    return SimpleNamespace(now=NOW)


@pytest.fixture
def ledger(tmp_path, clock):
    made = Ledger(tmp_path / "ledger.db", lambda: clock.now, "tester")
    yield made
    made.close()


def delivery(recipient="ana@shop.example", **changes):
    row = {
        "incident": "checkout",
        "update_id": "first",
        "channel": "email",
        "account": "",
        "recipient": recipient,
        "number": 0,
        "kind": "notice",
        "audience": "merchants",
        "person": "{}",
        "message": "m",
        "digest": "d",
        "thread": "",
        "at": AT,
        "rank": 10,
        "not_before": AT,
    }
    return {**row, **changes}


def freeze(ledger, *rows, bodies=None, drop=()):
    return ledger.freeze("checkout", "f", TELLING, bodies or {}, rows, drop)


def put(ledger, row_id, **values):
    """Write a row as no move of ours would."""
    with ledger._durable.begin() as connection:
        connection.execute(deliveries.update().where(deliveries.c.id == row_id).values(**values))


def move(ledger, row_id, to, token=None, **values):
    with ledger._write() as connection:
        return ledger._move(connection, row_id, to, values, token=token)


def trail(ledger):
    with ledger._reader.connect() as connection:
        return [dict(row) for row in connection.execute(audit.select().order_by(audit.c.seq)).mappings()]


def claim(ledger, publication, token="t", **stage):
    given = Stage(stage.get("rank", 10), stage.get("channel", "email"), publication)
    return ledger.claim(given, "host:1", stage.get("boot", BOOT), token, most=50, only=stage.get("only"))


# -- moves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), list(itertools.product(State, State)))
def test_a_row_moves_only_where_the_states_allow(ledger, old, new):
    freeze(ledger, delivery())
    (row,) = ledger.rows()
    put(ledger, row.id, state=old)
    before = len(trail(ledger))

    assert move(ledger, row.id, new) == (new in MOVES[old])
    assert ledger.rows()[0].state == (new if new in MOVES[old] else old)
    assert len(trail(ledger)) - before == (new in MOVES[old])


def test_what_is_settled_never_changes_and_what_began_is_never_planned_again():
    assert all(not MOVES[state] for state in TERMINAL)
    assert State.PLANNED not in MOVES[State.SENDING] | MOVES[State.DOUBT]
    assert [state for state in State if State.SENDING in MOVES[state]] == [State.CLAIMED]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(list(State)), st.sampled_from(["mine", "theirs"])), max_size=12))
def test_however_one_tries_each_change_is_one_entry_and_needs_the_token(tmp_path_factory, steps):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.db", lambda: NOW, "tester")
    publication = freeze(ledger, delivery())
    (row,) = claim(ledger, publication, token="mine")
    entries, state = len(trail(ledger)), State.CLAIMED
    for to, token in steps:
        may = to in MOVES[state] and token == "mine"
        assert move(ledger, row.id, to, token) == may
        entries, state = entries + may, to if may else state
        assert ledger.rows()[0].state == state
        assert len(trail(ledger)) == entries
        if may:
            assert trail(ledger)[-1]["what"] == to
    ledger.close()


def test_a_wrong_token_changes_nothing(ledger):
    publication = freeze(ledger, delivery())
    (row,) = claim(ledger, publication, token="mine")
    before = (ledger.rows(), trail(ledger))

    assert not ledger.sending(row, "theirs", "<id>")
    assert not ledger.settle(row, "theirs", State.SENT, receipt="r", stands={("site", "en"): "x"})
    assert not ledger.settle(row, "theirs", State.PLANNED)
    assert (ledger.rows(), trail(ledger)) == before
    assert ledger.standing("site") == {}
    assert ledger.sending(row, "mine", "<id>")
    assert ledger.settle(row, "mine", State.SENT, receipt="r")


def test_a_row_is_claimed_once(ledger):
    publication = freeze(ledger, delivery(), delivery("bea@shop.example"))
    assert len(claim(ledger, publication, token="one")) == 2
    assert claim(ledger, publication, token="two") == []


def test_a_hold_that_comes_after_the_claim_still_stops_the_message(ledger):
    publication = freeze(ledger, delivery())
    (row,) = claim(ledger, publication)
    ledger.hold("everything", "wait")
    assert not ledger.sending(row, "t", "<id>")
    ledger.release("everything")
    assert ledger.sending(row, "t", "<id>")


# -- the audit trail -----------------------------------------------------------------------------------------------


def check(entries):
    previous = ""
    for entry in entries:
        body = {name: entry[name] for name in ("at", "who", "what", "subject", "detail")}
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        if entry["previous"] != previous or entry["hash"] != hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest():
            return False
        previous = entry["hash"]
    return True


def busy(ledger):
    publication = freeze(ledger, delivery(), delivery("bea@shop.example"), delivery("cem@shop.example"))
    first, second, third = claim(ledger, publication)
    ledger.sending(first, "t", "<1>")
    ledger.settle(first, "t", State.SENT, receipt="ok", evidence={"reply": "250 schön"})
    ledger.settle(second, "t", State.RETRY, evidence={"reason": "451"})
    ledger.sending(third, "t", "<3>")
    ledger.recover(BOOT)
    ledger.hold("checkout", "counsel")
    ledger.release("checkout")
    ledger.resolve_doubt(third.id, State.PLANNED, "they called")
    return publication


def test_every_change_is_in_the_trail_and_the_hashes_verify(ledger):
    busy(ledger)
    entries = trail(ledger)
    assert [entry["what"] for entry in entries] == [
        "published",
        *["claimed"] * 3,
        "sending",
        "sent",
        "retry_wait",
        "sending",
        "in_doubt",
        "hold",
        "release",
        "closed_unknown",
        "resend",
    ]
    assert check(entries)
    assert {entry["who"] for entry in entries} == {"tester"}


@pytest.mark.parametrize("name", ["at", "who", "what", "subject", "detail", "hash", "previous"])
def test_any_change_to_the_trail_shows(ledger, name):
    busy(ledger)
    for index in range(len(trail(ledger))):
        entries = trail(ledger)
        entries[index][name] += "x"
        assert not check(entries)
    assert not check(trail(ledger)[1:])
    assert not check([*trail(ledger)[:3], *trail(ledger)[4:]])


# -- revising, resending, finishing --------------------------------------------------------------------------------


def test_a_row_that_waits_is_revised_and_one_that_is_out_is_not(ledger):
    first = freeze(ledger, delivery(at="2026-11-18T13:00:00+00:00", not_before="2026-11-18T13:00:00+00:00"))
    second = freeze(ledger, delivery(digest="new", message="words"))
    (row,) = ledger.rows()
    assert (row.publication, row.digest, row.message, row.state) == (second, "new", "words", "planned")
    assert trail(ledger)[-2]["what"] == "revised"
    assert ledger.finish(first)

    (row,) = claim(ledger, second)
    ledger.sending(row, "t", "<id>")
    ledger.settle(row, "t", State.SENT, receipt="r")
    with pytest.raises(Exception, match="UNIQUE"):
        freeze(ledger, delivery(digest="newer"))
    assert len(ledger.rows()) == 1


def test_a_resend_gets_the_next_number_and_opens_its_publication_again(ledger):
    publication = freeze(ledger, delivery())
    for number in range(3):
        (row,) = claim(ledger, publication)
        assert row.number == number
        ledger.sending(row, "t", f"<{number}>")
        ledger.settle(row, "t", State.DOUBT)
        assert ledger.finish(publication)
        assert ledger.open_publications() == []
        assert ledger.resolve_doubt(row.id, State.PLANNED, "again")
        assert not ledger.resolve_doubt(row.id, State.PLANNED, "again")
        assert [p.id for p in ledger.open_publications()] == [publication]
    assert [row.state for row in ledger.rows()] == ["closed_unknown"] * 3 + ["planned"]
    assert ledger.rows()[-1].message_id == ""


def test_a_publication_is_finished_when_it_has_nothing_left_even_later(ledger):
    later = "2026-11-18T12:30:00+00:00"
    publication = freeze(ledger, delivery(), delivery("bea@shop.example", not_before=later))
    (row,) = claim(ledger, publication)
    ledger.sending(row, "t", "<id>")
    ledger.settle(row, "t", State.SENT, receipt="r")
    assert not ledger.finish(publication)  # Bea has yet to hear
    assert ledger.next_time([publication]) == later

    coming = freeze(ledger, delivery("cem@shop.example", at=later, not_before=later))
    assert ledger.finish(coming)  # what comes later has a plan of its own


def test_what_comes_later_waits_for_a_plan_of_its_own_time(ledger, clock):
    later = "2026-11-18T12:30:00+00:00"
    publication = freeze(ledger, delivery(at=later, not_before=later))
    clock.now = NOW + timedelta(hours=1)
    assert claim(ledger, publication) == []
    assert not ledger.queue("checkout").waiting[("first", "email", "", "ana@shop.example", 0)].frozen
    assert len(claim(ledger, freeze(ledger, delivery(at=later)))) == 1


def test_what_failed_before_goes_after_what_is_new_and_only_when_asked(ledger):
    publication = freeze(ledger, delivery(), delivery("bea@shop.example"))
    first, second = claim(ledger, publication)
    ledger.settle(first, "t", State.RETRY)
    ledger.settle(second, "t", State.PLANNED)
    assert [row.recipient for row in claim(ledger, publication)] == ["bea@shop.example"]
    stage = Stage(10, "email", publication)
    assert ledger.retries(stage) == [first.id]
    assert [row.id for row in claim(ledger, publication, only=[first.id])] == [first.id]


def test_nothing_is_claimed_before_its_site_is_out(ledger):
    page = delivery("", kind="site", channel="website", rank=0)
    publication = freeze(ledger, page, delivery())
    for state in (State.PLANNED, State.RETRY, State.CLAIMED, State.SENDING, State.DOUBT):
        put(ledger, 1, state=state)
        assert claim(ledger, publication) == []
    put(ledger, 1, state=State.SENT)
    assert len(claim(ledger, publication)) == 1


def test_an_earlier_update_is_settled_before_the_next_to_the_same_reader(ledger):
    freeze(ledger, delivery(), delivery("bea@shop.example"))
    second = freeze(ledger, delivery(update_id="second"), delivery("cem@shop.example", update_id="second"))
    put(ledger, 1, state=State.RETRY)
    assert [row.recipient for row in claim(ledger, second)] == ["cem@shop.example"]
    put(ledger, 1, state=State.DOUBT)  # a doubt about a mail holds nobody back
    assert [row.recipient for row in claim(ledger, second)] == ["ana@shop.example"]


def test_a_row_that_was_called_off_is_counted_so_that_it_can_be_planned_again(ledger):
    freeze(ledger, delivery())
    freeze(ledger, drop=[1])
    queue = ledger.queue("checkout")
    assert queue.waiting == {}
    assert queue.called_off == {("first", "email", "", "ana@shop.example"): 1}
    assert ledger.published().of("checkout").told == ()
    freeze(ledger, delivery(number=1))
    assert [row.state for row in ledger.rows()] == ["cancelled", "planned"]


# -- recovering ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "boot", "becomes"),
    [
        (State.CLAIMED, BOOT, State.PLANNED),
        (State.CLAIMED, "an earlier boot", State.DOUBT),
        (State.SENDING, BOOT, State.DOUBT),
        (State.SENDING, "an earlier boot", State.DOUBT),
        (State.PLANNED, BOOT, State.PLANNED),
        (State.RETRY, BOOT, State.RETRY),
        (State.SENT, BOOT, State.SENT),
        (State.FAILED, BOOT, State.FAILED),
    ],
)
def test_what_a_dead_worker_left_is_taken_back_or_doubted(ledger, state, boot, becomes):
    freeze(ledger, delivery())
    put(ledger, 1, state=state, boot=boot, worker="host:7", token="dead")
    doubted = ledger.recover(BOOT)

    (row,) = ledger.rows()
    assert row.state == becomes
    assert [d.id for d in doubted] == ([1] if becomes is State.DOUBT else [])
    if becomes is State.DOUBT:
        assert json.loads(row.evidence)["worker"] == "host:7"
        assert json.loads(row.evidence)["phase"] == state
    if state is State.CLAIMED and becomes is State.PLANNED:
        assert row.token is None
        assert not ledger.sending(row, "dead", "<id>")


class Files:
    """A channel where sending the same once more changes nothing."""

    name = "files"

    def __init__(self, *, repeats):
        self.caps = Caps("post", leaves_machine=False, can_find=True, repeats=repeats)
        self.written = []

    def prepare(self, item: Posting):
        return Prepared(item.post.text.encode())

    def message_id(self, item):
        return ""

    def open(self, secret):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def send(self, prepared, *, parent, edge):
        edge()
        self.written.append(prepared.payload)
        return Receipt("written")

    def find_existing(self, prepared, *, since):
        return None


def in_doubt(ledger, **changes):
    post = Post("checkout", "first", "files", "en", "post", "Sorry.", "https://status.example")
    body = canonical(post)
    freeze(ledger, delivery("", message=digest(body), **changes), bodies={digest(body): body})
    put(ledger, 1, state=State.DOUBT, token="dead")
    return ledger.rows()


@pytest.mark.parametrize("kind", ["site", "memo"])
def test_a_doubt_about_a_page_settles_itself_by_writing_it_again(ledger, kind):
    done = []

    def write(row):
        done.append(row.kind)
        return Receipt("release"), {(kind, "en"): "digest"}

    drain = Drain(ledger, {}, lambda *_: "", write)
    assert drain.read_back(in_doubt(ledger, kind=kind, channel="website", rank=0)) == 1
    assert done == [kind]
    assert ledger.rows()[0].state == "sent"
    assert ledger.standing(kind) == {("checkout", "en"): "digest"}


def test_a_doubt_about_a_page_that_cannot_be_written_stays(ledger):
    def write(_row):
        raise PermissionError(13, "Permission denied", "public")

    drain = Drain(ledger, {}, lambda *_: "", write)
    assert drain.read_back(in_doubt(ledger, kind="site", channel="website", rank=0)) == 0
    assert ledger.rows()[0].state == "in_doubt"


@pytest.mark.parametrize("repeats", [True, False])
def test_a_doubt_settles_itself_only_where_sending_again_changes_nothing(ledger, repeats):
    files = Files(repeats=repeats)
    drain = Drain(ledger, {"files": files}, lambda *_: "", None)
    assert drain.read_back(in_doubt(ledger, kind="post", channel="files")) == repeats
    assert files.written == [b"Sorry."] * repeats
    assert ledger.rows()[0].state == ("sent" if repeats else "in_doubt")


# -- where the file lies -------------------------------------------------------------------------------------------

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/team /mnt/team nfs4 rw 0 0
//server/crisis /mnt/our\\040crisis cifs rw 0 0
/dev/sdb1 /mnt/team/local ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/team/ledger.db", "nfs4"),
        ("/mnt/our crisis/2026/ledger.db", "cifs"),
        ("/mnt/team/local/ledger.db", None),
        ("/mnt/teamwork/ledger.db", None),
        ("/home/ledger.db", None),
    ],
)
def test_a_ledger_on_a_network_drive_is_refused(tmp_path, path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    if kind is None:
        refuse_network(Path(path), mounts)
    else:
        with pytest.raises(CrisiscommsError, match=f"network drive \\({kind}\\)") as refusal:
            refuse_network(Path(path), mounts)
        assert refusal.value.fix == "Move the workspace to a local disk."


def test_a_system_that_lists_no_drives_refuses_nothing(tmp_path):
    refuse_network(tmp_path / "ledger.db", tmp_path / "nowhere")
