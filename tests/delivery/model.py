"""An executable model of the delivery protocol, and a search through every state it can reach.

    python tests/delivery/model.py            count states, and show which broken rules are noticed
    python tests/delivery/model.py "NAME"     show the shortest way in which that broken rule is noticed

The model is the table of crisiscomms/ledger/states.py with everything around it that can go wrong: two workers that die,
freeze and wake, leases that run out, power that fails, people who change their minds, and a place that takes a message
and whose answer is lost. Three simplifications keep it small:

- A claim's token is written as the worker that holds it. A worker holds one claim at a time, so a row's token equals a
  worker exactly while that worker's present claim is the last one on that row. None: whoever had it is dead or done.
- A worker that sleeps is a worker that takes no step while the others do, so no step is needed for it.
- What the place does is not bound to the worker: a dot that is on its way may be taken after its sender is dead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from crisiscomms.ledger.states import MOVES, TERMINAL, WAITING, State

HELD = frozenset({State.CLAIMED, State.SENDING})
UNSETTLED = WAITING | HELD
WORD = frozenset({State.SENT_BY_WORD, State.CLOSED})


class Phase(StrEnum):
    """How far a worker is with its row."""

    IDLE = "idle"
    HOLDS = "holds a claim"
    EDGE = "has written `sending`"
    CLEAR = "has looked: its lease runs"
    ASKED = "has sent the dot"
    YES = "hears: taken"
    LATER = "hears: not now"
    NEVER = "hears: never"


class Row(NamedTuple):
    """One delivery in the ledger: one number of one update to one reader."""

    reader: int = 0
    update: int = 1
    number: int = 1
    state: State = State.PLANNED
    words: int = 1
    token: int | None = None
    boot: int = 0
    #: For the proof only: whether what this row repeats was out, or on its way, when a person asked for it again.
    again: bool = False


class Worker(NamedTuple):
    """One process that sends. `late`: the lease of its claim is over."""

    phase: Phase = Phase.IDLE
    row: int = -1
    late: bool = False


class Bounds(NamedTuple):
    """How often each thing may still happen."""

    crashes: int = 0
    powers: int = 0
    leases: int = 0
    edits: int = 0
    holds: int = 0
    goodbyes: int = 0  # the reader unsubscribes
    cancels: int = 0
    refusals: int = 0
    words: int = 0  # a person settles a doubt


class World(NamedTuple):
    """Everything at one instant."""

    rows: tuple[Row, ...]
    left: Bounds
    workers: tuple[Worker, ...] = (Worker(), Worker())
    flight: tuple[tuple[int, int | None], ...] = ()  # dots that the place has yet to decide about: row and sender
    accepted: tuple[int, ...] = ()  # how often the place took each row
    past: tuple[tuple[Row, ...], ...] = ()  # the ledger since its last sync: what a power loss may bring back
    boot: int = 0
    draft: int = 1
    approved: int = 1  # which words people approved; 0: none of the present ones
    held: bool = False
    gone: bool = False  # reader 0 has unsubscribed
    entries: tuple[int, ...] = ()  # rows that the step underway wrote an audit entry for


class Step(NamedTuple):
    """One thing that happens. `worker` and `row` say whose it is; -1: nobody's."""

    kind: str
    after: World
    worker: int = -1
    row: int = -1


#: What only misfortune or a person's whim brings. All else happens by itself, or is a person's job.
FAULTS = frozenset(
    {
        "dies",
        "power fails",
        "sleeps past its lease",
        "is told: not now",
        "is told: never",
        "the dot is lost",
        "people edit the words",
        "people put it on hold",
        "people cancel it",
        "the reader unsubscribes",
        "a person: it was sent",
        "a person: leave it",
        "a person: send it again",
    }
)


