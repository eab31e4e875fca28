"""What is told again, to whom, when what we said is no longer so."""

import json

import pytest
from example_room import FINAL, copy_example, data_of, dump, run_here

from crisiscomms.messages.prose import PUBLISHED_AT
from crisiscomms.published import Copy, PublishedIncident, Told, when_said
from crisiscomms.telling import Correction, Telling

RECALL, BREACH, OUTAGE = "kettle-recall", "customer-data-breach", "checkout-outage"
FIRST, LATER = "2026-09-09 11:01", "2026-09-09 12:00"


def recall_with_relatives(count):
    """Return the recall with a figure that only the relatives of the hurt are told."""
    data = data_of(RECALL)
    data["facts"]["in_surgery"] = {"value": count, "unit": {"one": "person", "other": "people"}}
    data["audiences"] = {
        **data.get("audiences", {}),
        "relatives": {"name": "Relatives", "channels": ["email"], "recipients": "../lists/staff.csv"},
    }
    data["impact"].append({"audience": "relatives", "private": "true", "effect": "$in_surgery had to have surgery."})
    data["updates"][0]["audiences"] = [*data["updates"][0].get("audiences", []), "relatives"]
    return data


def test_a_private_figure_is_corrected_for_those_who_were_told_it_and_nobody_else(bench):
    before = bench.compose_data(recall_with_relatives("1"), FIRST).composed
    update = before.facts.update
    told = [Told(update.id, "email", "", audience, "notice", "sent", 5) for audience in update.audiences]
    published = PublishedIncident(before.telling, (*told, Told(update.id, "x", "NorthwindPay", "", "post", "sent")))
    read = bench.read_data(recall_with_relatives("2"), LATER, published)
    corrected = {name for name, _ in read.messages() if name.startswith("correction")}
    assert corrected == {"correction relatives en", "correction relatives de"}
    assert "2 people had to have surgery. We had written: 1 person." in " ".join(
        read.message("correction relatives en").split()
    )
    for name, text in read.messages():
        if "relatives" not in name:
            assert "surgery" not in text
            assert "1 person" not in text


def twice_changed(bench, *values):
    """Publish the outage with one value after the other; return the facts of the last, and what is out."""
    data, telling, read = data_of(OUTAGE), None, None
    for value in values:
        certainty, _, number = value.rpartition(" ")
        data["facts"]["failed_payments"] |= {"value": number, "certainty": certainty or "confirmed"}
        told = (Told("counted", "email", "", "merchants", "notice", "sent", 40),)
        published = PublishedIncident(telling=telling, told=told if telling else ())
        read = bench.read_data(data, FINAL[OUTAGE], published)
        telling = read.composed.telling.dated("2026-11-18T17:00+01:00", 1)
    return read


def test_a_correction_is_the_last_time_that_the_page_was_updated(bench):
    data = data_of(OUTAGE)
    telling = bench.compose_data(data, FINAL[OUTAGE]).composed.telling
    data["facts"]["failed_payments"]["value"] = "1800"
    corrected = bench.read_data(data, FINAL[OUTAGE], PublishedIncident(telling=telling)).composed
    assert corrected.messages.site[0].updated_at == PUBLISHED_AT
    telling = corrected.telling.dated("2026-11-18T17:00:00+01:00", 2)
    after = bench.read_data(data, "2026-11-19 10:00", PublishedIncident(telling=telling)).composed
    assert after.messages.site[0].updated_at == "2026-11-18T17:00:00+01:00"


def test_a_figure_that_changed_twice_is_told_once(bench):
    text = twice_changed(bench, "1719", "1800", "1900").message("correction merchants en")
    assert text.count("We had written") == 1
    assert "We told you something that was wrong, at " in text
    assert "1,900 payments" in text
    assert "We had written: 1,719 payments." in text


def test_a_figure_that_is_again_what_readers_heard_is_not_corrected(bench):
    names = [name for name, _ in twice_changed(bench, "1719", "1800", "1719").messages()]
    assert not [name for name in names if name.startswith("correction")]


