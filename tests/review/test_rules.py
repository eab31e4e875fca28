"""The first rules of the review. Each has records that it must flag, with place and fix, and near misses that it must not."""

import json
import re
from collections import Counter
from copy import deepcopy

import pytest
from example_room import FINAL, STAGES, bench_in, copy_example, data_of, run_here, source_of

from crisiscomms.messages.derive import telling
from crisiscomms.published import PublishedIncident
from crisiscomms.telling import Telling

OUTAGE, BREACH, RECALL = "checkout-outage", "customer-data-breach", "kettle-recall"


def without(data, *path):
    """Return the record with one part taken out."""
    changed = deepcopy(data)
    found = changed
    for step in path[:-1]:
        found = found[step]
    del found[path[-1]]
    return changed


def having(data, value, *path):
    """Return the record with one part set."""
    changed = deepcopy(data)
    found = changed
    for step in path[:-1]:
        found = found[step]
    if isinstance(found, list) and path[-1] == len(found):
        found.append(value)
    else:
        found[path[-1]] = value
    return changed


def codes(findings):
    return [finding.code for finding in findings]


def where(read, finding):
    """Return the line of the record that a finding points at, from its column on."""
    assert finding.place.line
    return read.record.source.split("\n")[finding.place.line - 1][(finding.place.column or 1) - 1 :]


# -- the examples ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("incident", "stage", "now"), STAGES)
def test_the_examples_pass_without_a_word(bench, incident, stage, now):
    assert bench.read(source_of(incident, stage), now).findings == ()


#: What is taken out or changed, and the findings that must name it: all of them, and nothing else.
MISSING = [
    (OUTAGE, lambda d: without(d, "signed_by"), {"missing-signatory"}),
    (OUTAGE, lambda d: without(d, "feedback"), {"missing-feedback"}),
    (OUTAGE, lambda d: without(d, "unknowns"), {"missing-unknowns"}),
    (OUTAGE, lambda d: without(d, "repair"), {"missing-repair"}),
    (OUTAGE, lambda d: without(d, "lessons"), {"missing-lessons"}),
    (OUTAGE, lambda d: without(d, "responsibility", "statement"), {"missing-responsibility"}),
    (OUTAGE, lambda d: without(d, "cause", "plain"), {"missing-cause"}),
    (OUTAGE, lambda d: having(d, "suspected", "cause", "state"), {"missing-cause"}),
    (OUTAGE, lambda d: having(d, [], "affected", "not_affected"), {"missing-not-affected"}),
    (OUTAGE, lambda d: without(d, "impact", 0), {"missing-impact"}),
    (OUTAGE, lambda d: without(d, "do_now", 1), {"missing-reader-action"}),
    (OUTAGE, lambda d: without(d, "actions", 0, "done"), {"missing-corrective-action", "undated-commitment"}),
    (OUTAGE, lambda d: without(d, "actions", 1), {"missing-prevention"}),
    (OUTAGE, lambda d: without(d, "actions", 1, "due"), {"missing-prevention", "undated-commitment"}),
    (OUTAGE, lambda d: without(d, "actions", 1, "owner"), {"missing-owner"}),
    (OUTAGE, lambda d: without(d, "affected"), {"missing-affected", "missing-not-affected"}),
    (BREACH, lambda d: without(d, "signed_by"), {"missing-signatory"}),
    (BREACH, lambda d: without(d, "feedback"), {"missing-feedback"}),
    (BREACH, lambda d: without(d, "unknowns"), {"missing-unknowns"}),
    (BREACH, lambda d: without(d, "repair"), {"missing-repair"}),
    (BREACH, lambda d: without(d, "actions"), {"missing-corrective-action"}),
    (BREACH, lambda d: without(d, "updates", 0, "next_update"), {"missing-next-update"}),
    (BREACH, lambda d: having(d, {"state": "unknown"}, "cause"), {"missing-cause"}),
    (BREACH, lambda d: without(d, "responsibility", "statement"), {"missing-responsibility"}),
    (BREACH, lambda d: without(d, "impact", 1), {"missing-impact"}),
    (BREACH, lambda d: without(d, "do_now", 1), {"missing-reader-action"}),
    (RECALL, lambda d: without(d, "signed_by"), {"missing-signatory"}),
    (RECALL, lambda d: without(d, "feedback"), {"missing-feedback"}),
    (RECALL, lambda d: without(d, "repair"), {"missing-repair"}),
    (RECALL, lambda d: without(d, "do_now"), {"missing-reader-action"}),
    (RECALL, lambda d: without(d, "impact"), {"missing-impact"}),
    (RECALL, lambda d: without(d, "updates", 0, "next_update"), {"missing-next-update"}),
    (RECALL, lambda d: without(d, "affected"), {"missing-affected"}),
]


@pytest.mark.parametrize(("incident", "change", "expected"), MISSING)
def test_one_required_part_taken_out_is_named_and_nothing_else_is(bench, incident, change, expected):
    read = bench.read_data(change(data_of(incident)), FINAL[incident])
    assert set(codes(read.findings)) - {"unused-silence"} == expected
    assert max(Counter(codes(read.findings)).values()) == 1
    for finding in read.findings:
        assert finding.place.file.endswith(f"incidents/{incident}.yaml")
        assert finding.place.line
        assert finding.message
        assert finding.why
        assert finding.fix


