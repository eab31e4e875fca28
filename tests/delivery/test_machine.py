"""The ledger against everything that can happen around it, in any order: what the place took is known, and nobody hears it twice.

Hypothesis plays workers that sleep, die and come back, a power loss that takes unsynced marks back, people who change their
minds, and a place whose answers get lost. After every step the invariants hold, by their numbers in `model.py`.
`CRISISCOMMS_PROVE=1` looks much longer.
"""

from __future__ import annotations

import os
from datetime import timedelta
from random import Random

from delivery.ledgers import claim, freeze, line
from delivery.surroundings import Surroundings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from crisiscomms.errors import CrisiscommsError
from crisiscomms.ledger import State
from crisiscomms.ledger.rows import Begin, Ending
from crisiscomms.ledger.tables import claims

LONG = bool(os.environ.get("CRISISCOMMS_PROVE"))
READERS = [f"{name}@shop.example" for name in ("ana", "bea", "cem")]
#: What the place says, and what a worker writes then. Silence is no answer.
ANSWERS = {"yes": State.SENT, "not now": State.RETRY, "never": State.FAILED, "silence": State.DOUBT}
WORKERS = st.sampled_from([0, 1])
#: Ways to choose from a list. Each is told by a number, so that a long run of choices is short to repeat.
PICKS = st.integers(0, 2**32).map(lambda seed: Random(seed).choice)


