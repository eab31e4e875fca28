"""The packs of laws: complete data, each satisfied by one record and missed by another, and banned words with near misses."""

import re
from copy import deepcopy

import pytest
import yaml
from example_room import FINAL, bench_in, data_of, dump, moment, run_here

from crisiscomms.fields import Contact
from crisiscomms.published import PublishedIncident
from crisiscomms.review import Case
from crisiscomms.review.duties import banned, record_duties
from crisiscomms.review.letter import Letter
from crisiscomms.review.packs import names, pack

KETTLE, BREACH = "kettle-recall", "customer-data-breach"
PACKS = {
    *("outage", "gdpr-33", "gdpr-34", "uk-gdpr", "california-1798.82", "hipaa-164.404", "sec-8k-1.05", "nis2-23"),
    *("dora-19", "cra-14", "gpsr-recall", "fda-recall", "cpsc-recall", "dot-259"),
}
PARTS = [(name, part) for name in names() for part in pack(name).parts]
ELEMENTS = [(name, part) for name, part in PARTS if part.kind == "element"]
ANSWERS = (
    *("direct", "dates", "delayed", "bureaus", "impact", "agreement", "malicious", "cross-border", "clients"),
    *("illnesses", "injuries", "refund", "channels"),
)


def full(name):
    """Return a record that holds everything any pack asks for."""
    data = data_of(KETTLE)
    data["affected"] |= {"who": "Everyone", "data_types": ["names"], "regions": ["Germany"]}
    data["affected"]["components"] = {"checkout": "major_outage"}
    data["times"] = {"started": "2026-09-06 10:00", "noticed": "2026-09-07 16:00", "fixed": "2026-09-08 10:00"}
    data["facts"] |= {"people": {"value": "9", "unit": "people"}, "records": {"value": "9", "unit": "records"}}
    data["updates"][0]["status"] = "resolved"
    data["regulation"] = [
        {
            "pack": name,
            "applies": "yes",
            "clock_start": "2026-09-07 16:00",
            "starts": {"classified": "2026-09-07 17:00"},
            "filed_at": "2026-09-07 16:20",
            "filed": dict.fromkeys(("initial", "intermediate", "final", "notification"), "2026-09-07 16:25"),
            "answers": dict.fromkeys(ANSWERS, "Read and answered."),
            "data_protection_officer": {"name": "Jonas Weil", "email": "dpo@northwind.example"},
            "likely_consequences": "Strangers may write to you.",
        }
    ]
    return data


@pytest.fixture(scope="module")
def bare(bench):
    """A workspace whose organisation names no contact of its own."""
    organisation = bench.workspace.settings.organisation
    return bench.with_settings(organisation=organisation.model_copy(update={"contact": Contact()}))


def codes(bench, data):
    record = bench.parse(dump(data))
    case = Case(record, bench.workspace, PublishedIncident(), moment("2026-09-07 16:30"), None)
    return {finding.code for finding in record_duties(case)}


def without(data, path):
    """Take out of a record what stands at a path of a pack."""
    if path.startswith("facts"):
        units = re.sub(r"facts(\[unit=|$)|\]", "", path).split("|")
        gone = [n for n, f in data["facts"].items() if units == [""] or _counts(f) in units]
        text = re.sub(rf"\$(?:{'|'.join(gone)})\b" if gone else "(?!)", "some", dump(data))
        data |= yaml.load(text, Loader=yaml.CBaseLoader)
        data["facts"] = {name: fact for name, fact in data["facts"].items() if name not in gone}
        return
    steps = re.sub(r"\[.*?\]", "", path).split(".")
    if steps[0] in {"this", "regulation"}:
        steps[:1] = ["regulation"]
    _drop(data, steps)


def _counts(fact):
    return fact["unit"] if isinstance(fact["unit"], str) else fact["unit"]["other"]


def _drop(data, steps):
    if isinstance(data, list):
        for one in data:
            _drop(one, steps)
    elif len(steps) == 1:
        data.pop(steps[0], None)
    elif steps[0] in data:
        _drop(data[steps[0]], steps[1:])


def test_there_are_these_packs():
    assert set(names()) == PACKS


