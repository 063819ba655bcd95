"""A person says what became of a held entry; it changes that, tells Invoice Cloud, and changes nothing else."""

import pytest

from shared.ledger.answer import Ambiguous
from shared.ledger.entry import State
from shared.repair.decision import NotAllowed
from tests.payments.world import key_of, message, reject, reversal
from tests.repair.test_retry import held_in_doubt
from tests.repair.world import SAID, SINCE, by_hand, told


async def held(world, **changes):
    paid = message(tender="VENMO", **changes)
    await world.deliver(paid)
    return paid


def others(world, *keys):
    """Every row but those of these entries."""
    return {name: row for (_, name), row in world.store.rows.items() if not any(str(key) in name for key in keys)}


async def test_posted_by_hand(world, admin):
    paid, other = await held(world), await held(world)
    by_hand(world, paid, "5.00010")
    before = others(world, key_of(paid))
    await admin.resolve.posted(key_of(paid), " 5.00010 ", SAID)
    entry = await world.entry(paid)
    assert (entry.state, entry.receipt_number, entry.reason) == (State.POSTED, "5.00010", None)
    bound = {*world.keys("R~2493"), *world.keys("A~2493")}
    assert {name: row for name, row in others(world, key_of(paid)).items() if name not in bound} == before
    assert await told(world) == [f"posted {paid['paymentId']}"]
    assert world.results[-1].receipt_number == "5.00010"
    assert world.keys("O~") == []
    assert [key for key in world.keys("H~") if paid["paymentId"] in key] == []
    assert (await world.entry(other)).state is State.HELD
    assert world.city.orders == []


async def test_ended_without_being_posted(world, admin):
    paid = await held(world)
    await admin.resolve.not_posted(key_of(paid), SAID)
    assert await told(world) == [f"not_posted {paid['paymentId']}"]
    told_of = world.results[-1]
    assert (told_of.final, told_of.reason.code) == (True, "ended_by_person")
    assert SAID.why not in told_of.model_dump_json()
    await world.pass_time(3600)
    assert world.city.orders == []


async def test_invoice_cloud_is_told_once(world, admin):
    paid = await held(world)
    await admin.resolve.not_posted(key_of(paid), SAID)
    await told(world)
    assert await told(world) == []


async def test_a_receipt_belongs_to_one_payment(world, admin):
    posted = message()
    await world.deliver(posted)
    paid = await held(world)
    for override in (False, True):
        with pytest.raises(NotAllowed, match=rf"has the confirmation number of {key_of(posted)}"):
            await admin.resolve.posted(key_of(paid), "5.00001", SAID, override=override)
    assert (await world.entry(paid)).state is State.HELD


@pytest.mark.parametrize("asked", [True, False])
async def test_nor_where_no_reference_tells_whose_it_is(world, admin, asked):
    """The list shows none, or nobody can be asked and the person has seen it."""
    posted = message()
    await world.deliver(posted)
    paid = await held(world)
    world.city.receipts_made.clear()
    if asked:
        by_hand(world, paid, "5.00001")
    else:
        await world.set_up(connectVersion="2024.05")
    with pytest.raises(NotAllowed, match=rf"belongs to {key_of(posted)}"):
        await admin.resolve.posted(key_of(paid), "5.00001", SAID, override=True)
    assert (await world.entry(paid)).state is State.HELD


@pytest.mark.parametrize("number", [None, "", "  ", "5.0001", "5\n1", "9" * 65, "REC-7", "--not-posted"])
async def test_a_number_that_is_none(world, admin, number):
    paid = await held(world)
    with pytest.raises(NotAllowed):
        await admin.resolve.posted(key_of(paid), number, SAID)
    assert (await world.entry(paid)).state is State.HELD


@pytest.mark.parametrize("number", ["5.00010", "05.000000123", "123"])
async def test_a_number_in_any_of_caselle_s_forms(world, admin, number):
    paid = await held(world)
    await admin.resolve.posted(key_of(paid), by_hand(world, paid, number), SAID)
    assert (await world.entry(paid)).receipt_number == number


async def test_only_what_is_held_is_resolved(world, admin):
    paid = message()
    await world.deliver(paid)
    for attempt in (admin.resolve.posted(key_of(paid), "5.00009", SAID), admin.resolve.not_posted(key_of(paid), SAID)):
        with pytest.raises(NotAllowed, match="It is posted"):
            await attempt


async def test_an_unknown_one_is_resolved_once_caselle_shows_what_the_person_saw(world, admin):
    paid = message()
    world.city.next(Ambiguous("ReadTimeout"), made=True)
    await world.deliver(paid)
    with pytest.raises(NotAllowed, match=r"Caselle shows no receipt 5\.00009"):
        await admin.resolve.posted(key_of(paid), "5.00009", SAID)
    await admin.resolve.posted(key_of(paid), "5.00001", SAID)
    assert await told(world) == [f"posted {paid['paymentId']}"]


async def test_nothing_is_ended_while_its_attempt_may_still_arrive(world, admin):
    paid = await held_in_doubt(world)
    with pytest.raises(NotAllowed, match="may still arrive"):
        await admin.resolve.not_posted(key_of(paid), SAID)
    world.clock.advance(SINCE)
    await admin.resolve.not_posted(key_of(paid), SAID)


class TestRejects:
    async def test_done_by_hand_reverses_the_payment(self, world, admin):
        paid = message()
        await world.deliver(paid)
        back = reject(paid)
        await world.undo(back)
        await world.drain()
        assert (await world.entry(back)).reason == "reversal_by_hand"
        await admin.resolve.posted(key_of(back), None, SAID)
        assert (await world.entry(paid)).state is State.REVERSED
        assert await told(world) == [f"reversed {back['rejectId']}"]

    async def test_a_part_of_it_leaves_the_payment_posted(self, world, admin):
        paid = message()
        await world.deliver(paid)
        back = reversal(paid, "refund", amount="5.00")
        await world.undo(back)
        await world.drain()
        await admin.resolve.posted(key_of(back), None, SAID)
        assert (await world.entry(paid)).state is State.POSTED
        assert await told(world) == [f"reversed {back['reversalId']}"]

    async def test_a_chargeback_that_was_won_leaves_the_payment_posted(self, world, admin):
        paid = message()
        await world.deliver(paid)
        back = reversal(paid, "chargeback_won")
        await world.undo(back)
        await world.drain()
        await admin.resolve.posted(key_of(back), None, SAID)
        assert (await world.entry(paid)).state is State.POSTED

    async def test_it_has_no_receipt_of_its_own(self, world, admin):
        paid = message()
        await world.deliver(paid)
        back = reject(paid)
        await world.undo(back)
        await world.drain()
        with pytest.raises(NotAllowed, match="Only a payment"):
            await admin.resolve.posted(key_of(back), "5.00099", SAID)