class Machine(Surroundings):
    """Everything that can happen, with few rules, so that each comes often."""

    # -- what people do --------------------------------------------------------------------------------------------

    @initialize(pick=PICKS)
    def begin(self, pick):
        self.publish(set(READERS), optional=True, pick=pick)

    @precondition(lambda self: len(self.publications) < 4)
    @rule(to=st.sets(st.sampled_from(READERS), min_size=1), optional=st.booleans(), pick=PICKS)
    def publish(self, to, optional, pick):
        """Freeze a new update; drop or revise some of what waits."""
        update = f"u{len(self.publications)}"
        waiting = [copy for _, copy in self.ledger.waiting("checkout")]
        fates = [pick(["stay"] * 8 + ["drop", "revise"]) for _ in waiting]
        drop = {copy.id for copy, fate in zip(waiting, fates, strict=True) if fate == "drop"}
        revised = [copy for copy, fate in zip(waiting, fates, strict=True) if fate == "revise"]
        lines = [
            line(
                one.recipient,
                number=one.number,
                words=update,
                revises=one.id,
                update_id=one.update,
                at=self.at(one.update),
            )
            for one in revised
        ]
        self.optional[update] = optional
        lines.append(line(*sorted(to), words=update, update_id=update, at=self.at(update)))
        self.publications.append(freeze(self.ledger, *lines, drop=drop))
        self.planned += len(to)
        self.synced(revised={one.id for one in revised})
        for row in self.ledger.rows():
            if row.id not in self.approved or row.id in {one.id for one in revised}:
                self.approved[row.id] = row.digest

    @precondition(lambda self: self.left["hold"] > 0 or self.left["goodbye"] > 0 or self.ledger.holds())
    @rule(what=st.sampled_from(["everything", "checkout", "channel:email", "release", "ana", "token:bea"]))
    def say(self, what):
        """People put something on hold, lift it, or want no more mail."""
        if what == "release" or self.ledger.holds():
            for scope in self.ledger.holds():
                self.ledger.release(scope)
        elif what in {"ana", "token:bea"} and self.spend("goodbye"):
            reader = f"{what[-3:]}@shop.example"
            self.ledger.suppress([reader if what == "ana" else what], "they asked")
            self.off.add(reader)
        elif what in {"everything", "checkout", "channel:email"} and self.spend("hold"):
            self.ledger.hold(what, "wait")
        self.synced()

    @precondition(lambda self: self.of(State.DOUBT))
    @rule(pick=PICKS, to=st.sampled_from([State.SENT_BY_WORD, State.CLOSED, State.PLANNED]))
    def resolve(self, pick, to):
        row = pick(self.of(State.DOUBT))
        lives = self.lives(row)
        try:
            assert self.ledger.resolve_doubt(row.id, to, "so be it")
        except CrisiscommsError:
            assert to is State.PLANNED
            assert lives
            return
        assert not (to is State.PLANNED and lives), "its sender may still hear of it"
        if to is State.PLANNED:
            may_be_out = self.taken[row.id] or row.id in self.flying
            self.again[row.recipient, row.update_id] += bool(may_be_out)
            (number,) = {one.id for one in self.ledger.rows()} - set(self.rows)
            self.approved[number] = row.digest
            self.planned += 1
        self.synced()

    # -- what workers do -------------------------------------------------------------------------------------------

    @rule(seed=st.integers(0, 2**32))
    def live(self, seed):
        """Live on for a while: mostly work, now and then something else. Hypothesis alone dwells on few rules."""
        pick = Random(f"{seed} {self.entries}").choice
        for _ in range(8):
            who = pick([0, 1])
            what = pick(["work"] * 12 + ["place", "misfortune", "misfortune", "upkeep", "upkeep", "say", "resolve"])
            if what == "place" and self.flying:
                self.place_decides(pick, pick(["yes", "yes", "not now", "never", "silence"]), pick([True, False]))
            elif what == "misfortune":
                self.misfortune(pick(["sleeps", "sleeps", "dies", "loses power"]), who, pick)
                self.work(who, pick)
            elif what == "upkeep":
                self.upkeep(pick(["recover", "recover", "renew", "an hour passes", "read back"]), who)
            elif what == "say":
                self.say(pick(["everything", "checkout", "channel:email", "ana", "token:bea"]))
            elif what == "resolve" and self.of(State.DOUBT):
                self.resolve(pick, pick([State.SENT_BY_WORD, State.CLOSED, State.PLANNED, State.PLANNED]))
            else:
                self.work(who, pick)

    def work(self, who, pick):
        """Let a worker do what it does next where nothing goes wrong."""
        hand = self.hands[who]
        if hand.edge:
            self.send_last_bytes(who)
        elif any(hand is sender for sender in self.flying.values()):
            self.place_decides(pick, said="yes", lost=False)
        elif hand.holds or hand.asked:
            self.turn(who, pick)
        else:
            self.claim(who, 2)

    def claim(self, who, most):
        hand = self.hands[who]
        if hand.late and (hand.holds or hand.edge or hand.asked):
            return  # it looks at its lease first, and renews it
        hand.late = False
        for publication in self.publications:
            rows = claim(self.ledger, publication, hand.worker, most=most)
            assert not hand.holds.keys() & {row.id for row in rows}
            hand.holds |= {row.id: row for row in rows}
        self.synced()

    @precondition(lambda self: any(hand.holds or hand.asked for hand in self.hands))
    @rule(who=WORKERS, pick=PICKS)
    def turn(self, who, pick):
        """Write in one transaction what was answered, and begin some of what is in hand."""
        hand = self.hands[who]
        answered = [(row, answer) for row, answer in hand.asked.values() if answer]
        some = [number for number in sorted(hand.holds) if pick([True, True, False])]
        begins = [Begin(hand.holds[number], self.names(hand.holds[number])) for number in some]
        endings = [Ending(row, ANSWERS[said], "ok" if said == "yes" else "") for row, said in answered]
        expected = self.expected(hand, begins, endings)
        lasting = any(ending.to is not State.SENT for ending in endings)
        if not lasting:
            self.unsynced.append(self.copy())
        begun = self.ledger.turn(begins, endings)
        assert (begun.go, begun.ended) == expected
        for row, _ in answered:
            del hand.asked[row.id]
        for number in some:
            row = hand.holds.pop(number)
            if number in begun.go:
                self.check_begin(row)
                hand.edge[number] = row
        back = [Ending(one.row, State.PLANNED) for one in begins if one.row.id in begun.held]
        self.check(synced=lasting)
        if back:
            self.ledger.turn((), back)
            self.synced()

    def send_last_bytes(self, who):
        """Look at the lease, right before the dot: whoever slept too long sends nothing."""
        hand = self.hands[who]
        edge, hand.edge = hand.edge, {}
        if hand.late:
            self.ledger.turn((), [Ending(row, State.RETRY) for row in edge.values()])
            self.synced()
            return
        for number, row in edge.items():
            hand.asked[number] = (row, "")
            self.flying[number] = hand

    @precondition(lambda self: self.flying)
    @rule(pick=PICKS, said=st.sampled_from(["yes", "yes", "not now", "never", "silence"]), lost=st.booleans())
    def place_decides(self, pick, said, lost):
        """The place takes a mail, refuses it, or it is lost on the way; its answer may be lost as well."""
        number = pick(sorted(self.flying))
        hand = self.flying.pop(number)
        self.taken[number] += said == "yes"
        if hand and number in hand.asked:
            hand.asked[number] = (hand.asked[number][0], "silence" if lost else said)

    def renew(self, who):
        hand = self.hands[who]
        if not hand.edge:
            self.ledger.renew({row.claim for row in [*hand.holds.values(), *(row for row, _ in hand.asked.values())]})
            hand.late &= not (hand.holds or hand.asked)
            self.synced()

    # -- misfortune ------------------------------------------------------------------------------------------------

    @precondition(lambda self: any(hand.holds or hand.edge or hand.asked for hand in self.hands))
    @precondition(lambda self: any(self.left[what] > 0 for what in ("sleeps", "dies", "loses power")))
    @rule(what=st.sampled_from(["sleeps", "dies", "loses power"]), who=WORKERS, pick=PICKS)
    def misfortune(self, what, who, pick):
        if not self.spend(what):
            return
        if what == "sleeps":
            self.sleep_past_lease(who)
        elif what == "dies":
            self.end(who)
        else:
            self.lose_power(pick)

    def sleep_past_lease(self, who):
        hand = self.hands[who]
        hand.late = True
        with self.ledger.store.write() as connection:
            connection.execute(claims.update().where(claims.c.worker == hand.worker.name).values(until=0))

    def lose_power(self, pick):
        """The machine stops: the file is as at some moment since it was last synced, and everybody is gone."""
        back = pick([*self.unsynced, self.copy()])
        for who in (0, 1):
            self.end(who)
        self.start_again(back)

    # -- what sets it right ----------------------------------------------------------------------------------------

    @precondition(lambda self: self.of(State.CLAIMED, State.SENDING, State.RETRY, State.DOUBT))
    @rule(what=st.sampled_from(["recover", "recover", "renew", "an hour passes", "read back"]), who=WORKERS)
    def upkeep(self, what, who):
        if what == "recover":
            doubted = self.ledger.recover()
            assert all(row.state in {State.CLAIMED, State.SENDING} for row in doubted)
        elif what == "renew":
            self.renew(who)
        elif what == "an hour passes":
            self.now += timedelta(hours=1)
        else:
            for row in self.of(State.DOUBT):
                if self.taken[row.id]:
                    assert self.ledger.found(Ending(row, State.SENT, "found"))
        self.synced()


def test_whatever_happens_nobody_hears_it_twice_and_nothing_is_lost():
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=1000 if LONG else 12,
            stateful_step_count=80 if LONG else 40,
            deadline=None,
            derandomize=not LONG,
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
