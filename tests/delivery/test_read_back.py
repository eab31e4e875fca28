"""Doubts that settle themselves: what may be done again without harm, and what the place can be asked about."""

from __future__ import annotations

import json

import pytest
from delivery.ledgers import freeze, item, put

from crisiscomms.channels.base import Caps, Posting, Prepared, Receipt
from crisiscomms.delivery.drain import Drain
from crisiscomms.ledger import State
from crisiscomms.ledger.rows import Line
from crisiscomms.messages.model import Post, canonical, digest
from crisiscomms.published import Draft, row_digest


class Files:
    """A channel where sending the same once more changes nothing."""

    name = "files"

    def __init__(self, *, repeats):
        self.caps = Caps("post", leaves_machine=False, can_find=True, repeats=repeats)
        self.written = []

    def prepare(self, item: Posting):
        return Prepared((item.post.text.encode(),))

    def token(self, item):
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
    body = canonical(Post("checkout", "first", "files", "en", "post", "Sorry.", "https://status.example"))
    found = digest(body)
    columns = item(audience="", message=found, **changes)
    freeze(ledger, Line(columns, [Draft("", 0, "", row_digest(found, "s", ""))]), bodies={found: body})
    put(ledger, 1, state=State.DOUBT)
    return ledger.rows()


@pytest.mark.parametrize("kind", ["site", "memo"])
def test_a_doubt_about_a_page_settles_itself_by_writing_it_again(file_ledger, kind):
    done = []

    def write(row):
        done.append(row.kind)
        return Receipt("release"), {(kind, "en"): "digest"}

    drain = Drain(file_ledger, {}, lambda *_: "", write)
    assert drain.read_back(in_doubt(file_ledger, kind=kind, channel="website", rank=0)) == 1
    assert done == [kind]
    (row,) = file_ledger.rows()
    assert (row.state, row.receipt, json.loads(row.evidence)) == ("sent", "release", {"found": "by reading back"})
    assert file_ledger.standing(kind) == {("checkout", "en"): "digest"}


def test_a_doubt_about_a_page_that_cannot_be_written_stays(file_ledger):
    def write(_row):
        raise PermissionError(13, "Permission denied", "public")

    drain = Drain(file_ledger, {}, lambda *_: "", write)
    assert drain.read_back(in_doubt(file_ledger, kind="site", channel="website", rank=0)) == 0
    assert file_ledger.rows()[0].state == "in_doubt"


@pytest.mark.parametrize("repeats", [True, False])
def test_a_doubt_settles_itself_only_where_sending_again_changes_nothing(file_ledger, repeats):
    files = Files(repeats=repeats)
    drain = Drain(file_ledger, {"files": files}, lambda *_: "", None)
    assert drain.read_back(in_doubt(file_ledger, kind="post", channel="files")) == repeats
    assert files.written == [b"Sorry."] * repeats
    assert file_ledger.rows()[0].state == ("sent" if repeats else "in_doubt")


def test_words_that_were_changed_in_the_ledger_are_not_sent(file_ledger):
    files = Files(repeats=True)
    drain = Drain(file_ledger, {"files": files}, lambda *_: "", None)
    in_doubt(file_ledger, kind="post", channel="files")
    put(file_ledger, 1, person='["somebody else"]')
    assert drain.read_back(file_ledger.rows()) == 0
    assert files.written == []
