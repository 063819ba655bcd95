"""Faults of Table storage, met by the real SDK before Azurite: nothing lost, nothing sent twice."""

import asyncio
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from azure.data.tables.aio import TableClient

from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_ledger import TableLedger
from shared.exchange.result import Outcome
from shared.ledger.answer import Accepted, NotSent
from shared.ledger.due import due_of
from shared.ledger.entry import State
from shared.ledger.rows import event_key
from shared.runtime.clients import _PATIENCE
from shared.vocabulary.errors import Unavailable
from tests.fakes.billers import FakeBillers
from tests.fakes.city import MemoryCity
from tests.fakes.clock import StoppedClock
from tests.faults.storage_proxy import Fate, StorageProxy
from tests.payments.world import World, message, reversal

WORKERS = 24
HURRIED = _PATIENCE | {"retry_backoff_factor": 0.01}
"""As many tries as the app makes, without the pauses between them."""
TRIES = 1 + _PATIENCE["retry_total"]


@dataclass
class Storage:
    """One table for all processes of a test: each has a client of its own, through the proxy."""

    connection: str
    name: str
    direct: TableClient
    proxy: StorageProxy
    stack: AsyncExitStack

    async def world(self, clock, city=None, **options):
        """A process with the ledger in the table; time passes when the test says so."""
        through = self.connection.replace(_table_endpoint(self.connection), self.proxy.url)
        client = TableClient.from_connection_string(through, self.name, **{**HURRIED, **options})
        table = await self.stack.enter_async_context(client)
        world = World(clock=clock)
        world.use(TableLedger(table, ServerTime(clock)), FakeBillers())
        world.city = city or world.city
        world.app = world.process()
        await world.set_up()
        return world

    async def rows(self, prefix):
        """The rows whose key begins so, read past the proxy."""
        found = [row async for row in self.direct.list_entities() if row["RowKey"].startswith(prefix)]
        return sorted(found, key=lambda row: row["RowKey"])


@pytest.fixture
async def storage(azurite):
    name = f"ledger{uuid.uuid4().hex}"
    async with AsyncExitStack() as stack:
        direct = await stack.enter_async_context(TableClient.from_connection_string(azurite.connection_string, name))
        await direct.create_table()
        proxy = await stack.enter_async_context(StorageProxy(_table_endpoint(azurite.connection_string)).running())
        yield Storage(azurite.connection_string, name, direct, proxy, stack)
        proxy.released.set()


def _table_endpoint(connection):
    return connection.partition("TableEndpoint=")[2].partition("/localstorage")[0]


@pytest.fixture
async def world(storage):
    return await storage.world(StoppedClock())


async def assert_posted_once(world, storage, fields, *, attempts=1):
    """One send, one receipt, and the rows of a payment that was posted and is done with; gate and readings are the city's."""
    entry = await world.entry(fields)
    assert (entry.state, entry.attempt) == (State.POSTED, attempts)
    assert len(world.city.orders) == len(world.city.receipts_made) == attempts
    events = await storage.rows("E~")
    assert [event["RowKey"] for event in events] == [event_key(entry.key, n + 1) for n in range(entry.version)]
    assert Counter(event["state"] for event in events)["sending"] == attempts
    kept = Counter(row["RowKey"][0] for row in await storage.rows("") if row["RowKey"][0] not in "EBW")
    assert kept == Counter("ADNPR")


COMMITTED = {
    "503 once": [Fate.BUSY_AFTER],
    "503 to every try": [Fate.BUSY_AFTER] * TRIES,
    "cut": [Fate.CUT_AFTER],
}


@pytest.mark.parametrize("fates", COMMITTED.values(), ids=COMMITTED)
async def test_a_claim_that_was_written_without_an_answer_is_known_as_our_own(world, storage, fates):
    """S1, S3."""
    storage.proxy.commits.extend(fates)
    fields = message()
    handled = await world.deliver(fields)
    assert not storage.proxy.commits
    assert [result.outcome for result in handled.results] == [Outcome.POSTED]
    await assert_posted_once(world, storage, fields)


@pytest.mark.parametrize("fates", COMMITTED.values(), ids=COMMITTED)
async def test_an_outcome_that_was_written_without_an_answer_stands(world, storage, fates):
    """S2, S3."""

    async def accepts(order):
        storage.proxy.commits.extend(fates)
        return Accepted(world.city.make(order).receipt_number)

    world.city.script.append(accepts)
    fields = message()
    handled = await world.deliver(fields)
    assert not storage.proxy.commits
    assert [result.outcome for result in handled.results] == [Outcome.POSTED]
    await assert_posted_once(world, storage, fields)


@pytest.mark.parametrize("fates", [[], *COMMITTED.values()], ids=["no fault", *COMMITTED])
async def test_a_payment_whose_void_came_first_is_never_sent(world, storage, fates):
    paid = message()
    back = reversal(paid)
    storage.proxy.commits.extend(fates)
    await world.undo(back)
    # The payment's own write meets the void; the one after it ends both.
    storage.proxy.commits.extend([Fate.NONE, *fates])
    handled = await world.deliver(paid)
    assert not storage.proxy.commits
    assert [result.outcome for result in handled.results] == [Outcome.NOT_POSTED]
    await world.pass_time(60)
    assert ((await world.entry(back)).state, world.city.orders) == (State.POSTED, [])
    assert await storage.rows("O~") == []


