"""What people see of a page whose address was passed on to them, before they open it."""

import pytest
from example_room import FINAL, data_of, source_of

OUTAGE = "checkout-outage"
HAPPENED = "People who paid by card in the European Union saw an error."


def descriptions(read, language="en"):
    [content] = [one for one in read.composed.messages.site if one.language == language]
    return {page.kind: page.description for page in content.pages}


@pytest.mark.parametrize("incident", FINAL)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_of_an_incident_says_what_happened(bench, incident, language):
    read = bench.read(source_of(incident), FINAL[incident])
    found = descriptions(read, language)
    assert {"incident", "faq"} <= found.keys()
    for words in found.values():
        assert not words.startswith(("We are sorry", "Es tut uns leid", "Resolved", "Behoben"))
        assert "https://" not in words
        assert len(words) > 40


def test_what_it_did_to_people_comes_before_what_we_wrote_about_it(bench):
    data = data_of(OUTAGE)
    data["impact"] = [{"audience": "everyone", "effect": HAPPENED}]
    found = descriptions(bench.compose_data(data, FINAL[OUTAGE]))
    assert set(found.values()) == {HAPPENED}
    data["impact"] = []
    found = descriptions(bench.compose_data(data, FINAL[OUTAGE]))
    assert found["faq"].startswith("1,719 payments did not go through between 10:12 and 12:47 CET on 18 November")


def test_a_long_sentence_after_a_short_one_is_not_left_out(bench, tmp_path):
    """A letter of the team's own: what it begins with says nothing by itself."""
    long = f"We are sorry. {HAPPENED[:-1]}, and it took us until the afternoon to find out why that was so and to bring back the route that had worked before."
    file = bench.workspace.folder / "incidents" / "own.md"
    file.write_text(f"{long}\n\nThat was our failure.\n", encoding="utf-8")
    data = {**data_of(OUTAGE), "texts": [{"message": "statement", "file": "own.md"}]}
    found = descriptions(bench.compose_data(data, FINAL[OUTAGE]))
    assert found["statement"] == long