# -- what each status requires ---------------------------------------------------------------------------------


def at_status(status, **changes):
    """Return a record that has just what it needs to be at a status, changed where asked."""
    data = data_of(OUTAGE, 4)
    data["updates"] = [{**data["updates"][0], "status": status, "audiences": []}]
    data["updates"][0]["text"] = {"en": "It is so.", "de": "So ist es."}
    return {
        **{name: part for name, part in data.items() if name not in changes},
        **{k: v for k, v in changes.items() if v is not None},
    }


BARE = {"state": "unknown"}
BY_STATUS = [
    ("investigating", {"cause": BARE, "actions": None}, "missing-corrective-action", None),
    ("identified", {"actions": None}, "missing-corrective-action", "error"),
    ("monitoring", {"actions": None}, "missing-corrective-action", "error"),
    ("investigating", {"cause": BARE}, "missing-cause", None),
    ("identified", {"cause": BARE}, "missing-cause", "error"),
    ("identified", {"cause": {"state": "suspected"}}, "missing-cause", None),
    ("monitoring", {"cause": {"state": "suspected"}}, "missing-cause", "error"),
    ("investigating", {"unknowns": None}, "missing-unknowns", "error"),
    ("identified", {"unknowns": None}, "missing-unknowns", "error"),
    ("monitoring", {"unknowns": None}, "missing-unknowns", "warning"),
    ("resolved", {"unknowns": None}, "missing-unknowns", "error"),
    ("resolved", {"unknowns": []}, "missing-unknowns", None),
    ("investigating", {"feedback": None}, "missing-feedback", None),
    ("identified", {"feedback": None}, "missing-feedback", "warning"),
    ("resolved", {"feedback": None}, "missing-feedback", "error"),
    ("identified", {"responsibility": {"level": "ours"}}, "missing-responsibility", None),
    ("monitoring", {"responsibility": {"level": "ours"}}, "missing-responsibility", "error"),
    ("resolved", {"responsibility": {"level": "shared"}}, "missing-responsibility", "error"),
    ("resolved", {"responsibility": {"level": "not-ours"}}, "missing-responsibility", None),
    ("monitoring", {"lessons": None}, "missing-lessons", None),
    ("resolved", {"lessons": None}, "missing-lessons", "warning"),
    ("follow-up", {"lessons": None}, "missing-lessons", "error"),
    ("monitoring", {"promises": None}, "missing-commitment", None),
    ("monitoring", {"repair": None}, "missing-repair", None),
    ("resolved", {"repair": None}, "missing-repair", "warning"),
    ("resolved", {"repair": None, "harm": "possible"}, "missing-repair", "error"),
    ("resolved", {"repair": None, "responsibility": {"level": "not-ours"}}, "missing-repair", None),
    ("investigating", {"signed_by": None}, "missing-signatory", None),
    ("resolved", {"signed_by": None}, "missing-signatory", "error"),
]


@pytest.mark.parametrize(("status", "changes", "code", "severity"), BY_STATUS)
def test_what_each_status_requires(bench, status, changes, code, severity):
    read = bench.read_data(at_status(status, **changes), "2026-11-18 13:07")
    found = [finding.severity.value for finding in read.findings if finding.code == code]
    assert found == ([severity] if severity else [])


@pytest.mark.parametrize("status", ["investigating", "identified", "monitoring"])
def test_an_open_incident_says_when_the_next_update_comes(bench, status):
    data = at_status(status)
    read = bench.read_data(without(data, "updates", 0, "next_update"), "2026-11-18 13:07")
    found = next(finding for finding in read.errors() if finding.code == "missing-next-update")
    assert where(read, found).startswith(("id: first-notice", "- id: first-notice"))
    assert "missing-next-update" not in codes(bench.read_data(data, "2026-11-18 13:07").findings)


@pytest.mark.parametrize("status", ["resolved", "follow-up"])
def test_what_is_over_needs_no_next_update(bench, status):
    read = bench.read_data(without(at_status(status), "updates", 0, "next_update"), "2026-11-18 13:07")
    assert "missing-next-update" not in codes(read.findings)


def test_an_update_that_is_still_to_come_is_asked_too(bench):
    data = data_of(OUTAGE, 1)
    data["updates"].append({"id": "later", "at": "2026-11-18 11:30", "status": "identified", "text": "Found."})
    assert "missing-next-update" in codes(bench.read_data(data, "2026-11-18 10:36").errors())


def test_an_early_statement_needs_what_a_statement_needs(bench):
    data = data_of(OUTAGE, 1)
    data = {**data, "responsibility": {"level": "ours"}, "updates": [{**data["updates"][0], "audiences": []}]}
    early = {**without(without(data, "signed_by"), "feedback"), "statement": "now"}
    assert {"missing-signatory", "missing-feedback", "missing-responsibility"} <= set(
        codes(bench.read_data(early, "2026-11-18 10:36").errors())
    )
    later = {**early, "statement": "when-resolved"}
    assert bench.read_data(later, "2026-11-18 10:36").errors() == []


