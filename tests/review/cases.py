"""The cases of every rule: what it must flag and what it must spare, as data in `cases/`, and how one is tried."""

import tomllib
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from example_room import FINAL, STAGES, Bench, copy_example, data_of, dump, moment

from crisiscomms.channels.accounts import accounts
from crisiscomms.messages.compose import compose
from crisiscomms.messages.templates import packaged, voices
from crisiscomms.published import PublishedIncident, Told
from crisiscomms.review import Case, review
from crisiscomms.review.letter import Known, Letter
from crisiscomms.review.scan import scan
from crisiscomms.workspace import read_workspace

HOME = Path(__file__).parent / "cases"
LONG = "Payments failed for cards of one bank, " + "and for cards of the next bank, " * 12 + "and that was our change."
HARD = (
    "Notwithstanding comprehensive organisational precautions, unanticipated infrastructural incompatibilities "
    "necessitated considerable interdepartmental coordination regarding administrative responsibilities. " * 40
)
ABOUT_RECORDS = ("records", "templates")


@dataclass(frozen=True)
class Try:
    """One text or change of a record, with the rule it is about and whether the rule must speak."""

    code: str
    language: str
    flagged: bool
    given: object
    known: dict
    of_record: bool

    @property
    def name(self):
        said = self.given if isinstance(self.given, str) else str(self.given.get("text", self.given))
        return f"{self.code}-{'flags' if self.flagged else 'spares'}-{self.language}-{said[:40]}"


def tries():
    """Yield every case of every file."""
    for path in sorted(HOME.glob("*.toml")):
        for code, parts in tomllib.loads(path.read_text(encoding="utf-8")).items():
            language = "de" if path.stem == "de" else "en"
            for kind in ("flags", "spares"):
                for given in parts[kind]:
                    yield Try(
                        code, language, kind == "flags", given, parts.get("known", {}), path.stem in ABOUT_RECORDS
                    )


def codes_of_text(case):
    """Return what the rules say about a text."""
    given = {"text": case.given} if isinstance(case.given, str) else dict(case.given)
    text, kind = given.pop("text") * given.pop("repeat", 1), given.pop("as", "statement")
    plain = {**case.known, **given}
    known = Known(**{name: frozenset(value) if isinstance(value, list) else value for name, value in plain.items()})
    return {v.rule.code for v in scan(Letter(kind, case.language, text, known=known))}


def codes_of_record(case, folder):
    """Return what the rules say about a changed example, in a workspace of its own where it needs one."""
    given = dict(case.given)
    incident = given.get("of", "checkout-outage")
    stage = given.get("stage")
    now = given.get("at") or next(now for name, s, now in STAGES if (name, s) == (incident, stage))
    bench = _bench(folder, given)
    data = data_of(incident, stage)
    told = PublishedIncident()
    if "told" in given:
        out = Bench(read_workspace(copy_example(folder / "before"))).compose_data(
            _changed(data, {"set": given["told"]}), now
        )
        told = PublishedIncident(out.composed.telling, (Told("counted", "email", "", "merchants", "notice", "sent"),))
    return _review(bench, _changed(data, given), now, told)


def _review(bench, data, now, told):
    record, clock = bench.parse(dump(data)), moment(now)
    posting = accounts(bench.channels, bench.workspace, record.incident.audiences)
    composed = compose(record.incident, bench.workspace, voices(bench.workspace), told, clock, posting, record.texts)
    found = review(Case(record, bench.workspace, told, clock, composed), posting)
    return {finding.code for finding in found if finding.severity != "info" or finding.code in QUIET}


#: Rules that only ever inform.
QUIET = {"unused-silence", "tone-drift"}


def _bench(folder, given):
    copy_example(folder / "workspace")
    home = folder / "workspace"
    for name, words in given.get("own", {}).items():
        path = home / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        below = (packaged("templates") / name).read_text(encoding="utf-8") + "\n\n" if words.startswith("+") else ""
        path.write_text(below + words.removeprefix("+").replace("HARD", HARD) + "\n", encoding="utf-8")
    if "text" in given:
        (home / "incidents" / "own.md").write_text(given["text"][1], encoding="utf-8")
    if "list" in given:
        listed, before, after = given["list"]
        path = home / "lists" / f"{listed}.csv"
        text = path.read_text(encoding="utf-8")
        assert before in text or before == "ALL"
        path.write_text(after if before == "ALL" else text.replace(before, after), encoding="utf-8")
    if "order" in given:
        path = home / "crisiscomms.toml"
        text = path.read_text(encoding="utf-8")
        was = next(line for line in text.split("\n") if line.startswith("audiences = ["))
        path.write_text(text.replace(was, f"audiences = {given['order']}".replace("'", '"')), encoding="utf-8")
    return Bench(read_workspace(home))


def _changed(data, given):
    changed = deepcopy(data)
    if "text" in given:
        changed["texts"] = [{"message": given["text"][0], "file": "own.md"}]
    for name, value in given.get("set", {}).items():
        where, last = _find(changed, name)
        where[last] = LONG if value == "LONG" else value
    for name in [*given.get("drop", ()), *given.get("and_drop", ())]:
        where, last = _find(changed, name)
        del where[last]
    return changed


def _find(data, name):
    *steps, last = [int(part) if part.isdigit() else part for part in name.split(".")]
    for step in steps:
        data = data[step]
    return data, last


def later(now, **length):
    return (moment(now) + timedelta(**length)).strftime("%Y-%m-%d %H:%M")


__all__ = ["FINAL", "Try", "codes_of_record", "codes_of_text", "tries"]