@pytest.mark.parametrize("name", sorted(PACKS))
def test_a_pack_says_all_there_is_to_say(name, tmp_path):
    known = pack(name)
    for words in (known.title, known.jurisdiction, known.source, known.trigger):
        assert words
    done = run_here(tmp_path, "check", "--explain", f"reg-{name}")
    assert done.returncode == 0
    for words in (known.title, str(known.as_of), known.trigger, "not legal advice", *known.unverified):
        assert words in done.stdout
    for part in known.parts:
        assert part.article
        assert part.fix
        assert part.any or part.all or part.has or part.phrases
        assert f"reg-{name}-{part.name}" in done.stdout
        assert part.says in run_here(tmp_path, "check", "--explain", f"reg-{name}-{part.name}").stdout
    for clock in known.clocks:
        assert clock.limit in run_here(tmp_path, "check", "--explain", f"reg-{name}-clock").stdout
        assert clock.unit != "business-days" or known.business_days in done.stdout
        assert clock.verified or "Not verified" in done.stdout


@pytest.mark.parametrize("name", sorted(PACKS))
def test_a_pack_is_satisfied(bench, name):
    assert codes(bench, full(name)) == set()


@pytest.mark.parametrize(("name", "part"), ELEMENTS, ids=lambda given: getattr(given, "name", given))
def test_an_element_that_is_missing_is_named(bare, name, part):
    if part.all:
        for path in part.all:
            data = full(name)
            without(data, path)
            assert f"reg-{name}-{part.name}" in codes(bare, data), path
        return
    data = full(name)
    for path in part.any:
        without(data, path)
    assert f"reg-{name}-{part.name}" in codes(bare, data)
    for path in part.any:  # each of them is enough
        data = full(name)
        for other in part.any:
            if other != path and not path.startswith(other):
                without(data, other)
        assert f"reg-{name}-{part.name}" not in codes(bare, data), path


def test_what_does_not_apply_asks_for_nothing(bench):
    data = full("gpsr-recall")
    del data["affected"]
    data["regulation"][0]["applies"] = "no"
    assert codes(bench, data) == set()


@pytest.mark.parametrize("name", ["gpsr-recall", "fda-recall", "cpsc-recall"])
def test_the_headline_has_the_words_of_the_law(bench, name):
    data = full(name) | {"title": "Stop using the kettle"}
    assert codes(bench, data) == {"reg-gpsr-recall-headline" if name == "gpsr-recall" else f"reg-{name}-recall"}


def test_an_unknown_pack_names_the_nearest(bench):
    data = data_of(KETTLE)
    data["regulation"] = [{"pack": "california-1798.28", "applies": "yes"}]
    found = [f for f in bench.read_data(data, FINAL[KETTLE]).errors() if f.code == "unknown-pack"]
    assert len(found) == 1
    assert 'Did you mean "california-1798.82"?' in found[0].message


def test_headings_of_a_notice_are_asked_for_and_found(tmp_path):
    bench = bench_in(tmp_path / "workspace")
    data = data_of(BREACH)
    data["regulation"] = [{"pack": "california-1798.82", "applies": "yes", "filed_at": "2026-10-31 10:00"}]
    found = [f for f in bench.read_data(data, FINAL[BREACH]).errors() if f.code.startswith("reg-")]
    assert [f.code for f in found] == ["reg-california-1798.82-headings"]
    assert '"What Happened"' in found[0].message
    own = bench.workspace.folder / "templates" / "en" / "notice.md.j2"
    own.parent.mkdir(parents=True)
    headings = pack("california-1798.82").of_kind("format")[0].has
    own.write_text("\n\n".join(f"## {heading}\n\n{{{{ t.news }}}}" for heading in headings), encoding="utf-8")
    assert "reg-california-1798.82-headings" not in {f.code for f in bench.read_data(data, FINAL[BREACH]).findings}