def test_a_small_incident_may_go_unsigned_by_mail(bench):
    data = without(data_of(OUTAGE, 1), "signed_by")
    assert codes(bench.read_data(data, "2026-11-18 10:36").errors()) == ["missing-signatory"]
    assert bench.read_data({**data, "severity": "minor"}, "2026-11-18 10:36").errors() == []


def test_somebody_can_be_reached(bench):
    settings = bench.workspace.settings.organisation
    alone = bench.with_settings(
        organisation=settings.model_copy(
            update={"contact": settings.contact.model_copy(update={"email": None, "phone": None})}
        )
    )
    assert "missing-contact" in codes(alone.read(source_of(BREACH), FINAL[BREACH]).errors())
    assert alone.read(source_of(RECALL), FINAL[RECALL]).errors() == [], "it has a contact of its own"


# -- figures ---------------------------------------------------------------------------------------------------


def with_update(words, language="en", incident=OUTAGE):
    source = source_of(incident)
    before = {"en": "en: $failed_payments did not go through", "de": "de: $failed_payments schlugen zwischen"}[language]
    assert before in source
    return source.replace(before, f"{language}: {words} {before[4:]}")


@pytest.mark.parametrize(
    ("language", "words", "written"),
    [
        ("en", "3 million people saw it.", "3 million"),
        ("en", "About 1,700 people saw it.", "1,700"),
        ("en", "Some 3m people saw it.", "3m"),
        ("en", "Nearly 20k people saw it.", "20k"),
        ("en", "That is 12% of all.", "12%"),
        ("en", "It cost $$50 each.", "50"),
        ("en", "It cost $50 each.", "50"),
        ("en", "It cost €3,000.50 in all.", "3,000.50"),
        ("en", "On 18 November 18 people called.", "18"),
        ("en", "We heard from 2027 people.", "2027"),
        ("de", "Etwa 3 Millionen Menschen sahen es.", "3 Millionen"),
        ("de", "Das sind 1,5 Prozent.", "1,5"),
        ("de", "Das sind 12 % von allen.", "12 %"),
        ("de", "Am 18. November riefen 18 Menschen an.", "18"),
        ("de", "Es waren 2.600 Menschen.", "2.600"),
    ],
)
def test_a_figure_that_is_no_fact_is_flagged_where_it_stands(bench, language, words, written):
    read = bench.read(with_update(words, language), FINAL[OUTAGE])
    found = [finding for finding in read.errors() if finding.code == "fact-mismatch"]
    assert len(found) == 1
    assert f'"{written}"' in found[0].message
    line = read.record.source.split("\n")[found[0].place.line - 1]
    at = line.index(words) + words.rindex(written)
    assert found[0].place.column == at + 1
    assert found[0].place.file.endswith("incidents/checkout-outage.yaml")
    assert "under facts" in found[0].fix


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "1,719 payments failed."),
        ("en", "1719 payments failed."),
        ("de", "1.719 Zahlungen fielen aus."),
        ("de", "1719 Zahlungen fielen aus."),
    ],
)
def test_a_fact_that_is_written_out_is_to_be_cited(bench, language, words):
    read = bench.read(with_update(words, language), FINAL[OUTAGE])
    found = [finding for finding in read.errors() if finding.code == "fact-mismatch"]
    assert len(found) == 1
    assert "$failed_payments" in found[0].fix
    assert "instead of cited" in found[0].message
    assert where(read, found[0]).startswith(words.split()[0])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "It began on 18 November 2026."),
        ("en", "It began on November 18, 2026."),
        ("en", "It began on the 18th of November."),
        ("en", "It stands on the invoice of November 2026."),
        ("en", "It began at 10:12."),
        ("en", "It began on 2026-11-18."),
        ("en", "Write to help24@northwind.example or see https://northwind.example/2026/17."),
        ("en", "Call +49 30 5550 0100."),
        ("en", "The K2 and the B12 were not touched."),
        ("en", "Nobody counted $merchants_affected twice."),
        ("de", "Es begann am 18. November 2026."),
        ("de", "Es begann am 18.11.2026."),
        ("de", "Es begann am 18. Nov. um 10:12 Uhr."),
        ("de", "Die Rechnung vom November 2026 zeigt es."),
    ],
)
def test_dates_times_names_and_addresses_are_no_figures(bench, language, words):
    read = bench.read(with_update(words, language), FINAL[OUTAGE])
    assert [finding for finding in read.findings if finding.code == "fact-mismatch"] == []


def test_a_number_that_stands_elsewhere_in_the_record_may_be_written(bench):
    source = source_of(RECALL).replace(
        "Stop using it now. We are sorry.", "Lot 2620 is one of them. So is model K2-1700. We are sorry."
    )
    assert "fact-mismatch" not in codes(bench.read(source, FINAL[RECALL]).findings)
    source = source.replace("Lot 2620", "Lot 2629")
    assert codes(bench.read(source, FINAL[RECALL]).errors()) == ["fact-mismatch"]


