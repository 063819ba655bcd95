"""Two processes over one table and one city: whatever happens in whatever order, the promises hold."""

import asyncio
import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.ledger.entry import SETTLED, Entry, State
from shared.payments.reasons import REASONS
from tests.fakes.faulty_ledger import COMMIT_FAULTS, READ_FAULTS, Fault
from tests.ledger.theatre import Theatre
from tests.ledger.turns import Reply, Turn
from tests.payments.world import message

PASSES = [1.0, 12.0, 31.0, 61.0, 300.0, 601.0, 3600.0]
OUTPUT_FAULTS = (Fault.NOT_WRITTEN, Fault.ANSWER_LOST)
FAULTS = {"commit": COMMIT_FAULTS, "output": OUTPUT_FAULTS, "ask": (Fault.NOT_WRITTEN,), "probe": (Fault.NOT_WRITTEN,)}
picks = st.integers(0, 9)


class TwoProcesses(RuleBasedStateMachine):
    """Rules are what the world may do next; the use cases themselves are the real ones."""

    @initialize(version=st.sampled_from(["2025.11.014", "2025.11.014", "2021.02.160"]))
    def open(self, version: str) -> None:
        self.runner = asyncio.Runner()
        self.theatre = Theatre()
        self.ask(self.theatre.open(connectVersion=version))

    def ask(self, doing: Any) -> Any:
        return self.runner.run(doing)

    @rule()
    def a_payment_comes(self) -> None:
        if len(self.theatre.payments) < 6:
            self.theatre.enqueue(message())

    @precondition(lambda self: self.theatre.payments)
    @rule(pick=picks)
    def a_payment_comes_again(self, pick: int) -> None:
        known = list(self.theatre.payments.values())
        self.theatre.enqueue(known[pick % len(known)])

    @precondition(lambda self: any(not each.taken for each in self.theatre.messages))
    @rule(pick=picks, process=st.integers(0, 1))
    def a_message_is_delivered(self, pick: int, process: int) -> None:
        idle = [each for each in self.theatre.messages if not each.taken]
        self.ask(self.theatre.deliver(idle[pick % len(idle)], process))

    @precondition(lambda self: self.theatre.turns.waiting)
    @rule(pick=picks)
    def a_call_works(self, pick: int) -> None:
        turn = self._turn(pick)
        self.ask(self.theatre.turns.end(turn, Reply.ACCEPTED if turn.what == "send" else Fault.NONE))

    @precondition(lambda self: self.theatre.turns.waiting)
    @rule(pick=picks, how=st.integers(0, 99))
    def a_call_fails(self, pick: int, how: int) -> None:
        turn = self._turn(pick)
        endings = list(Reply) if turn.what == "send" else FAULTS.get(turn.what, READ_FAULTS)
        self.ask(self.theatre.turns.end(turn, endings[how % len(endings)]))

    @precondition(lambda self: self.theatre.turns.waiting)
    @rule(most=st.integers(1, 30))
    def calls_work(self, most: int) -> None:
        for _ in range(most):
            if self.theatre.turns.waiting:
                self.a_call_works(0)

    @precondition(lambda self: any(not task.done() for _, task in self.theatre.tasks))
    @rule(pick=picks)
    def an_invocation_is_cancelled(self, pick: int) -> None:
        running = [task for _, task in self.theatre.tasks if not task.done()]
        running[pick % len(running)].cancel()
        self.ask(self.theatre.turns.quiet())

    @rule(process=st.integers(0, 1))
    def a_process_is_killed(self, process: int) -> None:
        self.theatre.kill(process)
        self.ask(self.theatre.turns.quiet())

    @rule(seconds=st.sampled_from(PASSES))
    def time_passes(self, seconds: float) -> None:
        self.ask(self.theatre.advance(seconds))

    @precondition(lambda self: len(self.theatre.messages) < 20)
    @rule()
    def the_sweeper_runs(self) -> None:
        self.ask(self.theatre.sweep())

    @rule()
    def a_clerk_makes_a_receipt(self) -> None:
        self.theatre._counter_receipt()

    @rule()
    def a_person_unblocks(self) -> None:
        self.ask(self.theatre.world.gates.unblock("2493"))

    def _turn(self, pick: int) -> Turn:
        waiting = self.theatre.turns.waiting
        return waiting[pick % len(waiting)]

    @invariant()
    def nothing_is_posted_twice(self) -> None:
        if hasattr(self, "theatre"):
            assert self.theatre.world.city.doubled() == 0

    @invariant()
    def the_ledger_tells_the_truth(self) -> None:
        if hasattr(self, "theatre"):
            for entry in self.ask(self.theatre.entries()):
                self._true(entry)

    @invariant()
    def rows_follow_from_entries(self) -> None:
        if hasattr(self, "theatre"):
            self._rows(self.ask(self.theatre.entries()))

    def _true(self, entry: Entry) -> None:
        made = [receipt for _, receipt in self.theatre.world.city.receipts_made if receipt.reference == entry.reference]
        if entry.state is State.POSTED:
            assert [receipt.receipt_number for receipt in made] == [entry.receipt_number]
        if entry.state is State.RECEIVED and entry.attempt == 0:
            assert made == []

    def _rows(self, entries: list[Entry]) -> None:
        world = self.theatre.world
        opened = Counter(key.split("~", 2)[2] for key in world.keys("O~"))
        held = Counter(key.split("~", 2)[2] for key in world.keys("H~"))
        events = Counter(key[2:].rsplit("~", 1)[0] for key in world.keys("E~"))
        assert opened == {str(entry.key): 1 for entry in entries if entry.state not in SETTLED}
        assert held == {str(entry.key): 1 for entry in entries if entry.state is State.HELD}
        assert events == {str(entry.key): entry.version for entry in entries}
        assert len(world.keys("S~")) == sum(entry.state is State.SENDING for entry in entries)

    def teardown(self) -> None:
        if not hasattr(self, "theatre"):
            return
        try:
            self.ask(self.theatre.heal())
            self._all_is_settled()
        finally:
            self.runner.close()

    def _all_is_settled(self) -> None:
        entries: list[Entry] = self.ask(self.theatre.entries())
        assert {entry.key.id for entry in entries} == set(self.theatre.payments)
        for entry in entries:
            assert entry.state in {State.POSTED, State.HELD}
            assert entry.state is State.POSTED or entry.reason in REASONS
            self._true(entry)
            assert any(
                (each.id, each.outcome, each.version) == (entry.key.id, entry.state, entry.version)
                for each in self.theatre.world.results
            )
        self.rows_follow_from_entries()
        assert self.theatre.world.city.doubled() == 0


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(
    max_examples=int(os.environ.get("MACHINE_EXAMPLES", "60")), stateful_step_count=50, deadline=None,
    suppress_health_check=list(HealthCheck),
)
