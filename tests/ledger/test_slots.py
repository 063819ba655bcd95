"""The slots of one process: who may wait for them, and who is put on its way."""

import asyncio

import pytest

from shared.ledger.entry import Key, Kind
from shared.ledger.slots import LocalSlots
from shared.ledger.times import Times
from tests.fakes.clock import StoppedClock
from tests.ledger.world import started

BILLER = "2493"
PATIENT = Times(slot_wait=500)


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def slots(clock):
    return LocalSlots(clock, Times(slot_wait=0))


@pytest.fixture
def patient(clock):
    """Here one waits so long for a slot, by the machine's clock, that no test gives up."""
    return LocalSlots(clock, PATIENT)


def keys(names):
    return [Key(BILLER, Kind.PAYMENT, name) for name in names]


async def use(slots, clock, seconds):
    """Once, for so long."""
    slot = await slots.take(BILLER, 2)
    clock.advance(seconds)
    await slots.release(BILLER, slot)


async def filled(slots, waiting):
    """Both slots taken, and so many who would wait for one; those that do."""
    for _ in range(2):
        await slots.take(BILLER, 2)
    tasks = [asyncio.create_task(slots.take(BILLER, 2)) for _ in range(waiting)]
    for task in tasks:
        await started(task)
    return [task for task in tasks if not task.done()]


async def ended(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_slots_of_one_process_are_counted_per_biller(slots):
    assert [await slots.take("1", 2) for _ in range(3)] == [0, 1, None]
    assert await slots.take("2", 2) == 0
    assert await slots.take("1", 2, passing_over=frozenset({0, 1})) is None
    await slots.release("1", 0)
    assert await slots.take("1", 1) == 0


async def test_who_waits_for_a_slot_gets_the_one_that_comes_free(patient):
    slot = await patient.take("1", 1)
    waiting = asyncio.create_task(patient.take("1", 1))
    await started(waiting)
    await patient.release("1", slot)
    assert await waiting == slot


async def test_a_slot_that_the_first_who_waits_cannot_use_goes_to_the_next(patient):
    for _ in range(2):
        await patient.take(BILLER, 2)
    first = asyncio.create_task(patient.take(BILLER, 2, passing_over=frozenset({0})))
    second = asyncio.create_task(patient.take(BILLER, 2))
    for task in (first, second):
        await started(task)
    await patient.release(BILLER, 0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert (first.done(), second.done()) == (False, True)
    assert await second == 0
    await ended([first])


async def test_a_slot_is_given_back_even_when_cancelled_at_that_moment(patient):
    """While somebody else looks which slots are free."""
    slot = await patient.take("1", 1)
    async with patient._lanes["1"].freed:
        giving_back = asyncio.create_task(patient.release("1", slot))
        await asyncio.sleep(0)
        giving_back.cancel()
        with pytest.raises(asyncio.CancelledError):
            await giving_back
    assert await patient.take("1", 1) == slot


@pytest.mark.parametrize(("turn", "waiting"), [(100, 10), (240, 4), (500, 2), (6000, 2)])
async def test_as_many_wait_as_will_have_their_turn_in_time_and_never_fewer_than_slots(patient, clock, turn, waiting):
    await use(patient, clock, turn)
    tasks = await filled(patient, 12)
    assert len(tasks) == waiting
    await ended(tasks)


async def test_beside_another_process_no_more_wait_than_there_are_slots(patient, clock):
    """How long its sends take is not known here, and a claim that failed was a short turn."""
    await patient.release(BILLER, await patient.take(BILLER, 2))
    await patient.release(BILLER, await patient.take(BILLER, 2, passing_over=frozenset({0})))
    tasks = await filled(patient, 12)
    assert len(tasks) == 2
    await ended(tasks)


async def test_where_no_turn_is_known_as_many_wait_as_there_are_slots(patient):
    tasks = await filled(patient, 12)
    assert len(tasks) == 2
    await ended(tasks)


async def test_a_process_forgets_after_two_minutes_that_it_deferred(slots, clock):
    slots.remember_deferral(BILLER)
    clock.advance(119)
    assert slots.deferred_lately(BILLER)
    clock.advance(2)
    assert not slots.deferred_lately(BILLER)


async def test_a_deferral_after_a_look_at_the_ledger_outlasts_what_the_look_found(slots, clock):
    looked = slots.now()
    clock.advance(0.1)
    slots.remember_deferral(BILLER)
    slots.forget_deferral(BILLER, looked)
    assert slots.deferred_lately(BILLER)
    clock.advance(0.1)
    slots.forget_deferral(BILLER, slots.now())
    assert not slots.deferred_lately(BILLER)


async def test_a_candidate_is_put_on_its_way_once_in_thirty_seconds_or_when_its_step_has_ended(slots, clock):
    one, other = keys("ab")
    assert [slots.chain(BILLER, [one, other]) for _ in range(3)] == [[one], [other], []]
    slots.ended(other)
    assert slots.chain(BILLER, [one, other]) == [other]
    clock.advance(31)
    assert slots.chain(BILLER, [one, other]) == [one]


async def test_where_turns_are_short_one_is_on_its_way_for_each_slot(patient, clock):
    await use(patient, clock, 100)
    waiting = keys("abcdef")
    assert patient.chain(BILLER, waiting) == waiting[:2]
    assert patient.chain(BILLER, waiting) == waiting[2:3], "never fewer than one for a slot that came free"
    patient.ended(waiting[0])
    patient.ended(waiting[1])
    assert patient.chain(BILLER, waiting[3:]) == waiting[3:5]


async def test_where_turns_are_long_it_is_one(patient, clock):
    await use(patient, clock, 600)
    waiting = keys("abcdef")
    assert patient.chain(BILLER, waiting) == waiting[:1]


async def test_beside_another_process_in_the_same_slots_it_is_one_for_two_minutes(patient, clock):
    await use(patient, clock, 100)
    await patient.release(BILLER, await patient.take(BILLER, 2, passing_over=frozenset({0})))
    waiting = keys("abcdef")
    assert patient.chain(BILLER, waiting) == waiting[:1]
    clock.advance(121)
    assert patient.chain(BILLER, waiting) == waiting[:2]
