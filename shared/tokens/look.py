"""The timer's part: which tokens need a look, and what is done at one."""

from datetime import datetime, time, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.billers.model import Biller, Mode
from shared.billers.registry import BillerRegistry
from shared.tokens.keep import Token, TokenKeeper
from shared.tokens.prove import ProveToken
from shared.tokens.renew import NoRenewal, RenewToken
from shared.tokens.row import TokenRow, TokenRows, looked_at, warned
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.identity import BillerId

MOST_AT_ONCE: Final = 500
"""Looks of one run; the next run finds the rest."""

SOON: Final = timedelta(minutes=10)
LATE: Final = timedelta(days=1)
"""After a renewal that failed, the next one: a twentieth of the time that is left, between these two."""

TOLD_FROM: Final = time(6)
TOLD_UNTIL: Final = time(6, 5)
"""In one run of the day (UTC) each token's expiry is told: logs are kept for fewer days than a token is good for."""
_DAY: Final = timedelta(days=1)

FOR_A_PERSON: Final = frozenset({NoRenewal.NO_CONSENT, NoRenewal.UNSUPERVISED, NoRenewal.NO_CREDENTIALS})
"""Reasons against a renewal that somebody has to remove."""


class TokenDue(BaseModel):
    """A message of the queue ``token-renewals``: look after this biller's token, if it is still due."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True)

    biller_id: BillerId

    def to_message(self) -> str:
        """Plain JSON, as it lies in the queue."""
        return self.model_dump_json(by_alias=True)


class SweepTokens:
    """Finds the tokens that are due; what it reads grows with those alone, but for one run a day."""

    def __init__(self, rows: TokenRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def __call__(self) -> list[TokenDue]:
        """One message for each; its event is told on every run, so that its absence can be an alert.

        Raises:
            Unavailable: the table does not answer.
        """
        now = self._clock.now()
        found = await self._rows.due(now, MOST_AT_ONCE)
        if TOLD_FROM <= now.time() < TOLD_UNTIL:
            await self._tell_all(now)
        events.emit("token.sweep_completed", due=len(found), more=len(found) == MOST_AT_ONCE)
        return [TokenDue(biller_id=each) for each in found]

    async def _tell_all(self, now: datetime) -> None:
        for row in await self._rows.all():
            days = (row.expires_at - now) // _DAY
            events.emit("token.stands", biller=row.biller_id, expires_at=row.expires_at.isoformat(), days=days)


class LookAfterToken:
    """Tries candidates, renews by the biller's strategy, warns, and says when to look again."""

    def __init__(
        self,
        billers: BillerRegistry,
        keeper: TokenKeeper,
        rows: TokenRows,
        *,
        prove: ProveToken,
        renew: RenewToken,
        clock: Clock,
    ) -> None:
        self._billers = billers
        self._keeper = keeper
        self._rows = rows
        self._prove = prove
        self._renew = renew
        self._clock = clock

    async def __call__(self, due: TokenDue) -> None:
        """Look after the token if it is due; the same message twice is harmless.

        Raises:
            Unavailable: table or vault do not answer; the message comes again.
        """
        row = await self._rows.read(due.biller_id)
        if row is None or row.due_at is None or row.due_at > self._clock.now():
            return
        biller = await self._billers.get(due.biller_id)
        again_at = await self._look(biller) if biller else self._clock.now() + LATE
        now = self._clock.now()
        await self._keeper.change(due.biller_id, lambda row: looked_at(row, now, again_at))

    async def _look(self, biller: Biller) -> datetime | None:
        if biller.mode is Mode.RETIRED:
            return self._clock.now() + LATE
        await self._prove(biller, eager=False)
        again_at = await self._renew_if_due(biller)
        await self._warn(biller)
        return again_at

    async def _renew_if_due(self, biller: Biller) -> datetime | None:
        """When to try again, where a renewal is due and did not succeed; None for the usual looks."""
        row, now = await self._rows.read(biller.biller_id), self._clock.now()
        if row is None or row.renew_at > now:
            return None
        renewed = await self._renew(biller, row.generation)
        if isinstance(renewed, Token) or renewed is NoRenewal.NOT_SET_UP:
            return None
        if renewed in FOR_A_PERSON:
            events.emit("token.renewal_not_allowed", events.WARNING, biller=biller.biller_id, reason=renewed)
            return None
        return _again_at(row, self._clock.now())

    async def _warn(self, biller: Biller) -> None:
        now = self._clock.now()
        row = await self._keeper.change(biller.biller_id, lambda row: warned(row, now))
        if row is None:
            return
        fields = {
            "biller": biller.biller_id,
            "expires_at": row.expires_at.isoformat(),
            "strategy": biller.token_strategy,
        }
        if row.warned_days:
            events.emit("token.expires_soon", events.WARNING, **fields, days=row.warned_days)
        else:
            events.emit("token.expired", events.ERROR, **fields)


def _again_at(row: TokenRow, now: datetime) -> datetime:
    return now + max(SOON, min((row.expires_at - now) / 20, LATE))
