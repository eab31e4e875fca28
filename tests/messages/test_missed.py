"""A next update that came later than it was promised: the page goes on saying so after it has come."""

import sys
from pathlib import Path

import pytest
import yaml

sys.path.append(str(Path(__file__).parent.parent / "website"))
from five_languages import PARCELS, bench_of_five

NOW = "2026-11-17 13:05"
MISSED = {
    "en": "We had said that we would write again by 16:00 CET on 16 November 2026. We wrote only at 08:00 CET on 17 November 2026.",
    "de": "Die nächste Meldung hatten wir bis 16:00 Uhr MEZ am 16. November 2026 versprochen. Sie kam erst um 08:00 Uhr MEZ am 17. November 2026.",
    "fr": "Nous avions promis des nouvelles au plus tard à 16:00 CET le 16 novembre 2026. Nous n\u2019avons écrit que plus tard, à 08:00 CET le 17 novembre 2026.",
    "es": "Habíamos prometido noticias antes de las 16:00 CET del 16 de noviembre de 2026. Las dimos con retraso, a las 08:00 CET del 17 de noviembre de 2026.",
    "ar": "كنا قد وعدنا بالخبر التالي بحلول الساعة \u206616:00 CET\u2069 يوم 16 نوفمبر 2026. ولم نكتب إلا في الساعة \u206608:00 CET\u2069 يوم 17 نوفمبر 2026.",
}


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    return bench_of_five(tmp_path_factory.mktemp("missed") / "workspace")


def parcels():
    return yaml.load(PARCELS, Loader=yaml.CBaseLoader)


def missed(read):
    return [entry.missed for entry in read.composed.messages.site[0].entries]


@pytest.mark.parametrize("language", MISSED)
def test_the_page_goes_on_saying_under_an_update_that_the_next_one_came_late(five, language):
    page = five.compose_data(parcels(), NOW).message(f"incident {language}")
    assert " ".join(page.rpartition("\n\n")[2].split()) == MISSED[language]
    assert MISSED[language] in page


def test_it_passes_review_in_every_language(five):
    assert [finding.message for finding in five.read(PARCELS, NOW).errors()] == []


def test_nothing_is_missed_where_the_next_update_came_in_time(five):
    data = parcels()
    assert missed(five.compose_data(data, NOW)) == [None, "2026-11-16T16:00:00+01:00"]
    data["updates"][0]["next_update"] = "2026-11-17 08:00"  # to the minute
    assert missed(five.compose_data(data, NOW)) == [None, None]
    data["updates"][0]["next_update"] = "2026-11-17"  # a day alone is all of that day
    assert missed(five.compose_data(data, NOW)) == [None, None]


def test_a_private_update_is_none_that_the_public_can_see(five):
    data = parcels()
    private = {"id": "to-some", "at": "2026-11-16 15:00", "status": "identified", "text": "Hello.", "private": "true"}
    data["updates"].insert(1, private)
    assert missed(five.compose_data(data, NOW)) == [None, "2026-11-16T16:00:00+01:00"]
    data["updates"][1]["private"] = "false"
    assert missed(five.compose_data(data, NOW)) == [None, None, None]
