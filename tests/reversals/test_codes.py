"""What becomes of a payment under each kind of code that a bank sends."""

import pytest

from shared.exchange.inbound import InvalidMessage
from shared.ledger.entry import Kind, State
from shared.reversals.message import parse
from tests.payments.world import body, message, reject

CHANGES, DISHONOURED, UNKNOWN = ["C01", "C05", "C69", "C99"], ["R61", "R63", "R70", "R71", "R77"], ["XYZ", "R23", "R99"]


async def posted(world):
    paid = message()
    await world.deliver(paid)
    return paid


async def told(world, back):
    await world.undo(back)
    await world.drain()
    return world.results[-1]


async def stays(world, paid):
    return (await world.entry(paid)).state is State.POSTED and world.city.voids == []


@pytest.mark.parametrize("strategy", ["void", "manual"])
@pytest.mark.parametrize("code", CHANGES)
async def test_a_notification_of_change_undoes_nothing_and_says_what_to_correct(world, code, strategy):
    await world.set_up(rejectStrategy=strategy)
    paid = await posted(world)
    result = await told(world, reject(paid, returnCode=code))
    assert (result.outcome, result.final, result.reason.code) == ("skipped", True, "notification_of_change")
    assert f"The bank's code is {code}: to correct is " in result.reason.message
    assert await stays(world, paid)


async def test_of_an_account_number_it_says_so(world):
    result = await told(world, reject(await posted(world), returnCode="C01"))
    assert "to correct is the account number." in result.reason.message


async def test_a_notification_of_change_has_no_amount_of_its_own(world):
    paid = await posted(world)
    result = await told(world, reject(paid, returnCode="C02", amount="0.00"))
    assert (result.outcome, result.amount) == ("skipped", None)
    with pytest.raises(InvalidMessage, match="amount"):
        parse(Kind.ACH_REJECT, body(reject(paid, returnCode="R01", amount="0.00")))


@pytest.mark.parametrize("code", DISHONOURED)
async def test_a_dishonoured_return_undoes_nothing_and_is_for_a_person(world, code):
    paid = await posted(world)
    back = reject(paid, returnCode=code)
    result = await told(world, back)
    assert (result.outcome, result.reason.code) == ("held", "return_dishonoured")
    assert "5.00001" in result.reason.action
    assert paid["paymentId"] in result.reason.message
    assert (await world.entry(back)).reverses is None
    assert await stays(world, paid)


@pytest.mark.parametrize("code", UNKNOWN)
async def test_an_unknown_code_is_accepted_and_held(world, code):
    paid = await posted(world)
    result = await told(world, reject(paid, returnCode=code))
    assert (result.outcome, result.reason.code) == ("held", "return_code_unknown")
    assert await stays(world, paid)


@pytest.mark.parametrize("code", [*CHANGES, *DISHONOURED, *UNKNOWN])
async def test_none_of_them_asks_anybody_to_pay_or_stands_in_the_way_of_the_return_itself(world, code):
    paid = await posted(world)
    result = await told(world, reject(paid, returnCode=code))
    assert "pays again" not in f"{result.reason.message} {result.reason.action}"
    returned = await told(world, reject(paid, returnCode="R01"))
    assert (returned.outcome, (await world.entry(paid)).state) == ("reversed", State.REVERSED)


@pytest.mark.parametrize("code", [*DISHONOURED, *UNKNOWN])
async def test_after_a_retry_it_is_held_again_and_nothing_is_undone(world, code):
    paid = await posted(world)
    back = reject(paid, returnCode=code)
    await told(world, back)
    held = await world.entry(back)
    again = held._replace(state=State.RECEIVED, held_at=None, due=world.clock.now(), reason=None)
    await world.ledger.move(held, again)
    await world.pass_time(120)
    assert (await world.entry(back)).reason == held.reason
    assert await stays(world, paid)


@pytest.mark.parametrize("code", [*DISHONOURED, *UNKNOWN])
async def test_one_whose_payment_is_not_here_is_told_at_once(world, code):
    result = await told(world, reject(message(), returnCode=code))
    assert result.outcome == "held"
