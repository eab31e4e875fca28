"""The letters: what stands first, what never stands there, what is left out without a trace, and what fits in a post."""

import re
import tomllib
from copy import deepcopy
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import twitter_text
from example_room import FINAL, STAGES, bench_in, copy_example, data_of, dump, run_here, source_of
from produced_files import parts_of, readings

from crisiscomms.errors import InvalidInput
from crisiscomms.fields import When
from crisiscomms.limits import X_POST
from crisiscomms.messages import templates
from crisiscomms.messages.compose import filled, reader_filler, reader_slots
from crisiscomms.messages.languages import Voice, load_words
from crisiscomms.messages.posts import Account, Posts
from crisiscomms.messages.prose import sentences
from crisiscomms.messages.templates import packaged
from crisiscomms.published import PublishedIncident

OUTAGE, BREACH, RECALL = "checkout-outage", "customer-data-breach", "kettle-recall"
SORRY = ("sorry", "tut uns leid")


def below_title(text):
    return " ".join(text.split("\n", 1)[1].split())


def apologises(words):
    return any(form in words.lower() for form in SORRY)


# -- what stands first -----------------------------------------------------------------------------------------


def test_a_merchants_letter_opens_with_their_own_figure_and_our_apology(produced):
    paths = sorted((produced / "email" / OUTAGE / "counted").glob("*.eml"))
    assert len(paths) == 40
    list_of = (produced.parent / "lists/merchants.csv").read_text(encoding="utf-8")
    seen = set()
    for path in paths:
        _, subject, text, _ = parts_of(path)
        paragraphs = text.split("\n\n")
        own = re.search(rf"^{re.escape(path.name.split('-notice-')[1][:-4])},.*,(\d+)$", list_of, re.MULTILINE)[1]
        german = subject.endswith("fehl")
        unit = ("Zahlung" if own == "1" else "Zahlungen") if german else ("payment" if own == "1" else "payments")
        to_you = "an Sie haben wir am 18. November nicht ausgeführt" if german else "to you failed on 18 November"
        assert paragraphs[1].startswith(f"{own} {unit} {to_you}")
        assert apologises(" ".join(" ".join(paragraphs[1:]).split()[:60]))
        seen.add((german, own == "1"))
    assert seen >= {(True, True), (True, False), (False, False)}


def test_one_payment_and_many_are_both_said_right(bench):
    composed = bench.read(source_of(OUTAGE), FINAL[OUTAGE]).composed
    record = bench.parse(source_of(OUTAGE))
    person = next(record.lists["merchants"].people())
    for notice in composed.messages.notices:
        for own, en, de in (
            ("1", "1 payment to you", "1 Zahlung an Sie"),
            ("1700", "1,700 payments to you", "1.700 Zahlungen an Sie"),
        ):
            other = person._replace(columns=("failed_payments",), cells=(own,))
            slots = reader_slots(composed.facts, notice.columns)
            values = reader_filler(composed.facts, notice.language, notice.columns)(other)
            text = filled(
                notice, {slot: value for slot, value in zip(slots, values, strict=True) if value is not None}
            ).text
            assert (de if notice.language == "de" else en) in text


def test_the_site_knows_an_incidents_own_contact_in_the_language_of_its_words(bench):
    own = {"email": "recall@northwind-home.example", "phone": "+49 800 5550 199"}
    recall = bench.read(source_of(RECALL), FINAL[RECALL]).composed.messages.site
    assert [dict(content.contact) for content in recall] == [
        {**own, "hours": "every day, 06:00-24:00", "replies_within": "1 hour"} for _ in recall
    ]
    outage = bench.read(source_of(OUTAGE), FINAL[OUTAGE]).composed.messages.site
    assert [content.contact for content in outage] == [() for _ in outage]


@pytest.mark.parametrize("incident", [OUTAGE, BREACH, RECALL])
def test_the_statement_says_sorry_in_its_first_two_sentences(bench, incident):
    read = bench.read(source_of(incident), FINAL[incident])
    for name, text in read.messages():
        if name.startswith("statement"):
            assert apologises(" ".join(sentences(below_title(text))[:2]))


@pytest.mark.parametrize("incident", [OUTAGE, BREACH, RECALL])
def test_the_statement_says_nothing_twice(bench, incident):
    read = bench.read(source_of(incident), FINAL[incident])
    for name, text in read.messages():
        if name.startswith("statement"):
            lines = [line.removeprefix("- ") for line in text.split("\n")[1:]]
            said = [sentence for line in lines for sentence in sentences(line) if len(sentence) > 12]
            assert [sentence for sentence in said if said.count(sentence) > 1] == []
            assert len(said) > 15


# -- whose doing it was ----------------------------------------------------------------------------------------

