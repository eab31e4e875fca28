from __future__ import annotations

from pathlib import Path

import pytest
from example_room import copy_example, run_here

from crisiscomms.channels.registry import channels
from crisiscomms.errors import InvalidInput, UsageError
from crisiscomms.workspace import find_workspace, read_workspace

GOOD = """\
[organisation]
name = "Northwind Pay"
url = "https://northwind.example"
timezone = "Europe/Berlin"
contact = { email = "help@northwind.example" }

[site]
url = "https://status.northwind.example"

[channels.website]
type = "website"

[audiences.everyone]
name = "Everyone"
channels = ["website"]
"""


def write(folder: Path, text: str) -> Path:
    (folder / "crisiscomms.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("was", "now", "line", "said"),
    [
        ('name = "Northwind Pay"', 'nam = "Northwind Pay"', 2, 'Did you mean "name"?'),
        ('name = "Northwind Pay"', "name = 5", 2, "should be text in quotes"),
        ('url = "https://northwind.example"', 'url = "northwind"', 3, 'cannot be "northwind"'),
        ('timezone = "Europe/Berlin"', 'timezone = "Europe/Berlino"', 4, "not a zone we know"),
        ("help@northwind.example", "help at northwind", 5, "not a plain e-mail address"),
        ("[site]", "[sight]", 7, "sight"),
        ('url = "https://status.northwind.example"', 'url = "https://status.northwind.example', 8, "TOML"),
        ('name = "Everyone"', 'name = ""', 14, "empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, was, now, line, said):
    with pytest.raises(InvalidInput) as caught:
        read_workspace(write(tmp_path, GOOD.replace(was, now)))
    assert any(said in f.message and f.place.line == line for f in caught.value.findings), caught.value.findings
    assert all(f.why and f.fix for f in caught.value.findings)


@pytest.mark.parametrize(
    ("was", "now", "line", "said"),
    [
        ('type = "website"', 'type = "webiste"', 11, 'Did you mean "website"?'),
        ('type = "website"', 'deploy = "folder"', 10, "has no type"),
        ('type = "website"', 'type = "website"\ndeploy = "ftp"', 12, "deploy"),
        ('type = "website"', 'type = "website"\ncolour = "red"', 12, "colour"),
        ('channels = ["website"]', 'channels = ["web"]', 15, 'Did you mean "website"?'),
    ],
)
def test_channels_that_cannot_be_read_are_refused(tmp_path, was, now, line, said):
    with pytest.raises(InvalidInput) as caught:
        channels(read_workspace(write(tmp_path, GOOD.replace(was, now))))
    assert any(said in f.message and f.place.line == line for f in caught.value.findings), caught.value.findings


def test_all_problems_at_once(tmp_path):
    broken = (
        GOOD.replace("Northwind Pay", "")
        .replace("https://status", "status")
        .replace('channels = ["website"]', "channels = 5")
    )
    with pytest.raises(InvalidInput) as caught:
        read_workspace(write(tmp_path, broken))
    assert len(caught.value.findings) == 3


def test_a_workspace_is_found_from_a_folder_below_it(tmp_path, monkeypatch):
    write(tmp_path, GOOD)
    (tmp_path / "incidents" / "old").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "incidents" / "old")
    assert find_workspace(None).folder == tmp_path


def test_no_workspace_is_said_in_words(tmp_path):
    with pytest.raises(UsageError) as caught:
        find_workspace(tmp_path)
    assert "crisiscomms init" in caught.value.fix


def test_a_language_without_words_is_refused_with_those_that_have_some(tmp_path):
    from crisiscomms.messages.templates import voices

    text = GOOD.replace('timezone = "Europe/Berlin"', 'timezone = "Europe/Berlin"\nlanguages = ["en", "pl"]')
    with pytest.raises(InvalidInput) as caught:
        voices(read_workspace(write(tmp_path, text)))
    [finding] = caught.value.findings
    assert 'no templates in "pl"' in finding.message
    assert "ar, de, en, es, fr" in finding.fix
    assert "records" not in finding.fix


def test_a_stray_file_beside_the_records_stops_nothing_and_is_named(crisiscomms, example):
    folder = example / "incidents"
    for name in ("checkout-outage (1).yaml", "Notes.yaml", "second.yml", "LOUD.YAML"):
        (folder / name).write_text("id: whatever\n", encoding="utf-8")
    for name in (".#checkout-outage.yaml", "._checkout-outage.yaml"):
        (folder / name).write_bytes(b"\x00\x05\x16\x07")
    done = crisiscomms("plan", "--rehearsal", "--now", "2026-11-18 17:00", cwd=example)
    assert "checkout-outage" in done.stdout
    said = " ".join(done.stderr.split())
    for name in ("checkout-outage (1).yaml", "Notes.yaml", "second.yml", "LOUD.YAML"):
        assert f"incidents/{name} is not read" in said
    assert "._" not in said
    assert ".#" not in said


@pytest.mark.parametrize("name", ["what now?", "100%20sure", "a#b", "día de mañana"])
def test_a_workspace_may_lie_in_a_folder_of_any_name(tmp_path, name):
    room = copy_example(tmp_path / name)
    words = ("publish", "checkout-outage", "--rehearsal", "--now", "2026-11-18 17:00")
    assert "Published: 43 messages" in run_here(room, *words).stdout
    assert "Nothing to publish" in run_here(room, *words).stdout
    assert (room / "rehearsal/ledger.db").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
