"""A void that comes before its payment was ever sent: the payment never reaches the city."""

import asyncio

import pytest

from shared.ledger.answer import NotSent
from shared.ledger.entry import State
from tests.payments.world import body, message, reject, reversal

MINUTE = 60.0
HOUR = 60 * MINUTE


async def voided(world, paid, **changes):
    back = reversal(paid, **changes)
    await world.undo(back)
    return back


async def states(world, *messages):
    return [(await world.entry(each)).state for each in messages]


def told(world, fields):
    own = fields.get("reversalId") or fields["paymentId"]
    return [result.outcome for result in world.results if result.id == own]


@pytest.mark.parametrize("looked", [False, True])
async def test_a_payment_that_comes_after_its_void_is_never_sent(world, looked):
    paid = message()
    back = await voided(world, paid)
    if looked:
        await world.pass_time(HOUR)
    await world.deliver(paid)
    await world.pass_time(HOUR)
    assert await states(world, back, paid) == [State.POSTED, State.NOT_POSTED]
    assert world.city.orders == world.city.voids == []
    assert (told(world, back), told(world, paid)) == (["reversed"], ["not_posted"])
    assert world.keys("O~") == world.keys("S~") == []


async def test_it_costs_a_payment_without_a_void_nothing(world):
    await world.deliver(message())
    world.store.commits = world.store.reads = 0
    await world.deliver(message())
    assert (world.store.commits, world.store.reads) == (2, 0)


@pytest.mark.parametrize(
    "biller", [{"mode": "shadow"}, {"mode": "draft"}, {"paused": {"reason": "maintenance"}}, {"applications": {}}]
)
async def test_whatever_the_payment_would_have_waited_for_it_ends(world, biller):
    await world.set_up(rejectStrategy="void", **biller)
    paid = message()
    back = await voided(world, paid)
    await world.deliver(paid)
    await world.pass_time(HOUR)
    assert await states(world, back, paid) == [State.POSTED, State.NOT_POSTED]


async def test_a_payment_that_ended_as_poison_is_not_sent_either(world):
    paid = message()
    await voided(world, paid)
    world.take(await world.app.post_payment.shelve(body(paid), "poisoned"))
    await world.pass_time(HOUR)
    assert (await states(world, paid), world.city.orders) == ([State.NOT_POSTED], [])


async def test_a_void_of_a_part_lets_the_payment_go_its_way(world):
    paid = message()
    back = await voided(world, paid, amount="25.40")
    await world.deliver(paid)
    await world.pass_time(HOUR)
    assert await states(world, back, paid) == [State.HELD, State.POSTED]
    assert (await world.entry(back)).reason == "partial_reversal"
    assert len(world.city.orders) == 1


@pytest.mark.parametrize("undo", [reject, lambda paid: reversal(paid, "refund")])
async def test_only_a_void_forestalls(world, undo):
    paid = message()
    await world.undo(undo(paid))
    await world.deliver(paid)
    assert await states(world, paid) == [State.POSTED]


async def test_a_second_void_changes_nothing(world):
    paid = message()
    first, second = await voided(world, paid), await voided(world, paid)
    await world.deliver(paid)
    await world.pass_time(HOUR)
    assert await states(world, first, second, paid) == [State.POSTED, State.HELD, State.NOT_POSTED]


async def test_the_payment_that_comes_again_gets_the_same_answer(world):
    paid = message()
    await voided(world, paid)
    for message_id in ("first", "first", "another"):
        await world.deliver(paid, message_id)
    assert told(world, paid) == ["not_posted"] * 3
    await world.deliver(paid | {"amount": "77.77", "allocations": None})
    assert world.results[-1].outcome == "conflict"


async def test_its_confirmation_number_is_free_for_a_payment_that_is_sent(world):
    paid = message()
    await voided(world, paid)
    await world.deliver(paid)
    again = message(confirmationNumber=paid["confirmationNumber"])
    await world.deliver(again)
    assert await states(world, paid, again) == [State.NOT_POSTED, State.POSTED]


async def test_two_deliveries_of_the_payment_end_it_once(world):
    paid = message()
    back = await voided(world, paid)
    apps = [world.app, world.process()]
    for handled in await asyncio.gather(*(app.post_payment.accept(body(paid), "m") for app in apps)):
        world.take(handled)
    await world.pass_time(HOUR)
    assert await states(world, back, paid) == [State.POSTED, State.NOT_POSTED]
    assert world.city.orders == []


async def test_a_void_ends_a_held_payment_that_was_never_sent(world):
    paid = message(tender="WIRE")
    await world.deliver(paid)
    assert await states(world, paid) == [State.HELD]
    back = await voided(world, paid)
    await world.pass_time(10 * MINUTE)
    assert await states(world, back, paid) == [State.POSTED, State.NOT_POSTED]
    assert told(world, paid) == ["held", "not_posted"]
    assert world.keys("H~") == world.keys("O~") == []


async def test_a_void_does_not_end_a_held_payment_that_may_be_at_the_city(world):
    await world.set_up(rejectStrategy="void", connectVersion="2025.02")

    async def dies(_):
        raise asyncio.CancelledError

    world.city.script = [dies]
    paid = message()
    with pytest.raises(asyncio.CancelledError):
        await world.deliver(paid)
    assert await states(world, paid) == [State.HELD]
    back = await voided(world, paid)
    await world.pass_time(HOUR)
    assert await states(world, back, paid) == [State.WAITING, State.HELD]


async def test_a_payment_that_was_tried_and_of_which_no_byte_left_ends_with_its_void(world):
    world.city.next(NotSent("ConnectError"))
    paid = message()
    await world.deliver(paid)
    back = await voided(world, paid)
    await world.pass_time(HOUR)
    assert await states(world, back, paid) == [State.POSTED, State.NOT_POSTED]
    assert world.city.receipts_made == []
