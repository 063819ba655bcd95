"""What the app stands on: its settings, its clock and its stores, each made once per process, on first use.

Azure's SDK is imported only then: a function that needs no table does not wait for one.
"""

import os
from functools import cache
from typing import TYPE_CHECKING

from shared.runtime import clients, telemetry
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables.aio import TableServiceClient

    from shared.azure_stores.key_vault import KeyVault
    from shared.azure_stores.table_control_totals import TableControlTotals
    from shared.azure_stores.table_ledger import ServerTime, TableLedger
    from shared.azure_stores.table_quarantine import TableQuarantine
    from shared.azure_stores.table_runs import TableRuns
    from shared.azure_stores.table_tokens import TableTokens
    from shared.billers.registry import CachedRegistry


@cache
def settings() -> Settings:
    """The stamp's settings.

    Raises:
        Misconfigured: a setting is missing or wrong; every function answers with its name until it is right.
    """
    telemetry.set_up()
    return Settings.read(os.environ)


@cache
def clock() -> SystemClock:
    return SystemClock()


@cache
def billers() -> "CachedRegistry":
    from shared.azure_stores.table_billers import TableBillers  # noqa: PLC0415 - Azure's SDK on first use
    from shared.billers.registry import CachedRegistry  # noqa: PLC0415 - as above

    inner = TableBillers(tables().get_table_client("billers"))
    return CachedRegistry(inner, clock(), settings().biller_cache_seconds)


@cache
def token_rows() -> "TableTokens":
    from shared.azure_stores.table_tokens import TableTokens  # noqa: PLC0415 - Azure's SDK on first use

    return TableTokens(tables().get_table_client("tokens"))


@cache
def quarantine() -> "TableQuarantine":
    from shared.azure_stores.table_quarantine import TableQuarantine  # noqa: PLC0415 - Azure's SDK on first use

    return TableQuarantine(tables().get_table_client("quarantine"))


@cache
def control_totals() -> "TableControlTotals":
    from shared.azure_stores.table_control_totals import TableControlTotals  # noqa: PLC0415 - as above

    return TableControlTotals(tables().get_table_client("controltotals"))


@cache
def runs() -> "TableRuns":
    from shared.azure_stores.table_runs import TABLE, TableRuns  # noqa: PLC0415 - as above

    return TableRuns(tables().get_table_client(TABLE))


@cache
def ledger_rows() -> "TableLedger":
    from shared.azure_stores.table_ledger import TableLedger  # noqa: PLC0415 - Azure's SDK on first use

    return TableLedger(tables().get_table_client("ledger"), server_time())


@cache
def server_time() -> "ServerTime":
    from shared.azure_stores.table_ledger import ServerTime  # noqa: PLC0415 - Azure's SDK on first use

    return ServerTime(clock())


@cache
def tables() -> "TableServiceClient":
    # Nothing stands between a function app and its storage; a person's machine may need a proxy.
    return clients.table_service(settings(), _credential, server_time(), proxied=False)


@cache
def vault() -> "KeyVault":
    from shared.azure_stores.key_vault import KeyVault  # noqa: PLC0415 - Azure's SDK on first use

    return KeyVault(clients.secret_client(settings(), _credential))


@cache
def _credential() -> "AsyncTokenCredential":
    from azure.identity.aio import ManagedIdentityCredential  # noqa: PLC0415 - on first use

    return ManagedIdentityCredential(client_id=settings().client_id)


async def pepper() -> bytes:
    return await clients.pepper(vault())
