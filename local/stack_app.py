"""The app over the one-machine stack's stores, for what the stack itself does in them."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from local.services import Vault
from shared.runtime.app import App
from shared.runtime.clock import SystemClock
from shared.runtime.identity import managed_identity
from shared.runtime.settings import Settings

_ANY_REGION: Final = "local"
_NO_VAULT: Final = "https://127.0.0.1:1"


@asynccontextmanager
async def stack_app(
    storage: str, vault: Vault | None = None, *, caselle_url: str | None = None, token_url: str | None = None
) -> AsyncIterator[App]:
    """An app, closed at the end of the block.

    Args:
        storage: connection string.
        vault: a running vault; without it nothing can be done that takes a secret.
        caselle_url: the peer, where it is asked.
        token_url: its token endpoint.
    """
    given = {
        "AzureWebJobsStorage": storage,
        "STAMP_REGIONS": _ANY_REGION,
        "CASELLE_ALLOW_LOOPBACK": "1",
        "KEY_VAULT_URL": vault.url if vault else _NO_VAULT,
    }
    if vault:
        given["KEY_VAULT_CA_FILE"] = vault.ca_file
    if caselle_url:
        given |= {"CASELLE_BASE_URL": caselle_url, "CASELLE_ALLOWED_HOSTS": urlsplit(caselle_url).hostname or ""}
    if token_url:
        given["CASELLE_TOKEN_URL"] = token_url
    async with (
        managed_identity(endpoint=vault.environment if vault else None) as credential,
        aclosing(App(Settings.read(given), lambda: credential, SystemClock())) as app,
    ):
        yield app
