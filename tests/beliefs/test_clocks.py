"""That the other side's clock is right."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from shared.ledger.entry import State
from tests.beliefs.scenes import DAY, HOUR, MINUTE, at_the_counter, ended, go_on, live, lose, town
from tests.payments.world import message

_numbers = count(1)


def clock(world, ahead):
    """Receipts are stamped by a clock that is so many seconds fast."""
    make = world.city.make

    def stamped(order, *_):
        return make(order, world.clock.now() + timedelta(seconds=ahead))

    world.city.make = stamped


async def busy(world, seconds, ahead, **often):
    """A counter receipt a minute, by the same clock, and one of ours now and then."""
    for _ in range(int(seconds // (10 * MINUTE))):
        for _ in range(10):
            at_the_counter(world, f"1.{next(_numbers):05}", ahead=ahead + 60)
            await world.pass_time(MINUTE)
        if often:
            await go_on(world, MINUTE, every=MINUTE)


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("ahead", [90, -90, 2 * HOUR, -2 * HOUR, 9 * HOUR, -9 * HOUR])
async def test_a_clock_that_is_wrong_delays_nothing_where_a_later_payment_is_shown(ahead, made):
    """E4: settled soon after the hour."""
    world = await town(earlier=0)
    clock(world, ahead)
    await world.proven()
    paid = await lose(world, message(), made=made)
    await busy(world, 80 * MINUTE, ahead, ours=True)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("ahead", [90, -90, 2 * HOUR, -2 * HOUR, 9 * HOUR])
async def test_the_counter_alone_proves_an_absence_only_beyond_the_clock_s_error(ahead):
    """A list that lags while its clock is fast shows counter receipts that seem later than the attempt, and are not."""
    world = await town(earlier=0)
    clock(world, ahead)
    await world.proven()
    paid = await lose(world, message(), made=True)
    mine, world.city.receipts_made = world.city.receipts_made[-1], world.city.receipts_made[:-1]
    await busy(world, 2 * HOUR + 50 * MINUTE, ahead)
    world.city.receipts_made.append(mine)
    await world.pass_time(2 * HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("ahead", [0, 90, -2 * HOUR, 2 * HOUR])
async def test_the_counter_alone_proves_an_absence_in_the_end(ahead):
    """No other payment of ours all day: three hours and the clock's error later."""
    world = await town(earlier=0)
    clock(world, ahead)
    await world.proven()
    paid = await lose(world, message(), made=False)
    await busy(world, 3 * HOUR - abs(ahead), ahead)
    assert await ended(world, paid) == (State.UNKNOWN, 0)
    await busy(world, 5 * HOUR + 2 * abs(ahead), ahead)
    assert await ended(world, paid) == (State.POSTED, 1)


async def test_where_no_error_was_ever_seen_the_counter_proves_nothing():
    """The only payment of ours before was sent more than once, so that its time says nothing."""
    world = await town(earlier=0)
    first = await lose(world, message(), made=True)
    await world.pass_time(10 * MINUTE)
    world.clock.advance(8 * DAY)
    paid = await lose(world, message(paidAt="2026-11-28T03:04:05-08:00"), made=False)
    await busy(world, 9 * HOUR, 0)
    assert (await world.entry(paid)).detail == "no_later_one_shown"
    assert live(world, first) == 1


async def test_a_clock_that_is_set_back_delays_it_by_no_more_than_that():
    """Of two readings nothing is to be compared that seems to be made after the newest receipt of the first."""
    world = await town()
    ahead = timedelta(hours=2)
    world.city.receipts_made = [
        (day, replace(each, created_at=each.created_at + ahead)) for day, each in world.city.receipts_made
    ]
    paid = await lose(world, message(), made=False)
    await go_on(world, 3 * HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)
