"""`crisiscomms status`: what is out where, what comes next, what is late, what is in doubt."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crisiscomms.cli.app import Folder, Json, Now, Rehearsal, app, guarded

if TYPE_CHECKING:
    from crisiscomms.delivery.world import Room
    from crisiscomms.review.clocks import Ticking


@app.command()
@guarded
def status(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Incidents. Default: all.")] = None,
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    now: Now = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 6 if anything is late, in doubt or refused.")
    ] = False,
    json: Json = False,
) -> int:
    """Say what is out where, what comes next and when, what is late, and what is in doubt.

    Example: crisiscomms status
    """
    from crisiscomms.cli.duties import pressing, show_clocks
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, show_json, tell

    room = open_room(folder, rehearsal=rehearsal, now=now)
    names = _named(room, ids or [])
    lines = [line for line in _out(room) if not ids or line["incident"] in ids]
    late, coming, ticking = _times(room, names)
    shown = [one for one in pressing(ticking) if not one.filed]
    out = [one for one in shown if one.state == "out"]
    holds = room.ledger.holds() if room.has_ledger else {}
    later = _kept_for_later(room)
    doubt = sum(line["count"] for line in lines if line["state"] == "in_doubt")
    refused = room.ledger.refusals() if room.has_ledger else 0
    if json:
        told = [one.to_json() for one in pressing(ticking)]
        parts = {
            "late": late,
            "next": coming,
            "holds": dict(holds),
            "kept_for_later": later,
            "doubt": doubt,
            "refused": refused,
        }
        show_json("status", clocks=told, out=lines, **parts)
    else:
        show_clocks(shown)
        _show(lines, late, coming, dict(holds))
        if later:
            waiting = count(later, "more person waits", "more people wait")
            tell(f"Only the first were told: {waiting}. To go on: crisiscomms publish{room.where}", "yellow")
        if doubt:
            tell(f"In doubt: {doubt}. They may or may not have arrived: crisiscomms doubt list{room.where}", "red")
        if refused:
            tell(
                f"Refused: {refused}. They were not told, and are not told by themselves: crisiscomms refused list{room.where}",
                "red",
            )
    return 6 if exit_code and (late or doubt or out or refused) else 0


_WORDS = {
    "sent": "out",
    "sent_by_operator": "out, by a person's word",
    "planned": "waiting",
    "retry_wait": "waiting to try again",
    "in_doubt": "in doubt",
    "failed": "refused",
    "claimed": "being sent",
    "sending": "being sent",
    "closed_unknown": "closed, nobody knows",
    "cancelled": "called off",
}


def _named(room: "Room", ids: list[str]) -> list[str]:
    """Return the incidents that are asked for, or all. Raises UsageError where one is not there."""
    from crisiscomms.errors import UsageError, did_you_mean

    known = room.workspace.incidents()
    missing = [name for name in ids if name not in known and name not in room.published().incidents]
    if missing:
        raise UsageError(
            f'there is no incident "{missing[0]}".{did_you_mean(missing[0], known)}',
            fix="Name one that is there, or none for all of them: crisiscomms status",
        )
    return [name for name in known if not ids or name in ids]


def _out(room: "Room") -> list[dict[str, Any]]:
    if not room.has_ledger:
        return []
    return [
        {"incident": i, "update": u, "channel": c, "state": s, "count": n} for i, u, c, s, n in room.ledger.counts()
    ]


def _kept_for_later(room: "Room") -> int:
    """Return how many wait because only the first of each list were to be told."""
    ledger = room.ledger if room.has_ledger else None
    return ledger.kept_for_later(one.id for one in ledger.open_publications()) if ledger else 0


def _times(room: "Room", names: list[str]) -> "tuple[list[str], list[str], list[Ticking]]":
    """Return of some incidents what is late and what comes next, in words, and the clocks of the law."""
    from crisiscomms.cli.outcome import gone
    from crisiscomms.errors import InvalidInput
    from crisiscomms.record import load_record
    from crisiscomms.record.commitments import commitments
    from crisiscomms.review.clocks import clocks

    ticking: list[Ticking] = []
    late: list[str] = []
    coming: list[str] = []
    clock = room.clock()
    out = room.published()
    late += gone(room) + _lost(room)
    for name in names:
        try:
            incident = load_record(room.workspace, name, people=False).incident
        except InvalidInput as error:
            late.append(f"{name}: its record cannot be read ({error.findings[0].place})")
            continue
        if incident.history:
            continue
        ticking += clocks(incident, clock)
        due = [update for update in incident.updates if update.at.at <= clock]
        telling = out.of(name).telling
        told = [update for update in due if update.id in telling.updates] if telling else due
        late += [
            f'{name}: update "{update.id}" is written and not published: crisiscomms publish {name}'
            for update in due
            if telling and update.id not in telling.updates
        ]
        if told and told[-1].next_update:
            when = told[-1].next_update
            (late if when.at < clock else coming).append(
                f"{name}: the next update was promised for {when} {when.at.tzname()}"
            )
        coming += [
            f'{name}: update "{update.id}" at {update.at} {update.at.at.tzname()}'
            for update in incident.updates
            if update.at.at > clock
        ]
        for one in commitments(incident):
            if one.due and not one.ended:
                who = f": {one.owner.words[0][1]} sees to it" if one.owner else ""
                (late if one.due.at < clock else coming).append(f'{name}: {one.kind} "{one.name}", due {one.due}{who}')
    return late, coming, ticking


def _lost(room: "Room") -> list[str]:
    """Say that a site stands which names another ledger than ours, or a newer one: nothing here is to be believed then."""
    from crisiscomms.delivery.anchors import published_anchors

    trail = room.ledger.trail if room.has_ledger else None
    if all(trail and (trail.holds(one) or trail.accepted(one)) for one in published_anchors(room)):
        return []
    return [
        "The site was published from a newer ledger than this one, or from another. Put that one back before you publish"
    ]


def _show(lines: list[dict[str, Any]], late: list[str], coming: list[str], holds: dict[str, str]) -> None:
    from crisiscomms.cli.words import paint, say, tell

    if not lines:
        say("Nothing is out yet.")
    seen = ""
    for line in lines:
        if line["incident"] != seen:
            seen = line["incident"]
            say(paint(seen, "bold"))
        say(
            f"  {line['update']:<20} {line['channel']:<10} {_WORDS.get(line['state'], line['state']):<24} {line['count']:>7,}"
        )
    for title, items, colour in (("Late", late, "red"), ("Next", coming, "dim")):
        if items:
            say(paint(title, "bold"))
            for item in items:
                tell(f"  {item}", colour)
    for scope, reason in holds.items():
        tell(f"On hold: {scope} ({reason})", "yellow")
