"""What is old loses all but ids, amounts, fingerprint and final state; a repetition is known for ever."""

from datetime import date

import pytest

from shared.ledger import rows, settle
from shared.ledger.answer import Ambiguous, NotSent
from shared.ledger.entry import State
from shared.ledger.reading import Reader
from shared.ledger.retention import Retention
from shared.vocabulary.errors import Unavailable
from tests.fakes.faulty_ledger import COMMIT_FAULTS, Crash, Fault, FaultyLedger, Script
from tests.ledger.world import FaultyWorld
from tests.payments.world import key_of, message, reject

LATER = date(2034, 1, 1)
YEARS = 8 * 366 * 24 * 3600.0
DEPOSIT = {"settlementDate": "2026-11-20"}


@pytest.fixture
async def world():
    world = FaultyWorld()
    await world.set_up()
    return world


async def run(world, before=LATER, *, store=None, budget=60):
    return await Retention(store or world.store, world.clock).run(before, budget)


async def paid(world, **changes):
    fields = message(**DEPOSIT | changes)
    await world.deliver(fields, f"m-{fields['paymentId']}")
    return fields


async def test_an_old_payment_keeps_what_is_needed_to_know_it(world):
    fields = await paid(world, payerName="Ada Byron")
    before = await world.entry(fields)
    world.clock.advance(YEARS)
    assert await run(world) == 1
    after = await world.entry(fields)
    assert (after.state, after.cents, after.fingerprint, after.receipt_number, after.reference) == (
        State.POSTED,
        12540,
        before.fingerprint,
        "5.00001",
        before.reference,
    )
    kept = {key.split("~")[0] for _, key in world.store.rows}
    assert kept == {"P", "N", "R", "B"}
    everything = str(list(world.store.rows.values()))
    assert "Ada" not in everything
    assert "000412" not in everything


async def test_it_is_still_no_second_payment(world):
    fields = await paid(world)
    world.clock.advance(YEARS)
    await run(world)
    await world.deliver(fields)
    assert [(result.outcome, result.duplicate) for result in world.results] == [("posted", False), ("posted", True)]
    assert world.results[-1].receipt_number == "5.00001"
    await world.deliver(fields | {"amount": "125.41", "allocations": None})
    assert world.results[-1].outcome == "conflict"
    again = message(confirmationNumber=fields["confirmationNumber"])
    await world.deliver(again)
    assert (await world.entry(again)).reason == "confirmation_reused"
    assert len(world.city.orders) == 1


async def test_what_is_not_old_stays(world):
    await paid(world)
    rows_before = dict(world.store.rows)
    assert await run(world, date(2026, 11, 20)) == 0
    assert world.store.rows == rows_before


async def test_what_changed_lately_stays(world):
    """A payment of years ago whose money went back last week."""
    await world.set_up(rejectStrategy="void")
    fields = await paid(world)
    world.clock.advance(YEARS)
    await world.undo(reject(fields, returnedOn="2034-11-01"))
    await world.drain()
    assert await run(world) == 0
    assert (await world.entry(fields)).state is State.REVERSED


@pytest.mark.parametrize("answer", [NotSent("ConnectError"), Ambiguous("ReadTimeout")])
async def test_what_is_not_settled_stays(world, answer):
    world.city.next(answer)
    fields = await paid(world)
    held = await paid(world, tender="VENMO")
    world.clock.advance(YEARS)
    assert await run(world) == 0
    assert (await world.entry(fields)).message
    assert (await world.entry(held)).state is State.HELD


async def test_those_behind_what_stays_are_reached(world):
    for _ in range(3):
        await paid(world, tender="VENMO")
    fields = await paid(world)
    world.clock.advance(YEARS)
    assert await run(world) == 1
    assert (await world.entry(fields)).message == b"{}"


async def test_a_payment_with_more_events_than_fit_into_one_transaction(world):
    fields = await paid(world, tender="VENMO")
    for _ in range(120):
        await world.by_person(fields)
        await world.pass_time(60)
    entry = await world.entry(fields)
    assert entry.version > 200
    await world.ledger.move(entry, settled(entry))
    world.clock.advance(YEARS)
    assert await run(world) == 1
    assert await Reader(world.store).events_of(key_of(fields)) == []


async def test_without_budget_nothing_is_read(world):
    await paid(world)
    world.clock.advance(YEARS)
    reads = world.store.reads
    assert await run(world, budget=0) == 0
    assert world.store.reads == reads


@pytest.mark.parametrize("fault", COMMIT_FAULTS)
async def test_whatever_ends_a_run_the_next_one_goes_on(world, fault):
    fields = await paid(world)
    world.clock.advance(YEARS)
    script = Script()
    script.fail("commit", fault)
    try:
        await run(world, store=FaultyLedger(world.store, script))
    except (Unavailable, Crash):
        assert fault is not Fault.OWN_CONFLICT
    await run(world)
    assert (await world.entry(fields)).message == b"{}"
    assert [key for _, key in world.store.rows if key.startswith(("E~", "D~"))] == []


def settled(entry):
    return settle.not_posted(entry, "ended_by_person")


def test_the_days_lists_lie_in_order_of_days():
    key = key_of(message())
    assert rows.day_key("2026-11-30", key) < "D~2026-12-01" < rows.day_key("2026-12-01", key)
