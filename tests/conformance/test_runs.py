"""Notes of runs: the table and the fake behave alike."""

import uuid
from datetime import UTC, datetime

import pytest
from azure.data.tables.aio import TableClient

from shared.azure_stores.table_runs import TableRuns
from shared.vocabulary.errors import Unavailable
from tests.fakes.runs import MemoryRuns

NOON = datetime(2026, 11, 20, 12, 0, 1, 234567, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 12, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "azurite"])
async def runs(request):
    if request.param == "memory":
        yield MemoryRuns()
        return
    connection = request.getfixturevalue("azurite").connection_string
    async with TableClient.from_connection_string(connection, f"runs{uuid.uuid4().hex}") as table:
        await table.create_table()
        yield TableRuns(table)


async def test_a_timer_that_never_ran_has_no_note(runs):
    assert await runs.all() == {}


async def test_the_latest_run_of_each_timer_is_noted(runs):
    await runs.note("sweep", NOON)
    await runs.note("retain", NOON)
    await runs.note("sweep", LATER)
    assert await runs.all() == {"sweep": LATER, "retain": NOON}


async def test_a_table_that_is_not_there_is_a_store_that_does_not_answer(azurite):
    async with TableClient.from_connection_string(azurite.connection_string, f"runs{uuid.uuid4().hex}") as table:
        with pytest.raises(Unavailable):
            await TableRuns(table).note("sweep", NOON)
