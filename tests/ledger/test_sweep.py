"""The sweeper finds what is due, of everybody, and closes what was reported."""

from datetime import timedelta

import pytest

from shared.ledger import rows, settle
from shared.ledger.answer import NotSent
from shared.ledger.book import Ledger
from shared.ledger.entry import Key, Kind, State, Wait
from shared.ledger.outage import Outage
from shared.ledger.rows import SHARDS, shard_of
from shared.ledger.store import Insert
from shared.ledger.sweep import MOST_OTHERS_PER_BILLER, MOST_PER_RUN, Sweep
from shared.vocabulary.errors import Unavailable
from tests.ledger.samples import NOON, entry
from tests.payments.world import TIMES, body, message

BILLER = "2493"
SHARD = shard_of(BILLER)
NEIGHBOUR = next(str(number) for number in range(1, 1000) if shard_of(str(number)) == SHARD)


def _billers_of(shard, count):
    return [str(number) for number in range(1, 2000) if shard_of(str(number)) == shard][:count]


async def wait_in(world, biller, count, state="received", due=NOON - timedelta(hours=1)):
    """Open rows as they lie, without the trouble of making each one."""
    for number in range(count):
        key = Key(biller, Kind.PAYMENT, f"p{number:05}")
        named = {"biller": biller, "kind": "payment", "id": key.id, "version": 1, "queue": f"{biller}~{state}"}
        at = due + timedelta(milliseconds=number)
        await world.store.commit(shard_of(biller), [Insert(rows.open_key(at, key), named)])


async def test_what_is_not_due_is_left_alone(world):
    await wait_in(world, BILLER, 1, due=NOON + timedelta(milliseconds=1))
    assert await world.app.sweep.run() == []
    world.clock.advance(0.001)
    assert len(await world.app.sweep.run()) == 1


async def test_ten_thousand_waiting_do_not_hide_a_neighbour(world):
    await wait_in(world, BILLER, 10_000)
    await wait_in(world, NEIGHBOUR, 3, due=NOON - timedelta(minutes=1))
    reads = world.store.reads
    found = await world.app.sweep.run()
    assert [due.biller_id for due in found].count(NEIGHBOUR) == 3
    assert [due.biller_id for due in found].count(BILLER) == 4
    assert world.store.reads - reads < 2 * len(SHARDS) + 5


async def test_many_neighbours_each_get_their_share(world):
    crowd = _billers_of(SHARD, 15)
    for biller in crowd:
        await wait_in(world, biller, 300)
    found = await world.app.sweep.run()
    assert {biller: [due.biller_id for due in found].count(biller) for biller in crowd} == dict.fromkeys(crowd, 4)


async def test_a_run_brings_no_more_than_it_may(world):
    for biller in _billers_of(SHARD, 12):
        await wait_in(world, biller, 60, state="unknown")
    assert len(await world.app.sweep.run()) == MOST_PER_RUN


@pytest.mark.parametrize("state", ["waiting", "unknown"])
async def test_rejects_that_wait_for_ever_do_not_crowd_out_a_neighbour(world, state):
    await wait_in(world, BILLER, 2000, state=state)
    await wait_in(world, NEIGHBOUR, 3, due=NOON - timedelta(minutes=1))
    found = [due.biller_id for due in await world.app.sweep.run()]
    assert (found.count(BILLER), found.count(NEIGHBOUR)) == (MOST_OTHERS_PER_BILLER, 3)


async def test_no_shard_waits_for_ever_behind_fuller_ones(world):
    """Some billers have more due than one run carries, run after run; the last shard's biller is still driven."""
    for biller in _billers_of("00", 12):
        await wait_in(world, biller, 60, state="unknown")
    last = _biller_of("1f")
    await wait_in(world, last, 1)
    found = set()
    for _ in range(len(SHARDS) + 1):
        found |= {due.biller_id for due in await world.app.sweep.run()}
        world.clock.advance(60)
    assert last in found


async def test_a_row_of_a_newer_release_stops_nobody_else(world):
    newer = rows.open_key(NOON, Key(NEIGHBOUR, Kind.PAYMENT, "x")).replace("payment", "refund")
    values = {"biller": NEIGHBOUR, "kind": "refund", "id": "x", "version": 1, "queue": f"{NEIGHBOUR}~received"}
    await world.store.commit(SHARD, [Insert(newer, values)])
    await wait_in(world, BILLER, 1)
    assert [due.biller_id for due in await world.app.sweep.run()] == [BILLER]


async def test_a_shard_that_does_not_answer_stops_no_other(world):
    class OneDown:
        def now(self):
            return NOON

        async def scan(self, shard, *place, **how):
            if shard == "00":
                raise Unavailable("one partition is moving")
            return await world.store.scan(shard, *place, **how)

    await wait_in(world, BILLER, 1)
    assert len(await Sweep(Ledger(OneDown()), Outage(world.gates), TIMES).run()) == 1


async def test_rows_ten_minutes_late_are_told_once_per_biller(world, caplog):
    await wait_in(world, BILLER, 3)
    await wait_in(world, NEIGHBOUR, 1, due=NOON - timedelta(minutes=9))
    await world.app.sweep.run()
    told = [record.getMessage() for record in caplog.records if "past_due" in record.getMessage()]
    assert len(told) == 1
    assert '"at_least": 3' in told[0]


async def test_a_chain_that_broke_is_taken_up_again(world):
    world.city.next(*[NotSent("ConnectError")] * 4)
    for _ in range(4):
        await world.deliver(message())
    await world.pass_time(180)
    assert [result.outcome for result in world.results] == ["posted"] * 4


async def settled_with_report(world):
    """As the command line leaves an entry: settled, with an open row due now."""
    held = await world.ledger.begin(
        settle.held(entry()._replace(message=body(message(paymentId="pay-1"))), "outcome_unknown", NOON)
    )
    done = settle.posted(held, "5.9")._replace(due=NOON, wait=Wait.REPORT)
    return await world.ledger.move(held, done)


async def test_a_person_s_outcome_is_reported_then_its_row_closed(world):
    posted = await settled_with_report(world)
    (due,) = await world.app.sweep.run()
    first = await world.app.drive.step(due, redelivered=False)
    assert [result.outcome for result in first.results] == ["posted"]
    assert world.keys("O~"), "not before the report is in its queue"
    (closing,) = first.due
    assert closing.reported
    second = await world.app.drive.step(closing, redelivered=False)
    assert (second.results, second.due) == ((), ())
    assert world.keys("O~") == []
    left = await world.ledger.read(posted.key)
    assert (left.state, left.version, left.wait) == (State.POSTED, posted.version, None)


async def test_a_crash_between_report_and_closing_reports_again(world):
    await settled_with_report(world)
    for _ in range(2):
        (due,) = await world.app.sweep.run()
        assert len((await world.app.drive.step(due, redelivered=False)).results) == 1


async def test_a_closing_that_comes_twice_does_nothing(world):
    await settled_with_report(world)
    (due,) = await world.app.sweep.run()
    (closing,) = (await world.app.drive.step(due, redelivered=False)).due
    for redelivered in (False, True):
        handled = await world.app.drive.step(closing, redelivered=redelivered)
        assert (handled.results, handled.due) == ((), ())


def _biller_of(shard: str) -> str:
    return next(str(number) for number in range(1, 10_000) if shard_of(str(number)) == shard)
