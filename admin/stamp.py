"""One stamp's stores, opened for one command: the same ones that its functions use."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
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
from shared.repair.decision import Decision
from shared.runtime import telemetry
from shared.runtime.app import App
from shared.runtime.clock import SystemClock
from shared.runtime.identity import managed_identity

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


class Stamp(App):
    """The app over one stamp's stores, and who works at it."""

    def __init__(
        self,
        address: Address,
        who: Actor,
        credential: "AsyncTokenCredential",
        clock: SystemClock,
        *,
        copies: AuditCopies,
        workspace: AppInsights | None,
    ) -> None:
        # A command acts on what stands in the store now, and is over before anything could be remembered for long.
        settings = replace(address.settings, biller_cache_seconds=0)
        super().__init__(settings, lambda: credential, clock, proxied=True)
        self.address = address
        self.actor = who
        self.copies = copies
        self.audit = Audit(self.stores.table(TABLE), copies, who, workspace, clock)

    def decided(self, why: str, *, not_by_hand: bool = False) -> Decision:
        """The decision of whoever gives the command."""
        return Decision(self.actor.object_id, why, not_by_hand=not_by_hand)


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
    async with AsyncExitStack() as open_parts:
        credential = await open_parts.enter_async_context(_credential(address))
        who = await _signed_in(address, credential)
        blobs = await open_parts.enter_async_context(audit_copies.container(address, credential))
        workspace = AppInsights(address.app_insights, credential, clock) if address.app_insights else None
        await open_parts.enter_async_context(told(workspace))
        stamp = Stamp(address, who, credential, clock, copies=AuditCopies(blobs), workspace=workspace)
        yield await open_parts.enter_async_context(aclosing(stamp))


async def _signed_in(address: Address, credential: "AsyncTokenCredential") -> Actor:
    if address.local:
        return actor.LOCAL
    try:
        token = await credential.get_token(STORAGE_SCOPE)
    except ClientAuthenticationError:
        raise WrongUse("You are not signed in to Azure: run `az login`, then this again.") from None
    return actor.of_token(token.token)


def _credential(address: Address) -> "AsyncTokenCredential":
    if address.local:
        return managed_identity(endpoint=address.identity)
    from azure.identity.aio import AzureCliCredential, DefaultAzureCredential  # noqa: PLC0415 - on first use

    # Pipelines name the kinds of credential that they have; a person has the Azure CLI's.
    return DefaultAzureCredential() if os.environ.get("AZURE_TOKEN_CREDENTIALS") else AzureCliCredential()


def _reach_this_machine_directly() -> None:
    """A proxy that the environment names cannot reach the stack's ports on 127.0.0.1."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1")))
