"""Fills a fresh stack, with the real SDKs: queues, tables, the vault's pepper, billers and their callback keys."""

import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from datetime import datetime
from itertools import batched

from azure.data.tables.aio import TableServiceClient
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient
from pydantic import SecretStr

from local.processes import NotReady
from local.services import Vault
from local.simulator.client import SimulatorControl
from local.simulator.seed import seed
from shared.azure_stores.key_vault import KeyVault
from shared.azure_stores.table_billers import TableBillers
from shared.azure_stores.table_callback_keys import TableCallbackKeys
from shared.azure_stores.table_tokens import TableTokens
from shared.billers.callback_keys import PEPPER_SECRET, CallbackKeys, generate
from shared.billers.model import Biller, Mode, TokenStrategy
from shared.caselle.client import Wire
from shared.caselle.token_endpoint import HttpTokenEndpoint
from shared.caselle.token_proof import CustomerRead
from shared.exchange.poison import QUEUES as _INBOUND
from shared.runtime.clock import SystemClock
from shared.tokens.credentials import Credentials
from shared.tokens.endpoint import ANSWER_WITHIN
from shared.tokens.grants import Grants
from shared.tokens.keep import TokenKeeper
from shared.tokens.prove import PROOF_WITHIN
from shared.tokens.renew import RenewToken
from shared.tokens.supervise import Supervised, SuperviseRenewal

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
    pepper = secrets.token_bytes(_PEPPER_BYTES)
    await _keep_pepper(vault, pepper)
    async with QueueServiceClient.from_connection_string(storage) as queues:
        for name in QUEUES:
            await queues.create_queue(name)
    async with BlobServiceClient.from_connection_string(storage) as blobs:
        await blobs.create_container(AUDIT)
    async with TableServiceClient.from_connection_string(storage) as tables:
        for name in TABLES:
            await tables.create_table(name)
        return await _register(tables, pepper, billers)


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


async def keep_client_secrets(vault: Vault, client_secrets: Mapping[str, SecretStr]) -> None:
    """Put client secrets, by biller id, where the app looks for them."""
    async with _client(vault) as client:
        credentials = Credentials(KeyVault(client))
        await for_each(client_secrets.items(), lambda item: credentials.keep_client_secret(*item))


async def supervise_renewals(
    storage: str, vault: Vault, billers: Iterable[Biller], *, caselle_url: str, token_url: str
) -> None:
    """Renew the token of each biller that asks the token endpoint once, as a person does before it goes on by itself.

    Raises:
        NotReady: naming a biller whose first renewal did not go well.
    """
    clock = SystemClock()
    async with (
        _client(vault) as client,
        TableServiceClient.from_connection_string(storage) as tables,
        aclosing(HttpTokenEndpoint(token_url, ANSWER_WITHIN, clock)) as endpoint,
        aclosing(Wire(caselle_url, PROOF_WITHIN)) as wire,
    ):
        rows, kept = TableTokens(tables.get_table_client("tokens")), KeyVault(client)
        keeper = TokenKeeper(kept, rows, clock)
        renew = RenewToken(keeper, rows, Grants(Credentials(kept), endpoint), clock)
        supervise = SuperviseRenewal(keeper, renew, CustomerRead(wire, PROOF_WITHIN))

        async def pass_once(biller: Biller) -> None:
            shown = await supervise(biller)
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
    async with _client(vault) as client, TableServiceClient.from_connection_string(storage) as tables:
        vault_of_keys = KeyVault(client)

        async def pepper() -> bytes:
            secret = await vault_of_keys.get(PEPPER_SECRET)
            return base64.b64decode(secret.get_secret_value()) if secret else b""

        await _keys(tables, pepper).add(biller_id, key, not_after)


def is_connected(biller: Biller) -> bool:
    """Whether Caselle knows the biller: a draft may have no subdomain yet."""
    return biller.subdomain is not None and biller.connect_version is not None


def takes_tokens(biller: Biller) -> bool:
    """Whether the callback accepts a token for the biller."""
    return is_connected(biller) and biller.mode is not Mode.RETIRED


async def _keep_pepper(vault: Vault, pepper: bytes) -> None:
    async with _client(vault) as client:
        await client.set_secret(PEPPER_SECRET, base64.b64encode(pepper).decode())


@asynccontextmanager
async def _client(vault: Vault) -> AsyncIterator[SecretClient]:
    with _environment(vault.environment):
        credential = ManagedIdentityCredential()
    async with (
        credential,
        SecretClient(vault.url, credential, verify_challenge_resource=False, connection_verify=vault.ca_file) as client,
    ):
        yield client


async def _register(tables: TableServiceClient, pepper: bytes, billers: Sequence[Biller]) -> dict[str, SecretStr]:
    async def known_pepper() -> bytes:
        return pepper

    registry, keys = TableBillers(tables.get_table_client("billers")), _keys(tables, known_pepper)
    made = {biller.biller_id: generate() for biller in billers}

    async def register(biller: Biller) -> None:
        await registry.replace(biller, await registry.get(biller.biller_id))
        await keys.add(biller.biller_id, made[biller.biller_id])

    await for_each(billers, register)
    return made


def _keys(tables: TableServiceClient, pepper_source: Callable[[], Awaitable[bytes]]) -> CallbackKeys:
    store = TableCallbackKeys(tables.get_table_client("callbackkeys"))
    return CallbackKeys(store, TableBillers(tables.get_table_client("billers")), pepper_source, SystemClock())


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The identity library reads its endpoint from the environment, and only there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
