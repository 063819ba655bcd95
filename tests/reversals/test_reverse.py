"""Money that goes back: each payment is undone once, and only after it was posted."""

import asyncio

import pytest

from shared.ledger.answer import Accepted, Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import State, Wait
from tests.payments.world import message, reject, reversal

MINUTE = 60.0
DAY = 24 * 60 * MINUTE


async def posted(world, **changes):
    paid = message(**changes)
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.POSTED
    return paid


async def undone(world, fields):
    await world.undo(fields)
    await world.drain()
    return await world.entry(fields)


def net(world):
    """Cents of payers that the city keeps: every void takes a receipt's money back, however often it is called."""
    paid = [receipt for _, receipt in world.city.receipts_made if not receipt.reference.startswith("counter")]
    cents = {receipt.receipt_number: int(receipt.amount) for receipt in paid}
    return sum(cents.values()) - sum(cents[number] for number in world.city.voids)


def told(world, fields):
    own = fields.get("rejectId") or fields.get("reversalId") or fields["paymentId"]
    return [result.outcome for result in world.results if result.id == own]


@pytest.mark.parametrize("undo", [reject, reversal])
async def test_posted_then_returned_leaves_the_city_with_nothing(world, undo):
    paid = await posted(world)
    back = undo(paid)
    entry = await undone(world, back)
    payment = await world.entry(paid)
    assert (entry.state, payment.state) == (State.POSTED, State.REVERSED)
    assert entry.receipt_number == payment.receipt_number
    assert net(world) == 0
    assert told(world, back) == ["reversed"]
    assert world.keys("O~") == world.keys("S~") == []


async def test_returned_before_it_came_waits_is_posted_then_undone(world):
    paid = message()
    back = reject(paid)
    assert (await undone(world, back)).state is State.WAITING
    await world.deliver(paid)
    assert net(world) == 12540
    await world.pass_time(5 * MINUTE)
    assert (await world.entry(paid)).state is State.REVERSED
    assert net(world) == 0


async def test_returned_while_it_is_being_sent_is_undone_after_it_was_posted(world):
    paid = message()
    world.city.next(Ambiguous("ReadTimeout"), made=True)
    await world.deliver(paid)
    back = reject(paid)
    assert (await undone(world, back)).state is State.WAITING
    assert world.city.voids == []
    await world.pass_time(10 * MINUTE)
    assert ((await world.entry(paid)).state, net(world)) == (State.REVERSED, 0)


async def test_voided_before_it_was_ever_sent_never_reaches_the_city(world):
    await world.set_up(rejectStrategy="void", paused={"reason": "maintenance"})
    paid = message()
    await world.deliver(paid)
    back = reversal(paid)
    assert (await undone(world, back)).state is State.POSTED
    assert (await world.entry(paid)).state is State.NOT_POSTED
    await world.set_up(rejectStrategy="void")
    await world.pass_time(30 * MINUTE)
    assert world.city.orders == []
    assert (told(world, back), told(world, paid)) == (["reversed"], ["not_posted"])


async def test_a_returned_one_that_was_never_sent_is_posted_first(world):
    """The bank shows both lines: the deposit and its return."""
    await world.set_up(rejectStrategy="void", paused={"reason": "maintenance"})
    paid = message()
    await world.deliver(paid)
    assert (await undone(world, reject(paid))).state is State.WAITING


async def test_a_second_reject_of_one_payment_moves_no_money(world):
    paid = await posted(world)
    await undone(world, reject(paid))
    second = reject(paid)
    entry = await undone(world, second)
    assert (entry.state, entry.reason) == (State.HELD, "already_reversed")
    assert (net(world), told(world, second)) == (0, ["held"])


async def test_two_rejects_at_once_move_the_money_once(world):
    paid = await posted(world)
    other = world.process()
    first, second = reject(paid), reject(paid)
    await asyncio.gather(world.undo(first), world.undo(second))
    queue, world.queue = world.queue, []
    apps = [world.app, other]
    await asyncio.gather(*(apps[n % 2].drive.step(due, redelivered=False) for n, due in enumerate(queue * 2)))
    await world.pass_time(30 * MINUTE)
    assert len(world.city.voids) == 1
    assert net(world) == 0


async def test_one_reject_delivered_twice_is_one(world):
    paid = await posted(world)
    back = reject(paid)
    await undone(world, back)
    await world.undo(back, "again")
    assert (net(world), told(world, back)) == (0, ["reversed", "reversed"])
    assert world.results[-1].duplicate


async def test_the_same_reject_with_another_amount_is_a_conflict(world):
    paid = await posted(world)
    back = reject(paid)
    await undone(world, back)
    await world.undo(back | {"amount": "1.00"})
    assert world.results[-1].outcome == "conflict"


@pytest.mark.parametrize(
    ("changes", "undo", "reason"),
    [
        ({"amount": "25.40"}, reject, "partial_reversal"),
        ({"type": "refund"}, reversal, "reversal_by_hand"),
        ({"type": "chargeback"}, reversal, "reversal_by_hand"),
        ({"type": "chargeback_won"}, reversal, "reversal_by_hand"),
    ],
)
async def test_what_caselle_cannot_void_is_for_a_person(world, changes, undo, reason):
    paid = await posted(world)
    entry = await undone(world, undo(paid, **changes))
    assert (entry.state, entry.reason) == (State.HELD, reason)
    assert entry.receipt_number == (await world.entry(paid)).receipt_number
    assert world.city.voids == []


