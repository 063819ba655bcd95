"""What one payment costs, counted on the wire between the app and Azurite."""

import re
import uuid

import pytest
from azure.data.tables.aio import TableServiceClient

from bench.counting_proxy import CountingProxy
from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_billers import TableBillers
from shared.azure_stores.table_ledger import TableLedger
from shared.billers.model import Biller
from shared.billers.registry import CachedRegistry
from shared.runtime.clock import SystemClock
from tests.payments.world import NEWPORT, World, message

PAYMENTS = 20


@pytest.fixture
async def proxy(azurite):
    endpoint = re.search(r"TableEndpoint=(http://[^/]+)", azurite.connection_string).group(1)
    async with CountingProxy(endpoint).running() as running:
        yield running, azurite.connection_string.replace(endpoint, running.url)


async def test_a_warm_payment_costs_two_transactions_and_nothing_else(proxy):
    counting, connection = proxy
    time = ServerTime(SystemClock())
    async with TableServiceClient.from_connection_string(connection, raw_response_hook=time.learn) as service:
        ledger = await service.create_table(f"ledger{uuid.uuid4().hex}")
        billers = await service.create_table(f"billers{uuid.uuid4().hex}")
        world = World()
        # The world's clock stands still, so what was read once stays remembered for the whole test.
        world.use(TableLedger(ledger, time), CachedRegistry(TableBillers(billers), world.clock))
        assert await TableBillers(billers).replace(Biller.model_validate(NEWPORT), None)
        await world.deliver(message())
        counting.requests.clear()
        for _ in range(PAYMENTS):
            await world.deliver(message())
    assert [result.outcome for result in world.results] == ["posted"] * (PAYMENTS + 1)
    assert counting.requests == {"POST $batch": 2 * PAYMENTS}
