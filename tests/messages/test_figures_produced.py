"""One truth: every figure, time and date in what the command produced is the record's, and changes with it."""

import json
import re
import shutil

import pytest
from example_room import FINAL, copy_example, data_of, dump, publish, run
from produced_files import Allowed, parts_of, readings, visible

OUTAGE, NOW = "checkout-outage", FINAL["checkout-outage"]


# -- everything that was produced ------------------------------------------------------------------------------


def test_every_figure_in_everything_produced_is_the_records_the_workspaces_or_the_readers_own(produced):
    allowed = Allowed(produced.parent)
    strays = {}
    for name, language, incident, recipient, text in readings(produced):
        if found := allowed.strays(language, incident, recipient, text):
            strays[name] = found
    assert strays == {}


def test_all_kinds_of_files_were_read(produced):
    names = [name for name, *_ in readings(produced)]
    kinds = ["statement/index.html", "faq/index.html", "index.md", "feed.atom", " subject", " text", " html"]
    kinds += ["-post.txt", ".en.html", ".en.txt", ".de.md", "history/index.html", "promises/index.html"]
    assert [kind for kind in kinds if not any(name.endswith(kind) for name in names)] == []
    assert len(names) > 300


@pytest.mark.parametrize(
    ("language", "recipient", "text"),
    [
        ("en", None, "1,720 payments did not go through"),
        ("en", None, "1719 payments did not go through"),
        ("de", None, "1,719 Zahlungen schlugen fehl"),
        ("en", None, "1,719 merchants were hit"),
        ("en", None, "It began at 10:13 CET on 18 November 2026 (09:13 UTC)."),
        ("en", None, "It began at 10:12 CET on 18 November 2026 (10:12 UTC)."),
        ("en", None, "It began at 10:12 CEST on 18 November 2026."),
        ("en", None, "It began at 10:12 CET on 19 November."),
        ("en", None, "It lasted 2 hours and 34 minutes."),
        ("en", None, "Call +49 30 5550 0101."),
        ("en", None, "Refunds within 14 days."),
        ("en", "shop2@shops.example", "10 payments to you failed"),
        ("en", None, "9 payments to you failed"),
        ("en", None, "Write to help2@northwind.example"),
    ],
)
def test_a_figure_of_nobodys_is_seen(produced, language, recipient, text):
    assert Allowed(produced.parent).strays(language, OUTAGE, recipient, text)


def test_a_figure_that_is_the_readers_own_is_known(produced):
    allowed = Allowed(produced.parent)
    assert allowed.strays("en", OUTAGE, "shop2@shops.example", "9 payments to you failed on 18 November") == []
    assert allowed.strays("de", OUTAGE, "shop3@laden.example", "1 Zahlung an Sie") == []


# -- one figure changes ----------------------------------------------------------------------------------------


def change(folder, before="value: 1719", after="value: 1720"):
    path = folder / "incidents" / f"{OUTAGE}.yaml"
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1
    path.write_text(source.replace(before, after), encoding="utf-8")


def count_again(folder, data, at, words):
    """Write the outage with one update more, to the merchants."""
    new = {"id": "counted-again", "at": at, "status": "resolved", "text": words, "audiences": ["merchants"]}
    data["updates"].insert(-1, new)
    (folder / "incidents" / f"{OUTAGE}.yaml").write_text(dump(data), encoding="utf-8")


def said(folder):
    """Return what each file of the outage says, by its name."""
    return {name: text for name, _, _, _, text in readings(folder / "rehearsal")}


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """The outage, published once, with the figure as it is."""
    folder = copy_example(tmp_path_factory.mktemp("once") / "workspace")
    publish(folder, OUTAGE, NOW)
    return folder


@pytest.fixture(scope="module")
def changed_before(tmp_path_factory):
    folder = copy_example(tmp_path_factory.mktemp("before") / "workspace")
    change(folder)
    publish(folder, OUTAGE, NOW)
    return folder


