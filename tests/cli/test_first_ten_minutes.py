from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

from crisiscomms.cli.new import KINDS
from crisiscomms.messages.templates import packaged
from crisiscomms.workspace import read_workspace

NOW = "2026-11-18 09:20"
ANSWERS = [
    "no",
    "the ferry app shows an error when they buy a ticket",
    "people who buy tickets in the app",
    "09:10",
    "buy your ticket at the counter",
    "the night desk",
    "Anna Lee, Head of Service",
    "",
]


@pytest.fixture
def workspace(tmp_path: Path, crisiscomms) -> Path:
    folder = tmp_path / "ferries"
    crisiscomms(
        "init", folder, "--name", "Fähre Nord", "--url", "https://faehre.example", "--timezone", "Europe/Berlin"
    )
    return folder


def call(crisiscomms, workspace: Path, answers: list[str], code: int = 0):
    return crisiscomms(
        "new", "app-down", "--call", "--now", NOW, stdin="\n".join(answers) + "\n", cwd=workspace, code=code
    )


def everything(folder: Path) -> dict[str, str]:
    """Every file that a rehearsal left for readers or staff."""
    kept = {}
    for root, _, names in os.walk(folder / "rehearsal", followlinks=True):
        for path in (Path(root) / name for name in names):
            if path.suffix in {".html", ".txt", ".md", ".atom", ".eml"} and "-releases" not in str(path):
                kept[str(path.relative_to(folder))] = path.read_text(encoding="utf-8")
    return kept


def test_eight_questions_in_their_order(crisiscomms, workspace):
    asked = call(crisiscomms, workspace, ANSWERS).stderr
    order = [
        "hurt or in danger",
        "do people see",
        "Who is affected, and where",
        "Since when",
        "What should they do now",
        "Who told you",
        "Who signs",
        "When do you speak next",
    ]
    places = [asked.index(words) for words in order]
    assert places == sorted(places)
    assert asked.count(": \n") == 8
    assert "10:20" in asked, "Enter stands for the cadence's time, and the question says which"


def test_from_a_phone_call_to_a_published_holding_statement(crisiscomms, workspace):
    call(crisiscomms, workspace, ANSWERS)
    checked = crisiscomms("check", "app-down", "--now", NOW, cwd=workspace)
    assert "0 errors, 0 warnings" in checked.stdout
    crisiscomms("publish", "app-down", "--rehearsal", "--now", NOW, cwd=workspace)
    files = everything(workspace)
    posts = [text for name, text in files.items() if "/posts/" in name]
    assert len(posts) == 1
    assert "shows an error when they buy a ticket" in posts[0]
    assert "do not know the cause yet" in posts[0]
    assert "Buy your ticket at the counter." in posts[0]
    assert "10:20 CET" in posts[0]
    page = files["rehearsal/public/incidents/app-down/index.md"]
    for said in (
        "People who buy tickets in the app.",
        "We do not know the cause yet.",
        "What caused it.",
        "How many people it affects.",
        "10:20 CET on 18 November 2026 (09:20 UTC)",
    ):
        assert said in page


def test_the_holding_statement_says_nothing_that_the_answers_did_not(crisiscomms, workspace):
    call(crisiscomms, workspace, ANSWERS)
    crisiscomms("publish", "app-down", "--rehearsal", "--now", NOW, cwd=workspace)
    for name, text in everything(workspace).items():
        words = re.sub(r"<[^>]+>", " ", text).lower()
        for claim in (
            "our failure",
            "we changed",
            "we are working",
            "engineers",
            "as soon as",
            "shortly",
            "soon",
            "inconvenience",
            "only a",
            "no data",
            "fixed",
            "resolved",
            "we caused",
            "was us",
        ):
            if "memos" not in name or claim != "inconvenience":  # the memo says not to say it
                assert claim not in words, f"{name} claims: {claim}"
        assert "night desk" not in words, f"{name} tells who told us"


