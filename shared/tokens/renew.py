"""Renewing a token at the token endpoint: for one biller at most one at a time, however many instances want it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum
from typing import Final

from shared.billers.model import Biller, TokenStrategy
from shared.tokens.delivery import Delivery
from shared.tokens.endpoint import ANSWER_WITHIN, REFUSALS, RenewalRefused
from shared.tokens.grants import Grants
from shared.tokens.keep import Token, TokenKeeper
from shared.tokens.row import Renewal, TokenRow, TokenRows, fingerprint
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable

LEASE: Final = timedelta(seconds=30)
"""How long one instance may take to renew; after that its answer counts as lost."""
AFTER_SUCCESS: Final = timedelta(minutes=10)
"""No renewal before: a new token that is refused at once would otherwise be renewed with every payment."""
AFTER_REFUSAL: Final = timedelta(minutes=10)
AFTER_NO_ANSWER: Final = timedelta(seconds=30)
WAIT: Final = 10.0
"""Seconds to wait for another instance that is renewing."""

_ATTEMPTS = 3
_FIRST_LOOK = 0.1
_LONGEST_PAUSE = 1.0
_RENEWING: Final = frozenset({TokenStrategy.CLIENT_CREDENTIALS, TokenStrategy.REFRESH_TOKEN})


class NoRenewal(StrEnum):
    """Why there is no renewed token."""

    NOT_SET_UP = "not_set_up"
    """By the biller's strategy, or without a token URL."""
    NO_CONSENT = "no_consent"
    """Utility shares the third-party record, and has not agreed."""
    UNSUPERVISED = "unsupervised"
    """Nobody has seen yet that the old token goes on answering after a renewal."""
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
        grants: Grants | None,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``clock``: the same for all instances, as far as that can be had. Without ``grants`` nothing is renewed."""
        self._keeper = keeper
        self._rows = rows
        self._grants = grants
        self._clock = clock
        self._sleep = sleep

    async def __call__(self, biller: Biller, generation: int, *, supervised: bool = False) -> Token | NoRenewal:
        """The token that follows this generation: renewed here, by another instance, or delivered meanwhile.

        ``supervised``: a person watches, so it may be the first one.

        Raises:
            Unavailable: vault or table do not answer.
        """
        if self._grants is None or _not_allowed(biller):
            return _not_allowed(biller) or NoRenewal.NOT_SET_UP
        for _ in range(_ATTEMPTS):
            row = await self._rows.read(biller.biller_id)
            if row is None or row.generation != generation:
                return await self._newest(biller.biller_id)
            if row.renewal and row.renewal.until > self._clock.now():
                return await self._wait_for(row) if row.renewal.holder else NoRenewal.PAUSED
            if reason := await self._not_ready(biller, row, self._grants, supervised=supervised):
                return reason
            began = self._clock.monotonic()
            claimed = self._claimed(row)
            if await self._rows.write(claimed, replaces=row):
                return await self._ask(claimed, began, biller, self._grants)
        return NoRenewal.ELSEWHERE

    async def _not_ready(self, biller: Biller, row: TokenRow, grants: Grants, *, supervised: bool) -> NoRenewal | None:
        if not supervised and row.supervised is not biller.token_strategy:
            return NoRenewal.UNSUPERVISED
        return None if await grants.ready(biller) else NoRenewal.NO_CREDENTIALS

    def _claimed(self, row: TokenRow) -> TokenRow:
        claim = Renewal(until=self._clock.now() + LEASE, holder=uuid.uuid4().hex)
        return row.model_copy(update={"renewal": claim})

    async def _ask(self, claimed: TokenRow, began: float, biller: Biller, grants: Grants) -> Token | NoRenewal:
        try:
            await self._store(claimed, await grants.ask(biller, lambda: self._check_time(began)))
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
        action = REFUSALS.get(error, "None yet: the answer was lost, and it is asked again.")
        events.emit("token.renewal_failed", events.ERROR, **fields, action=action)
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


def _not_allowed(biller: Biller) -> NoRenewal | None:
    if biller.token_strategy not in _RENEWING:
        return NoRenewal.NOT_SET_UP
    return NoRenewal.NO_CONSENT if _shares_record(biller) and not biller.renewal_consent else None


def _shares_record(biller: Biller) -> bool:
    """Whether Utility's payments use the same third-party record at Caselle, and so the same token."""
    return {"AR", "UM"} <= biller.applications.keys()
