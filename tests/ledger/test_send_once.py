"""Every write of every step fails in every way, and a payment is still posted once and reported."""

import asyncio

import pytest

from shared.ledger import rows
from shared.ledger.answer import Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import State, Wait
from shared.ledger.store import Insert, RowExists
from shared.vocabulary.errors import Unavailable
from tests.fakes.faulty_ledger import COMMIT_FAULTS, READ_FAULTS, Crash, Fault
from tests.ledger.world import started
from tests.payments.world import body, message

HOUR = 3600.0
LOST = Ambiguous("ReadTimeout")


async def finish(world, paid):
    """Two later payments, two hours, three days: it is there once, was reported, and nothing is left to be asked."""
    await world.bring(message(), "control")
    await world.pass_time(600)
    await world.bring(message(), "control-2")
    await world.pass_time(2 * HOUR)
    await world.pass_time(75 * HOUR, step=HOUR)
    entry = await world.entry(paid)
    made = [receipt for _, receipt in world.city.receipts_made if receipt.reference == entry.reference]
    assert [receipt.receipt_number for receipt in made] == [entry.receipt_number]
    told = [result for result in world.results if result.id == entry.key.id]
    assert {(result.outcome, result.receipt_number) for result in told} == {("posted", entry.receipt_number)}
    assert world.keys("O~") == world.keys("S~") == world.keys("H~") == []
    assert len(world.keys(f"E~{entry.key}")) == entry.version


@pytest.mark.parametrize("fault", COMMIT_FAULTS)
@pytest.mark.parametrize("nth", [1, 2])
async def test_first(world, fault, nth):
    await world.proven()
    paid = message()
    world.script.fail("commit", fault, nth=nth)
    await world.bring(paid, "m-1")
    await finish(world, paid)


@pytest.mark.parametrize("fault", COMMIT_FAULTS)
@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_again(world, fault, nth):
    await world.proven()
    paid = message()
    world.city.next(NotSent("ConnectError"))
    world.script.fail("commit", fault, nth=nth + 2)
    await world.bring(paid, "m-1")
    await finish(world, paid)


@pytest.mark.parametrize("fault", COMMIT_FAULTS)
@pytest.mark.parametrize("nth", range(1, 7))
@pytest.mark.parametrize("made", [True, False])
async def test_unknown_and_settle(world, fault, nth, made):
    await world.proven()
    paid = message()
    world.city.next(LOST, made=made)
    world.script.fail("commit", fault, nth=nth)
    await world.bring(paid, "m-1")
    await finish(world, paid)


@pytest.mark.parametrize("fault", COMMIT_FAULTS)
@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_expire(world, fault, nth):
    await world.proven()
    paid = message()
    world.script.fail("commit", Fault.CRASH_AFTER)
    world.script.fail("commit", fault, nth=nth + 1)
    await world.bring(paid, "m-1")
    await finish(world, paid)


@pytest.mark.parametrize("fault", READ_FAULTS)
@pytest.mark.parametrize("nth", range(1, 8))
async def test_reads(world, fault, nth):
    await world.proven()
    paid = message()
    world.city.next(LOST, made=True)
    world.script.fail("read", fault, nth=nth)
    await world.bring(paid, "m-1")
    await finish(world, paid)


@pytest.mark.parametrize("nth", [1, 2])
async def test_a_write_whose_answer_and_whose_reading_back_fail(world, nth):
    await world.proven()
    paid = message()
    world.script.fail("commit", Fault.ANSWER_LOST, nth=nth)
    world.script.fail("read", Fault.NOT_WRITTEN, nth=2)
    await world.bring(paid, "m-1")
    await finish(world, paid)


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.OWN_CONFLICT])
async def test_a_write_of_our_own_is_recognised_without_a_second_order(world, nth, fault):
    world.script.fail("commit", fault, nth=nth)
    await world.deliver(message())
    assert [result.outcome for result in world.results] == ["posted"]
    assert len(world.city.orders) == 1


