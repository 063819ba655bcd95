"""What somebody thought of who wanted money lost, doubled or stuck, or an alert that never comes."""

import asyncio

import pytest

from shared.caselle import void_receipt
from shared.caselle.protocol import Failure, Reply
from shared.ledger import rows
from shared.ledger.answer import Accepted, Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import State, Wait
from shared.ledger.store import Insert
from tests.fakes.faulty_ledger import Crash, Fault
from tests.ledger.world import FaultyWorld, started
from tests.payments.world import World, body, message, reject, reversal

MINUTE = 60.0
WITHOUT_QUERY = {"connectVersion": "2025.02"}


async def fresh(cls=World, **changes):
    world = cls()
    await world.set_up(**({"rejectStrategy": "void"} | changes))
    return world


async def posted(world, **changes):
    paid = message(**changes)
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.POSTED
    return paid


async def undone(world, fields):
    await world.undo(fields)
    await world.drain()
    return await world.entry(fields)


async def by_person(world, fields):
    entry = await world.entry(fields)
    await world.ledger.move(
        entry, entry._replace(state=State.RECEIVED, held_at=None, due=world.clock.now(), wait=Wait.BACKOFF)
    )


# Money lost.


async def test_a_partial_void_of_an_unsent_payment_does_not_end_all_of_it():
    world = await fresh(paused={"reason": "maintenance"})
    paid = message()
    await world.deliver(paid)
    await undone(world, reversal(paid, amount="25.40"))
    assert (await world.entry(paid)).state is State.RECEIVED


@pytest.mark.parametrize("mode", ["shadow", "draft", "retired"])
async def test_a_biller_that_sends_nothing_voids_nothing(mode):
    world = await fresh()
    paid = await posted(world)
    await world.set_up(rejectStrategy="void", mode=mode)
    await undone(world, reject(paid))
    assert world.city.voids == []


async def test_a_biller_at_home_elsewhere_voids_nothing_from_here():
    world = await fresh()
    paid = message()
    back = reject(paid)
    await undone(world, back)
    await world.deliver(paid)
    await world.set_up(rejectStrategy="void", region="eastus2")
    await world.pass_time(5 * MINUTE)
    assert world.city.voids == []


@pytest.mark.parametrize("which", [0, 1])
async def test_a_receipt_number_that_two_payments_share_is_voided_only_for_the_one_whose_reference_it_shows(which):
    world = await fresh()
    first = await posted(world)
    number = (await world.entry(first)).receipt_number
    world.city.next(Accepted(number), made=True)
    second = await posted(world)
    await undone(world, reject([first, second][which]))
    assert world.city.voids == [number][which:]
    assert [(await world.entry(each)).state for each in (first, second)].count(State.REVERSED) == 1 - which


def test_a_void_that_answers_with_a_receipt_still_posted_is_not_done():
    reply = Reply(200, {"void_receipt": {"receipt_number": "5.00001", "status": "POSTED"}}, ())
    assert not isinstance(void_receipt.answer(reply, "5.00001"), Accepted)


async def test_a_payment_posted_without_a_receipt_number_is_undone_by_hand():
    world = await fresh(connectVersion="2025.11")
    paid = message(paidAt="2026-11-20T03:04:05-08:00")
    world.city.next(Refused("customer_unknown", Scope.ENTRY))
    await world.deliver(paid)
    held = await world.entry(paid)
    await world.ledger.move(held, held._replace(state=State.POSTED, held_at=None, reason=None))
    sent = []

    async def called(number):
        sent.append(number)
        return Refused("receipt_missing", Scope.ENTRY)

    world.city.void_script = [called]
    await undone(world, reject(paid))
    assert sent == []


# Stuck.


async def test_a_held_reject_that_a_person_retries_before_its_payment_is_posted_waits():
    world = await fresh()
    paid = message(billerId="77")
    back = reject(paid)
    assert (await undone(world, back)).state is State.HELD
    await world.set_up(billerId="77", rejectStrategy="void")
    await by_person(world, back)
    await world.pass_time(2 * MINUTE)
    assert (await world.entry(back)).state is State.WAITING


async def test_slots_cut_to_one_with_the_second_closed():
    world = await fresh()
    await world.proven()
    go = asyncio.Event()

    async def slow(order):
        await go.wait()
        return Accepted(world.city.make(order).receipt_number)

    async def lost(order):
        return Ambiguous("ReadTimeout")

    world.city.script = [slow, lost]
    task = asyncio.create_task(world.deliver(message()))
    await started(task)
    await world.deliver(message())
    go.set()
    await task
    assert world.keys("S~") == ["S~2493~1"]
    await world.set_up(rejectStrategy="void", connectVersion="2025.01")
    later = message()
    await world.deliver(later)
    await world.drain()
    await world.pass_time(5 * MINUTE)
    assert (await world.entry(later)).state is State.POSTED
    assert world.keys("S~") == []


