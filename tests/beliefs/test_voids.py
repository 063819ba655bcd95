"""That a number names one receipt, that "already void" means undone, and that what was not sent can be told as undone."""

from dataclasses import replace

import pytest

from shared.ledger.answer import Ambiguous, Refused, Scope
from shared.ledger.entry import State
from shared.vocabulary.money import Money
from tests.beliefs.scenes import (
    DAY,
    HOUR,
    MINUTE,
    at_the_counter,
    commit_late,
    go_on,
    hides,
    lists,
    live,
    lose,
    shows_as,
    town,
)
from tests.payments.world import message, reject, reversal
from tests.repair.world import by_hand

VOID = {"rejectStrategy": "void"}
REFUSED = Refused("customer_unknown", Scope.ENTRY)
LOST = Ambiguous("ReadTimeout")


async def posted(**biller):
    """A city, and a payment of ours under receipt 5.00002."""
    world = await town(**VOID | biller)
    paid = message()
    await world.deliver(paid)
    assert (await world.entry(paid)).receipt_number == "5.00002"
    return world, paid


async def undo(world, back):
    await world.undo(back)
    await world.drain()
    return await world.entry(back)


def voided_by_clerk(world, number="5.00002"):
    world.city.void(number)
    world.city.voids.clear()


def told(world):
    return [(str(result.kind), str(result.outcome)) for result in world.results if result.final]


class TestLooking:
    @pytest.mark.parametrize("undoing", [reject, reversal])
    async def test_what_is_there_with_our_reference_and_cents_is_voided(self, undoing):
        world, paid = await posted()
        assert (await undo(world, undoing(paid))).state is State.POSTED
        assert world.city.voids == ["5.00002"]
        assert (await world.entry(paid)).state is State.REVERSED

    @pytest.mark.parametrize("reference", ["counter", None, "IC99999999"])
    async def test_a_stranger_under_our_number_is_left_alone(self, reference):
        """E7: after a purge numbers began again."""
        world, paid = await posted()
        world.city.receipts_made.clear()
        by_hand(world, paid, "5.00002", reference=reference, amount=Money(999))
        entry = await undo(world, reject(paid))
        assert (entry.state, entry.reason) == (State.HELD, "receipt_missing")
        assert "5.00002 of 9.99" in entry.detail
        assert world.city.voids == []
        assert (await world.entry(paid)).state is State.POSTED

    async def test_nor_is_one_of_the_same_cents(self):
        world, paid = await posted()
        world.city.receipts_made.clear()
        by_hand(world, paid, "5.00002")
        assert (await undo(world, reject(paid))).reason == "receipt_missing"
        assert world.city.voids == []

    async def test_of_two_of_ours_with_one_number_each_is_voided_by_its_reference(self):
        """The first is gone with the purge; the second has its number now."""
        world, first = await posted()
        world.city.receipts_made.clear()
        for _ in range(2):
            await world.deliver(
                again := message(amount="50.00", allocations=[{"invoiceNumber": "1", "amount": "50.00"}])
            )
        assert (await world.entry(again)).receipt_number == "5.00002"
        assert (await undo(world, reject(first))).reason == "receipt_missing"
        assert world.city.voids == []
        assert (await undo(world, reject(again))).state is State.POSTED
        assert (world.city.voids, live(world, again)) == (["5.00002"], 0)

    async def test_other_cents_are_for_a_person(self):
        world, paid = await posted()
        shows_as(world, lambda each: replace(each, amount=Money(1)) if each.receipt_number == "5.00002" else each)
        assert (await undo(world, reject(paid))).reason == "amount_differs"
        assert world.city.voids == []

    async def test_two_live_ones_with_our_reference_are_for_a_person(self):
        world, paid = await posted()
        await commit_late(world, paid)
        lists(world, lambda whole: whole, number=lambda _: [])
        entry = await undo(world, reject(paid))
        assert (entry.reason, world.city.voids) == ("several_receipts", [])

    async def test_a_list_that_is_behind_is_waited_for(self):
        world, paid = await posted()
        hides(world, lambda _, each: each.receipt_number == "5.00002")
        back = reject(paid)
        assert (await undo(world, back)).state is State.RECEIVED
        hides(world, lambda *_: False)
        await world.pass_time(10 * MINUTE)
        assert (await world.entry(back)).state is State.POSTED
        assert world.city.voids == ["5.00002"]

    async def test_one_that_it_never_shows_is_for_a_person(self):
        world, paid = await posted()
        hides(world, lambda _, each: each.receipt_number == "5.00002")
        back = reject(paid)
        await undo(world, back)
        await world.pass_time(30 * MINUTE)
        assert (await world.entry(back)).reason == "receipt_missing"
        assert world.city.voids == []

    async def test_a_city_that_is_down_is_waited_for(self):
        world, paid = await posted()
        world.city.up = False
        back = reject(paid)
        await undo(world, back)
        await world.pass_time(2 * HOUR)
        assert ((await world.entry(back)).state, world.city.voids) == (State.RECEIVED, [])
        world.city.up = True
        await world.pass_time(HOUR)
        assert ((await world.entry(back)).state, world.city.voids) == (State.POSTED, ["5.00002"])

    async def test_where_nobody_can_be_asked_a_person_voids(self):
        world, paid = await posted(connectVersion="2024.05")
        assert (await undo(world, reject(paid))).reason == "reversal_by_hand"
        assert world.city.voids == []