@pytest.mark.parametrize("made", [True, False])
async def test_a_crash_while_sending(world, made):
    await world.proven()
    paid = message()

    async def crash(order):
        if made:
            world.city.make(order)
        raise Crash

    world.city.script = [crash]
    await world.bring(paid, "m-1")
    await finish(world, paid)


@pytest.mark.parametrize("state", [State.UNKNOWN, State.HELD])
async def test_a_late_answer_outweighs_what_was_concluded_meanwhile(world, state):
    await world.set_up(connectVersion="2025.11" if state is State.UNKNOWN else "2021.02.160")
    paid, go = message(), world.slow_city()
    task = asyncio.create_task(world.app.post_payment.accept(body(paid), "m-1"))
    await started(task)
    await world.pass_time(120)
    assert (await world.entry(paid)).state is state
    go.set()
    world.take(await task)
    await finish_late(world, paid)


async def test_a_late_answer_outweighs_a_proved_absence_not_yet_acted_upon(world):
    paid, go = message(), world.slow_city()
    task = asyncio.create_task(world.app.post_payment.accept(body(paid), "m-1"))
    await started(task)
    await world.pass_time(300)
    await world.by_person(paid) if (await world.entry(paid)).state is State.HELD else None
    entry = await world.entry(paid)
    received = await world.app.drive.send_once.postpone(entry, "test")
    assert received.state is State.RECEIVED
    go.set()
    world.take(await task)
    await finish_late(world, paid)


async def finish_late(world, paid):
    """Posted, and an open row that has it reported even if this process dies now; reporting closes it."""
    entry = await world.entry(paid)
    assert (entry.state, entry.receipt_number, entry.wait, entry.held_at) == (
        State.POSTED,
        "5.00001",
        Wait.REPORT,
        None,
    )
    assert world.results[-1].outcome == "posted"
    await world.pass_time(120)
    assert [result.version for result in world.results[-2:]] == [entry.version] * 2
    assert world.keys("O~") == world.keys("S~") == world.keys("H~") == []


async def test_a_refusal_or_no_sending_that_comes_late_changes_nothing(world):
    for answer in (NotSent("x"), Refused("customer_unknown", Scope.ENTRY), LOST):
        paid, go = message(), asyncio.Event()

        async def late(order, go=go, answer=answer):
            await go.wait()
            return answer

        world.city.script = [late]
        task = asyncio.create_task(world.app.post_payment.accept(body(paid), "m"))
        await started(task)
        await world.pass_time(120)
        go.set()
        world.take(await task)
        assert (await world.entry(paid)).state is State.UNKNOWN
        await world.pass_time(60)


@pytest.mark.parametrize(("spent", "orders"), [(9.9, 1), (10.1, 0)])
async def test_a_lease_nearly_used_up_before_sending_is_not_used(world, spent, orders):
    commit = world.store.commit

    async def slow(shard, changes):
        etags = await commit(shard, changes)
        if any(change.key.startswith("S~") for change in changes if isinstance(change, Insert)):
            world.clock.advance(spent)
        return etags

    world.store.commit = slow
    paid = message()
    await world.deliver(paid)
    assert len(world.city.orders) == orders
    assert (await world.entry(paid)).state is (State.POSTED if orders else State.RECEIVED)


