from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
import yaml
from example_room import on_a_terminal

from crisiscomms.cli.app import VERBS

HOME = Path(__file__).resolve().parent.parent.parent
AT_RESOLVED = "2026-11-18 16:25"


def test_every_verb_is_in_help_with_an_example(crisiscomms):
    listed = crisiscomms("--help").stdout
    for verb in VERBS:
        assert re.search(rf"^  {verb}\b", listed, re.MULTILINE), verb
    groups = {
        "doubt": ("list", "resolve"),
        "refused": ("list", "resolve"),
        "audit": ("verify", "export"),
        "ledger": ("backup", "restore", "accept", "move"),
        "site": ("list", "verify", "rollback", "put"),
    }
    for verb in [*(set(VERBS) - set(groups)), *(f"{group} {verb}" for group in groups for verb in groups[group])]:
        said = crisiscomms(*verb.split(), "--help").stdout
        assert f"Example: crisiscomms {verb}" in said, verb
        bare = [line for line in said.splitlines() if re.fullmatch(r"\s+(-\w, )?--?[\w-]+( [A-Z]+)?\s*", line)]
        assert not bare, f"{verb} has options without a word about them: {bare}"
    for group in groups:
        assert not re.search(r"^  .*\.\.\.$", crisiscomms(group, "--help").stdout, re.MULTILINE), f"{group} is cut off"


def test_the_list_of_verbs_says_what_each_verb_says_of_itself(crisiscomms):
    listed = crisiscomms("--help")
    with_every_verb_imported = crisiscomms(code=2)
    assert listed.stdout == with_every_verb_imported.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--now", AT_RESOLVED),
        ("import", "a-file-with-a-name-that-is-so-long-that-it-takes-up-nearly-all-of-a-line.json"),
    ],
)
def test_no_word_is_cut_in_two_on_a_terminal_of_eighty_columns(crisiscomms, example, words):
    piped = crisiscomms(*words, cwd=example, code=None)
    seen = on_a_terminal(example, *words, NO_COLOR="1")
    assert max(map(len, seen.splitlines())) <= 80
    assert seen.split() == (piped.stdout + piped.stderr).split()


def test_every_command_in_the_readme_exists(crisiscomms):
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"^    crisiscomms (.+)$", readme, re.MULTILINE):
        words = line.split("#")[0].split()
        said = crisiscomms(words[0], "--help").stdout
        for option in (word for word in words if word.startswith("--")):
            assert option in said, f"{words[0]} {option}"


def test_schema_describes_every_field_and_accepts_the_examples(crisiscomms, example):
    schema = json.loads(crisiscomms("schema").stdout)
    for name, part in {"record": schema, **schema["$defs"]}.items():
        for field, about in part.get("properties", {}).items():
            words = about.get("description", "")
            assert words.endswith((".", "?", ".)")), f"{name}.{field} has no plain description: {words!r}"
            assert "\n" not in words
    validator = jsonschema.Draft202012Validator(schema)
    for path in (example / "incidents").glob("*.yaml"):
        plain = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        wrong = [error for error in validator.iter_errors(plain) if not _only_text_for_number(error)]
        assert not wrong, f"{path.name}: {wrong[0].message}"
    broken = {"id": "x", "titel": "y"}
    assert any("titel" in error.message for error in validator.iter_errors(broken))


def _only_text_for_number(error) -> bool:
    """BaseLoader gives every number and every yes as text; the schema's types are those of YAML."""
    return isinstance(error.instance, str) and error.validator in {"type", "anyOf"}


def test_check_json_and_exit_codes(crisiscomms, example):
    path = example / "incidents/checkout-outage.yaml"
    source = path.read_text(encoding="utf-8")
    good = json.loads(crisiscomms("check", "checkout-outage", "--now", AT_RESOLVED, "--json", cwd=example).stdout)
    assert good["format"] == "crisiscomms/check/1"
    assert not [f for f in good["findings"] if f["severity"] == "error"]
    path.write_text(
        source.replace(
            "en: $failed_payments did not go through between", "en: 3 million payments did not go through between"
        ),
        encoding="utf-8",
    )
    bad = json.loads(
        crisiscomms("check", "checkout-outage", "--now", AT_RESOLVED, "--json", cwd=example, code=4).stdout
    )
    [found] = [f for f in bad["findings"] if f["severity"] == "error"]
    line = path.read_text(encoding="utf-8").splitlines()[found["line"] - 1]
    assert found["code"] == "fact-mismatch"
    assert line[found["column"] - 1 :].startswith("3 million")
    assert found["fix"]
    done = crisiscomms("publish", "checkout-outage", "--rehearsal", "--now", AT_RESOLVED, cwd=example, code=4)
    assert "Nothing was sent" in done.stderr
    assert not list((example / "rehearsal").rglob("*.eml"))
    path.write_text(source.replace("severity: major", "severty: major"), encoding="utf-8")
    crisiscomms("check", "checkout-outage", cwd=example, code=3)
    crisiscomms("check", "no-such-thing", cwd=example, code=2)