@dataclass(frozen=True)
class Rules:
    """The rules that are kept. Each mutant breaks one."""

    begin_compares: bool = True
    begin_asks_approval: bool = True
    begin_asks_hold: bool = True
    begin_asks_subscription: bool = True
    claim_is_synced: bool = True
    claim_keeps_order: bool = True
    look_at_lease: bool = True
    sent_after_reply: bool = True
    silence_is_doubt: bool = True
    settle_compares: bool = True
    doubt_for_sending: bool = True
    doubt_after_boot: bool = True
    absent_stays_doubt: bool = True
    recovers: bool = True
    resend_waits: bool = True
    resend_renumbers: bool = True
    cancel_spares_sending: bool = True
    cancel_asks_boot: bool = True
    settle_is_noted: bool = True
    moves: Mapping[State, frozenset[State]] = field(default_factory=lambda: MOVES)


# -- how the ledger changes -------------------------------------------------------------------------------------


def changed(items: tuple, index: int, item: object) -> tuple:
    """Return a tuple with one item replaced."""
    return (*items[:index], item, *items[index + 1 :])


def move(world: World, row: int, to: State, *, synced: bool = True, **values: object) -> World:
    """Move a row and write its audit entry, in one transaction. A sync carries all earlier marks to the disk as well."""
    rows = changed(world.rows, row, world.rows[row]._replace(state=to, **values))
    past = () if synced or not world.left.powers else (*world.past, world.rows)
    return world._replace(rows=rows, past=past, entries=(*world.entries, row))


def turn(world: World, k: int, **values: object) -> World:
    """Change what worker `k` is doing."""
    return world._replace(workers=changed(world.workers, k, world.workers[k]._replace(**values)))


