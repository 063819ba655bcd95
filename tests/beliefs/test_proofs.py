"""That what was proved yesterday is true today."""

from datetime import date

import pytest

from shared.ledger.answer import NotSent
from shared.ledger.entry import State
from shared.repair.decision import NotAllowed
from tests.beliefs.scenes import DAY, HOUR, LOST, MINUTE, commit_late, ended, go_on, live, lose, small, town
from tests.payments.world import key_of, message
from tests.repair.world import SAID, person

PAUSED = {"paused": {"reason": "migration"}}
FRIDAY = date(2026, 11, 20)


async def proved_absent_and_paused(**rule):
    """Its absence is shown just as the biller is paused."""
    world = await town(**rule)
    paid = await lose(world, message(), made=False)
    await go_on(world, 20 * MINUTE, every=5 * MINUTE)
    await world.set_up(**PAUSED, **rule)
    await world.pass_time(41 * MINUTE)
    entry = await world.entry(paid)
    assert (entry.state, entry.reason, entry.resends) == (State.RECEIVED, "paused", 1)
    return world, paid


@pytest.mark.parametrize("hours", [0.6, 1, 16, 40])
async def test_what_came_to_be_after_its_absence_was_proved_is_found_before_it_is_sent_again(hours):
    """D3: a commit that came late, or a clerk with the list of what waits."""
    world, paid = await proved_absent_and_paused()
    await world.pass_time(hours * HOUR)
    await commit_late(world, paid, FRIDAY)
    questions = world.city.questions
    await world.set_up()
    await world.pass_time(30 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)
    assert world.city.questions > questions
    assert len(world.city.orders) == 5


async def test_what_is_still_absent_is_sent_after_one_more_question():
    world, paid = await proved_absent_and_paused()
    await world.pass_time(16 * HOUR)
    questions = world.city.questions
    await world.set_up()
    await world.pass_time(30 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)
    assert world.city.questions == questions + 1


async def test_within_half_an_hour_the_proof_is_good():
    world, paid = await proved_absent_and_paused()
    questions = world.city.questions
    await world.set_up()
    await world.pass_time(15 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)
    assert world.city.questions == questions


async def test_a_city_that_can_be_asked_no_more_has_it_held():
    world, paid = await proved_absent_and_paused()
    await world.pass_time(HOUR)
    await world.set_up(connectVersion="2024.05")
    await world.pass_time(30 * MINUTE)
    entry = await world.entry(paid)
    assert (entry.state, entry.reason, live(world, paid)) == (State.HELD, "proof_expired", 0)


@pytest.mark.parametrize("made", [True, False])
async def test_a_city_that_does_not_answer_then_has_it_in_doubt_again(made):
    world, paid = await proved_absent_and_paused()
    await world.pass_time(HOUR)
    if made:
        await commit_late(world, paid, FRIDAY)
    world.city.up = False
    await world.set_up()
    await world.pass_time(30 * MINUTE)
    entry = await world.entry(paid)
    assert (entry.state, live(world, paid)) == (State.UNKNOWN, int(made))
    world.city.up = True
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


