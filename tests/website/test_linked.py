"""JSON-LD: search engines are told what readers see, and nothing else."""

import json
import re

from sample_site import SITE, one, outage, page, parsed, text

from crisiscomms.website.linked import plain_text


def linked(site, path):
    found = parsed(site[f"{path}index.html"]).findall(".//script")
    return json.loads(found[0].text) if found else None


def words(element):
    """Return what a reader sees of an element, block by block."""
    for part in element.iter():
        part.tail = f"{part.tail or ''} " if part.tag in {"p", "li", "td", "th", "h2", "h3"} else part.tail
    return text(element)


def test_the_incident_page_is_a_live_blog_of_its_updates(site):
    for tree, content in (("", outage()), ("de/", outage("de"))):
        path = f"{tree}incidents/checkout-outage/"
        found, shown = linked(site, path), words(one(parsed(site[f"{path}index.html"]), ".//main"))
        assert (found["@context"], found["@type"]) == ("https://schema.org", "LiveBlogPosting")
        assert (found["headline"], found["inLanguage"]) == (content.title, content.language)
        assert found["headline"] in shown
        assert (found["url"], found["datePublished"]) == (f"{SITE}/{path}", content.first_at)
        assert "coverageEndTime" not in found
        assert [update["url"] for update in found["liveBlogUpdate"]] == [
            f"{SITE}/{path}#cause-found",
            f"{SITE}/{path}#first-notice",
        ]
        assert found["liveBlogUpdate"][0]["articleBody"] in shown
        assert found["liveBlogUpdate"][0]["articleBody"] == content.entries[0].text.strip()


def test_it_names_the_updates_that_the_page_shows_and_no_more(build):
    ids = [f"u{n}" for n in range(40, 0, -1)]
    told = tuple(outage().entries[0]._replace(id=name, html=f"<p>Words of {name}.</p>") for name in ids)
    source = "# Down\n\n## Updates {{#updates}}\n\n" + "".join(
        f"### {n} {{{{#{n}}}}}\n\nWords of {n}.\n\n" for n in ids
    )
    content = outage()._replace(entries=told, pages=(page("incident", "checkout-outage", source),))
    site = build([content])
    main = one(parsed(site["incidents/checkout-outage/index.html"]), ".//main")
    told = linked(site, "incidents/checkout-outage/")["liveBlogUpdate"]
    assert [update["articleBody"] for update in told] == re.findall(r"Words of u\d+\.", text(main))
    assert len(told) == 25


def test_the_questions_and_answers_are_those_of_the_page(site):
    path = "incidents/checkout-outage/faq/"
    found, shown = linked(site, path), parsed(site[f"{path}index.html"])
    assert found["@type"] == "FAQPage"
    headings = {heading.get("id"): heading for heading in shown.findall(".//main//h2")}
    assert [asked["url"].partition("#")[2] for asked in found["mainEntity"]] == ["question-1", "rumour-1"]
    visible = words(one(shown, ".//main"))
    for asked in found["mainEntity"]:
        heading = headings[asked["url"].partition("#")[2]]
        assert text(heading).startswith(asked["name"])
        assert asked["acceptedAnswer"]["text"] in visible
    assert found["mainEntity"][1]["name"] == 'Is it true? "Northwind was hacked."'


def test_an_answer_of_several_blocks_keeps_its_words_apart(build):
    asked = "# Questions\n\n## What now? {{#question-1}}\n\nFirst.\n\n- One & two\n- Three\n\n| A | B |\n|---|---|\n| 1 | 2 |\n"
    content = outage()._replace(pages=(page("faq", "checkout-outage", asked),))
    site = build([content])
    (only,) = linked(site, "incidents/checkout-outage/faq/")["mainEntity"]
    assert only["acceptedAnswer"]["text"] == "First. One & two Three A B 1 2"


def test_words_of_two_blocks_never_run_together():
    body = "<p>One</p><p>two</p><ul><li>three</li><li>fo<em>ur</em></li></ul><table><tr><th>5</th><td>6</td></tr></table>7<br>8"
    assert plain_text(body) == "One two three four 5 6 7 8"


def test_hostile_words_end_no_script(build):
    hostile = 'No </script><script>alert(1)</script> <!-- & "quotes" \u2028'
    update = outage().entries[0]._replace(title=hostile)
    content = outage()._replace(title=hostile, entries=(update,))
    content = content._replace(pages=tuple(page._replace(title=hostile) for page in content.pages))
    site = build([content])
    raw = site["incidents/checkout-outage/index.html"].decode()
    assert raw.count("<script") == raw.count("</script") == 1
    assert linked(site, "incidents/checkout-outage/")["headline"] == hostile


def test_a_correction_and_the_end_have_their_times(build):
    late = outage().entries[1]._replace(corrected_at="2026-11-18T15:40:00+01:00")
    content = outage()._replace(status="resolved", entries=(outage().entries[0], late))
    found = linked(build([content]), "incidents/checkout-outage/")
    assert found["coverageEndTime"] == content.entries[0].at
    assert found["dateModified"] == found["liveBlogUpdate"][1]["dateModified"] == "2026-11-18T15:40:00+01:00"


def test_other_pages_say_nothing_to_machines_that_is_not_theirs(site):
    for path in ("", "promises/", "history/", "incidents/checkout-outage/statement/"):
        assert linked(site, path) is None
