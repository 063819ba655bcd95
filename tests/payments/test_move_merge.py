"""A move that finds its entries at the new home already: what was sent goes before what was not."""

from itertools import count

import pytest

from shared.billers.model import Biller
from shared.exchange.result import Outcome
from shared.ledger.answer import Ambiguous
from shared.ledger.entry import State
from shared.ledger.merge import SENT_AT_BOTH, merged
from shared.ledger.move import MoveLedger
from shared.repair.decision import NotAllowed
from shared.vocabulary.errors import Unavailable
from tests.fakes.faulty_ledger import Fault, FaultyLedger
from tests.ledger.samples import NOON, entry
from tests.payments.world import NEWPORT, World, key_of, message, reject
from tests.repair.world import SAID, person

BILLER = "2493"
MOVING_IN = {"paused": {"reason": "moving in"}, "rejectStrategy": "void"}


async def copied(here, there, runs=2):
    found = [each for _ in range(runs) async for each in MoveLedger(here.store, there.store).copy(BILLER)]
    return found[-1] if found else None


async def moved(here, there):
    assert await MoveLedger(here.store, there.store).take_slots(BILLER) == 0
    first = await copied(here, there, runs=1)
    second = await copied(here, there, runs=1)
    assert (second.merged, second.sent_at_both) == (0, 0)
    return first


async def lives_on(here, there, seconds=1800):
    """At the new home, resumed, for half an hour."""
    await there.set_up(rejectStrategy="void")
    await there.pass_time(seconds)
    assert here.city.doubled() == 0


def told(world, fields):
    return [(each.outcome, each.version) for each in world.results if each.id == fields["paymentId"]]


async def test_what_was_posted_at_the_old_home_wins_over_what_waits_at_the_new_one(here, there):
    """Its message came once more, after the record was copied and before the rows were."""
    paid = message()
    await here.deliver(paid)
    await there.set_up(**MOVING_IN)
    await there.deliver(paid)
    assert (await there.entry(paid)).state is State.RECEIVED
    done = await moved(here, there)
    assert (done.merged, done.sent_at_both) == (1, 0)
    await lives_on(here, there)
    found = await there.entry(paid)
    assert (found.state, found.receipt_number) == (State.POSTED, "5.00001")
    assert told(there, paid) == [(Outcome.POSTED, 3)]
    [again] = (await there.deliver(paid, "again")).results
    assert (again.outcome, again.duplicate) == (Outcome.POSTED, True)


async def test_and_over_what_was_held_because_the_biller_was_not_there_yet(here, there):
    paid = message()
    await there.deliver(paid)
    assert there.results[-1].reason.code == "unknown_biller"
    await here.deliver(paid)
    await there.set_up(**MOVING_IN)
    await moved(here, there)
    await lives_on(here, there)
    assert (await there.entry(paid)).state is State.POSTED
    assert told(there, paid) == [(Outcome.HELD, 1), (Outcome.POSTED, 3)]
    assert there.keys("H~") == there.keys("O~") == []
    with pytest.raises(NotAllowed, match="Caselle has it"):
        await person(there).retry(key_of(paid), SAID)


async def test_a_message_at_any_moment_of_the_copy_is_merged(here, there):
    """Whichever call of the copy it comes before: posted once, known at the new home, its reference its own."""
    paid = message()
    await here.deliver(paid)
    for position in count():
        old, new = _copies(here)
        await new.set_up(**MOVING_IN)
        calls, met = count(), []

        async def plan(_call, calls=calls, position=position, new=new, met=met):
            if next(calls) == position:
                met.append(position)
                await new.deliver(paid, "meanwhile")
            return Fault.NONE

        assert await MoveLedger(old.store, new.store).take_slots(BILLER) == 0
        mover = MoveLedger(FaultyLedger(old.store, plan), FaultyLedger(new.store, plan))
        _ = [each async for each in mover.copy(BILLER)]
        if not met:
            break
        await copied(old, new)
        await new.set_up(rejectStrategy="void")
        await new.pass_time(600)
        found = await new.entry(paid)
        assert (found.state, found.receipt_number, found.reference) == (
            State.POSTED,
            "5.00001",
            paid["confirmationNumber"],
        )
        assert len(here.city.orders) == 1, position
    assert position > 10


async def test_what_is_asked_about_at_the_old_home_is_asked_about_at_the_new_one(here, there):
    paid = message()
    here.city.next(Ambiguous("ReadTimeout"), made=True)
    await here.deliver(paid)
    await there.set_up(**MOVING_IN)
    await there.deliver(paid)
    await moved(here, there)
    assert (await there.entry(paid)).state is State.UNKNOWN
    await lives_on(here, there)
    assert (await there.entry(paid)).state is State.POSTED
    assert len(here.city.orders) == 1


async def test_what_was_reversed_at_the_old_home_stays_so(here, there):
    paid = message()
    back = reject(paid)
    await here.deliver(paid)
    await here.undo(back)
    await here.drain()
    await there.set_up(**MOVING_IN)
    await there.deliver(paid)
    await there.undo(back)
    await moved(here, there)
    await lives_on(here, there)
    assert [(await there.entry(each)).state for each in (paid, back)] == [State.REVERSED, State.POSTED]
    assert len(here.city.voids) == 1