def test_in_updates_and_impact_it_is_an_error_and_elsewhere_a_warning(bench):
    source = source_of(OUTAGE).replace(
        "Test cards now come from every country", "Test cards now come from 17 countries, every country"
    )
    read = bench.read(source, FINAL[OUTAGE])
    assert read.errors() == []
    assert [f.code for f in read.warnings()] == ["fact-mismatch"]
    source = source_of(OUTAGE).replace("saw an error. $failed", "saw 3 errors. $failed")
    assert codes(bench.read(source, FINAL[OUTAGE]).errors()) == ["fact-mismatch"]


def test_three_million_is_refused_by_the_command_and_nothing_is_sent(tmp_path):
    folder = copy_example(tmp_path / "workspace")
    path = folder / "incidents" / f"{OUTAGE}.yaml"
    path.write_text(with_update("3 million people saw it."), encoding="utf-8")
    line = next(n for n, text in enumerate(path.read_text(encoding="utf-8").split("\n"), 1) if "3 million" in text)
    column = path.read_text(encoding="utf-8").split("\n")[line - 1].index("3 million") + 1
    checked = run_here(folder, "check", OUTAGE, "--now", FINAL[OUTAGE])
    assert checked.returncode == 4
    said = checked.stdout + checked.stderr
    assert re.search(rf"checkout-outage\.yaml:{line}:{column}\s+error\s+\[fact-mismatch\]", said)
    assert '"3 million"' in said
    assert "Fix: " in said
    refused = run_here(folder, "publish", OUTAGE, "--rehearsal", "--now", FINAL[OUTAGE])
    assert refused.returncode == 4
    assert not [path for path in (folder / "rehearsal").rglob("*") if path.suffix in {".eml", ".txt", ".html"}]


def test_a_figure_in_a_template_of_the_workspace_is_found_by_its_message(tmp_path):
    from example_room import bench_in

    bench = bench_in(tmp_path / "workspace")
    own = bench.workspace.folder / "templates" / "de" / "parts"
    own.mkdir(parents=True)
    (own / "answer.md.j2").write_text("Wir antworten in 48 Stunden.\n", encoding="utf-8")
    read = bench.read(source_of(OUTAGE), FINAL[OUTAGE])
    found = [finding for finding in read.errors() if finding.code == "fact-mismatch"]
    assert {finding.place.file for finding in found} == {
        f"templates/de/{name}.md.j2" for name in ("faq", "incident", "memo", "notice", "statement")
    }
    assert all('"48"' in finding.message for finding in found)
    assert "missing-feedback" in codes(read.errors())


def test_a_template_that_drops_what_is_required_is_found(tmp_path):
    from example_room import bench_in

    bench = bench_in(tmp_path / "workspace")
    own = bench.workspace.folder / "templates" / "en"
    own.mkdir(parents=True)
    (own / "statement.md.j2").write_text(
        "# {{ t.title }}\n\n{{ t.cause }}\n\nIt is over. All is well. We are sorry.\n", encoding="utf-8"
    )
    read = bench.read(source_of(OUTAGE), FINAL[OUTAGE])
    found = {finding.code for finding in read.errors()}
    assert found == {
        f"missing-{name}"
        for name in [
            "status",
            "time",
            "impact",
            "responsibility",
            "reader-action",
            "corrective-action",
            "commitment",
            "feedback",
            "contact",
            "signatory",
            "link",
        ]
    } | {"fact-omitted-material"}
    assert {finding.place.file for finding in read.errors() if finding.code != "fact-omitted-material"} == {
        "templates/en/statement.md.j2"
    }
    assert "apology-buried" in codes(read.warnings())


# -- material facts --------------------------------------------------------------------------------------------


def test_a_material_fact_stands_in_every_long_message_without_anyone_citing_it(bench):
    source = source_of(OUTAGE).replace("$failed_payments did not go through.", "Payments did not go through.")
    source = source.replace("$failed_payments schlugen fehl.", "Zahlungen schlugen fehl.")
    read = bench.read(source, FINAL[OUTAGE])
    assert read.errors() == []
    for name in ("statement", "incident", "faq", "memo"):
        assert "1,719 payments" in read.message(f"{name} en")
        assert "1.719 Zahlungen" in read.message(f"{name} de")


def test_a_material_fact_that_a_message_has_no_room_for_is_found(tmp_path):
    from example_room import bench_in

    bench = bench_in(tmp_path / "workspace")
    own = bench.workspace.folder / "templates" / "en" / "parts"
    own.mkdir(parents=True)
    (own / "figures.md.j2").write_text("", encoding="utf-8")
    source = source_of(RECALL)
    read = bench.read(source, FINAL[RECALL])
    found = [finding for finding in read.errors() if finding.code == "fact-omitted-material"]
    assert found
    assert {finding.place.line for finding in found} == {source.split("\n").index("  kettles_sold:") + 1 + 1}
    assert all("kettles_sold" in finding.message for finding in found)
    assert "fact-omitted-material" not in codes(
        bench.read(source.replace("material: true\n    says", "material: false\n    says"), FINAL[RECALL]).findings
    )


