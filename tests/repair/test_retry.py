"""What may be sent again, when, and on whose word."""

from dataclasses import replace

import pytest

from shared.ledger.answer import Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import State
from shared.ledger.retention import Retention
from shared.repair.decision import NotAllowed
from tests.payments.world import key_of, message, reject
from tests.repair.world import SAID, SINCE, told

OLD = {"connectVersion": "2024.05"}
"""A release without the receipt query."""

PROVABLE = 3600.0
"""Seconds after an attempt from which on a second absence proves it."""


async def held_in_doubt(world, *, made=False):
    """A payment whose answer was lost at a biller whose Caselle cannot be asked."""
    await world.set_up(**OLD)
    await world.proven()
    paid = message()
    world.city.next(Ambiguous("ReadTimeout"), made=made)
    await world.deliver(paid)
    assert (await world.entry(paid)).reason == "outcome_unknown"
    return paid


async def test_what_was_held_before_it_was_sent_is_posted_after_the_cause_is_mended(world, admin):
    paid = message(tender="VENMO")
    await world.deliver(paid)
    await world.set_up(applications={"AR": {**_codes(), "paymentCodes": {"ACH": "7", "VENMO": "9"}}})
    await admin.retry(key_of(paid), SAID)
    assert await told(world) == [f"posted {paid['paymentId']}"]
    assert len(world.city.orders) == 1


async def test_a_retry_runs_every_check_again(world, admin):
    paid = message(tender="VENMO")
    await world.deliver(paid)
    await admin.retry(key_of(paid), SAID)
    assert await told(world) == [f"held {paid['paymentId']}"]
    assert (await world.entry(paid)).reason == "unknown_tender"
    assert world.city.orders == []


async def test_the_event_keeps_who_decided_and_why(world, admin):
    paid = message(tender="VENMO")
    await world.deliver(paid)
    await admin.retry(key_of(paid), SAID)
    last = (await admin.show(key_of(paid))).steps[-1]
    assert (last.was, last.state, last.by, last.why) == ("held", "received", SAID.by, SAID.why)


async def test_what_caselle_refused_may_go_at_once_where_the_code_was_shown_to_come_before_any_effect(world, admin):
    await world.gates.prove("2493", "customer_unknown")
    paid = message()
    world.city.next(Refused("customer_unknown", Scope.ENTRY))
    await world.deliver(paid)
    await admin.retry(key_of(paid), SAID)
    assert await told(world) == [f"posted {paid['paymentId']}"]


async def test_what_caselle_refused_otherwise_may_go_once_caselle_has_shown_that_it_is_not_there(world, admin):
    await world.proven()
    paid = message()
    world.city.next(Refused("customer_unknown", Scope.ENTRY))
    await world.deliver(paid)
    for override in (False, True):
        with pytest.raises(NotAllowed, match="not before 2026-11-20 12:15"):
            await admin.retry(key_of(paid), SAID, override=override)
    await world.pass_time(SINCE)
    with pytest.raises(NotAllowed, match="no_later_one_shown"):
        await admin.retry(key_of(paid), SAID)
    await world.deliver(message())
    await world.pass_time(PROVABLE)
    entry = await world.entry(paid)
    assert (entry.state, entry.detail) == (State.HELD, "shown twice not to be there"), "a person let it be told as held"
    await admin.retry(key_of(paid), SAID)
    assert await told(world) == [f"posted {paid['paymentId']}"]
    assert world.city.doubled() == 0


async def test_what_was_told_as_held_goes_only_after_a_person_was_asked_about_a_hand(world, admin):
    paid = message(tender="VENMO")
    await world.deliver(paid)
    with pytest.raises(NotAllowed, match="entered it by hand"):
        await admin.retry(key_of(paid), replace(SAID, not_by_hand=False), override=True)
    await admin.retry(key_of(paid), SAID)


async def test_unknown_goes_by_the_proof_that_the_machine_demands(world, admin):
    await world.proven()
    paid = message()
    world.city.next(Ambiguous("ReadTimeout"))
    await world.deliver(paid)
    for override in (False, True):
        with pytest.raises(NotAllowed, match="not before 2026-11-20 12:15"):
            await admin.retry(key_of(paid), SAID, override=override)
    world.clock.advance(SINCE)
    await world.gates.answered("2493")
    await world.deliver(message())
    with pytest.raises(NotAllowed, match="once more after 2026-11-20 13:00"):
        await admin.retry(key_of(paid), SAID)
    assert (await world.entry(paid)).state is State.UNKNOWN
    world.clock.advance(PROVABLE - SINCE)
    await admin.retry(key_of(paid), SAID)
    assert f"posted {paid['paymentId']}" in await told(world)
    assert world.city.doubled() == 0