FAULT = [
    "our failure", "our fault", "our mistake", "we failed", "we answer for our part", "we are sorry that we", "it was our",
    "unser versagen", "unsere schuld", "unser fehler", "wir haben versagt", "für unseren teil", "es war unsere", "leid, dass wir",
]  # fmt: skip


def another_level(level, stage, **more):
    data = data_of(OUTAGE, stage)
    data["responsibility"] = {"level": level, **more}
    data["impact"] = [
        {name: part for name, part in item.items() if name not in {"felt", "opening"}} for item in data["impact"]
    ]
    for update in data["updates"]:
        update["text"] = {"en": "Payments are failing.", "de": "Zahlungen schlagen fehl."}
    data["cause"] = (
        {"state": "confirmed", "plain": {"en": "A cable broke.", "de": "Ein Kabel riss."}}
        if level == "not-ours"
        else {"state": "unknown"}
    )
    data["rumours"] = []
    return data


@pytest.mark.parametrize("level", ["not-ours", "unknown"])
@pytest.mark.parametrize(("stage", "now"), [(1, "2026-11-18 10:36"), (4, "2026-11-18 13:07"), (None, FINAL[OUTAGE])])
@pytest.mark.parametrize("harm", ["none", "confirmed"])
def test_no_fault_is_claimed_that_is_not_known_to_be_ours(bench, level, stage, now, harm):
    data = {**another_level(level, stage), "harm": harm}
    read = bench.read_data(data, now)
    for name, text in read.messages():
        assert [form for form in FAULT if form in " ".join(text.lower().split())] == [], name
    for name in (
        "incident en",
        "incident de",
        *(f"notice merchants {language}" for language in ("en", "de") if stage != 4),
    ):
        text = " ".join(read.message(name).split())
        feeling = (
            ("sorry that you have to deal", "leid, dass Sie damit zu tun")
            if harm == "none"
            else ("feel for everyone who has come to harm", "denken an alle, die zu Schaden")
        )
        assert any(words in text for words in feeling)
        to_do = next(
            item["text"]["de" if name.endswith("de") else "en"]
            for item in data["do_now"]
            if item["audience"] == ("merchants" if "merchants" in name else "everyone")
        )
        assert to_do in text


def test_a_duty_is_told_where_it_was_not_our_doing(bench):
    data = another_level(
        "not-ours",
        None,
        duty={"en": "We choose whom we buy lines from.", "de": "Wir wählen, von wem wir Leitungen kaufen."},
    )
    read = bench.read_data(data, FINAL[OUTAGE])
    assert (
        "It was not our doing. Helping you is our job all the same. We choose whom we buy lines from."
        in read.message("statement en")
    )
    assert "Wir wählen, von wem wir Leitungen kaufen." in read.message("notice merchants de")


def test_nobody_says_what_we_did_while_we_look_for_the_cause(bench):
    data = data_of(OUTAGE, 1)
    data["responsibility"] = {
        "level": "ours",
        "statement": {"en": "We pulled a plug.", "de": "Wir haben einen Stecker gezogen."},
    }
    read = bench.read_data(data, "2026-11-18 10:36")
    for name, text in read.messages():
        assert "We pulled a plug." not in text, name
        assert "Stecker" not in text, name
    data["cause"] = {"state": "confirmed", "plain": "The plug was out."}
    assert "We pulled a plug." in bench.read_data(data, "2026-11-18 10:36").message("incident en")


# -- where someone is hurt -------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["ours", "shared", "not-ours", "unknown"])
def test_where_someone_is_hurt_they_come_first_and_nothing_is_cheerful(bench, level):
    source = source_of(RECALL).replace("level: shared", f"level: {level}")
    read = bench.read(source, FINAL[RECALL])
    for name, text in read.messages():
        assert "!" not in text, name
        assert not re.search(
            r"\b(great|happy|glad|exciting|thank you for your patience|oops|hooray)\b|[\U0001f300-\U0001faff]",
            text,
            re.IGNORECASE,
        ), name
    assert "come to harm" in sentences(below_title(read.message("statement en")))[0]
    letter = read.message("notice buyers en").split("\n\n")
    assert "come to harm" in sentences(letter[1])[0]
    assert "Ask first whether the caller is hurt, ill or in danger." in read.message("memo en")


# -- empty parts -----------------------------------------------------------------------------------------------


