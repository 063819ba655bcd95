"""A slice of the campaign: every fault once, some pairs and mixes, and an end at every call; and that the checks bite."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest

from local.processes import ROOT
from shared.vocabulary import events
from tests.faults.campaign import Tally, plans, simulate
from tests.faults.catalogue import CATALOGUE
from tests.faults.city import City
from tests.faults.everywhere import SMALL, killed_at_every_call
from tests.faults.host import Host
from tests.faults.plan import USUAL_START, Plan
from tests.faults.run import run
from tests.faults.shrink import explained, shrunk
from tests.faults.stamp import WatchedLedger
from tests.faults.town import PACES
from tests.faults.traffic import PAYER
from tests.faults.virtual_time import Deadlock, VirtualClock, VirtualLoop
from tests.faults.world import World

SEED = 20
PAYMENTS = 25
PAIRS = list(combinations(CATALOGUE, 2))
MIXES = [plan for plan in plans(1, SEED) if len(plan.faults) > 2][:4]
MORE = {"X12": 75}
"""Payments that it takes until some wait in the ledger and steps are sent for them."""
THE_PLAN_ITSELF = {"K2", "I-6"}
"""They shape the plan, and strike nothing in it."""
BEHIND_ANOTHER = {"M3", "M4", "M8"}
"""They deal with what another fault brought to be held."""


def held(outcome):
    assert outcome.broken is None, explained(shrunk(outcome))
    return outcome


def test_the_catalogue_is_whole():
    numbered = {"P": 25, "S": 7, "Q": 6, "V": 4, "K": 5, "X": 14, "I-": 7, "M": 14, "L": 38}
    assert set(CATALOGUE) == {f"{letter}{number + 1}" for letter, count in numbered.items() for number in range(count)}
    assert (len(CATALOGUE), len(PAIRS)) == (120, 7140)


def test_nothing_happens_without_faults():
    outcome = held(run(Plan(seed=SEED, payments=40)))
    assert (outcome.unknown, outcome.kills, outcome.struck) == (0, 0, frozenset())


@pytest.mark.parametrize("fault", CATALOGUE)
def test_every_fault_alone(fault):
    outcomes = [held(run(plan)) for plan in _alone(fault)]
    assert any(fault in outcome.struck for outcome in outcomes) or fault in THE_PLAN_ITSELF | BEHIND_ANOTHER


def _alone(fault):
    """A lie in a town of one pace or another, a habit once; everything else from two seeds."""
    if CATALOGUE[fault].lie:
        pace = PACES[int(fault[1:]) % len(PACES)]
        seeds = [SEED] if CATALOGUE[fault].habit else [SEED, SEED + 1]
        return [Plan(seed, (fault,), PAYMENTS, pace=pace) for seed in seeds]
    return [Plan(seed, (fault,), MORE.get(fault, PAYMENTS)) for seed in (SEED, SEED + 1)]


@pytest.mark.parametrize("pair", PAIRS[7::299], ids="+".join)
def test_some_pairs(pair):
    held(run(Plan(SEED, pair, PAYMENTS)))


@pytest.mark.parametrize("plan", MIXES, ids=lambda plan: "+".join(plan.faults))
def test_some_mixes(plan):
    held(run(replace(plan, payments=PAYMENTS)))


def test_an_end_at_every_call():
    ends = Counter(held(outcome).kills for outcome in killed_at_every_call())
    assert ends.total() >= 100
    assert ends[1] > 0.9 * ends.total(), "a call that the first six payments need is made in every run"


MIXED = Plan(SEED, ("P6", "X5", "S3", "Q1"), PAYMENTS)


def test_one_seed_is_one_run():
    assert run(MIXED).digest == run(MIXED).digest
    assert run(MIXED).digest != run(replace(MIXED, seed=SEED + 1)).digest


def test_one_seed_is_one_run_in_every_process():
    """Whatever the order in which a process keeps its sets."""
    script = f"from tests.faults.run import run; from tests.faults.plan import Plan; print(run({MIXED!r}).digest)"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    found = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == run(MIXED).digest


class TestTheChecksBite:
    """Each breaks the simulated world itself; that a broken rule of the product is caught is the mutants' to show."""

    def code_of(self, plan=SMALL):
        outcome = run(plan)
        assert outcome.broken is not None
        return outcome.broken.code

    def test_a_city_that_makes_two_receipts(self, monkeypatch):
        create = City._create

        def twice(city, call):
            create(city, call)
            return create(city, call)

        monkeypatch.setattr(City, "_create", twice)
        assert self.code_of() == "doubled"

    def test_a_receipt_with_other_cents(self, monkeypatch):
        create = City._create

        def cheap(city, call):
            order = call.variables["input"] | {"amount": "0.01"}
            return create(city, replace(call, variables={"input": order}))

        monkeypatch.setattr(City, "_create", cheap)
        assert self.code_of() == "I7"

    def test_a_receipt_that_is_not_made(self, monkeypatch):
        answer = City.answer

        def forgetful(city, call):
            found = answer(city, call)
            city.books.of.clear()
            return found

        monkeypatch.setattr(City, "answer", forgetful)
        assert self.code_of() == "I5"

    def test_an_open_row_that_is_gone(self, monkeypatch):
        commit = WatchedLedger.commit

        async def without_open_row(table, shard, changes):
            return await commit(table, shard, [each for each in changes if not each.key.startswith("O~")])

        monkeypatch.setattr(WatchedLedger, "commit", without_open_row)
        assert self.code_of() == "I12"

    def test_an_event_that_is_gone(self, monkeypatch):
        commit = WatchedLedger.commit

        async def without_event(table, shard, changes):
            return await commit(table, shard, [each for each in changes if not each.key.startswith("E~")])

        monkeypatch.setattr(WatchedLedger, "commit", without_event)
        assert self.code_of() == "I10"

    def test_a_message_that_is_deleted_unread(self, monkeypatch):
        async def unread(host, message, delivery, instance):
            return None

        monkeypatch.setattr(Host, "_function", unread)
        assert self.code_of() == "lost"

    def test_results_that_never_arrive(self, monkeypatch):
        write = Host._write
        monkeypatch.setattr(Host, "_write", lambda host, instance, results, due: write(host, instance, [], due))
        assert self.code_of() == "I14"

    def test_a_sweeper_that_sleeps(self, monkeypatch):
        monkeypatch.setattr(Host, "sweep", lambda host: None)
        assert self.code_of(Plan(SEED, ("P1",), PAYMENTS)) in {"stuck", "I14"}

    def test_a_payer_in_an_event(self, monkeypatch):
        answer = City.answer

        def indiscreet(city, call):
            events.emit("city.asked", payer=PAYER)
            return answer(city, call)

        monkeypatch.setattr(City, "answer", indiscreet)
        assert self.code_of() == "I16"

    def test_cents_that_vanish_at_the_city(self, monkeypatch):
        put = World.due_by_now

        def burgled(world):
            for city in world.cities.values():
                for made in city.receipts:
                    made.cents -= 1
            return put(world)

        monkeypatch.setattr(World, "due_by_now", burgled)
        assert self.code_of() == "I8"


