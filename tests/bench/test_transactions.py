"""The benchmark counts what it says: one payment of each case through the real host."""

import pytest

from bench.tapped_stack import TIMERS
from bench.transactions import CASES, counted
from tests.agreement.registered import FUNCTIONS

pytestmark = pytest.mark.timeout(240)


def test_a_posted_payment_costs_two_transactions_and_the_others_are_counted_too():
    found = counted(1)
    assert [name for name, each in found.items() if not each.reached] == []
    assert found["transactions.posted.ledger_transactions"].value == 2
    assert found["transactions.posted.results"].value == 1
    for case in CASES:
        assert found[f"transactions.{case}.deletes"].value == found[f"transactions.{case}.dequeues"].value >= 1
        assert found[f"transactions.{case}.bytes"].value > 0


def test_no_timer_runs_while_the_benchmark_counts():
    timers = {name for name, function in FUNCTIONS.items() if function.get_trigger().type == "timerTrigger"}
    assert set(TIMERS) == timers
