"""Between shadow mode and going live no payment is lost, and none is sent that the earlier data pump may have."""

from datetime import timedelta

import pytest

from shared.billers.registry import CachedRegistry
from shared.ledger.entry import State, Wait
from shared.ledger.reading import Reader
from shared.payments import overlap
from shared.repair.decision import NotAllowed
from tests.beliefs.scenes import at_the_counter
from tests.fakes.billers import FakeBillers
from tests.payments.world import World, body, key_of, message
from tests.repair.world import SAID, person

PAID = "2026-11-20T03:30:00-08:00"
"""Half an hour ago, by the world's clock."""
EARLIER, LATER = "2026-11-20T11:00:00Z", "2026-11-20T11:45:00Z"


async def in_shadow(world):
    await world.set_up(mode="shadow")
    paid = message(paidAt=PAID)
    await world.deliver(paid)
    assert world.results[-1].outcome == "skipped"
    return paid


async def test_what_shadow_skipped_and_was_paid_since_is_held_when_it_comes_again(world):
    paid = await in_shadow(world)
    await world.set_up(goLiveAt=EARLIER)
    await world.deliver(paid, "again")
    told = world.results[-1]
    assert (told.outcome, told.final, told.reason.code, told.message_id) == ("held", False, "shadow_overlap", "again")
    assert told.version == 2
    await world.pass_time(3600)
    assert world.city.orders == []


async def test_what_was_paid_before_is_the_data_pump_s_and_stays_skipped(world):
    paid = await in_shadow(world)
    await world.set_up(goLiveAt=LATER)
    await world.deliver(paid)
    assert (world.results[-1].outcome, world.results[-1].final) == ("skipped", True)


@pytest.mark.parametrize("mode", ["shadow", "draft", "retired"])
async def test_while_the_biller_is_not_live_it_stays_skipped(world, mode):
    paid = await in_shadow(world)
    await world.set_up(mode=mode, goLiveAt=EARLIER)
    await world.deliver(paid)
    assert world.results[-1].outcome == "skipped"


async def test_it_is_never_sent_unasked(world):
    """The data pump may have it: a person who lets it go must have looked."""
    paid = await in_shadow(world)
    await world.set_up(goLiveAt=EARLIER, connectVersion="2024.05")
    await world.deliver(paid)
    with pytest.raises(NotAllowed):
        await person(world).retry(key_of(paid), SAID)
    world.clock.advance(20 * 60)
    with pytest.raises(NotAllowed, match="ask the city, then override"):
        await person(world).retry(key_of(paid), SAID)
    await person(world).resolve.posted(key_of(paid), "5.00077", SAID, override=True)
    assert (await world.entry(paid)).state is State.POSTED
    assert world.city.orders == []


async def test_what_going_live_finds_itself_is_told_without_being_asked(world):
    paid = await in_shadow(world)
    live = await world.set_up(goLiveAt=EARLIER)
    [entry] = [each async for each in overlap.paid_since(Reader(world.store), "2493", live.go_live_at)]
    assert overlap.overlaps(entry, live)
    await world.ledger.move(entry, overlap.reported(entry, world.clock.now()))
    await world.pass_time(180)
    told = [each for each in world.results if each.id == paid["paymentId"]]
    assert [(each.outcome, each.version) for each in told] == [("skipped", 1), ("held", 2)]
    assert (await world.entry(paid)).wait is Wait.ASK  # the data pump's last run may have it


async def test_delivered_twice_at_once_it_is_held_once(world):
    paid = await in_shadow(world)
    await world.set_up(goLiveAt=EARLIER)
    raw = body(paid)
    for app in (world.app, world.process()):
        world.take(await app.post_payment.accept(raw, "again"))
    assert (await world.entry(paid)).version == 2
    assert len(world.keys("H~")) == 1


async def test_an_instance_that_still_remembers_shadow_skips_nothing_more():
    world = World()
    inner = FakeBillers()
    world.use(world.store, CachedRegistry(inner, world.clock))
    world.billers = inner
    await world.set_up(mode="shadow")
    await world.deliver(message(paidAt=PAID))  # from now on it remembers
    await world.set_up(goLiveAt=world.clock.now().isoformat())
    world.clock.advance(20)
    late = message(paidAt=(world.clock.now() - timedelta(seconds=10)).isoformat())
    await world.deliver(late)
    assert (await world.entry(late)).state is State.RECEIVED
    assert [each.outcome for each in world.results] == ["skipped"]
    await world.pass_time(180)
    assert (await world.entry(late)).state is State.POSTED
    assert len(world.city.orders) == 1


async def test_what_the_data_pump_made_before_it_was_held_speaks_against_a_retry(world):
    """It is numbered below a payment of ours that was posted between the two."""
    paid = await in_shadow(world)
    at_the_counter(world, "5.00000", 12540)
    world.clock.advance(60)
    await world.set_up(goLiveAt=EARLIER)
    await world.deliver(message(amount="1.00", allocations=[{"invoiceNumber": "1", "amount": "1.00"}]))
    world.clock.advance(60)
    await world.deliver(paid, "again")
    await world.deliver(message(amount="2.00", allocations=[{"invoiceNumber": "1", "amount": "2.00"}]))
    await world.pass_time(3 * 3600)
    with pytest.raises(NotAllowed, match=r"5\.00000"):
        await person(world).retry(key_of(paid), SAID)
    assert len(world.city.orders) == 2
