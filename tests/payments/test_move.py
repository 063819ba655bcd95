"""A biller's ledger moves: nothing is sent from the old stamp any more, everything is known at the new one."""

from itertools import count

import pytest

from shared.exchange.result import Outcome
from shared.ledger.answer import Ambiguous
from shared.ledger.due import due_of
from shared.ledger.entry import Kind, State
from shared.ledger.move import MOST_SLOTS, MOVED, MoveLedger
from shared.ledger.rows import CLOSED, shard_of
from shared.ledger.store import Delete, Insert
from shared.vocabulary.errors import Unavailable
from tests.fakes.faulty_ledger import Fault, FaultyLedger
from tests.payments.world import World, message, reject, reversal

BILLER = "2493"
SHARD = shard_of(BILLER)


async def moved(here, there):
    mover = MoveLedger(here.store, there.store)
    assert await mover.take_slots(BILLER) == 0
    copied = [each async for each in mover.copy(BILLER)]
    return copied[-1] if copied else None


async def begun(here):
    """Payments in every state that a move can meet."""
    posted, returned, waiting, voided = (message() for _ in range(4))
    await here.deliver(posted)
    await here.deliver(returned)
    await here.undo(reject(returned))
    await here.pass_time(120)
    await here.deliver(message(environment="test", paymentId="held-1"))
    await here.undo(reversal(voided))
    await here.set_up(rejectStrategy="void", paused={"reason": "moved to there"})
    await here.deliver(waiting)
    return {"posted": posted, "returned": returned, "waiting": waiting, "voided": voided}


async def test_no_send_begins_once_all_slots_are_taken(here, there):
    mover = MoveLedger(here.store, there.store)
    assert await mover.take_slots(BILLER) == 0
    # An instance that has not heard of the move yet.
    await here.deliver(message())
    assert here.city.orders == []
    assert len(here.keys(f"S~{BILLER}~")) == MOST_SLOTS
    # Whoever resumes or unblocks the biller here opens none of them.
    await here.gates.unblock(BILLER)
    await here.pass_time(3600)
    assert here.city.orders == []


async def test_a_send_under_way_is_waited_for(here, there):
    mover = MoveLedger(here.store, there.store)
    await here.store.commit(SHARD, [Insert(f"S~{BILLER}~0", {"biller": BILLER})])
    assert await mover.take_slots(BILLER) == 1
    await here.store.commit(SHARD, [Delete(f"S~{BILLER}~0")])
    assert await mover.take_slots(BILLER) == 0


async def test_a_slot_that_a_doubt_had_closed_is_taken(here, there):
    await here.store.commit(SHARD, [Insert(f"S~{BILLER}~1", {"biller": BILLER, CLOSED: True})])
    assert await MoveLedger(here.store, there.store).take_slots(BILLER) == 0
    assert here.store.rows[SHARD, f"S~{BILLER}~1"].values[MOVED]


async def test_everything_is_known_at_the_new_home_and_goes_on_there(here, there):
    messages = await begun(here)
    copied = await moved(here, there)
    assert (copied.entries, copied.unsettled) == (6, 3)
    await there.set_up(rejectStrategy="void")
    for name in ("posted", "returned"):
        [told] = (await there.deliver(messages[name])).results
        assert (told.outcome, told.duplicate) == ({"posted": Outcome.POSTED, "returned": Outcome.REVERSED}[name], True)
    [told] = [each for each in (await there.deliver(messages["voided"])).results if each.kind is Kind.PAYMENT]
    assert told.outcome is Outcome.NOT_POSTED
    await there.pass_time(1200)
    assert (await there.entry(messages["waiting"])).state is State.POSTED
    assert len(here.city.orders) == 3
    [held] = there.keys("H~")
    assert "held-1" in held


async def test_its_days_lists_and_the_newest_updates_come_along(here, there):
    await begun(here)
    await here.store.commit(SHARD, [Insert("M~2493~registration~0123", {"order": "1", "id": "reg-1"})])
    days = here.keys("D~")
    await moved(here, there)
    assert there.keys("D~") == days
    assert len(days) == len(there.keys("P~"))
    assert there.keys("M~") == ["M~2493~registration~0123"]


async def test_nothing_is_driven_at_the_old_one(here, there):
    messages = await begun(here)
    await moved(here, there)
    assert here.keys("O~") == here.keys("H~") == []
    orders = len(here.city.orders)
    await here.set_up(rejectStrategy="void")
    await here.pass_time(3600)
    assert len(here.city.orders) == orders
    assert (await here.entry(messages["waiting"])).state is State.RECEIVED


