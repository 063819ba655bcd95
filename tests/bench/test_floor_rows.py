"""The floor writes what the ledger writes: the same rows with the same properties, about as large."""

from typing import override

import pytest

from bench.floors import rows as floor
from shared.ledger.store import Delete, Insert
from tests.fakes.ledger import MemoryLedger
from tests.payments.world import World, body, message

PAYMENT = message(paymentId="00000000-0000-4000-8000-000000000000")


class Remembering(MemoryLedger):
    """Keeps every transaction."""

    def __init__(self, clock):
        super().__init__(clock)
        self.transactions = []

    @override
    async def commit(self, shard, changes):
        self.transactions.append([_of_ours(change) for change in changes])
        return await super().commit(shard, changes)


def _of_ours(change):
    verb = {Insert: "create", Delete: "delete"}.get(type(change), "update")
    return verb, change.key, {} if verb == "delete" else dict(change.values)


def _of_the_floor(operation):
    verb, entity, *_ = operation
    entity = {name: value for name, value in entity.items() if name != "PartitionKey"}
    return verb, entity.pop("RowKey"), entity


def _form(transaction):
    return sorted((verb, key[:2], sorted(values)) for verb, key, values in transaction)


def _size(transaction):
    return sum(len(key) + len(repr(values)) for _, key, values in transaction)


async def test_the_same_rows_and_properties():
    world = World()
    ledger = Remembering(world.clock)
    world.use(ledger, world.billers)
    await world.set_up()
    await world.proven()
    ledger.transactions.clear()
    await world.deliver(PAYMENT)
    shard, biller, name = "00", PAYMENT["billerId"], PAYMENT["paymentId"]
    begun = floor.begun(shard, biller, name, body(PAYMENT))
    posted = floor.posted(shard, biller, name, body(PAYMENT), "etag")
    assert len(ledger.transactions) == 2
    for ours, operations in zip(ledger.transactions, (begun, posted), strict=True):
        bare = [_of_the_floor(operation) for operation in operations]
        assert _form(bare) == _form(ours)
        assert _size(bare) == pytest.approx(_size(ours), rel=0.08)
