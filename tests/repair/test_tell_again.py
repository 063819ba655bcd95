"""Results that were lost are told again, as they were."""

from datetime import timedelta

from shared.ledger.answer import NotSent
from tests.payments.world import message
from tests.repair.world import told


async def test_outcomes_since_an_instant_are_told_with_the_identity_they_had(world, admin):
    early = message()
    await world.deliver(early)
    world.clock.advance(3600)
    late, held = message(), message(tender="VENMO")
    world.city.next(NotSent("ConnectError"))
    waiting = message()
    await world.deliver(waiting)
    await world.deliver(late)
    await world.deliver(held)
    first = {result.id: result for result in world.results}
    since = world.clock.now() - timedelta(minutes=1)
    entries = [entry async for entry in admin.again.since(since)]
    assert {entry.key.id for entry in entries} == {late["paymentId"], held["paymentId"]}
    for number, entry in enumerate(entries):
        assert await admin.again.again(entry, number)
    assert not await admin.again.again(await world.entry(late)), "it is under way already"
    await told(world)
    again = {result.id: result for result in world.results[len(first) :] if result.id != waiting["paymentId"]}
    for id_ in (late["paymentId"], held["paymentId"]):
        assert (again[id_].version, again[id_].message_id) == (first[id_].version, first[id_].message_id)
        assert again[id_].outcome == first[id_].outcome
    await world.pass_time(600)
    assert world.keys("O~") == []


async def test_many_are_spaced_so_that_the_sweeper_can_keep_up(world, admin):
    for _ in range(100):
        await world.deliver(message())
    number = 0
    async for entry in admin.again.since(world.clock.now()):
        number += await admin.again.again(entry, number)
    assert number == 100
    before = len(world.results)
    await world.pass_time(180)
    assert len(world.results) - before == 100
