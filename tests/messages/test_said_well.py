"""Sentences that a reader in any of the five languages would stumble over: what they say, and when they are not said."""

import re
import sys
from pathlib import Path

import pytest
import yaml

sys.path.append(str(Path(__file__).parent.parent / "website"))
from five_languages import LANGUAGES, PARCELS, bench_of_five

NOW = "2026-11-17 13:05"


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    return bench_of_five(tmp_path_factory.mktemp("five") / "workspace")


def parcels(**changes):
    """Return the parcels, told in five languages, with changes."""
    return {**yaml.load(PARCELS, Loader=yaml.CBaseLoader), **changes}


def in_all(words):
    """Return a text that reads the same in every language."""
    return dict.fromkeys(LANGUAGES, words)


def said(bench, data, kind, now=NOW):
    """Return one kind of message in every language, each on one line."""
    read = bench.compose_data(data, now)
    return {language: re.sub(r"[ \n]+", " ", read.message(f"{kind} {language}")) for language in LANGUAGES}


def assert_each_says(texts, words):
    assert [(words[language], text) for language, text in texts.items() if words[language] not in text] == []


def assert_none_says(texts, words):
    assert [(words[language], text) for language, text in texts.items() if words[language] in text] == []


# -- what we owe ---------------------------------------------------------------------------------------------------

TO_COME = {
    "en": "You need not ask. This will be done by 1 December 2026.",
    "de": "You need not ask. Das geschieht bis zum 1. Dezember 2026.",
    "fr": "You need not ask. Ce sera fait au plus tard le 1er décembre 2026.",
    "es": "You need not ask. Lo haremos a más tardar el 1 de diciembre de 2026.",
    "ar": "You need not ask. يتم ذلك بحلول يوم 1 ديسمبر 2026.",
}
LATE = {
    "en": "You need not ask. This was due by 1 December 2026, and not everybody has it yet. We are late. If you have not got it, write to us.",
    "de": "You need not ask. Das war bis zum 1. Dezember 2026 fällig, und noch haben es nicht alle. Wir sind zu spät. Wenn Sie es noch nicht haben, schreiben Sie uns.",
    "fr": "You need not ask. Cela devait être fait au plus tard le 1er décembre 2026 et tout le monde ne l\u2019a pas encore reçu. Nous sommes en retard. Si vous ne l\u2019avez pas reçu, écrivez-nous.",
    "es": "You need not ask. Debía estar hecho a más tardar el 1 de diciembre de 2026 y todavía no lo tiene todo el mundo. Vamos con retraso. Si no lo tiene, escríbanos.",
    "ar": "You need not ask. كان يجب أن يتم ذلك بحلول يوم 1 ديسمبر 2026 ولم يصل إلى الجميع بعد. لقد تأخرنا. إن لم يصلك فاكتب إلينا.",
}


@pytest.mark.parametrize(("now", "words"), [(NOW, TO_COME), ("2026-12-02 09:00", LATE)])
@pytest.mark.parametrize("kind", ["incident", "faq", "statement", "memo"])
def test_nobody_is_told_to_ask_and_not_to_ask(five, kind, now, words):
    data = parcels()
    data["repair"][0]["how"] = in_all("You need not ask.")
    assert_each_says(said(five, data, kind, now), words)


# -- figures, lots and times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (
            "2026-11-17 07:00",
            {
                "en": "As of 07:00 CET on 17 November 2026: about 12 tubs.",
                "de": "Stand 07:00 Uhr MEZ am 17. November 2026: etwa 12 tubs.",
                "fr": "Chiffre établi à 07:00 CET le 17 novembre 2026\u00a0: 12 tubs environ.",
                "es": "Recuento hecho a las 07:00 CET del 17 de noviembre de 2026: aproximadamente 12 tubs.",
                "ar": "حتى الساعة \u206607:00 CET\u2069 يوم 17 نوفمبر 2026: نحو 12 tubs.",
            },
        ),
        (
            None,
            {
                "en": "In figures: about 12 tubs.",
                "de": "In Zahlen: etwa 12 tubs.",
                "fr": "En chiffres\u00a0: 12 tubs environ.",
                "es": "En cifras: aproximadamente 12 tubs.",
                "ar": "بالأرقام: نحو 12 tubs.",
            },
        ),
    ],
)
def test_a_figure_that_no_text_cites_stands_by_itself(five, as_of, words):
    data = parcels()
    forms = ("zero", "one", "two", "few", "many", "other")
    unit = {language: dict.fromkeys(forms, "tubs") for language in LANGUAGES}
    data["facts"]["tubs"] = {"value": "12", "unit": unit, "certainty": "estimated", "material": "true"}
    data["facts"]["tubs"] |= {"as_of": as_of} if as_of else {}
    assert_each_says(said(five, data, "statement"), words)


