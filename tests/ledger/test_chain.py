"""A biller's waiting entries move at the rate of its slots, however many processes there are."""

import asyncio
from collections import deque

import pytest

from shared.ledger.answer import Accepted
from shared.ledger.entry import Key, Kind
from shared.ledger.slots import LocalSlots
from tests.fakes.clock import StoppedClock
from tests.ledger.world import started
from tests.payments.world import TIMES, body, message

BILLER = "2493"
WAITING = 400


class Rush:
    """Two processes, each with several workers on the queue ``due``; the city takes its time."""

    def __init__(self, world, *, workers: int = 4):
        self.world = world
        self.apps = [world.process(), world.process()]
        self.queue = deque()
        self.workers = workers
        self.busy = self.most = self.alone = self.ticks = self.sent = 0

    async def order(self, order):
        self.busy += 1
        self.sent += 1
        self.most = max(self.most, self.busy)
        for _ in range(20):
            await asyncio.sleep(0)
            self.ticks += 1
            self.alone += self.busy == 1
        self.busy -= 1
        return Accepted(self.world.city.make(order).receipt_number)

    async def fill(self, count: int):
        """So many payments while both slots are taken; whoever has them ends last."""
        self.world.city.script = [self.order] * (count + 10)
        accepting = [self.accept(number) for number in range(count)]
        await asyncio.gather(*accepting)

    async def accept(self, number: int):
        handled = await self.apps[number % 2].post.accept(body(message()), f"r-{number}")
        self.take(handled)

    async def drain(self):
        tasks = [self.work(self.apps[number % 2]) for number in range(2 * self.workers)]
        await asyncio.gather(*tasks)

    async def work(self, app):
        idle = 0
        while idle < 200:
            await asyncio.sleep(0)
            if not self.queue:
                idle += 1
                continue
            idle = 0
            self.take(await app.drive.step(self.queue.popleft(), redelivered=False))

    def take(self, handled):
        self.world.results += handled.results
        self.queue.extend(handled.due)


async def test_what_waits_drains_without_the_sweeper(world):
    rush = Rush(world)
    await rush.fill(WAITING)
    await rush.drain()
    assert len(world.city.receipts_made) == WAITING
    assert world.city.doubled() == 0
    assert rush.most == 2
    assert rush.alone < rush.ticks / 10, "most of the time both slots are in use"


async def test_two_processes_that_free_slots_at_the_same_moment_break_no_chain(world):
    """Both have the same entry; the one that comes second goes on with another instead of stopping."""
    rush = Rush(world)
    await rush.fill(12)
    (first,) = await world.app.drive.chain.after_waiting(BILLER)
    rush.queue.clear()
    steps = [asyncio.create_task(app.drive.step(first, redelivered=False)) for app in rush.apps]
    for task in steps:
        await started(task)
    following = [due for task in steps for due in (await task).due]
    assert len(following) == 2
    assert first.id not in {due.id for due in following}


async def test_a_message_for_another_version_passes_its_turn_on(world):
    rush = Rush(world)
    await rush.fill(12)
    (due,) = await world.app.drive.chain.after_waiting(BILLER)
    stale = due.model_copy(update={"version": due.version + 7})
    handled = await world.app.drive.step(stale, redelivered=False)
    assert not handled.results
    assert len(handled.due) == 1


async def test_fresh_messages_start_no_chain_where_none_waits(world):
    reads = world.store.reads
    await world.deliver(message())
    assert world.queue == []
    assert world.store.reads == reads + 1, "the gate, nothing else"


async def test_a_process_forgets_after_two_minutes_that_it_deferred():
    clock = StoppedClock()
    slots = LocalSlots(clock, TIMES)
    slots.remember_deferral(BILLER)
    clock.advance(119)
    assert slots.deferred_lately(BILLER)
    clock.advance(2)
    assert not slots.deferred_lately(BILLER)


async def test_a_candidate_is_put_on_its_way_once_in_thirty_seconds():
    clock = StoppedClock()
    slots = LocalSlots(clock, TIMES)
    one, other = Key(BILLER, Kind.PAYMENT, "a"), Key(BILLER, Kind.PAYMENT, "b")
    assert [slots.chain([one, other]) for _ in range(3)] == [one, other, None]
    clock.advance(31)
    assert slots.chain([one, other]) == one


async def test_slots_of_one_process_are_counted_per_biller():
    slots = LocalSlots(StoppedClock(), TIMES)
    assert [await slots.take("1", 2) for _ in range(3)] == [0, 1, None]
    assert await slots.take("2", 2) == 0
    assert await slots.take("1", 2, passing_over=frozenset({0, 1})) is None
    await slots.release("1", 0)
    assert await slots.take("1", 1) == 0


async def test_who_waits_for_a_slot_gets_the_one_that_comes_free():
    slots = LocalSlots(StoppedClock(), TIMES.__class__(slot_wait=5))
    slot = await slots.take("1", 1)
    waiting = asyncio.create_task(slots.take("1", 1))
    await started(waiting)
    await slots.release("1", slot)
    assert await waiting == slot


async def test_a_slot_is_given_back_even_when_cancelled_at_that_moment():
    slots = LocalSlots(StoppedClock(), TIMES)
    slot = await slots.take("1", 1)
    async with slots._freed["1"]:
        giving_back = asyncio.create_task(slots.release("1", slot))
        await asyncio.sleep(0)
        giving_back.cancel()
        with pytest.raises(asyncio.CancelledError):
            await giving_back
    assert await slots.take("1", 1) == slot
