"""`crisiscomms publish`: carry out exactly the plan that was shown."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crisiscomms.cli.app import Folder, Ids, Json, Now, Rehearsal, app, guarded
from crisiscomms.cli.plan import Corrections, Late, show_plan

if TYPE_CHECKING:
    from crisiscomms.delivery.drain import Tally
    from crisiscomms.delivery.world import Room
    from crisiscomms.plan.model import Plan


@app.command()
@guarded
def publish(
    ids: Ids = None,
    folder: Folder = None,
    rehearsal: Rehearsal = False,  # noqa: FBT002
    now: Now = None,
    fingerprint: Annotated[str | None, typer.Option("--plan", metavar="FINGERPRINT", help="Publish only if the plan is still this one.")] = None,
    corrections: Corrections = False,  # noqa: FBT002
    late: Late = False,  # noqa: FBT002
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,  # noqa: FBT002
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; refuse where an answer would be needed.")] = False,  # noqa: FBT002
    json: Json = False,  # noqa: FBT002
) -> int:
    """Publish: the site, the mails, the posts. An unfinished publication is finished first. Run twice, it sends nothing the second time.

    Example: crisiscomms publish checkout-outage
    """
    from crisiscomms.cli.room import open_room
    from crisiscomms.delivery.publish import Publishing
    from crisiscomms.delivery.world import publishing
    from crisiscomms.errors import PlanChanged, ReviewFailed
    from crisiscomms.plan.build import Choices

    room = open_room(folder, rehearsal=rehearsal, now=now, sends=True)
    with publishing(room), _progress(room, quiet=json) as progress:
        work = Publishing(room, progress)
        first = work.finish_unfinished() if room.ledger_path.exists() else None
        records = room.incidents(ids or [])
        made = work.plan(records, Choices(corrections, late))
        if made.errors:
            raise ReviewFailed(f for one in made.incidents for f in one.findings)
        if not made.changes:
            return _report(room, made, [first], as_json=json)
        if not json:
            show_plan(made)
        if fingerprint and fingerprint != made.fingerprint:
            raise PlanChanged(f"the plan is no longer {fingerprint}: it is {made.fingerprint} now", why="What would go out is not what was shown. Nothing was sent.", fix=f"Look at it above, then: crisiscomms publish {' '.join(ids or [])} --plan {made.fingerprint}")
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


class _progress:  # noqa: N801 -- used like a function
    """Shows a bar on a terminal, for work over a second."""

    def __init__(self, room: "Room", *, quiet: bool) -> None:
        self.room, self.quiet = room, quiet
        self.bar: Any = None
        self.done = 0
        self.start = 0.0

    def __enter__(self) -> Any:
        import time

        self.start = time.monotonic()
        return self._step

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _step(self, _row: object, _state: object) -> None:
        import time

        self.done += 1
        if self.quiet or not sys.stderr.isatty() or time.monotonic() - self.start < 1:
            return
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            from crisiscomms.ledger import State

            left = len(self.room.ledger.rows(State.PLANNED, State.CLAIMED, State.RETRY))
            self.bar = Progress(TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task("", total=self.done + left)
            self.bar.start()
        self.bar.update(self.task, completed=self.done)


def _report(room: "Room", plan: "Plan", tallies: "list[Tally | None]", *, as_json: bool) -> int:
    """Say what happened, and what to do next. Returns the exit code."""
    from crisiscomms.cli.words import count, say, show_json
    from crisiscomms.ledger import State

    done = [tally for tally in tallies if tally]
    sent, failed = sum(t.sent for t in done), sum(t.failed for t in done)
    doubts = room.ledger.rows(State.DOUBT) if room.ledger_path.exists() else []
    waiting = sum(t.waiting for t in done)
    problems = list(dict.fromkeys(problem for tally in done for problem in tally.problems))
    code = 6 if failed or doubts or waiting or problems else 0
    if as_json:
        show_json("publish", fingerprint=plan.fingerprint, sent=sent, failed=failed, waiting=waiting, doubt=len(doubts), problems=problems, exit=code)
        return code
    if tallies[0] is not None:
        say(f"An earlier publication was finished first: {count(tallies[0].sent, 'message')} sent.")
    if not plan.changes:
        say("Nothing to publish. What is out says what the records say.")
        _say_blocked(plan)
    for problem in problems[:20]:
        say(f"  ! {problem}")
    if len(problems) > 20:
        say(f"  and {len(problems) - 20} more: crisiscomms status")
    if sent and plan.changes:
        say(f"Published: {count(sent, 'message')} out." + (f" Look: {room.home / room.workspace.settings.site.folder}" if room.rehearsal else f" Site: {room.workspace.settings.site.url}"))
    if failed or waiting:
        say(f"Not out: {count(failed, 'message')} refused, {waiting:,} waiting. The same command goes on where it stopped.")
    if doubts:
        say(f"In doubt: {count(len(doubts), 'message')}. It may or may not have arrived. Look: crisiscomms doubt list")
    return code


def _say_blocked(plan: "Plan") -> None:
    from crisiscomms.cli.words import say

    for one in plan.incidents:
        for item in one.items:
            if item.action == "block":
                say(f"  ! {one.id}, {item.channel}: {item.title} does not go: {item.reason}")