#: For each rule about words three texts that it flags and three near misses.
BANNED = {
    ("outage", "blip"): (
        ["It was a brief hiccup.", "You could not pay for just a few minutes.", "A minor glitch stopped payments."],
        ["It was down for four minutes.", "A hiccup in the sound is another fault.", "A few minutes later it failed."],
    ),
    ("gpsr-recall", "softening"): (
        ["This is a voluntary recall.", "In rare cases the handle breaks.", "No injuries have been reported."],
        ["The handle can break.", "Two injuries have been reported.", "It is rare that anyone asks."],
    ),
    ("fda-recall", "detracting"): (
        ["You get a discount on the next one.", "Our award-winning kettle is recalled.", "Try our new kettle."],
        ["You get the full price back.", "We count what we sold.", "Try to find the lot number."],
    ),
}


def test_every_rule_about_words_has_its_texts():
    assert set(BANNED) == {(name, part.name) for name, part in PARTS if part.kind == "banned"}


@pytest.mark.parametrize(("name", "rule"), BANNED)
def test_banned_words_are_flagged_and_near_misses_spared(name, rule):
    part = next(part for part in pack(name).of_kind("banned") if part.name == rule)
    flags, spares = BANNED[name, rule]
    assert len(flags) >= 3
    assert len(spares) >= 3
    assert [text for text in flags if not list(banned(part, Letter("notice", "en", text)))] == []
    assert [text for text in (*spares, *part.spares) if list(banned(part, Letter("notice", "en", text)))] == []


def test_packs_of_two_laws_are_told_apart_by_their_readers(bench):
    """What an American release says, a European notice may not: each pack looks at the messages of its audiences."""
    data = data_of(KETTLE)
    data["impact"].append({"audience": "buyers", "effect": "This is a voluntary recall.", "private": "yes"})
    entry = {"pack": "gpsr-recall", "applies": "yes"}
    answers = {"illnesses": "Two burns."}
    american = {"pack": "fda-recall", "applies": "yes", "audiences": ["buyers"], "answers": answers}

    def found(*entries):
        given = deepcopy(data) | {"regulation": list(entries)}
        return {f.code for f in bench.read_data(given, FINAL[KETTLE]).findings if f.code.startswith("reg-")}

    assert "reg-gpsr-recall-softening" in found(entry)
    assert "reg-gpsr-recall-softening" in found(entry | {"audiences": ["buyers"]})
    apart = found(entry | {"audiences": ["everyone"]}, american)
    assert "reg-gpsr-recall-softening" not in apart


def test_a_finding_about_the_law_is_no_advice(bench):
    data = data_of(BREACH)
    del data["regulation"][0]["likely_consequences"]
    found = [f for f in bench.read_data(data, FINAL[BREACH]).findings if f.code.startswith("reg-")]
    assert {f.code for f in found} == {"reg-gdpr-33-consequences", "reg-gdpr-34-consequences"}
    for finding in found:
        assert "not legal advice" in finding.why
        assert "33(3)(c)" in finding.why


def test_a_reason_that_silences_the_house_does_not_silence_the_law(bench):
    data = data_of(KETTLE)
    del data["repair"]
    assert {f.code for f in bench.read_data(data, FINAL[KETTLE]).errors()} == {"missing-repair"}
    data["silence"] = [{"code": "missing-repair", "reason": "We give it back in the shop."}]
    assert {f.code for f in bench.read_data(data, FINAL[KETTLE]).errors()} == {"reg-gpsr-recall-remedy"}


def test_check_reads_no_pack_that_no_record_names(bench, monkeypatch):
    from crisiscomms.review import clocks, duties

    def read(name):
        raise AssertionError(name)

    monkeypatch.setattr(duties, "pack", read)
    monkeypatch.setattr(clocks, "pack", read)
    assert bench.read_data(data_of("checkout-outage"), FINAL["checkout-outage"]).findings == ()


def test_a_pack_names_audiences_that_there_are(bench):
    from crisiscomms.errors import InvalidInput

    data = data_of(KETTLE)
    data["regulation"][0]["audiences"] = ["everyone", "byers"]
    with pytest.raises(InvalidInput) as refused:
        bench.parse(dump(data))
    assert [f.code for f in refused.value.findings] == ["unknown-audience"]
    assert 'Did you mean "buyers"?' in refused.value.findings[0].message
