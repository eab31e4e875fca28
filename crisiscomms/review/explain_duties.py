"""A law or one of its parts in words: for `check --explain reg-...`, and for the page that lists all of them."""

from __future__ import annotations

from collections.abc import Iterator

from crisiscomms.errors import UsageError, did_you_mean
from crisiscomms.review.packs import PREFIX, WHAT_THIS_IS, Clock, Pack, Part, names, pack
from crisiscomms.review.rules import WEIGHT

_READERS = {
    "authority": "a report to an authority, which you write outside of here",
    "people": "a notice to people",
    "public": "a filing that everyone reads",
}


def explain_duty(code: str) -> str:
    """Return everything about a pack, or about one part of it. Raises UsageError that names the nearest code."""
    rest = code.removeprefix(PREFIX)
    name = max((one for one in names() if rest == one or rest.startswith(f"{one}-")), key=len, default="")
    known = pack(name) if name else None
    asked = rest.removeprefix(name).removeprefix("-")
    if known and not asked:
        return "\n".join([*_head(known), "", *_all(known)])
    if known and asked == "clock" and known.clocks:
        return "\n".join([*_head(known), "", *(f"  {line}" for one in known.clocks for line in _clock(known, one))])
    for part in known.parts if known else ():
        if part.name == asked:
            return "\n".join([f"{code}: {part.says}", *(f"  {line}" for line in _part(part)), "", *_head(known)])
    codes = [one.code(part) for one in map(pack, names()) for part in (*(p.name for p in one.parts), "clock")]
    near = did_you_mean(code, [*codes, *(f"{PREFIX}{one}" for one in names())])
    raise UsageError(f'there is no rule "{code}".{near}', fix="All of them: docs/rules.md")


def _head(known: Pack | None) -> list[str]:
    if known is None:
        return []
    return [
        known.title,
        f"  {known.jurisdiction}; as of {known.as_of}. {WHAT_THIS_IS}",
        f"  Source: {known.source}.",
        f"  For: {_READERS[known.audience]}.",
        f"  When it applies: {known.trigger}",
    ]


def _all(known: Pack) -> Iterator[str]:
    for clock in known.clocks:
        yield from (f"  {line}" for line in _clock(known, clock))
    for part in known.parts:
        yield f"  {known.code(part.name)}: {part.says}"
        yield from (f"    {line}" for line in _part(part))
    yield from (f"  Not verified: {point}" for point in known.unverified)


def _clock(known: Pack, clock: Clock) -> Iterator[str]:
    sure = "" if clock.verified else " Not verified."
    yield f"{known.code('clock')}: {clock.who} {clock.verb}: {clock.limit} ({clock.article}).{sure}"
    yield f"  It begins {clock.begins}: {', or '.join(_path(path) for path in clock.origins)}."
    if clock.unit in {"days", "months", "business-days"}:
        zone = f" in {clock.zone}" if clock.zone else ", in the zone of the time that began it"
        yield f"  It ends with its last day{zone}. The day that begins it does not count."
    if clock.unit == "business-days":
        yield f"  A business day is: {known.business_days}"
    yield f"  It stops with filed.{clock.report}{' or filed_at' if clock is known.clocks[0] else ''} in the record."
    if clock.late:
        yield f"  Too late? {clock.late}"


def _path(path: str) -> str:
    return path.replace("this.", "regulation: ")


def _part(part: Part) -> Iterator[str]:
    yield f"{part.article}. It is {WEIGHT[part.severity]}."
    if part.any or part.all:
        paths = part.all or part.any
        yield f"Counts as there: {(' and ' if part.all else ' or ').join(_path(path) for path in paths)}."
    if part.from_status:
        yield f"Asked from the status {part.from_status} on."
    if part.has:
        where = "the title" if part.place == "title" else "each notice by mail, in English"
        yield f"Looked for in {where}: {', '.join(part.has)}."
    if part.phrases:
        yield f"Looked for, in English: {'; '.join(line for line in part.phrases.split(chr(10)) if line)}."
        yield f"Not flagged: {' '.join(part.spares)}"
    yield f"Fix: {part.fix}"


def duties_page() -> list[str]:
    """Return the part of the page that lists every pack, in Markdown."""
    lines = ["", "## Duties by law", "", WHAT_THIS_IS]
    lines += [
        "A record names the packs that apply: `regulation: [{ pack: gdpr-33, applies: yes }]`. Their findings are called"
    ]
    lines += [
        "`reg-PACK-PART`. A report that was filed stops its clock: `filed_at`, or `filed` by the name of the report."
    ]
    for known in map(pack, names()):
        title, *head = _head(known)
        lines += ["", f"### {PREFIX}{known.id}", "", f"{title}.", *(f"- {line.strip()}" for line in head)]
        lines += [_item(line) for line in _all(known)]
    return lines


def _item(line: str) -> str:
    depth = (len(line) - len(line.lstrip())) // 2 - 1
    said = line.strip().replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;")
    return f"{'  ' * depth}- {said}"