LOTS = {
    "en": [", lot A1.", ", lots A1 and A2.", ", lots A1, A2 and A3."],
    "de": [", Charge A1.", ", Chargen A1 und A2.", ", Chargen A1, A2 und A3."],
    "fr": [", numéro de lot\u00a0: A1.", ", numéros de lot\u00a0: A1 et A2.", ", numéros de lot\u00a0: A1, A2 et A3."],
    "es": [", lote A1.", ", lotes A1 y A2.", ", lotes A1, A2 y A3."],
    "ar": ["، رقم الدفعة: A1.", "، رقما الدفعتين: A1 وA2.", "، أرقام الدفعات: A1 وA2 وA3."],
}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_lot_is_a_lot_and_two_are_lots(five, count):
    data = parcels()
    data["affected"]["products"] = [{"name": in_all("Kettle"), "lots": ["A1", "A2", "A3"][:count]}]
    told = {language: re.sub("[\u2066-\u2069]", "", text) for language, text in said(five, data, "incident").items()}
    assert_each_says(told, {language: words[count - 1] for language, words in LOTS.items()})


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (
            "2026-05-02",
            "2026-05-08",
            {
                "en": "from 2 May 2026 until 8 May 2026",
                "de": "vom 2. Mai 2026 bis zum 8. Mai 2026",
                "fr": "du 2 mai 2026 jusqu\u2019au 8 mai 2026",
                "es": "desde el 2 de mayo de 2026 hasta el 8 de mayo de 2026",
                "ar": "من 2 مايو 2026 حتى 8 مايو 2026",
            },
        ),
        (
            "2026-05-02 10:00",
            "2026-05-08 01:30",
            {
                "en": "from 10:00 CEST on 2 May 2026 until 01:30 CEST on 8 May 2026",
                "de": "von 10:00 Uhr MESZ am 2. Mai 2026 bis 01:30 Uhr MESZ am 8. Mai 2026",
                "fr": "de 10:00 CEST le 2 mai 2026 jusqu\u2019à 01:30 CEST le 8 mai 2026",
                "es": "desde las 10:00 CEST del 2 de mayo de 2026 hasta la 01:30 CEST del 8 de mayo de 2026",
                "ar": "من الساعة \u206610:00 CEST\u2069 يوم 2 مايو 2026 حتى الساعة \u206601:30 CEST\u2069 يوم 8 مايو 2026",
            },
        ),
    ],
)
def test_a_span_reads_right_in_days_and_with_clocks(five, begin, end, words):
    data = parcels()
    product = {"name": in_all("Kettle"), "sold_by": in_all("shops"), "sold_from": begin, "sold_to": end}
    data["affected"]["products"] = [product]
    assert_each_says(said(five, data, "incident"), words)


@pytest.mark.parametrize(
    ("closes", "words"),
    [
        (
            "2026-12-15",
            {
                "en": ", until 15 December 2026.",
                "de": ", bis zum 15. Dezember 2026.",
                "fr": ", jusqu\u2019au 15 décembre 2026.",
                "es": ", hasta el 15 de diciembre de 2026.",
                "ar": "، حتى 15 ديسمبر 2026.",
            },
        ),
        (
            "2026-12-15 18:00",
            {
                "en": ", until 18:00 CET on 15 December 2026.",
                "de": ", bis 18:00 Uhr MEZ am 15. Dezember 2026.",
                "fr": ", jusqu\u2019à 18:00 CET le 15 décembre 2026.",
                "es": ", hasta las 18:00 CET del 15 de diciembre de 2026.",
                "ar": "، حتى الساعة \u206618:00 CET\u2069 يوم 15 ديسمبر 2026.",
            },
        ),
    ],
)
def test_until_when_answers_are_read(five, closes, words):
    data = parcels()
    data["feedback"]["closes"] = closes
    assert_each_says(said(five, data, "statement"), words)


