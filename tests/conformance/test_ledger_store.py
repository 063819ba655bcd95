"""What every ``LedgerStore`` must do, on memory and on Azurite."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from azure.data.tables.aio import TableServiceClient

from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_ledger import TableLedger
from shared.ledger.book import Ledger
from shared.ledger.entry import Key, Kind, State
from shared.ledger.store import ANY, Delete, Insert, LedgerStore, Replace, RowChanged, RowExists
from shared.ledger.unfinished import Unfinished
from shared.runtime.clock import SystemClock
from tests.fakes.clock import StoppedClock
from tests.fakes.ledger import MemoryLedger
from tests.ledger.samples import NOON, entry


@pytest.fixture(params=["memory", "azurite"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[LedgerStore]:
    if request.param == "memory":
        yield MemoryLedger(StoppedClock())
        return
    connection = request.getfixturevalue("azurite").connection_string
    time = ServerTime(SystemClock())
    async with TableServiceClient.from_connection_string(connection, raw_response_hook=time.learn) as service:
        table = await service.create_table(f"ledger{uuid.uuid4().hex}")
        yield TableLedger(table, time)
        await service.delete_table(table.table_name)


async def test_a_row_comes_back_as_it_was_written(store):
    values = {"text": "José", "count": 7, "share": 1.5, "message": b"{}\x00", "flag": True}
    etags = await store.commit("00", [Insert("P~1", values)])
    row = await store.read("00", "P~1")
    assert dict(row.values) == values
    assert row.etag == etags["P~1"]
    assert await store.read("01", "P~1") is None


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_a_taken_key_is_named_and_nothing_is_written(store, position):
    await store.commit("00", [Insert("taken", {})])
    changes = [Insert("a", {}), Insert("b", {})]
    changes.insert(position, Insert("taken", {}))
    with pytest.raises(RowExists) as caught:
        await store.commit("00", changes)
    assert caught.value.key == "taken"
    assert await store.read("00", "a") is None
    assert await store.read("00", "b") is None


@pytest.mark.parametrize("position", [0, 1])
async def test_another_version_is_named_and_nothing_is_written(store, position):
    etags = await store.commit("00", [Insert("P", {"n": 1})])
    await store.commit("00", [Replace("P", {"n": 2}, etags["P"])])
    changes = [Insert("E", {})]
    changes.insert(position, Replace("P", {"n": 3}, etags["P"]))
    with pytest.raises(RowChanged) as caught:
        await store.commit("00", changes)
    assert caught.value.key == "P"
    assert (await store.read("00", "P")).values["n"] == 2
    assert await store.read("00", "E") is None


async def test_replacing_drops_values_that_are_not_named(store):
    etags = await store.commit("00", [Insert("P", {"old": 1})])
    await store.commit("00", [Replace("P", {"new": 2}, etags["P"])])
    assert dict((await store.read("00", "P")).values) == {"new": 2}


async def test_any_etag_replaces_what_is_there_but_makes_nothing(store):
    await store.commit("00", [Insert("O", {"n": 1})])
    await store.commit("00", [Replace("O", {"n": 2}, ANY)])
    assert (await store.read("00", "O")).values["n"] == 2
    with pytest.raises(RowChanged):
        await store.commit("00", [Replace("missing", {}, ANY)])


async def test_deleting_a_missing_row_undoes_the_transaction(store):
    with pytest.raises(RowChanged) as caught:
        await store.commit("00", [Insert("P", {}), Delete("missing")])
    assert caught.value.key == "missing"
    assert await store.read("00", "P") is None


async def test_one_transaction_inserts_replaces_and_deletes(store):
    etags = await store.commit("00", [Insert("P", {"n": 1}), Insert("O~1", {}), Insert("S", {})])
    await store.commit("00", [Replace("P", {"n": 2}, etags["P"]), Insert("E", {}), Delete("O~1"), Delete("S")])
    assert (await store.read("00", "P")).values["n"] == 2
    assert await store.read("00", "O~1") is None
    assert await store.read("00", "S") is None


async def test_a_scan_is_ordered_limited_and_ends_before_its_end(store):
    rows = [Insert(f"O~{number:03}", {"queue": "a"}) for number in range(7)]
    await store.commit("00", [*reversed(rows), Insert("P~1", {"queue": "a"})])
    assert [row.key for row in await store.scan("00", "O~", "O~005", limit=9)] == [f"O~{n:03}" for n in range(5)]
    assert [row.key for row in await store.scan("00", "O~002", "O~\x7f", limit=2)] == ["O~002", "O~003"]


async def test_a_scan_keeps_only_and_passes_over(store):
    owners = ["a", "b", "c", "a", "b'; --"]
    await store.commit("00", [Insert(f"O~{n}", {"queue": owner}) for n, owner in enumerate(owners)])
    kept = await store.scan("00", "O~", "O~\x7f", limit=9, only={"queue": "a"})
    assert [row.key for row in kept] == ["O~0", "O~3"]
    passed = await store.scan("00", "O~", "O~\x7f", limit=9, skip=["a", "b'; --"])
    assert [row.key for row in passed] == ["O~1", "O~2"]


async def test_a_customer_s_unfinished_entries_are_found_among_everybody_s(store):
    ledger, unfinished = Ledger(store), Unfinished(store)
    for number, (customer, state) in enumerate(
        [("000412", "received"), ("000412", "held"), ("000412", "skipped"), ("000413", "received"), ("O'Hara", "held")]
    ):
        one = entry(customer_number=customer, state=State(state), reference=f"IC{number}")
        placed = {"due": NOON} if state == "received" else {"held_at": NOON if state == "held" else None}
        await ledger.begin(one._replace(key=Key("2493", Kind.PAYMENT, f"pay-{number}"), **placed))
    found = [
        [each.key.id for each in await unfinished.of("2493", Kind.PAYMENT, customer)]
        for customer in ("000412", "O'Hara", "412")
    ]
    assert found == [["pay-0", "pay-1"], ["pay-4"], []]
    assert await unfinished.of("2493", Kind.REVERSAL, "000412") == []
    assert await unfinished.of("2137", Kind.PAYMENT, "000412") == []


async def test_a_scan_brings_only_the_fields_that_are_wanted(store):
    await store.commit(
        "00", [Insert("H~1", {"biller": "1", "cents": 7, "reason": "x"}), Insert("H~2", {"biller": "1"})]
    )
    found = await store.scan("00", "H~", "H~\x7f", limit=9, only={"biller": "1"}, fields=("cents", "reason"))
    assert [(row.key, row.values) for row in found] == [("H~1", {"cents": 7, "reason": "x"}), ("H~2", {})]


async def test_a_scan_reads_past_one_page(store):
    for start in range(0, 1200, 100):
        await store.commit("00", [Insert(f"O~{start + n:05}", {"queue": "a"}) for n in range(100)])
    assert len(await store.scan("00", "O~", "O~\x7f", limit=5000)) == 1200


async def test_the_service_clock_corrects_a_wrong_local_one(azurite):
    wrong = StoppedClock(datetime(2020, 1, 1, tzinfo=UTC))
    time = ServerTime(wrong)
    async with TableServiceClient.from_connection_string(
        azurite.connection_string, raw_response_hook=time.learn
    ) as service:
        table = await service.create_table(f"ledger{uuid.uuid4().hex}")
        await TableLedger(table, time).read("00", "P")
        assert abs(time.now() - datetime.now(UTC)) < timedelta(seconds=5)
        await service.delete_table(table.table_name)


def test_a_step_of_the_local_clock_does_not_move_the_service_clock():
    clock = StoppedClock()
    time, answered = ServerTime(clock), clock.now()
    headers = {"Date": format_datetime(answered, usegmt=True)}
    time.learn(SimpleNamespace(http_response=SimpleNamespace(headers=headers)))
    clock.step(minutes=-20)
    clock.advance(30)
    assert time.now() - answered == timedelta(seconds=30)