async def test_what_waited_at_both_is_posted_once(here, there):
    await here.set_up(paused={"reason": "moved to there"})
    paid = message()
    await here.deliver(paid)
    await there.set_up(**MOVING_IN)
    await there.deliver(paid)
    await moved(here, there)
    await lives_on(here, there)
    assert ((await there.entry(paid)).state, len(here.city.orders)) == (State.POSTED, 1)


async def test_what_a_person_ended_at_the_new_home_is_not_sent_after_all(here, there):
    await here.set_up(paused={"reason": "moved to there"})
    paid = message()
    await here.deliver(paid)
    await there.deliver(paid)
    await person(there).resolve.not_posted(key_of(paid), SAID)
    await there.set_up(**MOVING_IN)
    await moved(here, there)
    await lives_on(here, there)
    assert ((await there.entry(paid)).state, here.city.orders) == (State.NOT_POSTED, [])


async def test_what_was_sent_at_both_is_held_with_both_receipts(here, there):
    paid = message()
    await here.deliver(paid)
    await there.set_up()
    await there.deliver(paid)
    assert len(here.city.orders) == 2
    await there.set_up(**MOVING_IN)
    done = await moved(here, there)
    assert (done.merged, done.sent_at_both) == (1, 1)
    await there.set_up()
    await there.pass_time(600)
    held = await there.entry(paid)
    assert (held.state, held.reason) == (State.HELD, SENT_AT_BOTH)
    said = there.results[-1].reason.message
    assert "receipt 5.00001 at the old home, receipt 5.00002 at the new one" in said
    with pytest.raises(NotAllowed):
        await person(there).retry(key_of(paid), SAID)
    here.city.void("5.00001")
    await person(there).resolve.posted(key_of(paid), "5.00002", SAID)
    await there.pass_time(120)
    assert told(there, paid)[-2:] == [(Outcome.HELD, 3), (Outcome.POSTED, 4)]
    assert len(here.city.orders) == 2


@pytest.mark.parametrize("fault", [Fault.NOT_WRITTEN, Fault.ANSWER_LOST])
async def test_a_merge_that_is_interrupted_anywhere_is_run_again(here, there, fault):
    paid = message()
    await here.deliver(paid)
    for position in count():
        old, new = _copies(here)
        await new.deliver(paid)  # held: the biller is not there yet
        calls, met = count(), []

        async def plan(_call, calls=calls, position=position, met=met):
            if next(calls) != position:
                return Fault.NONE
            met.append(position)
            return fault

        mover = MoveLedger(FaultyLedger(old.store, plan), FaultyLedger(new.store, plan))
        for _ in range(3):
            try:
                _ = [each async for each in mover.copy(BILLER)]
            except Unavailable:
                continue  # the command is given again
        found = await new.entry(paid)
        assert (found.state, found.version) == (State.POSTED, 3), position
        if not met:
            break
    assert position > 10


def _copies(here):
    """The old stamp as it stands, and a new one without anything, at the same city."""
    old, new = World(clock=here.clock), World(clock=here.clock)
    for (shard, key), row in here.store.rows.items():
        old.store._put(shard, key, row.values)
    for each in (old, new):
        each.city = here.city
        each.app = each.process()
    old.billers._billers[BILLER] = Biller.model_validate(NEWPORT)
    return old, new


SENT = [
    {"state": State.SENDING, "attempt": 1},
    {"state": State.UNKNOWN, "attempt": 1},
    {"state": State.POSTED, "attempt": 1},
    {"state": State.REVERSED, "attempt": 1},
    {"state": State.HELD, "attempt": 1, "reason": "outcome_unknown"},
    {"state": State.RECEIVED, "sent_at": NOON},
    {"state": State.POSTED, "attempt": 0},
]
UNSENT = [{"state": State.RECEIVED}, {"state": State.HELD, "reason": "no_allocations"}, {"state": State.WAITING}]


@pytest.mark.parametrize("old", SENT)
@pytest.mark.parametrize("new", [*UNSENT, {"state": State.NOT_POSTED}, {"state": State.SKIPPED}])
def test_sent_before_unsent(old, new):
    old, new = entry(version=5, **old), entry(version=7, **new)
    becomes = merged(old, new, NOON)
    assert (becomes.state, becomes.version, becomes.attempt) == (old.state, 8, old.attempt)
    assert merged(new, old, NOON) is None


@pytest.mark.parametrize("old", SENT)
@pytest.mark.parametrize("new", SENT)
def test_sent_at_both_is_for_a_person(old, new):
    old, new = (entry(receipt_number=number, **each) for number, each in (("5.00001", old), ("5.00002", new)))
    becomes = merged(old, new, NOON)
    assert (becomes.state, becomes.reason) == (State.HELD, SENT_AT_BOTH)
    assert "5.00001 at the old home" in becomes.detail
    assert "5.00002 at the new one" in becomes.detail


def test_under_one_receipt_it_is_one():
    one = {"receipt_number": "5.00001", "attempt": 1}
    posted, back = entry(state=State.POSTED, **one), entry(state=State.REVERSED, **one)
    assert merged(posted, posted, NOON) is None
    assert merged(posted, back, NOON) is None
    assert merged(back, posted, NOON).state is State.REVERSED
