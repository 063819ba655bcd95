"""Reading at length: everything once, in bounded memory."""

import tracemalloc
from dataclasses import replace
from datetime import date, timedelta

import pytest

from shared.ledger import rows
from shared.ledger.book import Ledger
from shared.ledger.entry import Key, Kind, State
from shared.ledger.reading import Reader
from shared.ledger.store import Insert
from tests.fakes.clock import StoppedClock
from tests.fakes.ledger import MemoryLedger
from tests.ledger.samples import KEY, NOON, entry

MANY = 20_000
"""Entries of which each takes some 400 bytes."""


@pytest.fixture
def store():
    return MemoryLedger(StoppedClock())


async def fill(store, count, *, biller="2493", **changes):
    keys = [Key(biller, Kind.PAYMENT, f"pay-{number:06}") for number in range(count)]
    for key in keys:
        made = entry(key=key, state=State.POSTED, version=1, **changes)
        await store.commit(rows.shard_of(biller), [Insert(rows.state_key(key), rows.entry_values(made))])
    return keys


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1200])
async def test_every_entry_is_read_once(store, count):
    keys = await fill(store, count)
    await fill(store, 3, biller="24931")
    assert [each.key async for each in Reader(store).entries("2493")] == keys


async def test_all_billers_are_read_shard_by_shard(store):
    for biller in ("2493", "2137", "3180"):
        await fill(store, 2, biller=biller)
    assert {each.key.biller async for each in Reader(store).entries()} == {"2493", "2137", "3180"}


async def test_the_store_itself_looks_for_what_it_can(store):
    await fill(store, 3)
    await fill(store, 2, biller="2137", customer_number="7")
    assert len([each async for each in Reader(store).entries(None, {"customer_number": "7"})]) == 2


async def test_a_row_of_a_newer_release_is_passed_over_and_told(store, caplog):
    await fill(store, 2)
    place = (rows.shard_of("2493"), "P~2493~payment~pay-000000")
    store.rows[place] = replace(store.rows[place], values={**store.rows[place].values, "state": "dreaming"})
    assert len([each async for each in Reader(store).entries("2493")]) == 1
    assert "ledger.row_unreadable" in caplog.text


@pytest.mark.slow
async def test_a_hundred_thousand_entries_are_read_in_bounded_memory(store):
    """The table itself is in memory here: what counts is what reading adds to it, about that of a page."""
    await fill(store, 100_000)
    tracemalloc.start()
    try:
        count = 0
        async for _ in Reader(store).entries("2493"):
            count += 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert peak < 500_000


async def test_held_entries_come_with_cause_and_cents(store):
    ledger = Ledger(store)
    for number, cents in enumerate((100, 200)):
        held_at = NOON + timedelta(minutes=number)
        key = Key("2493", Kind.PAYMENT, f"pay-{number}")
        await ledger.begin(
            entry(key=key, state=State.HELD, cents=cents, held_at=held_at, reason="too_old", reference=f"r{number}")
        )
    found = [held async for held in Reader(store).held("2493")]
    assert [(held.key.id, held.reason, held.cents) for held in found] == [
        ("pay-0", "too_old", 100),
        ("pay-1", "too_old", 200),
    ]
    assert [held.held_at for held in found] == [NOON, NOON + timedelta(minutes=1)]
    assert [held async for held in Reader(store).held("2137")] == []


async def test_held_entries_of_all_shards_come_in_order_of_time(store):
    ledger = Ledger(store)
    for number in range(60):
        key = Key(str(2000 + number * 7), Kind.PAYMENT, "p")
        held_at = NOON + timedelta(minutes=number * 37 % 60)
        await ledger.begin(entry(key=key, state=State.HELD, held_at=held_at, reason="too_old"))
    found = [held.held_at async for held in Reader(store).held()]
    assert found == sorted(found)
    assert len(found) == 60


@pytest.mark.slow
async def test_held_entries_are_read_in_bounded_memory(store):
    shards = rows.SHARDS
    for number in range(MANY):
        key = Key("2493", Kind.PAYMENT, f"pay-{number:06}")
        values = {"biller": "2493", "kind": "payment", "id": key.id, "reason": "too_old", "cents": 100}
        place = rows.held_key(NOON + timedelta(seconds=number), key)
        await store.commit(shards[number % len(shards)], [Insert(place, values)])
    tracemalloc.start()
    try:
        count = 0
        async for _ in Reader(store).held():
            count += 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == MANY
    assert peak < 500_000


async def test_a_day_s_list_names_what_is_booked_under_it(store):
    ledger = Ledger(store)
    await ledger.begin(entry(booked_on="2026-11-23"))
    await ledger.begin(entry(key=replace(KEY, id="pay-2"), booked_on="2026-11-24", reference="IC2"))
    reader = Reader(store)
    [found] = await reader.booked("2493", date(2026, 11, 23))
    assert (found.key, found.received_at) == (KEY, NOON)
    assert await reader.booked("249", date(2026, 11, 23)) == []


async def test_entries_are_looked_up_in_order_and_those_that_are_gone_left_out(store):
    keys = await fill(store, 40)
    asked = [keys[30], Key("2493", Kind.PAYMENT, "gone"), keys[2]]
    assert [each.key async for each in Reader(store).each(asked)] == [keys[30], keys[2]]
