"""What review found, as a terminal, a program, a pull request and a browser get it."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import html5lib
import jsonschema
import pytest
from example_room import FINAL, STAGES, on_a_terminal, run_here, source_of

import crisiscomms
from crisiscomms.errors import Finding, Place, Severity
from crisiscomms.excerpt import cells, reader
from crisiscomms.review.reports.annotations import annotate
from crisiscomms.review.reports.plain import check_schema
from crisiscomms.review.reports.score import elements
from crisiscomms.review.rules import rules

OUTAGE, BREACH = "checkout-outage", "customer-data-breach"
CHECK = ("check", OUTAGE, "--now", FINAL[OUTAGE])
SARIF = json.loads(Path(__file__).with_name("sarif").joinpath("sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
FINE = "en: $failed_payments did not go through between $started and $fixed. It was our change, and we are sorry."
POOR = "en: \U0001f4b3 We are sorry for any inconvenience. 3 million payments failed between $started and $fixed."


def write(folder, *changes, incident=OUTAGE):
    """Write the outage with some words changed, and return its text."""
    path = folder / "incidents" / f"{incident}.yaml"
    source = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    path.write_text(source, encoding="utf-8")
    return source


def check(folder, *words, now=FINAL[OUTAGE], ids=(OUTAGE,)):
    return run_here(folder, "check", *ids, "--now", now, *words)


def checked(folder, format_, **more):
    return json.loads(check(folder, "--format", format_, **more).stdout)


def valid(plain):
    jsonschema.Draft202012Validator(check_schema()).validate(plain)
    return plain


# -- the terminal ----------------------------------------------------------------------------------------------


def test_each_finding_stands_with_its_line_and_a_mark_and_the_gravest_come_last(folder):
    write(folder, (FINE, POOR), ("severity: major", "severity: critical"))
    said = check(folder).stdout
    weights = re.findall(r"(?:info|question|warning|error)(?=  \[)", said)
    assert weights == sorted(weights, key=list(Severity).index)
    assert weights[-1] == "error"
    [line] = [n for n, text in enumerate(said.split("\n")) if text.endswith("[fact-mismatch]")]
    quoted, marks = said.split("\n")[line + 1 : line + 3]
    start = marks.index("^")
    assert marks.count("^") == len("3 million")
    assert "3 million" in quoted[start - 2 : start + 9]  # a picture before it takes two columns and is one character
    assert re.search(
        r"1 record checked: \d+ errors, \d+ warnings.*\. Errors stop publish\.", said.rstrip().split("\n")[-1]
    )


@pytest.mark.parametrize(("incident", "stage", "now"), STAGES)
def test_the_table_and_the_quoted_lines_fit_eighty_columns(folder, incident, stage, now):
    (folder / "incidents" / f"{incident}.yaml").write_text(source_of(incident, stage), encoding="utf-8")
    said = check(folder, now=now, ids=(incident,)).stdout
    table = said[said.index("what its messages hold") :].split("\n\n")[0]
    quoted = [line for line in said.split("\n") if re.match(r"  [ \d]{4} \| ", line)]
    assert max(map(len, [*table.split("\n"), *quoted])) <= 80


def test_a_warning_below_an_error_in_the_file_comes_before_it(folder):
    write(folder, ("en: We switched back", "en: Sorry if you minded. We switched back"), (FINE, f"{FINE[:-1]} today."))
    said = check(folder).stdout
    assert said.index("[relative-date]") < said.index("[conditional-apology]")


def test_a_terminal_of_eighty_columns_is_enough_and_colour_is_never_the_only_sign(folder):
    write(folder, (FINE, POOR))
    coloured, plain = on_a_terminal(folder, *CHECK), on_a_terminal(folder, *CHECK, NO_COLOR="1")
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    findings = plain[plain.index(f"incidents/{OUTAGE}.yaml") :]
    assert max(cells(line) for line in findings.split("\n")) <= 80
    assert re.search(r"error  \[fact-mismatch\]\n.*\| .*3 million.*\n +\| +\^{9}\n", findings)


def test_words_of_a_template_are_quoted_with_their_sentence(folder):
    own = folder / "templates" / "en"
    own.mkdir(parents=True)
    text = "# Card payments failed\n\nWe are sorry.\n\nWe lost 3 million payments of yours. It is over.\n"
    (own / "statement.md.j2").write_text(text, encoding="utf-8")
    said = check(folder).stdout
    group = said[said.index("\nstatement (en)\n") :]
    assert "| We lost 3 million payments of yours.\n       |         ^^^^^^^^^\n" in group


def test_no_colour_where_nobody_looks_and_no_control_characters_ever(folder):
    write(folder, (FINE, f"{FINE[:-1]}, \u202eany inconvenience\u202c."))
    said = check(folder)
    assert "\x1b" not in said.stdout + said.stderr
    assert "\u202e" not in said.stdout + said.stderr


def test_a_broken_record_is_quoted_too(folder):
    write(folder, ("severity: major", "severty: major"))
    said = check(folder)
    assert said.returncode == 3
    quoted, marks = next(
        pair
        for pair in zip(said.stderr.split("\n"), said.stderr.split("\n")[1:], strict=False)
        if "severty:" in pair[0]
    )
    assert quoted[marks.index("^") : marks.rindex("^") + 1] == "severty"


# -- JSON ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [FINAL[OUTAGE], "2026-11-30 12:00"])
def test_json_fits_its_published_schema(folder, request, now):
    assert json.loads(request.getfixturevalue("crisiscomms")("schema", "--check").stdout) == check_schema()
    write(folder, (FINE, POOR))
    plain = valid(checked(folder, "json", now=now, ids=()))
    assert {one["incident"] for one in plain["messages"]} >= {OUTAGE}
    assert plain["clocks"]
    [found] = [one for one in plain["findings"] if one["code"] == "fact-mismatch"]
    assert found["quote"] is None or "3 million" in found["quote"]["sentence"]
    assert json.loads(check(folder, "--json", now=now, ids=()).stdout) == plain


@pytest.mark.parametrize("words", [("--json",), ("--format", "json"), ("--format", "json", "--output", "out.json")])
def test_json_of_a_record_that_cannot_be_read_fits_the_schema(folder, words):
    write(folder, ("severity: major", "severty: major"))
    said = check(folder, *words)
    assert said.returncode == 3
    text = (folder / "out.json").read_text(encoding="utf-8") if "--output" in words else said.stdout
    assert valid(json.loads(text))["format"] == "crisiscomms/error/1"
    assert valid(json.loads(check(folder, "--format", "json", ids=("nothing",)).stdout))["exit"] == 2


def test_the_example_of_the_docs_fits_the_schema():
    docs = Path(crisiscomms.__file__).parent.parent / "docs" / "check.md"
    shown = re.search(r"```json\n(.*?)```", docs.read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    valid(json.loads(shown[1]))


def test_the_schema_refuses_what_is_not_a_report(folder):
    plain = checked(folder, "json")
    plain["messages"][0]["elements"]["apology"] = "7 of 10"
    with pytest.raises(jsonschema.ValidationError):
        valid(plain)


# -- the score -------------------------------------------------------------------------------------------------


def test_every_element_and_every_rule_that_weakens_it_is_known():
    known = rules()
    assert {code for element in elements().values() for code in element.weak} <= set(known)


def levels(folder, message, **more):
    return next(one["elements"] for one in checked(folder, "json", **more)["messages"] if one["message"] == message)


def test_an_element_is_present_weak_missing_or_not_asked(folder):
    good = levels(folder, "statement (en)")
    assert list(good) == list(elements())
    assert set(good.values()) == {"present", "not asked now"}
    assert good["apology"] == good["responsibility"] == good["signatory"] == "present"
    assert good["next-update"] == "not asked now"
    write(folder, (FINE, POOR))
    assert levels(folder, "incident (en)")["apology"] == "weak"
    assert levels(folder, "incident (de)")["apology"] == "present"
    source = write(folder)
    start, end = source.index("feedback:"), source.index("lessons:")
    write(folder, (source[start:end], ""))
    assert levels(folder, "statement (en)")["feedback"] == "missing"


def test_what_a_template_leaves_out_is_missing_in_that_message_alone(folder):
    own = folder / "templates" / "en"
    own.mkdir(parents=True)
    (own / "statement.md.j2").write_text("# Card payments failed\n\nWe are sorry.\n", encoding="utf-8")
    silence = "silence: [{ code: missing-responsibility, reason: We say it in the FAQ. }]\nupdates:\n"
    write(folder, ("updates:\n  - id: first", silence + "  - id: first"))
    scores = {one["message"]: one["elements"] for one in checked(folder, "json")["messages"]}
    assert scores["statement (en)"]["responsibility"] == "missing"  # accepted, and still not there
    assert scores["statement (en)"]["apology"] == "present"
    assert scores["faq (en)"]["responsibility"] == "present"


def test_the_table_names_what_is_short_with_a_sign_and_a_word(folder):
    write(folder, (FINE, POOR))
    said = check(folder).stdout
    assert re.search(r"^  says sorry +~ weak", said, re.MULTILINE)
    assert not re.search(
        r"\d+ ?(%|/ ?\d+|points)", said[said.index("what its messages hold") : said.index("Not asked")]
    )


# -- GitHub ----------------------------------------------------------------------------------------------------


def test_annotations_name_file_line_and_columns(folder):
    source = write(folder, (FINE, POOR))
    lines = check(folder, "--format", "github").stdout.splitlines()
    [found] = [line for line in lines if "title=fact-mismatch" in line]
    number = next(n for n, text in enumerate(source.split("\n"), 1) if "3 million" in text)
    column = source.split("\n")[number - 1].index("3 million") + 1
    head = (
        f"::error file=incidents/{OUTAGE}.yaml,line={number},col={column},endColumn={column + 9},title=fact-mismatch::"
    )
    assert found.startswith(head)
    assert "%0AFix: " in found


def test_annotations_escape_what_github_would_read_as_its_own():
    finding = Finding("c", Severity.WARNING, Place("a,b:c%.yaml", 2, 1), "50% gone\r\n::error::x", "", "y")
    [line] = annotate([finding], reader())
    assert line == "::warning file=a%2Cb%3Ac%25.yaml,line=2,col=1,title=c::50%25 gone%0D%0A::error::x%0A%0AFix: y"
    assert "\n" not in line


# -- SARIF -----------------------------------------------------------------------------------------------------


def sarif(folder, **more):
    plain = checked(folder, "sarif", **more)
    jsonschema.Draft4Validator(SARIF).validate(plain)
    return plain["runs"][0]


def test_sarif_is_valid_and_points_at_the_words_in_utf16(folder):
    source = write(folder, (FINE, POOR))
    run = sarif(folder)
    assert run["columnKind"] == "utf16CodeUnits"
    [found] = [result for result in run["results"] if result["ruleId"] == "fact-mismatch"]
    region = found["locations"][0]["physicalLocation"]["region"]
    line = source.split("\n")[region["startLine"] - 1].encode("utf-16-le")
    marked = line[2 * region["startColumn"] - 2 : 2 * region["endColumn"] - 2].decode("utf-16-le")
    assert marked == region["snippet"]["text"] == "3 million"
    rule = run["tool"]["driver"]["rules"][found["ruleIndex"]]
    assert rule["id"] == "fact-mismatch"
    assert rules()["fact-mismatch"].good in rule["help"]["text"]
    assert found["level"] == "error"


def test_sarif_of_a_record_that_cannot_be_read_and_of_all_examples_is_valid(folder):
    assert sarif(folder, ids=())["results"]
    write(folder, ("severity: major", "severty: major"))
    assert {result["level"] for result in sarif(folder)["results"]} == {"error"}


def prints(run):
    return sorted(result["partialFingerprints"]["crisiscomms/v1"] for result in run["results"])


def test_fingerprints_stay_when_lines_move_and_are_never_shared(folder):
    source = write(folder, (FINE, POOR))
    before = prints(sarif(folder))
    path = folder / "incidents" / f"{OUTAGE}.yaml"
    path.write_text("# one\n# two\n" + source, encoding="utf-8")
    assert prints(sarif(folder)) == before
    assert len(set(before)) == len(before)
    path.write_text(source.replace("3 million", "4 million"), encoding="utf-8")
    assert prints(sarif(folder)) != before


def test_a_silenced_finding_is_suppressed_with_its_reason(folder):
    silence = "silence: [{ code: any-inconvenience, reason: Agreed with the regulator. }]\nupdates:\n"
    write(folder, (FINE, POOR), ("updates:\n  - id: first", silence + "  - id: first"))
    suppressed = {r["ruleId"]: r["suppressions"] for r in sarif(folder)["results"] if "suppressions" in r}
    [reason] = suppressed["any-inconvenience"]
    assert (reason["kind"], reason["justification"]) == ("inSource", "Agreed with the regulator.")
    assert set(suppressed) == {"any-inconvenience"}
    assert "accepted in the record" in check(folder).stdout


BROKEN = sorted((Path(__file__).parent.parent / "records" / "broken").glob("*.yaml"))


def test_every_broken_record_can_be_reported_and_none_is_harmed_by_fix(folder):
    for path in (folder / "incidents").iterdir():
        path.unlink()
    copies = [Path(shutil.copy(path, folder / "incidents")) for path in BROKEN]
    files = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in sarif(folder, ids=())["results"]
    }
    assert len(files) >= len(BROKEN) - 5  # some of them name another file
    assert valid(checked(folder, "json", ids=()))["exit"] == 3
    text, read = page(folder, ids=())
    html5lib.HTMLParser(strict=True).parse(text)
    assert "script" not in read.tags
    before = {path: path.read_bytes() for path in copies}
    lines = check(folder, "--fix", "--yes", "--format", "github", ids=()).stdout.splitlines()
    assert all(re.match(r"::(error|warning|notice) file=", line) for line in lines)
    for path, raw in before.items():
        old, new = raw.split(b"\n"), path.read_bytes().split(b"\n")
        assert len(old) == len(new)
        assert all(a == b or b"$" in a for a, b in zip(old, new, strict=True))  # misspelt names are all that it mends


# -- HTML ------------------------------------------------------------------------------------------------------


class _Page(HTMLParser):
    """What a browser would take from a page: its tags, its ids, and the words that are marked."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.marked, self._in = [], [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._in += tag == "mark"
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [value for name, value in attrs if name in {"href", "src", "action", "srcset"}]

    def handle_endtag(self, tag):
        self._in -= tag == "mark"

    def handle_data(self, data):
        if self._in:
            self.marked.append(data)


