"""What programs that are not ours make of the site. Run in the environment that `./run test` makes for them.

`read.py KIND FILE...` or `read.py KIND ADDRESS` prints what was understood as JSON; what cannot be understood raises.
"""

import json
import sys
from pathlib import Path

ATOM = "{http://www.w3.org/2005/Atom}"


def schema(*files):
    """Hold feeds to RFC 4287: its RELAX NG schema, and the three rules that stand beside the schema."""
    import rnc2rng
    from lxml import etree

    grammar = rnc2rng.dumps(rnc2rng.load(str(Path(__file__).with_name("atom.rnc"))))
    grammar = grammar.replace(' xmlns:local=""', "")  # a name for "no namespace", which XML itself cannot declare
    relaxed = etree.RelaxNG(etree.fromstring(grammar.encode()))
    return {file: _wrong(etree.parse(file), relaxed) for file in files}


def _wrong(tree, relaxed):
    relaxed.validate(tree)
    feed, found = tree.getroot(), [f"{error.line}: {error.message}" for error in relaxed.error_log]
    authored = feed.find(f"{ATOM}author") is not None
    for entry in feed.iter(f"{ATOM}entry"):
        links = [link.get("rel") for link in entry.findall(f"{ATOM}link")]
        if not ({None, "alternate"} & set(links) or entry.find(f"{ATOM}content") is not None):
            found.append(f"{entry.sourceline}: an entry needs a link to itself or its content")
        if not authored and entry.find(f"{ATOM}author") is None:
            found.append(f"{entry.sourceline}: an entry needs an author where its feed has none")
    return found


def feeds(*files):
    """Read feeds in all three formats with atoma: the id, the title and the time of each entry."""
    import atoma

    return {file: list(_entries(atoma, Path(file))) for file in files}


def _entries(atoma, file):
    if file.suffix == ".atom":
        for entry in atoma.parse_atom_file(str(file)).entries:
            yield entry.id_, entry.title.value, entry.updated.isoformat()
    elif file.suffix == ".rss":
        for item in atoma.parse_rss_file(str(file)).items:
            yield item.guid, item.title, item.pub_date.isoformat()
    else:
        for item in atoma.parse_json_feed_file(str(file)).items:
            yield item.id_, item.title, item.date_modified.isoformat()


def calendars(*files):
    """Read calendars with ics: the UID, the words and the beginning of each event."""
    import ics

    return {
        file: sorted(
            (event.uid, event.name, event.begin.isoformat(), event.all_day)
            for event in ics.Calendar(Path(file).read_text(encoding="utf-8")).events
        )
        for file in files
    }


def statuscheck(address):
    """Ask for the status as `statuscheck` does."""
    from statuscheck.services.bases._statuspageio import BaseStatusPageAPI

    class Ours(BaseStatusPageAPI):
        def _get_base_url(self):
            return f"{address}api/v2/"

    found = Ours().get_summary()
    return {
        "status": [found.status.code, found.status.name, found.status.description],
        "components": {part.name: part.status for part in found.components},
        "incidents": [[one.name, one.status, [part.name for part in one.components]] for one in found.incidents],
    }


def exporter(address):
    """Ask for the status as `statuspage-prometheus-exporter` does. SERVICES_JSON_PATH names the file that names us."""
    from statuspage_prometheus_exporter.service_checker import SERVICES, check_service_status

    assert [service["url"] for service in SERVICES.values()] == [f"{address}api/v2/summary.json"]
    return {name: check_service_status(name, service) for name, service in SERVICES.items()}


if __name__ == "__main__":
    kinds = {one.__name__: one for one in (schema, feeds, calendars, statuscheck, exporter)}
    json.dump(kinds[sys.argv[1]](*sys.argv[2:]), sys.stdout, default=str)
