"""Which token a call is sent with, and which one after that was refused."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from shared.billers.model import Biller
from shared.tokens.keep import Token, TokenKeeper
from shared.tokens.prove import ProveToken
from shared.tokens.renew import NoRenewal, RenewToken
from shared.tokens.standing import Standing
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.shared_calls import SharedCalls

REMEMBER: Final = 300.0
"""Seconds a refusal is remembered: a token that was made active again in Caselle is found out by trying."""


@dataclass(slots=True)
class _Refusals:
    """What one biller's Caselle refused of late, and the kept other token that serves meanwhile."""

    until: float
    tokens: set[SecretStr] = field(default_factory=set)
    serving: SecretStr | None = None


class ServeToken:
    """Serves the current token; after a refusal a newer one, a candidate, the other one that is kept, a renewed one.

    However many calls of one process are refused at once, they share one search.
    """

    def __init__(self, keeper: TokenKeeper, prove: ProveToken, renew: RenewToken, clock: Clock) -> None:
        self._keeper = keeper
        self._prove = prove
        self._renew = renew
        self._clock = clock
        self._refusals: dict[str, _Refusals] = {}
        self._searches = SharedCalls[str]()
        self._told: dict[str, int] = {}
        self._standing = Standing(clock)

    async def token(self, biller_id: str) -> SecretStr | None:
        """The token to send with, or None where none was delivered.

        Raises:
            Unavailable: vault or table do not answer, and none is held in memory.
        """
        current = await self._keeper.current(biller_id)
        refusals = self._remembered(biller_id)
        if current and refusals.serving and current.value in refusals.tokens:
            return refusals.serving
        return current.value if current else None

    async def needs_read(self, biller_id: str, token: SecretStr) -> bool:
        """Whether a read must pass before a write leaves with it: in its last day, of unknown end, or once refused.

        Raises:
            Unavailable: vault or table do not answer, and no token is held in memory.
        """
        current = await self._keeper.current(biller_id)
        ends = current.ends if current and current.value == token else None
        return self._standing.needs_read(biller_id, token, ends)

    def note_passed(self, biller_id: str, token: SecretStr) -> None:
        """A read with this token was answered: it vouches for the token for a while."""
        self._standing.passed(biller_id, token)

    def note_refused(self, biller_id: str, token: SecretStr) -> None:
        """A write with this token was refused for it: the next one waits for a read."""
        self._standing.refused(biller_id, token)

    async def instead_of(self, biller: Biller, refused: SecretStr) -> SecretStr | None:
        """Another token than the one that was just refused, or None where there is none for now.

        Raises:
            Unavailable: vault or table do not answer.
        """
        self._standing.refused(biller.biller_id, refused)
        refusals = self._remembered(biller.biller_id)
        refusals.tokens.add(refused)
        if refusals.serving == refused:
            refusals.serving = None
        token = await self.token(biller.biller_id)
        if token is not None and token not in refusals.tokens:
            return token
        # A call that runs out of time ends alone: the others want the token, and a renewal cut short is lost.
        return await self._searches.ask(biller.biller_id, lambda: self._search(biller, refusals))

    async def _search(self, biller: Biller, refusals: _Refusals) -> SecretStr | None:
        current = await self._keeper.current(biller.biller_id, fresh=True)
        if current and current.value in refusals.tokens and await self._proved(biller):
            current = await self._keeper.current(biller.biller_id)
        if current is None or current.value not in refusals.tokens:
            return current.value if current else None
        if (other := await self._other(biller.biller_id)) and other not in refusals.tokens:
            events.emit("token.other_serves", events.WARNING, biller=biller.biller_id, generation=current.generation)
            refusals.serving = other
            return other
        renewed = await self._renew(biller, current.generation)
        if isinstance(renewed, Token):
            return renewed.value
        if renewed is not NoRenewal.ELSEWHERE:
            self._tell(biller.biller_id, current.generation, renewed)
        return None

    async def _proved(self, biller: Biller) -> bool:
        with suppress(Unavailable):
            return await self._prove(biller, eager=True)
        return False

    async def _other(self, biller_id: str) -> SecretStr | None:
        with suppress(Unavailable):  # a version that was disabled is refused by the vault for good
            other = await self._keeper.other(biller_id)
            return other.value if other else None
        return None

    def _tell(self, biller_id: str, generation: int, renewal: NoRenewal) -> None:
        """Once per generation, not once per payment."""
        if self._told.get(biller_id) != generation:
            self._told[biller_id] = generation
            events.emit("token.refused", events.ERROR, biller=biller_id, generation=generation, renewal=renewal)

    def _remembered(self, biller_id: str) -> _Refusals:
        found = self._refusals.get(biller_id)
        if found is None or self._clock.monotonic() >= found.until:
            found = self._refusals[biller_id] = _Refusals(self._clock.monotonic() + REMEMBER)
        return found