# -- time ------------------------------------------------------------------------------------------------------


def test_a_fact_from_after_the_update_that_states_it_is_flagged(bench):
    source = source_of(OUTAGE).replace("as_of: 2026-11-18 15:40\n    source", "as_of: 2026-11-18 16:21\n    source")
    read = bench.read(source, FINAL[OUTAGE])
    found = [finding for finding in read.errors() if finding.code == "fact-newer-than-update"]
    assert [where(read, finding).split()[0] for finding in found] == ["$failed_payments", "$failed_payments"]
    assert "16:21" in found[0].message
    same = source_of(OUTAGE).replace("as_of: 2026-11-18 15:40\n    source", "as_of: 2026-11-18 16:20\n    source")
    assert bench.read(same, FINAL[OUTAGE]).errors() == []


def test_a_time_from_after_the_update_that_states_it_is_flagged(bench):
    source = source_of(OUTAGE).replace(
        "Card payments in the European Union are failing", "Since $fixed card payments are failing"
    )
    read = bench.read(source, FINAL[OUTAGE])
    assert [f.code for f in read.errors()] == ["fact-newer-than-update"]
    assert where(read, read.errors()[0]).startswith("$fixed")
    assert bench.read(source.replace("Since $fixed card", "Since $started card"), FINAL[OUTAGE]).errors() == []


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("done: 2026-11-18 12:47", "done: 2026-11-18 16:26", "done"),
        ("  fixed: 2026-11-18 12:47", "  fixed: 2026-11-18 16:26", "fixed"),
        ("as_of: 2026-11-18 15:40\n  first", "as_of: 2026-11-18 16:26\n  first", "as_of"),
        ("confirmed_at: 2026-11-18 11:02", "confirmed_at: 2026-11-18 16:26", "confirmed_at"),
        ("    owner: Maren Vogt", "    owner: Maren Vogt\n    kept: 2026-11-18 16:26", "kept"),
        ("    owner: Maren Vogt", "    owner: Maren Vogt\n    kept: 2026-12-25", "kept"),
    ],
)
def test_what_has_not_happened_yet_is_not_said_to_have(bench, before, after, line):
    source = source_of(OUTAGE)
    assert source.count(before) == 1
    read = bench.read(source.replace(before, after), FINAL[OUTAGE])
    found = [finding for finding in read.errors() if finding.code == "from-the-future"]
    assert len(found) == 1
    assert line in read.record.source.split("\n")[found[0].place.line - 1]
    just = bench.read(source.replace(before, after.replace("16:26", "16:25").replace("12-25", "11-18")), FINAL[OUTAGE])
    assert "from-the-future" not in codes(just.findings)


def test_an_update_that_did_not_come_and_a_promise_that_is_late(bench):
    source = source_of(BREACH)
    late = bench.read(source, "2026-11-16 12:00")
    assert Counter(codes(late.warnings())) == Counter(["stale-update", "promise-late", "unknown-overdue"])
    assert where(late, next(f for f in late.warnings() if f.code == "stale-update")).startswith("2026-11-14 12:00")
    assert bench.read(source, "2026-11-14 11:59").findings == ()
    kept = source.replace("    owner: Ines Aalto\n", "    owner: Ines Aalto\n    kept: 2026-11-14 10:00\n")
    assert "promise-late" not in codes(bench.read(kept, "2026-11-16 12:00").findings)


# -- lists, people, translations, the rest ---------------------------------------------------------------------


@pytest.mark.parametrize("state", ["unknown", "suspected"])
def test_what_was_not_affected_may_be_said_while_the_cause_is_open(bench, state):
    """The heading above it is ours, and claims nothing: how we know stands beside it."""
    data = data_of(OUTAGE, 1)
    data["cause"] = {"state": state}
    spared = {"en": "Payments by bank transfer.", "de": "Zahlungen per Überweisung."}
    data["affected"]["not_affected"] = [
        {"text": spared, "how_we_know": {"en": "We looked at each.", "de": "Wir sahen jede an."}}
    ]
    read = bench.read_data(data, "2026-11-18 10:36")
    assert "What was not affected" in read.message("incident en")
    assert read.errors() == []


@pytest.mark.parametrize(("kind", "severity"), [("conduct", "warning"), ("outage", "error")])
def test_to_say_what_one_person_did_stops_nothing_where_that_is_what_happened(bench, kind, severity):
    data = data_of(OUTAGE)
    data["kind"] = kind
    data["cause"]["plain"] = {"en": "It was caused by a rogue employee.", "de": "Ein Mitarbeiter hat es getan."}
    read = bench.read_data(data, FINAL[OUTAGE])
    assert {str(f.severity) for f in read.findings if f.code == "blame-employee"} == {severity}