def test_what_fails_is_shown_as_small_as_it_can_be(monkeypatch):
    create = City._create

    def twice(city, call):
        create(city, call)
        return create(city, call)

    monkeypatch.setattr(City, "_create", twice)
    smallest = shrunk(run(Plan(SEED, ("P13", "S1"), PAYMENTS)))
    assert smallest.plan.payments == 1
    assert len(smallest.plan.faults) == 1
    shown = explained(smallest)
    assert f"seed={SEED}" in shown
    assert "BROKEN doubled" in shown
    assert len(shown.splitlines()) < 30


def test_a_campaign_is_as_large_as_it_says():
    whole = plans(1, SEED)
    singles, pairs = 82 * 4 + 38 * 6, 7140
    payments = singles * 100 + pairs * 22 + 250 * 80
    assert sum(plan.payments for plan in whole) == payments > 200_000
    assert sum(plan.payments for plan in plans(5, SEED)) > 1_000_000
    assert len({plan.seed for plan in whole}) == len(whole) == singles + pairs + 250
    assert Counter(plan.pace for plan in whole if plan.faults == ("L6",)) == {3: 2, 30: 2, 300: 2}
    part = plans(0.05, SEED)
    assert {plan.faults[0] for plan in part if len(plan.faults) == 1} == set(CATALOGUE)
    assert sum(plan.payments for plan in part) == pytest.approx(0.05 * payments, rel=0.05)
    assert part == plans(0.05, SEED)


def test_a_campaign_counts_what_broke(monkeypatch):
    monkeypatch.setattr(Host, "_function", _unread)
    tally = simulate([SMALL] * 9, 1, lambda line: None)
    assert str(tally) == "payments=18 plans=3 lost=3 doubled=0 stuck=0 false=0 needless=0 hidden=0 late=0 sworn=0", (
        "it stops once it is clear"
    )
    assert not tally.sound
    assert str(Tally()) == "payments=0 plans=0 lost=0 doubled=0 stuck=0 false=0 needless=0 hidden=0 late=0 sworn=0"


async def _unread(host, message, delivery, instance):
    return None


def test_time_is_virtual():
    loop = VirtualLoop()
    clock = VirtualClock(loop, USUAL_START)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(asyncio.sleep(86400))
    assert loop.time() == pytest.approx(86400)
    assert (clock.now() - USUAL_START).days == 1


def test_what_waits_for_nothing_is_found_out():
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(Deadlock, match="nothing will happen"):
        runner.run(_never())


async def _never():
    await asyncio.get_running_loop().create_future()