async def test_what_was_told_as_held_and_never_left_is_looked_for_before_it_goes():
    """It waits again after a person let it go, and a clerk enters it meanwhile."""
    world = await town()
    paid = message(tender="VENMO")
    await world.deliver(paid)
    codes = {"ACH": "7", "VENMO": "9"}
    known = {"applications": {"AR": {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": codes}}}
    await world.set_up(**known, **PAUSED)
    await person(world).retry(key_of(paid), SAID)
    await world.pass_time(HOUR)
    await commit_late(world, paid | {"tender": "ACH"})
    await world.set_up(**known)
    await world.pass_time(30 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)
    assert world.city.orders == []


async def test_what_never_left_and_was_told_to_nobody_is_sent_without_a_question():
    world = await town()
    paid = message()
    world.city.next(NotSent("ConnectError"))
    await world.deliver(paid)
    await world.pass_time(10 * MINUTE)
    assert (await ended(world, paid), world.city.questions) == ((State.POSTED, 1), 0)


@pytest.mark.parametrize("lost_again", [True, False])
@pytest.mark.parametrize("rule", ["sent", "nextOpen", "paid"])
async def test_a_first_attempt_that_lands_late_is_found_on_its_own_day(rule, lost_again):
    """E8: dated Friday, while the second attempt would be dated Tuesday."""
    world, paid = await proved_absent_and_paused(postingDateRule=rule)
    first_dated = (await world.entry(paid)).first_dated
    if not lost_again:
        await commit_late(world, paid, date.fromisoformat(first_dated))
    world.clock.advance(4 * DAY)
    if lost_again:
        world.city.next(LOST)
    await world.set_up(postingDateRule=rule)
    await world.pass_time(2 * MINUTE)
    if lost_again:
        await commit_late(world, paid, date.fromisoformat(first_dated))
    await go_on(world, 90 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)


async def test_absences_of_two_attempts_are_one_each():
    """S13: what was seen of the first attempt says nothing of the second."""
    world = await town(connectVersion="2024.05")
    admin, paid = person(world), await lose(world, message(), made=False)
    await world.set_up()
    await world.pass_time(20 * MINUTE)
    await world.deliver(small())
    await world.drain()
    with pytest.raises(NotAllowed, match="once more"):
        await admin.retry(key_of(paid), SAID)
    await world.pass_time(41 * MINUTE)
    await admin.retry(key_of(paid), SAID)
    await world.set_up(capabilityOverrides={"receipt": {"enabled": False, "reason": "query broken"}})
    world.city.next(LOST)
    await world.pass_time(MINUTE)
    assert (await world.entry(paid)).attempt == 2
    await world.set_up()
    await world.pass_time(16 * MINUTE)
    await world.deliver(small())
    await world.drain()
    with pytest.raises(NotAllowed, match="once more"):
        await admin.retry(key_of(paid), SAID)
    await world.pass_time(46 * MINUTE)
    await admin.retry(key_of(paid), SAID)
    await world.pass_time(5 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("seconds", [80 * MINUTE, 5 * HOUR, 60 * HOUR])
async def test_a_second_receipt_that_comes_late_is_told_with_both_numbers(seconds, caplog):
    world = await town()
    paid = await lose(world, message(), made=False)
    await go_on(world, 80 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)
    first = (await world.entry(paid)).receipt_number
    await world.pass_time(seconds - 80 * MINUTE, step=10 * MINUTE)
    second = await commit_late(world, paid, FRIDAY)
    results = len(world.results)
    await world.pass_time(DAY, step=10 * MINUTE)
    entry = await world.entry(paid)
    assert (entry.state, entry.reason, entry.receipt_number) == (State.POSTED, "second_receipt", first)
    assert first in entry.detail
    assert second.receipt_number in entry.detail
    assert caplog.text.count('"receipt.second"') == 1
    told = [result for result in world.results[results:] if result.id == paid["paymentId"]]
    assert [(result.outcome, result.reason.code) for result in told] == [("posted", "second_receipt")]


async def test_one_that_was_sent_once_is_looked_at_no_more():
    world = await town()
    await world.deliver(message())
    await world.pass_time(4 * DAY, step=HOUR)
    assert world.city.questions == 0


async def test_what_a_restored_database_has_lost_is_sent_again_only_by_a_person():
    world = await town()
    paid = message()
    await world.deliver(paid)
    made = world.city.receipts_made.pop()
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 0)
    assert made[1].receipt_number == (await world.entry(paid)).receipt_number
    with pytest.raises(NotAllowed, match="once more"):
        await person(world).retry(key_of(paid), SAID)
    await world.pass_time(11 * MINUTE)
    await person(world).retry(key_of(paid), SAID)
    await world.pass_time(5 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)
