"""Fills a fresh stack, with the real SDKs: queues, tables, the vault's pepper, billers and their callback keys."""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import batched

from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient
from pydantic import SecretStr

from local.processes import NotReady
from local.services import Vault
from local.simulator.client import SimulatorControl
from local.simulator.seed import seed
from local.stack_app import stack_app
from shared.billers.callback_keys import PEPPER_SECRET, generate
from shared.billers.model import Biller, Mode, TokenStrategy
from shared.exchange.poison import QUEUES as _INBOUND
from shared.runtime.app import App
from shared.tokens.supervise import Supervised

QUEUES = (*_INBOUND, *(f"{queue}-poison" for queue in _INBOUND), "posting-results")
TABLES = (
    "ledger",
    "billers",
    "callbackkeys",
    "authorizations",
    "tokens",
    "quarantine",
    "controltotals",
    "reconciliation",
    "runs",
    "audit",
)

AUDIT = "audit"
"""The container of the audit's copies; on Azure nobody can change what is in it."""

_PEPPER_BYTES = 32
_AT_ONCE = 8
"""Billers that are set up side by side."""


async def fill_stores(storage: str, vault: Vault, billers: Sequence[Biller]) -> dict[str, SecretStr]:
    """Make all that the app expects to find; the new callback keys by biller id.

    Args:
        storage: connection string of an empty storage account.
        vault: a running vault.
        billers: who is posted for.
    """
    async with QueueServiceClient.from_connection_string(storage) as queues:
        for name in QUEUES:
            await queues.create_queue(name)
    async with BlobServiceClient.from_connection_string(storage) as blobs:
        await blobs.create_container(AUDIT)
    async with TableServiceClient.from_connection_string(storage) as tables:
        for name in TABLES:
            await tables.create_table(name)
    async with stack_app(storage, vault) as app:
        pepper = base64.b64encode(secrets.token_bytes(_PEPPER_BYTES)).decode()
        await app.stores.vault.set(PEPPER_SECRET, SecretStr(pepper))
        return await _register(app, billers)


async def introduce(
    control: SimulatorControl, billers: Iterable[Biller], urls: Mapping[str, str], lines: list[str]
) -> dict[str, SecretStr]:
    """Tell the simulator its cities: codes, callback URLs, and the customers and invoices of the payments file.

    Returns the client secrets that Caselle's people would hand out, by biller id.
    """
    records = [
        biller.model_dump(mode="json", by_alias=True, exclude_none=True) | {"callbackUrl": urls[biller.biller_id]}
        for biller in billers
        if is_connected(biller)
    ]
    setups = seed(records, lines)
    await control.put_billers(setups)
    return {setup["billerId"]: SecretStr(setup["clientSecret"]) for setup in setups}


async def keep_client_secrets(storage: str, vault: Vault, client_secrets: Mapping[str, SecretStr]) -> None:
    """Put client secrets, by biller id, where the app looks for them."""
    async with stack_app(storage, vault) as app:
        credentials = app.tokens.credentials
        await for_each(client_secrets.items(), lambda item: credentials.keep_client_secret(*item))


async def supervise_renewals(
    storage: str, vault: Vault, billers: Iterable[Biller], *, caselle_url: str, token_url: str
) -> None:
    """Renew the token of each biller that asks the token endpoint once, as a person does before it goes on by itself.

    Raises:
        NotReady: naming a biller whose first renewal did not go well.
    """
    async with stack_app(storage, vault, caselle_url=caselle_url, token_url=token_url) as app:

        async def pass_once(biller: Biller) -> None:
            shown = await app.tokens.supervise(biller)
            if shown is not Supervised.PASSED:
                raise NotReady(f"The first renewal of biller {biller.biller_id}'s token did not go well: {shown}.")

        await for_each(billers, pass_once)


async def for_each[T](items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do the same work for all of them, some side by side."""
    for some in batched(items, _AT_ONCE, strict=False):
        await asyncio.gather(*map(work, some))


def renews(biller: Biller) -> bool:
    """Whether the biller's token is renewed at the token endpoint with what the simulator hands out."""
    return takes_tokens(biller) and biller.token_strategy is TokenStrategy.CLIENT_CREDENTIALS


async def add_callback_key(
    storage: str, vault: Vault, biller_id: str, key: SecretStr, not_after: datetime | None = None
) -> None:
    """Let one more key open a biller's callback, until ``not_after`` where that is given."""
    async with stack_app(storage, vault) as app:
        await app.callback_keys.add(biller_id, key, not_after)


def is_connected(biller: Biller) -> bool:
    """Whether Caselle knows the biller: a draft may have no subdomain yet."""
    return biller.subdomain is not None and biller.connect_version is not None


def takes_tokens(biller: Biller) -> bool:
    """Whether the callback accepts a token for the biller."""
    return is_connected(biller) and biller.mode is not Mode.RETIRED


async def _register(app: App, billers: Sequence[Biller]) -> dict[str, SecretStr]:
    made = {biller.biller_id: generate() for biller in billers}

    async def register(biller: Biller) -> None:
        await app.billers.replace(biller, await app.billers.latest(biller.biller_id))
        await app.callback_keys.add(biller.biller_id, made[biller.biller_id])

    await for_each(billers, register)
    return made