def let_go(world: World, k: int) -> World:
    """End worker `k`'s claim. Whatever still carries its token belongs to nobody now."""

    def freed(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(row._replace(token=None) if row.token == k else row for row in rows)

    flight = tuple((row, None if sender == k else sender) for row, sender in world.flight)
    world = world._replace(rows=freed(world.rows), past=tuple(map(freed, world.past)), flight=flight)
    return turn(world, k, phase=Phase.IDLE, row=-1, late=False)


def spent(world: World, what: str) -> World:
    """Count one misfortune."""
    return world._replace(left=world.left._replace(**{what: getattr(world.left, what) - 1}))


def start(readers: int, updates: int, bounds: Bounds) -> World:
    """Return the world right after a plan was frozen."""
    rows = tuple(Row(reader, update) for reader in range(readers) for update in range(1, updates + 1))
    return World(rows, bounds, accepted=(0,) * len(rows))


# -- what can happen --------------------------------------------------------------------------------------------


class Protocol:
    """The steps that lead from one world to the next, under some rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def steps(self, world: World) -> Iterator[Step]:
        """Yield everything that can happen next."""
        for k, worker in enumerate(world.workers):
            yield from self._worker(world, k, worker)
        for index, (row, sender) in enumerate(world.flight):
            yield from self._place(world, index, row, sender)
        for i, row in enumerate(world.rows):
            yield from self._ledger(world, i, row)
            yield from self._person(world, i, row)
        yield from self._people(world)
        yield from self._misfortune(world)

    # -- a worker: claim, begin, look at the lease, send the dot, write the answer

    def _worker(self, world: World, k: int, worker: Worker) -> Iterator[Step]:
        match worker.phase:
            case Phase.IDLE:
                yield from self._claims(world, k)
            case Phase.HOLDS:
                yield self._begin(world, k, worker.row)
                yield from self._refused(world, k)
            case Phase.EDGE:
                yield self._look(world, k, worker)
            case Phase.CLEAR:
                yield Step("sends the dot", self._dot(world, k, worker.row), k, worker.row)
            case Phase.ASKED:
                silence = State.DOUBT if self.rules.silence_is_doubt else State.RETRY
                yield Step("hears nothing", self._settle(world, k, silence), k, worker.row)
            case Phase.YES:
                yield Step("notes: sent", self._settle(world, k, State.SENT), k, worker.row)
            case Phase.LATER:
                yield Step("notes: not now", self._settle(world, k, State.RETRY), k, worker.row)
            case Phase.NEVER:
                yield Step("notes: never", self._settle(world, k, State.FAILED), k, worker.row)

    def _claims(self, world: World, k: int) -> Iterator[Step]:
        if worker_is_first_idle(world, k):
            for i, row in enumerate(world.rows):
                if self._claimable(world, row):
                    yield Step("claims", self._claim(world, k, i), k, i)

    def _claimable(self, world: World, row: Row) -> bool:
        """Say whether a row may go now: approved, not on hold, still subscribed, and nothing earlier is unsettled."""
        ordered = not self.rules.claim_keeps_order or not behind(world, row)
        wanted = row.words == world.approved and not world.held and not unsubscribed(world, row)
        return row.state in WAITING and wanted and ordered

    def _claim(self, world: World, k: int, i: int) -> World:
        world = move(world, i, State.CLAIMED, synced=self.rules.claim_is_synced, token=k, boot=world.boot)
        return turn(world, k, phase=Phase.HOLDS, row=i, late=False)

    def _begin(self, world: World, k: int, i: int) -> Step:
        """Compare and set: only the holder of the claim begins, and only what people still want to go out."""
        row, rules = world.rows[i], self.rules
        if rules.begin_compares and (row.state != State.CLAIMED or row.token != k):
            return Step("finds its row taken", let_go(world, k), k, i)
        if rules.begin_asks_subscription and unsubscribed(world, row):
            return Step("finds the reader gone", self._settle(world, k, State.CANCELLED), k, i)
        unapproved = rules.begin_asks_approval and row.words != world.approved
        if (rules.begin_asks_hold and world.held) or unapproved or world.workers[k].late:
            return Step("gives back", self._settle(world, k, State.PLANNED), k, i)
        return Step("begins", turn(move(world, i, State.SENDING, synced=False), k, phase=Phase.EDGE), k, i)

    def _refused(self, world: World, k: int) -> Iterator[Step]:
        """The place is not there, or refuses the address: long before the dot."""
        if world.left.refusals:
            yield Step(
                "is told: not now", turn(spent(world, "refusals"), k, phase=Phase.LATER), k, world.workers[k].row
            )
            yield Step("is told: never", turn(spent(world, "refusals"), k, phase=Phase.NEVER), k, world.workers[k].row)

    def _look(self, world: World, k: int, worker: Worker) -> Step:
        """Look at the lease right before the dot. Nothing was sent yet, so the row may simply wait."""
        if worker.late and self.rules.look_at_lease:
            return Step("finds its lease over", self._settle(world, k, State.RETRY), k, worker.row)
        return Step("looks", turn(world, k, phase=Phase.CLEAR), k, worker.row)

    def _dot(self, world: World, k: int, i: int) -> World:
        if not self.rules.sent_after_reply and world.rows[i].token == k:
            world = move(world, i, State.SENT, synced=False)
        return turn(world._replace(flight=tuple(sorted((*world.flight, (i, k)), key=str))), k, phase=Phase.ASKED)

    def _settle(self, world: World, k: int, to: State) -> World:
        """Write how an attempt ended, if the row may go there and this worker's token still holds it. Then let go."""
        i = world.workers[k].row
        row = world.rows[i]
        if to in self.rules.moves[row.state] and (row.token == k or not self.rules.settle_compares):
            world = move(world, i, to, synced=to != State.SENT)
            world = world if self.rules.settle_is_noted else world._replace(entries=())
        return let_go(world, k)

    # -- the place

    @staticmethod
    def _place(world: World, index: int, i: int, sender: int | None) -> Iterator[Step]:
        """Take a message, refuse it, or lose it, whether or not its sender still lives to hear of it."""
        decided = world._replace(flight=(*world.flight[:index], *world.flight[index + 1 :]))
        taken = decided._replace(accepted=changed(world.accepted, i, world.accepted[i] + 1))

        def told(after: World, phase: Phase) -> World:
            return after if sender is None else turn(after, sender, phase=phase)

        yield Step("takes it", told(taken, Phase.YES), row=i)
        yield Step("the dot is lost", decided, row=i)
        if world.left.refusals:
            yield Step("is told: not now", told(spent(decided, "refusals"), Phase.LATER), row=i)
            yield Step("is told: never", told(spent(decided, "refusals"), Phase.NEVER), row=i)

    # -- what any process does for a row that nobody works on

    def _ledger(self, world: World, i: int, row: Row) -> Iterator[Step]:
        if row.state in HELD and self.rules.recovers:
            yield from self._recover(world, i, row)
        if row.state == State.DOUBT and world.accepted[i]:
            yield Step("reading back finds it", move(world, i, State.SENT), row=i)
        if row.state == State.DOUBT and not world.accepted[i] and not self.rules.absent_stays_doubt:
            yield Step("reading back finds nothing", move(world, i, State.PLANNED, token=None), row=i)
        if row.state in WAITING and unsubscribed(world, row):
            yield Step("the row is dropped", move(world, i, State.CANCELLED), row=i)
        if row.state in WAITING and world.approved not in {0, row.words}:
            yield Step("the row is revised", move(world, i, State.PLANNED, words=world.approved), row=i)

    def _recover(self, world: World, i: int, row: Row) -> Iterator[Step]:
        """Take a row back whose owner is dead or late, or whose claim is from before the last power loss."""
        rebooted = row.boot != world.boot
        if not (deserted(world, row) or rebooted):
            return
        began = row.state == State.SENDING and self.rules.doubt_for_sending
        if began or (rebooted and self.rules.doubt_after_boot):
            yield Step("recovery: in doubt", move(world, i, State.DOUBT), row=i)
        else:
            yield Step("recovery: planned", move(world, i, State.PLANNED, token=None), row=i)

    # -- people

    def _person(self, world: World, i: int, row: Row) -> Iterator[Step]:
        if row.state == State.DOUBT and world.left.words:
            worded = spent(world, "words")
            yield Step("a person: it was sent", move(worded, i, State.SENT_BY_WORD), row=i)
            yield Step("a person: leave it", move(worded, i, State.CLOSED), row=i)
            if deserted(world, row) or not self.rules.resend_waits:
                yield Step("a person: send it again", self._resend(worded, i), row=i)
        if world.left.cancels and self._cancellable(world, row):
            yield Step("people cancel it", move(spent(world, "cancels"), i, State.CANCELLED), row=i)

    def _resend(self, world: World, i: int) -> World:
        """Close a row in doubt, and plan it once more under the next number."""
        row = world.rows[i]
        if not self.rules.resend_renumbers:
            return move(world, i, State.PLANNED, token=None)
        frozen = any(worker.row == i and worker.phase == Phase.CLEAR for worker in world.workers)
        again = bool(world.accepted[i]) or frozen or any(flying == i for flying, _ in world.flight)
        world = move(world, i, State.CLOSED)
        fresh = Row(row.reader, row.update, row.number + 1, words=row.words, again=again)
        added = (*world.entries, len(world.rows))
        return world._replace(rows=(*world.rows, fresh), accepted=(*world.accepted, 0), entries=added)

    def _cancellable(self, world: World, row: Row) -> bool:
        """Say whether a row certainly did not go: a claim from before a power loss may have lost its mark."""
        claimed = row.state == State.CLAIMED and (row.boot == world.boot or not self.rules.cancel_asks_boot)
        sending = row.state == State.SENDING and not self.rules.cancel_spares_sending
        return row.state in WAITING or claimed or sending

    @staticmethod
    def _people(world: World) -> Iterator[Step]:
        if world.left.edits:
            yield Step("people edit the words", spent(world, "edits")._replace(draft=world.draft + 1, approved=0))
        if not world.approved:
            yield Step("people approve the words", world._replace(approved=world.draft))
        if world.left.holds and not world.held:
            yield Step("people put it on hold", spent(world, "holds")._replace(held=True))
        if world.held:
            yield Step("people lift the hold", world._replace(held=False))
        if world.left.goodbyes:
            yield Step("the reader unsubscribes", spent(world, "goodbyes")._replace(gone=True))

    # -- misfortune

    @staticmethod
    def _misfortune(world: World) -> Iterator[Step]:
        for k, worker in enumerate(world.workers):
            if worker.phase == Phase.IDLE:
                continue
            if world.left.crashes:
                yield Step("dies", let_go(spent(world, "crashes"), k), k, worker.row)
            if world.left.leases and not worker.late:
                yield Step("sleeps past its lease", turn(spent(world, "leases"), k, late=True), k, worker.row)
        if world.left.powers:
            for rows in {*world.past, world.rows}:  # the ledger comes back as it was at some moment since its last sync
                back = spent(world, "powers")._replace(rows=rows, past=(), boot=world.boot + 1)
                yield Step("power fails", back)  # at the database alone: the workers go on
                yield Step("power fails", let_go(let_go(back, 0), 1))  # everywhere


def worker_is_first_idle(world: World, k: int) -> bool:
    """Say whether no worker before this one is idle: idle workers are alike, so it is enough that one of them claims."""
    return all(worker.phase != Phase.IDLE for worker in world.workers[:k])


def behind(world: World, row: Row) -> bool:
    """Say whether something earlier to the same reader is not settled yet."""
    return any(one.reader == row.reader and one.update < row.update and one.state in UNSETTLED for one in world.rows)


def unsubscribed(world: World, row: Row) -> bool:
    """Say whether a row's reader wants no more mail."""
    return world.gone and row.reader == 0


def deserted(world: World, row: Row) -> bool:
    """Say whether a row's owner is dead or done, or its lease is over."""
    return row.token is None or world.workers[row.token].late


# -- what must hold ---------------------------------------------------------------------------------------------


def wrong_state(world: World) -> str:
    """Return which invariant a world breaks, or an empty string."""
    for i, row in enumerate(world.rows):
        taken, same = world.accepted[i], [one.reader == row.reader and one.update == row.update for one in world.rows]
        heard = sum(count for count, mine in zip(world.accepted, same, strict=True) if mine)
        asked = sum(one.again for one, mine in zip(world.rows, same, strict=True) if mine)
        unread = row.state == State.CLAIMED and row.boot != world.boot  # a power loss that nobody recovered from yet
        if taken > 1 or heard > 1 + asked:
            return "I1 a reader hears it once, and again only where a person knew that it may be out"
        if row.state == State.SENT and not taken:
            return "I2 what is sent was taken by the place"
        if taken and not (row.state in {State.SENDING, State.SENT, State.DOUBT, *WORD} or unread):
            return "I3 what the place took is sent, in doubt, or about to be"
    return ""


def wrong_step(world: World, step: Step) -> str:
    """Return which invariant a step breaks, or an empty string."""
    if step.kind == "power fails":  # takes marks back, together with their audit entries
        return ""
    old, new = world.rows, step.after.rows
    moved = [i for i in range(len(new)) if i >= len(old) or told_by(old[i]) != told_by(new[i])]
    if any(i < len(old) and old[i].state in TERMINAL for i in moved):
        return "I6 what is settled never changes"
    if sorted(moved) != sorted(step.after.entries):
        return "I10 each change has exactly one audit entry"
    if step.kind == "begins":
        return _wrong_begin(world, step)
    if step.worker >= 0 and step.kind != "claims":
        for i in moved:
            late = old[i].state == State.DOUBT and new[i].state != State.SENT
            if old[i].token != step.worker or late:
                return "I7 a token that holds the row no more changes nothing, but for a late yes to a doubt"
    return ""


def told_by(row: Row) -> tuple[State, int]:
    """Return what of a row the audit trail must tell."""
    return row.state, row.words


def _wrong_begin(world: World, step: Step) -> str:
    row = world.rows[step.row]
    first = [one for one in world.rows if one.number == 1]  # what a person sends again may come after what followed
    if row.token != step.worker:
        return "I7 a token that holds the row no more changes nothing, but for a late yes to a doubt"
    if row.words != world.approved:
        return "I4 nothing begins without approval of exactly these words"
    if behind(world._replace(rows=tuple(first)), row):
        return "I8 nothing overtakes what is earlier to the same reader"
    if world.held or unsubscribed(world, row):
        return "I11 a hold, or a goodbye, counts before the next message begins"
    return ""


STUCK = "I12 without further misfortune, every row is settled, shown as a doubt, or cancelled"


# -- the search -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What a search found. `breach`: the first invariant that broke, and `trace` the shortest way to it."""

    states: int
    transitions: int
    moves: frozenset[tuple[State, State]]
    breach: str = ""
    trace: tuple[str, ...] = ()


class Search:
    """Visits every world that can be reached, nearest first, and stops at the first that is wrong."""

    def __init__(self, protocol: Protocol, first: World) -> None:
        self.protocol = protocol
        self.worlds = [first]
        self.known = {first: 0}
        self.came: list[tuple[int, Step | None]] = [(0, None)]
        self.before: list[list[int]] = [[]]  # from where each world is reached without misfortune
        self.moves: set[tuple[State, State]] = set()
        self.transitions = 0

    def run(self) -> Found:
        """Search. The list of worlds grows while it is read: that makes it breadth first."""
        for number, world in enumerate(self.worlds):
            for step in self.protocol.steps(world):
                self.transitions += 1
                fresh = self._visit(number, world, step)
                breach = wrong_step(world, step) or (wrong_state(step.after) if fresh else "")
                if breach:
                    return self._found(breach, [*self._way(number), (world, step)])
        stuck = self._stuck()
        return self._found(STUCK if stuck else "", self._way(stuck[0]) if stuck else [])

    def _visit(self, number: int, world: World, step: Step) -> bool:
        """Note where a step leads. Returns whether nothing led there before."""
        after = step.after._replace(entries=()) if step.after.entries else step.after
        seen = self.known.setdefault(after, len(self.worlds))
        fresh = seen == len(self.worlds)
        if fresh:
            self.worlds.append(after)
            self.came.append((number, step))
            self.before.append([])
        if step.kind not in FAULTS:
            self.before[seen].append(number)
        if step.kind != "power fails":
            pairs = zip(world.rows, step.after.rows, strict=False)
            self.moves.update((old.state, new.state) for old, new in pairs if old.state != new.state)
        return fresh

    def _stuck(self) -> list[int]:
        """Return the worlds from which no way without misfortune leads to a settled one, nearest first."""
        fine = [n for n, world in enumerate(self.worlds) if not any(row.state in UNSETTLED for row in world.rows)]
        seen = set(fine)
        while fine:
            fresh = {before for number in fine for before in self.before[number]} - seen
            seen |= fresh
            fine = list(fresh)
        return sorted(set(range(len(self.worlds))) - seen)

    def _way(self, number: int) -> list[tuple[World, Step]]:
        way: list[tuple[World, Step]] = []
        while (came := self.came[number])[1] is not None:
            way.append((self.worlds[came[0]], came[1]))
            number = came[0]
        return way[::-1]

    def _found(self, breach: str, way: list[tuple[World, Step]]) -> Found:
        trace = tuple(told(world, step) for world, step in way)
        return Found(len(self.worlds), self.transitions, frozenset(self.moves), breach, trace)


def told(world: World, step: Step) -> str:
    """Say in a line what happens in a step, and what it does to the rows."""
    who = f"worker {'AB'[step.worker]}" if step.worker >= 0 else "the place" if step.kind == "takes it" else ""
    news = []
    for i, new in enumerate(step.after.rows):
        old = world.rows[i].state if i < len(world.rows) else "nothing"
        if old != new.state:
            news.append(f"update {new.update} number {new.number} to reader {new.reader}: {old} -> {new.state}")
    return f"{who} {step.kind}".strip() + (f"   [{'; '.join(news)}]" if news else "")


# -- the scenes and the mutants ---------------------------------------------------------------------------------

#: Readers, updates, and how much may go wrong. Each holds misfortunes that are worse together than alone.
SCENES: Mapping[str, tuple[int, int, Bounds]] = {
    "one message, people change its words": (1, 1, Bounds(crashes=1, powers=1, leases=1, edits=1, cancels=1)),
    "one message, people stop it": (1, 1, Bounds(powers=1, leases=1, holds=1, goodbyes=1, refusals=1)),
    "one message, people settle doubts": (1, 1, Bounds(crashes=1, leases=1, words=2)),
    "one message, the machines fail": (1, 1, Bounds(crashes=2, powers=1, leases=1, words=1)),
    "two updates to one reader": (1, 2, Bounds(crashes=1, powers=1, refusals=1)),
    "two readers": (2, 1, Bounds(crashes=1, powers=1, goodbyes=1)),
}


def _also(state: State, *more: State) -> Mapping[State, frozenset[State]]:
    return {**MOVES, state: MOVES[state] | set(more)}


MUTANTS: Mapping[str, Rules] = {
    "begin does not compare the token": Rules(begin_compares=False),
    "begin does not ask for approval again": Rules(begin_asks_approval=False),
    "a hold counts only at the claim": Rules(begin_asks_hold=False),
    "an unsubscribed reader is skipped only at the claim": Rules(begin_asks_subscription=False),
    "a row that is sending is planned again after a crash": Rules(doubt_for_sending=False),
    "silence after the dot is tried again": Rules(silence_is_doubt=False),
    "a claim from before a power loss is planned again": Rules(doubt_after_boot=False),
    "claims are not synced": Rules(claim_is_synced=False),
    "the lease is not looked at before the dot": Rules(look_at_lease=False),
    "a person may resend while the worker may live": Rules(resend_waits=False),
    "a resend keeps its number": Rules(resend_renumbers=False),
    "sent is written before the reply": Rules(sent_after_reply=False),
    "a stale token settles a row that another worker holds": Rules(settle_compares=False),
    "a late refusal moves a row in doubt": Rules(moves=_also(State.DOUBT, State.RETRY, State.FAILED)),
    "a late yes overrules a person's word": Rules(moves=_also(State.CLOSED, State.SENT)),
    "what a read-back does not find is planned again": Rules(absent_stays_doubt=False),
    "the order per reader is not asked": Rules(claim_keeps_order=False),
    "a row that is sending can be cancelled": Rules(cancel_spares_sending=False),
    "a claim from before a power loss can be cancelled": Rules(cancel_asks_boot=False),
    "a settled row leaves no audit entry": Rules(settle_is_noted=False),
    "nobody takes back what a dead worker held": Rules(recovers=False),
}


def search(rules: Rules, scene: str) -> Found:
    """Search one scene under some rules."""
    readers, updates, bounds = SCENES[scene]
    return Search(Protocol(rules), start(readers, updates, bounds)).run()


def caught(rules: Rules) -> Found | None:
    """Return how the first scene that notices a broken rule notices it. None: no scene does."""
    for scene in SCENES:
        found = search(rules, scene)
        if found.breach:
            return found
    return None


def main(words: list[str]) -> int:
    """Search every scene and every mutant, or show how one mutant is noticed. Returns 1 where the proof fails."""
    lines, failed = [], False
    if words:
        found = caught(MUTANTS[words[0]])
        lines = [*found.trace, f"=> breaks {found.breach}"] if found else ["nothing notices it"]
        return _say(lines, failed=not found)
    states = transitions = 0
    for scene in SCENES:
        found = search(Rules(), scene)
        states, transitions, failed = (
            states + found.states,
            transitions + found.transitions,
            failed or bool(found.breach),
        )
        lines += [f"{found.states:7,} states  {found.transitions:8,} transitions  {scene}", *found.trace]
        lines += [f"=> breaks {found.breach}"] if found.breach else []
    lines.append(f"{states:7,} states  {transitions:8,} transitions  in all")
    for name, rules in MUTANTS.items():
        noticed = caught(rules)
        failed = failed or noticed is None
        by = f"{noticed.breach.split()[0]:4} after {len(noticed.trace):2} steps" if noticed else "NOT NOTICED"
        lines.append(f"{by:19} {name}")
    return _say(lines, failed=failed)


def _say(lines: list[str], *, failed: bool) -> int:
    sys.stdout.write("\n".join(lines) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
