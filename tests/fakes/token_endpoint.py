"""Caselle's token endpoint in memory; what it answers next can be scripted."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import SecretStr

from shared.tokens.delivery import Delivery
from shared.tokens.endpoint import Client
from shared.vocabulary.clock import Clock

type Reaction = Callable[[Delivery], Awaitable[Delivery]]


class FakeTokenEndpoint:
    """Grants ``renewed 1``, ``renewed 2``, ... unless a reaction says otherwise; sees how many ask at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.clients: list[Client] = []
        self.refresh_tokens: list[str] = []
        self.script: list[Reaction] = []
        self.in_flight = 0
        self.most_in_flight = 0

    @property
    def requests(self) -> int:
        return len(self.clients)

    async def client_credentials(self, client: Client) -> Delivery:
        return await self._granted(client, f"renewed {self.requests + 1}")

    async def authorization_code(self, client: Client, code: SecretStr) -> Delivery:
        return await self._granted(client, f"token of {code.get_secret_value()}")

    async def refresh(self, client: Client, refresh_token: SecretStr) -> Delivery:
        self.refresh_tokens.append(refresh_token.get_secret_value())
        granted = await self._granted(client, f"renewed {self.requests + 1}")
        return granted.model_copy(update={"refresh_token": SecretStr(f"next to {refresh_token.get_secret_value()}")})

    async def _granted(self, client: Client, value: str) -> Delivery:
        self.clients.append(client)
        token = SecretStr(value)
        granted = Delivery(token=token, expires_at=self._clock.now() + timedelta(days=180))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self.script.pop(0)(granted) if self.script else granted
        finally:
            self.in_flight -= 1

    def fail(self, error: Exception) -> None:
        """Let the next request end so."""

        async def react(_: Delivery) -> Delivery:
            raise error

        self.script.append(react)