async def test_a_cancelled_send_is_unknown_and_its_slot_closed_until_a_read_succeeds(world):
    await world.proven()
    world.slow_city()
    paid = message()
    task = asyncio.create_task(world.app.post_payment.accept(body(paid), "m-1"))
    await started(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    entry = await world.entry(paid)
    assert (entry.state, entry.reason, entry.wait) == (State.UNKNOWN, "cancelled", Wait.ASK)
    assert world.keys("S~") == ["S~2493~0"]
    assert world.keys("B~") == ["B~2493"]
    await world.bring(paid, "m-1")
    await finish(world, paid)
    assert world.keys("S~") == []


async def test_a_cancelled_send_stays_cancelled_when_the_table_fails(world):
    world.slow_city()
    task = asyncio.create_task(world.app.post_payment.accept(body(message()), "m-1"))
    await started(task)
    world.script.fail("commit", Fault.NOT_WRITTEN)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_payment_is_kept_when_the_table_does_not_say_which_row_conflicts(world):
    """Another process holds slot 0, and the service's answer names no row: the SDK then says the first one."""
    commit = world.store.commit

    async def commit_without_index(shard, changes):
        try:
            return await commit(shard, changes)
        except RowExists:
            raise RowExists(changes[0].key) from None

    await commit(rows.shard_of("2493"), [Insert(rows.slot_key("2493", 0), {})])
    world.store.commit = commit_without_index
    with pytest.raises(Unavailable):
        await world.deliver(message())


async def test_an_outcome_is_reported_though_a_second_delivery_was_done_with_before(world):
    """The host lost its hold on the message; the second delivery ends while the first one sends, which then dies."""
    paid, go = message(), world.slow_city()
    first = asyncio.create_task(world.app.post_payment.accept(body(paid), "m-1"))
    await started(first)
    acknowledged = True
    try:
        world.take(await world.process().post_payment.accept(body(paid), "m-1"))
    except Unavailable:
        acknowledged = False
    world.script.fail("commit", Fault.CRASH_AFTER)
    go.set()
    with pytest.raises(Crash):
        await first
    if not acknowledged:
        await world.bring(paid, "m-1")
    await world.pass_time(HOUR)
    assert [result.outcome for result in world.results] == ["posted"]


async def test_an_outcome_is_reported_though_a_second_delivery_of_a_step_was_done_with_before(world):
    world.city.next(NotSent("ConnectError"))
    await world.deliver(message())
    world.clock.advance(60)
    (due,) = await world.app.sweep.run()
    go = world.slow_city()
    first = asyncio.create_task(world.app.drive.step(due, redelivered=False))
    await started(first)
    acknowledged = True
    try:
        world.take(await world.process().drive.step(due, redelivered=True))
    except Unavailable:
        acknowledged = False
    world.script.fail("commit", Fault.CRASH_AFTER)
    go.set()
    with pytest.raises(Crash):
        await first
    if not acknowledged:
        world.take(await world.app.drive.step(due, redelivered=True))
    await world.pass_time(HOUR)
    assert [result.outcome for result in world.results] == ["posted"]


async def test_two_processes_race_for_one_entry_and_one_sends(world):
    world.city.next(NotSent("ConnectError"))
    await world.deliver(message())
    world.clock.advance(60)
    (due,) = await world.app.sweep.run()
    apps = [world.process(), world.process()]
    go = world.slow_city()
    tasks = [asyncio.create_task(app.drive.step(due, redelivered=False)) for app in apps]
    for task in tasks:
        await started(task)
    go.set()
    for handled in await asyncio.gather(*tasks):
        world.take(handled)
    assert [result.outcome for result in world.results] == ["posted"]
    assert len(world.city.receipts_made) == 1


async def test_an_attempt_that_did_not_begin_is_not_the_first(world):
    """What was posted between it and the one that is in doubt shows that a list would show the latter."""
    await world.proven()
    paid = message()
    world.city.next(NotSent("ConnectError"))
    await world.deliver(paid)
    waits = await world.entry(paid)
    world.city.next(LOST)
    await world.pass_time(120)
    entry = await world.entry(paid)
    assert (waits.attempt, entry.attempt, entry.state) == (1, 2, State.UNKNOWN)
    assert entry.first_sent_at == entry.sent_at > waits.sent_at


async def test_one_that_may_have_left_stays_the_first(world):
    await world.proven()
    paid = message()
    world.city.next(LOST, made=False)
    await world.deliver(paid)
    first = await world.entry(paid)
    world.clock.advance(180)
    await world.deliver(message())
    await world.pass_time(3 * HOUR)
    entry = await world.entry(paid)
    assert (entry.attempt, entry.state) == (2, State.POSTED)
    assert entry.first_sent_at == first.sent_at