def test_a_list_that_is_not_as_long_as_its_fact_says(bench):
    source = source_of(OUTAGE)
    read = bench.read(source.replace("value: 40", "value: 41"), FINAL[OUTAGE])
    assert codes(read.errors()) == ["list-mismatch"]
    assert "40 people" in read.errors()[0].message
    assert "merchants_affected says 41" in read.errors()[0].message
    assert "counted_by" in read.record.source.split("\n")[read.errors()[0].place.line - 1]
    assert (
        bench.read(
            source.replace("value: 40", "value: 41").replace("    counted_by: merchants_affected", ""), FINAL[OUTAGE]
        ).errors()
        == []
    )


@pytest.mark.parametrize(
    "change",
    [
        {"private": "true"},
        {
            "what": {
                "en": "We refund $recipient.failed_payments fees.",
                "de": "Wir erstatten $recipient.failed_payments.",
            }
        },
    ],
)
def test_a_repair_that_stands_on_no_page_is_no_offer_to_who_reads_the_page(bench, change):
    data = data_of(OUTAGE)
    data["repair"] = [data["repair"][0] | change]
    found = [f.message for f in bench.read_data(data, FINAL[OUTAGE]).findings if f.code == "missing-repair"]
    assert found == ["no page says what people get: each repair is private, or has figures of the reader's own"]
    data["repair"].append({"audience": "everyone", "kind": "refund", "what": {"en": "We pay.", "de": "Wir zahlen."}})
    assert "missing-repair" not in [f.code for f in bench.read_data(data, FINAL[OUTAGE]).findings]


def test_a_cell_that_a_letter_cites_must_hold_its_figure(tmp_path):
    bench = bench_in(tmp_path / "workspace")
    listed = bench.workspace.folder / "lists" / "merchants.csv"
    people = listed.read_text(encoding="utf-8")
    cited = source_of(OUTAGE).replace("$recipient.failed_payments.with_unit", "$recipient.failed_payments")
    listed.write_text(
        people.replace("Whitfield,en,9\n", "Whitfield,en,\n").replace("Lena Lindner,de,1\n", "Lena,de,few\n"),
        encoding="utf-8",
    )
    found = bench.read(cited, FINAL[OUTAGE]).errors()
    assert [(f.code, f.place.line) for f in found] == [("empty-cell", 3), ("bad-cell", 4)]
    assert found[0].message == 'shop2@shops.example has nothing under "failed_payments"'
    assert found[1].message.startswith('"few" under')
    rows = "".join(f"shop{n}@shops.example,,en,\n" for n in range(70))
    listed.write_text(f"email,name,language,failed_payments\n{rows}", encoding="utf-8")
    found = [f for f in bench.read(cited, FINAL[OUTAGE]).errors() if f.code == "empty-cell"]
    assert [f.place.line for f in found] == [*range(2, 53)]
    assert "further down" in found[-1].message
    listed.write_text(people.replace("Karl Vogel", ""), encoding="utf-8")
    assert bench.read(cited, FINAL[OUTAGE]).findings == ()
    named = cited.replace(" to you failed", " to you, $recipient.name, failed")
    (found,) = bench.read(named, FINAL[OUTAGE]).errors()
    assert (found.code, found.place.line) == ("empty-cell", 5)
    assert found.message == 'shop4@laden.example has nothing under "name"'


def test_an_action_with_neither_done_nor_due(bench):
    data = without(data_of(BREACH), "actions", 1, "due")
    read = bench.read_data(data, FINAL[BREACH])
    assert codes(read.errors()) == ["undated-commitment"]
    assert where(read, read.errors()[0]).startswith(("kind: prevent", "- kind: prevent"))
    calm = bench.read_data({**data, "statement": "when-resolved"}, FINAL[BREACH])
    assert [(f.code, f.severity.value) for f in calm.findings] == [("undated-commitment", "warning")]
    done = having(data, "2026-10-30 12:00", "actions", 1, "done")
    assert bench.read_data(done, FINAL[BREACH]).findings == ()


@pytest.mark.parametrize(("harm", "weight"), [("confirmed", "error"), ("possible", "warning"), ("none", None)])
def test_nobody_who_may_be_hurt_is_told_to_do_nothing(bench, harm, weight):
    data = having(data_of(RECALL), [{"audience": "everyone", "text": "You do not need to do anything."}], "do_now")
    read = bench.read_data(having(data, harm, "harm"), FINAL[RECALL])
    found = [str(f.severity) for f in read.findings if f.code == "hurt-and-nothing-to-do"]
    assert found == ([weight] if weight else [])


CAUSE_ASKED = {
    "de": "Was die Ursache ist.",
    "fr": "Ce qui en est la cause.",
    "es": "Cuál es la causa.",
    "ar": "ما السبب.",
}


@pytest.mark.parametrize("language", CAUSE_ASKED)
def test_a_cause_that_is_told_is_not_asked_for_in_any_language(bench, language):
    settings = bench.workspace.settings.organisation
    speaking = bench.with_settings(organisation=settings.model_copy(update={"languages": ("en", *CAUSE_ASKED)}))
    asked = {"en": "Whether it comes back.", language: CAUSE_ASKED[language]}
    data = having(data_of(OUTAGE, 2), [{"question": asked}], "unknowns")
    found = [f for f in speaking.read_data(data, STAGES[3][2]).findings if f.code == "known-and-unknown"]
    assert [str(f.severity) for f in found] == ["warning"]
    assert CAUSE_ASKED[language] in found[0].message


