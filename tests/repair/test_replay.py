"""A repaired message takes the place of one in quarantine, once, and keeps its message id."""

import pytest

from shared.ledger.entry import State
from shared.repair.decision import NotAllowed
from tests.payments.world import body, message, reject
from tests.repair.world import SAID, told

BAD = {"amount": "1,000.00", "allocations": None}


async def set_aside(world, **changes):
    wrong = message(**BAD | changes)
    await world.deliver(wrong, "m-bad")
    assert ("payments", "m-bad") in world.quarantine.items
    return wrong


async def test_it_is_posted_and_told_under_the_first_message_s_id(world, admin):
    wrong = await set_aside(world)
    await world.set_up(autoAllocate="caselle")
    repaired = await admin.replay.look("payments", "m-bad", body(wrong | {"amount": "1000.00"}))
    assert repaired.changed == ("amount",)
    entry = await admin.replay.replay(repaired, SAID)
    assert entry.state is State.RECEIVED
    assert await told(world) == [f"posted {wrong['paymentId']}"]
    assert world.results[-1].message_id == "m-bad"
    assert world.quarantine.items["payments", "m-bad"].resolved.startswith(f"replayed as payment {wrong['paymentId']}")


async def test_it_is_let_in_once(world, admin):
    wrong = await set_aside(world)
    await world.set_up(autoAllocate="caselle")
    repaired = await admin.replay.look("payments", "m-bad", body(wrong | {"amount": "1000.00"}))
    await admin.replay.replay(repaired, SAID)
    with pytest.raises(NotAllowed, match="resolved already"):
        await admin.replay.look("payments", "m-bad", repaired.body)
    await admin.replay.replay(repaired, SAID)  # another admin, who had looked before
    await told(world)
    assert len(world.city.orders) == 1


async def test_one_that_the_biller_does_not_allow_is_held_and_told(world, admin):
    wrong = await set_aside(world)
    await admin.replay.replay(await admin.replay.look("payments", "m-bad", body(wrong | {"amount": "1000.00"})), SAID)
    assert await told(world) == [f"held {wrong['paymentId']}"]


async def test_one_that_came_meanwhile_is_told_again_and_not_posted_twice(world, admin):
    wrong = await set_aside(world)
    await world.set_up(autoAllocate="caselle")
    right = body(wrong | {"amount": "1000.00"})
    await world.deliver(right)
    await admin.replay.replay(await admin.replay.look("payments", "m-bad", right), SAID)
    assert await told(world) == [f"posted {wrong['paymentId']}"]
    assert len(world.city.orders) == 1


async def test_other_contents_under_a_known_id_are_a_conflict(world, admin):
    wrong = await set_aside(world)
    await world.set_up(autoAllocate="caselle")
    await world.deliver(wrong | {"amount": "1000.00"})
    repaired = await admin.replay.look("payments", "m-bad", body(wrong | {"amount": "999.00"}))
    with pytest.raises(NotAllowed, match="other contents"):
        await admin.replay.replay(repaired, SAID)
    assert not world.quarantine.items["payments", "m-bad"].resolved


@pytest.mark.parametrize(
    ("message_id", "changes", "says"),
    [
        ("m-other", {"amount": "1.00"}, "Nothing of queue payments"),
        ("m-bad", {}, "It still breaks a rule: amount"),
        ("m-bad", {"amount": "1.00", "billerId": "2137"}, "another biller's message"),
    ],
)
async def test_what_may_not_be_replayed(world, admin, message_id, changes, says):
    wrong = await set_aside(world)
    with pytest.raises(NotAllowed, match=says):
        await admin.replay.look("payments", message_id, body(wrong | changes))


async def test_a_reject_is_replayed_too(world, admin):
    await world.set_up(rejectStrategy="void")
    paid = message()
    await world.deliver(paid)
    wrong = reject(paid, amount="125.4O")
    await world.undo(wrong, "m-bad")
    repaired = await admin.replay.look("ach-rejects", "m-bad", body(wrong | {"amount": "125.40"}))
    await admin.replay.replay(repaired, SAID)
    assert await told(world) == [f"reversed {wrong['rejectId']}"]


async def test_the_matter_is_ended_without_it(world, admin):
    await set_aside(world)
    await admin.replay.discard("payments", "m-bad", SAID)
    assert world.quarantine.items["payments", "m-bad"].resolved == f"discarded by {SAID.by}: {SAID.why}"
    with pytest.raises(NotAllowed):
        await admin.replay.discard("payments", "m-bad", SAID)
