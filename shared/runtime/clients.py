"""Clients of Azure's services, made from the settings of a stamp; the SDKs are imported only here, on first use."""

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from shared.vocabulary.errors import Misconfigured

if TYPE_CHECKING:
    from azure.core import AsyncPipelineClient
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.rest import AsyncHttpResponse, HttpRequest
    from azure.data.tables.aio import TableServiceClient
    from azure.keyvault.secrets.aio import SecretClient

    from shared.azure_stores.server_time import ServerTime
    from shared.runtime.settings import Settings
    from shared.tokens.vault import SecretVault
    from shared.vocabulary.clock import Clock

type Credential = Callable[[], "AsyncTokenCredential"]
"""Makes the credential where one is needed; storage by connection string needs none."""

_STORAGE_SCOPE: Final = "https://storage.azure.com/.default"

# The SDKs' defaults would retry for minutes; the queue brings the message again anyway.
_PATIENCE: Final[dict[str, Any]] = {
    "retry_total": 2,
    "retry_backoff_max": 2,
    "connection_timeout": 5,
    "read_timeout": 10,
}


def table_service(
    found: "Settings", credential: Credential, time: "ServerTime", *, proxied: bool = True
) -> "TableServiceClient":
    """The stamp's tables; every answer tells ``time`` what the service's clock shows.

    Not ``proxied``: proxies and logins of the environment are not looked for, which takes two threads at every request.

    Raises:
        Misconfigured: the settings name no storage.
    """
    from azure.data.tables.aio import TableServiceClient

    options: dict[str, Any] = {**_PATIENCE, "raw_response_hook": time.learn, "use_env_settings": proxied}
    if found.storage_connection:
        return TableServiceClient.from_connection_string(found.storage_connection.get_secret_value(), **options)
    if found.table_uri is None:
        raise Misconfigured("setting AzureWebJobsStorage__tableServiceUri is missing")
    return TableServiceClient(found.table_uri, credential=credential(), **options)


def queue_service(
    found: "Settings", credential: Credential, clock: "Clock"
) -> "AsyncPipelineClient[HttpRequest, AsyncHttpResponse]":
    """The stamp's queues, for a GET.

    Raises:
        Misconfigured: the settings name no storage.
    """
    from azure.core import AsyncPipelineClient
    from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AsyncRetryPolicy, HeadersPolicy

    from shared.azure_stores.queue_lengths import VERSION

    if found.storage_connection:
        url, sign_in = _by_key(found.storage_connection.get_secret_value(), clock)
    elif found.queue_uri:
        url, sign_in = found.queue_uri, AsyncBearerTokenCredentialPolicy(credential(), _STORAGE_SCOPE)
    else:
        raise Misconfigured("setting AzureWebJobsStorage__queueServiceUri is missing")
    policies = [HeadersPolicy({"x-ms-version": VERSION}), AsyncRetryPolicy(**_PATIENCE), sign_in]
    return AsyncPipelineClient(url.rstrip("/"), policies=policies, **_PATIENCE, use_env_settings=False)


def _by_key(connection: str, clock: "Clock") -> tuple[str, Any]:
    """The queues' address, and the account's signature.

    Raises:
        Misconfigured: the connection string has no key.
    """
    from azure.core.credentials import AzureNamedKeyCredential
    from azure.core.utils import parse_connection_string
    from azure.data.tables.aio import TableServiceClient

    from shared.azure_stores.shared_key import SharedKeyPolicy

    # It knows every form of a connection string, the emulator's own among them.
    tables = TableServiceClient.from_connection_string(connection)
    if not isinstance(tables.credential, AzureNamedKeyCredential):
        raise Misconfigured("setting AzureWebJobsStorage has no AccountKey")
    named, beside = tables.credential.named_key, tables.url.replace(".table.", ".queue.").replace(":10002/", ":10001/")
    url = parse_connection_string(connection).get("queueendpoint", beside)
    return url, SharedKeyPolicy(named.name, named.key, clock)


def secret_client(found: "Settings", credential: Credential) -> "SecretClient":
    """The stamp's vault."""
    from azure.keyvault.secrets.aio import SecretClient

    ca_file = found.vault_ca_file
    # A vault on this machine has no name under vault.azure.net, and a certificate of its own.
    local: dict[str, Any] = {"verify_challenge_resource": False, "connection_verify": ca_file} if ca_file else {}
    return SecretClient(found.vault_url, credential(), **_PATIENCE, **local)


async def pepper(vault: "SecretVault") -> bytes:
    """What the digests of callback keys are made with.

    Raises:
        Misconfigured: the vault does not have it.
        Unavailable: the vault does not answer.
    """
    from shared.billers.callback_keys import PEPPER_SECRET

    secret = await vault.get(PEPPER_SECRET)
    if secret is None:
        raise Misconfigured(f"the vault has no secret {PEPPER_SECRET}")
    return base64.b64decode(secret.get_secret_value())