def test_readers_who_heard_different_figures_are_told_all_that_were_wrong(bench):
    facts = twice_changed(bench, "1719").composed.facts
    chain = tuple(
        Correction(
            "failed_payments", {"en": before}, {"en": after}, None, figure=True, heard=heard, to=("", "merchants")
        )
        for before, after, heard in (("41", "52", ("a",)), ("52", "60", ("a", "b")))
    )
    from crisiscomms.messages.corrections import uncorrected

    [one] = uncorrected(facts._replace(corrections=chain), "merchants")
    assert (one.before["en"], one.after["en"], set(one.heard)) == ("41 or 52", "60", {"a", "b"})


def test_what_an_older_ledger_says_was_corrected_is_not_corrected_again():
    told = {"what": "n", "before": {"en": "1"}, "after": {"en": "2"}, "at": "2026-11-18T17:00+01:00", "figure": True}
    plain = {"facts": {}, "texts": {}, "updates": ["a"], "corrections": [{**told, "dispatched": True, "heard": ["a"]}]}
    telling = Telling.from_json(json.dumps(plain))
    [(_, heard)] = when_said(telling.corrections)
    copy = Copy(1, "a", "ana@shop.example", 0, "notice", "sent", b"", frozen=True, publication=1)
    assert not heard.by([copy])
    [(_, heard)] = when_said(Telling.from_json(json.dumps({**plain, "corrections": [told]})).corrections)
    assert heard.by([copy])


