"""Good records are read as they were typed, wherever they were typed."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from refusals import EXAMPLES

from crisiscomms.errors import InvalidInput
from crisiscomms.fields import Reading, Span, Text, Unit, When
from crisiscomms.record import load_record, parse_record
from crisiscomms.record.citations import citations
from crisiscomms.record.texts import passages

GOOD = Path(__file__).parent / "good"


@pytest.fixture
def load(workspace):
    shutil.copy(GOOD / "riders.csv", workspace.folder / "lists")

    def load(name):
        path = workspace.record_path(name)
        if not path.exists():
            shutil.copy(GOOD / f"{name}.yaml", path)
        return load_record(workspace, name)

    return load


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_good(load, name):
    record = load(name)
    assert record.incident.id == name
    assert record.incident.updates


@pytest.mark.parametrize("stage", ["1", "2", "3", "4"])
def test_the_stages_of_the_example_are_good(workspace, stage):
    source = (workspace.folder / "stages" / "checkout-outage" / f"{stage}.yaml").read_text(encoding="utf-8")
    assert len(parse_record(workspace, source, workspace.record_path("checkout-outage")).incident.updates) == int(stage)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: raw.replace(b"\n", b"\r"),
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: b"\xef\xbb\xbf---\r\n" + raw.replace(b"\n", b"\r\n") + b"...\r\n",
        lambda raw: raw.rstrip(b"\n"),
    ],
    ids=["CRLF", "CR", "BOM", "all", "no end"],
)
def test_line_ends_and_marks_change_nothing(load, workspace, name, change):
    before = load(name)
    path = workspace.record_path(name)
    path.write_bytes(change(path.read_bytes()))
    after = load(name)
    assert after.incident == before.incident
    assert after.source[0] in "#-"
    assert "\r" not in after.source
    if b"---" not in path.read_bytes()[:6]:
        assert after.tree.place(("updates", 0, "text")) == before.tree.place(("updates", 0, "text"))


def test_words_arrive_as_typed(load):
    incident = load("as-typed").incident
    product = incident.affected.products[0]
    assert incident.title.get("en") == "NO"
    assert incident.affected.who.get("en") == "14:30"
    regions = ("NO", "null", "~", "1_000", "12:30:45", "0o17", "1e3", ".inf", "2026-05-01")
    assert tuple(region.get("en") for region in incident.affected.regions) == regions
    assert (product.name.get("en"), product.model) == ("yes", "012")
    assert product.lots == ("012", "1e3", "0x1F", "1_000", "true", "14:30", "-")
    assert [update.text.get("en") for update in incident.updates] == ["NO", "off"]
    assert [update.id for update in incident.updates] == ["12", "13"]
    assert incident.updates[0].short.get("en") == "yes"
    assert incident.contact.phone == "+49 30 5550100"
    assert (incident.facts["payments"].value, incident.facts["share"].value) == (7, 2.5)


def test_every_script_passes_with_the_marks_it_needs(load):
    incident = load("right-to-left").incident
    assert incident.title.languages == ("ar", "he", "fa", "hi")
    assert "\u200f" in incident.updates[0].text.get("ar")
    assert "\u200e" in incident.updates[0].text.get("he")
    assert "\u200c" in incident.title.get("fa")
    assert "\u200d" in incident.updates[0].text.get("hi")
    assert incident.facts["payments"].unit.word("ar", "few") == "دفعات"


def test_words_alone_are_in_the_first_language(load, workspace):
    path = workspace.record_path("same-words")
    strings, maps = (
        parse_record(workspace, (GOOD / f"{name}.yaml").read_text(encoding="utf-8"), path)
        for name in ("in-strings", "in-maps")
    )
    assert strings.incident == maps.incident
    assert [(p.path, p.language, p.words) for p in passages(strings.incident)] == [
        (p.path, p.language, p.words) for p in passages(maps.incident)
    ]


def test_what_is_one_step_from_broken_is_good(load):
    record = load("all-that-is-allowed")
    incident, people = record.incident, list(record.lists["riders"].people())
    assert incident.times.noticed.at - incident.times.started.at == timedelta(hours=1)
    assert incident.times.fixed.utc == datetime(2026, 10, 25, 2, 0, 30, tzinfo=UTC)
    assert incident.cadence == Span(timedelta(minutes=45))
    assert incident.promises[0].due.date_only
    assert incident.promises[0].kept is None
    assert incident.unknowns == ()
    assert [person.email for person in people] == ["anna@mail.example", "Bo+x@mail.example", "cy@mail.example"]
    assert [person.line for person in people] == [2, 4, 5]
    assert people[0].name == 'Berg, "Anna"'
    assert people[2].value("trams") == "007"
    assert len(citations(incident.updates[0].text.get("en"), incident.facts)) == 9


def test_every_value_knows_its_place(load):
    record = load("checkout-outage")
    for passage in passages(record.incident):
        where = (*passage.path, passage.language)
        span = record.tree.spans[where if where in record.tree.spans else passage.path]
        written = record.source[span.start : span.end]
        assert passage.words.split()[0] in written
        assert passage.words.split()[-1] in written
        assert record.source.split("\n")[span.place.line - 1][span.place.column - 1] == written[0]
    lines = record.source.split("\n")
    assert lines[record.tree.place(("updates", 1, "next_update")).line - 1].strip() == "next_update: 2026-11-18 12:10"
    assert "cause-found" in lines[record.tree.place(("updates", 1)).line - 1]
    cited = record.tree.place_of(("updates", 4, "text", "de"), "$started")
    assert lines[cited.line - 1][cited.column - 1 :].startswith("$started")


def test_a_list_may_be_a_link_inside_the_workspace_and_not_out_of_it(load, workspace, tmp_path):
    listed = workspace.folder / "lists" / "merchants.csv"
    listed.rename(workspace.folder / "lists" / "renamed.csv")
    listed.symlink_to("renamed.csv")
    assert load("checkout-outage").lists["merchants"].count == 40
    outside = tmp_path / "outside.csv"
    (workspace.folder / "lists" / "renamed.csv").rename(outside)
    for target in (outside, listed):
        listed.unlink()
        listed.symlink_to(target)
        with pytest.raises(InvalidInput) as caught:
            load("checkout-outage")
        (finding,) = caught.value.findings
        assert finding.code == ("outside-workspace" if target is outside else "missing-file")
        assert finding.place.file.endswith("checkout-outage.yaml")


def test_the_end_of_a_day_that_ends_twice_is_the_later_one():
    beirut = When.read("2026-10-24", Reading("Asia/Beirut"))
    assert beirut.date_only
    assert beirut.at > When.read("2026-10-24 23:59 +03:00", Reading()).at
    assert beirut.utc == datetime(2026, 10, 24, 21, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-18 10:12",
        "2026-11-18T10:12",
        "2026-11-18 10:12 Europe/Berlin",
        "2026-11-18 10:12+0100",
        " 2026-11-18 09:12Z ",
    ],
)
def test_a_moment_may_be_written_in_many_ways(written):
    assert When.read(written, Reading("Europe/Berlin")).utc == datetime(2026, 11, 18, 9, 12, tzinfo=UTC)


def test_a_unit_may_be_written_in_three_ways():
    assert Unit.read("people", Reading()).word("en", "one") == "people"
    assert Unit.read({"one": "tram", "other": "trams"}, Reading()).word("de", "few") == "trams"
    assert Unit.read({"en": "trams", "de": {"one": "Bahn", "other": "Bahnen"}}, Reading()).word("de", "one") == "Bahn"


def test_a_reader_gets_their_language_or_the_first():
    text = Text.read({"en": "late", "de": "spät"}, Reading())
    assert text.told("de") == ("spät", "de")
    assert text.told("fr") == ("late", "en")