# -- small words ---------------------------------------------------------------------------------------------------


def test_what_is_done_is_done_whatever_the_words_before_it(five):
    data = parcels()
    data["actions"][0] |= {"text": in_all("Sales will stop in all shops."), "done": "2026-11-16 12:00"}
    words = {
        "en": "Sales will stop in all shops. Done at 12:00",
        "de": "Sales will stop in all shops. Erledigt um 12:00",
        "fr": "Sales will stop in all shops. Fait à 12:00",
        "es": "Sales will stop in all shops. Hecho a las 12:00",
        "ar": "Sales will stop in all shops. تم ذلك في الساعة \u206612:00",
    }
    assert_each_says(said(five, data, "incident"), words)


def test_the_question_for_promises_asks_for_those_not_kept_too(five):
    words = {
        "en": "Which promises have you kept, and which not?",
        "de": "Welche Versprechen haben Sie gehalten, welche nicht?",
        "fr": "Quelles promesses avez-vous tenues, et lesquelles non\u202f?",
        "es": "¿Qué promesas han cumplido y cuáles no?",
        "ar": "أي الوعود وفيتم بها، وأيها لم تفوا به؟",
    }
    assert_each_says(said(five, parcels(), "faq"), words)


@pytest.mark.parametrize("level", ["ours", "not-ours"])
def test_those_who_suffer_need_not_be_wounded(five, level):
    data = parcels(harm="confirmed", responsibility={"level": level})
    hurt = {
        "en": "everyone who has come to harm",
        "de": "alle, die zu Schaden gekommen sind",
        "fr": "toutes les personnes qui en souffrent",
        "es": "quienes han sufrido daños",
        "ar": "لكل من لحقه أذى" if level == "ours" else "مع كل من لحقه أذى",
    }
    assert_each_says(said(five, data, "statement"), hurt)
    first = {
        "en": "whether the caller is hurt, ill or in danger.",
        "de": "ob jemand verletzt, krank oder in Gefahr ist.",
        "fr": "si la personne est blessée, malade ou en danger.",
        "es": "si la persona está herida, enferma o en peligro.",
        "ar": "إن كان المتصل مصابًا أو مريضًا أو في خطر.",
    }
    assert_each_says(said(five, data, "memo"), first)


LASTED = {"en": " lasted ", "de": " dauerte ", "fr": " a duré ", "es": "uró ", "ar": "المدة"}


@pytest.mark.parametrize(
    ("kind", "harm", "tells"), [("delay", "none", True), ("conduct", "none", False), ("delay", "confirmed", False)]
)
@pytest.mark.parametrize("message", ["statement", "incident"])
def test_nobody_counts_how_long_people_suffered(five, message, kind, harm, tells):
    data = parcels(kind=kind, harm=harm)
    data["times"]["fixed"] = "2026-11-17 07:00"
    (assert_each_says if tells else assert_none_says)(said(five, data, message), LASTED)


# -- is it over? ---------------------------------------------------------------------------------------------------

IT_IS_OVER = {"en": "It is over.", "de": "Es ist vorbei.", "fr": "C\u2019est terminé.", "es": "Ha terminado.", "ar": "انتهى الأمر."}  # fmt: skip
YES = {
    "en": "over? Yes.",
    "de": "vorbei? Ja.",
    "fr": "terminé\u202f? Oui.",
    "es": "terminado? Sí.",
    "ar": "الأمر؟ نعم.",
}
STAYS_OUT = {
    "en": "What got out cannot be taken back.",
    "de": "Was nach außen gelangt ist, lässt sich nicht zurückholen.",
    "fr": "Ce qui a fuité ne peut plus être récupéré.",
    "es": "Lo que se ha filtrado ya no se puede recuperar.",
    "ar": "ما تسرّب لا يمكن استرجاعه.",
}
MAY_BE_OUT = {
    "en": "What may have got out cannot be taken back.",
    "de": "Was nach außen gelangt sein kann, lässt sich nicht zurückholen.",
    "fr": "Ce qui a pu fuiter ne peut plus être récupéré.",
    "es": "Lo que haya podido filtrarse ya no se puede recuperar.",
    "ar": "ما قد تسرّب لا يمكن استرجاعه.",
}
WE_STAY = {
    "en": "We stay with it until nothing is open any more.",
    "de": "Wir bleiben dran, bis nichts mehr offen ist.",
    "fr": "Nous continuons jusqu\u2019à ce que plus rien ne reste ouvert.",
    "es": "Seguiremos hasta que no quede nada pendiente.",
    "ar": "ونواصل العمل حتى لا يبقى شيء مفتوحًا.",
}