class TestAlreadyVoid:
    async def test_with_nothing_in_its_place_it_is_undone(self):
        world, paid = await posted()
        voided_by_clerk(world)
        assert (await undo(world, reject(paid))).state is State.POSTED
        assert (await world.entry(paid)).state is State.REVERSED
        assert world.city.voids == []

    async def test_beside_one_that_was_made_anew_it_is_for_a_person(self):
        """E6: the clerk voided ours and made it anew, with the same confirmation number."""
        world, paid = await posted()
        voided_by_clerk(world)
        anew = await commit_late(world, paid)
        entry = await undo(world, reject(paid))
        assert (entry.state, entry.reason) == (State.HELD, "several_receipts")
        assert "5.00002" in entry.detail
        assert anew.receipt_number in entry.detail
        assert (await world.entry(paid)).state is State.POSTED

    async def test_beside_one_without_our_reference_too(self):
        world, paid = await posted()
        voided_by_clerk(world)
        by_hand(world, paid, "5.00009")
        entry = await undo(world, reject(paid))
        assert (entry.state, entry.reason) == (State.HELD, "similar_receipt")
        assert "5.00002" in entry.detail
        assert "5.00009" in entry.detail

    async def test_one_of_other_cents_is_not_it(self):
        world, paid = await posted()
        voided_by_clerk(world)
        by_hand(world, paid, "5.00009", amount=Money(1))
        assert (await undo(world, reject(paid))).state is State.POSTED

    async def test_another_payment_of_ours_is_not_it(self):
        world, paid = await posted()
        voided_by_clerk(world)
        await world.deliver(message())
        assert (await undo(world, reject(paid))).state is State.POSTED


class TestALostVoid:
    async def lost(self, *, done, **biller):
        world, paid = await posted(**biller)
        back = reject(paid)

        async def unheard(number):
            if done:
                world.city.void(number)
            return LOST

        world.city.void_script.append(unheard)
        assert (await undo(world, back)).state is State.UNKNOWN
        return world, paid, back

    async def test_that_was_done_is_found(self):
        world, paid, back = await self.lost(done=True)
        await world.pass_time(10 * MINUTE)
        assert ((await world.entry(back)).state, world.city.voids) == (State.POSTED, ["5.00002"])
        assert (await world.entry(paid)).state is State.REVERSED

    async def test_that_was_not_done_is_sent_again_after_two_looks_beside_a_later_payment(self):
        world, _, back = await self.lost(done=False)
        await go_on(world, 20 * MINUTE)
        assert ((await world.entry(back)).state, world.city.voids) == (State.UNKNOWN, []), "one look is not enough"
        await go_on(world, HOUR)
        assert ((await world.entry(back)).state, world.city.voids) == (State.POSTED, ["5.00002"])

    async def test_is_not_sent_again_where_nothing_later_is_shown(self):
        """A list that does not go on behind the attempt may be behind it."""
        world, _, back = await self.lost(done=False)
        await world.pass_time(3 * HOUR)
        assert ((await world.entry(back)).state, world.city.voids) == (State.UNKNOWN, [])

    async def test_whose_receipt_was_made_anew_is_for_a_person(self):
        world, paid, back = await self.lost(done=True)
        await commit_late(world, paid)
        await go_on(world, HOUR)
        assert (await world.entry(back)).reason == "several_receipts"
        assert (await world.entry(paid)).state is State.POSTED


