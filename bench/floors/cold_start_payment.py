"""The floor of ``cold_start.payment``: the imports, clients and requests that come before the first call to Caselle.

``python -m bench.floors.cold_start_payment BILLER NAME BODY`` works on the storage of the environment.
"""

import asyncio
import os
import sys
from contextlib import suppress

import httpx
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables.aio import TableServiceClient
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient

from bench.floors import models  # noqa: F401 - loaded is all it must be
from bench.floors.cold_start_indexed import STORAGE
from bench.floors.rows import begun


async def payment(biller: str, name: str, body: str) -> None:
    """Timers, biller and breaker are read, the claim is written; what carries the call and its token is ready."""
    httpx.AsyncHTTPTransport(trust_env=False)
    SecretClient(os.environ["KEY_VAULT_URL"], ManagedIdentityCredential())
    tables = TableServiceClient.from_connection_string(os.environ[STORAGE], use_env_settings=False)
    [_ async for _ in tables.get_table_client("runs").query_entities("PartitionKey eq 'timers'")]
    await tables.get_table_client("billers").get_entity("billers", biller)
    ledger = tables.get_table_client("ledger")
    with suppress(ResourceNotFoundError):
        await ledger.get_entity("00", f"B~{biller}")
    await ledger.submit_transaction(begun("00", biller, name, body.encode()))


if __name__ == "__main__":
    asyncio.run(payment(*sys.argv[1:]))
    print("done", flush=True)  # noqa: T201 - whoever measures waits for this line
    os._exit(0)
