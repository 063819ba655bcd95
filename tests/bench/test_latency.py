"""Both cases ask the app and its floor for the same, and the floor asks the storage for what the app asks for."""

import asyncio
from collections import Counter
from typing import Any, NamedTuple

import pytest

from bench import callback, open_items
from bench.latency import Sides, measured, times
from bench.posting import cities
from bench.tapped_stack import TappedStack

ASKED = 20

pytestmark = pytest.mark.timeout(240)


class Case(NamedTuple):
    """``asks``: what the tables are asked for at each request, and how often."""

    module: Any
    asks: str
    times: int


class Running(NamedTuple):
    case: Case
    sides: Sides
    stack: TappedStack


CASES = {"open_items": Case(open_items, "customer eq", 4), "callback": Case(callback, "RowKey='T~", 1)}


@pytest.fixture(scope="module", params=CASES)
def running(request, tmp_path_factory):
    """A stack whose storage requests are counted, and both sides on it, warm."""
    case, folder, towns = CASES[request.param], tmp_path_factory.mktemp("latency"), cities(2)
    lines = [line for town in towns for line in open_items.payments(town.biller_id)]
    with TappedStack(folder / "state", towns, lines) as stack, case.module.sides(stack, str(folder)) as both:
        for ask in (*both.ours(len(towns)), *both.floor(len(towns))):
            asyncio.run(times([ask]))  # one by one: the first answer of a process waits for its imports
        yield Running(case, both, stack)


def test_both_sides_are_answered_and_ask_the_storage_for_the_same(running):
    ours, bare = (_asked(running, load(ASKED)) for load in running.sides)
    assert ours == bare
    assert ours.total() == ASKED * running.case.times


def test_percentiles_of_what_is_added(running):
    found = measured("case", running.sides, count=5, runs=1)
    assert found.keys() == {"case.p50", "case.p99"}
    assert all(figure.floor > 0 and figure.goal.of == "value" for figure in found.values())


@pytest.mark.parametrize("change", [{"holds": "something else"}, {"headers": {}}])
def test_a_wrong_answer_is_an_error(running, change):
    with pytest.RaisesGroup(AssertionError):
        asyncio.run(times([running.sides.ours(1)[0]._replace(**change)]))


def _asked(running, asks):
    """How often what was asked of the tables for these requests; the timers ask for something else."""
    running.stack.passed.clear()
    assert all(taken > 0 for taken in asyncio.run(times(asks)))
    return Counter(each.shape for each in running.stack.passed if running.case.asks in each.shape)