def test_changed_before_publishing_every_message_says_the_new_figure_and_none_the_old(once, changed_before):
    old, new = said(once), said(changed_before)
    assert set(old) == set(new)
    stated = {name for name, text in old.items() if re.search(r"1[.,]719", text)}
    assert len(stated) > 80, "statement, FAQ, pages, feeds, mails in two parts, the post and the memo state it"
    for name in stated:
        assert new[name] == old[name].replace("1,719", "1,720").replace("1.719", "1.720")
    assert not [name for name, text in new.items() if re.search(r"1[.,]?719", text)]


@pytest.fixture(scope="module")
def changed_after(once, tmp_path_factory):
    """The outage published, the figure changed, the plan asked, and the change published with its corrections."""
    folder = tmp_path_factory.mktemp("after") / "workspace"
    shutil.copytree(once, folder, symlinks=True)
    change(folder)
    sent = {path: path.read_bytes() for kind in ("email", "x") for path in (folder / "rehearsal" / kind).rglob("*.*")}
    planned = run(folder, "plan", OUTAGE, "--rehearsal", "--now", "2026-11-18 17:00")
    publish(folder, OUTAGE, "2026-11-18 17:05")
    quiet = set((folder / "rehearsal").rglob("*.*")) - {folder / "rehearsal" / "public"}
    quiet = {path for path in quiet if path.suffix == ".eml" or (path.parent.name == OUTAGE and path.suffix == ".txt")}
    publish(folder, OUTAGE, "2026-11-18 17:10", "--corrections")
    again = run(folder, "publish", OUTAGE, "--rehearsal", "--now", "2026-11-18 17:15", "--corrections", "--json")
    return folder, sent, planned, quiet, again


def test_the_plan_shows_the_correction(changed_after):
    _, _, planned, _, _ = changed_after
    assert planned.returncode == 0, planned.stderr
    assert "correct" in planned.stdout
    assert "1,720" in planned.stdout
    assert "--corrections" in planned.stdout
    assert "post-leaves-out" not in planned.stdout + planned.stderr, "a correction is no update"
    assert "repeat-apology" not in planned.stdout + planned.stderr, "our own words are no second apology"
    assert "\ue005" not in planned.stdout + planned.stderr


def test_the_page_says_with_its_date_what_was_wrong(changed_after):
    folder = changed_after[0]
    page = visible((folder / "rehearsal/public/incidents" / OUTAGE / "index.html").read_text(encoding="utf-8"))
    assert "Correction, 17:05 CET on 18 November 2026 (16:05 UTC): it is 1,720 payments, not 1,719 payments" in page
    german = visible((folder / "rehearsal/public/de/incidents" / OUTAGE / "index.html").read_text(encoding="utf-8"))
    assert "Richtigstellung, 17:05 Uhr MEZ am 18. November 2026 (16:05 UTC): " in german
    assert "Richtig ist: 1.720 Zahlungen. Vorher hatten wir gesagt: 1.719 Zahlungen." in german


def test_what_was_sent_stays_byte_for_byte_and_nobody_is_written_to_unasked(changed_after):
    _, sent, _, quiet, _ = changed_after
    assert {path: path.read_bytes() for path in sent} == sent
    assert quiet <= set(sent)


def test_each_person_told_gets_one_correction_in_their_thread(changed_after):
    folder, sent, _, _, _ = changed_after
    mails = [path for path in sent if path.suffix == ".eml"]
    told = sorted(path.name.split("-notice-")[1] for path in mails)
    new = [path for path in (folder / "rehearsal/email").rglob("*.eml") if path not in sent]
    assert sorted(path.name.split("-correction-")[1] for path in new) == told
    assert len(told) == 40
    for path in new:
        first = next(mail for mail in mails if mail.name.endswith(path.name.split("-correction-")[1]))
        mail, subject, text, html = parts_of(path)
        assert mail["In-Reply-To"] == parts_of(first)[0]["Message-ID"]
        assert subject.startswith(("Correction: ", "Richtigstellung: "))
        right, wrong = ("1.720 Zahlungen", "1.719") if text.startswith("Guten Tag") else ("1,720 payments", "1,719")
        assert right in text
        assert right in html
        assert text.count(wrong) == 1, "once, as what was wrong"


