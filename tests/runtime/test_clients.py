"""The clients of a stamp's stores."""

import pytest

from shared.azure_stores.table_ledger import ServerTime
from shared.runtime.clients import table_service
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings
from tests.caselle.raw_server import RawServer, answer
from tests.runtime.test_settings import GOOD

KEPT = answer(b"", "204 No Content", "ETag: 1")
ACCOUNT = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint={}/a"


def _no_credential():
    raise AssertionError


@pytest.mark.parametrize(("proxied", "connections"), [(False, (1, 0)), (True, (0, 1))])
async def test_only_a_person_s_machine_reaches_the_tables_through_its_proxy(monkeypatch, proxied, connections):
    async with RawServer(KEPT) as server, RawServer(KEPT) as proxy:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "")
        found = Settings.read(GOOD | {"AzureWebJobsStorage": ACCOUNT.format(server.url)})
        async with table_service(found, _no_credential, ServerTime(SystemClock()), proxied=proxied) as tables:
            await tables.get_table_client("t").upsert_entity({"PartitionKey": "p", "RowKey": "r"})
        assert (server.connections, proxy.connections) == connections
