"""A payment that named no invoices comes again and names them."""

import asyncio

import pytest

from shared.ledger.answer import Ambiguous
from shared.ledger.entry import State
from tests.payments.world import body, key_of, message
from tests.repair.world import SAID, person


def bare(paid):
    return {name: value for name, value in paid.items() if name != "allocations"}


async def held(world):
    paid = message()
    await world.deliver(bare(paid), "first")
    assert (await world.entry(paid)).reason == "no_allocations"
    return paid


def shares(world):
    return [[(each.invoice_number, str(each.amount)) for each in order.shares] for order in world.city.orders]


async def test_it_is_taken_with_them_and_posted(world):
    paid = await held(world)
    await world.deliver(paid, "second")
    await world.drain()
    assert shares(world) == [[("10023", "100.00"), ("10044", "25.40")]]
    [told] = [each for each in world.results if each.message_id == "second"]
    assert (told.outcome, told.version > 1) == ("posted", True)


async def test_who_completed_it_stands_in_its_history(world):
    paid = await held(world)
    await world.deliver(paid)
    steps = (await person(world).show(key_of(paid))).steps
    assert (steps[1].state, steps[1].by, steps[1].why) == (
        "received",
        "Invoice Cloud",
        "another message names the invoices",
    )


async def test_of_the_other_message_only_the_invoices_are_taken(world):
    paid = await held(world)
    await world.deliver(paid | {"payerName": "Somebody Else", "depositId": "other"})
    assert b"Somebody" not in (await world.entry(paid)).message
    assert b"other" not in (await world.entry(paid)).message


async def test_delivered_again_and_again_it_is_posted_once(world):
    paid = await held(world)
    for _ in range(3):
        await world.deliver(paid, "second")
        await world.deliver(bare(paid), "first")
        await world.drain()
    await world.deliver(paid, "third")
    assert len(world.city.orders) == 1
    assert (world.results[-1].outcome, world.results[-1].duplicate) == ("posted", True)


async def test_two_at_once_are_one(world):
    paid = await held(world)
    other = world.process()
    raw = body(paid)
    handled = await asyncio.gather(
        world.app.post_payment.accept(raw, "second"), other.post_payment.accept(raw, "third")
    )
    for each in handled:
        world.take(each)
    await world.drain()
    assert (len(world.city.orders), (await world.entry(paid)).state) == (1, State.POSTED)


async def test_other_invoices_after_that_are_another_payment_s(world):
    paid = await held(world)
    await world.deliver(paid)
    await world.deliver(paid | {"allocations": [{"invoiceNumber": "1", "amount": "125.40"}]})
    assert world.results[-1].outcome == "conflict"


@pytest.mark.parametrize("changes", [{"amount": "25.40"}, {"customerNumber": "000413"}])
async def test_with_other_contents_it_is_a_conflict(world, changes):
    paid = await held(world)
    await world.deliver(
        paid | {"allocations": [{"invoiceNumber": "1", "amount": "25.40"}]} | {"amount": "25.40"} | changes
    )
    assert world.results[-1].outcome == "conflict"
    assert ((await world.entry(paid)).state, world.city.orders) == (State.HELD, [])


async def test_while_the_biller_is_paused_it_waits(world):
    paid = await held(world)
    await world.set_up(paused={"reason": "maintenance"})
    await world.deliver(paid)
    await world.pass_time(600)
    assert ((await world.entry(paid)).state, world.city.orders) == (State.RECEIVED, [])
    await world.set_up()
    await world.pass_time(900)
    assert (await world.entry(paid)).state is State.POSTED


async def test_one_that_a_person_ended_stays_ended(world):
    paid = await held(world)
    await person(world).resolve.not_posted(key_of(paid), SAID)
    await world.deliver(paid)
    await world.pass_time(120)
    assert ((await world.entry(paid)).state, world.city.orders) == (State.NOT_POSTED, [])


async def test_what_may_have_been_sent_is_not_touched(world):
    """Caselle allocated, the answer was lost, and the biller does not let it allocate any more."""
    paid = message()
    await world.set_up(autoAllocate="caselle", connectVersion="2024.05")
    world.city.next(Ambiguous("ReadTimeout"))
    await world.deliver(bare(paid))
    await world.set_up(connectVersion="2024.05")
    await world.deliver(paid)
    await world.pass_time(120)
    assert ((await world.entry(paid)).reason, len(world.city.orders)) == ("outcome_unknown", 1)


async def test_one_that_came_as_poison_is_taken_as_well(world):
    paid = await held(world)
    world.take(await world.app.post_payment.shelve(body(paid), "second"))
    await world.pass_time(120)
    assert (await world.entry(paid)).state is State.POSTED
