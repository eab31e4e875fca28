"""`check FILE --as KIND`, and texts of one's own in place of ours, from the record to what readers get."""

import email
import email.policy
import io
import json
import sys
from pathlib import Path

import pytest
from example_room import FINAL, publish, run_here

OUTAGE = "checkout-outage"
NOW = FINAL[OUTAGE]
GOOD = """We are sorry. Between $started and $fixed you could not pay by card in the European Union. $failed_payments did not
go through. This was our failure. We changed how payments are routed and did not test the change with European cards.
The new route rejected cards whose holder must confirm a payment.

## What we do

We switched back to the old route. By $promises.review.due we will publish the full review. From 28 November 2026 on,
route changes will start with $first_step of payments. We refund the fees of every payment of 18 November 2026.
Every question is answered now.

You do not need to do anything. If your payment failed, no money was taken, and you can pay again.
"""
CAUSE = GOOD[GOOD.index("We changed how") : GOOD.index("## What we do")]
LETTER = (
    GOOD.replace("$started", "10:12")
    .replace("$fixed", "12:47 CET on 18 November 2026")
    .replace("$failed_payments", "1719 payments")
    .replace("$promises.review.due", "25 November")
    .replace("$first_step", "1 percent")
    + """
Everything is on https://status.northwind.example/incidents/checkout-outage/. Write to us at help@northwind.example,
every day. Maren Vogt reads every answer.

Maren Vogt__
Chief Operating Officer
""".replace("__", "  ")
)


@pytest.fixture
def letter(tmp_path):
    path = tmp_path / "letter.md"
    path.write_text(LETTER, encoding="utf-8")
    return path


def check(folder, *words, code=0):
    done = run_here(folder, "check", *map(str, words), "--now", NOW)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr + done.stdout


def codes(folder, *words):
    done = run_here(folder, "check", *map(str, words), "--now", NOW, "--json")
    return {
        (f["code"], f["line"]) for f in json.loads(done.stdout)["findings"] if f["severity"] in {"error", "warning"}
    }


def test_a_letter_in_its_own_words_passes_against_its_record(example, letter):
    assert codes(example, letter, "--as", "statement", "--record", OUTAGE) == set()


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("1719 payments", "1,791 payments", "fact-mismatch"),
        ("1719 payments", "Many payments", "fact-omitted-material"),
        ("10:12", "10:21", "fact-mismatch"),
        ("25 November", "26 November", "missing-commitment"),
        ("help@northwind.example", "nobody@northwind.example", "contact-mismatch"),
        ("help@northwind.example", "the people you know", "missing-contact"),
        ("Maren Vogt  \nChief", "Jonas Weil  \nChief", "signatory-mismatch"),
        ("https://status.northwind.example/incidents/checkout-outage/", "https://other.example/", "link-mismatch"),
        ("We are sorry.", "We regret this.", "no-explicit-apology"),
        ("no money was taken", "counsel has read the refund text. Call the ten", "notes-in-message"),
        (CAUSE, "", "missing-cause"),
    ],
)
def test_one_thing_that_is_wrong_with_it_is_named(example, letter, before, after, code):
    assert before in LETTER
    letter.write_text(LETTER.replace(before, after), encoding="utf-8")
    assert code in {found for found, _ in codes(example, letter, "--as", "statement", "--record", OUTAGE)}


def test_a_wrong_figure_is_named_by_line_and_column_and_stops(example, letter):
    letter.write_text(LETTER.replace("go through. This", "go through, and 312 shops closed. This"), encoding="utf-8")
    said = check(example, letter, "--as", "statement", "--record", OUTAGE, code=4)
    assert f"{letter}:2:17  error  [fact-mismatch]\n     2 | " in said
    assert 'the statement (en) says "312"' in said


def test_words_that_a_law_bans_are_named_where_they_stand(example, tmp_path):
    path = tmp_path / "recall.md"
    path.write_text("We are sorry.\n\nAs a precaution we ask you to stop.\n", encoding="utf-8")
    done = run_here(
        example,
        "check",
        str(path),
        "--as",
        "page",
        "--record",
        "kettle-recall",
        "--now",
        FINAL["kettle-recall"],
        "--json",
    )
    banned = [f for f in json.loads(done.stdout)["findings"] if f["code"].startswith("reg-") and f["line"] == 3]
    assert banned