def test_a_reject_that_meets_a_release_without_void_receipt_does_not_stop_payments():
    errors = (Failure("GRAPHQL_VALIDATION_FAILED", "no such field", 0),)
    answer = void_receipt.answer(Reply(400, None, errors), "5.00001")
    assert answer == Refused("contract_mismatch", Scope.ENTRY)


async def test_a_gate_of_the_release_before_is_read():
    world = await fresh()
    old = {"failures": 0, "openings": 0, "alone": False, "doubtful": False, "blocked": "", "unlisted": ""}
    await world.store.commit(
        rows.shard_of("2493"), [Insert(rows.gate_key("2493"), old | {"nonce": "", "open_until": ""})]
    )
    paid = message()
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.POSTED


async def test_one_unreadable_gate_does_not_stop_the_sweeper_for_all():
    world = await fresh()
    for biller in ("1", "2", "3"):
        await world.set_up(billerId=biller)
        world.city.next(NotSent("ConnectError"))
        await world.deliver(message(billerId=biller))
    await world.store.commit(rows.shard_of("9"), [Insert(rows.gate_key("9"), {"failures": 0})])
    world.clock.advance(120)
    assert len(await world.app.sweep.run()) == 3


# Alerts that never come.


async def test_the_control_a_payment_held_is_told(caplog):
    world = await fresh()
    await world.deliver(message(tender="WIRE"))
    assert "payment.held" in caplog.text


async def test_a_payment_held_because_its_delivery_died_is_told_as_held(caplog):
    """A city without the query; the message comes again after the lease, before the sweeper."""
    world = await fresh(FaultyWorld, **WITHOUT_QUERY)
    paid = message()
    world.script.fail("commit", Fault.CRASH_BEFORE, nth=2)
    with pytest.raises(Crash):
        await world.app.post_payment.accept(body(paid), "m")
    world.restart()
    world.clock.advance(61)
    world.take(await world.app.post_payment.accept(body(paid), "m"))
    assert (await world.entry(paid)).state is State.HELD
    await world.pass_time(24 * 60 * MINUTE, step=10 * MINUTE)
    assert "payment.held" in caplog.text


async def test_a_payment_held_by_a_cancelled_send_is_told_as_held(caplog):
    """The host stops in the middle of a send to a city without the query."""
    world = await fresh(FaultyWorld, **WITHOUT_QUERY)
    paid = message()
    world.slow_city()
    task = asyncio.create_task(world.app.post_payment.accept(body(paid), "m"))
    await started(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    world.take(await world.app.post_payment.accept(body(paid), "m"))
    assert (await world.entry(paid)).state is State.HELD
    await world.pass_time(24 * 60 * MINUTE, step=10 * MINUTE)
    assert "payment.held" in caplog.text


async def test_a_payment_held_before_a_crash_is_told_as_held(caplog):
    """The write that holds it was the last thing its process did."""
    world = await fresh(FaultyWorld)
    paid = message(customerNumber="000412", tender="WIRE")
    world.script.fail("commit", Fault.CRASH_AFTER)
    await world.bring(paid, "m")
    assert (await world.entry(paid)).state is State.HELD
    await world.pass_time(24 * 60 * MINUTE, step=10 * MINUTE)
    assert "payment.held" in caplog.text


async def test_a_due_step_that_ends_held_and_crashes_is_told(caplog):
    world = await fresh(FaultyWorld)
    world.city.next(NotSent("ConnectError"), Refused("customer_unknown", Scope.ENTRY))
    paid = message()
    await world.deliver(paid)
    world.script.fail("commit", Fault.CRASH_AFTER, nth=2)
    await world.pass_time(24 * 60 * MINUTE, step=10 * MINUTE)
    assert (await world.entry(paid)).state is State.HELD
    assert "payment.held" in caplog.text


# Told wrongly.


async def test_a_void_that_is_done_is_not_told_as_waiting():
    world = await fresh(paused={"reason": "maintenance"})
    paid = message()
    back = reversal(paid)
    await undone(world, back)
    await world.deliver(paid)
    await world.pass_time(5 * MINUTE)
    result = next(each for each in world.results if each.id == back["reversalId"])
    assert (result.outcome, result.reason) == ("reversed", None)


async def test_a_won_chargeback_is_not_told_as_a_second_reversal():
    world = await fresh()
    paid = await posted(world)
    await undone(world, reversal(paid, "chargeback"))
    entry = await undone(world, reversal(paid, "chargeback_won"))
    assert entry.reason == "reversal_by_hand"
