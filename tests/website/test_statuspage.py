"""Statuspage's JSON as it is written. What its clients make of it stands in test_readers.py."""

import json
import re

from sample_site import SITE, entry, outage, recall

ENDPOINTS = (
    "summary",
    "status",
    "components",
    "incidents",
    "incidents/unresolved",
    "scheduled-maintenances",
    "scheduled-maintenances/upcoming",
    "scheduled-maintenances/active",
)


def read(site, name):
    return json.loads(site[f"api/v2/{name}.json"])


def test_every_endpoint_is_there_for_the_same_page_once(site):
    assert {f"api/v2/{name}.json" for name in ENDPOINTS} == {name for name in site if "api/v2" in name}
    pages = [read(site, name)["page"] for name in ENDPOINTS]
    assert all(page == pages[0] for page in pages)
    assert pages[0] == {
        "id": pages[0]["id"],
        "name": "Notices from Northwind Pay",
        "url": SITE,
        "time_zone": "Europe/Berlin",
        "updated_at": "2026-11-18T10:12:00.000Z",
    }
    assert re.fullmatch("[a-z0-9]{12}", pages[0]["id"])


def test_the_summary_says_how_bad_it_is_and_holds_what_is_open(site):
    summary = read(site, "summary")
    assert summary["status"] == {"indicator": "major", "description": "Partial System Outage"}
    assert {part["name"]: part["status"] for part in summary["components"]} == {
        "Hosted checkout": "major_outage",
        "Payments API": "partial_outage",
        "Merchant dashboard": "operational",
    }
    assert [one["name"] for one in summary["incidents"]] == ["Card payments failed at checkout"]
    assert [one["status"] for one in read(site, "incidents")["incidents"]] == ["identified", "resolved"]


def test_only_what_is_down_is_called_an_outage(build):
    def description(*contents):
        return read(build(contents), "status")["status"]["description"]

    def opened(**changes):
        return recall()._replace(status="identified", **changes)

    assert description(opened()) == "Critical Incident"
    assert description(opened(severity="major", kind="delay")) == "Major Incident"
    assert description(opened(severity="minor", kind="billing")) == "Minor Incident"
    assert description(opened(components=(("Hosted checkout", "degraded_performance"),))) == "Critical Incident"
    assert description(opened(components=(("Hosted checkout", "major_outage"),))) == "Major Service Outage"
    assert description(opened(kind="outage")) == "Major Service Outage"
    assert description(opened(), outage()) == "Critical Incident"  # that of the gravest
    assert description(opened(severity="major"), outage()) == "Partial System Outage"


def test_a_day_alone_begins_with_its_first_second_where_the_organisation_is(build):
    def started(at):
        (one,) = read(build([outage()._replace(times=(("started", at),))]), "incidents")["incidents"]
        return one["started_at"]

    assert started("2025-12-15T23:59:59+01:00") == "2025-12-14T23:00:00.000Z"
    assert started("2026-03-29T21:59:59+00:00") == "2026-03-28T23:00:00.000Z"  # the clocks went forward on that day
    assert started("2025-12-15T10:00:00+01:00") == "2025-12-15T09:00:00.000Z"


def test_an_incident_has_its_times_its_updates_and_its_components(site):
    (one,) = read(site, "incidents/unresolved")["incidents"]
    assert one["shortlink"] == f"{SITE}/incidents/checkout-outage/"
    assert (one["impact"], one["status"]) == ("major", "identified")
    assert one["created_at"] == one["started_at"] == "2026-11-18T09:31:00.000Z"
    assert one["resolved_at"] is one["monitoring_at"] is None
    assert [(said["status"], said["display_at"]) for said in one["incident_updates"]] == [
        ("identified", "2026-11-18T10:12:00.000Z"),
        ("investigating", "2026-11-18T09:31:00.000Z"),
    ]
    assert {said["incident_id"] for said in one["incident_updates"]} == {one["id"]}
    assert [part["name"] for part in one["components"]] == ["Hosted checkout", "Payments API"]


def test_ids_stay_when_words_change_and_a_correction_moves_its_time(build):
    before = outage()
    late = before.entries[0]._replace(html="<p>New.</p>", corrected_at="2026-11-18T15:40:00+01:00")
    after = before._replace(title="Another title", entries=(late, before.entries[1]))
    (old,), (new,) = (read(build([content]), "incidents")["incidents"] for content in (before, after))
    assert new["id"] == old["id"]
    assert [said["id"] for said in new["incident_updates"]] == [said["id"] for said in old["incident_updates"]]
    assert new["updated_at"] == new["incident_updates"][0]["updated_at"] == "2026-11-18T14:40:00.000Z"
    assert new["incident_updates"][0]["created_at"] == old["incident_updates"][0]["created_at"]


def test_what_follows_after_the_end_is_a_post_mortem(build):
    ended = entry("fixed", "resolved", "2026-11-18T13:00:00+01:00", "Resolved", "It works again.")
    content = outage()._replace(status="follow-up", entries=(ended, *outage().entries))
    (one,) = read(build([content]), "incidents")["incidents"]
    assert one["status"] == "postmortem"
    assert one["resolved_at"] == "2026-11-18T12:00:00.000Z"
    assert read(build([content]), "status")["status"]["indicator"] == "none"


def test_lists_hold_fifty_incidents_and_an_incident_fifty_updates(build):
    many = tuple(entry(f"u{n}", "monitoring", f"2026-11-18T10:{n:02}:00+01:00", "Update", "Words.") for n in range(60))
    contents = [recall()._replace(incident=f"i{n}", pages=(), pictures=(), entries=many[::-1]) for n in range(60)]
    found = read(build(contents), "incidents")["incidents"]
    assert len(found) == 50
    assert len({one["id"] for one in found}) == 50
    assert {len(one["incident_updates"]) for one in found} == {50}
    assert found[0]["incident_updates"][0]["created_at"] == "2026-11-18T09:59:00.000Z"


def test_an_empty_site_says_that_all_is_well(build):
    summary = read(build([]), "summary")
    assert summary["status"] == {"indicator": "none", "description": "All Systems Operational"}
    assert summary["incidents"] == summary["scheduled_maintenances"] == []
    assert {part["status"] for part in summary["components"]} == {"operational"}
