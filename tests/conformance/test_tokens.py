"""Every store of token rows behaves alike."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from shared.azure_stores.table_tokens import TableTokens
from shared.billers.model import TokenStrategy
from shared.tokens.row import Candidate, Renewal, TokenRow
from shared.vocabulary.errors import Unavailable
from tests.fakes.tokens import FakeTokenRows

DUE = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["fake", "table"])
def rows(request):
    return FakeTokenRows() if request.param == "fake" else TableTokens(request.getfixturevalue("table"))


def _row(generation=1, biller_id="2493", **fields):
    usual = {
        "since": DUE - timedelta(days=150),
        "expires_at": DUE + timedelta(days=30),
        "due_at": DUE,
        "version": uuid.uuid4().hex,
        "fingerprint": "f" * 16,
    }
    return TokenRow(biller_id=biller_id, generation=generation, **(usual | fields))


async def test_a_row_is_written_read_and_replaced(rows):
    assert await rows.read("2493") is None
    first = _row(previous_version=None)
    assert await rows.write(first, replaces=None)
    assert await rows.read("2493") == first
    second = _row(2, previous_version=first.version, due_at=DUE + timedelta(days=1))
    assert await rows.write(second, replaces=first)
    assert await rows.read("2493") == second
    assert await rows.read("249") is None


async def test_all_rows_come_in_order_and_nothing_else(rows):
    assert await rows.all() == []
    written = [_row(biller_id=biller) for biller in ("2493", "2137", "999999999")]
    for row in written:
        assert await rows.write(row, replaces=None)
    assert await rows.all() == [written[1], written[0], written[2]]


async def test_only_what_was_read_is_replaced(rows):
    first, second = _row(), _row(2)
    assert not await rows.write(second, replaces=first)
    assert await rows.read("2493") is None
    assert await rows.write(first, replaces=None)
    assert not await rows.write(_row(), replaces=None)
    assert await rows.write(second, replaces=first)
    assert not await rows.write(_row(2), replaces=first)
    assert await rows.read("2493") == second


async def test_of_writers_at_once_one_wins(rows):
    first = _row()
    assert await rows.write(first, replaces=None)
    rivals = [_row(2, due_at=DUE + timedelta(days=n)) for n in range(5)]
    won = await asyncio.gather(*(rows.write(rival, replaces=first) for rival in rivals))
    assert sum(won) == 1
    assert await rows.read("2493") == rivals[won.index(True)]


async def test_of_instances_that_claim_a_renewal_at_once_one_gets_it(rows):
    """This is what makes a renewal a single one across instances."""
    row = _row()
    assert await rows.write(row, replaces=None)
    claims = [row.model_copy(update={"renewal": Renewal(until=DUE, holder=uuid.uuid4().hex)}) for _ in range(5)]
    won = await asyncio.gather(*(rows.write(claim, replaces=row) for claim in claims))
    assert sum(won) == 1
    claimed = claims[won.index(True)]
    assert await rows.read("2493") == claimed
    assert not await rows.write(_row(2), replaces=row)
    assert await rows.write(_row(2, renewal=Renewal(until=DUE)), replaces=claimed)
    assert (await rows.read("2493")).renewal == Renewal(until=DUE)


async def test_a_row_from_before_there_were_renewals_can_be_claimed(table):
    old = _row()
    stored = {"PartitionKey": "tokens", "RowKey": "T~2493", "token": old.model_dump_json(exclude={"renewal"})}
    await table.create_entity(stored)
    claimed = old.model_copy(update={"renewal": Renewal(until=DUE, holder="one")})
    assert await TableTokens(table).write(claimed, replaces=old)
    assert await TableTokens(table).read("2493") == claimed


async def test_a_write_that_meets_its_own_row_has_succeeded(rows):
    first, second = _row(), _row(2)
    assert await rows.write(first, replaces=None)
    assert await rows.write(first, replaces=None)
    assert await rows.write(second, replaces=first)
    assert await rows.write(second, replaces=first)


async def test_a_commit_whose_answer_was_lost_is_found_out_by_reading(table, monkeypatch):
    commit = table.submit_transaction

    async def repeated(operations):
        await commit(operations)
        return await commit(operations)

    monkeypatch.setattr(table, "submit_transaction", repeated)
    first, second = _row(), _row(2, due_at=DUE + timedelta(days=1))
    assert await TableTokens(table).write(first, replaces=None)
    assert await TableTokens(table).write(second, replaces=first)
    assert await TableTokens(table).read("2493") == second


async def test_each_biller_has_one_due_row_ordered_by_time(table):
    rows = TableTokens(table)
    late, soon = _row(), _row(biller_id="2137", due_at=DUE - timedelta(days=1))
    for row in (late, soon):
        assert await rows.write(row, replaces=None)
    moved = _row(2, due_at=DUE + timedelta(days=9))
    assert await rows.write(moved, replaces=late)
    assert await rows.write(_row(3, due_at=moved.due_at), replaces=moved)
    keys = [entity["RowKey"] async for entity in table.list_entities()]
    assert keys == ["D~001795089600123~2137", "D~001795953600123~2493", "T~2137", "T~2493"]


async def test_a_missing_table_is_not_an_empty_one(table):
    await table.delete_table()
    for call in (TableTokens(table).read("2493"), TableTokens(table).write(_row(), replaces=None)):
        with pytest.raises(Unavailable):
            await call


async def test_a_row_keeps_everything_it_was_given(rows):
    waiting = Candidate(
        version="2",
        fingerprint="e" * 16,
        expires_at=DUE,
        delivered_at=DUE,
        look_at=DUE + timedelta(hours=1),
        refusals=1,
    )
    fields = {"candidates": (waiting,), "warned_days": 14, "supervised": TokenStrategy.REFRESH_TOKEN}
    row = _row(previous_version="1", renewal=Renewal(until=DUE, holder="me"), **fields)
    assert await rows.write(row, replaces=None)
    assert await rows.read("2493") == row


async def test_what_is_due_is_found_longest_first_and_nothing_else(rows):
    for number, minutes in enumerate([-1, 5, 0, -60, 3]):
        due_at = DUE + timedelta(minutes=minutes)
        assert await rows.write(_row(biller_id=str(100 + number), due_at=due_at), replaces=None)
    assert await rows.write(_row(biller_id="999", due_at=None), replaces=None)
    assert await rows.due(DUE, 10) == ["103", "100", "102"]
    assert await rows.due(DUE, 2) == ["103", "100"]
    assert await rows.due(DUE - timedelta(hours=2), 10) == []


async def test_a_row_is_due_at_its_latest_time_only(rows):
    before = _row()
    assert await rows.write(before, replaces=None)
    for due_at in (DUE + timedelta(hours=1), None, DUE + timedelta(hours=2), DUE + timedelta(hours=2)):
        row = before.model_copy(update={"due_at": due_at, "version": uuid.uuid4().hex})
        assert await rows.write(row, replaces=before)
        assert await rows.due(DUE, 10) == []
        assert await rows.due(DUE + timedelta(days=1), 10) == (["2493"] if due_at else [])
        before = row
