"""Renewing a token at the token endpoint: for one biller at most one at a time, however many instances want it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

from pydantic import SecretStr

from shared.billers.model import Biller, TokenStrategy
from shared.tokens.delivery import Delivery
from shared.tokens.keep import Renewal, Token, TokenKeeper, TokenRow, TokenRows, fingerprint
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import CaselleError, Unavailable

LEASE: Final = timedelta(seconds=30)
"""How long one instance may take to renew; after that its answer counts as lost."""
ANSWER_WITHIN: Final = 20.0
"""Seconds the token endpoint is given: the lease outlives the request and the storing of what it brought."""
AFTER_SUCCESS: Final = timedelta(minutes=10)
"""No renewal before: a new token that is refused at once would otherwise be renewed with every payment."""
AFTER_REFUSAL: Final = timedelta(minutes=10)
AFTER_NO_ANSWER: Final = timedelta(seconds=30)
WAIT: Final = 10.0
"""Seconds to wait for another instance that is renewing."""

_ATTEMPTS = 3
_FIRST_LOOK = 0.1
_LONGEST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Client:
    """The biller as the token endpoint knows it."""

    client_id: str
    client_secret: SecretStr


class RenewalRefused(CaselleError):
    """The token endpoint says no; ``code`` is RFC 6749's, ``unlisted``, or ``same_token`` for the refused one again."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the token endpoint refuses: {code}")
        self.code = code


class TokenEndpoint(Protocol):
    """Caselle's token endpoint (RFC 6749)."""

    async def client_credentials(self, client: Client) -> Delivery:
        """A new token for the client, within ``ANSWER_WITHIN`` seconds.

        Raises:
            RenewalRefused: the endpoint says no.
            Unavailable: no answer, or none of use; a token may have been made all the same.
        """
        ...


type _Grant = Callable[[], Awaitable[Delivery]]
"""One request of the token endpoint, ready to be made."""


class NoRenewal(StrEnum):
    """Why there is no renewed token."""

    NOT_SET_UP = "not_set_up"
    """By the biller's strategy, or without a token URL."""
    NO_CREDENTIALS = "no_credentials"
    PAUSED = "paused"
    """The last renewal is too recent."""
    ELSEWHERE = "elsewhere"
    """Another instance is renewing and has not finished."""
    FAILED = "failed"


class RenewToken:
    """Gets a biller a new token. The claim and the pause between renewals stand in the biller's token row."""

    def __init__(
        self,
        keeper: TokenKeeper,
        rows: TokenRows,
        endpoint: TokenEndpoint | None,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Without an ``endpoint`` no token is ever renewed."""
        self._keeper = keeper
        self._rows = rows
        self._endpoint = endpoint
        self._clock = clock
        self._sleep = sleep

    async def __call__(self, biller: Biller, generation: int) -> Token | NoRenewal:
        """The token that follows this generation: renewed here, by another instance, or delivered meanwhile.

        Raises:
            Unavailable: vault or table do not answer.
        """
        if self._endpoint is None or biller.token_strategy is not TokenStrategy.CLIENT_CREDENTIALS:
            return NoRenewal.NOT_SET_UP
        for _ in range(_ATTEMPTS):
            row = await self._rows.read(biller.biller_id)
            if row is None or row.generation != generation:
                return await self._newest(biller.biller_id)
            if row.renewal and row.renewal.until > self._clock.now():
                return await self._wait_for(row) if row.renewal.holder else NoRenewal.PAUSED
            grant = await self._grant(biller, self._endpoint)
            if grant is None:
                return NoRenewal.NO_CREDENTIALS
            began = self._clock.monotonic()
            claimed = self._claimed(row)
            if await self._rows.write(claimed, replaces=row):
                return await self._ask(claimed, began, grant)
        return NoRenewal.ELSEWHERE

    async def _grant(self, biller: Biller, endpoint: TokenEndpoint) -> _Grant | None:
        secret = await self._keeper.client_secret(biller.biller_id)
        if secret is None or biller.client_id is None:
            return None
        return partial(endpoint.client_credentials, Client(biller.client_id, secret))

    def _claimed(self, row: TokenRow) -> TokenRow:
        claim = Renewal(until=self._clock.now() + LEASE, holder=uuid.uuid4().hex)
        return row.model_copy(update={"renewal": claim})

    async def _ask(self, claimed: TokenRow, began: float, grant: _Grant) -> Token | NoRenewal:
        try:
            self._check_time(began)
            await self._store(claimed, await grant())
        except RenewalRefused as refusal:
            return await self._failed(claimed, refusal.code, AFTER_REFUSAL)
        except Unavailable as error:
            return await self._failed(claimed, str(error), AFTER_NO_ANSWER)
        return await self._newest(claimed.biller_id)

    def _check_time(self, began: float) -> None:
        spare = LEASE.total_seconds() - ANSWER_WITHIN
        if self._clock.monotonic() - began > spare / 2:
            raise Unavailable("the claim took too long")

    async def _store(self, claimed: TokenRow, delivery: Delivery) -> None:
        if fingerprint(delivery.token) == claimed.fingerprint:
            raise RenewalRefused("same_token")
        pause_until = min(self._clock.now() + AFTER_SUCCESS, delivery.expires_at)
        current = await self._keeper.store_renewed(claimed, delivery, pause_until)
        expiry = delivery.expires_at.isoformat()
        events.emit("token.renewed", biller=claimed.biller_id, expires_at=expiry, current=current)

    async def _failed(self, claimed: TokenRow, error: str, pause: timedelta) -> Token | NoRenewal:
        """Nothing that is stored is touched: the endpoint may be wrong, and a person may need it."""
        fields = {"biller": claimed.biller_id, "generation": claimed.generation, "error": error}
        events.emit("token.renewal_failed", events.ERROR, **fields)
        row = await self._rows.read(claimed.biller_id)
        if row is None:
            return NoRenewal.FAILED
        if row.renewal == claimed.renewal:
            paused = row.model_copy(update={"renewal": Renewal(until=self._clock.now() + pause)})
            await self._rows.write(paused, replaces=row)  # where that fails, the claim runs out by itself
        if row.generation != claimed.generation:
            return await self._newest(claimed.biller_id)
        return NoRenewal.FAILED

    async def _wait_for(self, row: TokenRow) -> Token | NoRenewal:
        """Look at the row now and then until its renewal has ended, or for ``WAIT`` seconds."""
        until, pause = self._clock.monotonic() + WAIT, _FIRST_LOOK
        while self._clock.monotonic() < until:
            await self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            found = await self._rows.read(row.biller_id)
            if found is None or found.generation != row.generation:
                return await self._newest(row.biller_id)
            if found.renewal != row.renewal:
                return NoRenewal.PAUSED
        return NoRenewal.ELSEWHERE

    async def _newest(self, biller_id: str) -> Token | NoRenewal:
        return await self._keeper.current(biller_id, fresh=True) or NoRenewal.FAILED
