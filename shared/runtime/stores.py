"""What the app stands on: its settings, its clock and its stores, each made once per process, on first use.

Azure's SDK and the settings' library are imported only then: a function that needs no table does not wait for one.
"""

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables.aio import TableServiceClient

    from shared.azure_stores.key_vault import KeyVault
    from shared.azure_stores.queue_lengths import QueueLengths
    from shared.azure_stores.server_time import ServerTime
    from shared.azure_stores.table_control_totals import TableControlTotals
    from shared.azure_stores.table_ledger import TableLedger
    from shared.azure_stores.table_quarantine import TableQuarantine
    from shared.azure_stores.table_runs import TableRuns
    from shared.azure_stores.table_tokens import TableTokens
    from shared.billers.registry import CachedRegistry
    from shared.runtime.clock import SystemClock
    from shared.runtime.settings import Settings


@cache
def settings() -> "Settings":
    """The stamp's settings.

    Raises:
        Misconfigured: a setting is missing or wrong; every function answers with its name until it is right.
    """
    from shared.runtime import telemetry
    from shared.runtime.settings import Settings

    telemetry.set_up()
    return Settings.read(os.environ)


@cache
def clock() -> "SystemClock":
    from shared.runtime.clock import SystemClock

    return SystemClock()


@cache
def billers() -> "CachedRegistry":
    from shared.azure_stores.table_billers import TableBillers
    from shared.billers.registry import CachedRegistry

    inner = TableBillers(tables().get_table_client("billers"))
    return CachedRegistry(inner, clock(), settings().biller_cache_seconds)


@cache
def token_rows() -> "TableTokens":
    from shared.azure_stores.table_tokens import TableTokens

    return TableTokens(tables().get_table_client("tokens"))


@cache
def quarantine() -> "TableQuarantine":
    from shared.azure_stores.table_quarantine import TableQuarantine

    return TableQuarantine(tables().get_table_client("quarantine"))


@cache
def control_totals() -> "TableControlTotals":
    from shared.azure_stores.table_control_totals import TableControlTotals

    return TableControlTotals(tables().get_table_client("controltotals"))


@cache
def runs() -> "TableRuns":
    from shared.azure_stores.table_runs import TABLE, TableRuns

    return TableRuns(tables().get_table_client(TABLE))


@cache
def ledger_rows() -> "TableLedger":
    from shared.azure_stores.table_ledger import TableLedger

    return TableLedger(tables().get_table_client("ledger"), server_time())


@cache
def server_time() -> "ServerTime":
    from shared.azure_stores.server_time import ServerTime

    return ServerTime(clock())


@cache
def tables() -> "TableServiceClient":
    from shared.runtime import clients

    # Nothing stands between a function app and its storage; a person's machine may need a proxy.
    return clients.table_service(settings(), _credential, server_time(), proxied=False)


@cache
def queue_lengths() -> "QueueLengths":
    from shared.azure_stores.queue_lengths import QueueLengths
    from shared.runtime import clients

    return QueueLengths(clients.queue_service(settings(), _credential, clock()))


@cache
def vault() -> "KeyVault":
    from shared.azure_stores.key_vault import KeyVault
    from shared.runtime import clients

    return KeyVault(clients.secret_client(settings(), _credential))


@cache
def _credential() -> "AsyncTokenCredential":
    from azure.identity.aio import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=settings().client_id)


async def pepper() -> bytes:
    from shared.runtime import clients

    return await clients.pepper(vault())