class TestAPaymentThatIsNotThere:
    async def test_that_was_refused_ends_with_its_void(self):
        """F1."""
        world = await town(**VOID)
        paid = message()
        world.city.next(REFUSED)
        await world.deliver(paid)
        back = reversal(paid)
        await undo(world, back)
        await go_on(world, 2 * HOUR)
        await world.pass_time(HOUR)
        assert [(await world.entry(each)).state for each in (back, paid)] == [State.POSTED, State.NOT_POSTED]
        assert (live(world, paid), world.city.voids) == (0, [])

    async def test_that_was_refused_after_its_receipt_was_made_is_voided(self):
        world = await town(**VOID)
        paid = message()
        world.city.next(REFUSED, made=True)
        await world.deliver(paid)
        back = reversal(paid)
        await undo(world, back)
        await go_on(world, 2 * HOUR)
        await world.pass_time(HOUR)
        assert [(await world.entry(each)).state for each in (back, paid)] == [State.POSTED, State.REVERSED]
        assert (live(world, paid), len(world.city.voids)) == (0, 1)

    async def test_nothing_ends_while_nothing_is_proved(self):
        world = await town(**VOID)
        paid = message()
        world.city.next(REFUSED)
        await world.deliver(paid)
        back = reversal(paid)
        await undo(world, back)
        await world.pass_time(DAY, step=10 * MINUTE)
        assert [(await world.entry(each)).state for each in (back, paid)] == [State.WAITING, State.HELD]
        assert told(world) == []

    async def proved_absent(self):
        """Its absence was proved, and it waits for the pause to end."""
        world = await town(**VOID)
        paid = await lose(world, message(), made=False)
        await go_on(world, 20 * MINUTE)
        await world.set_up(**VOID, paused={"reason": "maintenance"})
        await world.pass_time(41 * MINUTE)
        entry = await world.entry(paid)
        assert (entry.state, entry.resends) == (State.RECEIVED, 1)
        return world, paid

    @pytest.mark.parametrize("hours", [0, 16])
    async def test_that_was_proved_absent_ends_with_its_void_by_a_fresh_proof(self, hours):
        """F2: asked about anew where the proof is no longer good."""
        world, paid = await self.proved_absent()
        await world.pass_time(hours * HOUR, step=10 * MINUTE)
        questions, orders = world.city.questions, len(world.city.orders)
        back = reversal(paid)
        await undo(world, back)
        await world.set_up(**VOID)
        await world.pass_time(HOUR)
        assert [(await world.entry(each)).state for each in (back, paid)] == [State.POSTED, State.NOT_POSTED]
        assert (world.city.questions > questions, len(world.city.orders)) == (hours > 0, orders)

    async def test_that_came_to_be_there_hours_later_is_voided(self):
        world, paid = await self.proved_absent()
        await world.pass_time(16 * HOUR, step=10 * MINUTE)
        await commit_late(world, paid)
        back = reversal(paid)
        await undo(world, back)
        await world.set_up(**VOID)
        await world.pass_time(2 * HOUR)
        assert [(await world.entry(each)).state for each in (back, paid)] == [State.POSTED, State.REVERSED]
        assert (live(world, paid), len(world.city.voids)) == (0, 1)

    async def test_that_a_clerk_entered_while_it_was_held_is_not_told_as_undone(self):
        world = await town(**VOID)
        paid = message(tender="VENMO")
        await world.deliver(paid)
        world.clock.advance(HOUR)
        by_hand(world, paid, "5.00017")
        entry = await undo(world, reversal(paid))
        assert (entry.state, entry.reason) == (State.HELD, "void_unclear")
        assert "5.00017" in entry.detail
        assert told(world) == []

    async def test_that_was_held_where_nobody_can_be_asked_is_for_a_person(self):
        world = await town(**VOID, connectVersion="2024.05")
        paid = message(tender="VENMO")
        await world.deliver(paid)
        world.clock.advance(HOUR)
        assert (await undo(world, reversal(paid))).reason == "void_unclear"
        assert told(world) == []


