"""What a mail tells its reader besides the news: when it happened, when more comes, and what is meant for whom."""

import re
import sys
from pathlib import Path

import pytest
import yaml
from example_room import dump

from crisiscomms.published import PublishedIncident, Told

sys.path.append(str(Path(__file__).parent.parent / "website"))
from five_languages import LANGUAGES, PARCELS, bench_of_five

#: Five minutes after the newest update, and after the time that it named for the next one.
IN_TIME, TOO_LATE = "2026-11-17 08:05", "2026-11-18 16:01"


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    return bench_of_five(tmp_path_factory.mktemp("five") / "workspace")


def parcels(*tell):
    """Return the parcels with a list of readers, who get the updates named (by their place)."""
    data = yaml.load(PARCELS, Loader=yaml.CBaseLoader)
    data["audiences"] = {"readers": {"name": "Readers", "channels": ["email"], "recipients": "../lists/merchants.csv"}}
    for place in tell or (-1,):
        data["updates"][place]["audiences"] = ["readers"]
    return data


def in_all(words):
    return dict.fromkeys(LANGUAGES, words)


def mails(bench, data, now=IN_TIME):
    """Return the readers' mail in every language, with single spaces."""
    read = bench.compose_data(data, now)
    return {language: re.sub(r"[ \n]+", " ", read.message(f"notice readers {language}")) for language in LANGUAGES}


def assert_each_says(texts, words):
    assert [(words[language], text) for language, text in texts.items() if words[language] not in text] == []


def assert_none_says(texts, words):
    assert [(words[language], text) for language, text in texts.items() if words[language] in text] == []


# -- when it happened ----------------------------------------------------------------------------------------------

BEGAN = {
    "en": "When it happened. It began at 06:00 CET on 16 November 2026.",
    "de": "Wann es geschah. Es begann um 06:00 Uhr MEZ am 16. November 2026.",
    "fr": "Quand c\u2019est arrivé. Cela a commencé à 06:00 CET le 16 novembre 2026.",
    "es": "Cuándo ha sido. Empezó a las 06:00 CET del 16 de noviembre de 2026.",
    "ar": "متى حدث ذلك. بدأ ذلك في الساعة \u206606:00 CET\u2069 يوم 16 نوفمبر 2026.",
}
NOTICED = {
    "en": "We learned of it at 09:30 CET",
    "de": "Wir erfuhren davon um 09:30 Uhr MEZ",
    "fr": "Nous l\u2019avons appris à 09:30 CET",
    "es": "Lo supimos a las 09:30 CET",
    "ar": "علمنا بالأمر في الساعة \u206609:30 CET\u2069",
}


def test_a_mail_says_when_it_happened_after_what_it_means_and_what_to_do(five):
    texts = mails(five, parcels())
    assert_each_says(texts, BEGAN)
    assert_each_says(texts, NOTICED)
    for language, text in texts.items():
        to_do = parcels()["do_now"][0]["text"][language]
        assert text.index("3") < text.index(to_do) < text.index(BEGAN[language])


PUT_RIGHT = {
    "en": "It was put right at 07:30",
    "de": "Behoben war es um 07:30",
    "fr": "Le problème a été corrigé à 07:30",
}


@pytest.mark.parametrize(
    ("status", "harm", "fixed", "says"),
    [
        ("monitoring", "none", "2026-11-17 07:30", False),  # its update says that we still watch
        ("resolved", "none", "2026-11-17 07:30", True),
        ("resolved", "none", "2026-11-17 08:30", False),  # its update is from before
        ("resolved", "possible", "2026-11-17 07:30", False),  # what may have got out is not put right
    ],
)
def test_a_mail_says_when_it_was_put_right_where_it_is_over_and_nobody_was_hurt(five, status, harm, fixed, says):
    data = parcels() | {"harm": harm}
    data["times"]["fixed"] = fixed
    data["updates"][-1]["status"] = status
    texts = mails(five, data)
    assert [words in texts[language] for language, words in PUT_RIGHT.items()] == [says] * len(PUT_RIGHT)
    known = five.compose_data(data, IN_TIME).composed.telling.known
    assert ("fixed" in known["readers"]) == says, "who was not told is not corrected"


def test_a_mail_says_no_time_twice(five):
    data = parcels()
    data["updates"][-1]["text"] = in_all("Parcels are late since $started. We are sorry.")
    texts = mails(five, data)
    assert_none_says(texts, {language: words[-40:] for language, words in BEGAN.items()})
    assert_none_says(texts, {language: words.split(".")[0] for language, words in BEGAN.items()})
    assert_each_says(texts, NOTICED)
    data["impact"][0]["effect"] = in_all("$parcels_late came late. We saw it on $noticed.")
    assert_none_says(mails(five, data), NOTICED)


def test_who_read_a_time_in_a_mail_hears_that_it_was_wrong(five):
    data = parcels()
    before = five.compose_data(data, IN_TIME).composed
    told = Told("belt-rented", "email", "", "readers", "notice", "sent", 5)
    data["times"]["noticed"] = "2026-11-16 07:20"
    read = five.read(dump(data), "2026-11-17 09:00", PublishedIncident(before.telling, (told,)))
    words = {
        "en": "- We learned of it at 07:20 CET on 16 November 2026, not at 09:30 CET on 16 November 2026.",
        "de": "- Wir erfuhren davon um 07:20 Uhr MEZ am 16. November 2026. Vorher hatten wir geschrieben: um 09:30 Uhr",
        "fr": "- Nous l\u2019avons appris à 07:20 CET le 16 novembre 2026, et non à 09:30 CET",
        "es": "- Lo supimos a las 07:20 CET del 16 de noviembre de 2026, no a las 09:30 CET",
        "ar": "- علمنا بالأمر في الساعة 07:20 CET يوم 16 نوفمبر 2026، وليس في الساعة 09:30 CET",
    }
    texts = {one: re.sub("[\u2066-\u2069]", "", read.message(f"correction readers {one}")) for one in LANGUAGES}
    assert_each_says(texts, words)


