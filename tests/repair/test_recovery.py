"""What a lost ledger may have posted is never sent, nor ended as never sent, without evidence from Caselle."""

import pytest

from shared.ledger.entry import State
from shared.repair.decision import NotAllowed
from tests.payments.world import key_of, message, reversal
from tests.repair.world import SAID

OLD = {"connectVersion": "2024.05.001"}
"""A release without the receipt query."""


async def lost(world, **changes):
    """A payment that was posted before the ledger was lost."""
    paid = message()
    await world.deliver(paid)
    assert len(world.city.orders) == 1
    await world.lose_the_ledger(**changes)
    return paid


async def test_a_retry_needs_an_override_where_caselle_cannot_be_asked(world, admin):
    paid = await lost(world, **OLD)
    await world.deliver(paid)
    await world.pass_time(3600)
    with pytest.raises(NotAllowed, match="override"):
        await admin.retry(key_of(paid), SAID)
    assert len(world.city.orders) == 1


async def test_what_was_held_for_another_reason_is_looked_for_before_it_goes(world, admin):
    paid = await lost(world)
    record = await world.billers.get("2493")
    await world.billers.put(record.model_copy(update={"applications": {}}))
    await world.deliver(paid)
    await world.billers.put(record)
    world.clock.advance(3600)
    with pytest.raises(NotAllowed, match="Caselle has it"):
        await admin.retry(key_of(paid), SAID, override=True)
    assert len(world.city.orders) == 1


async def test_what_came_before_the_billers_record_was_here_again_is_not_sent(world, admin):
    paid = await lost(world)
    record = await world.billers.get("2493")
    world.billers._billers.clear()
    await world.deliver(paid)
    await world.billers.put(record.model_copy(update={"connect_version": OLD["connectVersion"]}))
    world.clock.advance(3600)
    with pytest.raises(NotAllowed, match="ask the city, then override"):
        await admin.retry(key_of(paid), SAID)
    assert (await world.entry(paid)).reason == "unknown_biller"
    await world.billers.put(record)
    with pytest.raises(NotAllowed, match="Caselle has it"):
        await admin.retry(key_of(paid), SAID, override=True)
    assert len(world.city.orders) == 1


@pytest.mark.parametrize("void_first", [False, True])
async def test_a_void_does_not_end_it_as_never_sent(world, void_first):
    paid = await lost(world, rejectStrategy="void")
    back = reversal(paid)
    if void_first:
        await world.undo(back)
    await world.deliver(paid)
    if not void_first:
        await world.undo(back)
    await world.pass_time(7200)
    assert (await world.entry(paid)).state is State.REVERSED
    assert len(world.city.orders) == len(world.city.voids) == 1


async def test_a_void_of_one_that_is_held_waits(world):
    paid = await lost(world, **OLD)
    await world.deliver(paid)
    await world.pass_time(3600)
    await world.undo(reversal(paid))
    await world.pass_time(3600)
    assert (await world.entry(paid)).state is State.HELD
