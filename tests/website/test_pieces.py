"""What is kept from one build to the next: only what changed is rendered, and nobody can tell from the pages."""

import gc
import sqlite3
from datetime import timedelta
from random import Random

import pytest
from sample_site import NOW, SITE, outage, recall, settings

from crisiscomms.errors import InvalidInput
from crisiscomms.website import many
from crisiscomms.workspace import Workspace

LANGUAGES = ("en", "de")


def incident(number, language="en", **more):
    """An incident with a page, a promise and a link to another incident, which may not be there."""
    name, at = f"parcels-{number}", f"2026-{1 + number % 11:02}-{1 + number % 28:02}T10:00:00+01:00"
    own, (line, *_) = recall(language), outage(language).promises
    page = own.pages[0]._replace(
        path=f"incidents/{name}/",
        html=own.pages[0].html + f'<p><a href="{SITE}/incidents/parcels-{number + 1}/">Before</a></p>',
    )
    due = (NOW + timedelta(days=number - 3)).isoformat()
    promised = (line._replace(id="refund", due=due),)
    return own._replace(incident=name, first_at=at, updated_at=at, pages=(page,), promises=promised)._replace(**more)


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "pieces" / "kept.sqlite"


@pytest.fixture
def rendered(build, kept):
    """Build with what is kept. Returns the site, and how many pieces were rendered."""

    def built(contents, **more):
        count = 0

        def step(_done, _whole):
            nonlocal count
            count += 1

        site = dict(build(contents, **{"kept": kept, "step": step, **more}))
        return site, count

    return built


def several(count, languages=LANGUAGES):
    return [incident(number, language) for number in range(count) for language in languages]


# -- nobody can tell ---------------------------------------------------------------------------------------------


def test_after_any_changes_the_site_is_the_one_that_a_first_build_makes(build, rendered, tmp_path):
    random, contents = Random(20261122), {(c.incident, c.language): c for c in [*several(6), outage(), outage("de")]}
    more = {"now": NOW, "workspace": Workspace(tmp_path, settings())}
    own = tmp_path / "site"
    own.mkdir()

    def added():
        new = incident(random.randrange(6, 30), random.choice(LANGUAGES))
        contents[new.incident, new.language] = new

    def removed():
        del contents[random.choice(sorted(contents))]

    def changed(**fields):
        name = random.choice(sorted(contents))
        contents[name] = contents[name]._replace(**fields)

    def laid_over():
        more["overrides"] = own
        (own / "404.html.j2").write_text(f"<h1>{random.random()}</h1>", encoding="utf-8")

    changes = (
        added,
        removed,
        lambda: changed(title=f"Parcels came late ({random.random()})"),
        lambda: changed(status=random.choice(["investigating", "resolved"])),
        lambda: changed(severity=random.choice(["minor", "critical"])),
        lambda: changed(words_language=random.choice(LANGUAGES)),
        lambda: changed(promises=()),
        lambda: changed(past=True),
        lambda: more.update(now=more["now"] + timedelta(days=random.randrange(-2, 3))),
        lambda: more.update(rehearsal=not more.get("rehearsal")),
        lambda: more.update(workspace=Workspace(tmp_path, settings(random.choice([SITE, f"{SITE}/status"])))),
        laid_over,
    )
    for change in [*changes, *random.choices(changes, k=30)]:
        change()
        found = list(contents.values())
        random.shuffle(found)
        assert rendered(found, **more)[0] == dict(build(found, **more)), change


def test_a_link_leads_to_a_page_once_it_is_there(rendered):
    name = "incidents/parcels-3/index.html"
    for more in ({}, {"promises": ()}):
        alone, after = [incident(3, **more)], [incident(3, **more), incident(4)]
        assert f'href="{SITE}/incidents/parcels-4/"' in rendered(alone)[0][name].decode()
        assert 'href="../../incidents/parcels-4/"' in rendered(after)[0][name].decode()


def test_a_list_leads_to_the_same_list_in_another_language_once_it_is_there(rendered):
    name, alternate = "history/2026-04/index.html", f'hreflang="de" href="{SITE}/de/history/2026-04/"'
    assert alternate not in rendered([incident(3), incident(4, "de")])[0][name].decode()
    assert alternate in rendered([incident(3), incident(4, "de"), incident(3, "de")])[0][name].decode()


