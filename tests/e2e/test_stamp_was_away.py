"""A region is down for two hours, another stamp takes one of its billers over, and the region comes back."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueServiceClient

from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.traffic import Traffic
from shared.azure_stores.table_billers import TableBillers
from shared.azure_stores.table_runs import TableRuns
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

TAKEN = Biller.model_validate(NEWPORT)
STAYED = TAKEN.model_copy(update={"biller_id": "2137", "subdomain": "ictest"})
PAYMENTS = [message(), message(billerId="2137")]
LINES = [json.dumps(each) for each in PAYMENTS]
AT_ONCE = {"BILLER_CACHE_SECONDS": "0", "KEY_CACHE_SECONDS": "0"}
SECONDS = 90


@pytest.fixture(scope="module")
def east(tmp_path_factory):
    """The stamp that took Newport over."""
    taken = TAKEN.model_copy(update={"region": "eastus2"})
    state = tmp_path_factory.mktemp("east") / "state"
    with Stack(state, [taken, STAYED], LINES, region="eastus2", settings=AT_ONCE) as stack:
        yield stack


@pytest.fixture(scope="module")
def west(tmp_path_factory, east):
    """The stamp that was away; it knows where the other is."""
    caselle = {"caselle_url": east.simulator.caselle_url, "token_url": east.simulator.token_url}
    settings = AT_ONCE | {"CALLBACK_STAMPS": f"westus2=http://127.0.0.1:1,eastus2={east.functions_url}"}
    state = tmp_path_factory.mktemp("west") / "state"
    with Stack(state, [TAKEN, STAYED], settings=settings, **caselle) as stack:
        asyncio.run(token_for(stack, east))
        stack.kill_host()
        yield stack


async def token_for(stack, east):
    """Caselle delivers the token of the biller that stayed."""
    async with SimulatorControl(east.control_url) as control:
        await control.switch("ictest", callbackUrl=stack.callback_urls["2137"])
        assert await control.deliver_token("ictest") == HTTPStatus.OK


async def last_swept(stack, hours):
    async with TableClient.from_connection_string(stack.storage, "runs") as table:
        runs = TableRuns(table)
        for timer in await runs.all():
            await runs.note(timer, datetime.now(UTC) - timedelta(hours=hours))
        await runs.note("sweep", datetime.now(UTC) - timedelta(hours=hours))


async def paused(stack):
    async with TableClient.from_connection_string(stack.storage, "billers") as table:
        return {each.biller_id: each.paused.reason if each.paused else None for each in await TableBillers(table).all()}


async def test_what_another_stamp_claims_waits_and_the_rest_goes_on(west, east):
    async with (
        QueueServiceClient.from_connection_string(west.storage) as queues,
        SimulatorControl(east.control_url) as control,
    ):
        await last_swept(west, hours=2)
        await Traffic(queues, LINES).enqueue()
        await asyncio.to_thread(west.start_host)

        async def posted():
            return (await control.summary())["2137"]["receipts"] == 1

        await until(posted, SECONDS)
        assert (await control.summary())["2493"]["receipts"] == 0
    assert await paused(west) == {"2137": None, "2493": "stamp_was_away: eastus2 is home to it"}
    assert await paused(east) == {"2137": None, "2493": None}


async def test_where_the_other_cannot_be_asked_everything_waits(west, east):
    west.kill_host()
    east.kill_host()
    async with QueueServiceClient.from_connection_string(west.storage) as queues:
        await last_swept(west, hours=2)
        await Traffic(queues, [json.dumps(message(billerId="2137"))]).enqueue()
        await asyncio.to_thread(west.start_host)

        async def all_paused():
            found = await paused(west)
            return found["2137"] is not None and found["2137"].startswith("stamp_was_away: eastus2 could not be asked")

        await until(all_paused, SECONDS)
    await asyncio.to_thread(east.start_host)
    async with SimulatorControl(east.control_url) as control:
        assert (await control.summary())["2137"]["receipts"] == 1
