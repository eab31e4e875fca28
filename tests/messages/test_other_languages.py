"""French, Spanish and Arabic: what their readers would stumble over, and what once kept a record from going out."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

sys.path.append(str(Path(__file__).parent.parent / "website"))
from five_languages import PARCELS, bench_of_five

from crisiscomms.fields import Unit, When
from crisiscomms.messages.prose import one_line, sentences
from crisiscomms.messages.templates import voices

NOW = "2026-11-17 13:05"


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    return bench_of_five(tmp_path_factory.mktemp("five") / "workspace")


@pytest.fixture(scope="module")
def spoken(five):
    return voices(five.workspace)


def parcels_in(language, **changes):
    """Return the parcels in one language, with changes."""
    return {**yaml.load(PARCELS, Loader=yaml.CBaseLoader), "languages": [language], **changes}


def errors(read):
    return [(finding.code, finding.message) for finding in read.errors()]


@pytest.mark.parametrize("language", ["fr", "es", "ar"])
def test_a_large_figure_that_no_text_cites_goes_out_in_every_language(five, language):
    data = parcels_in(language)
    data["facts"]["lost"] = {"value": "12418", "unit": {language: {"one": "colis", "two": "colis", "other": "colis"}}}
    data["facts"]["lost"]["material"] = "true"
    before = errors(five.read_data(parcels_in(language), NOW))
    read = five.read_data(data, NOW)
    assert errors(read) == before
    said = read.message(f"faq {language}")
    assert any(number in said for number in ("12\u202f418 colis", "12.418 colis", "12,418 colis"))


def test_a_recall_of_two_lots_goes_out_in_arabic(five):
    products = [{"name": {"ar": "غلاية"}, "model": "K2", "lots": ["2619", "2620"]}]
    data = parcels_in("ar")
    before = errors(five.read_data(parcels_in("ar"), NOW))
    data["affected"] = {**data["affected"], "products": products}
    assert [found for found in errors(five.read_data(data, NOW)) if found not in before] == []


def test_spaces_that_must_not_break_stay_in_plain_text():
    assert one_line("Il  manque\n12\u202f418\u00a0colis\u202f!") == "Il manque 12\u202f418\u00a0colis\u202f!"
    assert sentences("« Est-ce vrai\u202f?\u00a0» Non. Tout va bien.") == [
        "« Est-ce vrai\u202f?\u00a0»",
        "Non.",
        "Tout va bien.",
    ]
    assert sentences("La Sra. Vogt lee todo. Gracias.") == ["La Sra. Vogt lee todo.", "Gracias."]


def test_days_are_counted_in_arabic_words(spoken):
    for days in (1, 2, 3, 27):
        assert "duration" not in spoken["ar"].duration(timedelta(days=days))


@pytest.mark.parametrize(
    ("value", "said"), [(1, "دفعة"), (2, "دفعتان"), (3, "3 دفعات"), (11, "11 دفعة"), (100, "100 دفعة")]
)
def test_arabic_words_for_one_and_two_need_no_digit(spoken, value, said):
    forms = {"one": "دفعة", "two": "دفعتان", "few": "دفعات", "many": "دفعة", "other": "دفعة"}
    unit = Unit((("ar", tuple(forms.items())),))
    assert spoken["ar"].counted(value, unit) == (said if value != 1 else "1 دفعة")
    assert spoken["en"].counted(2, Unit((("en", (("one", "payment"), ("other", "payments"))),))) == "2 payments"


def test_an_hour_is_one_in_spanish(spoken):
    voice = spoken["es"]
    at = When(datetime(2026, 11, 18, 0, 12, tzinfo=UTC))
    assert "a la 01:12 CET" in one_line(voice.in_sentence(voice.moment(at)))
    assert "antes de la 01:12 CET" in one_line(voice.in_sentence(voice.moment(at), due=True))
    later = When(datetime(2026, 11, 18, 1, 12, tzinfo=UTC))
    assert "a las 02:12 CET" in one_line(voice.in_sentence(voice.moment(later)))


def test_lists_in_spanish_avoid_two_sounds_of_i(spoken):
    assert spoken["es"].listed(["Caja", "Informes"]) == "Caja e Informes"
    assert spoken["es"].listed(["Caja", "Hielo"]) == "Caja y Hielo"
    assert spoken["es"].listed(["Caja", "Panel", "Historial"]) == "Caja, Panel e Historial"


def test_the_first_of_a_month_in_french(spoken):
    assert spoken["fr"].date(datetime(2026, 11, 1, 12, tzinfo=UTC)) == "1er novembre 2026"
    assert spoken["fr"].date(datetime(2026, 11, 11, 12, tzinfo=UTC), year=False) == "11 novembre"


def test_the_twin_of_a_page_that_is_not_translated_says_so_below_its_title(five):
    contents = {one.language: one for one in five.compose_data(parcels_in("en"), NOW).composed.messages.site}
    said = {
        "de": "*Diesen Text gibt es noch nicht auf Deutsch. Sie lesen ihn auf Englisch.*",
        "fr": "*Ce texte n\u2019existe pas encore en français. Vous le lisez en anglais.*",
        "es": "*Este texto todavía no existe en español. Aquí lo tiene en inglés.*",
        "ar": "*لا يوجد هذا النص بالعربية بعد. النص المعروض هنا باللغة الإنجليزية.*",
    }
    for number, original in enumerate(contents["en"].pages):
        heading, below = original.markdown.split("\n", 1)
        assert not below.startswith("\n*")
        for language, words in said.items():
            assert contents[language].pages[number].markdown == f"{heading}\n\n{words}\n{below}"


def test_winter_in_athens_is_not_called_summer_in_french(spoken):
    voice = spoken["fr"]._replace(zone=ZoneInfo("Europe/Athens"))
    assert voice.zone_name(datetime(2026, 11, 18, tzinfo=UTC)) == "EET"
    assert voice.zone_name(datetime(2026, 7, 18, tzinfo=UTC)) == "EEST"


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("fr", "Il manque $parcels_late.", "colis environ."),
        ("fr", "Il manque environ $parcels_late.", "Il manque environ 2\u202f418 colis."),
        ("es", "Faltan $parcels_late.", "Faltan aproximadamente 2.418 paquetes."),
    ],
)
def test_about_fits_where_the_team_put_the_figure(five, language, text, said):
    data = parcels_in(language)
    data["updates"][-1]["text"] = {language: text}
    assert said in five.compose_data(data, NOW).message(f"incident {language}")


@pytest.mark.parametrize(
    ("language", "contained", "fixed"),
    [
        ("en", "We stepped in at 15:00", "We acted on it at 16:00"),
        ("de", "Eingegriffen haben wir um 15:00", "Gehandelt haben wir um 16:00"),
        ("fr", "Nous sommes intervenus à 15:00", "Nous avons agi à 16:00"),
        ("es", "Intervinimos a las 15:00", "Actuamos a las 16:00"),
        ("ar", "تدخّلنا في الساعة \u206615:00", "تصرفنا في الساعة \u206616:00"),
    ],
)
def test_nobody_contains_or_mends_a_person(five, language, contained, fixed):
    """What is said of a fault would be said of somebody who did wrong, or to whom it was done."""
    times = {
        "started": "2026-11-16 06:00",
        "noticed": "2026-11-16 09:30",
        "contained": "2026-11-16 15:00",
        "fixed": "2026-11-16 16:00",
    }
    page = five.compose_data(parcels_in(language, kind="conduct", times=times), NOW).message(f"incident {language}")
    assert contained in page
    assert fixed in page