CROWDS = [
    "The Northwind Team",
    "Northwind Staff",
    "Management",
    "Customer Support",
    "Northwind Pay",
    "Geschäftsführung",
]


@pytest.mark.parametrize("name", CROWDS)
def test_a_crowd_signs_nothing(bench, name):
    data = having(data_of(OUTAGE), name, "signed_by", "name")
    read = bench.read_data(data, FINAL[OUTAGE])
    assert codes(read.errors()) == ["missing-signatory"]
    assert where(read, read.errors()[0]) == name


@pytest.mark.parametrize("name", ["Ines van der Berg", "George Best", "Ayşe Kind", "Pelé"])
def test_a_person_with_any_name_may_sign(bench, name):
    data = having(data_of(OUTAGE), name, "signed_by", "name")
    assert "missing-signatory" not in codes(bench.read_data(data, FINAL[OUTAGE]).findings)


def test_a_crowd_that_has_nothing_to_sign_yet_is_a_warning(bench):
    data = having(data_of(OUTAGE, 1), "The Northwind Team", "signed_by", "name")
    data["updates"][0]["audiences"] = []
    read = bench.read_data(data, STAGES[2][2])
    assert "missing-signatory" in codes(read.warnings())
    assert read.errors() == []


@pytest.mark.parametrize(
    "address",
    [
        "no-reply@northwind.example",
        "noreply@northwind.example",
        "donotreply@northwind.example",
        "do-not-reply@northwind.example",
        "No_Reply@northwind.example",
    ],
)
def test_an_address_that_nobody_reads(bench, address):
    source = source_of(BREACH).replace("channel: privacy@northwind.example", f"channel: {address}")
    read = bench.read(source, FINAL[BREACH])
    assert codes(read.errors()) == ["no-reply-contact"]
    assert address in where(read, read.errors()[0])
    own = source_of(BREACH) + f"contact:\n  email: {address}\n"
    assert codes(bench.read(own, FINAL[BREACH]).errors()) == ["no-reply-contact"]


@pytest.mark.parametrize(
    "address",
    ["replies@northwind.example", "nora@northwind.example", "notices@northwind.example", "donations@northwind.example"],
)
def test_an_address_that_somebody_reads(bench, address):
    source = source_of(BREACH).replace("channel: privacy@northwind.example", f"channel: {address}")
    assert bench.read(source, FINAL[BREACH]).findings == ()


def test_a_sender_that_nobody_reads(bench):
    channels = {**bench.workspace.settings.channels}
    channels["email"] = {**channels["email"], "sender": "Northwind Pay <no-reply@northwind.example>"}
    assert "no-reply-contact" in codes(
        bench.with_settings(channels=channels).read(source_of(BREACH), FINAL[BREACH]).errors()
    )


def test_a_missing_translation_is_a_warning_where_it_is_missing(bench):
    source = source_of(OUTAGE).replace(
        "    de: Unsere Testkarten kommen jetzt aus jedem Land, in dem wir arbeiten.\n", ""
    )
    read = bench.read(source, FINAL[OUTAGE])
    assert read.errors() == []
    assert codes(read.warnings()) == ["missing-translation"]
    assert read.warnings()[0].message == "lessons.0 is not in de"
    assert bench.read(source.replace("harm: none ", "languages: [en]\nharm: none "), FINAL[OUTAGE]).findings == ()


def test_a_translation_that_did_not_change_with_its_source_is_stale(bench):
    before = bench.read(source_of(OUTAGE), FINAL[OUTAGE]).composed.telling
    told = PublishedIncident(telling=before)
    changed = source_of(OUTAGE).replace("en: We switched back to the old route.", "en: We went back to the old route.")
    read = bench.read(changed, FINAL[OUTAGE], told)
    assert [f.code for f in read.findings] == ["stale-translation"]
    assert "actions.0.text" in read.findings[0].message
    assert "its words in de were not" in read.findings[0].message
    both = changed.replace(
        "de: Wir haben auf den alten Weg zurückgestellt.", "de: Wir sind zum alten Weg zurückgekehrt."
    )
    assert bench.read(both, FINAL[OUTAGE], told).findings == ()
    # To publish it as it is makes it no fresher.
    published = PublishedIncident(telling=Telling.from_json(read.composed.telling.to_json()))
    assert [f.code for f in bench.read(changed, FINAL[OUTAGE], published).findings] == ["stale-translation"]
    assert bench.read(both, FINAL[OUTAGE], published).findings == ()
    only = source_of(OUTAGE).replace("de: Wir haben auf den alten Weg zurückgestellt.", "de: Wir sind zurückgekehrt.")
    assert bench.read(only, FINAL[OUTAGE], told).findings == ()
    assert bench.read(changed, FINAL[OUTAGE]).findings == ()


