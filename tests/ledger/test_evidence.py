"""A receipt belongs to one payment: what binds it, and what is no evidence for another."""

import asyncio

from shared.ledger.answer import Accepted, Ambiguous
from shared.ledger.entry import State
from tests.payments.world import message

LOST = Ambiguous("ReadTimeout")


async def test_a_receipt_of_another_payment_is_no_evidence_in_any_letter_case(world):
    await world.deliver(message(confirmationNumber="IC1"))
    paid = message(confirmationNumber="ic1")
    await world.deliver(paid)
    await world.by_person(paid)
    world.city.next(LOST, made=False)
    await world.pass_time(240)
    assert (await world.entry(paid)).state is State.UNKNOWN


async def test_one_receipt_is_evidence_for_one_payment_only(world):
    """Two payments with one reference, let through by a person, ask at the same moment; one receipt is there."""
    mine, other = message(confirmationNumber="IC1"), message(confirmationNumber="IC1")
    world.city.next(LOST, made=True)
    await world.deliver(mine)
    await world.deliver(other)
    await world.by_person(other)
    world.city.next(LOST, made=False)
    world.queue += await world.app.sweep.run()
    await world.drain()
    world.clock.advance(70)
    dues = await world.app.sweep.run()
    assert len(dues) == 2
    tasks = [asyncio.create_task(_slow_ask(world, world.process(), due)) for due in dues]
    await asyncio.gather(*tasks)
    states = [(await world.entry(paid)).state for paid in (mine, other)]
    assert states.count(State.POSTED) == 1


async def _slow_ask(world, app, due):
    """Both read before either writes."""
    read = world.ledger.receipt_owner

    async def slow(*names):
        owner = await read(*names)
        for _ in range(20):
            await asyncio.sleep(0)
        return owner

    app.drive.ledger.receipt_owner = slow
    world.take(await app.drive.step(due, redelivered=False))


async def test_a_number_that_the_peer_gave_twice_is_posted_and_told(world, caplog):
    world.city.next(Accepted("5.7"), Accepted("5.7"))
    await world.deliver(message())
    await world.deliver(message())
    assert [result.outcome for result in world.results] == ["posted", "posted"]
    assert "receipt.number_repeated" in caplog.text
