"""A token that Caselle refuses while payments come in, on the whole stack: renewed once, every payment posted."""

import asyncio
import json

import pytest
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueServiceClient

from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.traffic import Traffic
from shared.azure_stores.table_tokens import TableTokens
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message

CITY = Biller.model_validate(NEWPORT | {"clientId": "client", "tokenStrategy": "client_credentials"})
LINES = [json.dumps(message()) for _ in range(30)]


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path / "state", [CITY], LINES) as running:
        yield running


async def test_payments_go_on_after_the_city_switched_its_token_off(stack):
    async with (
        SimulatorControl(stack.control_url) as control,
        QueueServiceClient.from_connection_string(stack.storage) as queues,
        TableClient.from_connection_string(stack.storage, "tokens") as table,
    ):
        await control.revoke_tokens("newportor")
        traffic = Traffic(queues, LINES)
        sending = asyncio.create_task(traffic.enqueue())
        assert await traffic.collect(patience=60, each_time=lambda: None), traffic.unsettled()
        await sending
        assert traffic.counts() == {"posted": len(LINES)}
        summary = (await control.summary())["2493"]
        assert (summary["receipts"], summary["doubled"]) == (len(LINES), 0)
        row = await TableTokens(table).read("2493")
        # The first one came by the callback.
        assert (row.generation, row.renewal.holder) == (2, None)
