"""Pause, resume, unblock: what a person switches, and how sending begins again."""

from datetime import timedelta

import pytest

from shared.ledger.answer import Refused, Scope
from shared.ledger.entry import State
from shared.payments.switch import PostingSwitch
from shared.vocabulary.errors import Malformed
from tests.payments.world import message

BILLER = "2493"
MINUTE = 60.0


@pytest.fixture
def switch(world):
    return PostingSwitch(world.billers, world.gates)


async def test_nothing_is_sent_while_paused_and_everything_after(world, switch):
    await switch.pause(BILLER, "year-end closing")
    paid = [message() for _ in range(3)]
    for each in paid:
        await world.deliver(each)
    await world.pass_time(30 * MINUTE)
    assert world.city.orders == []
    await switch.resume(BILLER)
    await world.pass_time(30 * MINUTE)
    assert [(await world.entry(each)).state for each in paid] == [State.POSTED] * 3


async def test_a_pause_with_an_end_ends_by_itself(world, switch):
    await switch.pause(BILLER, "maintenance", world.clock.now() + timedelta(minutes=20))
    await world.deliver(message())
    await world.pass_time(10 * MINUTE)
    assert world.city.orders == []
    await world.pass_time(30 * MINUTE)
    assert len(world.city.orders) == 1


async def test_after_a_pause_one_goes_alone_until_it_succeeds(world, switch):
    await switch.pause(BILLER, "maintenance")
    await switch.resume(BILLER)
    assert (await world.gates.look(BILLER)).slots(2) == 1
    await world.deliver(message())
    assert (await world.gates.look(BILLER)).slots(2) == 2


async def test_resuming_does_not_unblock_and_unblocking_does_not_resume(world, switch):
    await world.proven()
    world.city.next(Refused("licence_missing", Scope.BILLER))
    await world.deliver(message())
    await world.deliver(message())
    await switch.pause(BILLER, "waiting for the licence")
    await switch.resume(BILLER)
    assert (await world.gates.look(BILLER)).blocked == "licence_missing"
    await switch.pause(BILLER, "waiting for the licence")
    await switch.unblock(BILLER)
    await world.pass_time(30 * MINUTE)
    assert len(world.city.orders) == 1
    await switch.resume(BILLER)
    await world.pass_time(30 * MINUTE)
    assert len(world.city.receipts_made) == 3


@pytest.mark.parametrize("what", ["resume", "unblock"])
async def test_a_biller_that_is_not_there_is_named(switch, what):
    with pytest.raises(Malformed, match="no biller 77"):
        await getattr(switch, what)("77")
    with pytest.raises(Malformed, match="no biller 77"):
        await switch.pause("77", "a typing error")