# -- only what changed -------------------------------------------------------------------------------------------


def test_one_new_update_renders_one_incident_and_the_lists_that_name_it(rendered):
    contents = several(40)
    _, every = rendered(contents)
    old = contents[10]
    contents[10] = old._replace(title="Parcels came very late", updated_at="2026-11-17T10:00:00+01:00")
    site, few = rendered(contents)
    assert "Parcels came very late" in site["incidents/parcels-5/index.html"].decode()
    assert every > 80
    assert few <= 10


def test_where_nothing_changed_nothing_is_rendered_until_a_promise_is_late(rendered):
    contents = [incident(4), incident(5)]  # due in one day, and in two
    site, _ = rendered(contents)
    assert rendered(contents) == (site, 0)
    assert rendered(contents, now=NOW + timedelta(hours=23)) == (site, 0)
    later, few = rendered(contents, now=NOW + timedelta(hours=25))
    assert 0 < few < 8
    assert later["promises/index.html"] != site["promises/index.html"]
    assert rendered(contents)[0] == site


def test_where_nothing_changed_nothing_is_rendered_until_the_next_update_is_late(rendered):
    contents = [incident(40), outage()]  # promised in ten minutes
    site, _ = rendered(contents)
    assert rendered(contents, now=NOW + timedelta(minutes=9)) == (site, 0)
    later, few = rendered(contents, now=NOW + timedelta(minutes=11))
    assert 0 < few < 6  # the page, the front page, two of the history and the calendar
    changed = {path for path in later if later[path] != site[path]}
    assert {"index.html", "incidents/checkout-outage/index.html"} <= changed
    assert rendered(contents)[0] == site


def test_a_build_that_is_killed_goes_on_where_it_was(rendered, build, kept):
    contents, done = several(120), 0

    def step(_done, _whole):
        nonlocal done
        done += 1
        if done == 110:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build(contents, kept=kept, step=step)
    site, rest = rendered(contents)
    kept.unlink()
    assert rendered(contents) == (site, rest + 100)


def test_what_is_gone_is_forgotten(rendered, kept):
    rendered(several(30))
    rendered([incident(1)])
    base = sqlite3.connect(kept)
    assert base.execute("select count(*) from brief").fetchone() == (1,)
    assert {name for (name,) in base.execute("select name from piece where name like 'incidents/%'")} == {
        "incidents/parcels-1"
    }
    assert base.execute("select count(*) from file where path like 'incidents/%'").fetchone()[0] == 5


# -- a help, and never the truth ---------------------------------------------------------------------------------


def test_what_is_damaged_is_rendered_again(rendered, kept):
    contents = several(3)
    site, _ = rendered(contents)
    base = sqlite3.connect(kept)
    for name, body in base.execute("select name, body from piece").fetchall():
        base.execute("update piece set body = ? where name = ?", (body.replace(b"kettle", b"poison"), name))
    base.commit()
    base.close()
    assert rendered(contents)[0] == site
    whole = kept.read_bytes()
    for damaged in (b"", b"no database", whole[:5000], whole[: len(whole) // 2]):
        gc.collect()  # the builds before are over, and hold the file no longer
        kept.write_bytes(damaged)
        assert rendered(contents)[0] == site


# -- on all cores ------------------------------------------------------------------------------------------------


def test_many_incidents_are_rendered_by_several_processes_and_read_the_same(build, monkeypatch):
    contents = several(90)
    monkeypatch.setattr(many, "_MANY", 60)
    spread = dict(build(contents))
    monkeypatch.setattr(many, "_MANY", 1000)
    assert spread == dict(build(contents))


def test_a_layout_that_fails_in_another_process_is_named_with_its_line(build, monkeypatch, tmp_path):
    (tmp_path / "incident.html.j2").write_text(
        '{# ours #}\n{% if leaf.content.incident == "parcels-89" %}{{ nobody }}{% endif %}', encoding="utf-8"
    )
    monkeypatch.setattr(many, "_MANY", 60)
    with pytest.raises(InvalidInput) as caught:
        build(several(90), overrides=tmp_path)
    place = caught.value.findings[0].place
    assert (place.file.rpartition("/")[2], place.line) == ("incident.html.j2", 2)
