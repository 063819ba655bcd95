"""That a receipt of the same amount is the same payment, or is not; and that the first has something to go by."""

import asyncio
import random
from itertools import count

import pytest

from shared.ledger.answer import Accepted
from shared.ledger.entry import State
from shared.repair.decision import NotAllowed
from tests.beliefs.scenes import DAY, HOUR, LOST, MINUTE, at_the_counter, ended, go_on, live, lose, small, town, twice
from tests.payments.world import World, key_of, message
from tests.repair.world import SAID, person

_numbers = count(1)


@pytest.mark.parametrize("made", [(True, False), (False, True), (True, True), (False, False)])
async def test_two_of_the_same_cents_in_doubt_are_each_concluded_by_their_own_reference(made):
    """F3: both slots lost their answers at once."""
    world = await town()
    pair, both = [message(), message()], asyncio.Event()
    turn = count()

    async def lost(order):
        at = next(turn)
        if made[at]:
            world.city.make(order)
        if at == 1:
            both.set()
        await both.wait()
        return LOST

    world.city.script = [lost, lost]
    await asyncio.gather(*(world.deliver(each) for each in pair))
    assert [(await world.entry(each)).state for each in pair] == [State.UNKNOWN] * 2
    await world.pass_time(2 * MINUTE)
    expected = [State.POSTED if there else State.UNKNOWN for there in made]
    assert [(await world.entry(each)).state for each in pair] == expected
    await go_on(world, HOUR)
    assert [await ended(world, each) for each in pair] == [(State.POSTED, 1)] * 2
    assert twice(world) == []


@pytest.mark.parametrize("made", [True, False])
async def test_flat_fees_at_a_busy_counter_hold_nothing(made):
    """E12: two hundred counter receipts a day, a third of them of the same 45.00."""
    random.seed(1)
    for _ in range(10):
        world = await town()
        paid = await lose(world, small("45.00"), made=made)
        for minute in range(60):
            if random.random() < 200 / 600:
                cents = 4500 if random.random() < 1 / 3 else random.randint(100, 30_000)
                at_the_counter(world, f"1.{next(_numbers):05}", cents)
            if minute % 15 == 7:
                await world.deliver(small())
            await world.pass_time(MINUTE)
        assert await ended(world, paid) == (State.POSTED, 1)


class TestAReceiptThatMayBeIt:
    """In our own number group, of the same cents, and none of ours."""

    @staticmethod
    async def held() -> tuple[World, dict]:
        world = await town()
        paid = await lose(world, message(), made=False)
        at_the_counter(world, "5.00002", 12540)
        await go_on(world, 40 * MINUTE)
        entry = await world.entry(paid)
        assert (entry.state, entry.reason) == (State.HELD, "similar_receipt")
        assert "receipt 5.00002 of 125.40" in entry.detail
        return world, paid

    async def test_it_is_for_a_person_who_is_told_its_number(self):
        world, paid = await self.held()
        told = [result for result in world.results if result.id == paid["paymentId"]]
        assert [(result.outcome, result.reason.code) for result in told] == [("held", "similar_receipt")]
        await world.pass_time(DAY, step=HOUR)
        assert (len(world.city.orders), live(world, paid)) == (5, 0)

    async def test_a_retry_without_its_number_is_refused(self):
        world, paid = await self.held()
        for override in (False, True):
            with pytest.raises(NotAllowed, match=r"may be it: receipt 5\.00002"):
                await person(world).retry(key_of(paid), SAID, override=override)

    async def test_one_command_settles_it_as_another_s(self):
        world, paid = await self.held()
        with pytest.raises(NotAllowed, match="once more"):
            await person(world).retry(key_of(paid), SAID, others=["5.00002"])
        await world.pass_time(46 * MINUTE)
        await person(world).retry(key_of(paid), SAID, others=["5.00002"])
        await world.pass_time(5 * MINUTE)
        assert await ended(world, paid) == (State.POSTED, 1)

    async def test_one_command_settles_it_as_posted(self):
        world, paid = await self.held()
        await person(world).resolve.posted(key_of(paid), "5.00002", SAID)
        await world.pass_time(5 * MINUTE)
        assert (await world.entry(paid)).receipt_number == "5.00002"
        assert live(world, paid) == 0


async def test_what_a_person_was_told_of_may_be_at_the_counter_too():
    """Held after 20 hours; the clerk enters it; the list proves itself only then."""
    world = await town()
    paid = await lose(world, message(), made=False)
    await world.pass_time(20 * HOUR + 5 * MINUTE, step=5 * MINUTE)
    assert (await world.entry(paid)).state is State.HELD
    at_the_counter(world, "1.00044", 12540)
    await go_on(world, HOUR)
    with pytest.raises(NotAllowed, match=r"may be it: receipt 1\.00044"):
        await person(world).retry(key_of(paid), SAID)
    assert live(world, paid) == 0


@pytest.mark.parametrize("made", [True, False])
async def test_when_the_first_payment_is_lost_the_others_go(made):
    """E11: nothing was ever shown; it alone is held if the list cannot show it."""
    world = await town(earlier=0)
    await world.gates.resume("2493")
    first = await lose(world, message(), made=made)
    others = [small() for _ in range(3)]
    for each in others:
        await world.deliver(each)
    await world.pass_time(5 * MINUTE)
    assert [await ended(world, each) for each in others] == [(State.POSTED, 1)] * 3
    await go_on(world, 21 * HOUR, every=20 * MINUTE)
    assert await ended(world, first) == ((State.POSTED, 1) if made else (State.HELD, 0))


@pytest.mark.parametrize("tender", ["ACH", "CC"])
async def test_the_first_of_every_tender_is_such_a_one(tender):
    world = await town()
    first = await lose(world, message(tender=tender), made=False)
    await go_on(world, 2 * HOUR)
    assert await ended(world, first) == ((State.POSTED, 1) if tender == "ACH" else (State.UNKNOWN, 0))


async def test_two_first_payments_never_go_at_once():
    world = await town(earlier=0)
    busy = most = 0

    async def slow(order):
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        for _ in range(5):
            await asyncio.sleep(0)
        busy -= 1
        return LOST if most == 1 and not world.city.receipts_made else Accepted(world.city.make(order).receipt_number)

    world.city.script = [slow] * 20
    paid = [message() for _ in range(8)]
    await asyncio.gather(*(world.deliver(each) for each in paid))
    assert (most, len(world.city.orders)) == (1, 1)
    assert [(await world.entry(each)).state for each in paid].count(State.UNKNOWN) == 1