def test_the_same_world_gives_the_same_fingerprint(crisiscomms, example):
    def plan(now: str = AT_RESOLVED) -> dict:
        return json.loads(
            crisiscomms("plan", "checkout-outage", "--rehearsal", "--now", now, "--json", cwd=example).stdout
        )

    first = plan()
    assert plan()["fingerprint"] == first["fingerprint"]
    assert plan("2026-11-18 16:59")["fingerprint"] == first["fingerprint"], "a minute later the world is the same"
    people = example / "lists/merchants.csv"
    people.write_text(
        people.read_text(encoding="utf-8").replace("shop2@shops.example", "shop2@other.example"), encoding="utf-8"
    )
    assert plan()["fingerprint"] != first["fingerprint"], "other people, other plan"


def test_publish_carries_out_the_plan_that_was_shown_or_none(crisiscomms, example):
    shown = crisiscomms("plan", "checkout-outage", "--rehearsal", "--now", AT_RESOLVED, cwd=example).stdout
    command = re.search(r"To carry out exactly this:  crisiscomms (.+)", shown)[1]
    path = example / "incidents/checkout-outage.yaml"
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace("Merchants whose payments failed", "Merchants who lost payments"), encoding="utf-8")
    import shlex

    done = crisiscomms(*shlex.split(command), cwd=example, code=5)
    assert "Nothing of it was sent" in done.stderr
    assert not list((example / "rehearsal").rglob("*.eml"))
    path.write_text(source, encoding="utf-8")
    crisiscomms(*shlex.split(command), cwd=example)
    assert len(list((example / "rehearsal").rglob("*.eml"))) == 40
    crisiscomms("plan", "checkout-outage", "--rehearsal", "--now", AT_RESOLVED, "--exit-code", cwd=example)


def test_plan_says_what_it_would_do(crisiscomms, example):
    done = crisiscomms(
        "plan", "checkout-outage", "--rehearsal", "--now", AT_RESOLVED, "--exit-code", cwd=example, code=10
    )
    assert 'mail of "counted" to merchants (de): 27 people' in done.stdout
    assert 'mail of "counted" to merchants (en): 13 people' in done.stdout
    assert "Mails: 40." in done.stdout
    assert "it waits until a person marks the promise" in done.stdout
    assert not (example / "rehearsal").exists(), "a plan writes nothing"


def test_plan_shows_changes_word_by_word(crisiscomms, example):
    crisiscomms("publish", "checkout-outage", "--rehearsal", "--now", AT_RESOLVED, cwd=example)
    path = example / "incidents/checkout-outage.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "We switched back to the old route.", "We switched back to the former route."
        ),
        encoding="utf-8",
    )
    done = crisiscomms("plan", "checkout-outage", "--rehearsal", "--now", "2026-11-18 17:00", cwd=example)
    assert "We switched back to the [-old-] {+former+} route." in done.stdout


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.mails: list[str] = []
        self.remote: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        values = dict(attrs)
        if tag == "iframe":
            self.mails.append(values["srcdoc"])
        self.remote += [values[name] for name in ("src",) if name in values]


def test_plan_page_shows_every_message_as_its_readers_would_see_it(crisiscomms, example):
    page = example / "plan.html"
    crisiscomms("plan", "checkout-outage", "--rehearsal", "--now", AT_RESOLVED, "--html", page, cwd=example)
    source = page.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(source)
    assert not reader.remote
    assert "script" not in reader.tags
    assert len(reader.mails) == 4, "two languages, the lowest and the highest value of the column in each"
    figures = [
        re.search(r"(\d+) (?:of the payments|payments?|der Zahlungen|Zahlung)", mail)[1] for mail in reader.mails
    ]
    assert sorted(map(int, figures)) == [1, 1, 43, 180]
    for said in (
        "Resolved: 1,719 payments",
        "Memo to staff",
        "Statement, de",
        "A failed payment in your shop looks like your failure.",
    ):
        assert said in source