def settled(**changes):
    """Return the parcels when nothing more is to be done, said or known."""
    data = parcels(**changes)
    for promise in data["promises"]:
        if "broken" not in promise:
            promise["kept"] = promise["due"]
    del data["unknowns"], data["repair"], data["updates"][-1]["next_update"]
    data["updates"][-1] |= {"status": "resolved", "at": "2026-12-01 23:59"}
    data["times"]["fixed"] = "2026-11-17 07:00"
    return data


LATER = "2026-12-02 09:00"


def test_it_is_over_once_nothing_more_is_owed(five):
    assert_each_says(said(five, settled(), "incident", LATER), IT_IS_OVER)
    assert_each_says(said(five, settled(), "faq", LATER), YES)


@pytest.mark.parametrize(
    "open_",
    [
        {"promises": parcels()["promises"][-1:]},
        {"repair": parcels()["repair"]},
        {"repair": [parcels()["repair"][0] | {"by": "2027-01-15"}]},
        {"unknowns": parcels()["unknowns"]},
        {"actions": [{"kind": "prevent", "text": in_all("We build a third belt.")}]},
    ],
)
def test_nothing_is_over_while_anything_is_owed_or_not_known(five, open_):
    data = settled() | open_
    for kind in ("incident", "faq"):
        texts = said(five, data, kind, LATER)
        assert_none_says(texts, IT_IS_OVER)
        assert_none_says(texts, YES)
        if kind == "faq" or not {"promises", "actions"} & set(open_):  # the page names the next thing to come instead
            assert_each_says(texts, WE_STAY)


@pytest.mark.parametrize("harm", ["possible", "confirmed"])
def test_of_stolen_data_nobody_says_that_it_is_over(five, harm):
    for kind in ("incident", "faq"):
        texts = said(five, settled(kind="data-breach", harm=harm), kind, LATER)
        assert_each_says(texts, STAYS_OUT if harm == "confirmed" else MAY_BE_OUT)
        assert_none_says(texts, IT_IS_OVER)
        assert_none_says(texts, YES)


@pytest.mark.parametrize("harm", ["possible", "confirmed"])
def test_where_people_may_be_hurt_we_say_what_was_done_and_not_that_it_is_over(five, harm):
    for kind in ("incident", "faq"):
        texts = said(five, settled(kind="recall", harm=harm), kind, LATER)
        for words in (IT_IS_OVER, YES, STAYS_OUT, WE_STAY):
            assert_none_says(texts, words)


# -- whose doing it was --------------------------------------------------------------------------------------------

NOT_US = {
    "en": "It was not our doing",
    "de": "Wir haben es nicht verursacht",
    "fr": "Nous n\u2019en sommes pas la cause",
    "es": "No lo hemos causado nosotros",
    "ar": "لم نكن نحن السبب",
}
WE_HELP = {
    "en": "Whatever the cause turns out to be, helping you is our job.",
    "de": "Was auch immer die Ursache ist: Ihnen zu helfen ist unsere Aufgabe.",
    "fr": "Quelle que soit la cause, vous aider est notre travail.",
    "es": "Sea cual sea la causa, ayudarle es tarea nuestra.",
    "ar": "أيًا كان السبب، فمساعدتك واجبنا.",
}


def test_nobody_denies_what_nobody_knows(five):
    unknown = parcels(responsibility={"level": "not-ours"}, cause={"state": "suspected"})
    known = parcels(responsibility={"level": "not-ours"})
    for kind in ("incident", "faq", "statement"):
        texts = said(five, unknown, kind)
        assert_none_says(texts, NOT_US)
        assert_each_says(texts, WE_HELP)
        assert_each_says(said(five, known, kind), NOT_US)
    assert_none_says(said(five, unknown, "memo"), NOT_US)
    assert_each_says(said(five, known, "memo"), NOT_US)