def test_what_a_record_accepts_in_a_text_is_shown_with_its_reason(example, letter):
    letter.write_text(LETTER.replace("help@northwind.example", "nobody@northwind.example"), encoding="utf-8")
    record = example / "incidents" / f"{OUTAGE}.yaml"
    codes = ("contact-mismatch", "missing-contact", "missing-feedback")
    reason = "the helpdesk moves"
    silence = "".join(f"\n  - {{ code: {code}, reason: {reason} }}" for code in codes)
    record.write_text(f"{record.read_text(encoding='utf-8')}silence:{silence}\n", encoding="utf-8")
    words = ("check", str(letter), "--as", "statement", "--record", OUTAGE, "--now", NOW, "--json")
    found = json.loads(run_here(example, *words).stdout)["findings"]
    assert {one["accepted"] for one in found if one["code"] == "contact-mismatch"} == {reason}
    assert "0 errors, 0 warnings, 3 accepted in the record" in check(
        example, letter, "--as", "statement", "--record", OUTAGE
    )


def test_what_may_be_said_depends_on_where_the_incident_stands(example, letter):
    from example_room import source_of

    (example / "incidents" / f"{OUTAGE}.yaml").write_text(source_of(OUTAGE, 1), encoding="utf-8")
    done = run_here(
        example, "check", str(letter), "--as", "statement", "--record", OUTAGE, "--now", "2026-11-18 10:36", "--json"
    )
    found = {f["code"] for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"}
    assert {"fact-mismatch", "missing-next-update"} <= found, "the count and the end are not known yet"


def test_a_figure_may_be_cited_and_a_name_that_is_not_there_is_refused(example, letter):
    letter.write_text(LETTER.replace("1719 payments", "$failed_payments"), encoding="utf-8")
    assert codes(example, letter, "--as", "statement", "--record", OUTAGE) == set()
    letter.write_text(LETTER.replace("1719 payments", "$failed_payment"), encoding="utf-8")
    said = check(example, letter, "--as", "statement", "--record", OUTAGE, code=3)
    assert "$failed_payments" in said
    assert f"{letter}:1:" in said


def test_outside_a_workspace_a_letter_is_checked_alone(crisiscomms, letter):
    said = crisiscomms("check", letter.name, "--as", "statement", cwd=letter.parent)
    assert "letter.md checked as a statement: 0 errors" in said.stdout
    through = crisiscomms("check", "-", "--as", "statement", stdin=LETTER.replace("We are sorry.", "Hm."), code=4)
    assert "error  [no-explicit-apology]" in through.stdout
    german = crisiscomms(
        "check", "-", "--as", "post", "--language", "de", stdin="Alles gut, wir bedauern das.", code=None
    )
    assert "(de)" in german.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["letter.md"], "Add --as"),
        (["letter.md", "--as", "leter"], "--as cannot be"),
        (["letter.md", "other.md", "--as", "statement"], "one file at a time"),
        ([OUTAGE, "--as", "statement"], "one file at a time"),
        ([OUTAGE, "--record", OUTAGE], "--record is for a text of your own"),
        (["letter.pdf", "--as", "statement"], "no kind of file"),
        (["letter.md", "--as", "statement", "--record", "checkout-outag"], "Did you mean"),
        (["letter.md", "--as", "statement", "--record", OUTAGE, "--language", "fr"], 'is not in "fr"'),
    ],
)
def test_what_cannot_be_asked_is_said_with_what_can(example, letter, monkeypatch, words, said):
    monkeypatch.chdir(letter.parent)
    assert said in check(example, *words, code=2)


def test_a_file_that_cannot_be_read_exits_3(example, tmp_path):
    (tmp_path / "letter.docx").write_bytes(b"PK\x03\x04 no zip")
    said = check(example, tmp_path / "letter.docx", "--as", "statement", code=3)
    assert "letter.docx\nerror  [unreadable]" in said
    assert "Fix: " in said


