"""What was to come by a time that has passed: every page says so, and says so as soon as somebody publishes again."""

import json

import pytest
from example_room import copy_example, data_of, run_here, source_of

OUTAGE = "checkout-outage"
LATE = {
    "en": "We said that we would write again by 11:15",
    "de": "Die nächste Meldung hatten wir bis 11:15",
}
PROMISED = {"en": "by 11:15 CET", "de": "bis 11:15 Uhr"}


@pytest.mark.parametrize("page", ["incident", "faq", "statement", "memo"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_next_update_that_did_not_come_is_called_late_on_every_page(bench, page, language):
    data = {**data_of(OUTAGE, 1), "statement": "now"}
    in_time = bench.compose_data(data, "2026-11-18 11:14").message(f"{page} {language}")
    late = bench.compose_data(data, "2026-11-18 11:16").message(f"{page} {language}")
    assert LATE[language] not in in_time
    assert PROMISED[language] in " ".join(in_time.split())
    assert LATE[language] in late


@pytest.mark.parametrize(("language", "words"), [("en", "Next update by 11:15"), ("de", "Nächste Meldung bis 11:15")])
def test_what_is_called_late_is_not_announced_further_down(bench, language, words):
    in_time, late = (
        bench.compose_data(data_of(OUTAGE, 1), f"2026-11-18 {time}").message(f"incident {language}")
        for time in ("11:14", "11:16")
    )
    assert words in in_time
    assert words not in late


def test_a_post_that_goes_out_late_announces_no_time_that_has_passed(bench):
    in_time, late = (
        bench.compose_data(data_of(OUTAGE, 1), f"2026-11-18 {time}").message("post x") for time in ("11:14", "11:16")
    )
    assert "Next update by" in in_time
    assert "Next update" not in late


def test_a_next_update_is_not_late_once_it_is_over(bench):
    read = bench.read(source_of(OUTAGE), "2026-11-24 12:00")
    assert not [name for name, text in read.messages() if "would write again" in text]


def test_publishing_again_changes_the_pages_that_promised_an_update_and_nothing_else(tmp_path):
    room = copy_example(tmp_path / "workspace")
    (room / f"incidents/{OUTAGE}.yaml").write_text(source_of(OUTAGE, 1), encoding="utf-8")

    def publish(time):
        return run_here(room, "publish", OUTAGE, "--rehearsal", "--yes", "--now", f"2026-11-18T{time}:00+01:00")

    assert "Published: 43 messages" in publish("10:35").stdout
    mails = sorted((room / "rehearsal").rglob("*.eml"))
    assert "Nothing to publish" in publish("11:14").stdout
    assert "Published: 2 messages" in publish("11:16").stdout  # the site and the memo
    page = (room / f"rehearsal/public/incidents/{OUTAGE}/index.md").read_text(encoding="utf-8")
    assert LATE["en"] in page
    assert "Nothing to publish" in publish("15:00").stdout
    assert sorted((room / "rehearsal").rglob("*.eml")) == mails


def test_an_answer_that_was_expected_is_called_open_still(bench):
    data = data_of(OUTAGE, 1)
    assert data["unknowns"][0]["expected_by"] == "2026-11-18 11:15"
    in_time, late = (
        bench.compose_data(data, f"2026-11-18 {time}").message("incident en") for time in ("11:10", "12:00")
    )
    assert "We expect to know by 11:15" in in_time
    assert "We expected to know by 11:15 CET on 18 November 2026, and do not know yet." in late


def test_a_repair_that_should_be_there_is_not_promised_for_the_past(bench):
    data = data_of(OUTAGE)
    data["repair"] = [
        {
            "audience": data["impact"][0]["audience"],
            "kind": "refund",
            "what": "We pay back the fee.",
            "by": "2026-11-20",
        }
    ]
    in_time, late = (bench.compose_data(data, f"2026-11-{day} 12:00").message("faq en") for day in ("20", "21"))
    assert "This will be done by 20 November 2026." in in_time
    assert "This will be done" not in late
    assert "This was due by 20 November 2026, and not everybody has it yet. We are late." in late


@pytest.mark.parametrize(
    ("done", "said", "over"),
    [
        (None, "This was due by 20 November 2026, and not everybody has it yet. We are late.", False),
        ("2026-11-20", "This was done on 20 November 2026.", True),
        ("2026-11-21", "This was done on 21 November 2026. It was due by 20 November 2026: we were late.", True),
    ],
)
def test_a_repair_that_is_done_is_owed_no_more(bench, done, said, over):
    data = data_of(OUTAGE)
    repair = {
        "audience": data["impact"][0]["audience"],
        "kind": "refund",
        "what": "We pay back the fee.",
        "by": "2026-11-20",
    }
    data["repair"] = [repair | ({"done": done} if done else {})]
    data["promises"] = [promise | {"kept": "2026-11-19 10:00"} for promise in data["promises"]]
    data["actions"] = [action | {"done": "2026-11-19 10:00"} for action in data["actions"]]
    texts = dict(bench.compose_data(data, "2026-11-28 12:00").messages())
    faq = " ".join(texts["faq en"].split())
    assert said in faq
    assert [("owed you" in texts[name]) for name in ("incident en", "statement en")] == [over, over]
    assert ("until nothing is open any more" not in faq) == over


def test_what_is_owed_keeps_an_incident_open_after_it_is_resolved_and_what_became_of_it_reaches_the_page(tmp_path):
    room = copy_example(tmp_path / "workspace")
    for record in (room / "incidents").glob("*.yaml"):
        if record.stem != OUTAGE:
            record.unlink()
    data = data_of(OUTAGE)
    data["promises"] = [promise | {"kept": "2026-11-19 10:00"} for promise in data["promises"]]
    data["actions"] = [action | {"done": "2026-11-18 15:00"} for action in data["actions"]]
    data["repair"] = [data["repair"][0] | {"what": "We pay back the fee.", "by": "2026-11-20"}]

    def run(verb, day, *words, **field):
        data["repair"][0] |= field
        (room / f"incidents/{OUTAGE}.yaml").write_text(json.dumps(data), encoding="utf-8")
        done = run_here(room, verb, "--rehearsal", *words, "--now", f"2026-11-{day}T12:00:00+01:00")
        assert done.returncode in {0, 6}, done.stderr
        return done.stdout

    def page():
        return (room / f"rehearsal/public/incidents/{OUTAGE}/index.md").read_text(encoding="utf-8")

    run("publish", "19", "--yes")
    assert "This will be done by 20 November 2026." in page()
    assert 'repair "We pay back the fee.", due 2026-11-20' in run("status", "19").partition("Next")[2]
    assert 'repair "We pay back the fee.", due 2026-11-20' in run("status", "21").partition("Late")[2]
    run("publish", "21", "--yes")
    assert "This was due by 20 November 2026, and not everybody has it yet. We are late." in page()
    run("publish", "23", "--yes", done="2026-11-22")
    assert "This was done on 22 November 2026. It was due by 20 November 2026: we were late." in page()
    assert "Nothing to publish" in run("publish", "23", "--yes")
    assert "repair" not in run("status", "23")


def test_what_is_owed_to_some_in_private_changes_nothing_for_the_others(bench):
    data = data_of(OUTAGE)
    data["repair"] = [data["repair"][0] | {"done": "2026-11-20"}]
    alone = bench.compose_data(data, "2026-11-28 12:00")
    data["audiences"]["vips"] = {"name": "Some", "channels": ["email"], "recipients": "../lists/merchants.csv"}
    secret = {
        "audience": "vips",
        "kind": "gesture",
        "what": "You get a voucher.",
        "by": "2026-12-24",
        "private": "true",
    }
    data["repair"].append(secret)
    beside = bench.compose_data(data, "2026-11-28 12:00")
    for name in ("incident en", "faq en", "statement en", "notice merchants en"):
        assert beside.message(name) == alone.message(name)


def test_a_repair_is_not_done_before_it_is(bench):
    data = data_of(OUTAGE)
    data["repair"] = [data["repair"][0] | {"done": "2026-12-01"}]
    assert "from-the-future" in [finding.code for finding in bench.read_data(data, "2026-11-28 12:00").errors()]


def test_a_promise_that_was_kept_late_says_so_wherever_it_is_said_to_be_kept(bench):
    data = data_of(OUTAGE)
    data["promises"][0]["kept"] = "2026-11-27 10:00"
    texts = dict(bench.compose_data(data, "2026-11-28 12:00").messages())
    for name in ("incident en", "statement en", "faq en"):
        assert "We had promised it by 25 November 2026, and were late." in texts[name]
    data["promises"][0]["kept"] = "2026-11-24 10:00"
    texts = dict(bench.compose_data(data, "2026-11-28 12:00").messages())
    assert "were late" not in texts["incident en"]


def test_what_was_done_later_than_it_was_due_says_so(bench):
    data = data_of(OUTAGE)
    data["actions"][0] |= {"due": "2026-11-20", "done": "2026-11-21 09:00"}
    for language, words in {"en": "It was due by 20 November 2026: we were late.", "de": "Wir waren zu spät."}.items():
        texts = dict(bench.compose_data(data, "2026-11-28 12:00").messages())
        assert all(words in texts[f"{page} {language}"] for page in ("incident", "statement", "faq"))
        in_time = data | {"actions": [data["actions"][0] | {"due": "2026-11-21"}]}
        texts = dict(bench.compose_data(in_time, "2026-11-28 12:00").messages())
        assert words not in texts[f"incident {language}"]


def test_staff_are_told_what_became_of_what_we_promised(bench):
    data = data_of(OUTAGE)
    data["promises"] = [promise | {"broken": "2026-11-24 10:00"} for promise in data["promises"]]
    memo = bench.compose_data(data, "2026-11-24 11:00").message("memo en")
    assert "What we promised, and did not keep." in memo
    assert "What we have done." in memo


def test_a_page_was_last_updated_when_the_newest_thing_on_it_was_said(bench):
    """A page that tells of 24 November was not last updated on 18 November."""

    def updated(now, kept=None, done=None):
        data = data_of(OUTAGE)
        data["promises"][0] |= {"kept": kept} if kept else {}
        data["actions"][0] |= {"done": done} if done else {}
        return bench.compose_data(data, now).composed.messages.site[0].updated_at

    assert updated("2026-11-18 17:00") == "2026-11-18T16:20:00+01:00"
    assert updated("2026-11-24 11:00", "2026-11-24 10:00") == "2026-11-24T10:00:00+01:00"
    assert updated("2026-11-24 11:00", "2026-11-24") == "2026-11-24T23:59:59+01:00"  # a day, and no hour made up
    assert updated("2026-11-18 17:00", "2026-11-18") == "2026-11-18T16:20:00+01:00"
    assert updated("2026-11-24 11:00", done="2026-11-23 09:00") == "2026-11-23T09:00:00+01:00"
    assert updated("2026-11-24 09:00", "2026-11-24 10:00") == "2026-11-18T16:20:00+01:00"  # that is still to come


@pytest.mark.parametrize(
    ("due", "kept", "late"),
    [
        ("2026-11-25 18:00", "2026-11-25", False),
        ("2026-11-25 18:00", "2026-11-26", True),
        ("2026-11-25 18:00", "2026-11-25 18:01", True),
        ("2026-11-25", "2026-11-25 23:30", False),
        ("2026-11-25", "2026-11-26 00:10", True),
    ],
)
def test_a_promise_that_was_kept_on_its_day_is_called_late_only_where_an_hour_says_so(bench, due, kept, late):
    data = data_of(OUTAGE)
    data["promises"][0] |= {"due": due, "kept": kept}
    texts = dict(bench.compose_data(data, "2026-11-28 12:00").messages())
    assert {"were late" in texts["statement en"], "zu spät" in texts["statement de"]} == {late}


def test_nobody_is_asked_to_answer_where_nobody_reads_any_more(bench):
    data = data_of(OUTAGE)
    data["feedback"]["closes"] = "2026-12-15"
    assert "reads every answer" in bench.compose_data(data, "2026-12-15 12:00").message("incident en")
    text = bench.compose_data(data, "2026-12-16 12:00").message("incident en")
    assert "reads every answer" not in text
    assert "If you need help, write to" in text


def test_where_people_may_be_hurt_what_everyone_should_do_stands_in_every_letter(bench):
    data = data_of("kettle-recall")
    everyone = (
        data["do_now"][0]["text"] if isinstance(data["do_now"][0]["text"], str) else data["do_now"][0]["text"]["en"]
    )
    audience = next(name for name in data["updates"][0]["audiences"])
    data["do_now"].append({"audience": audience, "text": "Please keep the receipt."})
    letter = bench.compose_data(data, "2026-09-09 11:01").message(f"notice {audience} en")
    assert "Please keep the receipt." in letter
    assert everyone.split(".")[0] in " ".join(letter.split())