class TestBeforeGoingLive:
    """The old data pump may have posted it."""

    live = VOID | {"goLiveAt": "2026-11-20T12:00:00-08:00"}

    async def meets(self, world, paid, *, void_first):
        back = reversal(paid)
        for each in (back, paid) if void_first else (paid, back):
            await (world.undo(each) if "reversalId" in each else world.deliver(each))
            await world.drain()
        await world.pass_time(HOUR)
        return [(await world.entry(each)).state for each in (back, paid)]

    @pytest.mark.parametrize("void_first", [False, True])
    async def test_what_the_pump_posted_is_really_undone(self, void_first):
        """s8."""
        world = await town(**VOID)
        await world.set_up(**self.live)
        paid = message()
        by_hand(world, paid, "9.00001", reference=paid["confirmationNumber"])
        assert await self.meets(world, paid, void_first=void_first) == [State.POSTED, State.REVERSED]
        assert (world.city.voids, live(world, paid)) == (["9.00001"], 0)

    @pytest.mark.parametrize("void_first", [False, True])
    async def test_what_it_posted_without_our_reference_is_for_a_person(self, void_first):
        world = await town(**VOID)
        await world.set_up(**self.live)
        paid = message()
        by_hand(world, paid, "9.00001")
        assert await self.meets(world, paid, void_first=void_first) == [State.HELD, State.HELD]
        assert told(world) == []

    @pytest.mark.parametrize("void_first", [False, True])
    async def test_where_nobody_can_be_asked_it_is_for_a_person(self, void_first):
        world = await town(**VOID)
        await world.set_up(**self.live, connectVersion="2024.05")
        assert await self.meets(world, message(), void_first=void_first) == [State.HELD, State.HELD]
        assert told(world) == []

    async def test_what_caselle_does_not_show_ends(self):
        world = await town(**VOID)
        await world.set_up(**self.live)
        assert await self.meets(world, message(), void_first=False) == [State.POSTED, State.NOT_POSTED]


class TestOfAPaymentThatIsFoundVoid:
    """Its answer was lost, and somebody voided the receipt before it was asked about."""

    async def scene(self, undoing):
        world = await town(**VOID)
        paid = await lose(world, message(), made=True)
        voided_by_clerk(world)
        await world.pass_time(HOUR)
        assert ((await world.entry(paid)).state, (await world.entry(paid)).reason) == (State.HELD, "receipt_voided")
        return world, paid, undoing(paid)

    @pytest.mark.parametrize("undoing", [reject, reversal])
    async def test_both_end_as_what_they_are_once_its_money_goes_back(self, undoing):
        world, paid, back = await self.scene(undoing)
        await world.undo(back)
        await go_on(world, HOUR)
        assert ((await world.entry(paid)).state, (await world.entry(back)).state) == (State.REVERSED, State.POSTED)
        assert (world.city.voids, world.keys("H~")) == ([], [])
        last = [(str(each.outcome), each.final) for each in world.results if each.id == paid["paymentId"]][-1]
        assert last == ("reversed", True)

    @pytest.mark.parametrize("undoing", [reject, reversal])
    async def test_not_where_another_stands_in_its_place(self, undoing):
        world, paid, back = await self.scene(undoing)
        at_the_counter(world, "5.00020", 12540)
        await world.undo(back)
        await go_on(world, 2 * HOUR)
        assert (await world.entry(paid)).state is State.HELD
        assert (world.city.voids, (await world.entry(back)).state) == ([], State.WAITING)

    async def test_nor_for_a_part_of_it_or_what_is_no_void(self):
        world, paid, _ = await self.scene(reject)
        for back in (reject(paid, amount="1.00"), reversal(paid, "refund")):
            await world.undo(back)
        await go_on(world, 2 * HOUR)
        assert (await world.entry(paid)).state is State.HELD