def test_standard_input_is_read_as_bytes(example, monkeypatch):
    given = io.TextIOWrapper(io.BytesIO("Für Sie".encode("latin-1")), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", given)
    assert "is not UTF-8 text" in check(example, "-", "--as", "post", code=3)


# -- in place of ours ------------------------------------------------------------------------------------------


def write(folder: Path, entry: str, name: str, text: str) -> Path:
    """Name a text of one's own in the record, and write it."""
    record = folder / "incidents" / f"{OUTAGE}.yaml"
    source = record.read_text(encoding="utf-8")
    head = "" if "\ntexts:\n" in source else "texts:\n"
    anchor = "\nsigned_by:\n"
    record.write_text(source.replace(anchor, f"\n{head}  - {entry}\n{anchor}", 1), encoding="utf-8")
    path = folder / "incidents" / name
    path.write_text(text, encoding="utf-8")
    return path


def published(folder: Path, name: str) -> str:
    return (folder / "rehearsal" / "public" / "incidents" / OUTAGE / name).read_text(encoding="utf-8")


def test_a_statement_by_hand_is_published_in_its_frame_and_a_change_of_the_file_is_a_change(example):
    path = write(example, "{ message: statement, file: statement.en.md }", "statement.en.md", GOOD)
    publish(example, OUTAGE, NOW)
    page = published(example, "statement/index.html")
    for words in (
        "1,719 payments",
        "What we do</h2>",
        "help@northwind.example",
        "Maren Vogt",
        "The new route rejected",
    ):
        assert words in page
    assert page.count("Chief Operating Officer") == 1
    assert "Test cards now come" not in page, "our own words are not there"
    assert (
        "Kartenzahlungen" in (example / "rehearsal/public/de/incidents" / OUTAGE / "statement/index.html").read_text()
    )
    again = run_here(example, "plan", OUTAGE, "--rehearsal", "--now", NOW)
    assert "= website" in again.stdout
    path.write_text(GOOD.replace("no money was taken", "we took no money"), encoding="utf-8")
    changed = run_here(example, "plan", OUTAGE, "--rehearsal", "--now", NOW)
    assert "~ website" in changed.stdout
    assert "{+we took+}" in changed.stdout


def test_a_wrong_figure_in_a_statement_by_hand_stops_publish(example):
    text = GOOD.replace("through. This", "through, and 1,791 people called. This")
    path = write(example, "{ message: statement, file: statement.en.md }", "statement.en.md", text)
    done = run_here(example, "publish", OUTAGE, "--rehearsal", "--now", NOW)
    assert done.returncode == 4
    assert f"{path}:2:17  error  [fact-mismatch]\n     2 | " in done.stderr
    assert 'the statement (en) says "1,791"' in done.stderr
    assert not (example / "rehearsal" / "public").exists()


def test_a_notice_by_hand_reaches_its_readers_with_their_own_figures_and_no_second_frame(example):
    text = "Dear merchant,\n\n" + GOOD.replace(
        "$failed_payments did not\ngo",
        "$failed_payments did not go, and $recipient.failed_payments.with_unit of yours\ngo",
    )
    entry = "{ message: notice, update: counted, audience: merchants, file: merchants.md }"
    write(example, entry, "merchants.md", f"{text}\nMaren Vogt, Chief Operating Officer\n")
    publish(example, OUTAGE, NOW)
    paths = (example / "rehearsal").rglob("*.eml")
    mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
    bodies = [mail.get_body(("plain",)).get_content() for mail in mails]
    english = [body for body in bodies if "Dear merchant" in body]
    assert len(english) == 13
    assert all("you are on our list" in body and "Hello" not in body for body in english)
    assert all(body.count("Maren Vogt,") == 1 for body in english)
    assert any("9 payments of yours" in body for body in english)


def test_a_post_by_hand_goes_out_with_its_link_and_is_held_to_the_limit(example):
    words = "We are sorry: $failed_payments did not go through. It was our change."
    path = write(example, "{ message: post, update: counted, channel: x, file: x.md }", "x.md", words)
    publish(example, OUTAGE, NOW)
    (post,) = [p.read_text() for p in (example / "rehearsal").rglob("*.txt") if "counted" in str(p)]
    assert "We are sorry: 1,719 payments did not go through. It was our change.\nhttps://" in post
    path.write_text(words + " We looked at every single one of them again." * 9, encoding="utf-8")
    said = check(example, OUTAGE, code=4)
    assert f"{path}\nerror  [post-too-long]" in said


def test_a_faq_by_hand_keeps_its_questions(example):
    text = GOOD.replace("We are sorry.", "## What happened?\n\nWe are sorry.")
    write(example, "{ message: faq, file: faq.md }", "faq.md", text)
    publish(example, OUTAGE, NOW)
    page = published(example, "faq/index.html")
    assert "What happened?</h2>" in page
    assert "Was any customer charged twice?" not in page


@pytest.mark.parametrize(
    ("entry", "text", "said"),
    [
        ("{ message: statement, file: statment.en.md }", GOOD, 'Did you mean "statement.en.md"?'),
        ("{ message: statement, file: ../../statement.en.md }", GOOD, "leads out of the workspace"),
        ("{ message: statement, file: checkout-outage.yaml }", GOOD, "is no Markdown file"),
        ("{ message: statement, file: statement.en.md }", " \n", "is empty"),
        ("{ message: statement, file: statement.en.md }", "# Sorry\n\nWe are.", "begins with a title"),
        ("{ message: statement, file: statement.en.md }", "We <b>are</b> sorry.", "holds HTML"),
        ("{ message: statement, file: statement.en.md }", "$failed_payment failed.", "which the record does not have"),
        ("{ message: statement, file: statement.en.md }", "$recipient.failed_payments", "everyone may read"),
        ("{ message: statement, update: counted, file: statement.en.md }", GOOD, "a statement has no update"),
        ("{ message: statement, language: fr, file: statement.en.md }", GOOD, 'language "fr"'),
        ("{ message: notice, file: statement.en.md }", GOOD, "does not say which audience"),
        (
            "{ message: notice, update: count, audience: merchants, file: statement.en.md }",
            GOOD,
            'Did you mean "counted"?',
        ),
        ("{ message: notice, update: route-back, audience: merchants, file: statement.en.md }", GOOD, "does not go to"),
        ("{ message: post, update: counted, channel: xx, file: statement.en.md }", GOOD, 'channel "xx" is not known'),
        ("{ message: letter, file: statement.en.md }", GOOD, 'cannot be "letter"'),
    ],
)
def test_a_text_that_cannot_stand_there_is_named_with_what_to_do(example, entry, text, said):
    write(example, entry, "statement.en.md", text)
    found = check(example, OUTAGE, code=3)
    assert said in found
    assert "Fix: " in found


def test_two_texts_for_one_message_are_refused(example):
    write(example, "{ message: statement, file: statement.en.md }", "statement.en.md", GOOD)
    write(example, "{ message: statement, language: en, file: other.md }", "other.md", GOOD)
    assert "stand for the same message" in check(example, OUTAGE, code=3)


def test_a_text_by_hand_is_held_to_what_the_record_says_of_its_time(example):
    text = "We are sorry. It was $failed_payments of 1719 payments.\n"
    entry = "{ message: notice, update: first-notice, audience: merchants, file: early.md }"
    path = write(example, entry, "early.md", text)
    said = check(example, OUTAGE, code=4)
    assert f"{path}:1:22  error  [fact-newer-than-update]" in said
    assert f"{path}:1:42  warning  [fact-mismatch]" in said
    assert "Write $failed_payments instead" in said
    assert "ours in de" in said
    path.write_text("We are sorry. TODO\n", encoding="utf-8")
    assert f"{path}:1:15  error  [todo]" in check(example, OUTAGE, code=4)


def test_a_template_of_the_workspace_that_leaves_the_text_out_is_named(example):
    template = example / "templates" / "en" / "notice.md.j2"
    template.parent.mkdir(parents=True)
    template.write_text("{{ t.greeting }}\n\n{{ t.news }}\n", encoding="utf-8")
    write(example, "{ message: notice, update: counted, audience: merchants, file: m.md }", "m.md", GOOD)
    said = check(example, OUTAGE, code=4)
    assert "[own-text-unused]" in said
    assert "templates/en/notice.md.j2 of this workspace leaves it out" in said
