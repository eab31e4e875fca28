"""`crisiscomms publish`: carry out exactly the plan that was shown."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from crisiscomms.cli.app import Folder, Ids, Json, Now, Rehearsal, app, guarded
from crisiscomms.cli.plan import Corrections, Late, show_plan
from crisiscomms.cli.progress import Bar

if TYPE_CHECKING:
    from crisiscomms.delivery.tally import Tally
    from crisiscomms.delivery.world import Room
    from crisiscomms.plan.model import Plan


@app.command()
@guarded
def publish(
    ids: Ids = None,
    folder: Folder = None,
    rehearsal: Rehearsal = False,
    now: Now = None,
    fingerprint: Annotated[
        str | None, typer.Option("--plan", metavar="FINGERPRINT", help="Publish only if the plan is still this one.")
    ] = None,
    corrections: Corrections = False,
    late: Late = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Never ask; refuse where an answer would be needed.")
    ] = False,
    json: Json = False,
) -> int:
    """Publish: the site, the mails, the posts. An unfinished publication is finished first. Run twice, it sends nothing the second time.

    Example: crisiscomms publish checkout-outage
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.cli.words import count, say
    from crisiscomms.delivery.publish import Publishing
    from crisiscomms.delivery.world import publishing
    from crisiscomms.errors import PlanChanged, ReviewFailed
    from crisiscomms.plan.build import Choices

    room = open_room(folder, rehearsal=rehearsal, now=now, sends=True)
    with publishing(room), Bar(room, quiet=json) as bar:
        work = Publishing(room, bar.step)
        first = work.finish_unfinished() if room.ledger_path.exists() else None
        bar.stop()
        if first and first.sent:
            say(
                f"An earlier publication was finished first: {count(first.sent, 'message')} sent, with the words of then.",
                err=json,
            )
        records = room.incidents(ids or [])
        made = work.plan(records, Choices(corrections, late))
        if made.errors:
            raise ReviewFailed(f for one in made.incidents for f in one.findings)
        if not made.changes and not made.called_off:
            return _report(room, made, [first], as_json=json)
        if not json:
            show_plan(made)
        if fingerprint and fingerprint != made.fingerprint:
            raise PlanChanged(
                f"the plan is no longer {fingerprint}: it is {made.fingerprint} now",
                why="What would go out is not what was shown. Nothing was sent.",
                fix=f"Look at it above, then: crisiscomms publish {' '.join(ids or [])} --plan {made.fingerprint}",
            )
        if not (yes or fingerprint or no_input or json or room.rehearsal):
            _ask(made)
        return _report(room, made, [first, work.carry_out(made)], as_json=json)


def _ask(plan: "Plan") -> None:
    """Ask a person at a terminal to type the incident's id. Nobody is asked in a script."""
    from crisiscomms.cli.words import say
    from crisiscomms.errors import PlanChanged

    if not sys.stdin.isatty():
        return
    names = ", ".join(one.id for one in plan.incidents if one.changes)
    say(f"This cannot be taken back. To publish plan {plan.fingerprint}, type: {names}")
    if input("> ").strip() != names:
        raise PlanChanged("nothing was sent", fix="Run the same command again when you are ready.")


def _report(room: "Room", plan: "Plan", tallies: "list[Tally | None]", *, as_json: bool) -> int:
    """Say what happened, and what to do next. Returns the exit code."""
    from crisiscomms.cli.words import count, say, show_json

    done = [tally for tally in tallies if tally]
    sent, failed = sum(t.sent for t in done), sum(t.failed for t in done)
    left = _left(room)
    problems = list(dict.fromkeys(problem for tally in done for problem in tally.problems))
    code = (
        6
        if failed or left.waiting or left.doubt or any(item.held for one in plan.incidents for item in one.items)
        else 0
    )
    if as_json:
        show_json(
            "publish",
            fingerprint=plan.fingerprint,
            sent=sent,
            failed=failed,
            waiting=left.waiting,
            doubt=left.doubt,
            problems=problems,
            exit=code,
        )
        return code
    if not plan.changes:
        say("Nothing new to publish.")
        _say_blocked(plan)
    for problem in problems[:20]:
        say(f"  ! {problem}")
    if len(problems) > 20:
        say(f"  and {len(problems) - 20} more: crisiscomms status")
    if plan.called_off:
        say(f"Called off: {count(plan.called_off, 'message')} that waited and no longer fit the record.")
    if sent and plan.changes:
        say(
            f"Published: {count(sent, 'message')} out."
            + (
                f" Look: {room.home / room.workspace.settings.site.folder}"
                if room.rehearsal
                else f" Site: {room.workspace.settings.site.url}"
            )
        )
    if failed:
        say(f"Refused: {count(failed, 'message')}. They are not tried again.")
    _say_left(room, left)
    return code


@dataclass
class _Left:
    """What is not settled after a run."""

    waiting: int = 0
    held: int = 0
    doubt: int = 0
    next_time: str = ""


def _left(room: "Room") -> _Left:
    from crisiscomms.ledger import State

    if not room.ledger_path.exists():
        return _Left()
    ledger = room.ledger
    open_ = [publication.id for publication in ledger.open_publications()]
    return _Left(ledger.left(open_), ledger.held_back(open_), len(ledger.rows(State.DOUBT)), ledger.next_time(open_))


def _say_left(room: "Room", left: _Left) -> None:
    """Say what is not out, why, and what to do about it."""
    from crisiscomms.cli.words import count, say

    if left.held:
        say(f"On hold: {count(left.held, 'message')} not sent.")
        for scope, reason in room.ledger.holds().items():
            say(f"  {scope} is on hold: {reason}. To go on: crisiscomms release {scope}, then publish again.")
    if left.waiting > left.held:
        when = f" The first of them may go at {left.next_time}." if left.next_time else ""
        say(
            f"Not out yet: {count(left.waiting - left.held, 'message')}.{when} Publish again, and it goes on where it stopped."
        )
    if left.doubt:
        say(f"In doubt: {count(left.doubt, 'message')}. It may or may not have arrived. Look: crisiscomms doubt list")


def _say_blocked(plan: "Plan") -> None:
    from crisiscomms.cli.words import say

    for one in plan.incidents:
        for item in one.items:
            if item.action == "block":
                say(f"  ! {one.id}, {item.channel}: {item.title} does not go: {item.reason}")
