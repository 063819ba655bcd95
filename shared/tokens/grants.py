"""What a token is asked for with: the credentials in force, and after those the ones that the callback brought."""

from collections.abc import AsyncIterator, Awaitable, Callable

from pydantic import SecretStr

from shared.billers.model import Biller, TokenStrategy
from shared.tokens.credentials import Credentials, Pending
from shared.tokens.delivery import Delivery
from shared.tokens.endpoint import Client, RenewalRefused, TokenEndpoint

type Check = Callable[[], None]
"""Called before each request; raises where there is no time for it."""


class Grants:
    """Asks the token endpoint by the biller's strategy. Nothing that is in force is ever deleted."""

    def __init__(self, credentials: Credentials, endpoint: TokenEndpoint) -> None:
        self._credentials = credentials
        self._endpoint = endpoint

    async def ready(self, biller: Biller) -> bool:
        """Whether there is anything to ask with.

        Raises:
            Unavailable: the vault does not answer.
        """
        pending = await self._pending(biller)
        if biller.client_id is None or not (await self._secret(biller) or pending.client_secret):
            return False
        refreshes = biller.token_strategy is TokenStrategy.REFRESH_TOKEN
        return not refreshes or bool(await self._refresh_token(biller) or pending.refresh_token)

    async def ask(self, biller: Biller, check: Check) -> Delivery:
        """A new token.

        Raises:
            RenewalRefused: the endpoint refuses all there is; the code is that for the credentials in force.
            Unavailable: vault or endpoint do not answer; a token may have been made all the same.
        """
        if biller.token_strategy is TokenStrategy.REFRESH_TOKEN:
            return await self._refreshed(biller, check)
        return await self._first_granted(biller, check, self._endpoint.client_credentials)

    async def _first_granted(
        self, biller: Biller, check: Check, ask: Callable[[Client], Awaitable[Delivery]]
    ) -> Delivery:
        """With the secret in force; where that is a wrong one, with the one that the callback brought."""
        pending = (await self._pending(biller)).client_secret
        secret = await self._secret(biller)
        if secret is not None:
            try:
                check()
                return await ask(_client(biller, secret))
            except RenewalRefused as refusal:
                if refusal.code != "invalid_client" or pending is None:
                    raise
        if pending is None:
            raise RenewalRefused("invalid_client")
        check()
        delivery = await ask(_client(biller, pending))
        await self._credentials.keep_client_secret(biller.biller_id, pending)
        await self._credentials.accepted(biller.biller_id, "client_secret")
        return delivery

    async def _refreshed(self, biller: Biller, check: Check) -> Delivery:
        first: RenewalRefused | None = None
        async for token in self._refresh_tokens(biller):
            try:
                return await self._refreshed_with(biller, token, check)
            except RenewalRefused as refusal:
                if refusal.code != "invalid_grant":
                    raise
                first = first or refusal
        raise first or RenewalRefused("invalid_grant")

    async def _refreshed_with(self, biller: Biller, token: SecretStr, check: Check) -> Delivery:
        delivery = await self._first_granted(biller, check, lambda client: self._endpoint.refresh(client, token))
        following = delivery.refresh_token or token
        if following != await self._refresh_token(biller):
            # Before the access token is stored: that one can be had again, a refresh token that was used cannot.
            await self._credentials.keep_refresh_token(biller.biller_id, following)
        if token == await self._pending_refresh_token(biller):
            await self._credentials.accepted(biller.biller_id, "refresh_token")
        return delivery

    async def _refresh_tokens(self, biller: Biller) -> AsyncIterator[SecretStr]:
        """The one in force; after its refusal the one that has taken its place; then the callback's."""
        tried: set[SecretStr] = set()
        for find in (self._refresh_token, self._refresh_token, self._pending_refresh_token):
            token = await find(biller)
            if token is not None and token not in tried:
                tried.add(token)
                yield token

    async def _secret(self, biller: Biller) -> SecretStr | None:
        return await self._credentials.client_secret(biller.biller_id)

    async def _refresh_token(self, biller: Biller) -> SecretStr | None:
        return await self._credentials.refresh_token(biller.biller_id)

    async def _pending_refresh_token(self, biller: Biller) -> SecretStr | None:
        return (await self._pending(biller)).refresh_token

    async def _pending(self, biller: Biller) -> Pending:
        """What is pending for the biller's own ClientID: that of another third party is for a person to accept."""
        pending = await self._credentials.pending(biller.biller_id)
        return pending if pending.client_id in {None, biller.client_id} else Pending()


def _client(biller: Biller, secret: SecretStr) -> Client:
    return Client(biller.client_id or "", secret)