@pytest.mark.parametrize("biller", [{"rejectStrategy": "manual"}, {"connectVersion": "2025.02"}])
async def test_a_biller_that_cannot_or_will_not_void_gets_a_task(world, biller):
    await world.set_up(**{"rejectStrategy": "void"} | biller)
    entry = await undone(world, reject(await posted(world)))
    assert (entry.state, entry.reason) == (State.HELD, "reversal_by_hand")


async def test_a_lost_answer_to_a_void_is_found_and_not_repeated(world):
    paid = await posted(world)

    async def lost(number):
        world.city.void(number)
        return Ambiguous("ReadTimeout")

    world.city.void_script = [lost]
    entry = await undone(world, reject(paid))
    assert (entry.state, entry.wait) == (State.UNKNOWN, Wait.ASK)
    await world.pass_time(5 * MINUTE)
    assert ((await world.entry(paid)).state, net(world)) == (State.REVERSED, 0)


async def test_a_list_that_does_not_show_the_receipt_yet_says_nothing_about_its_void(world):
    paid = await posted(world)

    async def lost(number):
        world.city.void(number)
        return Ambiguous("ReadTimeout")

    world.city.void_script = [lost]
    back = reject(paid)
    await undone(world, back)
    made, world.city.receipts_made = world.city.receipts_made, []
    await world.pass_time(60 * MINUTE)
    assert (await world.entry(back)).state is State.UNKNOWN
    world.city.receipts_made = made
    await world.pass_time(60 * MINUTE)
    assert ((await world.entry(paid)).state, net(world), len(world.city.voids)) == (State.REVERSED, 0, 1)


async def test_a_void_that_vanished_is_sent_again_after_proof(world):
    paid = await posted(world)

    async def vanished(_):
        return Ambiguous("ReadTimeout")

    world.city.void_script = [vanished]
    await undone(world, reject(paid))
    await world.pass_time(14 * MINUTE)
    world.city.counter_receipt(1)
    await world.pass_time(30 * MINUTE)
    assert world.city.voids == []
    other = await posted(world)
    await world.pass_time(30 * MINUTE)
    assert ((await world.entry(paid)).state, (await world.entry(other)).state) == (State.REVERSED, State.POSTED)
    assert net(world) == 12540


async def test_a_void_that_never_left_goes_again_by_itself(world):
    paid = await posted(world)

    async def refused(_):
        return NotSent("ConnectError")

    world.city.void_script = [refused]
    assert (await undone(world, reject(paid))).state is State.RECEIVED
    await world.pass_time(5 * MINUTE)
    assert net(world) == 0


async def test_a_refused_void_is_held_with_its_cause(world):
    paid = await posted(world)

    async def closed(_):
        return Refused("receipt_closed", Scope.ENTRY)

    world.city.void_script = [closed]
    entry = await undone(world, reject(paid))
    assert (entry.state, entry.reason) == (State.HELD, "receipt_closed")
    assert (await world.entry(paid)).state is State.POSTED


async def test_the_payment_is_reversed_although_it_changed_at_that_moment(world):
    paid = await posted(world)

    async def meanwhile(number):
        payment = await world.entry(paid)
        await world.ledger.tidy(payment, payment)
        world.city.void(number)
        return Accepted(number)

    world.city.void_script = [meanwhile]
    await undone(world, reject(paid))
    assert (await world.entry(paid)).state is State.REVERSED


async def test_a_payment_that_comes_again_after_its_reversal_is_not_posted_again(world, caplog):
    paid = await posted(world)
    await undone(world, reject(paid))
    await world.deliver(paid, "once more")
    assert len(world.city.orders) == 1
    assert world.results[-1].outcome == "reversed"
    assert "payment.repeated_after_reversal" in caplog.text


async def test_one_whose_payment_never_comes_raises_an_alert_within_a_day(world, caplog):
    back = reject(message())
    await undone(world, back)
    await world.pass_time(19 * 60 * MINUTE, step=10 * MINUTE)
    assert "ach_reject.overdue" not in caplog.text
    await world.pass_time(5 * 60 * MINUTE, step=10 * MINUTE)
    assert "ach_reject.overdue" in caplog.text
    assert (await world.entry(back)).state is State.WAITING


async def test_one_whose_payment_never_comes_is_looked_at_ever_less_often(world):
    back = reject(message())
    await undone(world, back)
    await world.pass_time(4 * DAY, step=30 * MINUTE)
    looked_before = (await world.entry(back)).backoffs
    await world.pass_time(4 * DAY, step=30 * MINUTE)
    assert 14 <= (await world.entry(back)).backoffs - looked_before <= 16


async def test_one_whose_payment_is_here_and_waits_is_looked_at_every_ten_minutes(world):
    await world.set_up(rejectStrategy="void", paused={"reason": "maintenance"})
    paid = message()
    back = reject(paid)
    await undone(world, back)
    await world.pass_time(2 * DAY, step=30 * MINUTE)
    await world.deliver(paid)
    await world.pass_time(DAY, step=10 * MINUTE)
    await world.set_up(rejectStrategy="void")
    await world.pass_time(30 * MINUTE)
    assert (await world.entry(paid)).state is State.REVERSED


async def test_undoing_what_was_never_posted_is_for_a_person(world):
    await world.set_up(mode="shadow")
    paid = message()
    await world.deliver(paid)
    entry = await undone(world, reject(paid))
    assert (entry.state, entry.reason) == (State.HELD, "payment_not_posted")


async def test_an_unknown_biller_is_held_and_a_broken_message_set_aside(world):
    assert (await undone(world, reject(message(billerId="77")))).reason == "unknown_biller"
    await world.undo(reject(message()) | {"amount": "-1"}, "broken")
    assert list(world.quarantine.items) == [("ach-rejects", "broken")]
    assert world.results[-1].outcome == "invalid"
