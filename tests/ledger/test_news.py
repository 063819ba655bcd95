"""What a gate has to tell is told by the sweeper: at least once, whoever dies, and not again and again."""

import pytest

from shared.ledger.answer import NotSent, Refused, Scope
from shared.ledger.gates import Gates
from tests.fakes.faulty_ledger import Crash, Fault
from tests.payments.world import message

BILLER = "2493"
DOWN = NotSent("ConnectError")
UNLICENSED = Refused("licence_missing", Scope.BILLER)
AFTER_AN_ORDER = 3
"""The commit that writes the gate: the first two write the payment, before and after its order."""
WITH_A_DOUBT = 2
"""The commit that writes the gate together with a payment in doubt."""


def told(caplog, event):
    return sum(f'"event": "{event}"' in line for line in caplog.messages)


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    caplog.set_level("INFO", "caselle")


@pytest.mark.parametrize("fault", [Fault.CRASH_AFTER, Fault.ANSWER_LOST, Fault.OWN_CONFLICT])
async def test_a_block_whose_process_died_is_told(world, caplog, fault):
    world.city.next(UNLICENSED)
    world.script.fail("commit", fault, nth=WITH_A_DOUBT)
    await world.bring(message(), "m")
    await world.pass_time(600)
    assert told(caplog, "biller.blocked") == 1
    assert '"code": "licence_missing"' in caplog.text


async def test_a_breaker_whose_process_died_when_it_opened_is_told(world, caplog):
    world.city.up = False
    world.city.next(*[DOWN] * 5)
    for _ in range(4):
        await world.deliver(message())
    world.script.fail("commit", Fault.CRASH_AFTER, nth=AFTER_AN_ORDER)
    await world.bring(message(), "m")
    await world.pass_time(600)
    assert told(caplog, "breaker.opened") == 1


async def test_a_breaker_that_opened_and_closed_between_two_runs_is_told(world, caplog):
    for _ in range(5):
        await world.gates.failed(BILLER)
    await world.gates.succeeded(BILLER)
    await world.app.sweep.run()
    assert told(caplog, "breaker.opened") == 1


async def test_what_a_person_did_is_told_by_the_stamp(world, caplog):
    await world.gates.block(BILLER, "licence_missing")
    await world.gates.unblock(BILLER)
    await world.gates.resume(BILLER)
    assert caplog.messages == []
    await world.app.sweep.run()
    assert [told(caplog, event) for event in ("biller.blocked", "biller.unblocked", "biller.resumed")] == [1, 1, 1]


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.NOT_WRITTEN])
async def test_a_sweeper_that_cannot_remember_what_it_told_tells_it_again(world, caplog, fault):
    await world.gates.block(BILLER, "licence_missing")
    world.script.fail("commit", fault)
    try:
        await world.app.sweep.run()
    except Crash:
        world.restart()
    for _ in range(3):
        await world.app.sweep.run()
    assert told(caplog, "biller.blocked") == 2


async def test_what_happens_while_the_sweeper_tells_is_told_as_well(world, caplog):
    await world.gates.block(BILLER, "licence_missing")
    other = Gates(world.store, world.clock, world.times)
    scan = world.store.scan

    async def meanwhile(shard, start, *rest, **how):
        found = await scan(shard, start, *rest, **how)
        if any(row.key == f"B~{BILLER}" for row in found):
            world.store.scan = scan
            await other.unblock(BILLER)
        return found

    world.store.scan = meanwhile
    for _ in range(2):
        await world.app.sweep.run()
    assert told(caplog, "biller.unblocked") == 1
    assert told(caplog, "biller.blocked") >= 1
