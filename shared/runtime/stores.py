"""The stamp's tables, queues and vault, each made on first use.

Azure's SDK is imported only then: a function that needs no table does not wait for one.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.runtime import clients

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from azure.data.tables.aio import TableClient, TableServiceClient

    from shared.azure_stores.key_vault import KeyVault
    from shared.azure_stores.queue_lengths import QueueLengths
    from shared.azure_stores.server_time import ServerTime
    from shared.azure_stores.table_authorizations import TableAuthorizations
    from shared.azure_stores.table_callback_keys import TableCallbackKeys
    from shared.azure_stores.table_control_totals import TableControlTotals
    from shared.azure_stores.table_findings import TableFindings
    from shared.azure_stores.table_ledger import TableLedger
    from shared.azure_stores.table_quarantine import TableQuarantine
    from shared.azure_stores.table_runs import TableRuns
    from shared.azure_stores.table_tokens import TableTokens
    from shared.azure_stores.table_views import TableViews
    from shared.billers.registry import CachedRegistry
    from shared.runtime.settings import Settings
    from shared.vocabulary.clock import Clock


class Stores:
    """What is kept of one stamp."""

    def __init__(
        self,
        settings: "Settings",
        credential: clients.Credential,
        clock: "Clock",
        *,
        closing: "AsyncExitStack",
        proxied: bool,
    ) -> None:
        """``closing`` gets what must be closed at the end; ``proxied`` as ``clients.table_service`` has it."""
        self._settings = settings
        self._credential = credential
        self._clock = clock
        self._closing = closing
        self._proxied = proxied

    @cached_property
    def billers(self) -> "CachedRegistry":
        """Who is posted for."""
        from shared.azure_stores.table_billers import TableBillers
        from shared.billers.registry import CachedRegistry

        inner = TableBillers(self.table("billers"))
        return CachedRegistry(inner, self._clock, self._settings.biller_cache_seconds)

    @cached_property
    def callback_keys(self) -> "TableCallbackKeys":
        """Callback keys by digest."""
        from shared.azure_stores.table_callback_keys import TableCallbackKeys

        return TableCallbackKeys(self.table("callbackkeys"))

    @cached_property
    def authorizations(self) -> "TableAuthorizations":
        """Codes that were exchanged for a token."""
        from shared.azure_stores.table_authorizations import TableAuthorizations

        return TableAuthorizations(self.table("authorizations"))

    @cached_property
    def tokens(self) -> "TableTokens":
        """Which version of the vault's secrets is whose token."""
        from shared.azure_stores.table_tokens import TableTokens

        return TableTokens(self.table("tokens"))

    @cached_property
    def quarantine(self) -> "TableQuarantine":
        """Messages that could not be read."""
        from shared.azure_stores.table_quarantine import TableQuarantine

        return TableQuarantine(self.table("quarantine"))

    @cached_property
    def control_totals(self) -> "TableControlTotals":
        """What Invoice Cloud says of each day."""
        from shared.azure_stores.table_control_totals import TableControlTotals

        return TableControlTotals(self.table("controltotals"))

    @cached_property
    def findings(self) -> "TableFindings":
        """What the nightly comparison found."""
        from shared.azure_stores.table_findings import TableFindings

        return TableFindings(self.table("reconciliation"))

    @cached_property
    def views(self) -> "TableViews":
        """Who looked at what in the console."""
        from shared.azure_stores.table_views import TableViews

        return TableViews(self.table("audit"), self._clock)

    @cached_property
    def runs(self) -> "TableRuns":
        """When each timer last ran."""
        from shared.azure_stores.table_runs import TABLE, TableRuns

        return TableRuns(self.table(TABLE))

    @cached_property
    def ledger(self) -> "TableLedger":
        """The ledger's rows."""
        from shared.azure_stores.table_ledger import TableLedger

        return TableLedger(self.table("ledger"), self.server_time)

    @cached_property
    def server_time(self) -> "ServerTime":
        """The storage service's clock."""
        from shared.azure_stores.server_time import ServerTime

        return ServerTime(self._clock)

    @cached_property
    def queue_lengths(self) -> "QueueLengths":
        """How many messages lie in a queue."""
        from shared.azure_stores.queue_lengths import QueueLengths

        service = clients.queue_service(self._settings, self._credential, self._clock)
        self._closing.push_async_callback(service.close)
        return QueueLengths(service)

    @cached_property
    def vault(self) -> "KeyVault":
        """Every secret."""
        from shared.azure_stores.key_vault import KeyVault

        client = clients.secret_client(self._settings, self._credential)
        self._closing.push_async_callback(client.close)
        return KeyVault(client)

    async def pepper(self) -> bytes:
        """What the digests of callback keys are made with; raises as ``clients.pepper`` does."""
        return await clients.pepper(self.vault)

    def table(self, name: str) -> "TableClient":
        """One of the stamp's tables."""
        return self._tables.get_table_client(name)

    @cached_property
    def _tables(self) -> "TableServiceClient":
        service = clients.table_service(self._settings, self._credential, self.server_time, proxied=self._proxied)
        self._closing.push_async_callback(service.close)
        return service