@pytest.mark.parametrize("fate", [Fate.BUSY, Fate.CUT_BEFORE, Fate.HANGS])
async def test_a_table_that_is_down_before_the_claim_has_nothing_sent(storage, fate):
    """S4: the message comes again until the table answers, and then to a process that waits for it."""
    clock = StoppedClock()
    world = await storage.world(clock, **({"read_timeout": 0.3} if fate is Fate.HANGS else {}))
    storage.proxy.always = fate
    fields = message()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await world.deliver(fields, "m")
    assert world.city.orders == []
    assert await storage.rows("") == []
    storage.proxy.always = None
    healed = await storage.world(clock, world.city)
    await healed.deliver(fields, "m")
    await assert_posted_once(healed, storage, fields)


async def test_a_table_that_is_down_after_the_send_does_not_lose_the_receipt(world, storage):
    """S5: the lease runs out, the outcome is unknown, and the city shows the receipt."""

    async def accepts_and_then_the_table_is_down(order):
        storage.proxy.always = Fate.BUSY
        return Accepted(world.city.make(order).receipt_number)

    world.city.script.append(accepts_and_then_the_table_is_down)
    fields = message()
    with pytest.raises(Unavailable):
        await world.deliver(fields, "m")
    storage.proxy.always = None
    assert (await world.entry(fields)).state is State.SENDING
    with pytest.raises(Unavailable):
        await world.deliver(fields, "m")
    await world.pass_time(60)
    assert (await world.entry(fields)).state is State.UNKNOWN
    await world.pass_time(120)
    await assert_posted_once(world, storage, fields)
    assert [result.outcome for result in world.results] == [Outcome.POSTED]
    await world.deliver(fields, "m")
    assert world.results[-1].receipt_number == world.results[0].receipt_number


class _Race:
    """A city that accepts an order only when all who do not send have finished."""

    def __init__(self, city, others):
        self._left = others
        self._over = asyncio.Event()
        city.script.append(self._accept)
        self._city = city

    async def _accept(self, order):
        await self._over.wait()
        return Accepted(self._city.make(order).receipt_number)

    async def run(self, step):
        try:
            return await step
        finally:
            self._left -= 1
            if self._left == 0:
                self._over.set()


async def _workers(storage, city, clock):
    return [await storage.world(clock, city) for _ in range(WORKERS)]


async def test_24_workers_that_drive_one_payment_send_it_once(storage):
    """S6."""
    clock = StoppedClock()
    city = MemoryCity(clock)
    workers = await _workers(storage, city, clock)
    city.next(NotSent("ConnectError"))
    fields = message()
    await workers[0].deliver(fields)
    clock.advance(60)
    due = due_of(await workers[0].entry(fields))
    city.orders.clear()
    race = _Race(city, WORKERS - 1)
    steps = (race.run(each.app.drive.step(due, redelivered=False)) for each in workers)
    handled = await asyncio.gather(*steps)
    assert len(city.orders) == len(city.receipts_made) == 1
    assert [result.outcome for each in handled for result in each.results] == [Outcome.POSTED]
    assert Counter(row["state"] for row in await storage.rows("E~")) == {"sending": 2, "received": 1, "posted": 1}


async def test_24_deliveries_of_one_new_message_send_it_once(storage):
    """S6: those that come second give the message back, for the first might yet die."""
    clock = StoppedClock()
    city = MemoryCity(clock)
    workers = await _workers(storage, city, clock)
    fields = message()
    race = _Race(city, WORKERS - 1)
    ended = await asyncio.gather(*(race.run(each.deliver(fields, "m")) for each in workers), return_exceptions=True)
    assert Counter(type(each).__name__ for each in ended) == {"Handled": 1, "Unavailable": WORKERS - 1}
    await assert_posted_once(workers[0], storage, fields)
    for worker in workers:
        assert (await worker.deliver(fields, "m")).results[0].outcome is Outcome.POSTED
    await assert_posted_once(workers[0], storage, fields)


@pytest.mark.parametrize(("busy", "retry_after"), [(60, None), (12, "1")])
async def test_a_throttled_partition_delays_and_loses_nothing(world, storage, busy, retry_after):
    """S7: messages that could not be taken come again."""
    storage.proxy.fates.extend([Fate.BUSY] * busy)
    storage.proxy.retry_after = retry_after
    payments = [message() for _ in range(8)]
    waiting = list(payments)
    while waiting:
        ended = await asyncio.gather(
            *(world.deliver(each, each["paymentId"]) for each in waiting), return_exceptions=True
        )
        assert {type(each).__name__ for each in ended} <= {"Handled", "Unavailable"}
        waiting = [each for each, end in zip(waiting, ended, strict=True) if isinstance(end, Unavailable)]
        await world.drain()
    assert not storage.proxy.fates
    await world.pass_time(180)
    assert {(await world.entry(each)).state for each in payments} == {State.POSTED}
    assert len(world.city.orders) == len(world.city.receipts_made) == len(payments)
    assert await storage.rows("O~") == await storage.rows("S~") == []
