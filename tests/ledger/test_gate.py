"""Breaker, block, probe and the one that goes alone."""

import asyncio
from collections import Counter

import pytest

from shared.ledger import rows
from shared.ledger.answer import Accepted, Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import State
from shared.ledger.gate import Doubt
from shared.ledger.gates import Gates
from shared.ledger.store import Delete
from shared.ledger.times import Times
from tests.fakes.faulty_ledger import Fault
from tests.ledger.world import started
from tests.payments.world import World, body, message

BILLER = "2493"
MINUTE = 60.0
LOST = Ambiguous("ReadTimeout")
VAGUE = Ambiguous("unlisted_error", unlisted="abc")


async def vague(_):
    return VAGUE


async def doubt(world, gates, unlisted=None):
    """A send that ended unknown, as far as the gate is concerned."""

    async def write(changes):
        await world.store.commit(rows.shard_of(BILLER), changes)

    await gates.doubt(BILLER, Doubt(unlisted=unlisted), write)


async def gate(world):
    """The row as it lies in the table."""
    return await Gates(world.store, world.clock, world.times).look(BILLER)


async def states(world, paid):
    return [(await world.entry(each)).state for each in paid]


async def test_only_the_first_of_an_application_and_tender_writes_the_row_while_all_is_well(world):
    for tender, channels in [("ACH", ("AR/ACH",)), ("CC", ("AR/ACH", "AR/CC"))]:
        await world.deliver(message(tender=tender))
        first = await gate(world)
        assert (first.channels, first.healthy) == (channels, True)
        for _ in range(3):
            await world.deliver(message(tender=tender))
        world.restart()
        await world.deliver(message(tender=tender))
        assert await gate(world) == first


async def test_pauses_grow_and_the_last_repeats(world):
    world.city.up = False
    world.city.next(*[NotSent("ConnectError")] * 5)
    for _ in range(5):
        await world.deliver(message())
    pauses = []
    for _ in range(7):
        row = await gate(world)
        pauses.append((row.open_until - world.clock.now()).total_seconds())
        world.clock.advance(pauses[-1] + 31)
        await world.gates.failed(BILLER)
    assert pauses == [30, 60, 120, 300, 600, 600, 600]


async def test_an_answer_between_failures_starts_the_count_anew(world):
    for _ in range(4):
        world.city.next(*[NotSent("ConnectError")] * 4, Refused("customer_unknown", Scope.ENTRY))
        for _ in range(5):
            await world.deliver(message())
    assert (await gate(world)).failures == 0
    assert len(world.city.orders) == 20


async def test_after_an_unknown_a_read_comes_before_the_next_order(world):
    world.city.next(LOST, made=True)
    await world.deliver(message())
    world.city.up = False
    late = message()
    await world.deliver(late)
    await world.pass_time(MINUTE)
    assert (len(world.city.orders), world.city.probes) == (1, 1)
    world.city.up = True
    await world.pass_time(5 * MINUTE)
    assert (await world.entry(late)).state is State.POSTED


async def test_a_dead_city_makes_no_more_unknown_than_were_in_flight(world):
    world.city.up = False
    world.city.next(*[LOST] * 100)
    apps = [world.app, world.process()]
    paid = [message() for _ in range(40)]
    for handled in await asyncio.gather(
        *(apps[n % 2].post_payment.accept(body(each), f"m-{n}") for n, each in enumerate(paid))
    ):
        world.take(handled)
    await world.drain()
    await world.pass_time(30 * MINUTE)
    assert (await states(world, paid)).count(State.UNKNOWN) <= 2
    assert len(world.city.orders) <= 2


async def test_instances_that_remember_a_healthy_city_make_no_more_unknown_than_slots(world):
    world.city.up = False
    apps = [world.process() for _ in range(6)]
    for number, app in enumerate(apps):
        world.take(await app.post_payment.accept(body(message()), f"well-{number}"))
    world.city.next(*[LOST] * 100)
    paid = [message() for _ in apps]
    for number, (app, each) in enumerate(zip(apps, paid, strict=True)):
        world.take(await app.post_payment.accept(body(each), f"m-{number}"))
    assert (await states(world, paid)).count(State.UNKNOWN) == 2
    assert len(world.keys("S~")) == 2


@pytest.mark.slow
async def test_500_payments_to_an_unmarked_workspace_leave_three_unknown_and_one_alert(world, caplog):
    """Two block; half an hour later one tries whether it is over."""
    await world.proven()
    apps = [world.process() for _ in range(3)]
    world.city.script = [vague] * 1000
    paid = [message() for _ in range(500)]
    for number, each in enumerate(paid):
        world.take(await apps[number % 3].post_payment.accept(body(each), f"m-{number}"))
    world.app = apps[0]
    await world.pass_time(2 * 60 * MINUTE)
    found = Counter(await states(world, paid))
    assert found[State.UNKNOWN] + found[State.HELD] <= 3
    assert found[State.RECEIVED] >= 497
    assert sum('"biller.blocked"' in record.getMessage() for record in caplog.records) == 1

    world.city.script = []
    await world.gates.unblock(BILLER)
    await world.pass_time(4 * 60 * MINUTE)
    assert Counter(await states(world, paid)) == {State.POSTED: 500}
    assert world.city.doubled() == 0


