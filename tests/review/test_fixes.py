"""`check --fix`: only what changes no meaning, shown first; every other byte stays; a second run finds nothing more."""

import json
import re

import pytest
from example_room import FINAL, moment, run_here, source_of

from crisiscomms.messages.templates import voices
from crisiscomms.published import PublishedIncident, Told
from crisiscomms.review.fixes import applied, mends
from crisiscomms.review.mending import Knowledge

OUTAGE = "checkout-outage"
EFFECT = "$failed_payments did not go through.\n"
LAST = "en: $failed_payments did not go through between $started and $fixed. It was our change, and we are sorry."
GERMAN = "de: $failed_payments schlugen zwischen $started und $fixed fehl. Es war unsere Änderung, und es tut uns leid."
#: The update of 18 November 2026, a Wednesday.
NOW = FINAL[OUTAGE]


def mended(bench, old, new, published=None, base=None):
    """Return the line of the record that held `old`, with `new` in its place and everything mended."""
    source = base or source_of(OUTAGE)
    assert old in source
    at = source[: source.index(old)].count("\n")
    changed = source.replace(old, new)
    record = bench.parse(changed)
    known = Knowledge(record, bench.workspace, voices(bench.workspace), published or PublishedIncident(), moment(NOW))
    return applied(changed, mends(known)).split("\n")[at].strip()


def said(bench, words, language="en"):
    """Return what becomes of some words in the newest update."""
    old = LAST if language == "en" else GERMAN
    return mended(bench, old, f"{language}: {words}").removeprefix(f"{language}: ")


@pytest.mark.parametrize(
    ("language", "words", "expected"),
    [
        ("en", "We will write tomorrow.", "We will write on 19 November 2026."),
        ("en", "Today it works.", "On 18 November 2026 it works."),
        ("en", "Since yesterday it works.", "Since 17 November 2026 it works."),
        ("en", "We will write by Friday.", "We will write by Friday, 20 November 2026."),
        ("en", "We write today, and again by Monday.", "We write on 18 November 2026, and again by Monday, 23 November 2026."),
        ("de", "Wir schreiben bis Freitag.", "Wir schreiben bis Freitag, 20. November 2026."),
        ("de", "Heute geht es wieder.", "Am 18. November 2026 geht es wieder."),
        ("en", "{{failed_payments}} did not go through.", "$failed_payments did not go through."),
        ("en", "{{ failed_payments }} payments failed.", "$failed_payments.value payments failed."),
        ("en", "It began at ${failed_payments.x} o'clock.", None),
        ("en", "[Company] is at fault. It is our change.", "Northwind Pay is at fault. It is our change."),
        ("en", "It broke on [Date].", "It broke on 18 November 2026."),
        ("en", "It worked again at 12:47.", "It worked again at 12:47 CET."),
        ("de", "Seit 12:47 geht es.", "Seit 12:47 MEZ geht es."),
    ],
)  # fmt: skip
def test_what_can_mean_one_thing_only_is_written_out(bench, language, words, expected):
    quoted = f"'{words}'" if words[0] in "[{" else words.replace("'", "")
    found = said(bench, quoted, language).strip("'")
    assert found == (expected if expected is not None else quoted.strip("'"))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "We will write tomorrow morning."),  # the morning would be lost
        ("en", "It was today's change."),
        ("en", "We will write by Wednesday."),  # the update is from a Wednesday: this one, or the next?
        ("en", "We will write next Friday."),  # this week's, or next week's?
        ("en", "Dear [Name], we are sorry."),
        ("en", "About [Number] payments failed."),
        ("en", "'{{customers}} were affected.'"),  # no such fact
        ("en", "It works, and `{{failed_payments}}` is how we write it."),
        ("en", "It works since 12:47 CET on 18 November 2026, as of today."),
        ("de", "Guten Morgen, es geht wieder."),
        ("de", "Seit heute geht es wieder."),
    ],
)
def test_what_may_mean_two_things_is_left_to_a_person(bench, language, words):
    assert said(bench, words, language) == words


def test_a_text_without_a_time_of_its_own_keeps_its_today(bench):
    line = mended(bench, EFFECT, "$failed_payments did not go through today.\n")
    assert line.endswith("did not go through today.")


def test_a_date_is_left_where_the_record_knows_two_days(bench):
    base = source_of(OUTAGE).replace("  started: 2026-11-18 10:12", "  started: 2026-11-17 10:12")
    line = mended(bench, LAST, "en: It broke on [Date].", base=base)
    assert line == "en: It broke on [Date]."


def test_a_zone_is_left_where_the_record_speaks_of_two(bench):
    base = source_of(OUTAGE).replace("  fixed: 2026-11-18 12:47", "  fixed: 2026-11-18 11:47 UTC")
    assert mended(bench, LAST, "en: It worked again at 12:47.", base=base) == "en: It worked again at 12:47."


def test_what_readers_were_told_is_never_touched(bench):
    told = PublishedIncident(told=(Told("counted", "website", "", "", "site", "sent"),))
    assert mended(bench, LAST, "en: We will write tomorrow.", told) == "en: We will write tomorrow."
    older = "en: Card payments have worked for every card since $fixed. We are counting what failed."
    assert mended(bench, older, "en: It works today.") == "en: It works today."


