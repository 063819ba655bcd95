"""A biller's waiting entries move at the rate of its slots, however many processes there are."""

import asyncio
from collections import deque

from shared.ledger.answer import Accepted
from tests.ledger.world import started
from tests.payments.world import body, message

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
        handled = await self.apps[number % 2].post_payment.accept(body(message()), f"r-{number}")
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
    await world.proven()
    reads = world.store.reads
    await world.deliver(message())
    assert world.queue == []
    assert world.store.reads == reads + 1, "the gate, nothing else"


async def test_a_process_that_finds_none_waiting_asks_no_more(world):
    rush = Rush(world)
    await rush.fill(12)
    await rush.drain()
    world.clock.advance(1)
    post, reads = rush.apps[0].post_payment, world.store.reads
    for number in range(3):
        handled = await post.accept(body(message()), f"after the rush {number}")
        assert handled.due == []
    assert world.store.reads == reads + 1, "of what waits, once"
