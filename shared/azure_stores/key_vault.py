"""Secrets in Key Vault."""

from datetime import datetime

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets.aio import SecretClient
from pydantic import SecretStr

from shared.azure_stores.answering import answering
from shared.vocabulary.errors import Unavailable

_PEER = "key vault"


class KeyVault:
    """A ``SecretVault`` on Key Vault."""

    def __init__(self, client: SecretClient) -> None:
        self._client = client

    async def get(self, name: str, version: str | None = None) -> SecretStr | None:
        """That version of a secret, or its newest; None where there is none."""
        with answering(_PEER):
            try:
                secret = await self._client.get_secret(name, version)
            except ResourceNotFoundError:
                return None
        return SecretStr(secret.value) if secret.value is not None else None

    async def set(self, name: str, value: SecretStr, expires_on: datetime | None = None) -> str:
        """Store a new version and return its id; a soft-deleted name is recovered first."""
        with answering(_PEER):
            try:
                return await self._set(name, value, expires_on)
            except ResourceExistsError:
                await self._client.recover_deleted_secret(name)
                return await self._set(name, value, expires_on)

    async def _set(self, name: str, value: SecretStr, expires_on: datetime | None) -> str:
        secret = await self._client.set_secret(name, value.get_secret_value(), expires_on=expires_on)
        if secret.properties.version is None:
            raise Unavailable(f"{_PEER}: it answered without a version")
        return secret.properties.version
