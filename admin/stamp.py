"""One stamp's stores, opened for one command: the same ones that its functions use."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from azure.core.exceptions import ClientAuthenticationError

from admin import actor, audit_copies
from admin.actor import STORAGE_SCOPE, Actor
from admin.address import Address
from admin.audit import TABLE, Audit
from admin.audit_copies import AuditCopies
from admin.errors import WrongUse
from admin.log_workspace import AppInsights
from admin.own_events import told
from shared.azure_stores.key_vault import KeyVault
from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_billers import TableBillers
from shared.azure_stores.table_callback_keys import TableCallbackKeys
from shared.azure_stores.table_ledger import TableLedger
from shared.azure_stores.table_runs import TABLE as RUNS
from shared.azure_stores.table_runs import TableRuns
from shared.azure_stores.table_tokens import TableTokens
from shared.billers.callback_keys import CallbackKeys
from shared.ledger.book import Ledger
from shared.ledger.gates import Gates
from shared.payments.switch import PostingSwitch
from shared.runtime import clients, telemetry
from shared.runtime.clock import SharedClock, SystemClock
from shared.runtime.token_parts import TokenParts

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables.aio import TableClient, TableServiceClient


@dataclass(frozen=True)
class Stamp:
    """The stores of one stamp, and who works at it."""

    address: Address
    actor: Actor
    clock: SystemClock
    tables: "TableServiceClient"
    vault: KeyVault
    audit: Audit
    copies: AuditCopies
    time: ServerTime

    def table(self, name: str) -> "TableClient":
        """One of the stamp's tables."""
        return self.tables.get_table_client(name)

    @cached_property
    def billers(self) -> TableBillers:
        """Who is posted for."""
        return TableBillers(self.table("billers"))

    @cached_property
    def key_rows(self) -> TableCallbackKeys:
        """Callback keys by digest."""
        return TableCallbackKeys(self.table("callbackkeys"))

    @cached_property
    def keys(self) -> CallbackKeys:
        """The keys in the callback URLs."""
        return CallbackKeys(self.key_rows, self.billers, partial(clients.pepper, self.vault), self.clock)

    @cached_property
    def token_rows(self) -> TableTokens:
        """Which version of the vault's secrets is whose token."""
        return TableTokens(self.table("tokens"))

    @cached_property
    def tokens(self) -> TokenParts:
        """What takes, serves and renews tokens and keeps client secrets."""
        shared = SharedClock(self.time)
        settings = self.address.settings
        return TokenParts(settings, self.billers, self.token_rows, vault=self.vault, clock=self.clock, shared=shared)

    @cached_property
    def runs(self) -> TableRuns:
        """When each timer last ran."""
        return TableRuns(self.table(RUNS))

    @cached_property
    def ledger_rows(self) -> TableLedger:
        """The ledger's table."""
        return TableLedger(self.table("ledger"), self.time)

    @cached_property
    def ledger(self) -> Ledger:
        """Every message and what became of it."""
        return Ledger(self.ledger_rows)

    @cached_property
    def switch(self) -> PostingSwitch:
        """Pauses, resumes and unblocks."""
        return PostingSwitch(self.billers, self.gates)

    @cached_property
    def gates(self) -> Gates:
        """Breakers and blocks."""
        return Gates(self.ledger_rows, self.clock, self.address.settings.times)


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[Stamp]:
    """A stamp, closed at the end of the block.

    Raises:
        WrongUse: nobody is signed in.
    """
    telemetry.set_up()
    if address.local:
        _reach_this_machine_directly()
    clock = SystemClock()
    time = ServerTime(clock)
    async with AsyncExitStack() as open_parts:
        credential = await open_parts.enter_async_context(_credential(address))
        who = await _signed_in(address, credential)
        tables = clients.table_service(address.settings, lambda: credential, time)
        secrets = clients.secret_client(address.settings, lambda: credential)
        blobs = audit_copies.container(address, credential)
        for client in (tables, secrets, blobs):
            await open_parts.enter_async_context(client)
        workspace = AppInsights(address.app_insights, credential, clock) if address.app_insights else None
        await open_parts.enter_async_context(told(workspace))
        copies = AuditCopies(blobs)
        audit = Audit(tables.get_table_client(TABLE), copies, who, workspace, clock)
        yield Stamp(address, who, clock, tables, KeyVault(secrets), audit, copies, time)


async def _signed_in(address: Address, credential: "AsyncTokenCredential") -> Actor:
    if address.local:
        return actor.LOCAL
    try:
        token = await credential.get_token(STORAGE_SCOPE)
    except ClientAuthenticationError:
        raise WrongUse("You are not signed in to Azure: run `az login`, then this again.") from None
    return actor.of_token(token.token)


def _credential(address: Address) -> "AsyncTokenCredential":
    from azure.identity.aio import (  # noqa: PLC0415 - on first use
        AzureCliCredential,
        DefaultAzureCredential,
        ManagedIdentityCredential,
    )

    if address.local:
        with _environment(dict(address.identity)):
            return ManagedIdentityCredential()
    # Pipelines name the kinds of credential that they have; a person has the Azure CLI's.
    return DefaultAzureCredential() if os.environ.get("AZURE_TOKEN_CREDENTIALS") else AzureCliCredential()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """The identity library reads its endpoint from the environment, and only there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _reach_this_machine_directly() -> None:
    """A proxy that the environment names cannot reach the stack's ports on 127.0.0.1."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1")))
