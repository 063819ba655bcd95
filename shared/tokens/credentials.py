"""ClientSecret and refresh token: those in force, and those that the callback brought and nobody has accepted."""

import json
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, SecretStr

from shared.billers.model import Biller
from shared.tokens.delivery import Delivery
from shared.tokens.vault import CLIENT_SECRET, PENDING, REFRESH_TOKEN, SecretVault, secret_name
from shared.vocabulary import events

_NOTHING: Final = "{}"


class Pending(BaseModel):
    """What the callback brought beside a token; whoever has its key can bring anything."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None

    def text(self) -> SecretStr:
        """As it lies in the vault."""
        return SecretStr(json.dumps({name: _plain(value) for name, value in self if value is not None}))


class Credentials:
    """A biller's credentials in the vault. Every method raises ``Unavailable`` where the vault does not answer."""

    def __init__(self, vault: SecretVault) -> None:
        """Keep the vault; nothing is cached, since a renewal is rare and wants the newest."""
        self._vault = vault

    async def client_secret(self, biller_id: str) -> SecretStr | None:
        """The ClientSecret in force, or None."""
        return await self._vault.get(secret_name(CLIENT_SECRET, biller_id))

    async def keep_client_secret(self, biller_id: str, secret: SecretStr) -> None:
        """Put a ClientSecret in force that a person entered or the token endpoint accepted."""
        await self._vault.set(secret_name(CLIENT_SECRET, biller_id), secret)

    async def refresh_token(self, biller_id: str) -> SecretStr | None:
        """The refresh token in force, or None."""
        return await self._vault.get(secret_name(REFRESH_TOKEN, biller_id))

    async def keep_refresh_token(self, biller_id: str, token: SecretStr) -> None:
        """Put a refresh token in force; the vault keeps the one before it as a version."""
        await self._vault.set(secret_name(REFRESH_TOKEN, biller_id), token)

    async def pending(self, biller_id: str) -> Pending:
        """What the callback brought last and is not in force."""
        found = await self._vault.get(secret_name(PENDING, biller_id))
        return Pending.model_validate_json(found.get_secret_value() if found else _NOTHING)

    async def receive(self, biller: Biller, delivery: Delivery) -> None:
        """Keep as pending what a delivery brought, if it differs from what is in force, and tell a person."""
        given = await self._news(biller, delivery)
        if not given:
            return
        before = await self.pending(biller.biller_id)
        following = before.model_copy(update=given)
        if following != before:
            await self._keep(biller.biller_id, following)
            fields = {"biller": biller.biller_id, "changed": sorted(given)}
            events.emit("credentials.changed_by_callback", events.WARNING, **fields)

    async def accepted(self, biller_id: str, name: Literal["client_id", "client_secret", "refresh_token"]) -> None:
        """One of the pending credentials is in force now."""
        pending = await self.pending(biller_id)
        await self._keep(biller_id, pending.model_copy(update={name: None}))
        events.emit("credentials.accepted", biller=biller_id, accepted=name)

    async def _keep(self, biller_id: str, pending: Pending) -> None:
        await self._vault.set(secret_name(PENDING, biller_id), pending.text())

    async def _news(self, biller: Biller, delivery: Delivery) -> dict[str, str | SecretStr]:
        """What was delivered and is not in force."""
        news: dict[str, str | SecretStr] = {}
        if delivery.client_id and delivery.client_id != biller.client_id:
            news["client_id"] = delivery.client_id
        secret, refresh = delivery.client_secret, delivery.refresh_token
        if secret and secret != await self.client_secret(biller.biller_id):
            news["client_secret"] = secret
        if refresh and refresh != await self.refresh_token(biller.biller_id):
            news["refresh_token"] = refresh
        return news


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
