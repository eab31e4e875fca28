"""Reading what the command produced, and what it may say: written against the raw files, not against our own code.

`readings` yields every text that a person can see. `Allowed` derives from YAML, TOML and CSV how each figure and
time may be said; `strays` are the runs of digits that are left of a text when all of that is taken out.
"""

import csv
import re
import tomllib
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from functools import cache
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import feedparser
import yaml

BERLIN = ZoneInfo("Europe/Berlin")
MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "de": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
}
ZONES = {"en": {1: "CET", 2: "CEST"}, "de": {1: "MEZ", 2: "MESZ"}}
TEAM_ONLY = {"notes", "source", "id", "pack", "reference", "clock_start", "filed_at", "file"}
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d))?")
_ADDRESS = re.compile(r"https?://[^\s)>\"]+|[\w.+-]+@[\w.-]+\w")


class _Visible(HTMLParser):
    """Collects what a reader sees, with a line break for every block."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.hidden, self.parts = 0, []

    def handle_starttag(self, tag, attrs):
        del attrs
        self.hidden += tag in {"style", "script", "svg"}
        if tag not in {"a", "b", "em", "strong", "time", "span"}:
            self.parts.append("\n")

    def handle_endtag(self, tag):
        self.hidden -= tag in {"style", "script", "svg"}
        if tag not in {"a", "b", "em", "strong", "time", "span"}:
            self.parts.append("\n")

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


def visible(html):
    reader = _Visible()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


def parts_of(path):
    """Return a mail's subject, its text, and what its HTML shows."""
    mail = message_from_bytes(path.read_bytes(), policy=default)
    html = mail.get_body(("html",)).get_content()
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    return mail, mail["subject"], text, visible(html)


def readings(home):
    """Yield (name, language, incidents it may be about, recipient, text) for everything a person can read.

    What the site's own layout says about the incidents is read with the pages it stands on.
    """
    for path in sorted((home / "public").rglob("*")):
        inside = path.relative_to(home / "public")
        language = "de" if inside.parts[0] == "de" else "en"
        about = next((name for name in inside.parts[:-1] if (home / "email" / name).is_dir()), None)
        if path.suffix == ".html":
            yield str(inside), language, about, None, visible(path.read_text(encoding="utf-8"))
        elif path.suffix in {".md", ".txt"} and path.name != "robots.txt":
            yield str(inside), language, about, None, path.read_text(encoding="utf-8").replace("\\", "")
        elif path.suffix == ".atom":
            feed = feedparser.parse(path.read_bytes())
            said = [feed.feed.title, *(entry.title + "\n" + visible(entry.content[0].value) for entry in feed.entries)]
            yield str(inside), language, about, None, "\n".join(said)
    for path in sorted((home / "email").rglob("*.eml")):
        _, subject, text, html = parts_of(path)
        incident, _, name = path.relative_to(home / "email").parts
        recipient = name.split("-", 2)[2].removesuffix(".eml")
        language = "de" if text.startswith("Guten Tag") else "en"
        for part, words in (("subject", subject), ("text", text), ("html", html)):
            yield f"{incident}/{name} {part}", language, incident, recipient, words
    for path in sorted((home / "x").rglob("*.txt")):
        text = re.sub(r"^In reply to: \S+\n", "", path.read_text(encoding="utf-8"))
        yield path.name, "en", path.parent.name, None, text
    for path in sorted((home / "memos").iterdir()):
        incident, language, suffix = path.name.split(".")
        text = path.read_text(encoding="utf-8")
        yield path.name, language, incident, None, visible(text) if suffix == "html" else text.replace("\\", "")