CHANGES = {
    "what was safe": (
        BREACH,
        lambda data: data["affected"].update(not_affected=data["affected"]["not_affected"][1:]),
    ),
    "the title": (OUTAGE, lambda data: data.update(title={"en": "Slow payments", "de": "Langsame Zahlungen"})),
    "the cause": (
        OUTAGE,
        lambda data: data["cause"].update(plain={"en": "It was the weather.", "de": "Es lag am Wetter."}),
    ),
    "whose doing it was": (OUTAGE, lambda data: data["responsibility"].update(level="not-ours")),
    "the lots": (RECALL, lambda data: data["affected"]["products"][0].update(lots=["9999"])),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_the_page_said_is_marked_when_it_says_something_else(bench, what):
    incident, change = CHANGES[what]
    data = data_of(incident)
    before = bench.compose_data(data, FINAL[incident]).composed
    change(data)
    read = bench.compose_data(data, FINAL[incident])
    assert "we changed what this page says" not in read.message("incident en")
    published = PublishedIncident(telling=before.telling)
    text = bench.read(dump(data), FINAL[incident], published).message("incident en")
    assert text.count("we changed what this page says.") == text.count("Before, it said:") == 1


def test_more_that_is_known_is_no_correction(bench):
    data = data_of(RECALL)
    before = bench.compose_data(data, FIRST).composed
    data["affected"]["products"][0]["lots"].append("2699")
    data["affected"]["not_affected"] = [*data["affected"].get("not_affected", []), {"text": "Toasters are safe."}]
    text = bench.read(dump(data), FIRST, PublishedIncident(telling=before.telling)).message("incident en")
    assert "we changed what this page says" not in text


def test_a_time_that_was_wrong_is_marked_on_the_page_and_mailed_to_nobody_who_did_not_read_it(bench):
    data = data_of(OUTAGE)
    for update in data["updates"][4:]:
        update["text"] = {"en": "It works. We are sorry.", "de": "Es geht."}
    before = bench.compose_data(data, FINAL[OUTAGE]).composed
    data["times"]["started"] = "2026-11-18 09:00"
    told = (Told("counted", "email", "", "merchants", "notice", "sent", 40),)
    read = bench.read(dump(data), FINAL[OUTAGE], PublishedIncident(telling=before.telling, told=told))
    text = read.message("incident en")
    assert "It began at 09:00 CET on 18 November 2026, not at 10:12 CET on 18 November 2026 as we said before." in text


def test_the_letter_promises_nothing_about_the_rest_of_what_was_written(bench):
    text = twice_changed(bench, "1719", "1800").message("correction merchants en")
    assert "still holds" not in text
    assert "The corrected page:" in text


def test_a_correction_goes_out_by_its_sentence_for_real(tmp_path):
    room = copy_example(tmp_path / "workspace")
    words = ("publish", RECALL, "--rehearsal", "--now")
    assert run_here(room, *words, "2026-09-09T11:01:00+02:00").returncode == 0
    record = room / f"incidents/{RECALL}.yaml"
    record.write_text(record.read_text(encoding="utf-8").replace("value: 12400", "value: 18900"), encoding="utf-8")
    assert run_here(room, *words, "2026-09-09T11:30:00+02:00", "--corrections").returncode == 0
    [post] = [path.read_text(encoding="utf-8") for path in (room / "rehearsal/x").rglob("*correction*.txt")]
    assert "18,900" in post
    assert "12,400" in post
    assert post.count("We are sorry for the error.") == 1


def test_two_updates_in_one_publish_reach_the_readers_of_both(tmp_path):
    """Written one after the other, published together: who is named in the first only is told it all the same."""
    room = copy_example(tmp_path / "workspace")
    record = room / f"incidents/{RECALL}.yaml"
    data = data_of(RECALL)
    for_staff = {"id": "for-staff", "at": "2026-09-09 11:05", "status": "identified", "next_update": "2026-09-16 12:00"}
    for_staff |= {"text": "We are sorry. Every store has a box for kettles.", "audiences": ["staff"], "private": "true"}
    data["updates"].append(for_staff)
    data.setdefault("languages", ["en"])
    record.write_text(dump(data), encoding="utf-8")
    words = ("publish", RECALL, "--rehearsal", "--now", "2026-09-09T11:10:00+02:00")
    done = run_here(room, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    mails = [path.parent.name for path in (room / "rehearsal/email").rglob("*.eml")]
    assert set(mails) == {"recall", "for-staff"}
    assert len(list((room / "rehearsal/x").rglob("*.txt"))) == 1, "the post of the public update"
    assert "Nothing to publish" in run_here(room, *words).stdout


def test_at_least_so_many_that_become_more_are_no_error(bench):
    data = data_of(OUTAGE)
    data["facts"]["failed_payments"]["certainty"] = "at-least"
    before = bench.compose_data(data, FINAL[OUTAGE]).composed
    told = (Told("counted", "email", "", "merchants", "notice", "sent", 40),)
    published = PublishedIncident(before.telling, told)
    for value, wrong in (("1800", False), ("1719", False), ("1600", True)):
        data["facts"]["failed_payments"]["value"] = value
        names = [name for name, _ in bench.read_data(data, FINAL[OUTAGE], published).messages()]
        assert any(name.startswith("correction") for name in names) is wrong


def test_a_private_letter_promises_nothing_about_the_page(bench):
    data = data_of(OUTAGE)
    private = {"id": "inside", "at": "2026-11-18 16:22", "status": "resolved", "private": "true"}
    private |= {"text": {"en": "We are sorry. We pay you back.", "de": "Es tut uns leid. Wir zahlen zurück."}}
    data["updates"].insert(5, {**private, "audiences": ["merchants"], "next_update": "2026-11-19 10:00"})
    letter = bench.compose_data(data, FINAL[OUTAGE]).message("notice merchants en")
    assert "You will hear from us again by 10:00 CET on 19 November 2026" in " ".join(letter.split())
    assert "#inside" not in letter
    assert "will be on the status page" not in letter


def test_what_is_gone_from_a_list_is_read_as_a_list(bench):
    data = data_of(RECALL)
    before = bench.compose_data(data, FIRST).composed
    name, lots = data["affected"]["products"][0]["name"], data["affected"]["products"][0]["lots"]
    data["affected"]["products"][0]["lots"] = ["9999"]
    text = bench.read(dump(data), FIRST, PublishedIncident(telling=before.telling)).message("incident en")
    assert isinstance(name, str)
    assert f"{lots[0]}, {name}" in text
    assert f'{lots[-1]}"' in text


def test_the_plan_names_readers_whom_another_list_keeps_from_their_own_mail(tmp_path):
    room = copy_example(tmp_path / "workspace")
    data = data_of(RECALL)
    both = (room / "lists/buyers.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    (room / "lists/hurt.csv").write_text(
        f"email,name,language\n{both},Ann,en\nnew@shop.example,Ann New,en\n", encoding="utf-8"
    )
    hurt = {"name": "People who were hurt", "channels": ["email"], "recipients": "../lists/hurt.csv"}
    data["audiences"] = {**data.get("audiences", {}), "hurt": hurt}
    data["impact"].append({"audience": "hurt", "effect": "The handle came off, and you were burnt."})
    data["do_now"].append({"audience": "hurt", "text": "A nurse of ours calls you today."})
    data["updates"][0]["audiences"] = [*data["updates"][0]["audiences"], "hurt"]
    (room / f"incidents/{RECALL}.yaml").write_text(dump(data), encoding="utf-8")
    done = run_here(room, "plan", RECALL, "--rehearsal", "--now", "2026-09-09T11:01:00+02:00")
    said = " ".join((done.stdout + done.stderr).split())
    assert "1 person of it stands on a list that comes first, and gets only that mail" in said


def test_where_people_were_hurt_what_to_do_stands_before_all_else(bench):
    data = data_of(RECALL)
    hurt = bench.compose_data({**data, "harm": "confirmed"}, FIRST)
    text = hurt.message("incident en")
    assert text.index("What should I do?") < text.index("What happened?")
    assert text.index("What happened?") < text.index("What we owe you")
    calm = bench.compose_data({**data, "harm": "none"}, FIRST).message("incident en")
    assert calm.index("What happened?") < calm.index("What should I do?")


def test_what_one_audience_alone_was_told_is_on_no_corrected_page(bench):
    before = bench.compose_data(recall_with_relatives("1"), FIRST).composed
    told = [Told(before.facts.update.id, "email", "", "relatives", "notice", "sent", 5)]
    read = bench.read_data(recall_with_relatives("2"), LATER, PublishedIncident(before.telling, tuple(told)))
    assert "The corrected page" not in read.message("correction relatives en")


@pytest.mark.parametrize(
    ("certainty", "first", "then", "wrong"),
    [
        ("estimated", "1700", "1719", False),
        ("estimated", "1700", "1750", False),
        ("estimated", "1700", "1751", True),
        ("estimated", "2000", "1719", False),
        ("estimated", "1719", "1718", True),
        ("at-least", "1700", "1699", True),
        ("at-least", "1700", "9000", False),
        ("confirmed", "1700", "1719", True),
    ],
)
def test_a_better_count_is_noted_and_only_an_error_is_put_right(bench, certainty, first, then, wrong):
    """What was said to be about so many, or at least, was true: the page says what it was, and nobody is told of an error."""
    data = data_of(OUTAGE)
    data["facts"]["failed_payments"] |= {"value": first, "certainty": certainty}
    before = bench.compose_data(data, FINAL[OUTAGE]).composed
    published = PublishedIncident(before.telling, (Told("counted", "email", "", "merchants", "notice", "sent", 40),))
    data["facts"]["failed_payments"] |= {"value": then, "certainty": "confirmed"}
    read = bench.read_data(data, FINAL[OUTAGE], published)
    page, statement = read.message("incident en"), read.message("statement en")
    said = f"{ {'estimated': 'about ', 'at-least': 'at least '}.get(certainty, '') }{int(first):,} payments"
    assert ("not " + said + " as we said before. We are sorry for the error." in page) is wrong
    assert ("New figure, " in page) is not wrong
    assert (f": {int(then):,} payments. Before, we had said {said}." in page) is not wrong
    assert ("What we had wrong" in statement) is wrong
    assert any(name.startswith("correction") for name, _ in read.messages()) is wrong


def test_an_error_after_a_better_count_names_what_readers_heard(bench):
    read = twice_changed(bench, "estimated 1700", "1719", "1500")
    text = " ".join(read.message("correction merchants en").split())
    assert "1,500 payments did not go through" in text
    assert "We had written: about 1,700 payments." in text


def test_a_better_count_after_an_error_is_no_reason_to_write_again(bench):
    facts = twice_changed(bench, "1719").composed.facts
    chain = [
        Correction(
            "failed_payments", {"en": before}, {"en": after}, None, figure=True, to=("merchants",), refined=refined
        )
        for before, after, refined in (("900", "about 1,700", False), ("about 1,700", "1,719", True))
    ]
    from crisiscomms.messages.corrections import uncorrected

    [one] = uncorrected(facts._replace(corrections=tuple(chain)), "merchants")
    assert (one.before["en"], one.after["en"], one.refined) == ("900", "1,719", False)
    assert not uncorrected(facts._replace(corrections=tuple(chain[1:])), "merchants")


def test_a_corrected_sum_that_only_a_repair_names_is_told_in_its_sentence(bench):
    data, telling, read = data_of(OUTAGE), None, None
    data["repair"] = [
        {"audience": "merchants", "kind": "refund", "what": "We pay back $fee for each payment.", "by": "2026-11-25"}
    ]
    for value in ("5.00", "3.50"):
        data["facts"]["fee"] = {"value": value, "unit": "EUR"}
        told = (Told("counted", "email", "", "merchants", "notice", "sent", 40),)
        read = bench.read_data(data, FINAL[OUTAGE], PublishedIncident(telling, told if telling else ()))
        telling = read.composed.telling.dated("2026-11-18T17:00+01:00", 1)
    text = " ".join(read.message("correction merchants en").split())
    assert "We pay back €3.50 for each payment. We had written: €5.00." in text


def republished(bench, name, change, *, at=None):
    """Publish an example, change it, and read what would be published then."""
    data = data_of(name)
    before = bench.compose_data(data, at or FINAL[name]).composed
    change(data)
    told = (Told("counted", "email", "", "merchants", "notice", "sent", 40),)
    return bench.read_data(data, at or FINAL[name], PublishedIncident(before.telling, told))


def test_another_unit_is_an_error_however_loosely_the_figure_was_put(bench):
    data = data_of(OUTAGE)
    for certainty in ("at-least", "estimated"):
        data["facts"]["failed_payments"] |= {"value": "5", "certainty": certainty}
        before = bench.compose_data(data, FINAL[OUTAGE]).composed
        other = {"en": {"one": "shop", "other": "shops"}, "de": {"one": "Laden", "other": "Läden"}}
        now = {
            **data,
            "facts": {**data["facts"], "failed_payments": {**data["facts"]["failed_payments"], "unit": other}},
        }
        page = bench.read_data(now, FINAL[OUTAGE], PublishedIncident(before.telling)).message("incident en")
        assert "5 shops, not " in page


def test_a_translation_that_comes_later_is_no_correction(bench):
    """What stood in for it was never said to be German. In English nothing changed."""
    data = data_of(OUTAGE)
    german = data["cause"]["plain"].pop("de")
    data["facts"]["failed_payments"]["unit"] = {"one": "payment", "other": "payments"}
    before = bench.compose_data(data, FINAL[OUTAGE]).composed
    data["cause"]["plain"]["de"] = german
    data["facts"]["failed_payments"]["unit"] = data_of(OUTAGE)["facts"]["failed_payments"]["unit"]
    told = (Told("counted", "email", "", "merchants", "notice", "sent", 40),)
    read = bench.read_data(data, FINAL[OUTAGE], PublishedIncident(before.telling, told))
    assert not read.composed.facts.corrections
    assert not [name for name, _ in read.messages() if name.startswith("correction")]


def test_words_that_change_in_one_language_are_marked_in_that_language(bench):
    read = republished(
        bench, OUTAGE, lambda data: data["updates"][0]["text"].update(de="Kartenzahlungen scheitern überall.")
    )
    assert "we changed the words of this update" not in read.message("incident en")
    assert "Wir haben den Wortlaut dieser Meldung geändert." in read.message("incident de")
    read = republished(bench, OUTAGE, lambda data: data["title"].update(de="Zahlungen scheitern"))
    assert "we changed what this page says" not in read.message("incident en")
    assert "Jetzt steht hier: „Zahlungen scheitern“" in read.message("incident de")


def test_a_figure_that_changed_while_a_language_was_not_spoken_is_put_in_its_own_digits(bench):
    data = data_of(OUTAGE)
    whole = data["updates"][-1]["text"]
    before = bench.compose_data(data, FINAL[OUTAGE]).composed
    data["updates"][-1]["text"] = whole["en"]
    data["languages"] = ["en"]
    data["facts"]["failed_payments"]["value"] = "1800"
    between = bench.read_data(data, FINAL[OUTAGE], PublishedIncident(before.telling)).composed
    data["updates"][-1]["text"] = whole
    del data["languages"]
    telling = between.telling.dated("2026-11-18T17:00:00+01:00", 2)
    page = bench.read_data(data, FINAL[OUTAGE], PublishedIncident(telling)).message("incident de")
    assert "Richtig ist: 1.800 Zahlungen" in page


def test_a_correcting_post_leads_to_where_the_page_notes_it(bench):
    data, out = data_of(OUTAGE), (Told("first-notice", "x", "NorthwindPay", "", "post", "sent"),)
    data["updates"][0]["short"] = dict.fromkeys(("en", "de"), "$failed_payments failed. We are sorry.")
    before = bench.compose_data(data, FINAL[OUTAGE]).composed
    data["facts"]["failed_payments"]["value"] = "1800"
    read = bench.read_data(data, FINAL[OUTAGE], PublishedIncident(before.telling, out))
    [post] = [post for post in read.composed.messages.posts if post.kind == "correction" and post.language == "en"]
    assert post.update == "first-notice"
    assert post.link.endswith("#counted")
    before_note = read.message("incident en").partition("Correction, ")[0]
    assert before_note.rfind("1,800 payments did not go through") > before_note.rfind("Resolved, ")


def test_questions_and_answers_tell_what_was_wrong(bench):
    read = republished(bench, OUTAGE, lambda data: data["facts"]["failed_payments"].update(value="1800"))
    for page, asked in (
        ("faq en", "What had you told us that was wrong?"),
        ("faq de", "Was hatten Sie uns falsch gesagt?"),
    ):
        text = read.message(page)
        assert text.count(asked) == 1
        assert "1.719 Zahlungen" in text if page == "faq de" else "not 1,719 payments as we said before" in text
    assert "that was wrong" not in bench.compose_data(data_of(OUTAGE), FINAL[OUTAGE]).message("faq en")


def test_a_promise_that_was_put_off_says_by_when_it_was_promised_first(bench):
    """The day that readers wrote down does not vanish, however often it moves and whatever becomes of the promise."""
    data, telling, seen = data_of(OUTAGE), None, []
    promise = data["promises"][0]
    for due, kept in (
        ("2026-11-25", None),
        ("2026-12-02", None),
        ("2026-12-09", None),
        ("2026-12-09", "2026-12-08 10:00"),
    ):
        promise |= {"due": due, **({"kept": kept} if kept else {})}
        read = bench.read_data(data, "2026-12-08 12:00", PublishedIncident(telling))
        telling = read.composed.telling.dated("2026-11-18T17:00+01:00", 1)
        [line] = read.composed.messages.site[0].promises
        seen.append((line.first, "We had first promised it by 25 November 2026." in read.message("incident en")))
    assert seen[0] == (None, False)
    assert {day[:10] for day, _ in seen[1:]} == {"2026-11-25"}
    assert all(said for _, said in seen[1:])
    assert "We did so at 10:00 CET on 8 December 2026" in read.message("statement en")
    assert "Zuerst hatten wir es bis zum 25. November 2026 versprochen." in read.message("incident de")
    promise["due"] = "2026-11-20"  # sooner than it was promised for: nothing was put off
    del promise["kept"]
    sooner = bench.read_data(data, "2026-11-19 10:00", PublishedIncident(telling)).composed
    assert sooner.messages.site[0].promises[0].first is None
