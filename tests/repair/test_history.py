"""The whole history of one payment."""

from tests.payments.world import key_of, message, reject, reversal


async def test_every_event_and_what_undid_it(world, admin):
    await world.set_up(rejectStrategy="void")
    paid = message()
    await world.deliver(paid)
    back = reject(paid)
    await world.undo(back)
    await world.drain()
    await world.deliver(paid | {"amount": "1.00", "allocations": None}, "m-other")
    found = await admin.show(key_of(paid))
    assert [(step.version, step.was, step.state) for step in found.steps] == [
        (1, "", "sending"),
        (2, "sending", "posted"),
        (3, "posted", "reversed"),
    ]
    assert found.steps[1].receipt_number == "5.00001"
    assert found.undone_by == [key_of(back)]
    assert [row.values["messageId"] for row in found.conflicts] == ["m-other"]


async def test_a_reject_is_undone_by_nobody(world, admin):
    paid = message()
    await world.deliver(paid)
    back = reject(paid)
    await world.undo(back)
    assert (await admin.show(key_of(back))).undone_by == ()


async def test_a_void_that_came_first_is_told_as_such(world, admin):
    paid = message()
    back = reversal(paid, "void")
    await world.undo(back)
    await world.deliver(paid)
    await world.drain()
    steps = (await admin.show(key_of(paid))).steps
    assert [step.state for step in steps] == [f"voided by {back['reversalId']}", "not_posted"]