class Allowed:
    """What the messages of a workspace may say in figures, derived from its raw files."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.settings = tomllib.loads((workspace / "crisiscomms.toml").read_text(encoding="utf-8"))
        paths = sorted((workspace / "incidents").glob("*.yaml"))
        self.records = {p.stem: yaml.load(p.read_text(encoding="utf-8"), Loader=yaml.BaseLoader) for p in paths}

    def strays(self, language, incident, recipient, text):
        """Return what is left of every line that still holds a digit when all that may be said is taken out."""
        known = [incident] if incident else list(self.records)
        for address in _ADDRESS.findall(text):
            if not self._address(address):
                return [address]
        text = _ADDRESS.sub(" ", text)
        text = self._phrases(language, tuple(known), recipient).sub(" ~ ", text)
        return [line.strip() for line in text.split("\n") if re.search(r"\d", line)]

    def _address(self, address):
        own = [self.settings["site"]["url"], self.settings["organisation"]["url"]]
        raw = (self.workspace / "crisiscomms.toml").read_text(encoding="utf-8") + "".join(
            map(str, self.records.values())
        )
        return any(address.startswith(site) for site in own) or address in raw

    @cache  # noqa: B019 -- lives as long as the test
    def _phrases(self, language, incidents, recipient):
        """Return a pattern of everything that may be said, longest first."""
        found = set()
        for incident in incidents:
            record = self.records[incident]
            # a record that is not in the reader's language is read in its own, on a page laid out in theirs
            for spoken in dict.fromkeys([language, *record.get("languages", [])[:1]]):
                for words in _strings(record, spoken):
                    found |= _time_phrases(words, spoken) if _TIME.fullmatch(words) else _word_phrases(words)
                found |= _fact_phrases(record["facts"], spoken) | _durations(record["times"], spoken)
                for words in _strings(self.settings["organisation"], spoken):
                    found |= _word_phrases(words)
            found |= {word for product in record["affected"].get("products", []) for word in product["lots"]}
            if recipient:
                found |= self._own_figures(record, recipient, language)
        longest_first = "|".join(re.escape(phrase) for phrase in sorted(found, key=len, reverse=True))
        return re.compile(rf"(?<![\w.,:])(?:{longest_first})(?![\d%]|[.,:]\d|\w)")

    def _own_figures(self, record, recipient, language):
        found = set()
        for audience in record["audiences"].values():
            path = (self.workspace / "incidents" / audience["recipients"]).resolve()
            with path.open(encoding="utf-8", newline="") as file:
                row = next((row for row in csv.DictReader(file) if row["email"] == recipient), {})
            for column, cell in row.items():
                if column in record["facts"]:
                    found |= _fact_phrases({column: {**record["facts"][column], "value": cell}}, language)
        return found


def _strings(value, language):
    """Yield every text of raw data that readers may see, in one language where there are several."""
    if isinstance(value, dict):
        if language in value and set(value) <= {"en", "de"}:
            yield from _strings(value[language], language)
        elif not set(value) <= {"en", "de"}:
            for name, item in value.items():
                if name not in TEAM_ONLY | {"facts", "audiences"}:
                    yield from _strings(item, language)
            for name in ("facts",):
                for fact in value.get(name, {}).values():
                    yield from [fact["as_of"]] if "as_of" in fact else []
        else:
            yield from _strings(next(iter(value.values())), language)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item, language)
    else:
        yield str(value)


def _word_phrases(words):
    """Return each written figure with the word before or after it, so that it is allowed only where it belongs."""
    found, tokens = set(), [token.strip('.,;:!?()"„“') for token in re.sub(r"\$[\w.]+", " ", words).split()]
    for index, token in enumerate(tokens):
        if re.search(r"\d", token):
            if re.search(r"[^\d.,]", token) or token == words:
                found.add(token)
            found |= {" ".join(tokens[index : index + 2])} if index + 1 < len(tokens) else set()
            found |= {" ".join(tokens[index - 1 : index + 1])} if index else set()
    return found | ({words} if words.startswith("+") else set())


def _time_phrases(words, language):
    year, month, day, hour, minute = _TIME.fullmatch(words).groups()
    name, dot = MONTHS[language][int(month) - 1], "." if language == "de" else ""
    date = f"{int(day)}{dot} {name}"
    found = {f"{date} {year}", date, f"{name} {year}"}
    if hour is None:
        return found
    local = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=BERLIN)
    clock = f"{hour}:{minute}" + (" Uhr" if language == "de" else "")
    zone = ZONES[language][local.utcoffset().seconds // 3600]
    utc, on = local.astimezone(UTC), {"en": "on", "de": "am"}[language]
    in_utc = f"{utc:%H:%M} UTC"
    if utc.date() != local.date():
        uhr = " Uhr" if language == "de" else ""
        in_utc = f"{utc:%H:%M}{uhr} UTC {on} {utc.day}{dot} {MONTHS[language][utc.month - 1]}"
    full = f"{clock} {zone} {on} {date}"
    found |= {f"{full} {year} ({in_utc})", f"{full} {year}", full, f"{clock} {zone}"}
    return found | {f"{hour}:{minute} {joint}" for joint in ("and", "und")}  # between 10:12 and 12:47 CET


def _fact_phrases(facts, language):
    found = set()
    for fact in facts.values():
        digits = f"{int(fact['value']):,}".replace(",", "." if language == "de" else ",")
        unit = fact["unit"]
        unit = unit.get(language, unit) if isinstance(unit, dict) else unit
        if isinstance(unit, dict):
            unit = unit["one"] if fact["value"] == "1" else unit["other"]
        found.add(f"{digits} {unit}")
    return found


def _durations(times, language):
    if "started" not in times or "fixed" not in times:
        return set()
    started, fixed = (_utc(times[name]) for name in ("started", "fixed"))
    hours, minutes = divmod(int((fixed - started).total_seconds()) // 60, 60)
    joint = {"en": ("hours and", "minutes"), "de": ("Stunden und", "Minuten")}[language]
    return {f"{hours} {joint[0]} {minutes} {joint[1]}"}


def _utc(words):
    return datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=BERLIN).astimezone(UTC)