def test_the_account_gets_one_correction_as_a_reply(changed_after):
    folder, sent, _, _, _ = changed_after
    posts = [path for path in (folder / "rehearsal/x").rglob("*.txt") if path not in sent]
    assert len(posts) == 1
    text = posts[0].read_text(encoding="utf-8")
    assert text.startswith("In reply to: checkout-outage/20261118T1520-0-counted-post.txt\n")
    assert "Correction: 1,720 payments did not go through." in text
    assert "We had said: 1,719 payments." in text


def test_a_second_time_sends_nothing(changed_after):
    again = changed_after[-1]
    assert again.returncode == 0
    assert json.loads(again.stdout)["sent"] == 0


def test_who_was_told_the_right_figure_only_gets_no_correction_of_it(once, tmp_path):
    """One merchant more comes onto the list with the update that has the new figure; the corrections go out later."""
    folder = tmp_path / "workspace"
    shutil.copytree(once, folder, symlinks=True)
    with (folder / "lists" / "merchants.csv").open("a", encoding="utf-8") as out:
        out.write("late@shops.example,Ada Late,en,1\n")
    data = data_of(OUTAGE)
    data["facts"]["failed_payments"]["value"] = "1720"
    data["facts"]["merchants_affected"]["value"] = "41"
    words = {
        "en": "We counted again: $failed_payments failed. We are sorry.",
        "de": "Neu gezählt: $failed_payments. Es tut uns leid.",
    }
    count_again(folder, data, "2026-11-18 17:00", words)
    publish(folder, OUTAGE, "2026-11-18 17:05")
    assert len([*(folder / "rehearsal/email").rglob("*-notice-*late*")]) == 1
    before = {*(folder / "rehearsal/email").rglob("*.eml")}
    publish(folder, OUTAGE, "2026-11-18 17:10", "--corrections")
    corrected = {*(folder / "rehearsal/email").rglob("*.eml")} - before
    assert len(corrected) == 40
    assert not [path for path in corrected if "late" in path.name]


def test_a_readers_own_figure_that_changed_after_they_were_told_is_not_passed_over(once, tmp_path):
    folder = tmp_path / "workspace"
    shutil.copytree(once, folder, symlinks=True)
    listed = folder / "lists" / "merchants.csv"
    listed.write_text(
        listed.read_text(encoding="utf-8").replace("Ayşe Demir,de,112", "Ayşe Demir,de,212"), encoding="utf-8"
    )
    told = "1 reader was told other figures of their own than the list has now."
    planned = run(folder, "plan", OUTAGE, "--rehearsal", "--now", "2026-11-18 17:00")
    assert told in planned.stdout
    assert "What is out says what the records say" not in planned.stdout
    assert told in publish(folder, OUTAGE, "2026-11-18 17:05")
    data = data_of(OUTAGE)
    words = {
        "en": "For one of you we had counted wrongly. We are sorry.",
        "de": "Bei einem von Ihnen hatten wir falsch gezählt. Es tut uns leid.",
    }
    count_again(folder, data, "2026-11-18 17:10", words)
    assert told in run(folder, "plan", OUTAGE, "--rehearsal", "--now", "2026-11-18 17:15").stdout
    publish(folder, OUTAGE, "2026-11-18 17:15")
    assert told not in run(folder, "plan", OUTAGE, "--rehearsal", "--now", "2026-11-18 17:20").stdout


def test_who_left_the_list_after_being_told_the_wrong_figure_is_not_passed_over(once, tmp_path):
    folder = tmp_path / "workspace"
    shutil.copytree(once, folder, symlinks=True)
    change(folder)
    listed = folder / "lists" / "merchants.csv"
    lines = listed.read_text(encoding="utf-8").splitlines(keepends=True)
    listed.write_text("".join(lines[:-2]), encoding="utf-8")
    change(folder, "value: 40", "value: 38")
    planned = run(folder, "plan", OUTAGE, "--rehearsal", "--now", "2026-11-18 17:00", "--corrections")
    left = "2 readers were told the wrong figure and left the lists that it goes to."
    assert left in planned.stdout
    assert left in publish(folder, OUTAGE, "2026-11-18 17:05", "--corrections")
    assert len([*(folder / "rehearsal/email").rglob("*-correction-*")]) == 38
