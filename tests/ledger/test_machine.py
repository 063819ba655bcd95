"""Two processes over one table and one city: whatever happens in whatever order, the promises hold."""

import asyncio
import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.exchange.reasons import REASONS
from shared.exchange.result import result_of
from shared.ledger import rows
from shared.ledger.entry import SETTLED, Entry, Key, Kind, State
from shared.ledger.gates import Gates
from tests.fakes.faulty_ledger import COMMIT_FAULTS, READ_FAULTS, Fault
from tests.ledger.theatre import Theatre
from tests.ledger.turns import Reply, Turn
from tests.payments.world import message, reject, reversal

pytestmark = pytest.mark.slow

PASSES = [1.0, 12.0, 31.0, 61.0, 300.0, 601.0, 3600.0]
OUTPUT_FAULTS = (Fault.NOT_WRITTEN, Fault.ANSWER_LOST)
FAULTS = {"commit": COMMIT_FAULTS, "output": OUTPUT_FAULTS, "ask": (Fault.NOT_WRITTEN,), "probe": (Fault.NOT_WRITTEN,)}
picks = st.integers(0, 9)
processes = st.integers(0, 1)
MOST_PAYMENTS = 6
MOST_REJECTS = 3
MOST_MESSAGES = 20


class TwoProcesses(RuleBasedStateMachine):
    """Rules are what the world may do next; the use cases themselves are the real ones."""

    @initialize(version=st.sampled_from(["2025.11.014", "2025.11.014", "2021.02.160"]))
    def open(self, version: str) -> None:
        self.runner = asyncio.Runner()
        # A crash in what a cancelled invocation left behind is nobody's to read.
        self.runner.get_loop().set_exception_handler(lambda _loop, _context: None)
        self.theatre = Theatre()
        self.forestalled: set[str] = set()
        self.ask(self.theatre.open(connectVersion=version, rejectStrategy="void"))

    def ask(self, doing: Any) -> Any:
        return self.runner.run(doing)

    @precondition(lambda self: len(self.theatre.payments) < MOST_PAYMENTS)
    @rule(process=processes)
    def a_payment_comes(self, process: int) -> None:
        self.theatre.enqueue(message())
        self.ask(self.theatre.deliver(self.theatre.messages[-1], process))

    @precondition(lambda self: self.theatre.payments)
    @rule(pick=picks)
    def a_payment_comes_again(self, pick: int) -> None:
        known = list(self.theatre.payments.values())
        self.theatre.enqueue(known[pick % len(known)])

    @precondition(lambda self: self.theatre.payments and len(self.theatre.rejects) < MOST_REJECTS)
    @rule(pick=picks, undo=st.sampled_from([reject, reversal]))
    def a_payment_is_returned(self, pick: int, undo: Any) -> None:
        known = list(self.theatre.payments.values())
        self.theatre.enqueue(undo(known[pick % len(known)]))

    @precondition(lambda self: len(self.theatre.payments) < MOST_PAYMENTS and len(self.theatre.rejects) < MOST_REJECTS)
    @rule(process=processes, undo=st.sampled_from([reject, reversal]))
    def a_payment_is_returned_before_it_comes(self, process: int, undo: Any) -> None:
        """Both are on their way at the same moment, in different hands."""
        paid = message()
        self.theatre.enqueue(undo(paid))
        self.theatre.enqueue(paid)
        for number, each in enumerate(self.theatre.messages[-2:]):
            self.ask(self.theatre.deliver(each, (process + number) % 2))

    @precondition(lambda self: self.theatre.rejects)
    @rule(pick=picks)
    def a_reject_comes_again(self, pick: int) -> None:
        known = list(self.theatre.rejects.values())
        self.theatre.enqueue(known[pick % len(known)])

    @precondition(lambda self: self.theatre.idle())
    @rule(pick=picks, process=processes)
    def a_message_is_delivered(self, pick: int, process: int) -> None:
        idle = self.theatre.idle()
        self.ask(self.theatre.deliver(idle[pick % len(idle)], process))

    @precondition(lambda self: self.theatre.turns.waiting)
    @rule(pick=picks)
    def a_call_works(self, pick: int) -> None:
        self._end(self._turn(pick), works=True)

    @precondition(lambda self: self.theatre.turns.waiting)
    @rule(pick=picks, how=st.integers(0, 99))
    def a_call_fails(self, pick: int, how: int) -> None:
        self._end(self._turn(pick), works=False, how=how)

    @rule(process=processes)
    def all_calls_but_orders_work(self, process: int) -> None:
        """One process goes on until all it waits for is the city."""
        while turns := [each for each in self.theatre.turns.waiting if each.what != "send" and each.process == process]:
            self._end(turns[0], works=True)

    @precondition(lambda self: self.theatre.orders())
    @rule(pick=picks, reply=st.sampled_from(Reply))
    def an_order_ends(self, pick: int, reply: Reply) -> None:
        orders = self.theatre.orders()
        self.ask(self.theatre.turns.end(orders[pick % len(orders)], reply))

    @precondition(lambda self: self.theatre.running())
    @rule(pick=picks)
    def an_invocation_is_cancelled(self, pick: int) -> None:
        running = self.theatre.running()
        running[pick % len(running)].cancel()
        self.ask(self.theatre.turns.quiet())

    @rule(process=processes)
    def a_process_is_killed(self, process: int) -> None:
        self.theatre.kill(process)
        self.ask(self.theatre.turns.quiet())

    @rule(seconds=st.sampled_from(PASSES), receipt=st.booleans(), sweep=st.booleans())
    def time_passes(self, seconds: float, receipt: bool, sweep: bool) -> None:
        """The clerk at the counter makes a receipt; the sweeper runs."""
        self.ask(self.theatre.advance(seconds))
        if receipt:
            self.theatre.counter_receipt()
        if sweep and len(self.theatre.messages) < MOST_MESSAGES:
            self.ask(self.theatre.sweep())

    @rule(process=processes)
    def a_process_works_its_queues_off(self, process: int) -> None:
        """As far as it comes without the answers of the city to its orders."""
        for waiting in self.theatre.idle():
            self.ask(self.theatre.deliver(waiting, process))
        self.all_calls_but_orders_work(process)

    @precondition(lambda self: self.theatre.payments)
    @rule()
    def a_person_unblocks(self) -> None:
        self.ask(self.theatre.unblock())

    def _end(self, turn: Turn, *, works: bool, how: int = 0) -> None:
        if works:
            self.ask(self.theatre.turns.end(turn, Reply.ACCEPTED if turn.what == "send" else Fault.NONE))
            return
        endings = list(Reply) if turn.what == "send" else FAULTS.get(turn.what, READ_FAULTS)
        self.ask(self.theatre.turns.end(turn, endings[how % len(endings)]))

    def _turn(self, pick: int) -> Turn:
        waiting = self.theatre.turns.waiting
        return waiting[pick % len(waiting)]

    @invariant()
    def nothing_is_posted_twice(self) -> None:
        if hasattr(self, "theatre"):
            self.theatre.surface()
            assert self.theatre.world.city.doubled() == 0

    @invariant()
    def no_receipt_is_voided_twice(self) -> None:
        if hasattr(self, "theatre"):
            voids = self.theatre.world.city.voids
            assert len(voids) == len(set(voids))

    @invariant()
    def nothing_is_sent_after_its_void_came(self) -> None:
        if hasattr(self, "theatre"):
            entries: list[Entry] = self.ask(self.theatre.entries())
            here = {entry.key.id for entry in entries}
            early = [entry for entry in entries if entry.state is State.WAITING and entry.reverses not in here]
            voids = [entry for entry in early if entry.key.kind is Kind.REVERSAL]
            self.forestalled |= {self._reference(void.reverses or "") for void in voids}
            assert self.forestalled.isdisjoint(order.reference for order in self.theatre.world.city.orders)

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
        if entry.key.kind is not Kind.PAYMENT:
            if entry.state is State.POSTED:
                ended = entry.receipt_number is None and entry.key.kind is Kind.REVERSAL
                assert ended or entry.receipt_number in self.theatre.world.city.voids
            return
        reference = self._reference(entry.key.id)
        made = [receipt for _, receipt in self.theatre.world.city.receipts_made if receipt.reference == reference]
        if entry.state in {State.POSTED, State.REVERSED}:
            assert [receipt.receipt_number for receipt in made] == [entry.receipt_number]
        if entry.state is State.REVERSED:
            assert entry.receipt_number in self.theatre.world.city.voids
        if entry.state is State.NOT_POSTED or (entry.state is State.RECEIVED and entry.attempt == 0):
            assert made == []

    def _reference(self, payment: str) -> str:
        return str(self.theatre.payments[payment]["confirmationNumber"])

    def _rows(self, entries: list[Entry]) -> None:
        world = self.theatre.world
        opened = Counter(key.split("~", 2)[2] for key in world.keys("O~"))
        held = Counter(key.split("~", 2)[2] for key in world.keys("H~"))
        events = Counter(key[2:].rsplit("~", 1)[0] for key in world.keys("E~"))
        assert opened == {str(entry.key): 1 for entry in entries if entry.due is not None}
        assert all(entry.due is not None for entry in entries if entry.state not in SETTLED)
        assert held == {str(entry.key): 1 for entry in entries if entry.state is State.HELD}
        forestalled = {f"2493~payment~{payment}": 1 for payment in self._forestalled(entries)}
        assert events == forestalled | {str(entry.key): entry.version for entry in entries}
        slots = [row for (_, key), row in world.store.rows.items() if key.startswith("S~")]
        closed = sum(rows.is_closed(row) for row in slots)
        assert len(slots) - closed == sum(entry.state is State.SENDING for entry in entries)
        assert closed == 0 or self.ask(Gates(world.store, world.clock, world.times).look("2493")).doubtful

    def _forestalled(self, entries: list[Entry]) -> list[str]:
        """Payments whose first event is a void's; they may be yet to come."""
        here = {entry.key.id for entry in entries}
        events = [row.values for (_, key), row in self.theatre.world.store.rows.items() if key.startswith("E~")]
        voids = [str(values["forestalled_by"]) for values in events if "forestalled_by" in values]
        assert here.issuperset(voids)
        return [entry.reverses or "" for entry in entries if entry.key.id in voids]

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
        assert {entry.key.id for entry in entries} == set(self.theatre.payments) | set(self.theatre.rejects)
        for entry in entries:
            self._settled(entry)
            self._true(entry)
        self.rows_follow_from_entries()
        assert self.theatre.world.city.doubled() == 0

    def _settled(self, entry: Entry) -> None:
        """In the end a reject waits only for a payment that a person has in hand; everything else was reported."""
        if entry.state is State.WAITING:
            payment = self.ask(self.theatre.world.ledger.read(Key(entry.key.biller, Kind.PAYMENT, entry.reverses)))
            assert payment.state is State.HELD
            return
        assert entry.state in {State.POSTED, State.REVERSED, State.HELD, State.NOT_POSTED}
        assert entry.state is not State.HELD or entry.reason in REASONS
        if entry.state is not State.REVERSED:
            told = (entry.key.id, result_of(entry, entry.received_at).outcome, entry.version)
            assert told in {(each.id, each.outcome, each.version) for each in self.theatre.world.results}


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(
    max_examples=int(os.environ.get("MACHINE_EXAMPLES", "60")),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