async def test_unknown_goes_on_a_person_s_word_where_caselle_shows_nothing(world, admin):
    paid = message()
    world.city.next(Ambiguous("ReadTimeout"))
    await world.deliver(paid)
    world.clock.advance(SINCE)
    with pytest.raises(NotAllowed, match="proves nothing now"):
        await admin.retry(key_of(paid), SAID)
    await admin.retry(key_of(paid), SAID, override=True)
    assert await told(world) == [f"posted {paid['paymentId']}"]


async def test_unknown_never_goes_where_it_is_there(world, admin):
    paid = message()
    world.city.next(Ambiguous("ReadTimeout"), made=True)
    await world.deliver(paid)
    world.clock.advance(SINCE)
    with pytest.raises(NotAllowed, match=r"has it, under receipt 5\.00001"):
        await admin.retry(key_of(paid), SAID, override=True)
    assert world.city.doubled() == 0


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize("state", [State.SKIPPED, State.RECEIVED])
async def test_only_what_is_held_or_posted_is_retried(world, admin, state, override):
    paid = message()
    if state is State.RECEIVED:
        world.city.next(NotSent("ConnectError"))
    else:
        await world.set_up(mode="shadow")
    await world.deliver(paid)
    assert (await world.entry(paid)).state is state
    with pytest.raises(NotAllowed, match=f"It is {state}"):
        await admin.retry(key_of(paid), SAID, override=override)


class TestAPostedOne:
    @pytest.mark.parametrize("override", [False, True])
    async def test_it_stays_while_caselle_shows_it(self, world, admin, override):
        paid = message()
        await world.deliver(paid)
        world.clock.advance(SINCE)
        with pytest.raises(NotAllowed, match=r"has it, under receipt 5\.00001"):
            await admin.retry(key_of(paid), SAID, override=override)

    async def test_it_is_sent_again_after_caselle_has_shown_twice_that_it_is_lost(self, world, admin):
        await world.proven()
        paid = message()
        await world.deliver(paid)
        world.city.receipts_made.pop()  # restored from the day before
        world.clock.advance(SINCE)
        await world.deliver(message())
        with pytest.raises(NotAllowed, match="once more after 2026-11-20 13:00"):
            await admin.retry(key_of(paid), SAID)
        assert (await world.entry(paid)).state is State.POSTED
        world.clock.advance(PROVABLE - SINCE)
        await admin.retry(key_of(paid), SAID)
        assert await told(world) == [f"posted {paid['paymentId']}"]
        assert (world.city.doubled(), (await world.entry(paid)).receipt_number) == (0, "5.00003")

    async def test_a_done_reject_is_not(self, world, admin):
        await world.set_up(rejectStrategy="void")
        paid = message()
        await world.deliver(paid)
        await world.undo(back := reject(paid))
        await world.drain()
        world.clock.advance(SINCE)
        with pytest.raises(NotAllowed, match="It is posted"):
            await admin.retry(key_of(back), SAID, override=True)


async def test_what_nobody_knows_is_said_to_be_unknown(admin):
    with pytest.raises(NotAllowed, match="knows no payment"):
        await admin.retry(key_of(message()), SAID)