def test_published_for_real_in_one_command_each(crisiscomms, workspace):
    """Without a rehearsal: the clock is the machine's, and the first workspace reaches nobody but files."""
    crisiscomms(
        "new", "app-down", "--call", stdin="\n".join([*ANSWERS[:3], "unknown", *ANSWERS[4:]]) + "\n", cwd=workspace
    )
    refused = crisiscomms("publish", "app-down", cwd=workspace, code=5)
    assert "nobody is there to say that this may go out" in refused.stderr
    assert not list(workspace.glob("outbox/**/*.txt"))
    done = crisiscomms("publish", "app-down", "--yes", cwd=workspace)
    assert "Published: 3 messages out." in done.stdout
    assert (workspace / "public" / "incidents" / "app-down" / "index.html").is_file()
    assert list((workspace / "outbox").rglob("*.txt"))
    assert "Nothing to publish" in crisiscomms("publish", "app-down", cwd=workspace).stdout


def test_unknown_is_a_good_answer(crisiscomms, workspace):
    call(crisiscomms, workspace, [*ANSWERS[:3], "unknown", "", *ANSWERS[5:]])
    record = yaml.safe_load((workspace / "incidents/app-down.yaml").read_text(encoding="utf-8"))
    assert "started" not in record["times"]
    assert record["cause"] == {"state": "unknown"}
    assert record["responsibility"] == {"level": "unknown"}
    assert [item["question"] for item in record["unknowns"]] == [
        "What caused it.",
        "When it began.",
        "How many people it affects.",
    ]
    assert record["do_now"][0]["text"] == "You do not need to do anything."
    crisiscomms("check", "app-down", "--now", NOW, cwd=workspace)


@pytest.mark.parametrize(
    ("answer", "harm", "severity"),
    [("no", "none", "major"), ("possibly", "possible", "major"), ("Yes, two people", "confirmed", "critical")],
)
def test_harm(crisiscomms, workspace, answer, harm, severity):
    call(crisiscomms, workspace, [answer, *ANSWERS[1:]])
    record = yaml.safe_load((workspace / "incidents/app-down.yaml").read_text(encoding="utf-8"))
    assert (record["harm"], record["severity"]) == (harm, severity)
    crisiscomms("check", "app-down", "--now", NOW, cwd=workspace)


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        (0, "dunno", "no, possibly or yes"),
        (1, "300 shops cannot take cards", "nobody has counted yet"),
        (3, "a while ago", "not a time"),
        (6, "Anna", "a name and a role"),
        (7, "09:00", "over already"),
    ],
)
def test_an_answer_that_cannot_be_used_writes_nothing(crisiscomms, workspace, number, answer, words):
    answers = [*ANSWERS]
    answers[number] = answer
    done = call(crisiscomms, workspace, answers, code=2)
    assert words in done.stderr
    assert "Nothing was written." in done.stderr
    assert not (workspace / "incidents/app-down.yaml").exists()


def test_answers_with_signs_that_mean_something_in_yaml(crisiscomms, workspace):
    answers = [*ANSWERS]
    answers[1] = 'the app says: "error" - and then #nothing'
    answers[2] = "- everyone: really & truly"
    call(crisiscomms, workspace, answers)
    record = yaml.safe_load((workspace / "incidents/app-down.yaml").read_text(encoding="utf-8"))
    assert record["impact"][0]["effect"] == 'The app says: "error" - and then #nothing.'
    assert record["affected"]["who"] == "- everyone: really & truly."
    crisiscomms("check", "app-down", "--now", NOW, cwd=workspace)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_record_of_every_kind_has_only_its_todos(crisiscomms, workspace, kind):
    crisiscomms("new", f"a-{kind}", "--kind", kind, "--now", NOW, cwd=workspace)
    source = (workspace / f"incidents/a-{kind}.yaml").read_text(encoding="utf-8")
    assert not re.search(r"^[^#\n]*[{\[](?!\s*[}\]]|en\])", source, re.MULTILINE), "a form is written in block style"
    done = crisiscomms("check", f"a-{kind}", "--now", NOW, cwd=workspace, code=4)
    codes = set(re.findall(r"\[([a-z-]+)\]$", done.stdout, re.MULTILINE))
    assert codes == {"todo"}
    found = {int(line) for line in re.findall(r"\.yaml:(\d+):\d+", done.stdout)}
    marked = {
        number
        for number, line in enumerate(source.splitlines(), 1)
        if "TODO" in line and not line.lstrip().startswith("#")
    }
    assert found == marked


def test_the_same_id_is_not_written_over(crisiscomms, workspace):
    call(crisiscomms, workspace, ANSWERS)
    before = (workspace / "incidents/app-down.yaml").read_bytes()
    done = crisiscomms("new", "app-down", "--kind", "outage", cwd=workspace, code=2)
    assert "there already" in done.stderr
    assert (workspace / "incidents/app-down.yaml").read_bytes() == before


