"""What became of a publish, in words and as an exit code."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crisiscomms.delivery.tally import Tally
    from crisiscomms.delivery.world import Room
    from crisiscomms.plan.model import Plan


@dataclass
class _Left:
    """What is not settled after a run."""

    waiting: int = 0
    held: int = 0
    first: int = 0
    doubt: int = 0
    next_time: str = ""
    refused: int = 0


def say_first(first: "Tally | None", *, err: bool) -> None:
    """Say what was left from before and is out now."""
    from crisiscomms.cli.words import count, say

    if first and first.sent:
        sent = count(first.sent, "message")
        say(f"An earlier publication was finished first: {sent} sent, with the words of then.", err=err)


def gone(room: "Room") -> list[str]:
    """Say of each incident whose record was taken away that readers wait for it."""
    return [
        f"{name}: it is on the site and not over, and its record is gone. Readers wait for what it promises. "
        f"Put the file back: incidents/{name}.yaml"
        for name in room.gone()
    ]


def say_astray(room: "Room") -> None:
    """Name what readers wait for and nobody can write about any more, and files that nobody reads."""
    from crisiscomms.cli.words import tell, visible

    for line in gone(room):
        tell(line, "red", err=True)
    for name in room.workspace.strays():
        words = f"incidents/{visible(name)} is not read: its name is none for a record."
        tell(
            f"{words} Call it by small letters, digits and hyphens, with .yaml at its end, or move it away.",
            "yellow",
            err=True,
        )


def report(room: "Room", plan: "Plan", tallies: "list[Tally | None]", *, as_json: bool) -> int:
    """Say what happened, and what to do next. Returns the exit code."""
    from crisiscomms.cli.words import count, say, show_json

    done = [tally for tally in tallies if tally]
    sent, failed = sum(t.sent for t in done), sum(t.failed for t in done)
    again, left_alone = sum(t.again for t in done), sum(t.left_alone for t in done)
    left_out = sum(t.left_out for t in done)
    left = _left(room)
    problems = list(dict.fromkeys(problem for tally in done for problem in tally.problems))
    on_hold = any(item.held for one in plan.incidents for item in one.items)
    code = 6 if failed or left.waiting or left.doubt or on_hold else 0
    if as_json:
        counts = {
            "sent": sent,
            "failed": failed,
            "waiting": left.waiting,
            "kept_for_later": left.first,
            "doubt": left.doubt,
            "sent_again": again,
            "left_alone": left_alone,
            "left_out": left_out,
        }
        show_json("publish", fingerprint=plan.fingerprint, **counts, problems=problems, exit=code)
        return code
    _say_done(room, plan, sent, failed, problems)
    if left_out:
        say(f"Left out: {count(left_out, 'reader')} who asked for no more mail.")
    _say_settled(again, left_alone)
    _say_left(room, left, refused_now=bool(failed))
    say_astray(room)
    return code


def _say_done(room: "Room", plan: "Plan", sent: int, failed: int, problems: list[str]) -> None:
    from crisiscomms.cli.words import count, say, visible

    if not plan.changes:
        say("Nothing to publish.")
        _say_blocked(plan)
    for problem in problems[:20]:
        say(f"  ! {visible(problem)}")
    if len(problems) > 20:
        say(f"  and {len(problems) - 20} more: crisiscomms status{room.where}")
    if plan.called_off:
        say(f"Called off: {count(plan.called_off, 'message')} that waited and no longer fit the record.")
    if sent and plan.changes:
        site = room.workspace.settings.site
        where = f"Look: {room.home / site.folder}" if room.rehearsal else f"Site: {site.url}"
        say(f"Published: {count(sent, 'message')} out. {where}")
    if failed:
        say(
            f"Refused: {count(failed, 'message')}. Nobody tries them again unasked. Why, and what to do: crisiscomms refused list"
        )


def _say_settled(again: int, left_alone: int) -> None:
    """Say which doubts were settled as the settings of their channels say."""
    from crisiscomms.cli.words import count, say

    if again:
        say(
            f'Sent again: {count(again, "message")} that may have arrived before. The channel says doubt = "duplicate": rather twice than never.'
        )
    if left_alone:
        say(
            f'Left alone: {count(left_alone, "message")} that may not have arrived. The channel says doubt = "silence": never twice.'
        )


def _left(room: "Room") -> _Left:
    if not room.has_ledger:
        return _Left()
    ledger = room.ledger
    open_ = [publication.id for publication in ledger.open_publications()]
    return _Left(
        waiting=ledger.left(open_),
        held=ledger.held_back(open_),
        first=ledger.kept_for_later(open_),
        doubt=ledger.doubts(),
        next_time=ledger.next_time(open_),
        refused=ledger.refusals(),
    )


def _local(room: "Room", at: str) -> str:
    """Return a time of the ledger as people here read it."""
    from datetime import datetime

    local = datetime.fromisoformat(at).astimezone(room.workspace.zone)
    return f"{local:%Y-%m-%d %H:%M:%S %Z}"


def _say_left(room: "Room", left: _Left, *, refused_now: bool) -> None:
    """Say what is not out, why, and what to do about it."""
    from crisiscomms.cli.words import count, say

    if left.held:
        say(f"On hold: {count(left.held, 'message')} not sent.")
        for scope, reason in room.ledger.holds().items():
            say(
                f"  {scope} is on hold: {reason}. To go on: crisiscomms release {scope}{room.where}, then publish again."
            )
    if left.first:
        rest = count(left.first, "more person waits", "more people wait")
        say(f"Only the first were told: {rest}. Look at what arrived, then go on: crisiscomms publish{room.where}")
    if left.waiting > left.held + left.first:
        waiting = count(left.waiting - left.held - left.first, "message")
        when = f" The first of them may go at {_local(room, left.next_time)}." if left.next_time else ""
        say(f"Not out yet: {waiting}.{when} Publish again, and it goes on where it stopped.")
    if left.doubt:
        say(
            f"In doubt: {count(left.doubt, 'message')}. It may or may not have arrived. Look: crisiscomms doubt list{room.where}"
        )
    if left.refused and not refused_now:
        say(f"Refused before: {count(left.refused, 'message')}. What to do: crisiscomms refused list{room.where}")


def _say_blocked(plan: "Plan") -> None:
    from crisiscomms.cli.words import say

    for one in plan.incidents:
        for item in one.items:
            if item.action == "block":
                say(f"  ! {one.id}, {item.channel}: {item.title} does not go: {item.reason}")