class TestAfterALostAnswer:
    async def test_not_without_an_override_where_caselle_cannot_be_asked(self, world, admin):
        paid = await held_in_doubt(world)
        world.clock.advance(SINCE)
        with pytest.raises(NotAllowed, match="override"):
            await admin.retry(key_of(paid), SAID)
        await admin.retry(key_of(paid), SAID, override=True)
        assert await told(world) == [f"posted {paid['paymentId']}"]

    @pytest.mark.parametrize("seconds", [0, SINCE - 1])
    async def test_never_while_the_attempt_may_still_arrive(self, world, admin, seconds):
        paid = await held_in_doubt(world)
        world.clock.advance(seconds)
        with pytest.raises(NotAllowed, match="not before 2026-11-20 12:15"):
            await admin.retry(key_of(paid), SAID, override=True)
        assert (await world.entry(paid)).state is State.HELD

    async def test_the_override_is_recorded(self, world, admin):
        paid = await held_in_doubt(world)
        world.clock.advance(SINCE)
        await admin.retry(key_of(paid), SAID, override=True)
        key = f"E~{key_of(paid)}~{(await world.entry(paid)).version:06}"
        [event] = [row for (_, name), row in world.store.rows.items() if name == key]
        assert event.values["evidence"] == "override"

    @pytest.mark.parametrize("minutes", [1, 35])
    async def test_a_second_retry_asks_for_an_override_again_once_the_first_word_is_half_an_hour_old(
        self, world, admin, minutes
    ):
        """The first let it go; it was held before it was sent, and soon the old attempt is as doubtful as before."""
        paid = await held_in_doubt(world)
        world.clock.advance(SINCE)
        await world.set_up(**OLD, mode="draft")
        await admin.retry(key_of(paid), SAID, override=True)
        assert await told(world) == [f"held {paid['paymentId']}"]
        world.clock.advance(60 * (minutes - 1))
        if minutes < 30:
            await admin.retry(key_of(paid), SAID)
            return
        with pytest.raises(NotAllowed, match="override"):
            await admin.retry(key_of(paid), SAID)

    async def test_what_caselle_has_is_not_sent_again_whoever_says_so(self, world, admin):
        paid = await held_in_doubt(world, made=True)
        await world.set_up()
        world.clock.advance(SINCE)
        for override in (False, True):
            with pytest.raises(NotAllowed, match=r"receipt 5\.00002: resolve it as posted"):
                await admin.retry(key_of(paid), SAID, override=override)
        assert world.city.doubled() == 0

    async def test_absent_twice_before_a_later_payment_is_evidence(self, world, admin):
        paid = await held_in_doubt(world)
        await world.set_up()
        world.clock.advance(SINCE)
        with pytest.raises(NotAllowed, match="no_later_one_shown"):
            await admin.retry(key_of(paid), SAID)
        world.city.counter_receipt(1)
        with pytest.raises(NotAllowed, match="no_later_one_shown"):
            await admin.retry(key_of(paid), SAID)
        await world.deliver(message())
        await world.drain()
        world.results.clear()
        with pytest.raises(NotAllowed, match="once more after 2026-11-20 13:00"):
            await admin.retry(key_of(paid), SAID)
        world.clock.advance(PROVABLE - SINCE - 1)
        with pytest.raises(NotAllowed, match="once more after 2026-11-20 13:00"):
            await admin.retry(key_of(paid), SAID)
        world.clock.advance(1)
        await admin.retry(key_of(paid), SAID)
        assert await told(world) == [f"posted {paid['paymentId']}"]

    async def test_no_answer_is_no_evidence(self, world, admin):
        paid = await held_in_doubt(world)
        await world.set_up()
        world.clock.advance(SINCE)
        world.city.up = False
        with pytest.raises(NotAllowed, match="no_answer"):
            await admin.retry(key_of(paid), SAID)

    async def test_an_attempt_that_was_proved_absent_is_in_doubt_no_more(self, world, admin):
        """Unknown, absent twice, sent again and refused before any effect: the refusal is all that is left."""
        await world.proven()
        await world.gates.prove("2493", "customer_unknown")
        paid = message()
        world.city.next(Ambiguous("ReadTimeout"))
        await world.deliver(paid)
        await world.pass_time(600)
        await world.deliver(message())
        world.city.next(Refused("customer_unknown", Scope.ENTRY))
        await world.pass_time(PROVABLE)
        entry = await world.entry(paid)
        assert (entry.state, entry.reason, entry.attempt) == (State.HELD, "customer_unknown", 2)
        assert not entry.perhaps_there
        await world.pass_time(SINCE)
        await world.deliver(message())
        await admin.retry(key_of(paid), SAID)  # one look is enough
        assert await told(world) == [f"posted {paid['paymentId']}"]


class TestAReferenceThatWasTaken:
    async def test_it_stays_taken_while_the_other_payment_stands(self, world, admin):
        first = message()
        second = message(confirmationNumber=first["confirmationNumber"])
        await world.deliver(first)
        await world.deliver(second)
        with pytest.raises(NotAllowed, match="uses the same reference and is posted"):
            await admin.retry(key_of(second), SAID)
        assert len(world.city.orders) == 1

    async def test_it_is_free_once_the_other_ended_unposted(self, world, admin):
        first = message(tender="VENMO")
        second = message(confirmationNumber=first["confirmationNumber"])
        await world.deliver(first)
        await world.deliver(second)
        await admin.resolve.not_posted(key_of(first), SAID)
        await admin.retry(key_of(second), SAID)
        assert f"posted {second['paymentId']}" in await told(world)
        third = message(confirmationNumber=first["confirmationNumber"])
        await world.deliver(third)
        assert (await world.entry(third)).reason == "confirmation_reused"

    async def test_a_right_reject_follows_a_wrong_one(self, world, admin):
        await world.set_up(rejectStrategy="void")
        paid = message()
        await world.deliver(paid)
        wrong, right = reject(paid, amount="1.00"), reject(paid)
        await world.undo(wrong)
        await world.drain()
        await world.undo(right)
        await world.drain()
        assert (await world.entry(right)).reason == "more_than_paid"
        await admin.resolve.not_posted(key_of(wrong), SAID)
        await admin.retry(key_of(right), SAID)
        assert f"reversed {right['rejectId']}" in await told(world)
        assert (await world.entry(paid)).state is State.REVERSED


def _codes():
    return {"categoryCode": "12", "distributionCode": "1201"}


async def test_what_retention_has_reduced_is_not_made_again(world, admin):
    paid = message()
    await world.deliver(paid)
    world.clock.advance(2 * 24 * 3600)
    await Retention(world.store, world.clock).run(world.clock.now().date(), 60)
    assert (await world.entry(paid)).customer_number == ""
    with pytest.raises(NotAllowed, match="message is not kept"):
        await admin.retry(key_of(paid), SAID, override=True)
