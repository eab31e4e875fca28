"""Sites that several incidents change at once: built and switched once for all of them, and not once for each.

Each incident keeps a row of its own, with its own end in the ledger. A row on hold does not keep the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from crisiscomms.channels.base import Channel, NotSent, Receipt
from crisiscomms.channels.website import ANCHOR, WebsiteChannel
from crisiscomms.delivery.fanning import BATCH
from crisiscomms.delivery.lease import Lease, moment
from crisiscomms.delivery.outcomes import Outcome, ending
from crisiscomms.delivery.world import Room
from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import Ledger, Row, Stage, State
from crisiscomms.ledger.rows import Begin, Ending, Worker
from crisiscomms.messages.templates import overrides, packaged
from crisiscomms.website import Sources, build_site

Stands = dict[tuple[str, str], str]
#: Builds a site with what several rows change, and returns what stands then for each of them. Raises NotSent.
Together = Callable[[Sequence[Row]], tuple[Receipt, Sequence[Stands]]]


def shared(stages: Iterable[Stage], channels: Mapping[str, Channel]) -> Iterator[list[Stage]]:
    """Yield the stages that change one site, where there are several."""

    def is_site(stage: Stage) -> bool:
        channel = channels.get(stage.channel)
        return stage.rank == 0 and channel is not None and channel.caps.shape == "site"

    sites = sorted((stage for stage in stages if is_site(stage)), key=lambda stage: stage.channel)
    for _, group in groupby(sites, key=lambda stage: stage.channel):
        found = list(group)
        if len(found) > 1:
            yield found


def switch(
    ledger: Ledger, stages: Iterable[Stage], together: Together, ended: Callable[[Row, Outcome, State], None]
) -> bool:
    """Carry out the rows of some stages in one go, and say how each ended. False: the place had better be left alone."""
    lease, rows = Lease(ledger), list[Row]()
    lease.begin(moment())
    for stage in stages:
        rows += ledger.claim(stage, Worker.this(), most=BATCH)
        lease.keep(rows)  # there may be thousands, and the disk slow
    begun = ledger.turn([Begin(row, ()) for row in rows], ())
    ledger.give_back([row for row in rows if row.id in begun.held])
    going = [row for row in rows if row.id in begun.go]
    if lease.is_over:  # we slept since: the rows may be in other hands
        ledger.turn((), [Ending(row, State.RETRY) for row in going])
        return True
    if not going:
        return True
    outcome: Outcome
    stands: Sequence[Stands] = [{} for _ in going]
    try:
        outcome, stands = together(going)
    except NotSent as failure:
        outcome = failure
    ends = [ending(row, outcome, ledger.clock)._replace(stands=own) for row, own in zip(going, stands, strict=True)]
    written = ledger.turn((), ends).ended
    for end in ends:
        if end.row.id in written:
            ended(end.row, outcome, end.to)
    return isinstance(outcome, Receipt)


def switched_again(ledger: Ledger, rows: Sequence[Row], together: Together) -> int:
    """Settle doubts about one site by building it once more. Returns how many were settled."""
    try:
        receipt, stands = together(rows)
    except NotSent:
        return 0
    evidence = {"found": "by reading back", **receipt.evidence}
    ends = (
        Ending(row, State.SENT, receipt.id, receipt.url, evidence, stands=own)
        for row, own in zip(rows, stands, strict=True)
    )
    return sum(ledger.found(end) for end in ends)


def put_site(  # noqa: PLR0917 -- what is built, where it goes, and who is told
    room: Room,
    name: str,
    new: Mapping[tuple[str, str], str],
    at: datetime,
    tell: Callable[[str], None],
    pages: Callable[[int, int], None],
) -> Receipt:
    """Build a site and put it where readers find it.

    `new` are the contents that are published now; every other incident stands as it was published last. `at` is the time of the update, `tell` is told what we wait for, `pages` how far the pages are. Raises
    CrisiscommsError.
    """
    channel = room.channels.get(name)
    if not isinstance(channel, WebsiteChannel):
        raise CrisiscommsError(
            f'the website "{name}" is no longer in the workspace', fix="Put it back, then publish again"
        )
    files = build_site(
        room.workspace,
        Sources({**room.ledger.standing("site"), **new}, room.ledger.blob),
        room.voices,
        layouts=packaged("site"),
        now=room.clock(),
        overrides=overrides(room.workspace, "site"),
        rehearsal=room.rehearsal,
        drawn=channel.drawn,
        kept=channel.kept,
        step=pages,
    )
    if anchor := room.ledger.trail.anchor():
        files = files.and_also({ANCHOR: anchor.to_json().encode()})
    return channel.publish(files, room.secrets_of(channel.name), tell, at)