def test_nothing_due_is_nothing_to_publish(crisiscomms, example):
    path = example / "incidents/kettle-recall.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("at: 2026-09-09 11:00", "at: 2026-09-09 15:00"), encoding="utf-8"
    )
    done = crisiscomms("plan", "kettle-recall", "--rehearsal", "--now", "2026-09-09 12:00", cwd=example)
    assert "Nothing is due yet." in done.stdout
    assert "Nothing to publish" in done.stdout


def test_unknown_kinds_of_channel_are_refused(crisiscomms, example):
    path = example / "crisiscomms.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('type = "smtp"', 'type = "mastodon"'), encoding="utf-8")
    done = crisiscomms("plan", "checkout-outage", cwd=example, code=3)
    assert 'has the type "mastodon", which we do not know' in done.stderr
    assert re.search(r"crisiscomms\.toml:\d+", done.stderr)


def test_a_set_clock_never_reaches_real_readers(crisiscomms, example):
    done = crisiscomms("publish", "checkout-outage", "--now", AT_RESOLVED, cwd=example, code=2)
    assert "--now is for rehearsals" in done.stderr


def test_no_colour_codes_without_a_terminal(crisiscomms, example):
    done = crisiscomms("plan", "checkout-outage", "--rehearsal", "--now", AT_RESOLVED, cwd=example)
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["templates/en/statement.md.j2", "site/layout.html.j2", "site/fonts/card.ttf"])
def test_git_does_not_hide_what_the_product_needs(name):
    done = subprocess.run(["git", "-C", HOME, "check-ignore", "-q", name], check=False)
    assert done.returncode == 1, f"{name} is ignored by git"


def test_the_wheel_carries_words_layouts_and_examples(tmp_path):
    import sys
    import zipfile

    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, HOME],
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "crisiscomms/_templates/en/statement.md.j2",
        "crisiscomms/_templates/de/words.toml",
        "crisiscomms/_templates/records/new.yaml.j2",
        "crisiscomms/_site/style.css",
        "crisiscomms/_site/fonts/card.ttf",
        "crisiscomms/examples/incidents/kettle-recall.yaml",
        "crisiscomms/py.typed",
    ):
        assert wanted in names


def test_a_recall_shows_what_the_product_looks_like(crisiscomms, example):
    crisiscomms("publish", "kettle-recall", "--rehearsal", "--now", "2026-09-09 11:05", cwd=example)
    page = example / "rehearsal/public/incidents/kettle-recall/index.html"
    picture = re.search(
        r'<img src="([^"]+)" alt="A grey kettle with a black handle\.', page.read_text(encoding="utf-8")
    )
    assert picture
    assert (page.parent / picture[1]).resolve().read_bytes() == (example / "pictures/fjord-k2.svg").read_bytes()


def test_every_verb_that_says_what_it_did_says_so_to_programs_too(ten, mail):
    """Words for people go to stderr then, so that a script reads one object and nothing else."""
    ten.publish()

    def told(*words, expect=0):
        done = ten.run(*words, "--json", expect=expect)
        return json.loads(done.stdout), done.stderr

    held, words = told("hold", "checkout", "--reason", "counsel reads it")
    assert (held["format"], held["scope"], held["new"]) == ("crisiscomms/hold/1", "checkout", True)
    assert "On hold: checkout" in words
    assert told("release", "checkout")[0]["scope"] == "checkout"
    kept, _ = told("ledger", "backup", "kept.db")
    assert kept["entries"] > 0
    for path in ten.folder.glob("ledger.db*"):
        path.unlink()
    back, words = told("ledger", "restore", "kept.db")
    assert back["entries"] == kept["entries"]
    assert "The ledger is back" in words
    assert told("doubt", "resolve", "--all", "--close", "--reason", "none")[0]["settled"] == 0
    ten.edit("severity: minor", "severity: minor\nmarket_sensitive: true")
    assert told("unlock", "checkout", "--by", "Ines Aalto")[0]["opened"] is True
