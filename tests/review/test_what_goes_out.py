"""Every word that goes out is judged: in private mails, in what waits for its time, wherever else it also stands."""

from copy import deepcopy

import pytest
from example_room import Bench, copy_example, data_of, dump, run_here

from crisiscomms.published import PublishedIncident, Told
from crisiscomms.workspace import read_workspace

OUTAGE = "checkout-outage"
NOW = "2026-11-18 11:17"
BAD = "We are undoing it, and are sorry for any inconvenience."


def with_updates(*updates):
    """Return the outage as it stood at its second update, with more updates below."""
    data = deepcopy(data_of(OUTAGE, 2))
    data["languages"] = ["en"]
    data["updates"] += updates
    data["updates"][1]["next_update"] = "2026-11-18 14:00"
    return data


def more(name, at, **own):
    made = {"id": name, "at": at, "status": "identified", "text": "We are undoing it.", **own}
    return {"next_update": "2026-11-18 14:30", **made}


def found(read, code):
    """Return the weight of each finding of a rule, with the words it is about."""
    return [
        (str(one.severity), one.quote.words if one.quote else "", read.record.source.split("\n")[one.place.line - 1])
        for one in read.findings
        if one.code == code
    ]


def out(bench, data, now, *told):
    """Return what is out once a record was published."""
    composed = bench.compose_data(data, now).composed
    return PublishedIncident(composed.telling, tuple(Told(u, "email", "", "merchants", "notice", "sent") for u in told))


def test_a_private_mail_is_judged_though_a_newer_update_goes_to_the_public(bench):
    private = more("hidden", "2026-11-18 11:14", private="true", audiences=["merchants"], text=BAD)
    read = bench.read_data(with_updates(private, more("open", "2026-11-18 11:15")), NOW)
    assert [notice.update for notice in read.composed.messages.notices] == ["hidden", "hidden"]
    (finding,) = found(read, "any-inconvenience")
    assert finding[0] == "error"
    assert BAD in finding[2]


def test_a_private_mail_that_is_out_or_goes_to_nobody_is_not_judged_again(bench):
    private = more("hidden", "2026-11-18 11:14", private="true", audiences=["merchants"], text=BAD)
    data = with_updates(private)
    before = out(bench, data, "2026-11-18 11:14", "hidden")
    data["updates"].append(more("open", "2026-11-18 11:15"))
    assert found(bench.read_data(data, NOW, before), "any-inconvenience") == []
    data["updates"][2]["audiences"] = []
    assert found(bench.read_data(data, NOW), "any-inconvenience") == []


def test_what_is_said_to_an_audience_by_an_earlier_update_only_is_judged(bench):
    data = with_updates(more("open", "2026-11-18 11:15"))
    data["updates"][1]["audiences"] = ["merchants"]
    data["impact"].append({"audience": "merchants", "effect": "We are sorry for any inconvenience to your shop."})
    data["impact"] = [one for one in data["impact"] if one["audience"] != "merchants" or "shop" in one["effect"]]
    assert [weight for weight, *_ in found(bench.read_data(data, NOW), "any-inconvenience")] == ["error"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (BAD, "any-inconvenience"),
        ("Payments are back to normal.", "premature-resolution"),
        ("We acted quickly.", "self-congratulation"),
    ],
)
def test_what_waits_for_its_time_is_judged_when_it_is_planned(folder, words, code):
    record = with_updates(more("later", "2026-11-18 13:30", text=words, audiences=["merchants"]))
    (folder / "incidents" / f"{OUTAGE}.yaml").write_text(dump(record), encoding="utf-8")
    done = run_here(folder, "publish", OUTAGE, "--rehearsal", "--now", NOW)
    assert done.returncode == 4
    assert f"[{code}]" in done.stdout + done.stderr
    assert not (folder / "rehearsal" / "email").exists()


def test_what_waits_has_the_status_of_its_own_time(bench):
    data = with_updates(
        more("over", "2026-11-18 13:30", status="resolved", text="Payments are back to normal. We are sorry.")
    )
    assert found(bench.read_data(data, NOW), "premature-resolution") == []


def test_a_short_text_that_waits_is_judged_too(bench):
    data = with_updates(more("later", "2026-11-18 13:30", short=BAD))
    assert [weight for weight, *_ in found(bench.read_data(data, NOW), "any-inconvenience")] == ["error"]


def test_what_only_its_status_will_ask_for_is_said_once_and_as_a_warning(bench):
    data = with_updates(more("later", "2026-11-18 13:30", status="monitoring", text="It works for most people."))
    data["cause"] = {"state": "suspected", "plain": "A change of ours."}
    said = [one for one in bench.read_data(data, NOW).findings if "cause" in one.message]
    assert [(one.code, str(one.severity)) for one in said] == [("refused-later", "warning")]


def test_a_text_by_hand_that_waits_is_judged_with_its_figures(tmp_path):
    home = copy_example(tmp_path / "workspace")
    data = with_updates(more("later", "2026-11-18 13:30", audiences=["merchants"]))
    data["texts"] = [{"message": "notice", "file": "own.md", "update": "later", "audience": "merchants"}]
    words = f"Dear merchant,\n\n{BAD} It hit 4000 payments.\n"
    (home / "incidents" / "own.md").write_text(words, encoding="utf-8")
    read = Bench(read_workspace(home)).read_data(data, NOW)
    assert {"any-inconvenience", "fact-mismatch"} <= {
        one.code for one in read.errors() if one.place.file.endswith("own.md")
    }


@pytest.mark.parametrize("said", ["Payments are back to normal for most of you.", "It was our change."])
def test_words_are_judged_wherever_else_they_also_stand(bench, said):
    """An all-clear of an update that is out must not hide the one that the page says now."""
    data = with_updates()
    data["updates"][1] |= {"status": "resolved", "text": f"{said} We are sorry."}
    before = out(bench, data, NOW, "found")
    data["updates"].append(more("again", "2026-11-18 11:40", text="It fails again. We are sorry."))
    data["impact"][0]["effect"] = "Payments are back to normal for some cards."
    (finding,) = found(bench.read_data(data, "2026-11-18 11:41", before), "premature-resolution")
    assert finding[0] == "error"
    assert "for some cards" in finding[2]


def test_what_was_said_then_is_not_judged_by_what_holds_now(bench):
    data = with_updates()
    data["updates"][1] |= {"status": "resolved", "text": "Payments are back to normal. We are sorry."}
    before = out(bench, data, NOW, "found")
    data["updates"].append(more("again", "2026-11-18 11:40", text="It fails again. We are sorry."))
    assert found(bench.read_data(data, "2026-11-18 11:41", before), "premature-resolution") == []


def test_what_an_older_update_is_made_to_say_now_is_judged(bench):
    data = with_updates()
    before = out(bench, data, NOW, "found")
    data["updates"].append(more("next", "2026-11-18 11:40"))
    data["updates"][0]["text"] = BAD
    assert [weight for weight, *_ in found(bench.read_data(data, "2026-11-18 11:41", before), "any-inconvenience")]


def test_words_in_several_messages_weigh_as_much_as_where_they_are_worst(bench):
    """On the page such words are a warning, and in a post that stands alone an error."""
    data = with_updates()
    data["updates"][1]["text"] = "This is not an admission of fault. We are sorry."
    assert [weight for weight, *_ in found(bench.read_data(data, NOW), "legalese")] == ["error"]
