"""The site in English, German, French, Spanish and Arabic: the same facts, each in its own words and its own direction."""

import re
import tomllib

import pytest
from five_languages import LANGUAGES, PARCELS, bench_of_five, site_of_five
from sample_site import ROOT, SITE, one, pages, parsed, text

TEMPLATES = ROOT / "templates"
OTHERS = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    return bench_of_five(tmp_path_factory.mktemp("five") / "workspace")


@pytest.fixture(scope="module")
def site(five):
    return site_of_five(five)


@pytest.fixture(scope="module")
def parcels(five):
    return five.read(PARCELS, "2026-11-17 13:05")


def keys(table, above=""):
    """Yield the dotted name of each word, with the parts that are filled into it."""
    for name, words in table.items():
        if isinstance(words, dict):
            yield from keys(words, f"{above}{name}.")
        elif isinstance(words, str):
            yield f"{above}{name}", frozenset(re.findall(r"\{\w+\}", words))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", ["site.toml", "words.toml"])
def test_each_language_has_every_word_with_the_same_parts(language, name):
    ours, theirs = (
        dict(keys(tomllib.loads((TEMPLATES / tongue / name).read_text(encoding="utf-8"))))
        for tongue in ("en", language)
    )
    assert theirs == ours


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_every_template_and_tells_the_same(language):
    for path in sorted((TEMPLATES / "en").rglob("*.j2")):
        asked = [
            sorted(re.findall(r"\b(?:t|item|group|product|update)\.\w+(?:\.\w+)?", source))
            for source in (
                path.read_text(encoding="utf-8"),
                (TEMPLATES / language / path.relative_to(TEMPLATES / "en")).read_text(encoding="utf-8"),
            )
        ]
        assert set(asked[0]) == set(asked[1]), (language, path.name)


def test_a_record_in_five_languages_says_the_same_in_each_and_review_finds_no_error(parcels):
    assert [finding.code for finding in parcels.findings] == ["promise-late"]
    by_language = {content.language: content for content in parcels.composed.messages.site}
    assert {content.words_language for content in by_language.values()} == set(LANGUAGES)
    for number in range(len(by_language["en"].pages)):
        htmls = [by_language[language].pages[number].html for language in LANGUAGES]
        assert len({tuple(sorted(re.findall(r'datetime="([^"]+)"', html))) for html in htmls}) == 1
        assert len({tuple(re.findall(r'<h2 id="([^"]+)"', html)) for html in htmls}) == 1
        assert len({html.count("<li>") for html in htmls}) == 1


def test_figures_and_plurals_are_each_languages_own(parcels):
    said = {content.language: content.summary for content in parcels.composed.messages.site}
    assert "About 2,418 parcels" in said["en"]
    assert "Etwa 2.418 Pakete" in said["de"]
    assert "2\u202f418 colis environ" in said["fr"]
    assert "Aproximadamente 2.418 paquetes" in said["es"]
    assert "نحو 2,418 طردًا" in said["ar"]  # many
    incident = parcels.message("incident ar")
    assert "3 أيام" in incident  # few
    assert "\u206606:00 CET\u2069 يوم 16 نوفمبر 2026 (\u206805:00 UTC\u2069)" in incident
    assert "\u2066+49 30 5550 0100\u2069" in incident


def test_pages_say_their_language_and_direction_and_link_their_translations(site):
    for name, page in pages(site).items():
        language = name.split("/")[0] if name.split("/")[0] in OTHERS else "en"
        assert page.get("lang") == language
        assert page.get("dir") == ("rtl" if language == "ar" else "ltr")
        if name == "404.html":
            assert {text(heading) for heading in one(page, ".//main").iter() if heading.tag in {"h1", "h2"}} == {
                tomllib.loads((TEMPLATES / tongue / "site.toml").read_text(encoding="utf-8"))["site"]["not_found_title"]
                for tongue in LANGUAGES
            }
            continue
        path = name.removesuffix("index.html").removeprefix("" if language == "en" else f"{language}/")
        links = {e.get("hreflang"): e.get("href") for e in page.findall(".//head/link[@hreflang]")}
        assert links == {
            "x-default": f"{SITE}/{path}",
            **{tongue: f"{SITE}/{'' if tongue == 'en' else f'{tongue}/'}{path}" for tongue in LANGUAGES},
        }


def test_where_a_translation_is_missing_the_page_says_so_and_shows_the_original_marked(site):
    page = parsed(site["ar/incidents/checkout-outage/index.html"])
    assert (
        text(one(page, ".//main//p[@class='untranslated']"))
        == "لا يوجد هذا النص بالعربية بعد. النص المعروض هنا باللغة الإنجليزية."
    )
    words = one(page, ".//main//div[@class='words']")
    assert (words.get("lang"), words.get("dir")) == ("en", "ltr")
    assert "What happened?" in text(words)
    assert text(one(page, ".//header//a[@aria-current='true']")) == "العربية"
    translated = parsed(site["ar/incidents/parcel-delay/index.html"])
    assert not translated.findall(".//p[@class='untranslated']")


def test_mails_in_arabic_run_to_the_left(five):
    record = PARCELS + "audiences:\n  readers: {name: Readers, channels: [email], recipients: ../lists/merchants.csv}\n"
    record = record.replace("next_update: 2026-11-18 16:00", "next_update: 2026-11-18 16:00\n    audiences: [readers]")
    notices = {n.language: n.html for n in five.read(record, "2026-11-17 08:05").composed.messages.notices}
    assert 'dir="rtl"' in notices["ar"]
    assert 'dir="rtl"' not in notices["fr"]