def page(folder, **more):
    said = check(folder, "--format", "html", "--output", "report.html", **more)
    assert "Written: report.html" in said.stdout
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text, _Page(text)


def test_the_page_marks_the_words_and_asks_for_nothing(folder):
    write(folder, (FINE, POOR))
    text, read = page(folder, ids=())
    assert "any inconvenience" in read.marked
    assert "3 million" in "".join(read.marked)
    html5lib.HTMLParser(strict=True).parse(text)
    assert "script" not in read.tags
    assert all(link.startswith("#") for link in read.links)
    assert not re.search(r"url\(|@import", text)
    assert len(read.ids) == len(set(read.ids))
    assert {link[1:] for link in read.links} <= set(read.ids)
    assert "prefers-color-scheme:dark" in text


def test_hostile_words_stay_text(folder):
    write(folder, ("Was any customer charged twice?", "Was any \\`</div>\\` & \\`<img src=x onerror=alert(1)>\\` hit?"))
    text, read = page(folder)
    assert "img" not in read.tags
    assert "onerror=alert" in text
    write(folder, (FINE, "en: <script>alert(1)</script> any inconvenience"))
    text, read = page(folder)
    assert "script" not in read.tags
    assert "&lt;script&gt;" in text


# -- where it goes ---------------------------------------------------------------------------------------------


def test_output_writes_the_same_bytes_and_says_so(folder):
    for format_ in ("json", "sarif", "github", "html"):
        printed = check(folder, "--format", format_).stdout
        assert check(folder, "--format", format_, "--output", "out").stdout.rstrip().endswith("Written: out")
        assert (folder / "out").read_text(encoding="utf-8") == printed
    check(folder, "--output", "out")
    assert "1 record checked" in (folder / "out").read_text(encoding="utf-8")
    refused = check(folder, "--format", "json", "--output", "no/such/folder/out")
    assert refused.returncode == 2
    assert "cannot be written" in refused.stderr


def test_a_format_that_is_none_is_named(folder):
    refused = check(folder, "--format", "sarfi")
    assert refused.returncode == 2
    assert 'Did you mean "sarif"?' in refused.stderr