def parts(value, path=()):
    """Yield the path of every field that could be left out: of lists, those of the first entry."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name)
            yield from parts(item, (*path, name))
    elif isinstance(value, list) and value:
        yield (*path, 0)
        yield from parts(value[0], (*path, 0))


def stripped(data, path):
    changed = deepcopy(data)
    found = changed
    for step in path[:-1]:
        found = found[step]
    del found[path[-1]]
    return changed


def traces(text):
    """Return what shows that something was left out, or left in."""
    found = re.findall(
        r"\bNone\b(?! was)|: \.|(?<=\S)  +(?=\S)|\.\.|\(\s*\)|„\s*“|\"\"|[{}\ue000-\uf8ff]|\$\w| [.,;:!?](?=\s)|,,|\.,|:\.|^- *$|^: ",
        text,
        re.MULTILINE,
    )
    for opens, closes in ("()", "[]", "„“"):
        if text.count(opens) != text.count(closes):
            found.append(opens)
    blocks = list(re.split(r"\n\n+", text.strip()))
    for block, after in zip(blocks, [*blocks[1:], ""], strict=True):
        if block.rstrip().endswith(":") and (not after or after.rstrip().endswith((":", "?"))):
            found.append(block)
    return found


def empty_headings(html):
    return re.findall(
        r"<h2[^>]*>[^<]*</h2>\s*(?=<h[12]|$)|<li>\s*</li>|<p>\s*</p>|<ul>\s*</ul>|<strong>\s*</strong>|<blockquote>\s*</blockquote>",
        html,
    )


#: Every field once, those at the top of a record in all three.
STRIPPED = {
    (incident if len(path) == 1 else "", path): (incident, path)
    for incident in (OUTAGE, BREACH, RECALL)
    for path in parts(data_of(incident))
    if path[-1] not in {"en", "de", "one", "other"}
}


def test_what_is_left_out_leaves_no_trace(bench, monkeypatch):
    monkeypatch.setattr(
        "crisiscomms.messages.letters.mail_html", lambda _subject, _first, _language, body, _direction: body
    )
    composed = 0
    for incident, path in STRIPPED.values():
        try:
            read = bench.compose_data(stripped(data_of(incident), path), FINAL[incident])
        except InvalidInput:
            continue  # it could not be left out
        if read is None:
            continue
        composed += 1
        where = f"{incident} without {path}"
        for name, text in read.messages():
            assert traces(re.sub(r"\ue003[\w.]+\ue004", "X", text)) == [], f"{name}, {where}"
        pages = [page.html for content in read.composed.messages.site for page in content.pages]
        for html in [
            *pages,
            *(notice.html for notice in read.composed.messages.notices),
            *(memo.html for memo in read.composed.messages.memos),
        ]:
            assert empty_headings(html) == [], where
    assert composed > 80


@pytest.mark.parametrize(
    "text",
    [
        "What we do not know yet:",
        "It was None.",
        "Two  spaces",
        "So..",
        "It lasted ().",
        "By {x}",
        "Owed $fact",
        "Who: .",
        "What:\n\nWhat else:\n\nThis.",
    ],
)
def test_a_trace_is_seen(text):
    assert traces(text)


def test_nothing_is_left_in_what_was_produced(produced):
    for name, _, _, _, text in readings(produced):
        assert not re.search(r"\bNone\b(?! was)|[{}]|\$\w|[\ue000-\uf8ff]", text.replace("#", "")), name


# -- posts -----------------------------------------------------------------------------------------------------


def known_sentences(data):
    """Return a pattern for every sentence of the record and of the short words, whatever is filled in."""
    words = tomllib.loads((packaged("templates") / "en" / "words.toml").read_text(encoding="utf-8"))
    raw = list(strings(data)) + list(words["post"].values())
    statuses = "|".join(map(re.escape, words["status"].values()))
    patterns = []
    for text in raw:
        for sentence in sentences(" ".join(text.split())):
            pattern = re.sub(r"\\\$\w+(?:\\\.\w+)*|\\\{\w+\\\}", ".+?", re.escape(sentence))
            patterns.append(re.compile(rf"(?:(?:{statuses}): )?{pattern}"))
    return patterns


def strings(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    else:
        yield str(value)


LONG = "Card payments that should have gone through without anybody noticing anything at all were refused by the new route. "


@pytest.mark.parametrize(("incident", "stage", "now"), STAGES)
@pytest.mark.parametrize("longer", [0, 1])
def test_a_post_fits_is_made_of_whole_sentences_and_keeps_what_matters(bench, incident, stage, now, longer):
    data = data_of(incident, stage)
    if longer:
        for item in data["do_now"]:
            item["text"] = "Please wait. " + LONG * 3
    read = bench.read_data(data, now)
    post = read.composed.messages.posts[0]
    update = read.composed.facts.update
    parsed = twitter_text.parse_tweet(post.text)
    assert parsed.valid
    assert parsed.weightedLength <= 280
    body, link = post.text.rsplit("\n", 1)
    assert link == f"https://status.northwind.example/incidents/{incident}/#{update.id}"
    patterns = known_sentences(data)
    said = sentences(body)
    assert [sentence for sentence in said if not any(pattern.fullmatch(sentence) for pattern in patterns)] == []
    status = {
        "investigating": "Investigating",
        "identified": "Cause found",
        "monitoring": "Monitoring",
        "resolved": "Resolved",
    }[update.status]
    if data["harm"] == "none":
        assert said[0].startswith(f"{status}: ")
    else:  # who may be hurt reads first what happened and what to do
        assert f"{status}." in said[2:]
        assert not said[0].startswith(status)
    if data["responsibility"]["level"] in {"ours", "shared"}:
        assert apologises(body)
    to_do = " ".join(" ".join(strings(item["text"])) for item in data["do_now"] if item["audience"] == "everyone")
    assert any(sentence in to_do for sentence in said)
    if update.next_update:
        assert said[-1].startswith("Next update by ")
        assert update.next_update.at.strftime("%H:%M") in said[-1] or str(update.next_update.at.day) in said[-1]


def test_a_post_that_has_room_for_the_day_only_says_it_as_a_day(bench):
    data = data_of(OUTAGE, 1)
    data["updates"][0]["next_update"] = "2026-11-19 11:15"
    data["updates"][0]["text"] = {
        "en": "Payments fail.",
        "de": "Kartenzahlungen in der Europäischen Union schlagen an der Kasse fehl, und wir suchen nach der Ursache dafür.",
    }
    data["do_now"] = [
        {
            "audience": "everyone",
            "text": {
                "en": "Wait.",
                "de": "Bitte warten Sie, bevor Sie noch einmal zahlen, bis wir hier schreiben, dass es wieder geht.",
            },
        }
    ]
    facts = bench.read_data(data, "2026-11-18 10:36").composed.facts
    post = next(Posts(facts, (Account("x", "de", X_POST),)).posts())
    assert "Nächste Meldung bis zum 19. November." in post.text


def test_a_post_that_cannot_fit_is_refused_and_not_cut(bench):
    data = data_of(OUTAGE, 1)
    data["updates"][0]["text"] = " ".join(["payments"] * 60) + "."
    read = bench.read_data(data, "2026-11-18 10:36")
    assert [finding.code for finding in read.errors()] == ["post-too-long"]
    assert read.errors()[0].place.line
    data["updates"][0]["short"] = "Card payments are failing."
    read = bench.read_data(data, "2026-11-18 10:36")
    assert read.errors() == []
    assert read.composed.messages.posts[0].text.startswith("Investigating: Card payments are failing. ")


# -- who gets what ---------------------------------------------------------------------------------------------


def test_the_second_letter_answers_the_first(produced):
    first = {path.name: parts_of(path)[0] for path in (produced / "email" / OUTAGE / "first-notice").glob("*.eml")}
    for path in (produced / "email" / OUTAGE / "counted").glob("*.eml"):
        mail = parts_of(path)[0]
        assert mail["Subject"] == f"Re: {first[path.name]['Subject']}"
        assert mail["In-Reply-To"] == first[path.name]["Message-ID"]
    assert not any(mail["Subject"].startswith("Re:") for mail in first.values())


def with_private_update(data, text="CANARY for merchants only, $failed_payments.", **more):
    data = deepcopy(data)
    data["updates"] = [update for update in data["updates"] if "needs" not in update]
    data["updates"].append(
        {
            "id": "quiet",
            "at": "2026-11-18 16:22",
            "status": "follow-up",
            "text": text,
            "private": "true",
            "audiences": ["merchants"],
            **more,
        }
    )
    return data


def test_a_private_update_reaches_its_audience_and_no_page_feed_post_or_memo(bench):
    read = bench.read_data(with_private_update(data_of(OUTAGE)), FINAL[OUTAGE])
    reached = [name for name, text in read.messages() if "CANARY" in text]
    assert sorted(reached) == ["notice merchants de", "notice merchants en"]
    assert [post.update for post in read.composed.messages.posts] == ["counted"]  # the public is told what it may know
    for content in read.composed.messages.site:
        assert content.status == "resolved"
        assert "CANARY" not in content.summary
        assert "16:22" not in "".join(page.html for page in content.pages)
        assert content.entries[0].id == "counted"
    assert read.errors() == []


def test_before_there_is_a_public_word_there_is_no_page(bench):
    data = with_private_update(data_of(OUTAGE))
    data["updates"] = data["updates"][-1:]
    read = bench.read_data(data, FINAL[OUTAGE])
    assert {name.split()[0] for name, _ in read.messages()} == {"notice"}


def test_a_private_update_that_changed_is_not_corrected_in_public(bench):
    data = with_private_update(data_of(OUTAGE))
    before = bench.read_data(data, FINAL[OUTAGE]).composed.telling
    from crisiscomms.published import PublishedIncident

    changed = with_private_update(data_of(OUTAGE), "CANARY, changed.")
    read = bench.read_data(changed, FINAL[OUTAGE], PublishedIncident(telling=before))
    assert read.composed.facts.corrections
    assert {name.split()[0] for name, text in read.messages() if "CANARY" in text} == {"notice"}


@pytest.mark.parametrize("material", ["true", "false"])
def test_a_changed_figure_that_no_update_cites_is_corrected_on_the_page_all_the_same(bench, material):
    """It stood in `impact`: whoever read the page was told it."""
    data = data_of(OUTAGE)
    data["facts"]["terminals"] = {"value": "48", "unit": "terminals", "certainty": "estimated", "material": material}
    data["impact"][0]["effect"] = {"en": "$terminals stopped.", "de": "$terminals standen still."}
    before = bench.read_data(data, FINAL[OUTAGE]).composed.telling
    data["facts"]["terminals"] |= {"value": "52", "certainty": "confirmed"}
    read = bench.read_data(data, "2026-11-18 17:10", PublishedIncident(telling=before))
    assert "correction-unmarked" not in [finding.code for finding in read.findings]
    page = read.message("incident en")
    newest = page.partition("Updates")[2]
    assert "it is 52 terminals, not about 48 terminals as we said before" in newest
    assert page.count("not about 48 terminals") == 1


def test_when_we_learned_of_it_is_never_said_of_its_cause(bench):
    """After the cause, "it" would be the cause, and we would say that we knew it when we did not."""
    for incident, cause in (
        (OUTAGE, "We switched card payments"),
        (BREACH, "A backup was copied"),
        (RECALL, "The glue that holds"),
    ):
        read = bench.read_data(data_of(incident), FINAL[incident])
        for name in ("statement en", "incident en"):
            assert read.message(name).index("We learned of it") < read.message(name).index(f"\n\n{cause}")


def test_what_something_meant_is_not_told_without_what_it_was(bench):
    """The merchants' effect is each one's own figure, so it stands in their letters and not on the page."""
    read = bench.read_data(data_of(OUTAGE), FINAL[OUTAGE])
    felt = "A failed payment in your shop looks like your failure."
    assert felt in read.message("notice merchants en")
    assert [name for name, text in read.messages() if felt in text and not name.startswith("notice")] == []


def test_what_works_again_is_called_down_nowhere(bench):
    """Fixed at 12:47, told at 13:02: nothing is over yet, as they still count what failed."""
    read = bench.read(source_of(OUTAGE, 4), "2026-11-18 13:07")
    texts = dict(read.messages())
    for name in ("incident en", "faq en"):
        assert "It affected: Hosted checkout and Payments API." in texts[name]
        assert ": down." not in texts[name]
    assert "Not yet. It worked again at 12:47 CET on 18 November 2026" in texts["faq en"]
    [content] = [one for one in read.composed.messages.site if one.language == "en"]
    assert {state for _, state in content.components} == {"operational"}


@pytest.mark.parametrize("state", ["degraded_performance", "partial_outage", "major_outage"])
def test_what_works_again_is_called_slow_nowhere_either(bench, state):
    for stage, now, shown in ((3, "2026-11-18 12:13", state), (4, "2026-11-18 13:07", "operational")):
        data = data_of(OUTAGE, stage)
        data["affected"]["components"] = dict.fromkeys(data["affected"]["components"], state)
        content = bench.compose_data(data, now).composed.messages.site[0]
        assert {said for _, said in content.components} == {shown}


def test_what_was_to_be_done_by_a_day_that_has_passed_is_called_late(bench):
    data = data_of(RECALL)
    in_time = bench.read_data(data, FINAL[RECALL])
    late = bench.read_data(data, "2026-10-18 12:00")
    said = "By 15 October 2026: An independent laboratory will test every handle we use. Our quality team sees to it."
    for name in ("incident en", "statement en", "faq en"):
        assert said in in_time.message(name)
        assert "We are late." not in in_time.message(name)
        assert f"{said} That time has passed, and it is not done yet. We are late." in late.message(name)


@pytest.mark.parametrize(
    ("certainty", "en", "de"), [("estimated", "About", "Etwa"), ("at-least", "At least", "Mindestens")]
)
def test_about_is_said_once_where_the_team_wrote_it_too(bench, certainty, en, de):
    data = data_of(OUTAGE)
    data["facts"]["failed_payments"]["certainty"] = certainty
    data["updates"][4]["text"] = {"en": f"{en} $failed_payments failed.", "de": f"{de} $failed_payments schlugen fehl."}
    read = bench.read_data(data, FINAL[OUTAGE])
    assert f"{en} 1,719 payments failed." in read.message("incident en")
    assert f"{de} 1.719 Zahlungen schlugen fehl." in read.message("incident de")


def test_when_to_hear_more_is_a_day_where_something_is_still_promised(bench):
    data = data_of(OUTAGE)
    said = "By 25 November 2026, on this page. What is still to come stands below."
    assert said in bench.read_data(data, FINAL[OUTAGE]).message("incident en")
    data["promises"], data["updates"] = [], data["updates"][:-1]
    del data["actions"][1]["due"]
    text = bench.read_data(data, FINAL[OUTAGE]).message("incident en")
    assert "hear more?\n\nWhat is still to come stands below." in text
    del data["actions"][1], data["repair"]
    assert "It is over. If we learn something new" in bench.read_data(data, FINAL[OUTAGE]).message("incident en")


def test_a_figure_that_nobody_was_told_changes_without_a_word(bench):
    """It stands in the cause, which is not told while it is only suspected."""
    data = data_of(OUTAGE, 1)
    data["facts"]["cables"] = {"value": "48", "unit": "cables", "certainty": "estimated"}
    data["cause"] = {"state": "suspected", "plain": {"en": "$cables may be worn.", "de": "$cables sind wohl alt."}}
    before = bench.read_data(data, "2026-11-18 10:36").composed.telling
    data["facts"]["cables"]["value"] = "52"
    read = bench.read_data(data, "2026-11-18 10:46", PublishedIncident(telling=before))
    assert read.composed.facts.corrections == ()
    assert [name for name, text in read.messages() if "cables" in text] == []


def test_how_long_it_lasted_is_told_in_days_where_only_the_day_is_known(bench):
    data = data_of(OUTAGE)
    data["times"] |= {"started": "2026-11-16", "fixed": "2026-11-18 12:47"}
    text = bench.read_data(data, FINAL[OUTAGE]).message("incident en")
    assert "It lasted 2 days." in text
    assert "hour and" not in text


def test_notes_and_what_is_for_the_team_reach_nothing(bench):
    data = data_of(OUTAGE)
    data["notes"] = "CANARY-NOTES"
    data["facts"]["failed_payments"]["source"] = "CANARY-SOURCE"
    data["glossary"] = {"route": "CANARY-GLOSSARY"}
    data["regulation"] = [{"pack": "gdpr-33", "applies": "no", "likely_consequences": "CANARY-LAW"}]
    data["silence"] = [{"code": "missing-repair", "reason": "CANARY-SILENCE"}]
    read = bench.read_data(data, FINAL[OUTAGE])
    assert [name for name, text in read.messages() if "CANARY" in text] == []
    data["cause"] = {"state": "suspected", "plain": "CANARY-CAUSE"}
    assert [name for name, text in bench.read_data(data, FINAL[OUTAGE]).messages() if "CANARY" in text] == []


def test_what_is_one_readers_own_or_one_audiences_own_never_stands_on_a_page(bench):
    data = data_of(OUTAGE)
    own = "CANARY $recipient.failed_payments.with_unit."
    data["do_now"].append({"audience": "merchants", "text": own})
    data["repair"].append({"audience": "merchants", "kind": "credit", "what": own, "how": "Just ask."})
    data["repair"].append({"audience": "merchants", "kind": "credit", "what": "Ask.", "how": own})
    data["impact"].append({"audience": "merchants", "effect": own, "felt": own})
    data["do_now"].append({"audience": "merchants", "text": "CANARY private.", "private": "true"})
    read = bench.read_data(data, FINAL[OUTAGE])
    reached = {name for name, text in read.messages() if "CANARY" in text}
    assert reached == {"notice merchants en", "notice merchants de"}
    for content in read.composed.messages.site:
        assert not any(re.search("[\ue003\ue004]", page.html + page.markdown) for page in content.pages)


def test_who_reads_a_language_that_is_missing_is_told_so(bench):
    read = bench.read(source_of(BREACH), FINAL[BREACH])
    german = read.message("notice customers de")
    assert "Diese Nachricht gibt es noch nicht auf Deutsch. Sie lesen sie auf Englisch, weil" in german
    assert "You trusted us with where you live." in german
    assert "noch nicht" not in read.message("notice customers en")
    content = next(content for content in read.composed.messages.site if content.language == "de")
    assert content.words_language == "en"


def test_an_english_reader_of_a_german_record_is_told_so(bench):
    data = {**data_of(OUTAGE), "languages": ["de"]}
    read = bench.read_data(data, FINAL[OUTAGE])
    english = read.message("notice merchants en")
    assert "This message is not in English yet. You read it in German, because" in english
    assert "Es war unsere Änderung, und es tut uns leid." in english


def test_the_german_pages_of_an_english_record_say_so(produced):
    page = next(
        text for name, _, _, _, text in readings(produced) if name == f"de/incidents/{BREACH}/statement/index.html"
    )
    assert "You trusted us with where you live." in page
    assert re.search(r"noch nicht|nur auf Englisch|auf Englisch", page)


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("Europe/Berlin", "CET", "CEST"),
        ("Europe/London", "GMT", "BST"),
        ("UTC", "UTC", "UTC"),
        ("Asia/Kolkata", "IST", "IST"),
        ("America/Sao_Paulo", "UTC-03", "UTC-03"),
    ],
)
def test_a_moment_is_told_in_the_organisations_own_zone(zone, winter, summer):
    for language in ("en", "de"):
        voice = Voice(language, ZoneInfo(zone), load_words(language, packaged("templates")))
        for moment, short in (
            (datetime(2026, 11, 18, 9, 12, tzinfo=UTC), winter),
            (datetime(2026, 7, 1, 9, 12, tzinfo=UTC), summer),
        ):
            said = voice.moment(When(moment), utc=True)
            local = moment.astimezone(ZoneInfo(zone))
            assert f"{local:%H:%M}" in said
            assert language == "de" or f" {short} on {local.day} " in said
            assert ("(09:12 UTC)" in said) == bool(local.utcoffset())


# -- templates -------------------------------------------------------------------------------------------------


def test_a_workspace_overrides_a_template_and_a_word_by_name(tmp_path):
    bench = bench_in(tmp_path / "workspace")
    own = bench.workspace.folder / "templates" / "en"
    (own / "parts").mkdir(parents=True)
    (own / "parts" / "answer.md.j2").write_text(
        "{% if t.feedback %}\nPlease answer {{ t.feedback.read_by }}: {{ t.feedback.question }} {{ t.feedback.channel }}\n\n{% endif %}\n",
        encoding="utf-8",
    )
    (own / "words.toml").write_text('[status]\nresolved = "Over"\n', encoding="utf-8")
    read = bench.read(source_of(OUTAGE), FINAL[OUTAGE])
    assert read.errors() == []
    for name in ("statement", "incident", "faq", "memo"):
        assert "Please answer Maren Vogt: What did this cost you" in read.message(f"{name} en")
        assert "Schreiben Sie es uns" in read.message(f"{name} de")
    assert read.message("post x").startswith("Over: ")
    assert "Behoben" in read.message("statement de")


def test_what_is_compiled_for_a_workspace_with_templates_of_its_own_serves_only_such_workspaces(tmp_path, monkeypatch):
    plain, own = (bench_in(tmp_path / name) for name in ("plain", "own"))
    (own.workspace.folder / "templates").mkdir()
    pages = []
    for order in ([own, plain], [plain, own]):
        monkeypatch.setenv("XDG_CACHE_HOME", str(order[0].workspace.folder / "cache"))
        for bench in order:
            templates._environment.cache_clear()  # as a process of its own would begin
            pages.append(bench.read(source_of(OUTAGE), FINAL[OUTAGE]).composed.messages.site)
    assert pages[1:] == pages[:-1]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("# {{ t.title }}\n\n{{ t.nothing }}\n", 3, "nothing"),
        ("# {{ t.title }}\n\n{{ nobody }}\n", 3, "nobody"),
        ("# {{ t.title }}\n\n\n{% if %}\n", 4, ""),
        ("# {{ t.title }}\n{{ t.next_update }}\n", 2, "not known"),
        ('# {{ t.title }}\n{% include "parts/missing.md.j2" %}\n', 2, "missing.md.j2"),
        ("# {{ t.title }}\n{{ t.__class__.__mro__ }}\n", 2, ""),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path, text, line, says):
    folder = copy_example(tmp_path / "workspace")
    own = folder / "templates" / "en"
    own.mkdir(parents=True)
    (own / "statement.md.j2").write_text(text, encoding="utf-8")
    done = run_here(folder, "check", OUTAGE, "--now", FINAL[OUTAGE])
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert f"templates/en/statement.md.j2:{line}" in said
    assert says in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "words",
    ["{{7*7}}", "{{ t.title }}", "{% raw %}", "<# x #>", "{{ ''.x }}", "${7*7}", "%(x)s {0} {time}", "*{: .x }*"],
)
def test_record_text_is_never_a_template(bench, words):
    data = data_of(OUTAGE)
    text = f"Look: {words} here."
    data["cause"]["plain"] = {"en": text, "de": text}
    data["lessons"] = [text]
    data["questions"][0]["ask"] = {"en": text, "de": text}
    data["signed_by"]["name"] = f"Maren {words}"
    data["updates"][-2]["short"] = text
    read = bench.compose_data(data, FINAL[OUTAGE])
    shown = words.replace("*", "") if words.startswith("*") else words
    for name in ("statement en", "faq de", "incident en", "memo de", "post x", "notice merchants en"):
        assert f"Look: {shown} here." in " ".join(read.message(name).split()), name
    assert f"Maren {words}" in read.message("statement en")
    assert dump(data)


def test_a_promise_that_was_not_kept_is_said_in_every_long_message(bench):
    data = data_of(OUTAGE)
    data["promises"][0]["broken"] = "2026-11-18 16:00"
    data["updates"].pop()
    read = bench.read_data(data, FINAL[OUTAGE])
    for name in ("statement en", "incident en", "faq en", "notice en"):
        kind = name.split()[0]
        texts = [page.text for content in read.composed.messages.site for page in content.pages if page.kind == kind]
        texts += [notice.text for notice in read.composed.messages.notices if kind == "notice"]
        assert texts
        for text in texts:
            flat = " ".join(text.split())
            assert (
                "We broke this promise, and we are sorry." in flat or "Dieses Versprechen haben wir gebrochen." in flat
            )


def test_a_list_is_told_of_its_own_repair_and_of_what_everyone_gets(bench):
    data = data_of(OUTAGE)
    data["repair"].append(
        {
            "audience": "everyone",
            "kind": "credit",
            "what": {"en": "You get a free month.", "de": "Sie bekommen einen Monat frei."},
        }
    )
    letters = [notice.text for notice in bench.read_data(data, FINAL[OUTAGE]).composed.messages.notices]
    assert letters
    for text in letters:
        assert "You get a free month." in text or "Sie bekommen einen Monat frei." in text
        assert "We refund the fees" in " ".join(text.split()) or "Wir erstatten die Gebühren" in " ".join(text.split())


def test_a_short_post_keeps_the_first_thing_to_do_where_people_were_hurt(bench):
    data = data_of(RECALL)
    data["do_now"][0]["text"] = "Stop using it now and pull the plug out of the wall socket. Keep it for us. Wait."
    (post,) = bench.read_data(data, FINAL[RECALL]).composed.messages.posts
    assert "Stop using it now and pull the plug" in post.text


def test_nothing_is_over_for_who_was_hurt(bench):
    data = data_of(RECALL)
    data["updates"][-1]["status"] = "resolved"
    data["updates"][-1].pop("next_update", None)
    data["times"]["fixed"] = "2026-09-09 10:00"
    for content in bench.read_data(data, FINAL[RECALL]).composed.messages.site:
        for page in content.pages:
            assert "It is over" not in page.text
            assert "Is it over" not in page.text
            assert "It lasted" not in page.text


def test_a_list_may_write_a_language_as_its_program_does(tmp_path):
    folder = copy_example(tmp_path / "w")
    people = folder / "lists" / "merchants.csv"
    people.write_text(people.read_text(encoding="utf-8").replace(",de,", ",de-AT,", 5).replace(",de,", ",DE,"), "utf-8")
    said = run_here(folder, "plan", OUTAGE, "--rehearsal", "--now", FINAL[OUTAGE]).stdout
    assert "merchants (de): 27 people" in " ".join(said.split())


def test_a_faq_about_what_was_not_our_doing_says_what_our_duty_is(bench):
    data = data_of(OUTAGE)
    data["responsibility"] = {
        "level": "not-ours",
        "duty": {"en": "We choose the banks.", "de": "Wir wählen die Banken."},
    }
    pages = [page for content in bench.read_data(data, FINAL[OUTAGE]).composed.messages.site for page in content.pages]
    faqs = [page.text for page in pages if page.kind == "faq"]
    assert len(faqs) == 2
    assert all("We choose the banks." in text or "Wir wählen die Banken." in text for text in faqs)


def test_a_message_that_is_not_in_one_language_says_so(bench):
    """A translation of the update alone does not hold anything up, and nobody is to wonder about the rest."""
    data = data_of(OUTAGE)
    said = "Manches davon gibt es noch nicht auf Deutsch. Diese Sätze lesen Sie auf Englisch"
    whole = bench.read_data(data, FINAL[OUTAGE])
    assert not [name for name, text in whole.messages() if said in " ".join(text.split())]
    for item in data["impact"]:
        for field in ("effect", "opening"):
            if field in item:
                item[field] = item[field]["en"]
    mixed = bench.read_data(data, FINAL[OUTAGE])
    for name in ("incident de", "notice merchants de"):
        assert said in " ".join(mixed.message(name).split())
    page = mixed.message("incident de")
    assert page.index("Manches davon") < page.index("Was ist geschehen?")
    assert "not in English yet" not in mixed.message("incident en")
