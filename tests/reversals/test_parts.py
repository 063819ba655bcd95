"""Parts of one payment go back one after the other; what is more than the payment is told."""

import asyncio

import pytest

from shared.ledger.entry import State
from tests.payments.world import key_of, message, reject, reversal
from tests.repair.world import SAID, person

MINUTE = 60.0


async def posted(world):
    paid = message()
    await world.deliver(paid)
    return paid


async def told(world, fields):
    """What was told of it after everything that can happen has happened."""
    await world.undo(fields)
    await world.drain()
    return last(world, fields)


def last(world, fields):
    own = fields.get("rejectId") or fields["reversalId"]
    return next(result for result in reversed(world.results) if result.id == own)


def part(paid, type_, amount):
    return reversal(paid, type_, amount=amount)


@pytest.mark.parametrize("type_", ["refund", "chargeback", "void"])
async def test_two_parts_are_both_kept_and_both_told(world, type_):
    paid = await posted(world)
    first = await told(world, part(paid, type_, "10.00"))
    second = await told(world, part(paid, type_, "20.00"))
    assert [(each.outcome, each.reason.code) for each in (first, second)] == [("held", "partial_reversal")] * 2
    assert "reverse 10.00 of receipt 5.00001" in first.reason.action
    assert "reverse 20.00 of receipt 5.00001" in second.reason.action
    assert f"30.00 of 125.40 in all, with reversal {first.id}" in second.reason.message


async def test_so_are_two_rejected_parts(world):
    paid = await posted(world)
    results = [await told(world, reject(paid, amount=amount)) for amount in ("100.00", "25.40")]
    assert [each.reason.code for each in results] == ["partial_reversal"] * 2
    assert world.city.voids == []


async def test_so_are_parts_that_came_before_their_payment(world):
    paid = message()
    early = [reject(paid, amount="10.00"), part(paid, "refund", "20.00"), part(paid, "void", "30.00")]
    for each in early:
        await world.undo(each)
    await world.drain()
    await world.deliver(paid)
    await world.pass_time(5 * MINUTE)
    assert [last(world, each).reason.code for each in early] == ["partial_reversal"] * 3


async def test_a_sum_above_the_payment_is_told_with_all_that_make_it(world):
    paid = await posted(world)
    earlier = [await told(world, part(paid, "refund", amount)) for amount in ("100.00", "25.00")]
    result = await told(world, part(paid, "chargeback", "0.41"))
    assert (result.outcome, result.reason.code) == ("held", "more_than_paid")
    assert "125.41 of 125.40 in all" in result.reason.message
    assert all(each.id in result.reason.message for each in earlier)
    assert (await told(world, part(paid, "refund", "0.40"))).reason.code == "partial_reversal"


async def test_a_single_one_above_the_payment_is_told(world):
    result = await told(world, part(await posted(world), "refund", "125.41"))
    assert (result.outcome, result.reason.code) == ("held", "more_than_paid")


@pytest.mark.parametrize("whole", [reject, reversal])
async def test_nothing_is_voided_of_which_a_part_went_back(world, whole):
    paid = await posted(world)
    await told(world, part(paid, "refund", "10.00"))
    result = await told(world, whole(paid))
    assert (result.outcome, result.reason.code) == ("held", "more_than_paid")
    assert world.city.voids == []


async def test_a_refund_of_what_was_voided_is_already_reversed(world):
    paid = await posted(world)
    await told(world, reject(paid))
    for amount in ("125.40", "10.00"):
        result = await told(world, part(paid, "refund", amount))
        assert (result.outcome, result.reason.code) == ("held", "already_reversed")
    assert len(world.city.voids) == 1


async def test_a_part_that_a_person_ended_counts_no_more(world):
    paid = await posted(world)
    wrong = part(paid, "refund", "10.00")
    await told(world, wrong)
    await person(world).resolve.not_posted(key_of(wrong), SAID)
    assert (await told(world, reject(paid))).outcome == "reversed"


async def test_the_claim_of_a_reject_that_a_person_ended_goes_to_the_next(world):
    paid = await posted(world)
    wrong = reject(paid, amount="1.00")
    await told(world, wrong)
    await person(world).resolve.not_posted(key_of(wrong), SAID)
    assert (await told(world, reject(paid))).outcome == "reversed"
    assert (await told(world, reject(paid))).reason.code == "already_reversed"
    assert len(world.city.voids) == 1


async def test_what_a_won_chargeback_brought_again_may_go_back_again(world):
    paid = await posted(world)
    for type_, code in (
        ("chargeback", "reversal_by_hand"),
        ("chargeback_won", "reversal_by_hand"),
        ("chargeback", "reversal_by_hand"),
        ("refund", "already_reversed"),
    ):
        assert (await told(world, reversal(paid, type_))).reason.code == code


async def at_once(world, pair, order):
    """Both are taken before either is looked at, in this order, by two processes."""
    for each in pair:
        await world.undo(each)
    queue, world.queue = world.queue, []
    apps = [world.app, world.process()]
    await asyncio.gather(*(apps[n].drive.step(queue[n], redelivered=False) for n in order))
    await world.pass_time(5 * MINUTE)
    return [await world.entry(each) for each in pair]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_at_once_that_are_too_much_together_one_stays(world, order):
    paid = await posted(world)
    pair = [part(paid, "refund", "100.00"), part(paid, "refund", "100.00")]
    assert sorted(each.reason for each in await at_once(world, pair, order)) == ["more_than_paid", "partial_reversal"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_whole_ones_at_once_one_is_done(world, order):
    paid = await posted(world)
    first, second = await at_once(world, [reject(paid), reject(paid)], order)
    assert [first.state, second.state, second.reason] == [State.POSTED, State.HELD, "already_reversed"]
    assert len(world.city.voids) == 1


async def test_another_payment_whose_id_begins_alike_is_none_of_it(world):
    one, other = message(paymentId="p-1"), message(paymentId="p-10")
    for each in (one, other):
        await world.deliver(each)
    await told(world, part(other, "refund", "100.00"))
    result = await told(world, part(one, "refund", "100.00"))
    assert (result.reason.code, "in all" in result.reason.message) == ("partial_reversal", False)


async def test_all_of_them_are_listed_with_the_payment(world):
    paid = await posted(world)
    back = [part(paid, "refund", "10.00"), part(paid, "refund", "20.00"), reject(paid)]
    for each in back:
        await told(world, each)
    found = await person(world).show(key_of(paid))
    assert set(found.undone_by) == {key_of(each) for each in back}
    assert found.entry.state is State.POSTED
