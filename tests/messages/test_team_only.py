"""What is for the team reaches no file that anybody else sees: words are planted in every such field, then looked for."""

import base64
import quopri
from email import message_from_bytes
from email.policy import default

import pytest
from example_room import FINAL, STAGES, copy_example, data_of, dump, run_here

PLANT = "Zwiebelfisch"


def planted(data):
    """Put a word of its own into every field that is for the team."""
    data["notes"] = f"{PLANT} notes: counsel says that we should settle."
    data["care"] = {**data.get("care", {}), "told_first": f"{PLANT} told first"}
    data["silence"] = [{"code": "still-estimated", "reason": f"{PLANT} reason"}]
    for fact in data["facts"].values():
        fact["source"] = f"{PLANT} source"
    for rule in data.setdefault("regulation", [{"pack": "outage", "applies": "yes"}]):
        rule |= {"reference": f"{PLANT} reference", "answers": {"direct": f"{PLANT} answer"}}
    if data["cause"]["state"] != "confirmed":
        data["cause"] = {"state": "suspected", "plain": f"{PLANT} suspicion"}
    return data


def contents(path):
    """Return a file as it lies there, and for a mail every part as its reader sees it."""
    raw = path.read_bytes()
    yield raw
    if path.suffix == ".eml":
        for part in message_from_bytes(raw, policy=default).walk():
            yield part.get_payload(decode=True) or b""
    yield quopri.decodestring(raw)


@pytest.mark.parametrize(("incident", "stage", "now"), [STAGES[0], STAGES[1], STAGES[2], STAGES[6]])
def test_planted_words_reach_no_produced_file(tmp_path, incident, stage, now):
    folder = copy_example(tmp_path / "workspace")
    (folder / "incidents" / f"{incident}.yaml").write_text(dump(planted(data_of(incident, stage))), encoding="utf-8")
    done = run_here(folder, "publish", incident, "--rehearsal", "--now", now)
    assert done.returncode == 0, done.stdout + done.stderr
    kinds = ("public", "memos", "email", "x")
    files = [path for kind in kinds for path in (folder / "rehearsal" / kind).rglob("*") if path.is_file()]
    assert {path.relative_to(folder / "rehearsal").parts[0] for path in files} == set(kinds)
    needles = (PLANT.encode(), base64.b64encode(PLANT.encode())[:12])
    found = [path for path in files for part in contents(path) if any(needle in part for needle in needles)]
    assert found == []


def test_a_planted_word_in_a_text_would_be_found(tmp_path):
    folder = copy_example(tmp_path / "workspace")
    data = data_of("kettle-recall")
    data["impact"][0]["effect"] += f" {PLANT}."
    (folder / "incidents" / "kettle-recall.yaml").write_text(dump(data), encoding="utf-8")
    run_here(folder, "publish", "kettle-recall", "--rehearsal", "--now", FINAL["kettle-recall"])
    home = folder / "rehearsal"
    hit = {
        p.relative_to(home).parts[0]
        for k in ("public", "memos", "email")
        for p in (home / k).rglob("*")
        if p.is_file()
        for c in contents(p)
        if PLANT.encode() in c
    }
    assert hit == {"public", "memos", "email"}