def test_init_keeps_people_and_secrets_out_of_git(workspace, tmp_path):
    import subprocess

    subprocess.run(["git", "init", "-q", workspace], check=True)
    for name in (
        "ledger.db",
        "ledger.db-wal",
        "lists/people.csv",
        "secrets/email.password",
        "rehearsal/ledger.db",
        "memos/x.en.txt",
        "outbox/a.eml",
    ):
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text("x", encoding="utf-8")
        assert subprocess.run(["git", "-C", workspace, "check-ignore", "-q", name], check=False).returncode == 0, name
    assert (
        subprocess.run(["git", "-C", workspace, "check-ignore", "-q", "incidents/app.yaml"], check=False).returncode
        == 1
    )


def test_init_does_not_write_over_a_workspace(crisiscomms, workspace):
    before = (workspace / "crisiscomms.toml").read_bytes()
    assert "there already" in crisiscomms("init", workspace, code=2).stderr
    assert (workspace / "crisiscomms.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("language", "within", "everyone"),
    [("de", "innerhalb von einem Arbeitstag", "Alle"), ("fr", "sous un jour ouvré", "Tout le monde")],
)
def test_what_readers_see_of_new_settings_is_in_their_language(crisiscomms, tmp_path, language, within, everyone):
    given = ("--name", "Nord", "--url", "https://nord.example", "--timezone", "Europe/Berlin", "--language", language)
    crisiscomms("init", tmp_path / "new", *given)
    workspace = read_workspace(tmp_path / "new")
    assert workspace.settings.audiences["everyone"].name.told(language) == (everyone, language)
    said = workspace.settings.organisation.contact.replies_within.told(language)[0]
    assert within.endswith(said)
    form = (packaged("templates") / language / "parts" / "contact.md.j2").read_text(encoding="utf-8")
    assert f"{within.removesuffix(said)}{{{{ t.contact.replies_within }}}}" in form


def test_a_call_after_midnight_about_an_evening(crisiscomms, workspace):
    answers = [*ANSWERS[:3], "23:40", *ANSWERS[4:7], "00:50"]
    now = ("--now", "2026-11-18 00:20")
    crisiscomms("new", "night", "--call", *now, stdin="\n".join(answers) + "\n", cwd=workspace)
    written = (workspace / "incidents" / "night.yaml").read_text(encoding="utf-8")
    assert "2026-11-17 23:40" in written
    assert "2026-11-18 00:50" in written
    assert "0 errors" in crisiscomms("check", "night", *now, cwd=workspace).stdout


def test_what_began_later_than_now_is_refused(crisiscomms, workspace):
    refused = call(crisiscomms, workspace, [*ANSWERS[:3], "2026-11-19 08:00", *ANSWERS[4:]], code=2)
    assert "2026-11-19 08:00 is still to come" in refused.stderr
    assert not (workspace / "incidents" / "app-down.yaml").exists()


def test_an_incident_that_is_over_is_open_until_that_is_out(crisiscomms, workspace):
    call(crisiscomms, workspace, ANSWERS)
    publish = ("publish", "--rehearsal", "--yes", "--now")
    crisiscomms(*publish, NOW, cwd=workspace)
    path = workspace / "incidents" / "app-down.yaml"
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    plain["updates"][-1].pop("next_update")
    plain["updates"].append(
        {"id": "over", "at": "2026-11-18 12:00", "status": "resolved", "text": "The app works again."}
    )
    plain["silence"] = [
        {"code": code, "reason": "Nobody knows yet."} for code in ("missing-cause", "missing-prevention")
    ]
    path.write_text(yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")
    later = "2026-11-18 12:05"
    assert "1 record checked" in crisiscomms("check", "--now", later, "--rehearsal", cwd=workspace, code=None).stdout
    said = crisiscomms("plan", "--rehearsal", "--now", later, cwd=workspace, code=None)
    assert "Nothing to publish" not in said.stdout + said.stderr


@pytest.mark.parametrize("given", [("--name", ""), ("--url", "https://müller.example")])
def test_init_writes_nothing_that_it_would_refuse_to_read(crisiscomms, tmp_path, given):
    refused = crisiscomms("init", tmp_path / "new", *given, code=2)
    assert "Nothing was written." in refused.stderr
    assert not (tmp_path / "new").exists()