async def test_only_one_probes_and_never_beside_an_order_under_way(world):
    go = world.slow_city()
    task = asyncio.create_task(world.app.post_payment.accept(body(message()), "m"))
    await started(task)
    gates = [Gates(world.store, world.clock, world.times) for _ in range(2)]
    await doubt(world, gates[0])
    world.clock.advance(11)
    assert [await each.begin_probe(BILLER) for each in gates] == [False, False]
    go.set()
    await task
    await doubt(world, gates[0])
    world.clock.advance(11)
    assert [await each.begin_probe(BILLER) for each in gates] == [True, False]


async def test_a_prober_that_dies_is_followed_by_another(world):
    gates = Gates(world.store, world.clock, world.times)
    await doubt(world, gates)
    world.clock.advance(11)
    assert await gates.begin_probe(BILLER)
    world.clock.advance(61)
    assert await gates.begin_probe(BILLER)


async def test_a_probe_that_was_no_longer_needed_closes_nothing(world):
    gates = Gates(world.store, world.clock, world.times)
    await gates.begin_probe(BILLER)
    await gates.answered(BILLER)
    assert (await gate(world)).closed_by(world.clock.now()) is None


async def test_after_unblocking_one_goes_alone_and_the_rest_follow_its_success(world):
    await world.proven()
    world.city.next(Refused("licence_missing", Scope.BILLER))
    for _ in range(6):
        await world.deliver(message())
    await world.gates.unblock(BILLER)
    busy, most, most_before_success = 0, 0, 0

    async def watched(order):
        nonlocal busy, most, most_before_success
        busy += 1
        most = max(most, busy)
        if len(world.city.receipts_made) == 1:
            most_before_success = most
        await asyncio.sleep(0)
        busy -= 1
        return Accepted(world.city.make(order).receipt_number)

    world.city.script = [watched] * 6
    world.clock.advance(15 * MINUTE)
    dues = await world.app.sweep.run()
    other = world.process()
    apps = [world.app, other]
    for handled in await asyncio.gather(
        *(apps[n % 2].drive.step(due, redelivered=False) for n, due in enumerate(dues))
    ):
        world.take(handled)
    await world.drain()
    await world.pass_time(75 * MINUTE)
    assert most_before_success == 1
    assert [result.outcome for result in world.results] == ["posted"] * 6


async def test_one_that_goes_alone_and_fails_is_followed_by_one_alone(world):
    await world.proven()
    await world.gates.block(BILLER, "licence_missing")
    await world.gates.unblock(BILLER)
    world.city.next(Refused("customer_unknown", Scope.ENTRY))
    await world.deliver(message())
    assert (await gate(world)).alone
    await world.deliver(message())
    assert not (await gate(world)).alone


async def test_one_unlisted_error_written_twice_does_not_suspect_the_workspace(world):
    world.city.next(VAGUE)
    world.script.fail("commit", Fault.OWN_CONFLICT, nth=2)
    await world.bring(message(), "m-1")
    assert (await gate(world)).blocked is None


async def test_a_success_between_two_equal_errors_clears_the_suspicion(world):
    for answer in (VAGUE, None, VAGUE):
        if answer:
            world.city.next(answer)
        await world.deliver(message())
        await world.pass_time(MINUTE)
    assert (await gate(world)).blocked is None


async def test_who_waited_for_a_slot_is_not_sent_where_the_answer_before_it_blocked_the_biller():
    world = World(times=Times(slot_wait=30))
    await world.set_up(connectVersion="2025.01.001")
    answer = asyncio.Event()

    async def refused(_order):
        await answer.wait()
        return Refused("licence_missing", Scope.BILLER)

    world.city.script = [refused]
    payments = [message() for _ in range(2)]
    sending = [asyncio.create_task(world.deliver(payment)) for payment in payments]
    for task in sending:
        await started(task)
    answer.set()
    await asyncio.gather(*sending)
    assert len(world.city.orders) == 1, "its biller has one slot"
    refused_one, waited = [await world.entry(payment) for payment in payments]
    assert (refused_one.reason, waited.state) == ("outcome_unknown", State.RECEIVED), "nobody can be asked"
    await world.gates.unblock("2493")
    await world.pass_time(1200)
    assert len(world.city.receipts_made) == 1
    assert await states(world, payments) == [State.HELD, State.POSTED]


@pytest.mark.parametrize("scope", [Scope.BILLER, Scope.ENTRY])
async def test_a_block_outlives_successes_that_were_under_way(world, scope):
    await world.proven()
    go = world.slow_city()
    task = asyncio.create_task(world.app.post_payment.accept(body(message()), "m"))
    await started(task)
    world.city.next(Refused("licence_missing", scope))
    await world.deliver(message())
    go.set()
    await task
    assert (await gate(world)).blocked == ("licence_missing" if scope is Scope.BILLER else None)


async def test_unblocking_opens_a_closed_slot_whose_gate_was_removed_by_hand(world):
    await world.set_up(slots=1)
    world.city.next(LOST, made=True)
    await world.deliver(message())
    await world.store.commit(rows.shard_of(BILLER), [Delete(rows.gate_key(BILLER))])
    world.restart()
    late = message()
    await world.deliver(late)
    await world.pass_time(10 * MINUTE)
    assert (await world.entry(late)).state is State.RECEIVED
    await world.gates.unblock(BILLER)
    await world.pass_time(10 * MINUTE)
    assert (await world.entry(late)).state is State.POSTED
