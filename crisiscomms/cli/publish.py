"""`crisiscomms publish`: carry out exactly the plan that was shown."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from crisiscomms.cli.app import Folder, Ids, Json, Now, Rehearsal, app, guarded
from crisiscomms.cli.outcome import report, say_first
from crisiscomms.cli.plan import Corrections, Late, show_plan
from crisiscomms.cli.progress import Bar

if TYPE_CHECKING:
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
    first: Annotated[
        int | None,
        typer.Option(
            "--first",
            min=1,
            metavar="N",
            help="Only the first N readers of each list, in each of its languages, for now; the next publish goes on.",
        ),
    ] = None,
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
    from crisiscomms.delivery.publish import Publishing
    from crisiscomms.delivery.world import publishing
    from crisiscomms.errors import CrisiscommsError, ReviewFailed
    from crisiscomms.plan.build import Choices

    room = open_room(folder, rehearsal=rehearsal, now=now, sends=True)
    with publishing(room), Bar(room, quiet=json) as bar:
        work = Publishing(room, bar.step, bar.tell, bar.pages)
        sure = bool(yes or fingerprint or room.rehearsal)
        may_ask = not (no_input or json) and sys.stdin.isatty()
        _ask_for_the_rest(room, ids or [], first, sure=yes or room.rehearsal, may_ask=may_ask)
        left = work.finish_unfinished(first, ids or ())
        bar.stop()
        say_first(left, err=json)
        try:
            records = room.incidents(ids or [])
            made = work.plan(records, Choices(corrections, late))
            if made.errors:
                raise ReviewFailed(f for one in made.incidents for f in one.findings)
            if not made.changes and not made.called_off:
                return report(room, made, [left], as_json=json)
            if not json:
                show_plan(made)
                _say_warnings(made)
            _check(made, fingerprint, ids or [])
            if not sure:
                _ask(made, ids or [], may_ask=may_ask)
            return report(room, made, [left, work.carry_out(made, first)], as_json=json)
        except CrisiscommsError as error:
            error.sent = left.sent if left else 0
            raise


def _say_warnings(plan: "Plan") -> None:
    """Say that a critic found something, where it does not stop the plan."""
    from crisiscomms.cli.words import count, say

    warned = {one.id: sum(f.severity == "warning" for f in one.findings) for one in plan.incidents}
    if names := [name for name, number in warned.items() if number]:
        number = count(sum(warned.values()), "warning")
        say(f"{number}. What they are, and what to write: crisiscomms check {' '.join(names)}")


def _check(plan: "Plan", shown: str | None, ids: list[str]) -> None:
    """Make sure that the plan is the one that was shown, where the caller says which. Raises PlanChanged."""
    from crisiscomms.errors import PlanChanged

    if shown and shown != plan.fingerprint:
        raise PlanChanged(
            f"the plan is no longer {shown}: it is {plan.fingerprint} now",
            why="What would go out is not what was shown. Nothing of it was sent.",
            fix=f"Look at it above, then: {' '.join(['crisiscomms publish', *ids])} --plan {plan.fingerprint}",
        )


def _ask_for_the_rest(room: "Room", ids: list[str], first: int | None, *, sure: bool, may_ask: bool) -> None:
    """Ask whether more than the first of a list are to be told now what the first were told, before anything goes.

    Raises PlanChanged where nobody says so.
    """
    from crisiscomms.cli.words import answer, count, say
    from crisiscomms.errors import PlanChanged

    ledger = room.ledger if room.has_ledger and not sure else None
    open_ = [one for one in ledger.open_publications() if not ids or one.incident in ids] if ledger else []
    waiting = {one.incident: ledger.kept_for_later([one.id]) for one in open_} if ledger else {}
    names = ", ".join(sorted(name for name, number in waiting.items() if number))
    if not names:
        return
    rest = count(sum(waiting.values()), "more person waits", "more people wait")
    words = f"Only the first were told: {rest} for the same words."
    if not may_ask:
        again = " ".join(["crisiscomms publish", *ids, *(["--first", str(first)] if first else [])])
        raise PlanChanged(words, why="Nothing was sent.", fix=f"Look at what arrived. Then: {again} --yes")
    say(f"{words} This cannot be taken back. To send it to them, type: {names}")
    if answer() != names:
        raise PlanChanged("nothing was sent", fix="Run the same command again when you are ready.")


def _ask(plan: "Plan", ids: list[str], *, may_ask: bool) -> None:
    """Ask a person at a terminal to type the incident's id, or `history` for all past ones.

    Raises PlanChanged where they do not, and where nobody can be asked: a script says beforehand that it is sure.
    """
    from crisiscomms.cli.words import answer, say
    from crisiscomms.errors import PlanChanged

    if not may_ask:
        again = " ".join(["crisiscomms publish", *ids])
        raise PlanChanged(
            "nobody is there to say that this may go out",
            why="It cannot be taken back. Nothing of it was sent.",
            fix=f"Say so beforehand: {again} --yes. Or, for exactly this plan: {again} --plan {plan.fingerprint}",
        )
    changing = [one for one in plan.incidents if one.changes]
    past = [one for one in changing if one.record.incident.history]
    names = ", ".join([*(one.id for one in changing if one not in past), *(["history"] if past else [])])
    say(f"This cannot be taken back. To publish plan {plan.fingerprint}, type: {names}")
    if answer() != names:
        raise PlanChanged("nothing of it was sent", fix="Run the same command again when you are ready.")