def test_what_is_still_to_be_written(bench):
    source = source_of(BREACH).replace("text: We closed the folder", "text: TODO say what we closed")
    read = bench.read(source, FINAL[BREACH])
    assert codes(read.errors()) == ["todo"]
    assert where(read, read.errors()[0]).startswith("TODO say")
    unsigned = bench.read(source_of(BREACH).replace("  name: Ines Aalto", "  name: TODO"), FINAL[BREACH])
    assert codes(unsigned.errors()) == ["todo"]
    noted = bench.read(source_of(BREACH) + "notes: TODO call the lawyer\n", FINAL[BREACH])
    assert noted.findings == (), "notes are for the team"
    assert (
        bench.read(source_of(BREACH).replace("We closed the folder", "We closed the todo list"), FINAL[BREACH]).findings
        == ()
    )


def test_a_reason_silences_a_finding_and_is_shown(bench):
    data = without(data_of(OUTAGE), "repair")
    data["silence"] = [{"code": "missing-repair", "reason": "The fees were never charged."}]
    read = bench.read_data(data, FINAL[OUTAGE])
    assert [(f.code, f.severity.value) for f in read.findings] == [("missing-repair", "info")]
    assert "The fees were never charged." in read.findings[0].why


def test_without_a_reason_nothing_is_silenced(bench):
    from crisiscomms.errors import InvalidInput

    data = without(data_of(OUTAGE), "repair")
    for silence in (
        {"code": "missing-repair"},
        {"code": "missing-repair", "reason": ""},
        {"code": "missing-repair", "reason": "  "},
    ):
        with pytest.raises(InvalidInput) as refused:
            bench.read_data({**data, "silence": [silence]}, FINAL[OUTAGE])
        assert any("reason" in finding.message for finding in refused.value.findings)


def test_a_silence_that_silences_nothing_is_named(bench):
    data = data_of(OUTAGE)
    data["silence"] = [{"code": "missing-repairs", "reason": "Slip of the pen."}]
    read = bench.read_data(without(data, "repair"), FINAL[OUTAGE])
    assert Counter(codes(read.findings)) == Counter(["missing-repair", "unused-silence"])
    unused = next(f for f in read.findings if f.code == "unused-silence")
    assert 'Did you mean "missing-repair"?' in unused.message
    assert where(read, unused)


def test_before_the_first_update_is_due_there_are_no_messages_and_the_record_is_reviewed(bench):
    data = without(data_of(BREACH), "do_now")
    read = bench.read_data(data, "2026-10-31 19:00")
    assert read.composed is None
    assert "missing-reader-action" in codes(read.errors())


def test_findings_come_in_the_order_of_the_file(bench):
    data = without(without(without(data_of(BREACH), "do_now"), "feedback"), "unknowns")
    places = [(f.place.file, f.place.line) for f in bench.read_data(data, FINAL[BREACH]).findings]
    assert len(places) == 3
    assert places == sorted(places)


def test_an_update_that_nobody_has_read_yet_is_judged_though_a_newer_one_stands_below_it(bench):
    source = source_of(OUTAGE).replace("We are undoing it.", "We apologise for any inconvenience.")
    assert codes(bench.read(source, FINAL[OUTAGE]).errors()) == ["any-inconvenience"]
    out = PublishedIncident(telling=telling(bench.read(source, FINAL[OUTAGE]).composed.facts))
    assert "any-inconvenience" not in codes(bench.read(source, FINAL[OUTAGE], out).findings), "it was judged then"


def test_an_organisation_that_moves_to_another_zone_rewrites_nothing(bench):
    before = bench.read(source_of(OUTAGE), FINAL[OUTAGE]).composed.telling
    settings = bench.workspace.settings.organisation
    moved = bench.with_settings(organisation=settings.model_copy(update={"timezone": "Europe/London"}))
    source = source_of(OUTAGE)
    for line in source.splitlines():
        if line.strip().startswith(("at:", "next_update:")) and ":" in line.partition(": ")[2]:
            time = line.partition(": ")[2].split("#")[0].strip()
            source = source.replace(f": {time}", f": {time} Europe/Berlin", 1) if "Berlin" not in line else source
    found = moved.read(source, FINAL[OUTAGE], PublishedIncident(telling=before)).findings
    assert not [finding for finding in found if finding.code == "update-rewritten"]


def test_words_of_the_workspace_that_stand_in_every_message_are_missed_in_a_language(tmp_path):
    folder = copy_example(tmp_path / "workspace")
    settings = folder / "crisiscomms.toml"
    text = settings.read_text(encoding="utf-8")
    found = re.search(r"hours = \{.*?\}", text)
    settings.write_text(text.replace(found[0], 'hours = "every day"'), encoding="utf-8")
    done = run_here(folder, "check", OUTAGE, "--now", FINAL[OUTAGE], "--json")
    [finding] = [one for one in json.loads(done.stdout)["findings"] if one["code"] == "missing-translation"]
    assert finding["message"] == "organisation.contact.hours is not in de"
    assert finding["line"] == text[: found.start()].count("\n") + 1