# -- when more comes -----------------------------------------------------------------------------------------------

NEXT = {
    "en": "by 16:00 CET on 18 November 2026 (15:00 UTC), even if",
    "de": "bis 16:00 Uhr MEZ am 18. November 2026 (15:00 UTC) auf",
    "fr": "au plus tard à 16:00 CET le 18 novembre 2026 (15:00 UTC), même",
    "es": "antes de las 16:00 CET del 18 de noviembre de 2026 (15:00 UTC), aunque",
    "ar": "بحلول الساعة \u206616:00 CET\u2069 يوم 18 نوفمبر 2026 (\u206815:00 UTC\u2069)، حتى",
}
NO_NEW_TIME = {
    "en": "we are late. We have not named a new time yet. Until we do, you can write to help@northwind.example or call +49 30 5550 0100.",
    "de": "zu spät. Einen neuen Termin haben wir noch nicht genannt. Bis dahin schreiben Sie bitte an help@northwind.example oder rufen Sie an: +49 30 5550 0100.",
    "fr": "en retard. Nous n\u2019avons pas encore annoncé de nouvelle date. D\u2019ici là, vous pouvez écrire à help@northwind.example ou appeler le +49 30 5550 0100.",
    "es": "llegamos tarde. Todavía no hemos dado una nueva fecha. Mientras tanto, puede escribir a help@northwind.example o llamar al +49 30 5550 0100.",
    "ar": "تأخرنا. لم نحدد موعدًا جديدًا بعد. وحتى ذلك الحين يُرجى الكتابة إلى help@northwind.example أو الاتصال بالرقم \u2066+49 30 5550 0100\u2069.",
}


def test_a_mail_that_goes_out_late_promises_nothing_for_the_past(five):
    assert_each_says(mails(five, parcels()), NEXT)
    late = mails(five, parcels(), TOO_LATE)
    assert_none_says(late, NEXT)
    assert_each_says(late, NO_NEW_TIME)


@pytest.mark.parametrize("page", ["incident", "statement"])
def test_a_page_that_is_late_says_whom_to_ask_meanwhile(five, page):
    read = five.compose_data(parcels(), TOO_LATE)
    texts = {language: re.sub(r"[ \n]+", " ", read.message(f"{page} {language}")) for language in LANGUAGES}
    assert_each_says(texts, NO_NEW_TIME)


def test_nobody_is_told_that_we_are_late_with_what_came_in_another_update(five):
    data = parcels(0)
    texts = mails(five, data)  # the first update promised the next one by the day before
    assert_none_says(texts, {language: words.split(". ")[1] for language, words in NO_NEW_TIME.items()})
    assert not [text for text in texts.values() if "16:00" in text]
    data["updates"][1] |= {"private": "true", "audiences": ["staff"]}
    data["audiences"]["staff"] = {"name": "Staff", "channels": ["email"], "recipients": "../lists/staff.csv"}
    assert_each_says(mails(five, data), NO_NEW_TIME)


# -- what everyone was told, and what everyone should do --------------------------------------------------------------


def test_a_mail_says_what_is_new_and_of_when(five):
    words = {
        "en": "What is new, at 08:00 CET on 17 November 2026 (07:00 UTC): Monitoring. About 2,418 parcels are late.",
        "de": "Was neu ist, um 08:00 Uhr MEZ am 17. November 2026 (07:00 UTC): Unter Beobachtung. Etwa 2.418 Pakete sind",
        "fr": "Ce qui est nouveau, à 08:00 CET le 17 novembre 2026 (07:00 UTC)\u00a0: Sous surveillance. 2\u202f418 colis environ sont",
        "es": "Lo que hay de nuevo, a las 08:00 CET del 17 de noviembre de 2026 (07:00 UTC): En observación. Aproximadamente 2.418",
        "ar": "ما الجديد، في الساعة \u206608:00 CET\u2069 يوم 17 نوفمبر 2026 (\u206807:00 UTC\u2069): ",
    }
    assert_each_says(mails(five, parcels()), words)


FOR_ALL = {
    "en": "What applies to everyone. If you got no parcel, do nothing.",
    "de": "Was für alle gilt. If you got no parcel, do nothing.",
    "fr": "Ce qui vaut pour tout le monde. If you got no parcel, do nothing.",
    "es": "Lo que vale para todo el mundo. If you got no parcel, do nothing.",
    "ar": "ما ينطبق على الجميع. If you got no parcel, do nothing.",
}


def test_advice_for_everyone_is_not_among_the_steps_of_those_affected(five):
    data = parcels() | {"harm": "possible"}
    data["do_now"] = [
        {"audience": "everyone", "text": in_all("If you got no parcel, do nothing.")},
        {"audience": "readers", "text": in_all("Open your parcel outside.")},
    ]
    texts = mails(five, data)
    assert_each_says(texts, FOR_ALL)
    assert_each_says(texts, {language: f"Open your parcel outside. {FOR_ALL[language]}" for language in LANGUAGES})
    assert not [text for text in mails(five, data | {"harm": "none"}).values() if "got no parcel" in text]
    del data["do_now"][1]
    assert_none_says(mails(five, data), {one: words.split(".")[0] for one, words in FOR_ALL.items()})