def test_a_comma_never_ends_a_text_between_brackets(bench):
    block = re.search(
        r"    text:\n      en: \$failed_payments did.*\n      de: .*\n    audiences: \[merchants\]\n  - id: review",
        source_of(OUTAGE),
    )
    assert block
    flow = "    text: { en: We will write by Friday. }\n    audiences: [merchants]\n  - id: review"
    source = source_of(OUTAGE).replace(block[0], flow)
    known = Knowledge(bench.parse(source), bench.workspace, voices(bench.workspace), PublishedIncident(), moment(NOW))
    bench.parse(applied(source, mends(known)))


# -- the command -----------------------------------------------------------------------------------------------


def broken(folder, *changes, crlf=True):
    """Write the outage with flaws, a byte order mark and Windows line ends. Returns its path and its bytes."""
    path = folder / "incidents" / f"{OUTAGE}.yaml"
    source = source_of(OUTAGE)
    for old, new in changes or ((LAST, "en: We will write tomorrow.   # kept: a comment"),):
        assert old in source
        source = source.replace(old, new)
    path.write_bytes(b"\xef\xbb\xbf" + (source.replace("\n", "\r\n") if crlf else source).encode())
    return path, path.read_bytes()


def fix(folder, *words, ids=(OUTAGE,)):
    return run_here(folder, "check", *ids, "--now", NOW, "--fix", *words)


def test_it_is_shown_first_and_only_done_when_agreed(folder):
    path, before = broken(folder)
    shown = fix(folder, "--no-input")
    assert "-      en: We will write tomorrow." in shown.stdout
    assert "+      en: We will write on 19 November 2026." in shown.stdout
    assert "Nothing was changed." in shown.stdout
    assert path.read_bytes() == before
    assert "Nothing was changed." in fix(folder).stdout  # nobody is there to answer
    done = fix(folder, "--yes")
    assert f"1 file mended: incidents/{OUTAGE}.yaml" in done.stdout
    assert path.read_bytes() == before.replace(b"tomorrow", b"on 19 November 2026")
    assert "[relative-date]" not in done.stdout


def test_a_second_run_changes_nothing(folder):
    lines = "en: Today and tomorrow. Today we write. Today we count. Today we check. Today we see. It is 12:47."
    path, _ = broken(folder, (LAST, lines))
    fix(folder, "--yes")
    after = path.read_bytes()
    assert b"oday" not in after.split(b"counted")[-1]
    again = fix(folder, "--yes")
    assert "Nothing can be mended" in again.stdout
    assert path.read_bytes() == after
    assert not list(path.parent.glob(".*.part"))


def test_findings_say_whether_they_can_be_mended(folder):
    broken(folder, (LAST, "en: We will write by Friday, to [Name]."))
    found = {
        f["code"]: f["mendable"]
        for f in json.loads(run_here(folder, "check", OUTAGE, "--now", NOW, "--json").stdout)["findings"]
    }
    assert found == {"relative-date": True, "template-leftover": False}
    said = run_here(folder, "check", OUTAGE, "--now", NOW).stdout
    assert said.count("Can be mended by --fix.") == 1
    assert "check --fix can mend 1 of them." in said


def test_a_time_without_its_zone_is_a_finding(folder):
    broken(folder, (LAST, "en: It worked again at 12:47. Our shop is open from 07:00 to 23:00 every day."))
    found = json.loads(run_here(folder, "check", OUTAGE, "--now", NOW, "--json").stdout)["findings"]
    assert [f["mendable"] for f in found if f["code"] == "missing-timezone"] == [True]


def test_a_misspelt_name_is_mended_in_a_record_that_cannot_be_read(folder):
    path, before = broken(folder, (LAST, "en: $faild_payments did not go through. $zzz is unknown."))
    said = run_here(folder, "check", OUTAGE, "--now", NOW)
    assert said.returncode == 3
    assert said.stderr.count("Can be mended by --fix.") == 1
    done = fix(folder, "--yes")
    assert done.returncode == 3  # the other one is left to a person
    assert path.read_bytes() == before.replace(b"$faild_payments", b"$failed_payments")


def test_of_two_names_that_are_alike_none_is_chosen(folder):
    facts = "  failed_payment_1:\n    value: 1\n    unit: payment\n    certainty: confirmed\n  merchants_affected:\n"
    more = facts.replace("payment_1", "payment_2").replace("  merchants_affected:\n", "") + facts
    path, before = broken(
        folder, ("  merchants_affected:\n", more), (LAST, "en: $failed_payment_3 did not go through.")
    )
    fix(folder, "--yes")
    assert path.read_bytes() == before


def test_a_file_that_changed_meanwhile_is_not_overwritten(folder, monkeypatch):
    path, before = broken(folder)

    def answer(_prompt):
        path.write_bytes(before + b"# somebody else was here\r\n")
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    refused = fix(folder)
    assert refused.returncode == 2
    assert "was changed while you looked" in refused.stderr
    assert path.read_bytes() == before + b"# somebody else was here\r\n"


def test_a_record_that_is_fine_is_left_alone(folder):
    path = folder / "incidents" / f"{OUTAGE}.yaml"
    before, inode = path.read_bytes(), path.stat().st_ino
    assert "Nothing can be mended" in fix(folder, "--yes", ids=()).stdout
    assert (path.read_bytes(), path.stat().st_ino) == (before, inode)