@pytest.mark.slow
async def test_a_move_that_is_interrupted_anywhere_is_run_again(here, there):
    """Every call fails once, before it is done and after: the new home's table ends the same."""
    await begun(here)
    old, new = _copies(here)
    await moved(old, new)
    expected = _told(new.store)
    for fault in (Fault.NOT_WRITTEN, Fault.ANSWER_LOST):
        for position in count():
            old, new = _copies(here)
            if not await _interrupted(old, new, position, fault):
                break
            assert _told(new.store) == expected
            assert [key for _, key in old.store.rows if key.startswith("O~")] == []


@pytest.mark.slow
async def test_a_step_at_the_old_home_at_any_moment_of_the_copy_stops_nothing_at_the_new_one(here, there):
    """An instance that has not heard of the move postpones what waits; it goes on from where it was copied."""
    messages = await begun(here)
    waiting = messages["waiting"]
    orders = len(here.city.orders)
    for position in count():
        old, new = _copies(here)
        if not await _moved_while_stepping(old, new, waiting, position):
            break
        new.city = here.city.__class__(here.clock)
        new.app = new.process()
        await new.set_up(rejectStrategy="void")
        await new.pass_time(1200)
        assert (await new.entry(waiting)).state is State.POSTED, position
        assert len(new.city.orders) == 1
        assert [key for key in old.keys("O~") if waiting["paymentId"] in key] == []
    assert position > 10
    assert len(here.city.orders) == orders


@pytest.mark.slow
async def test_a_void_that_ends_at_the_old_home_during_the_copy_has_its_payment_reversed_at_the_new_one(here, there):
    paid = message()
    await here.deliver(paid)

    async def lost(receipt_number):
        here.city.void(receipt_number)
        return Ambiguous("ReadTimeout")

    here.city.void_script = [lost]
    void = reversal(paid)
    await here.undo(void)
    await here.drain()
    assert (await here.entry(void)).state is State.UNKNOWN
    here.clock.advance(20)
    for position in count():
        old, new = _copies(here)
        old.city = new.city = here.city
        old.app, new.app = old.process(), new.process()
        await new.set_up(rejectStrategy="void")
        if not await _moved_while_stepping(old, new, void, position):
            break
        await new.pass_time(3600)
        assert [(await new.entry(each)).state for each in (void, paid)] == [State.POSTED, State.REVERSED], position
    assert position > 10
    assert len(here.city.voids) == 1


async def _moved_while_stepping(old, new, fields, position):
    """Whether there was such a call of the copy: just before it, the old home takes a step of this entry."""
    await old.set_up(rejectStrategy="void", paused={"reason": "moved to there"})
    calls = count()
    met = []

    async def plan(_call):
        if next(calls) == position:
            met.append(position)
            version = (await old.entry(fields)).version
            await old.app.drive.step(due_of(await old.entry(fields)), redelivered=False)
            assert (await old.entry(fields)).version == version + 1
        return Fault.NONE

    assert await MoveLedger(old.store, new.store).take_slots(BILLER) == 0
    _ = [each async for each in MoveLedger(FaultyLedger(old.store, plan), FaultyLedger(new.store, plan)).copy(BILLER)]
    await moved(old, new)
    return bool(met)


def _copies(here):
    """The old stamp as it stands, and a new one without anything."""
    old, new = World(clock=here.clock), World(clock=here.clock)
    for (shard, key), row in here.store.rows.items():
        old.store._put(shard, key, row.values)
    return old, new


async def _interrupted(old, new, position, fault):
    """Whether there was such a call; afterwards the move is complete."""
    calls = count()
    met = []

    async def plan(_call):
        if next(calls) == position:
            met.append(position)
            return fault
        return Fault.NONE

    mover = MoveLedger(FaultyLedger(old.store, plan), FaultyLedger(new.store, plan))
    for _ in range(4):
        try:
            while await mover.take_slots(BILLER):
                pass
            _ = [each async for each in mover.copy(BILLER)]
            break
        except Unavailable:
            continue
    await moved(old, new)
    return bool(met)


def _told(store):
    """What a reader finds, less what every run writes anew."""
    own = {"nonce", "due", "wait", "held_at"}
    return {
        key: {name: value for name, value in row.values.items() if name not in own}
        for (_, key), row in store.rows.items()
        if not key.startswith(("O~", "H~"))
    }
